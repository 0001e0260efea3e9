"""Another account while the service does not run: told so, and nothing is made in its name."""

from __future__ import annotations

import pytest
from tests.accounts.conftest import MARIE, SERVICE, Site

pytestmark = pytest.mark.accounts


@pytest.mark.parametrize("words", [("status",), ("findings",)])
def test_an_allowed_account_is_told_that_the_service_does_not_answer(site: Site, words: tuple[str, ...]) -> None:
    said = site.run(MARIE, *words)
    assert said.code == 3
    assert said.out == ""
    assert "le service ne répond pas" in said.err
    assert list(site.data.iterdir()) == []


def test_the_services_own_account_answers_as_without_a_channel(site: Site) -> None:
    said = site.run(SERVICE, "status")
    assert said.code == 3
    assert "Le service ne tourne pas" in said.out
