"""Faults that the rules IDE-BSI must find."""

from __future__ import annotations

from datetime import date, timedelta

from connector_core.model.records import Bsi
from connector_core.testing.courses import ActDraft
from connector_core.testing.nurse_bench import IFI, MAU, MCI, NurseBench, dependency_order
from connector_core.testing.nurse_rounds import EVENING, MORNING, Folder, Line

BSA, BSB, BSC = Line("BSA"), Line("BSB"), Line("BSC")
INITIAL, RENEWAL, INTERMEDIATE = (
    Line("DI", "2.5", "IDE-BSI-INITIAL"),
    Line("DI", "1.2", "IDE-BSI-RENOUV"),
    Line("DI", "1.2", "IDE-BSI-INTERM"),
)
_INJECTION = Line("AMX", "1", "IDE-sous-cutanee")
_DAY = timedelta(days=1)


def too_young(bench: NurseBench) -> None:
    folder, order, _ = bench.dependent(since=date(2023, 4, 24), hem="000", ages=(68, 75))
    act = folder.visit(date(2023, 5, 2), MORNING, [BSA, IFI], order)[0]
    bench.on_act("IDE-BSI-AGE-DATES", "reject", folder, act, "forfait en mai 2023 avant 85 ans")


def former_session(bench: NurseBench) -> None:
    folder = bench.folder((66, 80), since=date(2024, 2, 1))
    order = dependency_order(folder, date(2024, 1, 31))
    (act,) = folder.visit(folder.since, MORNING, [Line("AIS", "3", amount="7.95")], order)
    bench.on_act("IDE-BSI-AIS", "reject", folder, act, "AIS 3 en 2024")


def halved_infusion(bench: NurseBench) -> None:
    lines = [BSB, IFI, Line("AMX", "14", "IDE-perf-longue", "0.5")]
    bench.on_package("IDE-BSI-AMX-100", "revenue", lines, "AMX", "perfusion à 50 % avec un forfait", "22.05")


def whole_injection(bench: NurseBench) -> None:
    lines = [BSB, IFI, _INJECTION]
    bench.on_package("IDE-BSI-AMX-50", "reject", lines, "AMX", "injection à taux plein avec un forfait", "1.57")


def no_bsi_at_all(bench: NurseBench) -> None:
    bench.on_line("IDE-BSI-AMX-HORS", "reject", [_INJECTION], "AMX", "AMX sans BSI")


def plain_letter(bench: NurseBench) -> None:
    lines = [BSB, IFI, Line("AMI", "1", "IDE-sous-cutanee")]
    bench.on_package("IDE-BSI-AMX-LETTRE", "reject", lines, "AMI", "AMI avec un forfait")


def included(bench: NurseBench) -> None:
    lines = [BSB, IFI, Line("AMI", "1.2", "IDE-administration-medic")]
    bench.on_package("IDE-BSI-AMX-LISTE", "reject", lines, "AMI", "administration de médicaments avec un forfait")


def only_a_draft(bench: NurseBench) -> None:
    folder, order, bsi = bench.dependent()
    folder.bsis[0] = bsi.model_copy(update={"status": "draft", "closed_on": None, "doctor_replied_on": None})
    act = folder.visit(folder.since, MORNING, [INITIAL, IFI], order)[0]
    bench.on_act("IDE-BSI-BROUILLON", "reject", folder, act, "DI d'un BSI en brouillon")


def invoiced_early(bench: NurseBench) -> None:
    folder = bench.folder((66, 86))
    order = dependency_order(folder, folder.since - 3 * _DAY)
    folder.bsi("initial", folder.since, "321", order, first_care_on=folder.since, replied_after=None)
    folder.closings.clear()
    act = folder.visit(folder.since, MORNING, [BSB, IFI], order)[0]
    bench.on_act("IDE-BSI-CLOTURE-MEDECIN", "reject", folder, act, "forfait facturé sans attendre le médecin")


def initial_again(bench: NurseBench) -> None:
    folder, act, _ = _renewed(bench, 360, INITIAL)
    bench.on_act("IDE-BSI-DI-INITIAL", "reject", folder, act, "DI 2,5 pour un renouvellement", "13.00")


def third_intermediate(bench: NurseBench) -> None:
    folder = bench.folder((66, 86))
    begin = folder.since - timedelta(days=150)
    order = dependency_order(folder, begin - 3 * _DAY)
    folder.bsi("initial", begin, "321", order)
    for days in (50, 100, 150):
        folder.bsi("intermediate", begin + timedelta(days=days), "321", order, change=True)
    act = folder.visit(folder.since, MORNING, [INTERMEDIATE, IFI], order)[0]
    bench.on_act("IDE-BSI-DI-INTERM", "reject", folder, act, "troisième BSI intermédiaire en douze mois")


def renewal_price(bench: NurseBench) -> None:
    folder, act, _ = _renewed(bench, 360, Line("DI", "1.2", "IDE-BSI-RENOUV", amount="25.00"))
    bench.on_act("IDE-BSI-DI-MONTANT", "reject", folder, act, "DI 1,2 à 25 €", "13.00")


def renewed_too_early(bench: NurseBench) -> None:
    folder, act, _ = _renewed(bench, 200, RENEWAL)
    bench.on_act("IDE-BSI-DI-RENOUV", "reject", folder, act, "renouvellement au septième mois")


def former_approach(bench: NurseBench) -> None:
    line = Line("DI", "3", amount="30.00")
    bench.on_line("IDE-BSI-DSI", "reject", [line], "DI", "DI 3 en 2026")


def past_ninety(bench: NurseBench) -> None:
    folder, order, _ = bench.dependent(hem="303", ages=(91, 95))
    act = folder.visit(folder.since, MORNING, [BSB, IFI], order)[0]
    bench.on_act("IDE-BSI-FORFAIT-90", "revenue", folder, act, "BSB au lieu de BSC après 90 ans", "10.50")


def wrong_level(bench: NurseBench) -> None:
    bench.on_package("IDE-BSI-FORFAIT-NIVEAU", "reject", [BSC, IFI], "BSC", "BSC au lieu de BSB", "10.50")


def two_nurses(bench: NurseBench) -> None:
    folder, order, _ = bench.dependent()
    folder.visit(folder.since, MORNING, [BSB, IFI], order)
    act = folder.visit(folder.since, EVENING, [BSB, IFI], order, nurse=bench.nurse())[0]
    bench.on_act("IDE-BSI-FORFAIT-UNIQUE", "reject", folder, act, "un forfait par infirmier le même jour")


def weekly_visit(bench: NurseBench) -> None:
    folder, order, _ = bench.dependent(ages=(78, 86))
    line = Line("AMI", "4", "IDE-diab-hebdo-gt75")
    (act,) = folder.visit(folder.since, MORNING, [line], order)
    folder.visit(folder.since + 2 * _DAY, MORNING, [BSB, IFI], order)
    bench.on_act("IDE-BSI-HEBDO75", "reject", folder, act, "séance hebdomadaire la semaine d'un forfait")


def fifth_travel(bench: NurseBench) -> None:
    folder, order, _ = bench.dependent()
    folder.visit(folder.since, MORNING, [BSB, IFI], order)
    acts = [folder.visit(folder.since, MORNING + 120 * rank, [IFI], order)[0] for rank in range(1, 5)]
    bench.on_act("IDE-BSI-IFI-4", "reject", folder, acts[-1], "cinq IFI le même jour")


def wrong_travel(bench: NurseBench) -> None:
    bench.on_package("IDE-BSI-IFI-CODE", "reject", [BSB, Line("IFD")], "IFD", "IFD avec un forfait")


def travel_alone(bench: NurseBench) -> None:
    bench.on_package("IDE-BSI-IFI-JOUR", "reject", [IFI], "IFI", "IFI un jour sans forfait")


def single_act(bench: NurseBench) -> None:
    bench.on_package("IDE-BSI-MAU", "reject", [BSB, IFI, MAU], "MAU", "MAU avec un forfait")


def coordination(bench: NurseBench) -> None:
    bench.on_package("IDE-BSI-MCI", "reject", [BSB, IFI, MCI], "MCI", "MCI pour une toilette")


def package_without_bsi(bench: NurseBench) -> None:
    folder = bench.folder((66, 86))
    order = dependency_order(folder, folder.since - 3 * _DAY)
    act = folder.visit(folder.since, MORNING, [BSB, IFI], order)[0]
    bench.on_act("IDE-BSI-OBLIG", "reject", folder, act, "forfait sans BSI")


def old_prescription(bench: NurseBench) -> None:
    folder, _, bsi = _renewed(bench, 360, RENEWAL, prescribed=540)
    bench.finish(folder)
    note = "renouvellement sur une ordonnance de dix-huit mois"
    bench.expect("IDE-BSI-PRESCRIPTION", "reject", ("bsi", bsi.id), folder, "12.00", note)


def soon_over(bench: NurseBench) -> None:
    term = bench.today + timedelta(days=20)
    folder, _, bsi = bench.dependent(since=date(term.year - 1, term.month, min(term.day, 28)))
    bench.finish(folder)
    bench.expect("IDE-BSI-RENOUV-RAPPEL", "revenue", ("bsi", bsi.id), folder, "12.00", "BSI à renouveler sous peu")


def entered_late(bench: NurseBench) -> None:
    folder = bench.folder((66, 86))
    order = dependency_order(folder, folder.since - 3 * _DAY)
    folder.bsi("initial", folder.since + 11 * _DAY, "321", order, first_care_on=folder.since)
    act = folder.visit(folder.since, MORNING, [BSB, IFI], order)[0]
    bench.on_act("IDE-BSI-SEMAINE", "reject", folder, act, "BSI saisi onze jours après le premier soin")


def halved_package(bench: NurseBench) -> None:
    bench.on_package("IDE-BSI-TAUX", "reject", [Line("BSB", rate="0.5"), IFI], "BSB", "forfait à 50 %")


def over(bench: NurseBench) -> None:
    folder = bench.folder((66, 86))
    begin = folder.since - timedelta(days=370)
    order = dependency_order(folder, begin - 3 * _DAY)
    folder.bsi("initial", begin, "321", order)
    act = folder.visit(folder.since, MORNING, [BSB, IFI], order)[0]
    bench.on_act("IDE-BSI-VALIDITE", "reject", folder, act, "forfait après le terme du BSI")


def _renewed(bench: NurseBench, days: int, line: Line, prescribed: int | None = None) -> tuple[Folder, ActDraft, Bsi]:
    """A renewal so many days after the initial BSI, and the DI that bills it."""
    folder = bench.folder((66, 86))
    begin = folder.since - timedelta(days=days)
    if prescribed is None:
        first = dependency_order(folder, begin - 3 * _DAY)
        second = dependency_order(folder, folder.since - 3 * _DAY)
    else:
        first = second = dependency_order(folder, folder.since - timedelta(days=prescribed))
    folder.bsi("initial", begin, "321", first)
    bsi = folder.bsi("renewal", folder.since, "321", second)
    return folder, folder.visit(folder.since, MORNING, [line, IFI], second)[0], bsi


FAULTS = (
    too_young,
    former_session,
    halved_infusion,
    whole_injection,
    no_bsi_at_all,
    plain_letter,
    included,
    only_a_draft,
    invoiced_early,
    initial_again,
    third_intermediate,
    renewal_price,
    renewed_too_early,
    former_approach,
    past_ninety,
    wrong_level,
    two_nurses,
    weekly_visit,
    fifth_travel,
    wrong_travel,
    travel_alone,
    single_act,
    coordination,
    package_without_bsi,
    old_prescription,
    soon_over,
    entered_late,
    halved_package,
    over,
)
