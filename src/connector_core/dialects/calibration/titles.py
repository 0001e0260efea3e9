"""What titles say: French words, with abbreviations, lost accents, and words written together.

`N° Sécurité Sociale`, `NUM_SECU` and `NumSecu` are the same words here; `DATENAISS` is cut into `date` and `naiss`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from difflib import SequenceMatcher
from functools import lru_cache

Phrase = tuple[str, ...]
"""Words in their order, without accents and small words."""

_SMALL = frozenset("de du des d la le les l un une en et au aux par sur pour the of".split())
_ABBREVIATIONS = {
    "n": "numero",
    "no": "numero",
    "num": "numero",
    "nro": "numero",
    "numer": "numero",
    "nr": "numero",
    "dt": "date",
    "dat": "date",
    "dte": "date",
    "jour": "date",
    "nb": "nombre",
    "nbr": "nombre",
    "nbre": "nombre",
    "mt": "montant",
    "mnt": "montant",
    "mtt": "montant",
    "mont": "montant",
    "tot": "total",
    "ref": "ref",
    "reference": "ref",
    "ident": "id",
    "identifiant": "id",
    "uid": "id",
    "cod": "code",
    "cd": "code",
    "pat": "patient",
    "prat": "praticien",
    "ps": "praticien",
    "fact": "facture",
    "fac": "facture",
    "ordo": "ordonnance",
    "ord": "ordonnance",
    "ordon": "ordonnance",
    "ordonn": "ordonnance",
    "presc": "prescripteur",
    "prescr": "prescripteur",
    "pres": "prescripteur",
    "med": "medecin",
    "naiss": "naissance",
    "nais": "naissance",
    "secu": "securite",
    "traitem": "traitement",
    "trait": "traitement",
    "etab": "etablissement",
    "etablis": "etablissement",
    "ets": "etablissement",
    "qte": "quantite",
    "qt": "quantite",
    "qty": "quantite",
    "coef": "coefficient",
    "coeff": "coefficient",
    "dep": "depassement",
    "depass": "depassement",
    "exo": "exoneration",
    "exon": "exoneration",
    "org": "organisme",
    "orga": "organisme",
    "reg": "reglement",
    "regl": "reglement",
    "reglem": "reglement",
    "hr": "heure",
    "h": "heure",
    "mn": "minutes",
    "min": "minutes",
    "dur": "duree",
    "qualif": "qualificatif",
    "lib": "libelle",
    "libel": "libelle",
    "deb": "debut",
    "tp": "tiers_payant",
    "niv": "niveau",
    "dest": "destinataire",
    "evol": "evolution",
    "rdv": "rendez_vous",
    "pec": "prise_charge",
    "ss": "securite_sociale",
    "dc": "deces",
    "prenoms": "prenom",
    "kine": "praticien",
    "pat.": "patient",
    "sec": "securite",
    "soc": "sociale",
    "bil": "bilan",
    "rel": "relance",
    "ret": "retour",
    "rej": "rejet",
    "dem": "demande",
    "operat": "operation",
    "oper": "operation",
    "renouv": "renouvelle",
    "remb": "rembourse",
    "chir": "chirurgie",
    "patho": "pathologie",
    "lat": "lateralite",
    "dom": "domicile",
    "periph": "peripherique",
    "securis": "securisation",
    "transm": "transmis",
    "accus": "accuse",
    "moy": "moyen",
    "stat": "statut",
}
_ENGLISH = {
    "amount": "montant",
    "assessment": "bilan",
    "begin": "debut",
    "beneficiary": "beneficiaire",
    "birth": "naissance",
    "birthdate": "date_naissance",
    "claimed": "demande",
    "closed": "cloture",
    "count": "nombre",
    "created": "cree",
    "discharge": "sortie",
    "doctor": "medecin",
    "dob": "date_naissance",
    "duration": "duree",
    "end": "fin",
    "excess": "depassement",
    "expiry": "echeance",
    "fee": "honoraires",
    "firstname": "prenom",
    "forename": "prenom",
    "gender": "sexe",
    "home": "domicile",
    "hour": "heure",
    "invoice": "facture",
    "issued": "emise",
    "key": "cle",
    "label": "libelle",
    "lastname": "nom",
    "level": "niveau",
    "location": "lieu",
    "method": "moyen",
    "name": "nom",
    "number": "numero",
    "occupation": "profession",
    "paid": "paye",
    "payer": "payeur",
    "payment": "paiement",
    "physician": "medecin",
    "place": "lieu",
    "practitioner": "praticien",
    "prescriber": "prescripteur",
    "price": "honoraires",
    "provider": "praticien",
    "quantity": "quantite",
    "quote": "devis",
    "rate": "taux",
    "reason": "motif",
    "received": "recu",
    "reject": "rejet",
    "rejection": "rejet",
    "reminder": "relance",
    "return": "retour",
    "security": "securite",
    "sent": "envoye",
    "sex": "sexe",
    "share": "part",
    "side": "cote",
    "signed": "signe",
    "social": "sociale",
    "staff": "praticien",
    "start": "debut",
    "state": "etat",
    "status": "statut",
    "surname": "nom",
    "therapist": "praticien",
    "time": "heure",
    "treatment": "traitement",
    "visit": "seance",
}
"""Software of these days names its columns in English now and then."""
_ENGLISH_NAMES = re.compile(r"\b(?:(first|given)|last|family)[ _]?name\b")
_WEIGHTS = {"numero": 0.35, "date": 0.45, "id": 0.35, "code": 0.4, "ref": 0.35, "nombre": 0.5, "montant": 0.5}
"""Words that many titles share say less."""
_LIKE = 0.84


@lru_cache(maxsize=8192)
def phrase(text: str) -> Phrase:
    """The words of a title, of a name of a table or of a synonym."""
    spaced = re.sub(r"(?<=[a-zà-ÿ])(?=[A-Z])", " ", text.replace("°", " ").replace("(e)", "e"))
    plain = unicodedata.normalize("NFKD", spaced).encode("ascii", "ignore").decode().lower()
    plain = _ENGLISH_NAMES.sub(lambda found: "prenom" if found[1] else "nom", plain)
    parts = re.findall(r"[a-z]+|\d+|[+=-]+(?=\s|$)", plain.replace("'", " "))
    words: list[str] = []
    for part in parts:
        if part in _SMALL and len(parts) > 1:
            continue
        expanded = _ABBREVIATIONS.get(part) or _ENGLISH.get(part, part)
        words.extend(expanded.split("_"))
    return tuple(words)


def likeness(title: Phrase, wanted: Iterable[Phrase], own: Iterable[Phrase] = ()) -> float:
    """How well a title says one of the wanted phrases, from 0 to 1; the words `own` (of the kind itself) count little
    either way."""
    light = frozenset(word for each in own for word in each)
    variants = dict.fromkeys((title, apart(title)))
    return max((_alike(variant, each, light) for each in wanted for variant in variants), default=0.0)


def same_text(text: str) -> str:
    """A value as words of a list are compared: letters, digits and signs, without accents, case or punctuation."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return " ".join(re.sub(r"[^a-z0-9+=,./%-]|(?<=[a-z])[-.](?=[a-z])", " ", plain).split())


@lru_cache(maxsize=65536)
def _alike(title: Phrase, wanted: Phrase, light: frozenset[str]) -> float:
    if title == wanted:
        return 1.0
    if not title or not wanted:
        return 0.0
    met = total = 0.0
    left = list(title)
    for word in wanted:
        weight = _weight(word, light)
        best = max(left, key=lambda each: _same_word(each, word), default="")
        same = _same_word(best, word) if best else 0.0
        if same:
            left.remove(best)
        met += 2 * weight * same
        total += weight + (_weight(best, light) if same else 0.0)
    total += sum(_weight(each, light) for each in left)
    return min(0.99, met / total) if total else 0.0


def _weight(word: str, light: frozenset[str]) -> float:
    return 0.2 if word in light else _WEIGHTS.get(word, 1.0)


@lru_cache(maxsize=65536)
def _same_word(one: str, other: str) -> float:
    """How much two words are one: 1, less for a beginning or a misspelling, 0."""
    if one == other or _single(one) == _single(other):
        return 1.0
    short, long = sorted((one, other), key=len)
    if len(short) >= 3 and long.startswith(short):
        return 0.9 if len(short) >= 4 else 0.75
    if len(short) >= 5 and SequenceMatcher(None, one, other).ratio() >= _LIKE:
        return 0.85
    return 0.0


@lru_cache(maxsize=8192)
def apart(words: Phrase) -> Phrase:
    """The words of a title that writes them together (`datenaiss`), cut where both parts are known words."""
    cut: list[str] = []
    for word in words:
        cut.extend(_cut(word) or (word,))
    return tuple(cut)


def _cut(word: str) -> tuple[str, ...] | None:
    if len(word) < 5 or word in _known():
        return None
    for size in range(len(word) - 2, 1, -1):
        first = _ABBREVIATIONS.get(word[:size], word[:size])
        rest = word[size:]
        if first in _known() or word[:size] in _ABBREVIATIONS:
            second = _ABBREVIATIONS.get(rest, rest)
            if len(rest) >= 2 and (second in _known() or _begins_known(rest)):
                return tuple(each for part in (first, second) for each in part.split("_"))
    return None


def _begins_known(part: str) -> bool:
    return len(part) >= 3 and any(word.startswith(part) for word in _known())


@lru_cache(maxsize=1)
def _known() -> frozenset[str]:
    from connector_core.dialects.calibration.knowledge import kinds

    found = {
        word
        for kind in kinds().values()
        for each in (*kind.names, *(title for field in kind.fields.values() for title in field.titles))
        for word in each
        if len(word) >= 2
    }
    return frozenset(found)


def _single(word: str) -> str:
    """A word without the mark of its plural."""
    return word[:-1] if len(word) > 3 and word[-1] in "sx" and not word.endswith(("ss", "us", "is", "as")) else word
