"""What a person is told in a few words: right plurals and amounts, and names only where they are wanted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from connector_core.deliver.notice import Notice
from connector_core.deliver.notices import WORDS, digest, news
from connector_core.deliver.report_data import money_of
from connector_core.deliver.report_model import Person, ReportData
from connector_core.deliver.sections import Section
from connector_core.model.finding import Finding, SubjectRef

Report = Callable[..., ReportData]


@pytest.fixture
def report(data: ReportData) -> Report:
    """A report of findings, each by its section, its amount and whom it is about."""

    def make(*found: tuple[Section, str | None, str | None]) -> ReportData:
        items = []
        for number, (section, amount, name) in enumerate(found):
            subject = SubjectRef("treatment", f"t{number}")
            money = None if amount is None else Decimal(amount)
            finding = Finding("R", "reject", subject, "p1", "m", "a", money, None, None, (), (), f"{number:020x}")
            person = None if name is None else Person(f"p{number}", name, None)
            items.append(replace(data.items[0], finding=finding, section=section, person=person))
        return replace(data, items=tuple(items), money=money_of(items))

    return make


def plain(notice: Notice | None) -> list[str]:
    assert notice is not None
    return notice.text.replace("\u202f", " ").replace("\u00a0", " ").splitlines()


def test_the_digest_counts_and_adds_up(report: Report) -> None:
    found = [("bilan_todo", "25.00", "A")] * 3 + [("payer_reject", "33.65", "B")] * 2
    assert plain(digest(report(*found))) == ["3 bilans à faire, 2 factures rejetées, 142,30 € en attente"]


@pytest.mark.parametrize("section", WORDS)
def test_one_is_singular_and_two_are_plural(report: Report, section: Section) -> None:
    one, many = WORDS[section]
    assert plain(digest(report((section, None, None)))) == [f"1 {one}"]
    assert plain(digest(report(*[(section, None, None)] * 1234))) == [f"1 234 {many}"]


def test_what_can_wait_is_not_told(report: Report) -> None:
    assert digest(report()) is None
    assert digest(report(("verify", "5.00", "A"), ("bilan_lost", "5.00", "A"), ("soon", "5.00", "A"))) is None


def test_names_are_told_only_when_asked_for_each_once_and_not_too_many(report: Report) -> None:
    found = [("bilan_todo", None, f"NOM{number % 7} Zoé") for number in range(9)] + [("coding", None, None)]
    assert "NOM" not in str(digest(report(*found)))
    told = plain(digest(report(*found), names=True))
    assert told[1:] == [*(f"NOM{number} Zoé : bilan à faire" for number in range(5)), "… et 2 autres"]


def test_news_are_those_that_are_still_open(report: Report) -> None:
    data = report(("bilan_todo", "25.00", "A"), ("payer_reject", "33.65", "B"), ("soon", None, "C"))
    told = news(data, {f"{1:020x}", "f" * 20})
    assert told is not None
    assert (told.title, plain(told)) == ("Nouveau", ["1 facture rejetée, 33,65 € en attente"])
    assert news(data, {"f" * 20}) is None
    assert news(data, {f"{2:020x}"}) is None
