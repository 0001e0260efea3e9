"""KINE-DAP: sessions beyond the threshold of a référentiel need a prior agreement (accord préalable)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from connector_core.model.dossier import Dossier
from connector_core.model.finding import Counted
from connector_core.model.records import Record
from connector_core.model.vocabulary import Severity
from connector_core.rules.bdk import worth
from connector_core.rules.catalogue import kine_dap_cotation as letters
from connector_core.rules.catalogue import kine_dap_prescription as prescription
from connector_core.rules.catalogue.kine_dap_agreements import belongs
from connector_core.rules.catalogue.kine_dap_demands import DEMANDS, LETTERS, Demand, demands
from connector_core.rules.catalogue.kine_facts import Once
from connector_core.rules.counting import cotation, count, counted
from connector_core.rules.french import jour, ordinal
from connector_core.rules.kernel import Answer, AnyRule, Check, Flag, Gap, rule

_FAULT = "accord"
_ARTICLE_7 = "NGAP dispositions générales article 7"
_REFERENTIALS = "NGAP titre XIV, dispositions liminaires ; chap. II article 1"


@rule(
    "KINE-DAP-SEUIL",
    subject="dossier",
    severity="reject",
    reference=_REFERENTIALS,
    confidence="C",
    needs=DEMANDS | {"act.urgent", "practitioner.zone"},
    rests_on=("prior_agreement",),
    letters=LETTERS,
)
def threshold(check: Check[Dossier]) -> Iterator[Answer]:
    """Au-delà du seuil de son référentiel, une séance demande un accord préalable.

    Vérifie : que chaque séance dont le rang dans la série dépasse le nombre de séances du référentiel est couverte, ce
    jour-là, par un accord exprès ou tacite. Le référentiel est celui de la cotation facturée.

    Pourquoi : sans accord préalable, la caisse ne participe pas aux frais ; les séances sont un indu.

    Ne s'applique pas : aux actes hors référentiel, au canal carpien (KINE-DAP-CARPIEN), aux actes d'urgence
    (KINE-DAP-URGENCE). Pour le traumatisme cervical récent, les textes divergent : de la 11e à la 15e séance, pour
    information. Un refus reçu plus de quinze jours après la demande est une information.

    Exemple : RIM 8,10, 11e séance sans demande : signalée ; 10e séance : rien.

    Paramètres : referential, kine.dap.silence_days, kine.dap.year_months, tariff
    """
    for demand in _open(check, lambda each: each.beyond and not each.referential.before_first):
        if isinstance(demand, Gap):
            yield demand
            continue
        severity: Severity | None = "info" if demand.contradicted else None
        what = f"{ordinal(demand.rank)} séance de la série ({demand.referential.label})"
        series = check.derive(count).of(demand.act.treatment_id)
        first = demand.rank == demand.referential.asks_from and series is not None
        yield _flag(
            check,
            demand,
            f"{what}, {_needs(demand)}",
            severity=severity,
            lines=() if not first or series is None else counted(series, 1, series.rank_on(demand.act.performed_on)),
        )
    yield from _doubts(check, "threshold")


@rule(
    "KINE-DAP-12MOIS",
    subject="dossier",
    severity="reject",
    reference="NGAP titre XIV chap. II article 1 A",
    confidence="C",
    needs=DEMANDS | {"act.urgent", "practitioner.zone"},
    rests_on=("prior_agreement",),
    letters=("RAM",),
)
def year(check: Check[Dossier]) -> Iterator[Answer]:
    """Après 30 séances de lombalgie ou de cervicalgie en douze mois, chaque séance demande un accord préalable.

    Vérifie : que, si 30 séances pour la même situation (lombalgie commune, ou cervicalgie non spécifique) ont été
    faites dans les douze mois précédents, la séance est couverte par un accord, quel que soit son rang.

    Pourquoi : la NGAP demande l'accord « à partir de la 31e séance, si 30 séances ont été prises en charge dans les
    12 mois précédents ».

    Ne s'applique pas : aux autres référentiels, aux actes d'urgence. Les séances faites dans un autre cabinet ne sont
    pas connues.

    Exemple : troisième série de lombalgie après deux séries de 15 en dix mois ; la deuxième série convient.

    Paramètres : referential, kine.dap.silence_days, kine.dap.year_months, tariff
    """
    for demand in _open(check, lambda each: each.year is not None):
        if isinstance(demand, Gap):
            yield demand
            continue
        what = f"{demand.year} séances ({demand.referential.label}) dans les douze mois précédents : accord préalable"
        yield _flag(check, demand, f"{what} nécessaire")
    yield from _doubts(check, "year")


@rule(
    "KINE-DAP-CARPIEN",
    subject="dossier",
    severity="reject",
    reference="NGAP titre XIV, dispositions liminaires a) ; chap. II article 1 B",
    confidence="C",
    needs=DEMANDS | {"act.urgent", "practitioner.zone"},
    rests_on=("prior_agreement",),
    letters=("RSC",),
)
def carpal(check: Check[Dossier]) -> Iterator[Answer]:
    """La rééducation après libération du canal carpien demande un accord préalable avant la première séance.

    Vérifie : que chaque séance cotée pour le canal carpien (RSC 8,09) est couverte par un accord exprès ou tacite.

    Pourquoi : cette situation ne nécessite une rééducation qu'à titre exceptionnel ; sans accord avant de débuter,
    les séances sont un indu.

    Ne s'applique pas : aux actes d'urgence (KINE-DAP-URGENCE).

    Exemple : RSC 8,09, 1re séance sans demande ; avec un accord, rien.

    Paramètres : referential, kine.dap.silence_days, tariff
    """
    for demand in _open(check, lambda each: each.referential.before_first):
        yield (
            demand
            if isinstance(demand, Gap)
            else _flag(check, demand, "canal carpien, accord préalable nécessaire avant de débuter")
        )


@rule(
    "KINE-DAP-TACITE",
    subject="dossier",
    severity="reject",
    reference=f"{_ARTICLE_7} C",
    confidence="C",
    needs=DEMANDS | {"act.urgent", "practitioner.zone"},
    rests_on=("prior_agreement.reply",),
    letters=LETTERS,
)
def tacit(check: Check[Dossier]) -> Iterator[Answer]:
    """Le silence de la caisse ne vaut accord qu'après plus de quinze jours.

    Vérifie : qu'aucune séance soumise à accord n'est faite alors que la demande est sans réponse, moins de seize jours
    après sa réception par la caisse.

    Pourquoi : le silence gardé plus de quinze jours à compter de la réception vaut acceptation ; avant, la séance
    n'est pas couverte.

    Ne s'applique pas : avant le seuil du référentiel, une fois la demande acceptée, aux actes d'urgence.

    Exemple : séance neuf jours après la réception de la demande ; le seizième jour, elle convient.

    Paramètres : referential, kine.dap.silence_days, kine.dap.year_months, tariff
    """
    for demand in _open(check, _certain, missing="prior_agreement.received_on"):
        if isinstance(demand, Gap):
            yield demand
        elif demand.cover.standing in ("pending", "incomplete"):
            yield _flag(check, demand, "séance faite avant l'accord de la caisse")


@rule(
    "KINE-DAP-INCOMPLETE",
    subject="dossier",
    severity="reject",
    reference=f"{_ARTICLE_7} C",
    confidence="C",
    needs=DEMANDS | {"act.urgent", "practitioner.zone"},
    rests_on=("prior_agreement.reply",),
    letters=LETTERS,
)
def incomplete(check: Check[Dossier]) -> Iterator[Answer]:
    """Quand la caisse demande des pièces, les quinze jours courent de leur réception.

    Vérifie : qu'aucune séance soumise à accord n'est faite avant que la caisse, qui avait demandé des pièces, les ait
    reçues depuis plus de quinze jours sans répondre.

    Pourquoi : le délai au terme duquel la demande est réputée acceptée ne court qu'à compter de la réception des
    pièces requises.

    Ne s'applique pas : aux pièces demandées alors que l'accord tacite était déjà acquis, aux actes d'urgence.

    Exemple : pièces demandées le 3 mars, reçues le 10 : la séance du 20 est signalée, celle du 26 convient.

    Paramètres : referential, kine.dap.silence_days, kine.dap.year_months, tariff
    """
    for demand in _open(check, _certain, missing="prior_agreement.documents_received_on"):
        if isinstance(demand, Gap):
            yield demand
        elif demand.cover.standing == "incomplete":
            yield _flag(check, demand, "séance faite avant l'accord de la caisse")


@rule(
    "KINE-DAP-URGENCE",
    subject="dossier",
    severity="info",
    reference=f"{_ARTICLE_7} C",
    confidence="C",
    needs=DEMANDS | {"act.urgent", "practitioner.zone", "prior_agreement.urgent"},
    rests_on=("prior_agreement",),
    letters=LETTERS,
)
def urgent(check: Check[Dossier]) -> Iterator[Answer]:
    """En urgence, l'acte est permis, mais la demande est envoyée avec la mention « acte d'urgence ».

    Vérifie : que pour chaque séance urgente soumise à accord, et non couverte, une demande du même traitement porte la
    mention « acte d'urgence ».

    Pourquoi : en cas d'urgence manifeste, le praticien dispense l'acte mais remplit néanmoins la formalité.

    Ne s'applique pas : aux séances couvertes par un accord, ni à celles que rien ne dit urgentes.

    Exemple : séance urgente sans demande ; avec une demande « acte d'urgence » du même jour, rien.

    Paramètres : referential, kine.dap.silence_days, kine.dap.year_months, tariff
    """
    once = Once()
    for demand in check.derive(demands).certain:
        act = demand.act
        if not act.urgent or demand.contradicted or demand.cover.standing == "covered":
            continue
        known = [(each, belongs(check, each, act)) for each in check.subject.prior_agreements]
        marks = {each.urgent for each, own in known if own}
        if True in marks:
            continue
        if None in marks or any(own is None and each.urgent is not False for each, own in known):
            missing = "prior_agreement.urgent" if None in marks else "prior_agreement.treatment_id"
            if once.first(act.treatment_id):
                yield Gap(act, (missing,), "on ne sait pas si la demande porte la mention « acte d'urgence »")
            continue
        check.cite(demand.referential.read())
        what = "la demande ne porte pas la mention" if marks else "aucune demande ne porte la mention"
        yield Flag(
            act,
            f"{cotation(act)} du {jour(act.performed_on)}, acte d'urgence : {what} « acte d'urgence ».",
            "Envoyez la demande d'accord préalable avec la mention « acte d'urgence ».",
            fault="urgence",
            amount=worth(check, act),
            due_on=act.performed_on,
            evidence=(act, *(each for each, own in known if own)),
        )


def _certain(demand: Demand) -> bool:
    """Whether no text denies that the session needs an agreement."""
    return not demand.contradicted


def _needs(demand: Demand) -> str:
    row = demand.referential
    if demand.contradicted:
        return f"accord préalable peut-être nécessaire : {row.note}"
    return f"accord préalable nécessaire dès la {ordinal(row.ap_from or 0)}"


def _open(check: Check[Dossier], needs: Callable[[Demand], bool], missing: str | None = None) -> Iterator[Demand | Gap]:
    """The sessions that need an agreement and have none; once per treatment, what can't be told.

    With `missing`, only what that field leaves open is told.
    """
    once = Once()
    for demand in check.derive(demands).certain:
        cover, act = demand.cover, demand.act
        if act.urgent or cover.standing == "covered" or not needs(demand):
            continue
        if cover.standing != "unknown":
            yield demand
        elif missing in (None, cover.missing) and once.first(act.treatment_id):
            yield Gap(act, (cover.missing,), "on ne sait pas si la demande d'accord préalable couvre cette séance")


def _flag(
    check: Check[Dossier],
    demand: Demand,
    what: str,
    *,
    severity: Severity | None = None,
    lines: list[Counted] | tuple[()] = (),
) -> Flag:
    """One session that no agreement covers."""
    act, cover = demand.act, demand.cover
    check.cite(demand.referential.read())
    late = cover.standing == "late_refusal"
    evidence: tuple[Record, ...] = (act,) if cover.agreement is None else (act, cover.agreement)
    return Flag(
        act,
        f"{cotation(act)} du {jour(act.performed_on)} : {what} ; {cover.reason}.",
        "Vérifiez si l'accord tacite était acquis avant le refus ; au besoin, contestez-le."
        if late
        else "Ne poursuivez qu'avec l'accord de la caisse : demande, ordonnance et argumentaire.",
        severity="info" if late else severity,
        fault=_FAULT,
        amount=worth(check, act),
        due_on=act.performed_on,
        evidence=evidence,
        counted=lines,
    )


def _doubts(check: Check[Dossier], topic: str) -> Iterator[Gap]:
    """Once per treatment, the first session of which it can't be told whether it needs an agreement."""
    once = Once()
    for doubt in check.derive(demands).doubts:
        if doubt.topic == topic and once.first((doubt.act.treatment_id, doubt.missing)):
            yield Gap(doubt.act, (doubt.missing,), doubt.reason)


RULES: tuple[AnyRule, ...] = (
    threshold,
    year,
    carpal,
    prescription.to_prepare,
    tacit,
    incomplete,
    urgent,
    letters.outside,
)
