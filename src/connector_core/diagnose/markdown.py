"""The pages of the rules in Markdown, for the documentation's site."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from connector_core.deliver.french import WIDE, short_day, typographic
from connector_core.deliver.rule_index import Index, IndexGroup, indexes
from connector_core.deliver.rule_page import ParameterPart, RulePage
from connector_core.deliver.wording import SEVERITY_WORDS
from connector_core.diagnose.explain import VALUE_CONFIDENCE
from connector_core.parameters.motifs import Motif


def page_name(code: str) -> str:
    """The file of a rule's page: `kine-bilan-10.7.md`."""
    return f"{code.lower()}.md"


def rule_markdown(page: RulePage) -> str:
    """The page of one rule."""
    return "\n".join(_rule_lines(page)) + "\n"


def index_markdown(pages: Sequence[RulePage]) -> str:
    """Every rule, by family, by severity and by what the practice sees."""
    return "\n".join(_index_lines(pages)) + "\n"


def _rule_lines(page: RulePage) -> Iterator[str]:
    yield from (f"# {page.code}", "", f"**{page.title}**")
    for passage in page.passages:
        yield from ("", f"## {passage.heading}", "", passage.text)
    yield from ("", "## Fiche", "", "| | |", "|---|---|")
    for fact in page.facts:
        yield f"| {fact.label} | {_cell(fact.text)} |"
    for parameter in page.parameters:
        yield from _parameter_lines(parameter)
    for note in page.notes:
        yield from ("", note)
    yield from ("", f"Au clavier{WIDE}: `connector explain {page.code}`. [Toutes les règles](catalogue.md)")


def _parameter_lines(parameter: ParameterPart) -> Iterator[str]:
    yield from ("", f"### `{parameter.name}`", "", parameter.label, "")
    yield from ("| Depuis le | Valeur | Texte |", "|---|---|---|")
    for line in parameter.values:
        yield f"| {short_day(line.since)} | {_cell(line.value)} | {_cell(line.source)} |"


def _index_lines(pages: Sequence[RulePage]) -> Iterator[str]:
    yield from ("# Le catalogue des règles", "", f"{len(pages)} règles, chacune avec sa page.")
    for index in indexes(pages):
        yield from ("", f"## {index.heading}", "", index.intro)
        for group in index.groups:
            yield from _group_lines(index, group)


def _group_lines(index: Index, group: IndexGroup) -> Iterator[str]:
    yield from ("", f"### {group.heading}", "")
    if group.about:
        yield from (group.about, "")
    match index.by:
        case "family":
            yield from _table(group.pages)
        case "severity":
            yield ", ".join(map(_link, group.pages))
        case "part":
            yield from (f"- {page.title} {_link(page)}" for page in group.pages)


def _table(pages: Iterable[RulePage]) -> Iterator[str]:
    yield from ("| Règle | Gravité | Ce que le cabinet lit |", "|---|---|---|")
    for page in pages:
        yield f"| {_link(page)} | {SEVERITY_WORDS[page.severity]} | {_cell(page.title)} |"


def _link(page: RulePage) -> str:
    return f"[{page.code}]({page_name(page.code)})"


def _cell(text: str) -> str:
    """A text that stays in its cell of a table."""
    return text.replace("|", "\\|").replace("\n", " ")


def motifs_markdown(motifs: Sequence[Motif]) -> str:
    """The motifs of rejects, by payer: what a return carries, the usual cause and what to do."""
    return "\n".join(_motif_lines(motifs)) + "\n"


def _motif_lines(motifs: Sequence[Motif]) -> Iterator[str]:
    yield from ("# Les motifs de rejet", "")
    yield typographic(
        "Ce que connector sait lire dans les retours des payeurs. Un motif est reconnu à son code, ou à son libellé "
        "entier, sans égard aux accents, aux majuscules ni à la ponctuation. Tout autre motif est montré tel que reçu, "
        "et compté."
    )
    for payer, called in (("AMO", "La caisse (AMO)"), ("AMC", "La complémentaire (AMC)")):
        yield from ("", f"## {called}")
        for motif in motifs:
            if motif.payer == payer:
                yield from _motif(motif)


def _motif(motif: Motif) -> Iterator[str]:
    received = ", ".join((*(f"`{code}`" for code in motif.codes), *(f"« {label} »" for label in motif.labels)))
    unknown = "aucun code ni libellé officiel n'est connu ; le cabinet peut relier les siens à ce motif"
    yield from ("", f"### {motif.id}{chr(160)}: {typographic(motif.name)}", "")
    yield f"* Dans le retour{chr(160)}: {typographic(received or unknown)}."
    yield f"* Cause habituelle{chr(160)}: {typographic(motif.cause)}."
    yield f"* Que faire{chr(160)}: {typographic(motif.action)}"
    yield f"* Source{chr(160)}: {typographic(f'{motif.reference} ({VALUE_CONFIDENCE[motif.confidence]})')}."
