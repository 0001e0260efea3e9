"""IDE-ACT, continued: acts limited in number by day, by year or in all."""

from __future__ import annotations

from collections.abc import Iterator

from connector_core.model.dossier import Dossier
from connector_core.model.records import Act
from connector_core.rules.catalogue.ide_act_facts import (
    BILLED,
    BLADDER,
    CATHETERISM,
    DIALYSIS,
    IRRIGATION,
    MEANT,
    SELF_CATHETER,
    SHEATH,
    beyond,
    billed,
    by_day,
    is_one,
    mates,
    possible,
    sure,
    total,
)
from connector_core.rules.catalogue.kine_facts import Once
from connector_core.rules.counting import cotation
from connector_core.rules.french import jour, ordinal
from connector_core.rules.kernel import Answer, AnyRule, Check, Flag, Gap, rule
from connector_core.rules.standing import standing


@rule(
    "IDE-ACT-AUTOSOND",
    subject="dossier",
    severity="reject",
    reference="NGAP titre XVI partie I chap. I article 6",
    confidence="C",
    needs=BILLED | MEANT,
    letters=("AMI",),
)
def self_catheter(check: Check[Dossier]) -> Iterator[Answer]:
    """L'éducation à l'autosondage compte dix séances, sondage compris.

    Vérifie : que l'éducation à l'autosondage (AMI 3,5) ne dépasse pas dix séances, et que ni elle ni la réadaptation
    de vessie neurologique (AMI 4,5) ne sont facturées avec un cathétérisme ou un changement de sonde.

    Pourquoi : ces deux cotations comprennent le sondage éventuel.

    Ne s'applique pas : à un sondage d'un autre passage. Où rien ne dit si AMI 3 ou AMI 4 est un sondage ou un autre
    acte (pansement), c'est à vérifier.

    Exemple : AMI 3,5 et AMI 4 de cathétérisme ; AMI 3,5 seul convient.

    Paramètres : ide.act.self_catheter.sessions
    """
    once = Once()
    acts = check.derive(billed).acts
    taught = sure(check, acts, SELF_CATHETER)
    if taught:
        most = check.number("ide.act.self_catheter.sessions", taught[0].performed_on)
        for act, done, money in beyond(taught, most):
            yield Flag(
                act,
                f"{ordinal(done)} séance d'éducation à l'autosondage {cotation(act)}, le {jour(act.performed_on)} ; "
                f"{most} au plus.",
                "Retirez les séances au-delà de la limite.",
                fault="nombre",
                amount=money,
                evidence=taught,
            )
    for act in sure(check, acts, SELF_CATHETER | BLADDER):
        company = mates(check, act)
        for other in possible(check, company.same, CATHETERISM):
            if not once.first(other.id):
                continue
            known = is_one(check, other, CATHETERISM)
            yield Flag(
                other,
                f"{cotation(other)} du {jour(act.performed_on)} est facturé avec {cotation(act)}, qui comprend le "
                "sondage.",
                "Retirez le sondage." if known else "S'il s'agit d'un sondage ou d'un changement de sonde, retirez-le.",
                severity=None if known else "info",
                fault="cumul",
                amount=other.amount,
                evidence=(other, act),
            )
        if sure(check, company.perhaps, CATHETERISM) and once.first("passage"):
            yield Gap(act, ("act.session_id",), "on ne sait pas si un sondage et l'autosondage sont d'une même séance")


@rule(
    "IDE-ACT-ETUI",
    subject="dossier",
    severity="reject",
    reference="NGAP titre XVI partie I chap. I article 6",
    confidence="C",
    needs=BILLED | MEANT,
    letters=("AMI",),
)
def sheath(check: Check[Dossier]) -> Iterator[Answer]:
    """La pose isolée d'un étui pénien se facture une fois par vingt-quatre heures.

    Vérifie : que la pose d'un étui pénien (AMI 1) n'est pas facturée deux fois le même jour.

    Pourquoi : l'acte est dû une fois par vingt-quatre heures.

    Ne s'applique pas : à deux poses faites deux jours de suite, même à moins de vingt-quatre heures.

    Exemple : deux poses le même jour ; une par jour convient.

    Paramètres : ide.act.sheath.per_day
    """
    acts = check.derive(billed).acts
    found = sure(check, acts, SHEATH)
    if not found:
        return
    once, days = Once(), by_day(acts)
    for day, posed in by_day(found).items():
        most = check.number("ide.act.sheath.per_day", day)
        for act, done, money in beyond(posed, most):
            yield Flag(
                act,
                f"{done} poses d'étui pénien {cotation(act)} le {jour(day)} ; {most} au plus.",
                "Retirez la pose de trop, ou corrigez sa date.",
                amount=money,
                evidence=posed,
            )
        unnamed = [act for act in days[day] if is_one(check, act, SHEATH) is None]
        if unnamed and total(posed) <= most and once.first("act_code"):
            yield Gap(unnamed[0], ("act.act_code",), "on ne sait pas si un autre AMI 1 du jour est un étui pénien")


@rule(
    "IDE-ACT-DIALYSE",
    subject="dossier",
    severity="reject",
    reference="NGAP titre XVI partie I chap. II article 6",
    confidence="C",
    needs=BILLED | MEANT,
    letters=("AMI",),
)
def dialysis(check: Check[Dossier]) -> Iterator[Answer]:
    """La dialyse péritonéale compte quatre séances par jour, l'irrigation colique vingt séances.

    Vérifie : que la dialyse péritonéale (AMI 4) ne dépasse pas quatre séances par jour, et l'irrigation colique des
    suites d'une stomie définitive (AMI 4) vingt séances.

    Pourquoi : au-delà, l'acte n'est pas dû.

    Ne s'applique pas : à la dialyse par cycleur, ni aux autres actes cotés AMI 4.

    Exemple : cinq dialyses le même jour ; quatre conviennent.

    Paramètres : ide.act.dialysis.per_day, ide.act.irrigation.sessions
    """
    once = Once()
    acts = check.derive(billed).acts
    for day, done_that_day in by_day(possible(check, acts, DIALYSIS)).items():
        most = check.number("ide.act.dialysis.per_day", day)
        known = sure(check, done_that_day, DIALYSIS)
        for act, done, money in beyond(known, most):
            yield Flag(
                act,
                f"{done} dialyses péritonéales {cotation(act)} le {jour(day)} ; {most} au plus.",
                "Retirez les séances au-delà de la limite du jour, ou corrigez leur date.",
                fault="jour",
                amount=money,
                evidence=known,
            )
        if total(known) <= most < total(done_that_day) and once.first("act_code"):
            unnamed = next(act for act in done_that_day if is_one(check, act, DIALYSIS) is None)
            yield Gap(unnamed, ("act.act_code",), "on ne sait pas si tous les AMI 4 d'un jour sont des dialyses")
    irrigations = sure(check, acts, IRRIGATION)
    if irrigations:
        most = check.number("ide.act.irrigation.sessions", irrigations[0].performed_on)
        for act, done, money in beyond(irrigations, most):
            yield Flag(
                act,
                f"{ordinal(done)} irrigation colique {cotation(act)}, le {jour(act.performed_on)} ; {most} au plus.",
                "Retirez les séances au-delà de la limite.",
                fault="irrigation",
                amount=money,
                evidence=irrigations,
            )


@rule(
    "IDE-ACT-RQD",
    subject="dossier",
    severity="reject",
    reference="NGAP dispositions générales article 14.9.6",
    confidence="C",
    needs=BILLED,
    letters=("RQD",),
)
def expertise(check: Check[Dossier]) -> Iterator[Answer]:
    """La demande de téléexpertise se facture quatre fois par an et par patient.

    Vérifie : qu'un infirmier ne facture pas plus de quatre RQD par année civile pour un même patient.

    Pourquoi : la limite est de quatre actes par an, par infirmier requérant.

    Ne s'applique pas : aux demandes d'un autre praticien. Celles d'un praticien qu'aucune source ne décrit, au-delà de
    la limite, sont indéterminées.

    Exemple : 5e demande de l'année ; la 4e convient.

    Paramètres : ide.act.rqd.per_year
    """
    years: dict[tuple[str, int], list[Act]] = {}
    for act in check.derive(billed).of("RQD"):
        years.setdefault((act.practitioner_id, act.performed_on.year), []).append(act)
    known = check.subject.cabinet.practitioners
    for act in check.derive(standing).acts:
        if act.letter == "RQD" and act.practitioner_id not in known:
            years.setdefault((act.practitioner_id, act.performed_on.year), []).append(act)
    once = Once()
    for (practitioner_id, year), asked in years.items():
        most = check.number("ide.act.rqd.per_year", asked[0].performed_on)
        for act, done, money in beyond(asked, most):
            if practitioner_id not in known:
                if once.first("practitioner"):
                    yield Gap(act, ("practitioner",), "la profession du praticien n'est pas connue")
                break
            yield Flag(
                act,
                f"{ordinal(done)} RQD de {year}, le {jour(act.performed_on)} ; {most} au plus.",
                "Retirez les demandes au-delà de la limite de l'année.",
                amount=money,
                evidence=asked,
            )


RULES: tuple[AnyRule, ...] = (self_catheter, sheath, dialysis, expertise)
