"""The short way through a row whose cells are all quoted gives what the csv module gives, or is not taken."""

import csv

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connector_core.errors import RowRefused
from connector_core.formats.delimited import DelimitedSplitter

SPLITTER = DelimitedSplitter(";", '"', "cp1252")


def by_the_module(text: str) -> list[str] | None:
    try:
        (values,) = csv.reader([text], delimiter=";", quotechar='"', strict=True)
    except (csv.Error, ValueError):
        return None
    return values


@given(st.text(st.sampled_from('";a é\n'), max_size=14).map(lambda inside: f'"{inside}"'))
@example('""')
@example('"";""')
@example('";"')
@example('";";";"')
@example('";"a"b"')
@example('"a""b";"c"')
def test_values_are_those_of_the_csv_module(text: str) -> None:
    expected = by_the_module(text)
    if expected is None:
        with pytest.raises(RowRefused):
            SPLITTER.values(text.encode("cp1252"))
    else:
        assert SPLITTER.values(text.encode("cp1252")) == expected


def test_a_cell_that_the_module_refuses_is_refused() -> None:
    with pytest.raises(RowRefused, match="démesurée"):
        SPLITTER.values(b'"' + b"x" * 200_000 + b'"')
