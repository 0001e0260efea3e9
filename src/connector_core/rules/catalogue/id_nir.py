"""ID: the patient's numéro de sécurité sociale (NIR) and matricule INS. Nothing said here ever holds a number."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Literal

from connector_core.model.dossier import Dossier
from connector_core.model.identifiers import (
    nir_birth,
    nir_is_valid,
    nir_is_well_formed,
    nir_status,
)
from connector_core.model.records import Patient
from connector_core.rules.bdk import patient_subject
from connector_core.rules.catalogue.patient_facts import LAST_BILLED, USED_RIGHTS, age_on, last_billed, used_rights
from connector_core.rules.french import jour
from connector_core.rules.kernel import Answer, AnyRule, Check, Flag, Gap, rule

Difference = Literal["l'année", "le mois", "le sexe"]

_NIR_LENGTH = 13
_KEY_LENGTH = 2
_AGRICULTURAL = "02"
_UNBORN = "la date de naissance du patient n'est pas connue"
_PASSING = {
    "pending": "en cours d'immatriculation",
    "migrant": "d'un ancien modèle, donné aux migrants de passage",
    "provisional": "provisoire",
}


@rule(
    "ID-NIR-FORME",
    subject="dossier",
    severity="reject",
    reference="INSEE, numéro d'inscription au répertoire ; comptavoo",
    confidence="C",
    needs=LAST_BILLED | {"patient.nir", "patient.nir_key"},
    rests_on=("patient.nir",),
)
def form(check: Check[Dossier]) -> Iterator[Answer]:
    """Le numéro de sécurité sociale a la forme attendue.

    Vérifie : que le numéro a 13 caractères : un premier chiffre de 1 à 8, l'année, le mois (01 à 12, 20 à 42, 50 à
    99), le département (2A et 2B compris), la commune et l'ordre ; et que sa clé, si elle est connue, a 2 chiffres.

    Pourquoi : la caisse rejette la facture d'un bénéficiaire qu'elle ne reconnaît pas.

    Ne s'applique pas : à un patient sans aucune facturation dont le numéro n'est pas encore saisi.

    Exemple : un numéro dont le mois est 13 ; le mois 03 convient.

    Paramètres : aucun
    """
    patient = check.subject.patient
    nir = None if patient is None else patient.nir
    if patient is None or nir is None:
        if check.derive(last_billed) is not None:
            yield Gap(patient_subject(check), ("patient.nir",), "le numéro de sécurité sociale n'est pas connu")
        return
    key = patient.nir_key
    if not nir_is_well_formed(nir):
        length = f" : {len(nir)} caractères au lieu de {_NIR_LENGTH}" if len(nir) != _NIR_LENGTH else ""
        yield Flag(
            patient,
            f"Le numéro de sécurité sociale du patient est mal formé{length}.",
            "Relisez la carte Vitale, ou interrogez ADRi, et corrigez le numéro.",
            evidence=(patient,),
        )
    elif key is not None and not _is_key(key):
        yield Flag(
            patient,
            f"La clé du numéro de sécurité sociale du patient n'a pas {_KEY_LENGTH} chiffres.",
            "Relisez la carte Vitale et corrigez la clé (un zéro peut manquer devant).",
            evidence=(patient,),
        )


@rule(
    "ID-NIR-CLE",
    subject="dossier",
    severity="reject",
    reference="INSEE : clé = 97 moins le reste du numéro divisé par 97 ; 2A compte 19, 2B compte 18",
    confidence="C",
    needs={"patient.nir", "patient.nir_key"},
    rests_on=("patient.nir", "patient.nir_key"),
)
def key_digits(check: Check[Dossier]) -> Iterator[Answer]:
    """La clé du numéro de sécurité sociale est juste.

    Vérifie : que la clé est 97 moins le reste de la division du numéro par 97, les départements corses 2A et 2B
    étant comptés 19 et 18. La règle vaut aussi pour les numéros provisoires.

    Pourquoi : une clé fausse signale un chiffre mal saisi ; la caisse ne reconnaît pas le bénéficiaire.

    Ne s'applique pas : à un numéro ou à une clé mal formés (ID-NIR-FORME).

    Exemple : 1850475999998 a pour clé 07, et non 12 (numéro fictif).

    Paramètres : aucun
    """
    patient = check.subject.patient
    if patient is None or patient.nir is None or not nir_is_well_formed(patient.nir):
        return
    key = patient.nir_key
    if key is None:
        yield Gap(patient, ("patient.nir_key",), "la clé du numéro de sécurité sociale n'est pas connue")
    elif _is_key(key) and not nir_is_valid(patient.nir, key):
        yield Flag(
            patient,
            "La clé du numéro de sécurité sociale du patient ne correspond pas au numéro.",
            "Relisez la carte Vitale, ou interrogez ADRi : un chiffre du numéro ou de la clé est faux.",
            evidence=(patient,),
        )


@rule(
    "ID-NIR-PROV",
    subject="dossier",
    severity="info",
    reference="SNDS, IR_NIR_V ; ameli.fr (aide médicale de l'État)",
    confidence="C",
    needs={"patient.nir"},
    rests_on=("patient.nir",),
)
def passing(check: Check[Dossier]) -> Iterator[Answer]:
    """Le numéro de sécurité sociale est provisoire.

    Vérifie : si le premier chiffre du numéro dit qu'il est provisoire (7, 8), en cours d'immatriculation (3, 4) ou
    d'un ancien modèle (5, 6).

    Pourquoi : le numéro est admis, mais il sera remplacé : une facture envoyée ensuite sous l'ancien est rejetée.

    Ne s'applique pas : aux numéros définitifs (1, 2) ; à un numéro mal formé (ID-NIR-FORME).

    Exemple : 7850475999998 est provisoire ; 1850475999998 est définitif (numéros fictifs).

    Paramètres : aucun
    """
    patient = check.subject.patient
    if patient is None or patient.nir is None or not nir_is_well_formed(patient.nir):
        return
    status = nir_status(patient.nir)
    if status != "registered":
        yield Flag(
            patient,
            f"Le numéro de sécurité sociale du patient est {_PASSING[status]}.",
            "Interrogez ADRi avant de facturer : un numéro définitif a pu être donné.",
            evidence=(patient,),
        )


@rule(
    "ID-NIR-COHER",
    subject="dossier",
    severity="info",
    reference="INSEE, composition du numéro : sexe, année et mois de naissance",
    confidence="M",
    needs=LAST_BILLED | {"patient.birth_date", "patient.ins", "patient.nir", "patient.sex"},
    rests_on=("patient.nir", "patient.birth_date"),
)
def coherent(check: Check[Dossier]) -> Iterator[Answer]:
    """Le numéro de sécurité sociale s'accorde avec la fiche du patient.

    Vérifie : que le sexe, l'année et le mois du numéro sont ceux de la fiche.

    Pourquoi : l'un des deux est mal saisi, et la caisse ne reconnaît pas un bénéficiaire dont la date de naissance
    n'est pas celle du numéro.

    Ne s'applique pas : aux numéros qui ne sont pas définitifs ; au numéro d'une autre personne, quand tout diffère
    (ID-NIR-AYANT) ; à un mois inconnu de l'état civil ; à un sexe que la fiche ne dit pas.

    Exemple : né en mars 1985, numéro commençant par 8504 après le sexe ; 8503 convient.

    Paramètres : id.dependent.adult_age
    """
    patient = check.subject.patient
    if patient is None or not _is_registered(patient.nir):
        return
    if patient.birth_date is None:
        yield Gap(patient, ("patient.birth_date",), _UNBORN)
        return
    differing = _differences(patient, patient.birth_date, patient.nir)
    if differing and not _of_another(check, patient, patient.birth_date):
        yield Flag(
            patient,
            f"Le numéro de sécurité sociale et la fiche du patient ne s'accordent pas : {' et '.join(differing)} "
            f"{'diffère' if len(differing) == 1 else 'diffèrent'}.",
            "Comparez la fiche avec la carte Vitale et corrigez ce qui est mal saisi.",
            evidence=(patient,),
        )


@rule(
    "ID-NIR-AYANT",
    subject="dossier",
    severity="info",
    reference="service-public.fr, fiches F16620 et F16622 ; Recouv-lib (blog), motif « bénéficiaire inconnu »",
    confidence="S",
    needs=USED_RIGHTS
    | {
        "coverage.organisation",
        "patient.birth_date",
        "patient.birth_rank",
        "patient.ins",
        "patient.nir",
        "patient.sex",
    },
    rests_on=("patient.nir",),
)
def dependent(check: Check[Dossier]) -> Iterator[Answer]:
    """Un patient soigné sous le numéro d'un autre est un enfant, avec son rang et sa date de naissance.

    Vérifie : quand le numéro de sécurité sociale est celui d'une autre personne (le matricule INS est un autre
    numéro, ou l'année et le mois de naissance diffèrent), que le patient n'est pas majeur depuis l'année passée, et
    que le rang de naissance d'un enfant de moins de 16 ans est saisi.

    Pourquoi : depuis la protection universelle maladie, un majeur est soigné sous son propre numéro ; et la caisse
    ne reconnaît un enfant que par son rang et sa date de naissance.

    Ne s'applique pas : aux soins d'avant 2020 pour un majeur ; à un assuré du régime agricole, où la qualité
    d'ayant droit demeure ; à un patient à qui rien n'a été facturé.

    Exemple : un ayant droit de 32 ans ; un enfant de 8 ans, avec son rang, convient.

    Paramètres : id.dependent.adult_age, id.dependent.since, id.dependent.child_age
    """
    patient, day = check.subject.patient, check.derive(last_billed)
    if patient is None or day is None or not _is_registered(patient.nir):
        return
    born = patient.birth_date
    if born is None:
        if _ins_is_another(patient):
            yield Gap(patient, ("patient.birth_date",), _UNBORN)
        return
    if not _of_another(check, patient, born):
        return
    if not _is_minor(check, born):
        if day >= check.day("id.dependent.since") and not _is_agricultural(check):
            yield Flag(
                patient,
                f"Ce patient de {age_on(born, day)} ans est facturé sous le numéro d'une autre personne.",
                "Un majeur a son propre numéro : lisez sa carte Vitale ou interrogez ADRi.",
                fault="majeur",
                evidence=(patient,),
            )
    elif age_on(born, day) < check.number("id.dependent.child_age", day) and patient.birth_rank is None:
        if "patient.birth_rank" not in check.subject.cabinet.covers:
            yield Gap(patient, ("patient.birth_rank",), "le rang de naissance de l'enfant n'est pas connu")
            return
        yield Flag(
            patient,
            f"Enfant facturé sous le numéro d'un parent, le {jour(day)}, sans rang de naissance.",
            "Saisissez le rang de naissance (1, ou plus pour des jumeaux), comme sur la carte Vitale du parent.",
            fault="rang",
            evidence=(patient,),
        )


@rule(
    "ID-INS",
    subject="dossier",
    severity="info",
    reference="identito-na.fr, identité nationale de santé",
    confidence="C",
    needs=LAST_BILLED | {"patient.birth_date", "patient.ins", "patient.nir", "patient.sex"},
    rests_on=("patient.ins",),
)
def ins(check: Check[Dossier]) -> Iterator[Answer]:
    """Le matricule INS est celui du patient lui-même.

    Vérifie : que le matricule INS est un numéro bien formé, de clé juste, et qu'il n'est pas celui d'un parent :
    l'année de naissance, le mois et le sexe sont ceux de la fiche.

    Pourquoi : l'INS d'un enfant n'est pas le numéro sous lequel ses soins sont facturés ; une INS fausse range ses
    documents dans le dossier d'une autre personne.

    Ne s'applique pas : à un patient sans matricule INS ; à un adulte dont l'INS est le numéro de facturation
    (ID-NIR-COHER, ID-NIR-AYANT).

    Exemple : l'INS d'un enfant est le numéro de sa mère ; deux numéros différents conviennent.

    Paramètres : id.dependent.adult_age
    """
    patient = check.subject.patient
    if patient is None or patient.ins is None:
        return
    matricule, key = patient.ins[:_NIR_LENGTH], patient.ins[_NIR_LENGTH:]
    if not nir_is_well_formed(matricule) or (key and not nir_is_valid(matricule, key)):
        yield Flag(
            patient,
            "Le matricule INS du patient est mal formé, ou sa clé est fausse.",
            "Interrogez le téléservice INSi et remplacez le matricule.",
            fault="forme",
            evidence=(patient,),
        )
        return
    if patient.birth_date is None:
        yield Gap(patient, ("patient.birth_date",), _UNBORN)
        return
    if not _is_registered(matricule) or not _differences(patient, patient.birth_date, matricule):
        return
    billed = patient.nir is not None and patient.nir.upper() == matricule.upper()
    if billed and not _is_minor(check, patient.birth_date):
        return
    yield Flag(
        patient,
        "Le matricule INS n'est pas celui de ce patient"
        + (" : c'est le numéro sous lequel ses soins sont facturés." if billed else " : la naissance diffère."),
        "Interrogez le téléservice INSi avec l'identité du patient et remplacez le matricule.",
        fault="personne",
        evidence=(patient,),
    )


def _is_key(key: str) -> bool:
    return len(key) == _KEY_LENGTH and key.isascii() and key.isdigit()


def _is_registered(nir: str | None) -> bool:
    return nir is not None and nir_is_well_formed(nir) and nir_status(nir) == "registered"


def _differences(patient: Patient, born: date, nir: str | None) -> list[Difference]:
    """What a well-formed NIR says of its bearer otherwise than the patient's record."""
    if nir is None:
        return []
    bearer = nir_birth(nir)
    found: list[Difference] = []
    if bearer.year != born.year % 100:
        found.append("l'année")
    if bearer.month is not None and bearer.month != born.month:
        found.append("le mois")
    if patient.sex is not None and bearer.sex != patient.sex:
        found.append("le sexe")
    return found


def _ins_is_another(patient: Patient) -> bool:
    """Whether the matricule INS says that the patient has a number of their own beside the one billed."""
    ins = None if patient.ins is None else patient.ins[:_NIR_LENGTH]
    return ins is not None and patient.nir is not None and _is_registered(ins) and ins.upper() != patient.nir.upper()


def _of_another(check: Check[Dossier], patient: Patient, born: date) -> bool:
    """Whether the NIR is somebody else's rather than the patient's own with a mistake in it.

    A mistake rarely changes both the year and the month; between a child and a parent the year alone tells.
    """
    differing = _differences(patient, born, patient.nir)
    if "l'année" not in differing:
        return bool(differing) and _ins_is_another(patient)
    if "le mois" in differing or _ins_is_another(patient):
        return True
    return _is_minor(check, born)


def _is_minor(check: Check[Dossier], born: date) -> bool:
    """Whether the patient may still have been an ayant droit when last billed: to the end of the year of their
    majority. Of somebody to whom nothing was billed it can't be told, and nothing is said."""
    day = check.derive(last_billed)
    return day is None or day.year <= born.year + check.number("id.dependent.adult_age", day)


def _is_agricultural(check: Check[Dossier]) -> bool:
    rights = used_rights(check, "AMO")
    return any(each.organisation is not None and each.organisation.startswith(_AGRICULTURAL) for each in rights)


RULES: tuple[AnyRule, ...] = (form, key_digits, passing, coherent, dependent, ins)
