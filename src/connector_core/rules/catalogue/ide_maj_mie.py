"""IDE-MAJ: the surcharge of a child of less than seven (MIE)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from connector_core.model.dossier import Dossier
from connector_core.model.letters import NURSE_ACT_LETTERS
from connector_core.rules.catalogue.ide_facts import NURSE_ACTS, nurse_acts
from connector_core.rules.catalogue.ide_visits import settled_day, worth
from connector_core.rules.catalogue.kine_facts import Once
from connector_core.rules.catalogue.patient_facts import age_on
from connector_core.rules.counting import cotation
from connector_core.rules.french import euros, jour
from connector_core.rules.kernel import Answer, AnyRule, Check, Flag, Gap, rule

_IN_PERSON = NURSE_ACT_LETTERS - {"TMI"}


@rule(
    "IDE-MAJ-MIE",
    subject="dossier",
    severity="reject",
    reference="NGAP dispositions générales articles 23.1 et 23.5",
    confidence="C",
    needs=NURSE_ACTS | {"patient.birth_date"},
    letters=("MIE",),
)
def child(check: Check[Dossier]) -> Iterator[Answer]:
    """La majoration jeune enfant (MIE) est réservée aux enfants de moins de 7 ans.

    Vérifie : que le patient n'a pas encore 7 ans le jour de l'acte facturé avec une MIE.

    Pourquoi : à partir de 7 ans, la majoration est un indu.

    Ne s'applique pas : à la MAU du même passage, avec laquelle la MIE se cumule.

    Exemple : MIE à 9 ans ; MIE à 5 ans convient.

    Paramètres : ide.mie.age
    """
    for act in check.derive(nurse_acts).of("MIE"):
        age = _age(check, act.performed_on)
        if age is None:
            yield Gap(act, ("patient.birth_date",), "la date de naissance du patient n'est pas connue")
            return
        limit = check.number("ide.mie.age", act.performed_on)
        if age >= limit:
            yield Flag(
                act,
                f"MIE du {jour(act.performed_on)} pour un patient de {age} ans.",
                f"Retirez la MIE : elle n'est due qu'avant {limit} ans.",
                amount=act.amount,
                evidence=(act,),
            )


@rule(
    "IDE-MAJ-MIE-MANQ",
    subject="dossier",
    severity="revenue",
    reference="NGAP dispositions générales article 23.5 ; décision UNCAM du 02/06/2026",
    confidence="C",
    needs=NURSE_ACTS | {"patient.birth_date", "practitioner.zone"},
    letters=_IN_PERSON,
)
def child_missing(check: Check[Dossier]) -> Iterator[Answer]:
    """Un soin à un enfant de moins de 7 ans donne lieu à la MIE.

    Vérifie : que le passage chez un enfant de moins de 7 ans est facturé avec une MIE.

    Pourquoi : la majoration est due et n'est pas demandée. Son montant n'est pas confirmé par un texte officiel. Avant
    son inscription à la nomenclature, le 21 juin 2026, le constat est une simple information.

    Ne s'applique pas : à partir de 7 ans ; aux actes à distance (TMI).

    Exemple : AMI 1 à 3 ans, sans MIE ; AMI 1 à 8 ans convient.

    Paramètres : tariff, ide.mie.age, ide.mie.since
    """
    found = check.derive(nurse_acts)
    once = Once()
    for passage in found.passages:
        done = [act for act in passage.acts if act.letter in _IN_PERSON]
        if not done or passage.of("MIE") or check.peek("ide.mie.age", passage.day) is None:
            continue
        age = _age(check, passage.day)
        if age is None:
            yield Gap(done[0], ("patient.birth_date",), "la date de naissance du patient n'est pas connue")
            return
        if age >= check.number("ide.mie.age", passage.day):
            return
        if not settled_day(check, passage):
            if once.first("passage"):
                yield Gap(done[0], ("act.session_id",), "on ne sait pas à quel passage du jour appartient l'acte")
            continue
        official = passage.day >= check.day("ide.mie.since")
        price = worth(check, "MIE", done[0])
        yield Flag(
            done[0],
            f"{cotation(done[0])} du {jour(passage.day)} à un enfant de {age} an{'s' if age > 1 else ''}, sans MIE"
            f"{'' if price is None else f' : {euros(price)}, montant non confirmé'}.",
            "Ajoutez la MIE à ce passage." if official else "Vérifiez si la MIE était due à cette date.",
            severity="revenue" if official else "info",
            amount=price,
            evidence=passage.acts,
        )


def _age(check: Check[Dossier], day: date) -> int | None:
    """The patient's age on a day, in whole years."""
    patient = check.subject.patient
    if patient is None or patient.birth_date is None:
        return None
    return age_on(patient.birth_date, day)


RULES: tuple[AnyRule, ...] = (
    child,
    child_missing,
)
