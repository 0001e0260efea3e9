"""Words that say what a column of words is: usual French given names, and parts of the body."""

from __future__ import annotations

from connector_core.dialects.calibration.titles import same_text

_GIVEN = frozenset(
    """
    adele adrien agathe agnes alain albert alexandra alexandre alexis alice aline alix amandine amelie anais andre
    andree angele angelique anne annick annie antoine antoinette arnaud arthur audrey aurelie aurelien aurore axel
    baptiste barbara beatrice benedicte benjamin benoit bernadette bernard bertrand brigitte bruno camille carine
    carole caroline catherine cecile cedric celine chantal charlene charles charlotte chloe christel christelle
    christian christiane christine christophe claire clara claude claudine clemence clement colette coralie corinne
    cyril damien daniel daniele danielle david deborah delphine denis denise didier dominique dorothee eddy edith
    edouard elisabeth elise elodie emile emilie emma emmanuel emmanuelle enzo eric estelle ethan etienne eugene eva
    evelyne fabien fabienne fabrice fanny fatima felix fernand flavie florence florent florian france francine
    francis franck francois francoise frederic gabriel gabrielle gael gaelle genevieve georges gerald geraldine
    gerard germaine ghislaine gilbert gilles ginette gisele gregory guillaume gustave guy gwenaelle helene henri
    herve hugo hugues huguette ines irene isabelle jacqueline jacques jade jean jeanine jeanne jeannine jeremy
    jerome jessica joel joelle jonathan josephine josette josiane jules julia julian julie julien juliette justine
    karim karine kevin laetitia lea leo leon leonie liliane lina lise loic lola louis louise luc lucas lucette lucie
    lucien lucienne ludovic lydie madeleine manon marc marcel marcelle margaux margot marguerite maria marie marine
    marion marius marthe martial martin martine mathieu mathilde mathis maud maurice maxime melanie melissa michel
    michele micheline michelle mireille mohamed monique morgane muriel mylene myriam nadege nadia nadine nathalie
    nathan nicolas nicole noa noah noe noemie nolwenn odette odile olivia olivier oriane pascal pascale patrice
    patricia patrick paul paule paulette pauline perrine philippe pierre pierrette quentin rachel raoul raphael
    raymond raymonde rebecca regine regis remi remy rene renee richard robert roger roland romain rose roxane sabine
    sabrina salome samuel sandra sandrine sarah sebastien serge severine simon simone solange solene sonia sophie
    stephane stephanie suzanne sylvain sylvette sylvie tanguy theo theophile therese thibault thierry thomas tom
    tristan valentin valentine valerie vanessa veronique victoire victor vincent viviane virginie xavier yann
    yannick yoann yolande yves yvette yvon yvonne zoe
    """.split()
)
_BODY = frozenset(
    """
    abdomen avant bassin bras cervical cervicale cervicales cervico cheville cou coude cuisse doigt doigts dorsal
    dorsale dos epaule epaules face genou genoux hanche hanches hemicorps inferieur inferieurs jambe lombaire
    lombaires lombo main mains machoire maxillo membre membres mollet perinee perineal pied pieds poignet pouce
    rachis sacre sacro superieur superieurs thoracique thorax tronc respiratoire pelvien facial colonne vertebrale
    orteil orteils tibia femur clavicule rotule
    """.split()
)


def is_given_name(text: str) -> bool:
    """Whether a text is a usual given name, or begins with one (`Anne-Marie`)."""
    words = same_text(text).split()
    return bool(words) and len(words) <= 3 and words[0] in _GIVEN


def is_region(text: str) -> bool:
    """Whether half of the words of a text or more name a part of the body."""
    words = [word for word in same_text(text).replace(",", " ").split() if len(word) > 2]
    return 0 < len(words) <= 8 and 2 * sum(word in _BODY for word in words) >= len(words)
