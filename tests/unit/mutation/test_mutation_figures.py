"""What a run of mutants says of itself."""

from mutation.figures import Result, Survivor, rate, shown, table

SURVIVOR = Survivor("connector_core.rules.bdk", 68, "allows", "ReplaceOrWithAnd", "a or b", "a and b")


def test_the_rate_counts_what_was_tried() -> None:
    assert rate(3, 4) == 75.0
    assert rate(0, 0) == 100.0


def test_the_table_has_a_line_for_each_module_and_their_sum() -> None:
    one = Result("connector_core.rules.bdk", 8, 1, 30, 0, (SURVIVOR, SURVIVOR), 1)
    other = Result("connector_core.rules.catalogue.fin", 10, 0, 5, 3, ())
    lines = table([one, other], ["connector_core.rules.counting"]).splitlines()
    assert lines[2] == "| bdk | 10 | 8 | 1 | 2 | 1 | 80.0 | 30 | 0 |"
    assert lines[3] == "| fin | 10 | 10 | 0 | 0 | 0 | 100.0 | 5 | 3 |"
    assert lines[4] == "| **all** | 20 | 18 | 1 | 2 | 1 | 90.0 | 35 | 3 |"
    assert lines[-1] == "Not run: `counting`."


def test_a_survivor_says_where_it_stands_and_what_it_changed() -> None:
    assert shown(SURVIVOR).splitlines() == ["bdk:68 allows ReplaceOrWithAnd", "    - a or b", "    + a and b"]
