"""Which findings become flags, what a flag says, and how it is put at the end of a text and taken out again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector_core.deliver.write_back.flags import Wanted, signed
from connector_core.deliver.write_back.note import has_line, with_line, without_line
from connector_core.model.finding import Finding, SubjectRef
from connector_core.model.vocabulary import Severity
from connector_core.store.answers import FindingState, KeptFinding

DAY = date(2026, 3, 2)
FINDING = Finding(
    rule="KINE-BILAN-30",
    severity="reject",
    subject=SubjectRef("act", "vega:a1"),
    patient_id="vega:p1",
    message="Le bilan de Zoé OZVRAY est dû.",
    action="Faites le bilan.",
    amount=None,
    due_on=date(2026, 2, 20),
    deadline=date(2026, 3, 12),
    evidence=(),
    parameters=(),
    fingerprint="f1",
)


def kept(finding: Finding = FINDING, state: FindingState = "open") -> KeptFinding:
    return KeptFinding(finding, "d1", state, "2026-02-28", "2026-02-28", None, "x")


def wanted(patients: Sequence[str] = ("p1",), severities: Sequence[str] = ("reject",)) -> Wanted:
    titles = {"KINE-BILAN-30": "Bilan (BDK) dû\nà la 30e séance."}
    return Wanted("vega", cast("Sequence[Severity]", severities), titles, lambda _: patients, DAY)


def test_a_flag_says_what_to_do_by_when_and_why_and_nothing_of_the_patient() -> None:
    (flag,) = wanted().flags([kept()], "note")
    assert flag.text == (
        "Bilan à faire, au plus tard le 12/03/2026. Règle : Bilan (BDK) dû à la 30e séance (KINE-BILAN-30)"
    )
    assert (flag.patient, flag.day, flag.severity) == ("p1", date(2026, 3, 12), "reject")
    assert signed(flag) == f"{flag.text} (connector {flag.mark})"
    assert signed(flag, 60) == f"{flag.text[:30]}… (connector {flag.mark})"
    assert len(signed(flag, 60)) == 60


def test_a_mark_is_of_all_that_a_flag_says_and_of_its_place() -> None:
    (flag,) = wanted().flags([kept()], "note")
    assert [flag] == list(wanted().flags([kept()], "note"))
    others = [
        *wanted().flags([kept(replace(FINDING, deadline=date(2026, 3, 13)))], "note"),
        *wanted().flags([kept(replace(FINDING, fingerprint="f2"))], "note"),
        *wanted().flags([kept()], "alertes"),
        *wanted(["p2"]).flags([kept()], "note"),
        *replace(wanted(), source="kine").flags([kept()], "note"),
    ]
    assert len({flag.mark, *(each.mark for each in others)}) == 6


@pytest.mark.parametrize(
    "other",
    [
        kept(state="dismissed"),
        kept(state="resolved"),
        kept(replace(FINDING, severity="info")),
        kept(replace(FINDING, patient_id=None)),
        kept(replace(FINDING, rule="TT-FORCLUSION-27")),  # its money is gone
    ],
)
def test_what_is_not_open_or_not_asked_for_or_of_no_patient_or_useless_is_not_flagged(other: KeptFinding) -> None:
    assert list(wanted().flags([other], "note")) == []


def test_a_patient_whom_the_source_does_not_know_is_not_flagged() -> None:
    assert list(wanted([]).flags([kept()], "note")) == []


TEXTS = st.text(st.characters(exclude_characters="\x00", codec="utf-8"), max_size=40)
LINE = "Bilan à faire (connector 0123456789abcdef)"


@given(TEXTS)
def test_a_line_is_taken_out_as_it_was_added(text: str) -> None:
    longer = with_line(text, LINE)
    assert has_line(longer, LINE)
    assert without_line(longer, LINE) == text


@given(TEXTS, TEXTS)
def test_what_is_written_around_a_line_stays(before: str, after: str) -> None:
    around = f"{before}\r\n{LINE}\r\n{after}"
    assert without_line(around, LINE) == f"{before}\r\n{after}"


def test_a_line_that_is_part_of_another_is_not_that_line() -> None:
    for text in (f"{LINE} vu", f"- {LINE}", LINE.upper(), "", None):
        assert not has_line(text, LINE)
    with pytest.raises(ValueError, match="no such line"):
        without_line("autre", LINE)
