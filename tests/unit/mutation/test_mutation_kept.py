"""Which mutants are tried: operators that say something of the tests, where code is executed."""

import pytest
from mutation.kept import is_kept, typing_places

SOURCE = """\
from dataclasses import dataclass

Answer = int | str
CODES = {"A"} | {"B"}


@dataclass(frozen=True)
class Bilan:
    rank: int | None = None


def due(bilan: Bilan | None, *, window: int | None = 10) -> bool | None:
    step: int | str = 20 | 1
    return bilan | step
"""


@pytest.mark.parametrize(
    ("line", "text", "kept"),
    [
        (3, "|", False),
        (4, "|", True),
        (7, "True", False),
        (9, "|", False),
        (12, "| None,", False),
        (12, "*", False),
        (12, "| None = 10", False),
        (12, "10", True),
        (12, "| None:", False),
        (13, "| str", False),
        (13, "20", True),
        (13, "| 1", True),
        (14, "|", True),
    ],
)
def test_what_only_the_type_checker_reads_is_left_alone(line: int, text: str, kept: bool) -> None:
    column = SOURCE.splitlines()[line - 1].index(text)
    assert is_kept("core/NumberReplacer", (line, column), typing_places(SOURCE)) is kept


@pytest.mark.parametrize(
    ("operator", "kept"),
    [
        ("core/ReplaceComparisonOperator_Eq_NotEq", True),
        ("core/ReplaceComparisonOperator_Eq_Is", False),
        ("core/ReplaceComparisonOperator_Lt_LtE", True),
        ("core/ReplaceBinaryOperator_Add_Sub", True),
        ("core/ReplaceBinaryOperator_Add_Mod", False),
        ("core/ReplaceUnaryOperator_Delete_Not", True),
        ("core/ReplaceContinueWithBreak", True),
        ("core/RemoveDecorator", False),
        ("connector/SwapIn", True),
    ],
)
def test_an_operator_has_its_opposite_and_its_neighbour(operator: str, kept: bool) -> None:
    assert is_kept(operator, (1, 0), []) is kept
