"""KINE-ORD: the ordonnance of each session, its number of sessions, its renewals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal

from connector_core.model.dossier import Dossier
from connector_core.model.letters import KINE_SESSION_LETTERS
from connector_core.model.records import Act, Prescription
from connector_core.rules.calendar import months_later
from connector_core.rules.catalogue import kine_ord_access
from connector_core.rules.catalogue.kine_facts import (
    Once,
    is_session,
    kine_acts,
    prescriptions,
    superseded,
    treatment_of,
)
from connector_core.rules.catalogue.kine_ord_facts import (
    PRESCRIBED,
    Chain,
    Prescribed,
    direct_access_exists,
    direct_access_open,
    prescribed,
)
from connector_core.rules.counting import cotation
from connector_core.rules.french import jour, ordinal
from connector_core.rules.kernel import Answer, AnyRule, Check, Flag, Gap, rule

_PREAMBLE = "NGAP titre XIV, dispositions liminaires"


@rule(
    "KINE-ORD-PRESENTE",
    subject="dossier",
    severity="reject",
    reference=_PREAMBLE,
    confidence="C",
    needs=PRESCRIBED
    | {"prescription.issued_on", "prescription.sessions", "treatment.direct_access", "treatment.structure"},
    rests_on=("prescription",),
    letters=KINE_SESSION_LETTERS,
)
def present(check: Check[Dossier]) -> Iterator[Answer]:
    """Chaque séance repose sur une ordonnance déjà rédigée.

    Vérifie : que la séance est rattachée à une ordonnance, ou à un renouvellement, dont la date n'est pas postérieure
    à la sienne ; à défaut de rattachement, que le patient avait une ordonnance ce jour-là.

    Pourquoi : les actes du titre XIV ne sont pris en charge que sur prescription écrite ; sans elle, la séance est un
    indu.

    Ne s'applique pas : aux bilans et suppléments ; aux séances en accès direct, depuis son ouverture ; à la séance
    notée sur un renouvellement plus récent, tant qu'il restait des séances sur l'ordonnance d'avant.

    Exemple : séance du 3 mars, ordonnance du 10 mars ; une ordonnance du 1er mars convient.

    Paramètres : kine.direct_access.structures, kine.direct_access.cpts
    """
    issued = {each.id: each.issued_on for each in check.subject.prescriptions}
    found = check.derive(kine_acts)
    once = Once()
    for act in found.acts_of(found.kine):
        on = issued.get(act.prescription_id or "")
        if (on is not None and on <= act.performed_on) or not is_session(act) or act.id in check.derive(superseded):
            continue
        treatment = treatment_of(check, act)
        if treatment is not None and treatment.direct_access and direct_access_exists(check, act.performed_on):
            continue
        if on is not None:
            if not _room_before(check, act):
                yield _without(act, f"son ordonnance n'est datée que du {jour(on)}")
        elif act.prescription_id is not None:
            if once.first("prescription"):
                yield Gap(act, ("prescription",), "l'ordonnance de la séance n'est pas décrite")
        elif any(day <= act.performed_on for day in issued.values()):
            if once.first("link"):
                yield Gap(act, ("act.prescription_id",), "des séances n'indiquent pas leur ordonnance")
        elif _may_be_direct(check, act):
            if once.first("direct"):
                yield Gap(
                    act, ("treatment.direct_access",), "sans ordonnance, on ne sait pas s'il s'agit d'un accès direct"
                )
        else:
            yield _without(act, "aucune ordonnance du dossier n'est antérieure")


def _without(act: Act, why: str) -> Flag:
    return Flag(
        act,
        f"{cotation(act)} du {jour(act.performed_on)} est facturé sans ordonnance à cette date : {why}.",
        "Rattachez la séance à l'ordonnance qui la prescrit ou corrigez sa date ; à défaut, ne la facturez pas.",
        amount=act.amount,
        evidence=(act,),
    )


def _room_before(check: Check[Dossier], act: Act) -> bool:
    """Whether what the act's ordonnance renews was in force on its day, with a session left for it."""
    chain = check.derive(prescribed).by_prescription[act.prescription_id or ""]
    day = act.performed_on
    if all(each.issued_on > day for each in chain.prescriptions):
        return False
    total = chain.prescribed(by=day)
    return total is None or sum(each.performed_on <= day for each in chain.sessions) <= total


def _may_be_direct(check: Check[Dossier], act: Act) -> bool:
    treatment, day = treatment_of(check, act), act.performed_on
    if not direct_access_exists(check, day):
        return False
    if treatment is None:
        return True
    if treatment.direct_access is not None:
        return False
    return treatment.structure is None or direct_access_open(check, treatment.structure, day) is not False


@rule(
    "KINE-ORD-NB",
    subject="dossier",
    severity="reject",
    reference=_PREAMBLE,
    confidence="C",
    needs=PRESCRIBED | {"prescription.issued_on", "prescription.sessions", "treatment.direct_access"},
    rests_on=("prescription.sessions", "act.prescription_id"),
    letters=KINE_SESSION_LETTERS,
)
def number(check: Check[Dossier]) -> Iterator[Answer]:
    """Le nombre de séances prescrit ne se dépasse pas.

    Vérifie : que les séances rattachées à une ordonnance chiffrée et à ses renouvellements ne sont pas plus nombreuses
    que le total prescrit ; chaque renouvellement ajoute ses séances.

    Pourquoi : quand le médecin précise sa prescription, elle s'impose ; les séances en trop sont un indu.

    Ne s'applique pas : quand l'ordonnance ou l'un de ses renouvellements n'est pas chiffré ; aux bilans et
    suppléments. Un passage compte pour une séance.

    Exemple : 16 séances facturées pour 15 prescrites.

    Paramètres : aucun
    """
    found = check.derive(prescribed)
    once = Once()
    for chain in found.chains.values():
        most = chain.prescribed()
        if most is None:
            continue
        extra = chain.sessions[most:]
        if extra and not chain.complete:
            if once.first("prescription"):
                yield Gap(extra[0], ("prescription",), "l'ordonnance renouvelée n'est pas décrite")
            continue
        for rank, act in enumerate(extra, most + 1):
            yield Flag(
                act,
                f"{ordinal(rank)} séance ({cotation(act)}) le {jour(act.performed_on)}, pour {most} prescrites.",
                "Joignez l'ordonnance ou le renouvellement qui couvre cette séance ; à défaut, ne la facturez pas.",
                amount=act.amount,
                evidence=(act, *chain.prescriptions),
            )
        if not extra:
            loose = _perhaps_on(check, found, chain)
            if loose and len(chain.sessions) + len(loose) > most and once.first("link"):
                yield Gap(loose[0], ("act.prescription_id",), "des séances n'indiquent pas leur ordonnance")


def _perhaps_on(check: Check[Dossier], found: Prescribed, chain: Chain) -> list[Act]:
    """The sessions that name no ordonnance and may have been done on those of a chain."""
    own = {act.treatment_id for act in chain.sessions}
    loose: list[Act] = []
    for act in found.unlinked:
        treatment = treatment_of(check, act)
        if act.performed_on < chain.prescriptions[0].issued_on or (treatment is not None and treatment.direct_access):
            continue
        if act.treatment_id is None or not own or act.treatment_id in own:
            loose.append(act)
    return loose


@rule(
    "KINE-ORD-RENOUV",
    subject="dossier",
    severity="reject",
    reference="article L.4321-1 du code de la santé publique ; ameli.fr, avenant 7",
    confidence="C",
    needs=PRESCRIBED
    | {"prescription.forbids_renewal", "prescription.issued_on", "prescription.renewed_by", "prescription.sessions"},
)
def renewal(check: Check[Dossier]) -> Iterator[Answer]:
    """Le kinésithérapeute renouvelle une ordonnance dans les douze mois.

    Vérifie : qu'un renouvellement par le masseur-kinésithérapeute est daté au plus tard douze mois après l'ordonnance
    du médecin, que celui-ci ne l'a pas exclu, et que le nombre de séances est indiqué.

    Pourquoi : passé ce délai, ou contre l'avis du médecin, les séances renouvelées sont un indu.

    Ne s'applique pas : au renouvellement par le médecin, qui est une nouvelle ordonnance ; aux séances, qui peuvent
    être faites après les douze mois. L'avis du médecin et le nombre de séances ne sont regardés que si un logiciel du
    cabinet les note ; la copie envoyée par SCOR est vue ailleurs.

    Exemple : renouvellement treize mois après l'ordonnance ; à onze mois, avec des séances au treizième, il convient.

    Paramètres : kine.renewal.months
    """
    once = Once()
    for each in check.subject.prescriptions:
        if each.renewed_by == "MEDECIN" or (each.renewal_of is None and each.renewed_by is None):
            continue
        for answer in _renewed(check, each):
            if isinstance(answer, Flag) or once.first(answer.missing):
                yield answer
        if each.renewed_by == "MK" and not each.sessions and "prescription.sessions" in check.subject.cabinet.covers:
            yield Flag(
                each,
                f"Le renouvellement du {jour(each.issued_on)} n'indique pas le nombre de séances.",
                "Portez le nombre de séances sur l'ordonnance renouvelée, avec la mention « Renouvellement "
                "masseur-kinésithérapeute ».",
                severity="info",
                fault="nombre",
                evidence=(each,),
            )


def _renewed(check: Check[Dossier], renewed: Prescription) -> Iterator[Answer]:
    """What there is to say of the date of one renewal, and of the doctor's refusal."""
    if renewed.renewal_of is None:
        yield Gap(renewed, ("prescription.renewal_of",), "l'ordonnance renouvelée n'est pas indiquée")
        return
    origins, complete = _origins(check.derive(prescriptions), renewed)
    limits = [months_later(each.issued_on, check.number("kine.renewal.months", each.issued_on)) for each in origins]
    late = [renewed.issued_on > limit for limit in limits]
    refused = len(origins) == 1 and origins[0].forbids_renewal
    if renewed.renewed_by is None:
        if any(late) or refused:
            yield Gap(renewed, ("prescription.renewed_by",), "on ne sait pas qui a renouvelé l'ordonnance")
        return
    if refused:
        yield _irregular(check, renewed, origins[0], "interdit", "alors que le médecin l'a exclu")
        return
    if late and all(late):
        why = f"au-delà du {jour(limits[0])}, pour une ordonnance du {jour(origins[0].issued_on)}"
        yield _irregular(check, renewed, origins[0], "tard", why)
    elif not complete or any(late):
        missing = "prescription.renewed_by" if complete else "prescription"
        yield Gap(renewed, (missing,), "l'ordonnance initiale du médecin n'est pas connue")
    elif (
        len(origins) == 1
        and origins[0].forbids_renewal is None
        and "prescription.forbids_renewal" in check.subject.cabinet.covers
    ):
        reason = "on ne sait pas si le médecin a exclu le renouvellement"
        yield Gap(origins[0], ("prescription.forbids_renewal",), reason)


def _origins(known: Mapping[str, Prescription], renewed: Prescription) -> tuple[list[Prescription], bool]:
    """The ordonnances of a doctor that a renewal may go back to, the latest first, and whether the last is known."""
    origins: list[Prescription] = []
    seen = {renewed.id}
    while renewed.renewal_of is not None:
        parent = known.get(renewed.renewal_of)
        if parent is None or parent.id in seen:
            return origins, False
        seen.add(parent.id)
        if parent.renewed_by != "MK":
            origins.append(parent)
        if parent.renewed_by == "MEDECIN":
            break
        renewed = parent
    return origins, bool(origins)


def _irregular(check: Check[Dossier], renewed: Prescription, origin: Prescription, fault: str, why: str) -> Flag:
    """A renewal that does not hold, with what was billed on it."""
    sessions = check.derive(prescribed).by_prescription[renewed.id].sessions
    amounts = [act.amount for act in sessions if act.prescription_id == renewed.id and act.amount is not None]
    return Flag(
        renewed,
        f"L'ordonnance est renouvelée par le kinésithérapeute le {jour(renewed.issued_on)}, {why}.",
        "Demandez une nouvelle ordonnance au médecin avant de facturer d'autres séances.",
        fault=fault,
        amount=sum(amounts, Decimal(0)) if amounts else None,
        evidence=(renewed, origin),
    )


@rule(
    "KINE-ORD-VALIDITE",
    subject="dossier",
    severity="info",
    reference="usage ; opaline (blog) : aucun texte ne fixe de délai",
    confidence="U",
    needs=PRESCRIBED | {"prescription.issued_on"},
    letters=KINE_SESSION_LETTERS,
)
def validity(check: Check[Dossier]) -> Iterator[Answer]:
    """La première séance suit l'ordonnance de moins d'un an.

    Vérifie : que la première séance faite sur une ordonnance a lieu dans les douze mois de sa date.

    Pourquoi : aucun texte trouvé ne fixe ce délai, non confirmé ; l'usage est de douze mois, et une ordonnance plus
    ancienne peut être discutée par la caisse. Simple information.

    Ne s'applique pas : au traitement commencé dans les douze mois et poursuivi au-delà. Si des séances des douze mois
    n'indiquent pas leur ordonnance, la réponse est indéterminée.

    Exemple : première séance quatorze mois après l'ordonnance ; à deux mois, elle convient.

    Paramètres : kine.prescription.start_months
    """
    found, once = check.derive(prescribed), Once()
    for chain in found.chains.values():
        first: dict[str | None, Act] = {}
        for act in chain.sessions:
            first.setdefault(act.prescription_id, act)
        for each in chain.prescriptions:
            start = first.get(each.id)
            if start is None:
                continue
            months = check.number("kine.prescription.start_months", each.issued_on)
            limit = months_later(each.issued_on, months)
            if start.performed_on <= limit or _began(check, start, each.issued_on, limit):
                continue
            if any(_may_begin(act, start, each.issued_on, limit) for act in found.unlinked):
                if once.first("prescription"):
                    reason = "des séances n'indiquent pas leur ordonnance : la première est peut-être plus ancienne"
                    yield Gap(each, ("act.prescription_id",), reason)
                continue
            yield Flag(
                each,
                f"Première séance le {jour(start.performed_on)} sur une ordonnance du {jour(each.issued_on)} ; "
                f"le délai d'usage, non confirmé par un texte, est de {months} mois.",
                "Vérifiez que l'indication tient toujours, ou demandez une ordonnance plus récente.",
                evidence=(each, start),
            )


def _may_begin(act: Act, start: Act, since: date, limit: date) -> bool:
    """Whether an act that names no ordonnance may be an earlier session on that of another act."""
    return since <= act.performed_on <= limit and (
        act.treatment_id is None or start.treatment_id is None or act.treatment_id == start.treatment_id
    )


def _began(check: Check[Dossier], act: Act, since: date, limit: date) -> bool:
    """Whether the act's treatment began in time: its first sessions are then older than what is known."""
    treatment = treatment_of(check, act)
    return treatment is not None and since <= treatment.started_on <= limit


RULES: tuple[AnyRule, ...] = (present, number, renewal, *kine_ord_access.RULES, validity)
