"""IDE-BSI: the technical acts that go with a daily package of dependency care."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

from connector_core.model.dossier import Dossier
from connector_core.model.records import Act
from connector_core.rules.catalogue.ide_facts import FORFAITS, NURSE_ACTS, nurse_acts
from connector_core.rules.catalogue.ide_lines import (
    BLOOD_TEST,
    FULL_WITH_FORFAIT,
    HALF_WITH_FORFAIT,
    VACCINATION,
    VISITS,
    WEEKLY_VISIT,
    Visit,
    billed_share,
    is_weekly_visit,
    may_be,
    must_be,
    overcharge,
    share_missing,
    shortfall,
    visits,
    with_package,
)
from connector_core.rules.catalogue.kine_facts import Once, codes_of
from connector_core.rules.counting import cotation
from connector_core.rules.french import euros, jour
from connector_core.rules.kernel import Answer, AnyRule, Check, Flag, Gap, rule


@rule(
    "IDE-BSI-AMX-LETTRE",
    subject="dossier",
    severity="reject",
    reference="NGAP article 11 B 5 ; titre XVI chap. I article 12",
    confidence="S+C",
    needs=VISITS | {"act.act_code", "act.label"},
    letters=("AMI",),
)
def letter(check: Check[Dossier]) -> Iterator[Answer]:
    """Un acte technique d'une séance de dépendance se facture en AMX.

    Vérifie : qu'un acte qui existe en AMX n'est pas facturé en AMI dans un passage de soins de dépendance (forfait
    BSA, BSB ou BSC, AMX ou IFI). Dans un autre passage du jour d'un forfait, le constat est une information.

    Pourquoi : avec un BSI, les actes techniques sont en AMX ; une ligne en AMI est rejetée ou récupérée.

    Ne s'applique pas : aux actes sans cotation en AMX, compris dans le forfait (IDE-BSI-AMX-LISTE) ; à la
    vaccination ; à la séance hebdomadaire du patient insulino-traité (IDE-BSI-HEBDO75).

    Exemple : AMI 1 et BSA ; AMX 1 et BSA conviennent.

    Paramètres : aucun
    """
    told = Once()
    for visit in check.derive(visits):
        if visit.setting == "none":
            continue
        for act in visit.care:
            if act.letter != "AMI" or not _has_amx(check, act):
                continue
            if visit.setting == "unclear":
                if told.first("passage"):
                    yield Gap(
                        act, ("act.session_id",), "on ne sait pas à quel passage du jour appartient cet acte en AMI"
                    )
                continue
            inside = visit.setting == "inside"
            yield Flag(
                act,
                f"{cotation(act)} du {jour(act.performed_on)} est en AMI "
                + ("dans un passage de soins de dépendance." if inside else "un jour de forfait de dépendance."),
                "Facturez l'acte en AMX s'il s'ajoute au forfait ; sinon retirez-le."
                if inside
                else "Vérifiez que ce passage n'a pas de lien avec la dépendance ; sinon facturez en AMX.",
                severity=None if inside else "info",
                amount=act.amount,
                evidence=(act, *visit.forfaits),
            )


def _has_amx(check: Check[Dossier], act: Act) -> bool:
    """Whether an act in AMI may be one that exists in AMX, vaccinations left out."""
    if is_weekly_visit(act):
        return False
    in_amx = check.tariffs.codes_on("AMX", act.coefficient, act.performed_on) - VACCINATION
    return may_be(check, act, in_amx)


@rule(
    "IDE-BSI-AMX-HORS",
    subject="dossier",
    severity="reject",
    reference="ameli.fr, BSI (17/09/2024) ; NGAP titre XVI chap. I article 12",
    confidence="S",
    needs=NURSE_ACTS | {"bsi.entered_on"},
    rests_on=("bsi",),
    letters=("AMX",),
)
def without_bsi(check: Check[Dossier]) -> Iterator[Answer]:
    """AMX suppose un bilan de soins infirmiers.

    Vérifie : qu'un acte en AMX a un BSI du patient, saisi au plus tard sept jours après ; le constat porte sur le
    premier acte et compte les suivants.

    Pourquoi : sans BSI, le patient ne relève pas de la dépendance ; l'acte est en AMI, une ligne en AMX est rejetée.

    Ne s'applique pas : tant que le délai de saisie court ; à la validité du BSI, que les forfaits vérifient.

    Exemple : AMX 1 sans aucun BSI ; AMI 1 convient.

    Paramètres : ide.bsi.entry_deadline
    """
    first_bsi = min((each.entered_on for each in check.subject.bsis), default=None)
    alone: list[Act] = []
    for act in check.derive(nurse_acts).of("AMX"):
        last = act.performed_on + timedelta(days=check.number("ide.bsi.entry_deadline", act.performed_on))
        if (first_bsi is None or first_bsi > last) and check.reached(last + timedelta(days=1)):
            alone.append(act)
    if not alone:
        return
    first = alone[0]
    amounts = [act.amount for act in alone if act.amount is not None]
    more = len(alone) - 1
    several = f" et {more} {'autres actes' if more > 1 else 'autre acte'} en AMX" if more else ""
    yield Flag(
        first,
        f"{cotation(first)} du {jour(first.performed_on)}{several} : aucun BSI du patient à cette date.",
        "Facturez en AMI, ou rattachez le BSI du patient.",
        fault="bsi",
        amount=sum(amounts, Decimal(0)) if len(amounts) == len(alone) else None,
        evidence=alone,
    )


@rule(
    "IDE-BSI-AMX-50",
    subject="dossier",
    severity="reject",
    reference="NGAP article 11 B 5 ; titre XVI chap. I article 12",
    confidence="C",
    needs=VISITS | {"act.act_code", "practitioner.zone"},
    letters=("AMX",),
)
def half_rate(check: Check[Dossier]) -> Iterator[Answer]:
    """Avec un forfait, une injection en AMX compte pour moitié.

    Vérifie : que les injections et la surveillance du diabétique insulino-traité en AMX, un jour de forfait BSA, BSB
    ou BSC, sont facturées à 50 %, quel que soit leur coefficient.

    Pourquoi : l'article 11 B réduit de moitié l'acte en AMX ; la moitié de trop est un indu.

    Ne s'applique pas : aux actes admis à taux plein (IDE-BSI-AMX-100) ; AMX 1,5 est tenu pour une prise de sang si
    rien ne dit l'acte ; à la vaccination. Si le tarif du jour ou la zone du praticien manque, un montant plus bas que
    le tarif connu laisse la réponse indéterminée.

    Exemple : AMX 1 à taux plein et BSC ; AMX 1/2, BSC et IFI font 33,03 €.

    Paramètres : ide.bsi.amx_share
    """
    told = Once()
    for act, visit in with_package(check, "AMX"):
        share = check.decimal("ide.bsi.amx_share", act.performed_on)
        if may_be(check, act, FULL_WITH_FORFAIT) or not may_be(check, act, HALF_WITH_FORFAIT):
            continue
        if billed_share(check, act) <= share:
            continue
        missing = share_missing(check, act)
        if missing is not None:
            if told.first(missing):
                yield Gap(act, (missing,), f"on ne sait pas si le montant de {cotation(act)} en est la moitié")
            continue
        yield Flag(
            act,
            f"{cotation(act)} du {jour(act.performed_on)} est à taux plein, un jour de forfait {_package(visit)}.",
            "Facturez cet acte à 50 %.",
            amount=overcharge(act, share),
            evidence=(act, *visit.forfaits),
        )


@rule(
    "IDE-BSI-AMX-100",
    subject="dossier",
    severity="revenue",
    reference="NGAP titre XVI chap. I article 12",
    confidence="C",
    needs=VISITS | {"act.act_code", "practitioner.zone"},
    letters=("AMX",),
)
def full_rate(check: Check[Dossier]) -> Iterator[Answer]:
    """Perfusion, pansement lourd, suivi IC ou BPCO et prise de sang restent à taux plein avec un forfait.

    Vérifie : que ces actes en AMX ne sont pas réduits de moitié un jour de forfait BSA, BSB ou BSC. Quand un autre
    d'entre eux est à taux plein dans le passage, le constat est une information.

    Pourquoi : l'article 12 déroge à l'article 11 B ; la moitié perdue est indiquée.

    Ne s'applique pas : aux injections (IDE-BSI-AMX-50), à la vaccination.

    Exemple : AMX 14/2 et BSB ; BSB, AMX 14 et IFI font 65,05 €.

    Paramètres : tariff
    """
    told = Once()
    for act, visit in with_package(check, "AMX"):
        if not may_be(check, act, FULL_WITH_FORFAIT) or billed_share(check, act) == 1:
            continue
        if not must_be(check, act, FULL_WITH_FORFAIT):
            if told.first(act.coefficient):
                yield Gap(act, ("act.act_code",), f"{cotation(act)} : on ne sait pas de quel acte il s'agit")
            continue
        others = [
            other
            for other in visit.care
            if other is not act and must_be(check, other, FULL_WITH_FORFAIT) and billed_share(check, other) == 1
        ]
        doubt = bool(others) and not may_be(check, act, BLOOD_TEST)
        loss = shortfall(check, act)
        yield Flag(
            act,
            f"{cotation(act)} du {jour(act.performed_on)} n'est pas à taux plein"
            f"{'' if loss is None else f' : {euros(loss)} de perte'}.",
            "Vérifiez : l'article 12 ne dit pas si deux de ses actes d'un passage sont chacun à taux plein."
            if doubt
            else "Facturez cet acte à taux plein, en plus du forfait.",
            severity="info" if doubt else None,
            amount=loss,
            evidence=(act, *visit.forfaits, *others),
        )


@rule(
    "IDE-BSI-AMX-LISTE",
    subject="dossier",
    severity="reject",
    reference="NGAP titre XVI chap. I article 12",
    confidence="C",
    needs=VISITS | {"act.act_code", "act.label"},
    letters=tuple(sorted(FORFAITS)),
)
def listed(check: Check[Dossier]) -> Iterator[Answer]:
    """Un forfait de dépendance comprend les actes que l'article 12 ne liste pas.

    Vérifie : qu'un jour de forfait BSA, BSB ou BSC, ne s'ajoutent que perfusions, pansements lourds, suivi IC ou
    BPCO, prise de sang, injections, insuline et surveillance du diabétique.

    Pourquoi : le forfait inclut tous les autres actes du jour ; une ligne de plus est un indu.

    Ne s'applique pas : à l'accompagnement de téléconsultation ; à un coefficient qui n'existe pas (IDE-ACT-COEF) ; à
    une ligne à zéro. La vaccination est indéterminée.

    Exemple : AMI 1,2 (administration de médicaments) et BSB ; AMX 1 (insuline) à 50 % et BSB conviennent.

    Paramètres : ide.bsi.vaccination
    """
    told = Once()
    for act, visit in with_package(check, "AMI", "AMX"):
        readings = codes_of(check, act)
        if not readings and act.letter == "AMX":
            readings = check.tariffs.codes_on("AMI", act.coefficient, act.performed_on)
        if not readings or readings & (FULL_WITH_FORFAIT | HALF_WITH_FORFAIT) or is_weekly_visit(act):
            continue
        if readings <= VACCINATION:
            billable = check.peek("ide.bsi.vaccination", act.performed_on)
            if billable is None and told.first("vaccination"):
                reason = "la NGAP ne dit pas si la vaccination se facture en plus du forfait de dépendance"
                yield Gap(act, ("ide.bsi.vaccination",), reason)
            if billable is not False:
                continue
        yield Flag(
            act,
            f"{cotation(act)} du {jour(act.performed_on)} est compris dans le forfait {_package(visit)} du jour.",
            "Retirez cet acte : il n'est pas de ceux qui s'ajoutent au forfait.",
            amount=act.amount,
            evidence=(act, *visit.forfaits),
        )


@rule(
    "IDE-BSI-HEBDO75",
    subject="dossier",
    severity="reject",
    reference="NGAP titre XVI chap. II article 5 bis",
    confidence="C",
    needs=NURSE_ACTS | {"act.act_code", "act.label", "patient.birth_date"},
    letters=("AMI",),
)
def weekly_visit(check: Check[Dossier]) -> Iterator[Answer]:
    """La séance hebdomadaire du patient insulino-traité ne se cumule pas avec un forfait de dépendance.

    Vérifie : que la séance hebdomadaire de surveillance du patient insulino-traité de plus de 75 ans (AMI 4) n'est
    pas facturée la semaine (du lundi au dimanche) d'un forfait BSA, BSB ou BSC.

    Pourquoi : sa cotation ne se cumule pas avec une prise en charge de la dépendance.

    Ne s'applique pas : aux autres actes AMI 4 ; si rien ne dit l'acte, la question reste ouverte.

    Exemple : AMI 4 le lundi, BSA du lundi au dimanche ; AMI 4 sans BSI convient.

    Paramètres : ide.diabetes.weekly_age
    """
    found = check.derive(nurse_acts)
    weeks: dict[tuple[int, int], Act] = {}
    for each in found.of(*FORFAITS):
        weeks.setdefault(each.performed_on.isocalendar()[:2], each)
    if not weeks:
        return
    patient = check.subject.patient
    told = Once()
    for act in found.of("AMI"):
        package = weeks.get(act.performed_on.isocalendar()[:2])
        if package is None or not may_be(check, act, WEEKLY_VISIT):
            continue
        if act.act_code is None and act.label is None:
            age = check.number("ide.diabetes.weekly_age", act.performed_on)
            born = None if patient is None else patient.birth_date
            if (born is None or act.performed_on.year - born.year >= age) and told.first("act"):
                reason = f"{cotation(act)} : on ne sait pas si c'est la séance hebdomadaire du patient insulino-traité"
                yield Gap(act, ("act.act_code",), reason)
            continue
        if not is_weekly_visit(act):
            continue
        yield Flag(
            act,
            f"Séance hebdomadaire {cotation(act)} le {jour(act.performed_on)}, semaine d'un forfait {package.letter}.",
            "Retirez la séance hebdomadaire : le patient relève de la dépendance.",
            amount=act.amount,
            evidence=(act, package),
        )


def _package(visit: Visit) -> str:
    return visit.forfaits[0].letter


RULES: tuple[AnyRule, ...] = (letter, without_bsi, half_rate, full_rate, listed, weekly_visit)
