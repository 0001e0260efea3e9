"""How days, ranks and sums are written in French."""

import pytest

from connector_core.rules.french import ordinal


@pytest.mark.parametrize(("number", "text"), [(0, "0e"), (1, "1re"), (2, "2e"), (11, "11e")])
def test_only_the_first_is_written_otherwise(number: int, text: str) -> None:
    assert ordinal(number) == text
