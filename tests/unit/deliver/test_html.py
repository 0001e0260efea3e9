"""The structure of the page: nothing here pins bytes."""

from __future__ import annotations

import base64
import hashlib
import itertools
import re
from dataclasses import replace
from decimal import Decimal

import pytest
from lxml import html as lxml_html

from connector_core.deliver.french import short_day
from connector_core.deliver.html import render_html
from connector_core.deliver.report_data import SECTIONS
from connector_core.deliver.wording import NOTHING_READ, SECTION_WORDS, headline


@pytest.fixture(scope="module")
def text(data):
    return render_html(data)


@pytest.fixture(scope="module")
def page(text):
    return lxml_html.document_fromstring(text)


def test_the_headline_counts(data, page):
    (title,) = page.xpath("//h1")
    said = title.text_content()
    assert said == headline(data)
    for section in ("bilan_todo", "coding", "payer_reject", "to_invoice"):
        assert re.search(rf"\b{len(data.section(section))}\u00a0", said)
    assert re.search(r"\d bilans? à faire|\d\u00a0bilans? à faire", said)
    assert "en jeu." in said


def test_every_finding_is_on_the_page(data, page):
    assert sorted(page.xpath("//article/@id")) == sorted(f"constat-{item.finding.fingerprint}" for item in data.items)
    for section in SECTIONS:
        rows = page.xpath(f"//section[@id='{section}']//tbody/tr")
        assert len(rows) == len(data.section(section))


def test_every_link_on_the_page_leads_somewhere(page):
    ids = page.xpath("//@id")
    assert len(ids) == len(set(ids))
    links = [link for link in page.xpath("//a/@href") if link.startswith("#")]
    assert links
    assert {link.removeprefix("#") for link in links} <= set(ids)


def test_names_are_escaped(sample, text, page):
    assert len(page.xpath("//script")) == 1
    assert not page.xpath("//img")
    assert not page.xpath("//@onerror")
    assert sample.attack not in text
    assert sample.formula_name in page.text_content()


def test_nothing_is_fetched_from_anywhere(sample, text, page):
    assert "http:" not in text.replace(sample.formula_name.replace('"', "&#34;"), "")
    assert "https:" not in text
    assert page.xpath("//link/@href") == ["data:,"]
    assert not page.xpath("//@src | //@srcset | //form/@action | //@style")
    assert "url(" not in text
    assert "@import" not in text


def test_the_policy_admits_the_two_texts_alone(page):
    (policy,) = page.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    for directive, element in (("style-src", "style"), ("script-src", "script")):
        (content,) = page.xpath(f"//{element}/text()")
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{directive} 'sha256-{digest}'" in policy


def test_it_can_be_heard(page):
    assert page.get("lang") == "fr"
    assert page.xpath("count(//main)") == page.xpath("count(//h1)") == 1
    levels = [int(each.tag[1]) for each in page.xpath("//*[self::h1 or self::h2 or self::h3 or self::h4]")]
    assert all(later - earlier <= 1 for earlier, later in itertools.pairwise(levels))
    assert not page.xpath("//table[not(caption)]")
    assert not page.xpath("//th[not(@scope)]")
    assert page.xpath("//a[@class='skip']/@href") == ["#contenu"]
    assert page.xpath("//label/@for") == page.xpath("//input/@id")
    assert all(each.text_content().strip() for each in page.xpath("//*[contains(@class, 'badge')]"))
    assert not set(page.xpath("//@aria-labelledby")) - set(page.xpath("//@id"))


def test_it_prints(text):
    assert "@media print" in text
    assert "size: A4" in text
    assert "table-header-group" in text
    assert "break-inside: avoid" in text


def test_evidence_is_behind_every_finding(data, page):
    item = next(item for item in data.items if item.finding.rule == "KINE-BILAN-30" and item.counted)
    (article,) = page.xpath(f"//article[@id='constat-{item.finding.fingerprint}']")
    said = article.text_content()
    assert "export.ndjson" in said
    assert item.basis[0].reference in said
    assert len(article.xpath(".//ol[@class='counted']/li")) == len(item.counted)
    assert page.xpath("count(//article[not(details)])") == 0


def test_refused_rows_and_open_questions_are_told_without_their_content(sample, data, text, page):
    assert sample.secret not in text
    assert len(page.xpath("//section[@id='refus']//tbody/tr")) == len(data.refused)
    assert len(page.xpath("//section[@id='indetermine']//tbody/tr")) == len(data.undetermined)
    assert "Rien reçu depuis trop longtemps" in text


def test_amounts_keep_together(page):
    for amount in page.xpath("//*[@class='money']/text()"):
        assert re.fullmatch(r"-?\d{1,3}(\u202f\d{3})*,\d\d\u202f€", amount)


def test_a_day_without_findings(empty, data):
    read = replace(empty, sources=data.sources, knows_acts=True)
    page = lxml_html.document_fromstring(render_html(read))
    assert page.xpath("string(//h1)") == "Aujourd’hui\u00a0: rien à faire."
    assert not page.xpath("//article | //nav | //input")


def test_a_day_without_findings_is_not_said_of_what_could_not_be_seen(empty, data):
    refused = replace(empty, sources=data.sources, refused=data.refused, knows_acts=True)
    assert headline(refused) == "Aujourd’hui\u00a0: rien à faire, d’après ce qui a pu être lu."
    assert not empty.knows_acts
    assert headline(replace(empty, sources=data.sources)) == (
        "Aujourd’hui\u00a0: aucune source ne donne les actes, ce qu’il y a à faire n’est pas connu."
    )


def test_where_nothing_was_read_nothing_is_said_of_the_practice(empty, data):
    unread = replace(empty, figures=data.figures, sources=tuple(replace(each, rows=0) for each in data.sources))
    for nothing in (empty, unread):
        page = lxml_html.document_fromstring(render_html(nothing))
        assert page.xpath("string(//h1)") == NOTHING_READ
        assert str(page.xpath("string(//p[@class='lead'])")).startswith("Faites un export")
        assert not page.xpath("//section[@id='chiffres' or @id='indetermine']")


def test_the_cards_and_the_table_of_money_agree(data, page):
    lines = {line.name: line for line in data.money.by_section}
    plain = str.maketrans({"\u202f": "", "\u00a0": "", "€": "", ",": ".", "–": "0"})
    heads = [each.text_content() for each in page.xpath("//section[@id='argent']//thead//th")]
    assert heads[2:] == ["Risque de rejet", "Manque à gagner", "Information"]
    told = 0
    for row in page.xpath("//section[@id='argent']//tbody/tr[not(@class)]"):
        title, _, *sums = (each.text_content() for each in row)
        (name,) = (name for name, words in SECTION_WORDS.items() if words.title == title.replace("’", "'"))
        assert sum(Decimal(each.translate(plain)) for each in sums) == lines[name].total
        told += 1
    assert told > 3


def test_sums_of_nothing_are_not_told(data):
    none = Decimal(0)
    nothing = replace(data.money, owed=none, lost=none, expired=none, resumable=none, past=none)
    assert "Hors de ce total" in render_html(data)
    assert "0,00\u202f€ de bilans perdus" not in render_html(replace(data, money=replace(data.money, lost=none)))
    assert "Hors de ce total" not in render_html(replace(data, money=nothing))


def test_a_deadline_that_has_passed_is_said_to_have(data, page):
    for item in data.items:
        (article,) = page.xpath(f"//article[@id='constat-{item.finding.fingerprint}']")
        said = article.xpath("string(p[@class='facts'])")
        passed = item.deadline is not None and item.deadline < data.as_of
        assert ("Échéance passée" in said) == passed
        assert ("Échéance\u00a0:" in said) == (item.deadline is not None and not passed)
    assert {item.deadline < data.as_of for item in data.items if item.deadline} == {True, False}


def test_the_day_of_an_act_is_the_one_that_its_sentence_names(data, page):
    told = {}
    for section in ("coding", "to_invoice", "verify"):
        rows = page.xpath(f"//section[@id='{section}']//tbody/tr")
        for item, row in zip(data.section(section), rows, strict=True):
            days = re.findall(r"\d\d/\d\d/\d{4}", item.finding.message)
            shown = row.xpath("string(td[2])")
            evidence = {short_day(line.on) for line in item.evidence if line.on is not None}
            if set(days) & evidence:
                told[item.finding.fingerprint] = shown in days
    assert len(told) > 20
    assert all(told.values())


def test_a_day_without_hurry(data):
    calm = replace(data, items=data.section("verify"), money=replace(data.money, at_stake=data.money.at_stake * 0))
    assert headline(calm) == "Aujourd’hui\u00a0: rien ne presse."


def test_where_nothing_is_at_stake_there_is_no_empty_table(data):
    none = data.money.at_stake * 0
    lines = tuple(replace(line, reject=none, revenue=none) for line in data.money.by_section)
    quiet = replace(data, money=replace(data.money, at_stake=none, reject=none, revenue=none, by_section=lines))
    page = lxml_html.document_fromstring(render_html(quiet))
    assert page.xpath("count(//section[@id='argent']//table)") == 0
    assert str(page.xpath("string(//section[@id='argent']/p)")).startswith("Rien n’est en jeu")
