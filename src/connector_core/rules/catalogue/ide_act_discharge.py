"""IDE-ACT, continued: care after a hospital stay (NGAP titre XVI partie I chap. II articles 5 ter and 7)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta

from connector_core.model.dossier import Dossier
from connector_core.model.records import Act
from connector_core.rules.calendar import months_later
from connector_core.rules.catalogue.ide_act_facts import (
    AFTER_SURGERY,
    BILLED,
    DRAIN,
    FOLLOW_UP,
    HOME_ON,
    LETTERS,
    MEANT,
    PERINEURAL,
    beyond,
    billed,
    by_day,
    by_prescription,
    care,
    home_on,
    mates,
    sure,
    total,
)
from connector_core.rules.catalogue.kine_facts import Once
from connector_core.rules.counting import cotation
from connector_core.rules.french import jour, ordinal
from connector_core.rules.kernel import Answer, AnyRule, Check, Flag, Gap, rule

_SURCHARGES = frozenset({"MD", "MN", "MN23", "F", "N"})
"""The surcharges of the night, of Sunday and of public holidays."""


@rule(
    "IDE-ACT-ICBPCO",
    subject="dossier",
    severity="reject",
    reference="NGAP titre XVI partie I chap. II article 5 ter",
    confidence="C",
    needs=BILLED | MEANT | HOME_ON,
    letters=LETTERS,
)
def follow_up(check: Check[Dossier]) -> Iterator[Answer]:
    """Le suivi après une insuffisance cardiaque ou une BPCO compte quinze séances au plus.

    Vérifie : que le suivi (AMI 5,8 ou AMX 5,8) ne dépasse pas quinze séances, que la première a lieu dans les 7 jours
    après la sortie, et qu'aucune majoration de nuit, de dimanche ou de jour férié ne s'y ajoute.

    Pourquoi : ces conditions sont celles de l'article 5 ter.

    Ne s'applique pas : à la majoration d'un passage où un autre soin est fait. Une nouvelle sortie d'hospitalisation,
    ou une séance plus de six mois après la première, commence un autre suivi.

    Exemple : MD et AMI 5,8 ; AMI 5,8 seul convient.

    Paramètres : ide.act.follow_up.sessions, ide.act.follow_up.first_days, ide.act.follow_up.months
    """
    once = Once()
    acts = sure(check, check.derive(billed).acts, FOLLOW_UP)
    for programme in _programmes(check, acts):
        first = programme[0]
        day = first.performed_on
        home = home_on(check, first)
        if home is None:
            if once.first("discharge"):
                yield Gap(first, ("prescription.discharged_on",), "la date de sortie n'est pas connue")
        elif day > home + timedelta(days=check.number("ide.act.follow_up.first_days", day)):
            yield Flag(
                first,
                f"La première séance {cotation(first)}, le {jour(day)}, a lieu {(day - home).days} jours après la "
                f"sortie du {jour(home)}.",
                "La première visite se fait dans les 7 jours après la sortie : vérifiez la date de sortie.",
                fault="premiere",
                amount=first.amount,
                evidence=(first,),
            )
        most = check.number("ide.act.follow_up.sessions", day)
        for act, done, money in beyond(programme, most):
            yield Flag(
                act,
                f"{ordinal(done)} séance de suivi {cotation(act)} le {jour(act.performed_on)} ; {most} au plus.",
                "Retirez les séances au-delà de la limite.",
                fault="nombre",
                amount=money,
                evidence=programme,
            )
    for act in acts:
        company = mates(check, act)
        if len(sure(check, company.same, FOLLOW_UP)) < len(care(company.same)):
            continue
        for surcharge in company.same:
            if surcharge.letter not in _SURCHARGES or not once.first(surcharge.id):
                continue
            yield Flag(
                surcharge,
                f"La majoration {surcharge.letter} du {jour(act.performed_on)} accompagne {cotation(act)}.",
                "Retirez la majoration : elle ne se facture pas avec cette séance.",
                amount=surcharge.amount,
                evidence=(surcharge, act),
            )
        if any(each.letter in _SURCHARGES for each in company.perhaps) and once.first("passage"):
            yield Gap(act, ("act.session_id",), "on ne sait pas à quel passage une majoration se rapporte")


def _programmes(check: Check[Dossier], acts: Iterable[Act]) -> Iterator[list[Act]]:
    """The follow-ups: each begins with a discharge, or once the one before has come to its end."""
    programme: list[Act] = []
    home: date | None = None
    for act in acts:
        day, own = act.performed_on, home_on(check, act)
        if programme:
            start = programme[0].performed_on
            over = day > months_later(start, check.number("ide.act.follow_up.months", start))
            if over or (own is not None and own > start and own != home):
                yield programme
                programme, home = [], None
        home = own or home
        programme.append(act)
    if programme:
        yield programme


@rule(
    "IDE-ACT-POSTOP",
    subject="dossier",
    severity="reject",
    reference="NGAP titre XVI partie I chap. II article 7",
    confidence="C",
    needs=BILLED | MEANT | HOME_ON | {"act.helper_present", "prescription.renewal_of"},
    letters=("AMI",),
)
def after_surgery(check: Check[Dossier]) -> Iterator[Answer]:
    """La surveillance postopératoire compte trois séances dans la semaine du retour à domicile.

    Vérifie : qu'AMI 3,9 est facturé trois fois au plus, du jour du retour (J0) à J+6 ; qu'AMI 4,2 l'est une fois par
    jour avec un aidant, deux fois sans, trois jours consécutifs au plus ; que les deux ne se cumulent pas.

    Pourquoi : ces limites sont celles de l'article 7 ; au-delà, l'acte n'est pas dû.

    Ne s'applique pas : à la consultation du chirurgien avant J+6, qu'aucune donnée n'indique. Deux actes faits le même
    jour dans deux passages sont à vérifier.

    Exemple : AMI 3,9 à J+9 ; à J+2, il convient.

    Paramètres : ide.act.surgery.sessions, ide.act.surgery.last_day, ide.act.perineural.with_helper,
    ide.act.perineural.alone, ide.act.perineural.days
    """
    once = Once()
    acts = check.derive(billed).acts
    watched, perineural = sure(check, acts, AFTER_SURGERY), sure(check, acts, PERINEURAL)
    for home, series in _stays(check, watched):
        yield from _week(check, home, series, once)
    for _, series in _stays(check, perineural):
        yield from _catheter(check, series, once)
    days = by_day(watched)
    for act in perineural:
        for other in days.get(act.performed_on, ())[:1]:
            together = any(each is other for each in mates(check, act).same)
            yield Flag(
                act,
                f"{cotation(act)} et {cotation(other)} sont facturés le {jour(act.performed_on)}.",
                "Les deux surveillances ne se cumulent pas : retirez l'une des deux.",
                severity=None if together else "info",
                fault="cumul",
                amount=act.amount,
                evidence=(act, other),
            )


def _stays(check: Check[Dossier], acts: Iterable[Act]) -> Iterator[tuple[date | None, list[Act]]]:
    """Acts by the return home that they follow, else by prescription; nothing tells the others apart."""
    homes: dict[date, list[Act]] = {}
    unknown: list[Act] = []
    for act in acts:
        home = home_on(check, act)
        (unknown if home is None else homes.setdefault(home, [])).append(act)
    yield from homes.items()
    for series in by_prescription(check, unknown).values():
        yield None, series


def _week(check: Check[Dossier], home: date | None, series: Sequence[Act], once: Once) -> Iterator[Answer]:
    """The three séances from the return home to J+6."""
    first = series[0]
    most = check.number("ide.act.surgery.sessions", first.performed_on)
    length = timedelta(days=check.number("ide.act.surgery.last_day", first.performed_on))
    if home is None and once.first("discharge"):
        yield Gap(first, ("prescription.discharged_on",), "la date du retour à domicile n'est pas connue")
    if home is None and first.prescription_id is None and series[-1].performed_on > first.performed_on + length:
        return  # perhaps two operations
    last = (home or first.performed_on) + length
    excess = {act.id: (done, money) for act, done, money in beyond(series, most)}
    for act in series:
        if act.performed_on > last:
            what, money = f"après le {jour(last)}, dernier jour possible", act.amount
        elif act.id in excess:
            what, money = f"{ordinal(excess[act.id][0])} séance, {most} au plus", excess[act.id][1]
        else:
            continue
        yield Flag(
            act,
            f"Surveillance postopératoire {cotation(act)} du {jour(act.performed_on)} : {what}.",
            "Retirez cette séance, ou corrigez la date du retour à domicile.",
            fault="semaine",
            amount=money,
            evidence=series,
        )


def _catheter(check: Check[Dossier], series: Sequence[Act], once: Once) -> Iterator[Answer]:
    """The watch of a perineural catheter: its days, and the acts of each."""
    first = series[0].performed_on
    length = check.number("ide.act.perineural.days", first)
    last = first + timedelta(days=length - 1)
    for day, acts in by_day(series).items():
        if day > last:
            if acts[0].prescription_id is None:
                if once.first("prescription"):
                    yield Gap(acts[0], ("act.prescription_id",), "on ne sait pas si deux séries sont d'une opération")
                continue
            for act in acts:
                yield Flag(
                    act,
                    f"{cotation(act)} du {jour(day)} vient après les {length} jours de surveillance commencés le "
                    f"{jour(first)}.",
                    f"La surveillance de cathéter périnerveux se facture {length} jours consécutifs au plus.",
                    fault="jours",
                    amount=act.amount,
                    evidence=(act, series[0]),
                )
            continue
        alone = check.number("ide.act.perineural.alone", day)
        helped = check.number("ide.act.perineural.with_helper", day)
        known = [act.helper_present for act in acts if act.helper_present is not None]
        if total(acts) > helped and not known and total(acts) <= alone:
            if once.first("helper"):
                yield Gap(acts[-1], ("act.helper_present",), "on ne sait pas si un aidant était présent")
            continue
        most = helped if any(known) else alone
        for act, done, money in beyond(acts, most):
            yield Flag(
                act,
                f"{done} surveillances {cotation(act)} le {jour(day)} ; {most} au plus"
                f"{', un aidant étant présent' if any(known) else ''}.",
                "Retirez les actes au-delà de la limite du jour.",
                fault="nombre",
                amount=money,
                evidence=acts,
            )


@rule(
    "IDE-ACT-DRAIN",
    subject="dossier",
    severity="reject",
    reference="NGAP titre XVI partie I chap. II article 7",
    confidence="C",
    needs=BILLED | MEANT | HOME_ON | {"prescription.renewal_of"},
    letters=("AMI",),
)
def drain(check: Check[Dossier]) -> Iterator[Answer]:
    """La surveillance ou le retrait de drain se facture deux fois après le retour à domicile.

    Vérifie : qu'AMI 2,8 n'est pas facturé plus de deux fois pour une même opération.

    Pourquoi : la cotation est limitée à deux séances à partir du retour à domicile.

    Ne s'applique pas : à une autre opération, qu'indique une autre sortie ou une autre ordonnance.

    Exemple : 3e séance ; la 2e convient.

    Paramètres : ide.act.drain.sessions
    """
    for home, series in _stays(check, sure(check, check.derive(billed).acts, DRAIN)):
        most = check.number("ide.act.drain.sessions", series[0].performed_on)
        if home is None and series[0].prescription_id is None:
            if total(series) > most:
                yield Gap(series[0], ("act.prescription_id",), "des surveillances de drain n'ont pas d'ordonnance")
            continue
        for act, done, money in beyond(series, most):
            yield Flag(
                act,
                f"{ordinal(done)} surveillance de drain {cotation(act)} le {jour(act.performed_on)} ; {most} au plus.",
                "Retirez les séances au-delà de la deuxième.",
                amount=money,
                evidence=series,
            )


RULES: tuple[AnyRule, ...] = (follow_up, after_surgery, drain)
