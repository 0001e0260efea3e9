"""A synthetic nurse's practice: deterministic and correct, in the common model only.

`make_nurse_practice` draws everything from its seed, as `practice.make_practice` does for physiotherapists; its people
cannot exist, and the rules have nothing to say about it. `faults_ide.plant_nurse` adds what they should find.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta

from connector_core.model.records import Practitioner, Record
from connector_core.model.vocabulary import Zone
from connector_core.testing.nurse_care import CARES, blood_tests
from connector_core.testing.nurse_dependency import couple, dependent, husband
from connector_core.testing.nurse_rare import RARE_CARES
from connector_core.testing.nurse_rounds import FIRST_PATIENT, Folder, Rounds, open_folder, out_of_town
from connector_core.testing.practice import Synthetic
from connector_core.testing.transfers import with_transfers

Shared = Callable[[Folder, Folder, date, date], None]

_BESIDE = ("insulin", "dressing", "none", "injections", "infusions", "heart")
_ROUND = 20
"""Patients after which the kinds of care come round again; the first five are dependent or in an EHPAD."""
_CARES = (*CARES, *RARE_CARES)
_AGES = ((66, 86), (91, 97))


def make_nurse_practice(
    seed: int, patients: int, months: int, *, today: date, practitioners: int = 2, zone: Zone = "METRO"
) -> Synthetic:
    """A practice of so many patients, seen over so many months up to `today`."""
    rounds = Rounds(seed, today, zone)
    staff = [rounds.nurse(number) for number in range(1, practitioners + 1)]
    records: list[Record] = [*staff]
    begin = today - timedelta(days=round(months * 30.4))
    number = 0
    while number < patients:
        folders = _folders(rounds, number, patients - number, begin, staff)
        for folder in folders:
            records.extend(folder.records())
        number += len(folders)
    records.extend(rounds.desk.lots())
    return Synthetic(with_transfers(records, today, "N"), today, zone)


def _folders(rounds: Rounds, number: int, left: int, begin: date, staff: Sequence[Practitioner]) -> list[Folder]:
    """The next patient, or the next two, who live together."""
    place, turn = number % _ROUND, number // _ROUND
    nurse = staff[number % len(staff)].id
    if place < 3:
        return [_dependent(rounds, number, begin, nurse, _BESIDE[(place + 2 * turn) % len(_BESIDE)], staff)]
    if place == 3 and left > 1:
        return _household(rounds, number, begin, nurse, husband if turn % 2 else couple)
    care, ages = (blood_tests, (75, 95)) if place == 4 else _CARES[(place + 15 * turn) % len(_CARES)]
    start = _start(rounds, begin, 5)
    folder = open_folder(rounds, FIRST_PATIENT + number, nurse, start, ages, ald=rounds.random.random() < 0.4)
    if place == 4:
        folder.facility = f"EHPAD{turn % 2 + 1}"
    elif rounds.random.random() < 0.4:
        out_of_town(folder)
    care(folder, start, rounds.today)
    return [folder]


def _dependent(
    rounds: Rounds, number: int, begin: date, nurse: str, beside: str, staff: Sequence[Practitioner]
) -> Folder:
    random = rounds.random
    start = _start(rounds, begin, 20)
    ages = random.choice(_AGES)
    folder = open_folder(rounds, FIRST_PATIENT + number, nurse, start, ages, ald=random.random() < 0.8)
    if random.random() < 0.5:
        out_of_town(folder)
    if random.random() < 0.4:
        folder.relief = random.choice(staff).id
    lasts = random.choice((30, 60, 90, 400))
    dependent(
        folder, start, min(rounds.today, start + timedelta(days=lasts)), beside=beside, earlier=random.random() < 0.3
    )
    return folder


def _household(rounds: Rounds, number: int, begin: date, nurse: str, care: Shared) -> list[Folder]:
    start = _start(rounds, begin, 20)
    both = [open_folder(rounds, FIRST_PATIENT + number + rank, nurse, start, (70, 85), ald=True) for rank in (0, 1)]
    household = both[0].patient.household
    both[1].chart.patient = both[1].patient.model_copy(update={"household": household})
    care(both[0], both[1], start, min(rounds.today, start + timedelta(days=rounds.random.choice((25, 50)))))
    return both


def _start(rounds: Rounds, begin: date, before_today: int) -> date:
    return begin + timedelta(days=rounds.random.randrange(max(1, (rounds.today - begin).days - before_today)))
