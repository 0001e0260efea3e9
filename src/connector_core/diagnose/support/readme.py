"""The page in a bundle that says, to whoever is asked to send it, what is in it and what is not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from connector_core.diagnose.support.bundle import Member

NAME = "README.txt"

_STATES = {
    "whole": "",
    "redacted": "des textes y ont été remplacés ou retirés",
    "absent": "n'a pas pu être obtenu",
    "withheld": "retiré en entier",
}
_BEFORE = """\
CE QUE CONTIENT CE FICHIER

connector l'a écrit sur cet ordinateur, à votre demande, pour qui vous dépanne.
Il n'a été envoyé à personne : regardez-le, puis envoyez-le vous-même, ou
effacez-le.
"""
_AFTER = """\
CE QUI N'Y EST PAS

- aucun patient : ni nom, ni date de naissance, ni numéro de sécurité sociale,
  ni facture, ni soin, ni montant, ni ligne d'un export, ni nom de fichier ;
- aucun mot de passe, aucune clé ;
- ni le magasin, ni ses sauvegardes, ni les exports, ni le rapport ;
- ni le nom, l'adresse ou le téléphone du cabinet, ni le nom du compte.

COMMENT

Chaque pièce ne reçoit que ce qui lui est permis : des nombres, des états, des
phrases du programme, la forme des fichiers. Tout passe ensuite par un même
filtre, qui laisse une marque à la place de ce qu'il ôte :

  #          un nombre long, une date, un téléphone, une adresse électronique
  [secret]   un mot de passe ou une clé
  [cabinet]  ce qui nomme le cabinet
  [compte]   un compte de l'ordinateur
  [retiré]   un texte où figure une personne du magasin
  [renseigné] un réglage dont la valeur n'est pas montrée
  AAaa99     la forme d'un mot inconnu : A ou a pour une lettre, 9 pour un chiffre

"""


def readme(members: Sequence[Member], made_at: str, notes: Sequence[str]) -> bytes:
    """The page, with Windows' ends of lines; `notes` say what could not be looked for (French)."""
    text = "\n".join([_BEFORE, f"Fait le {made_at} (temps universel).", "", *_pieces(members), *_noted(notes), _AFTER])
    return text.replace("\n", "\r\n").encode("utf-8-sig")


def lines(members: Sequence[Member]) -> Iterator[str]:
    """Each piece on a line: its name, what it is, what became of it."""
    width = max((len(each.name) for each in members), default=0)
    for each in members:
        state = " : ".join(filter(None, (_STATES[each.state], each.why.rstrip("."))))
        yield f"{each.name:<{width}}  {each.title}{f' ({state})' if state else ''}"


def _pieces(members: Sequence[Member]) -> Iterator[str]:
    yield from (f"  {line}" for line in lines(members))
    yield ""


def _noted(notes: Sequence[str]) -> Iterator[str]:
    if notes:
        yield "À SAVOIR\n"
        yield from (f"- {each}" for each in notes)
        yield ""
