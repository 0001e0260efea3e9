"""IDE-ORD: what a nurse's prescription allows, and until when."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from itertools import pairwise

from connector_core.model.dossier import Dossier
from connector_core.model.letters import NURSE_ACT_LETTERS
from connector_core.model.records import Act, Prescription
from connector_core.parameters.regions import fold
from connector_core.rules.calendar import months_later
from connector_core.rules.catalogue.ide_facts import NURSE_ACTS, nurse_acts
from connector_core.rules.catalogue.ide_visits import total
from connector_core.rules.catalogue.kine_facts import Once, codes_of, prescriptions
from connector_core.rules.french import jour
from connector_core.rules.kernel import Answer, AnyRule, Check, Flag, Gap, rule

LINKED = NURSE_ACTS | {"act.prescription_id"}
"""What `linked` reads."""

_DRESSING = ("IDE-pansement", "IDE-tpn", "IDE-diab-pansement", "IDE-bilan-plaie")
_UNPRESCRIBED = "IDE-vaccination"
"""Vaccination needs no written quantity, and for some vaccines no prescription."""


def linked(check: Check[Dossier]) -> dict[str, list[Act]]:
    """The care given under each prescription that a source describes, in order of date."""
    known = check.derive(prescriptions)
    found: dict[str, list[Act]] = {}
    for act in check.derive(nurse_acts).acts:
        name = act.prescription_id
        if name is not None and name in known and act.letter in NURSE_ACT_LETTERS:
            found.setdefault(name, []).append(act)
    return found


@rule(
    "IDE-ORD-CICAT",
    subject="dossier",
    severity="reject",
    reference="NGAP titre XVI chap. I articles 2 et 3, chap. II article 5 bis",
    confidence="C",
    needs=LINKED
    | {
        "act.act_code",
        "prescription.ends_on",
        "prescription.indication",
        "prescription.issued_on",
        "prescription.renewal_of",
        "prescription.sessions",
    },
    letters=("AMI", "AMX"),
)
def until_healed(check: Check[Dossier]) -> Iterator[Answer]:
    """Une ordonnance « jusqu'à cicatrisation » vaut pour trois mois de soins.

    Vérifie : que les pansements faits sur une ordonnance « jusqu'à cicatrisation » ne vont pas au-delà de trois mois
    après le premier.

    Pourquoi : cette mention déroge à la prescription quantitative, pour trois mois au plus ; ensuite, c'est un indu.

    Ne s'applique pas : à une ordonnance qui précise une durée ou un nombre (IDE-ORD-FIN) ; aux soins d'une ordonnance
    renouvelée.

    Exemple : pansement quatre mois après le premier ; à dix semaines, il convient.

    Paramètres : ide.dressing.healing_months, ide.dressing.healing_words
    """
    once = Once()
    by_prescription = check.derive(linked)
    for each in check.subject.prescriptions:
        if each.id not in by_prescription or each.ends_on is not None or each.sessions is not None:
            continue
        acts = [act for act in by_prescription[each.id] if _is_dressing(check, act)]
        if not acts or check.peek("ide.dressing.healing_months", acts[0].performed_on) is None:
            continue
        months = check.number("ide.dressing.healing_months", acts[0].performed_on)
        last = months_later(acts[0].performed_on, months)
        late = [act for act in acts if act.performed_on > last and not _renewed(check, each, act.performed_on)]
        if not late:
            continue
        if each.indication is None:
            if once.first("indication"):
                yield Gap(each, ("prescription.indication",), "l'ordonnance des pansements ne donne pas ses mentions")
        elif _says_healed(check, each, acts[0].performed_on):
            yield Flag(
                each,
                f"Ordonnance « jusqu'à cicatrisation » du {jour(each.issued_on)} : pansements facturés après le "
                f"{jour(last)}, soit plus de {months} mois de soins.",
                "Demandez une nouvelle ordonnance ; ne facturez pas au-delà sans elle.",
                amount=total(late),
                evidence=(each, *late),
            )


@rule(
    "IDE-ORD-QUANTI",
    subject="dossier",
    severity="reject",
    reference="NGAP dispositions générales article 5 c",
    confidence="C",
    needs=LINKED
    | {
        "act.act_code",
        "prescription.daily",
        "prescription.dependency",
        "prescription.ends_on",
        "prescription.indication",
        "prescription.issued_on",
        "prescription.sessions",
    },
    rests_on=("prescription.sessions", "prescription.ends_on"),
    letters=NURSE_ACT_LETTERS,
)
def quantity(check: Check[Dossier]) -> Iterator[Answer]:
    """La prescription est qualitative et quantitative.

    Vérifie : que l'ordonnance de soins répétés dit leur nombre, leur durée ou leur fréquence.

    Pourquoi : sans cela, les soins ne sont pas remboursables. Une fréquence sans durée est une information.

    Ne s'applique pas : à un acte fait un seul jour ; aux pansements « jusqu'à cicatrisation » (IDE-ORD-CICAT) ; aux
    soins de dépendance, prescrits pour un an ; aux vaccinations.

    Exemple : injections sans durée ni fréquence ; « 1 par jour pendant 10 jours » ou « pendant trois mois » convient.

    Paramètres : ide.dressing.healing_words, ide.prescription.number_words, ide.prescription.duration_words,
    ide.prescription.frequency_words
    """
    by_prescription = check.derive(linked)
    once = Once()
    for each in check.subject.prescriptions:
        if each.id not in by_prescription or each.sessions is not None or each.ends_on is not None or each.dependency:
            continue
        acts = [act for act in by_prescription[each.id] if not _is(check, act, _UNPRESCRIBED)]
        days = sorted({act.performed_on for act in acts})
        if len(days) < 2:
            continue
        if each.indication is None:
            if once.first("indication"):
                yield Gap(each, ("prescription.indication",), "l'ordonnance ne donne pas ses mentions")
            continue
        if _says_how_many(check, each.indication, days[0]) or _says_healed(check, each, days[0]):
            continue
        often = each.daily or _says_how_often(check, each.indication, days[0])
        yield Flag(
            each,
            f"L'ordonnance du {jour(each.issued_on)} ne dit "
            + ("pas la durée des soins." if often else "ni le nombre, ni la durée, ni la fréquence des soins."),
            "Demandez au prescripteur de préciser le nombre ou la durée des soins, et leur fréquence.",
            severity="info" if often else None,
            amount=total(acts),
            evidence=(each, *acts),
        )


@rule(
    "IDE-ORD-FIN",
    subject="dossier",
    severity="reject",
    reference="NGAP dispositions générales article 5",
    confidence="C",
    needs=LINKED
    | {
        "act.act_code",
        "prescription.ends_on",
        "prescription.issued_on",
        "prescription.renewal_of",
        "prescription.sessions",
    },
    letters=NURSE_ACT_LETTERS,
)
def after_end(check: Check[Dossier]) -> Iterator[Answer]:
    """Les soins ne vont pas au-delà de la fin prescrite.

    Vérifie : que les actes sont faits au plus tard le jour où l'ordonnance prend fin ou, si elle ne donne qu'un nombre,
    qu'ils ne sont pas faits sur plus de jours que ce nombre.

    Pourquoi : sans prescription, un acte n'est pas remboursable.

    Ne s'applique pas : aux soins d'une ordonnance renouvelée ; aux ordonnances sans durée ni nombre (IDE-ORD-QUANTI,
    IDE-ORD-CICAT).

    Exemple : un acte le 12e jour de soins prescrits pour 10 jours ; le 10e jour, il convient.

    Paramètres : aucun
    """
    by_prescription = check.derive(linked)
    known = check.derive(prescriptions)
    loose = next(
        (
            act
            for act in check.derive(nurse_acts).acts
            if act.letter in NURSE_ACT_LETTERS
            and act.prescription_id not in known
            and not _is(check, act, _UNPRESCRIBED)
        ),
        None,
    )
    if loose is not None:
        yield Gap(loose, ("act.prescription_id",), "l'ordonnance de certains actes n'est pas connue")
    for each in check.subject.prescriptions:
        acts = by_prescription.get(each.id, [])
        days = sorted({act.performed_on for act in acts})
        last = each.ends_on
        if last is None:
            if not each.sessions or len(days) <= each.sessions:
                continue
            last = days[each.sessions - 1]
        late = [act for act in acts if act.performed_on > last and not _renewed(check, each, act.performed_on)]
        if late:
            ends = f"prend fin le {jour(last)}" if each.ends_on else f"vaut pour {each.sessions} soins"
            yield Flag(
                each,
                f"L'ordonnance du {jour(each.issued_on)} {ends} : {len(late)} acte{'s' if len(late) > 1 else ''} "
                f"facturé{'s' if len(late) > 1 else ''} ensuite, à partir du {jour(late[0].performed_on)}.",
                "Demandez une nouvelle ordonnance, ou corrigez celle que l'acte indique.",
                amount=total(late),
                evidence=(each, *late),
            )


def _is(check: Check[Dossier], act: Act, *starts: str) -> bool:
    """Whether the act may be one of those of the nomenclature whose code starts so."""
    return any(code.startswith(starts) for code in codes_of(check, act))


def _is_dressing(check: Check[Dossier], act: Act) -> bool:
    return _is(check, act, *_DRESSING)


def _says_healed(check: Check[Dossier], prescription: Prescription, day: date) -> bool:
    """Whether the prescription says « jusqu'à cicatrisation », or as much in other words."""
    starts = tuple(check.text("ide.dressing.healing_words", day).split())
    return any(word.startswith(starts) for word in re.findall(r"\w+", fold(prescription.indication or "")))


def _says_how_many(check: Check[Dossier], indication: str, day: date) -> bool:
    """Whether the text of a prescription gives a number: in digits, or in letters before what it counts."""
    if re.search(r"\d", indication):
        return True
    numbers = frozenset(check.text("ide.prescription.number_words", day).split())
    counted = tuple(check.text("ide.prescription.duration_words", day).split())
    words = re.findall(r"\w+", fold(indication))
    return any(one in numbers and other.startswith(counted) for one, other in pairwise(words))


def _says_how_often(check: Check[Dossier], indication: str, day: date) -> bool:
    """Whether the text of a prescription has a word for how often the care is to be given."""
    starts = tuple(check.text("ide.prescription.frequency_words", day).split())
    return any(word.startswith(starts) for word in re.findall(r"\w+", fold(indication)))


def _renewed(check: Check[Dossier], prescription: Prescription, day: date) -> bool:
    """Whether the prescription had been renewed by a day: software may go on naming the first one."""
    return any(each.renewal_of == prescription.id and each.issued_on <= day for each in check.subject.prescriptions)


RULES: tuple[AnyRule, ...] = (
    until_healed,
    quantity,
    after_end,
)
