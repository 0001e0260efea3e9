"""Faults that the rules IDE-ACT must find."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from connector_core.model.vocabulary import Place
from connector_core.testing.courses import ActDraft
from connector_core.testing.nurse_bench import MAU, MCI, MD, NurseBench
from connector_core.testing.nurse_rounds import EVENING, MORNING, NOON, Folder, Line

_DAY = timedelta(days=1)
_IFD = Line("IFD")
_HEAVY = Line("AMI", "4", "IDE-pansement-lourd-4")
_FOLLOW_UP = Line("AMI", "5.8", "IDE-ic-bpco-suivi")
_SHORT_INFUSION = Line("AMI", "9", "IDE-perf-courte")


def fourth_accompaniment(bench: NurseBench) -> None:
    first, next_one = ("5.1", "IDE-accompagnement-medic-initiale"), ("4.6", "IDE-accompagnement-medic-2-3")
    visits = [[Line("AMI", *each)] for each in (first, next_one, next_one, next_one)]
    _series(bench, "IDE-ACT-ACCOMP", visits, 7, "quatrième séance d'accompagnement")


def many_analgesias(bench: NurseBench) -> None:
    visits = [[_HEAVY, MCI, Line("AMI", "1.1", "IDE-analgesie-topique")]] * 17
    _series(bench, "IDE-ACT-ANALG", visits, 2, "dix-septième analgésie topique")


def both_catheters(bench: NurseBench) -> None:
    lines = [Line("AMI", "3.5", "IDE-autosondage-education", "0.5"), Line("AMI", "4", "IDE-catheterisme-homme")]
    bench.on_line("IDE-ACT-AUTOSOND", "reject", lines, "AMI", "autosondage et cathétérisme")


def coordinated_review(bench: NurseBench) -> None:
    lines = [Line("AMI", "11", "IDE-bilan-plaie-lourde"), MCI]
    bench.on_line("IDE-ACT-BILANPLAIE", "reject", lines, "AMI", "bilan de plaie avec MCI", "5.00", home=True)


def unknown_pair(bench: NurseBench) -> None:
    folder, order, _ = bench.dependent()
    (act,) = folder.visit(folder.since, NOON, [Line("AMX", "3", amount="9.45")], order)
    bench.on_act("IDE-ACT-COEF", "reject", folder, act, "AMX 3 n'existe pas")


def fifth_dialysis(bench: NurseBench) -> None:
    folder = bench.folder()
    order = folder.order(folder.since - _DAY, "Dialyse péritonéale, 7 jours", sessions=7)
    line = Line("AMI", "4", "IDE-dialyse-peritoneale")
    acts = [folder.visit(folder.since, MORNING + 150 * rank, [line], order)[0] for rank in range(5)]
    bench.on_act("IDE-ACT-DIALYSE", "reject", folder, acts[-1], "cinquième dialyse du jour")


def third_drain(bench: NurseBench) -> None:
    visits = [[Line("AMI", "2.8", "IDE-postop-drain")]] * 3
    _series(bench, "IDE-ACT-DRAIN", visits, 1, "troisième séance de drain", discharged=True)


def second_sheath(bench: NurseBench) -> None:
    folder = bench.folder()
    order = folder.order(folder.since - _DAY, "Étui pénien, 7 jours", sessions=7)
    lines = [Line("AMI", "1", "IDE-etui-penien"), MAU]
    acts = [folder.visit(folder.since, wish, lines, order)[0] for wish in (MORNING, EVENING)]
    bench.on_act("IDE-ACT-ETUI", "reject", folder, acts[-1], "deux étuis le même jour")


def follow_up_on_sunday(bench: NurseBench) -> None:
    folder = bench.folder()
    order = folder.order(folder.since, "Suivi, 3 fois", sessions=3, daily=True, discharged_on=folder.since)
    act = folder.visit(folder.since + 6 * _DAY, NOON, [_FOLLOW_UP, MD], order)[-1]
    bench.on_act("IDE-ACT-ICBPCO", "reject", folder, act, "suivi un dimanche avec MD")


def medication_in_facility(bench: NurseBench) -> None:
    folder = bench.folder()
    folder.facility = "EHPAD-M"
    order = folder.order(folder.since - _DAY, "Administration de médicaments, 1 fois", sessions=1)
    act = folder.visit(folder.since, NOON, [Line("AMI", "1.2", "IDE-administration-medic"), MAU], order, place="EHPAD")[
        0
    ]
    bench.on_act("IDE-ACT-MEDIC", "reject", folder, act, "médicaments administrés en EHPAD")


def former_dressing(bench: NurseBench) -> None:
    folder = bench.folder(since=date(2026, 7, 1))
    order = folder.order(folder.since - _DAY, "Pansement, 1 fois", sessions=1)
    (act,) = folder.cabinet(folder.since, NOON, [Line("AMI", "2", amount="6.30")], order)
    act.label = "Pansement"
    bench.on_act("IDE-ACT-PANS202", "revenue", folder, act, "pansement encore en AMI 2", "0.06")


def travelled_organisation(bench: NurseBench) -> None:
    lines = [Line("AMI", "4", "IDE-perf-organisation"), _IFD]
    note = "déplacement pour l'organisation d'une perfusion"
    bench.on_line("IDE-ACT-PERF-ORGA", "reject", lines, "AMI", note, "2.75", home=True)


def removed_while_watched(bench: NurseBench) -> None:
    lines = [_SHORT_INFUSION, Line("AMI", "5", "IDE-perf-retrait", "0.5")]
    bench.on_line("IDE-ACT-PERF-RETRAIT", "reject", lines, "AMI", "retrait d'une perfusion sous surveillance")


def sixth_hour(bench: NurseBench) -> None:
    lines = [_SHORT_INFUSION, Line("AMI", "6", "IDE-perf-suppl-heure", quantity=6)]
    bench.on_line("IDE-ACT-PERF-SUPPL", "reject", lines, "AMI", "six heures supplémentaires", "18.90")


def watched_too_late(bench: NurseBench) -> None:
    folder = bench.folder()
    order = folder.order(folder.since, "Surveillance post-opératoire, 3 fois", sessions=3, discharged_on=folder.since)
    line = Line("AMI", "3.9", "IDE-postop-surveillance")
    (act,) = folder.visit(folder.since + 9 * _DAY, NOON, [line], order)
    bench.on_act("IDE-ACT-POSTOP", "reject", folder, act, "surveillance neuf jours après")


def fifth_request(bench: NurseBench) -> None:
    _series(bench, "IDE-ACT-RQD", [[Line("RQD")]] * 5, 5, "cinquième téléexpertise de l'année", place="CABINET")


def watched_too_often(bench: NurseBench) -> None:
    visits = [[Line("AMI", "1", "IDE-surveillance-observation"), MAU]] * 16
    _series(bench, "IDE-ACT-SURV15", visits, 1, "seizième passage de surveillance", about=-2)


def telecare_beside(bench: NurseBench) -> None:
    folder = bench.folder()
    order = folder.order(folder.since - _DAY, "Pansements, 5 fois", sessions=5)
    folder.home(folder.since, NOON, [_HEAVY, MCI], order)
    folder.home(folder.since + 2 * _DAY, NOON, [_HEAVY, MCI], order)
    line = Line("TMI", "1.6", "IDE-telesoin-pansement")
    (act,) = folder.cabinet(folder.since + 2 * _DAY, EVENING, [line], order)
    bench.on_act("IDE-ACT-TELEPANS", "reject", folder, act, "télésoin le jour d'un pansement")


def third_trip(bench: NurseBench) -> None:
    nurse = bench.nurse()
    first = bench.folder(nurse=nurse)
    folders = [first, *(bench.folder(since=first.since, nurse=nurse) for _ in range(2))]
    last: Sequence[ActDraft] = ()
    for rank, folder in enumerate(folders):
        order = folder.order(folder.since - _DAY, "Téléconsultation, 1 fois", sessions=1)
        last = folder.visit(folder.since, MORNING + 150 * rank, [Line("TLL"), _IFD], order)
        for act in last:
            act.facility = f"LIEU-{rank}"
    bench.finish(*folders)
    bench.expect("IDE-ACT-TLL", "reject", ("act", last[-1].id), None, "2.75", "troisième déplacement en lieu dédié")


def _series(
    bench: NurseBench,
    rule: str,
    visits: Sequence[Sequence[Line]],
    every: int,
    note: str,
    *,
    discharged: bool = False,
    place: Place = "DOMICILE",
    about: int = -1,
) -> None:
    """Visits on one prescription; the finding is about an act of the last one."""
    folder: Folder = bench.folder()
    order = folder.order(
        folder.since - _DAY,
        "Soins, deux mois",
        ends_on=folder.since + timedelta(days=60),
        discharged_on=folder.since - _DAY if discharged else None,
    )
    acts: Sequence[ActDraft] = ()
    for rank, lines in enumerate(visits):
        acts = folder.visit(folder.since + timedelta(days=rank * every), NOON, lines, order, place=place)
    bench.on_act(rule, "reject", folder, acts[about], note)


FAULTS = (
    fourth_accompaniment,
    many_analgesias,
    both_catheters,
    coordinated_review,
    unknown_pair,
    fifth_dialysis,
    third_drain,
    second_sheath,
    follow_up_on_sunday,
    medication_in_facility,
    former_dressing,
    travelled_organisation,
    removed_while_watched,
    sixth_hour,
    watched_too_late,
    fifth_request,
    watched_too_often,
    telecare_beside,
    third_trip,
)
