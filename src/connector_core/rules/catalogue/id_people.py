"""ID: the identifiers of the practice's professionals and of prescribers, and the lettres-clés of other professions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from connector_core.model.dossier import Dossier, Practice
from connector_core.model.identifiers import am_number_is_valid, finess_is_valid, rpps_is_valid
from connector_core.model.records import Act, Practitioner, Prescription
from connector_core.rules.catalogue.kine_facts import Once
from connector_core.rules.counting import cotation
from connector_core.rules.french import jour
from connector_core.rules.kernel import Answer, AnyRule, Check, Flag, Gap, rule
from connector_core.rules.standing import STANDING, standing

_OTHERS = ("AMP", "AMO", "AMY", "SF")
_PROFESSIONS = {"MK": "un masseur-kinésithérapeute", "IDE": "un infirmier"}


@rule(
    "ID-RPPS",
    subject="practice",
    severity="reject",
    reference="répertoire partagé des professionnels de santé : 11 chiffres, clé de Luhn",
    confidence="C",
    needs={"practitioner.rpps"},
    rests_on=("practitioner.rpps",),
)
def rpps(check: Check[Practice]) -> Iterator[Answer]:
    """Le numéro RPPS de chaque professionnel du cabinet est juste.

    Vérifie : que le numéro a 11 chiffres, dont le dernier est la clé de Luhn.

    Pourquoi : une facture sous un numéro faux est rejetée (professionnel inconnu).

    Ne s'applique pas : aux prescripteurs (ID-RPPS-PRESC).

    Exemple : 10000000018 ; 10000000017 convient (numéros fictifs).

    Paramètres : aucun
    """
    for practitioner in check.subject.cabinet.practitioners.values():
        if practitioner.rpps is None:
            yield Gap(practitioner, ("practitioner.rpps",), "le numéro RPPS du professionnel n'est pas connu")
        elif not rpps_is_valid(practitioner.rpps):
            yield Flag(
                practitioner,
                "Le numéro RPPS d'un professionnel du cabinet est faux : 11 chiffres, clé comprise, sont attendus.",
                "Relisez la carte CPS ou l'annuaire santé et corrigez le numéro dans le logiciel.",
                evidence=(practitioner,),
            )


@rule(
    "ID-AM",
    subject="practice",
    severity="info",
    reference="numéro d'assurance maladie du professionnel : 8 chiffres et une clé (usage, texte non lu)",
    confidence="M",
    needs={"practitioner.am_number"},
    rests_on=("practitioner.am_number",),
)
def am_number(check: Check[Practice]) -> Iterator[Answer]:
    """Le numéro d'assurance maladie de chaque professionnel a 9 chiffres.

    Vérifie : que le numéro a 9 chiffres, clé comprise. La clé elle-même n'est pas vérifiée : sa règle n'est pas
    publique.

    Pourquoi : c'est sous ce numéro que la caisse paie ; tronqué, il fait rejeter les factures.

    Ne s'applique pas : aux prescripteurs (ID-RPPS-PRESC).

    Exemple : un numéro de 7 chiffres ; 9 chiffres conviennent.

    Paramètres : aucun
    """
    for practitioner in check.subject.cabinet.practitioners.values():
        if practitioner.am_number is None:
            reason = "le numéro d'assurance maladie du professionnel n'est pas connu"
            yield Gap(practitioner, ("practitioner.am_number",), reason)
        elif not am_number_is_valid(practitioner.am_number):
            yield Flag(
                practitioner,
                "Le numéro d'assurance maladie d'un professionnel du cabinet n'a pas 9 chiffres (usage, à vérifier).",
                "Relisez la carte CPS et corrigez le numéro dans le logiciel.",
                evidence=(practitioner,),
            )


@rule(
    "ID-RPPS-PRESC",
    subject="dossier",
    severity="reject",
    reference="Recouv-lib (blog), motif « prescripteur inconnu au fichier national » ; RPPS : clé de Luhn",
    confidence="S",
    needs=STANDING
    | {
        "act.prescription_id",
        "practitioner.rpps",
        "prescription.issued_on",
        "prescription.prescriber_am",
        "prescription.prescriber_finess",
        "prescription.prescriber_rpps",
        "prescription.renewed_by",
        "treatment.direct_access",
    },
    rests_on=("prescription.prescriber_rpps",),
)
def prescriber(check: Check[Dossier]) -> Iterator[Answer]:
    """L'ordonnance nomme son prescripteur.

    Vérifie : que l'ordonnance porte un numéro de prescripteur juste : RPPS (11 chiffres et sa clé), à défaut numéro
    d'assurance maladie (9 chiffres) ou FINESS ; et que ce prescripteur n'est pas le professionnel qui fait les soins.

    Pourquoi : sans prescripteur connu, la caisse rejette la facture.

    Ne s'applique pas : au renouvellement par le kinésithérapeute et à l'accès direct, où le professionnel peut être
    son propre prescripteur ; à la forme du FINESS (ID-FINESS).

    Exemple : une ordonnance sans prescripteur ; un RPPS juste convient.

    Paramètres : aucun
    """
    cared = check.subject.cabinet.practitioners
    colleagues = {each.rpps for each in cared.values()}
    for each in check.subject.prescriptions:
        number, am, finess = each.prescriber_rpps, each.prescriber_am, each.prescriber_finess
        if not (number or am or finess):
            if _needs_none(check, each):
                continue
            yield Flag(
                each,
                f"{_written(each)} n'a pas de prescripteur.",
                "Saisissez le RPPS du prescripteur ; pour un hospitalier, ajoutez le FINESS de l'établissement.",
                fault="absent",
                evidence=(each,),
            )
            continue
        known_otherwise = bool((am and am_number_is_valid(am)) or (finess and finess_is_valid(finess)))
        if number and not rpps_is_valid(number):
            yield Flag(
                each,
                f"{_written(each)} porte un RPPS de prescripteur faux : 11 chiffres, clé comprise, sont attendus.",
                "Cherchez le prescripteur dans l'annuaire santé et corrigez son numéro.",
                severity="info" if known_otherwise else "reject",
                fault="forme",
                evidence=(each,),
            )
        elif am and not number and not finess and not am_number_is_valid(am):
            yield Flag(
                each,
                f"{_written(each)} porte un numéro d'assurance maladie de prescripteur qui n'a pas 9 chiffres (usage, "
                "à vérifier).",
                "Cherchez le prescripteur dans l'annuaire santé et saisissez son RPPS.",
                severity="info",
                fault="forme",
                evidence=(each,),
            )
        elif number and number in colleagues:
            mine = [act for act in _under(check, each) if _rpps_of(cared, act) == number]
            if mine and not _needs_none(check, each):
                yield Flag(
                    each,
                    f"{_written(each)} a pour prescripteur le professionnel qui a fait les soins.",
                    "Vérifiez que ce professionnel pouvait prescrire ces soins ; sinon saisissez le prescripteur.",
                    severity="info",
                    fault="soi-même",
                    evidence=(each, mine[0]),
                )


@rule(
    "ID-FINESS",
    subject="dossier",
    severity="info",
    reference="fichier national des établissements : 9 caractères, clé de Luhn (usage, texte non lu)",
    confidence="M",
    needs={"prescription.issued_on", "prescription.prescriber_finess"},
    rests_on=("prescription.prescriber_finess",),
)
def finess(check: Check[Dossier]) -> Iterator[Answer]:
    """Le numéro FINESS de l'établissement prescripteur est juste.

    Vérifie : que le numéro a 9 caractères, dont le dernier est la clé de Luhn, les lettres corses comptant pour 0.

    Pourquoi : l'ordonnance d'un hospitalier est connue par son RPPS et par le FINESS de son établissement.

    Ne s'applique pas : à une ordonnance sans FINESS.

    Exemple : 750000011 ; 750000010 convient (numéros fictifs).

    Paramètres : aucun
    """
    once = Once()
    for each in check.subject.prescriptions:
        number = each.prescriber_finess
        if number and not finess_is_valid(number) and once.first(number):
            yield Flag(
                each,
                f"Le FINESS du prescripteur de l'ordonnance du {jour(each.issued_on)} semble faux : 9 caractères, clé "
                "comprise, sont attendus (usage, à vérifier).",
                "Cherchez l'établissement sur finess.esante.gouv.fr et corrigez le numéro.",
                evidence=(each,),
            )


@rule(
    "ID-AMP",
    subject="dossier",
    severity="reject",
    reference="NGAP annexe 2",
    confidence="C",
    needs=STANDING | {"practitioner.profession"},
    letters=_OTHERS,
)
def other_profession(check: Check[Dossier]) -> Iterator[Answer]:
    """La lettre-clé est celle de la profession.

    Vérifie : qu'aucun acte d'un kinésithérapeute ou d'un infirmier ne porte AMP (pédicures-podologues), AMO
    (orthophonistes), AMY (orthoptistes) ou SF (sages-femmes).

    Pourquoi : la caisse rejette un acte d'une autre profession. AMP est souvent mis pour APM.

    Ne s'applique pas : aux lettres-clés des kinésithérapeutes et des infirmiers.

    Exemple : AMP 9 facturé par un kinésithérapeute ; APM 9,8 convient.

    Paramètres : id.letters.others
    """
    once = Once()
    for act in check.derive(standing).acts:
        if act.letter not in _OTHERS or act.letter not in check.text("id.letters.others", act.performed_on).split():
            continue
        practitioner = check.subject.cabinet.practitioners.get(act.practitioner_id)
        if practitioner is None:
            if once.first(act.practitioner_id):
                reason = "la profession de celui qui a fait l'acte n'est pas connue"
                yield Gap(act, ("practitioner.profession",), reason)
            continue
        podiatry = act.letter == "AMP" and practitioner.profession == "MK"
        yield Flag(
            act,
            f"{cotation(act)} du {jour(act.performed_on)} : {act.letter} n'est pas une lettre-clé pour "
            f"{_PROFESSIONS[practitioner.profession]}.",
            "S'il s'agit d'une rééducation après amputation, facturez APM."
            if podiatry
            else "Choisissez la cotation de votre profession, puis corrigez la facture.",
            amount=act.amount,
            evidence=(act,),
        )


def _written(prescription: Prescription) -> str:
    return f"L'ordonnance du {jour(prescription.issued_on)}"


def _under(check: Check[Dossier], prescription: Prescription) -> list[Act]:
    """The acts that stand under a prescription."""
    return [act for act in check.derive(standing).acts if act.prescription_id == prescription.id]


def _rpps_of(practitioners: Mapping[str, Practitioner], act: Act) -> str | None:
    practitioner = practitioners.get(act.practitioner_id)
    return None if practitioner is None else practitioner.rpps


def _needs_none(check: Check[Dossier], prescription: Prescription) -> bool:
    """Whether the professional may stand as the prescriber: a renewal by the physiotherapist, or direct access."""
    if prescription.renewed_by == "MK":
        return True
    direct = {each.id for each in check.subject.treatments if each.direct_access}
    return bool(direct) and any(act.treatment_id in direct for act in _under(check, prescription))


RULES: tuple[AnyRule, ...] = (rpps, am_number, prescriber, finess, other_profession)
