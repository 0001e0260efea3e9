"""The pages of the rules beside the report: whole, readable without a network, and linked without a dead end."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

import pytest
from lxml import html as lxml_html

from connector_core.deliver import rule_files
from connector_core.deliver.files import ReportError, write_report
from connector_core.deliver.names import RULES_FOLDER, RULES_INDEX, rule_file
from connector_core.deliver.replace import replace_file
from connector_core.deliver.rule_html import render_rules
from connector_core.deliver.rule_index import indexes
from connector_core.deliver.wording import FAMILY_WORDS


@pytest.fixture(scope="module")
def written(data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("rapport")
    write_report(data, folder, ("html",))
    return folder


@pytest.fixture(scope="module")
def parsed(written):
    return {path: lxml_html.document_fromstring(path.read_bytes()) for path in written.rglob("*.html")}


def test_every_link_leads_to_a_file_and_to_a_place_in_it(parsed):
    dead, followed = [], 0
    for path, page in parsed.items():
        for link in page.xpath("//a/@href"):
            target, _, anchor = link.partition("#")
            to = (path.parent / unquote(target)).resolve() if target else path
            followed += 1
            if to not in parsed or (anchor and not parsed[to].xpath("//*[@id=$name]", name=unquote(anchor))):
                dead.append((path.name, link))
    assert dead == []
    assert followed > 3 * len(parsed)


def test_no_link_leaves_the_computer(parsed):
    for page in parsed.values():
        assert not [link for link in page.xpath("//@href | //@src") if ":" in link and link != "data:,"]
        assert page.xpath("string(//meta[@http-equiv='Content-Security-Policy']/@content)").startswith(
            "default-src 'none'; "
        )


def test_every_finding_leads_to_its_rule(data, parsed, written):
    page = parsed[written / "rapport.html"]
    for item in data.items:
        (article,) = page.xpath(f"//article[@id='constat-{item.finding.fingerprint}']")
        codes = [item.finding.rule, *item.finding.also]
        assert article.xpath(".//p[@class='rule']//a/text()") == codes
        assert article.xpath(".//p[@class='rule']//a/@href") == [f"regles/{code}.html" for code in codes]
    assert page.xpath("//section[@id='indetermine']//tbody//a")


def test_the_index_names_every_rule_three_times_over(data, parsed, written):
    page = parsed[written / RULES_FOLDER / RULES_INDEX]
    codes = {each.code for each in data.pages}
    for name in ("family", "severity", "part"):
        (section,) = page.xpath(f"//section[@id='{name}']")
        assert set(section.xpath(".//a/text()")) == codes
    by_part = {group.anchor: {each.code for each in group.pages} for group in indexes(data.pages)[2].groups}
    assert "KINE-BILAN-30" in by_part["partie-bilan_todo"] & by_part["partie-bilan_lost"] & by_part["partie-soon"]
    assert by_part["partie-unpaid"] == {"SUIVI-IMPAYE"}


def test_every_family_is_said_in_words(data):
    assert {page.family for page in data.pages} <= set(FAMILY_WORDS)


def test_a_family_of_an_extension_needs_no_words(data):
    page = replace(data.pages[0], code="SITE-1", family="SITE")
    (group,) = indexes([page])[0].groups
    assert (group.heading, group.about) == ("SITE", "")


def test_a_page_can_be_heard_and_printed(parsed, written):
    for path, page in parsed.items():
        if path.parent == written:
            continue
        assert page.get("lang") == "fr"
        assert len(page.xpath("string(//title)")) > 10
        assert page.xpath("count(//main)") == page.xpath("count(//h1)") == 1
        levels = [int(each.tag[1]) for each in page.xpath("//h1 | //h2 | //h3 | //h4")]
        assert all(later - earlier <= 1 for earlier, later in itertools.pairwise(levels))
        assert not page.xpath("//table[not(caption)] | //th[not(@scope)] | //nav[not(@aria-label)]")
        ids = page.xpath("//@id")
        assert len(ids) == len(set(ids))
        assert set(page.xpath("//@aria-labelledby")) <= set(ids)
        assert page.xpath("//a[@class='skip']/@href") == ["#contenu"]
        assert not page.xpath("//script | //@style | //@onclick")
        assert "@media print" in page.xpath("string(//style)")


def test_a_page_says_what_its_markdown_says(data, parsed, written):
    for each in data.pages:
        said = parsed[written / RULES_FOLDER / rule_file(each.code)].text_content()
        for text in (each.title, *(passage.text for passage in each.passages), *each.notes):
            assert text in said
        for parameter in each.parameters:
            assert parameter.name in said
            assert all(value.source in said for value in parameter.values)


def test_markup_in_a_rule_is_text(data):
    page = replace(data.pages[0], title="<script>alert(1)</script>")
    for content in render_rules([page]).values():
        assert not lxml_html.document_fromstring(content).xpath("//script")


def test_pages_are_written_once_and_again_when_they_change(data, folder, monkeypatch):
    write_report(data, folder, ("html",))
    rules = folder / RULES_FOLDER
    times = {path: path.stat().st_mtime_ns for path in rules.iterdir()}
    made = []

    def counted(pages):
        made.append(len(pages))
        return render_rules(pages)

    monkeypatch.setattr(rule_files, "render_rules", counted)

    write_report(data, folder, ("html",))
    assert made == []

    first, *others = data.pages
    changed = replace(data, pages=(replace(first, title="Autre titre."), *others))
    write_report(changed, folder, ("html",))
    assert len(made) == 1
    moved = {path.name for path in rules.iterdir() if path.stat().st_mtime_ns != times[path]}
    assert moved == {rule_file(first.code), RULES_INDEX}


@pytest.mark.parametrize("harm", [Path.unlink, lambda path: path.write_bytes(b"")])
def test_a_page_that_is_gone_or_empty_is_written_again(data, folder, harm):
    write_report(data, folder, ("html",))
    page = folder / RULES_FOLDER / rule_file(data.pages[5].code)
    before = page.read_bytes()
    harm(page)
    write_report(data, folder, ("html",))
    assert page.read_bytes() == before


def test_a_run_killed_among_the_pages_is_made_up_for(data, folder, monkeypatch):
    left = 10

    def killed(path: Path, content: bytes, **options: bool) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            (path.parent / ".rapport-abc.partiel").write_bytes(content[:9])
            raise KeyboardInterrupt
        replace_file(path, content, **options)

    monkeypatch.setattr(rule_files, "replace_file", killed)
    with pytest.raises(KeyboardInterrupt):
        write_report(data, folder, ("html",))
    assert (folder / "rapport.html").exists()
    monkeypatch.undo()
    write_report(data, folder, ("html",))
    assert {path.name for path in (folder / RULES_FOLDER).iterdir()} == set(render_rules(data.pages))


def test_what_else_lies_in_the_folder_stays(data, folder):
    (folder / RULES_FOLDER).mkdir(parents=True)
    (folder / RULES_FOLDER / "note.txt").write_text("à moi", encoding="utf-8")
    write_report(data, folder, ("html",))
    assert (folder / RULES_FOLDER / "note.txt").read_text(encoding="utf-8") == "à moi"


def test_pages_that_cannot_be_written_are_told_and_the_report_is_there(data, folder):
    folder.mkdir()
    (folder / RULES_FOLDER).write_text("a file where the folder should be")
    with pytest.raises(ReportError) as caught:
        write_report(data, folder, ("html",))
    assert caught.value.where == str(folder / RULES_FOLDER)
    assert (folder / "rapport.html").exists()


def test_a_report_without_pages_promises_none(data, folder):
    write_report(replace(data, pages=()), folder, ("html",))
    page = lxml_html.document_fromstring((folder / "rapport.html").read_bytes())
    assert page.xpath("count(//a[not(starts-with(@href, '#'))])") == 0
    assert not (folder / RULES_FOLDER).exists()


@pytest.mark.parametrize("name", ["json", "xlsx"])
def test_other_formats_bring_no_pages(data, folder, name):
    write_report(data, folder, (name,))
    assert not (folder / RULES_FOLDER).exists()
