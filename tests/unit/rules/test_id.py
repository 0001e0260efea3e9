"""ID and FIN-TAUX: what cases can't say."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector_core.errors import ConfigurationError
from connector_core.model.coverage import Covers
from connector_core.model.identifiers import nir_birth, nir_is_well_formed, nir_key, nir_status
from connector_core.model.records import Act, Coverage, Invoice, Patient, Practitioner, Prescription, Record
from connector_core.parameters.caisses import load_caisses, read_caisses, schemes
from connector_core.testing.cases import answers, load_cases

CASES = Path(str(files("connector_core.rules.catalogue").joinpath("cases")))
AS_OF = date(2026, 11, 22)
DAY = date(2026, 3, 2)
HEADER = "grand_regime,caisse,departements_geo,source"
NUMBERS = ("nir", "ins", "rpps", "am_number", "prescriber_rpps", "prescriber_am", "prescriber_finess", "member_number")


def test_no_answer_holds_an_identifier() -> None:
    for path in (*CASES.glob("ID-*.toml"), *CASES.glob("FIN-TAUX.toml")):
        for case in load_cases(path):
            numbers = [number for record in case.records for name in NUMBERS if (number := getattr(record, name, None))]
            found = answers(case.records, case.as_of, case.covers)
            told = [text for each in found.findings for text in (each.message, each.action)]
            told += [each.reason for each in found.undetermined]
            assert not [text for text in told for number in numbers if number in text], f"{case.rule}: {case.name}"


@pytest.mark.parametrize(
    ("month", "right"),
    [
        *((month, False) for month in (0, 13, 19, 43, 49)),
        *((month, True) for month in (1, 12, 20, 42, 50, 99)),
    ],
)
def test_months_of_a_nir(month: int, right: bool) -> None:
    assert nir_is_well_formed(f"185{month:02d}99999901") is right


def test_what_a_nir_says() -> None:
    assert nir_birth("2850399999901") == ("F", 85, 3)
    assert nir_birth("1852199999901") == ("M", 85, None)
    assert nir_is_well_formed("185042a999998")
    assert not nir_is_well_formed("18504٣5999998")
    assert [nir_status(f"{first}850499999901") for first in range(1, 9)] == (
        ["registered"] * 2 + ["pending"] * 2 + ["migrant"] * 2 + ["provisional"] * 2
    )


@given(st.from_regex(r"[1-8][0-9]{2}(0[1-9]|1[0-2])([013-9][0-9]|2[AB])[0-9]{6}", fullmatch=True))
def test_every_well_formed_nir_has_a_key(nir: str) -> None:
    assert nir_is_well_formed(nir)
    assert nir_key(nir) is not None


def test_the_table_of_caisses() -> None:
    known = load_caisses()
    assert "075" in known["01", "751"]
    assert "11" not in schemes(known)
    for line in ("01,75,075,x", "0A,751,075,x", "01,751"):
        with pytest.raises(ConfigurationError, match="ligne 2"):
            read_caisses([HEADER, line], "essai.csv")
    with pytest.raises(ConfigurationError, match="ligne 3"):
        read_caisses([HEADER, "01,751,075,x", "01,751,999,x"], "essai.csv")
    with pytest.raises(ConfigurationError, match="ligne 1"):
        read_caisses(["regime,caisse,source", "01,751,x"], "essai.csv")


def _invoice(acts: list[Act], claimed: Decimal, **fields: object) -> Invoice:
    given: dict[str, object] = {
        "id": "f1",
        "patient_id": "p1",
        "practitioner_id": "mk1",
        "number": "26001",
        "closed_on": AS_OF,
        "third_party": "AMO",
        "nature": "10",
        "exemption_code": "0",
        "total": sum((act.amount or Decimal(0) for act in acts), Decimal(0)),
        "amo_claimed": claimed,
    }
    return Invoice.model_validate({**given, **fields})


def _act(number: int, amount: str = "17.88", **fields: object) -> Act:
    given: dict[str, object] = {
        "id": f"a{number}",
        "patient_id": "p1",
        "practitioner_id": "mk1",
        "performed_on": DAY + timedelta(days=number),
        "letter": "RAM",
        "coefficient": Decimal("8.09"),
        "amount": Decimal(amount),
        "invoice_id": "f1",
    }
    return Act.model_validate({**given, **fields})


def _right(**fields: object) -> Coverage:
    given: dict[str, object] = {"id": "c1", "patient_id": "p1", "payer": "AMO", "organisation": "017510000"}
    return Coverage.model_validate({**given, "kind": "standard", **fields})


def _told(*records: Record) -> set[str]:
    practitioner = Practitioner(id="mk1", profession="MK")
    found = answers([practitioner, Patient(id="p1"), *records], AS_OF, Covers.all())
    return {each.rule for each in found.findings if each.rule.startswith(("ID-EXO", "FIN-"))}


@given(st.integers(1, 30))
def test_rounding_each_line_is_no_fault(sessions: int) -> None:
    acts = [_act(number) for number in range(sessions)]
    assert not _told(_right(), *acts, _invoice(acts, Decimal("10.73") * sessions))
    assert not _told(_right(), *acts, _invoice(acts, (Decimal("10.728") * sessions).quantize(Decimal("0.01"))))


def test_rights_that_never_end() -> None:
    acts = [_act(1, ald_related=True)]
    for kind, claimed in (("ALD", "17.88"), ("standard", "10.73")):
        right = _right(kind=kind, valid_to=date.max)
        assert not _told(right, *acts, _invoice(acts, Decimal(claimed), exemption_code=None))


def test_an_ald_that_ends_in_the_middle_of_an_invoice() -> None:
    acts = [_act(0, ald_related=True), _act(1, ald_related=True)]
    ald, later = _right(kind="ALD", valid_to=DAY), _right(id="c2", valid_from=DAY + timedelta(days=1))
    half = _invoice(acts, Decimal("28.61"), exemption_code=None)
    assert not _told(ald, later, *acts, half)
    assert _told(ald, later, *acts, half.model_copy(update={"amo_claimed": Decimal("21.46")})) == {"FIN-TAUX"}


def test_a_credited_line_takes_its_share_away() -> None:
    acts = [_act(0), _act(1), _act(2, "-17.88")]
    assert not _told(_right(), *acts, _invoice(acts, Decimal("10.73")))


def test_a_line_outside_the_nomenclature_is_not_judged() -> None:
    acts = [_act(0), _act(1, "30.00", letter="HN", coefficient=Decimal(1))]
    assert not _told(_right(), *acts, _invoice(acts, Decimal("10.73")))


def test_the_prescriber_who_cares_is_told_once() -> None:
    practitioner = Practitioner(id="mk1", profession="MK", rpps="10000000017")
    prescription = Prescription(id="o1", patient_id="p1", issued_on=DAY, prescriber_rpps="10000000017")
    acts = [_act(number, prescription_id="o1") for number in range(3)]
    found = answers([practitioner, Patient(id="p1"), prescription, *acts], AS_OF, Covers.all()).findings
    assert [each.severity for each in found if each.rule == "ID-RPPS-PRESC"] == ["info"]
