"""The report in a real browser, without a network: it loads, obeys the keyboard, prints, and can be read by all.

The accessibility checks are a dozen of those that axe makes, written here since nothing is downloaded by a test.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from connector_core.deliver.files import write_report
from connector_core.deliver.report_data import report_data
from connector_core.diagnose.pages import rule_pages
from connector_core.money.tally import figures_of
from connector_core.parameters.registry import load_parameters
from connector_core.parameters.tariffs import load_tariffs
from connector_core.pipeline.attempt import Pipeline
from connector_core.pipeline.cabinet import PracticeView
from connector_core.pipeline.given import Input, Rules
from connector_core.pipeline.subjects import checks
from connector_core.plugins.loader import load_plugins
from connector_core.sources.local import LocalFile
from connector_core.store.store import Store
from connector_core.testing.anomalies import plant
from connector_core.testing.exports.pivot import write_pivot
from connector_core.testing.practice import make_practice

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

CHROMIUM, DRIVER = Path("/usr/bin/chromium"), Path("/usr/bin/chromedriver")
FLAGS = (
    "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync"
).split()
TODAY = date(2026, 11, 20)

CONTRAST = """
const channel = (value) => (value /= 255) <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
const ground = (node) => {
  for (; node; node = node.parentElement) {
    const colour = numbers(getComputedStyle(node).backgroundColor);
    if (colour.length < 4 || colour[3] === 1) return colour;
    if (colour[3] > 0) throw new Error("translucent");
  }
  return [255, 255, 255];
};
const poor = new Set();
for (const node of document.body.querySelectorAll("*")) {
  const own = [...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim());
  if (!own || ["SCRIPT", "STYLE"].includes(node.tagName) || !node.checkVisibility()) continue;
  const style = getComputedStyle(node), size = parseFloat(style.fontSize);
  const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
  const [a, b] = [light(numbers(style.color)), light(ground(node))];
  const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  if (ratio < (large ? 3 : 4.5)) poor.add(`${node.tagName}.${node.className} ${ratio.toFixed(2)}`);
}
return [...poor];
"""

ACCESSIBILITY = """
const wrong = [];
const expect = (right, what) => right || wrong.push(what);
const all = (selector) => [...document.querySelectorAll(selector)];
const text = (node) => node.textContent.trim();
expect(document.documentElement.lang === "fr", "lang");
expect(document.title.length > 10, "title");
expect(!/user-scalable|maximum-scale/.test(document.querySelector("meta[name=viewport]").content), "zoom");
expect(all("main").length === 1 && all("h1").length === 1, "one main, one h1");
expect(all("body > header").length === 1 && all("body > footer").length === 1, "landmarks");
const levels = all("h1,h2,h3,h4,h5,h6").map((node) => Number(node.tagName[1]));
expect(levels.every((level, n) => n === 0 || level <= levels[n - 1] + 1), "heading order");
expect(all("h1,h2,h3,h4").every(text), "empty heading");
expect(all("table").every((node) => node.caption && text(node.caption)), "caption");
expect(all("th").every((node) => node.scope), "scope");
expect(all("input").every((node) => node.labels.length && text(node.labels[0])), "label");
expect(all("a,button,summary").every(text), "name of a control");
const ids = all("[id]").map((node) => node.id);
expect(new Set(ids).size === ids.length, "unique ids");
expect(all("[aria-labelledby]").every((node) => document.getElementById(node.getAttribute("aria-labelledby"))), "aria");
expect(all("nav").every((node) => node.ariaLabel), "name of a nav");
expect(all("ul,ol").every((node) => [...node.children].every((child) => child.tagName === "LI")), "lists");
expect(all("[tabindex]").every((node) => node.tabIndex < 1), "positive tabindex");
expect(all(".badge").every(text), "severity in words");
expect(all(".cards a").every((node) => node.getBoundingClientRect().height >= 24), "target size");
return wrong;
"""

CLUTTER = """
const wrong = [];
for (const plot of document.querySelectorAll("svg.plot")) {
  const frame = plot.getBoundingClientRect();
  const texts = [...plot.querySelectorAll("text")].filter((node) => node.checkVisibility());
  const boxes = texts.map((node) => [node.textContent, node.getBoundingClientRect()]);
  boxes.forEach(([text, box], n) => {
    const across = box.left < frame.left - 0.5 || box.right > frame.right + 0.5;
    if (across || box.bottom > frame.bottom + 0.5 || box.top < frame.top - 4) wrong.push(`clipped: ${text}`);
    for (const [other, its] of boxes.slice(n + 1))
      if (box.left < its.right && its.left < box.right && box.top < its.bottom - 1 && its.top < box.bottom - 1)
        wrong.push(`${text} over ${other}`);
  });
  if (texts.some((node) => node.getBoundingClientRect().height < 9)) wrong.push("small text");
  const soft = getComputedStyle(plot.closest("figure").querySelector(".born")).color;
  if (texts.some((node) => getComputedStyle(node).fill !== soft)) wrong.push("text of another colour than the page's");
}
return [document.querySelectorAll("svg.plot rect").length > 20, wrong];
"""


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("browser")
    export = folder / "export.ndjson"
    synthetic = plant(make_practice(3, 30, 2, today=TODAY), 5)
    write_pivot(synthetic.records, export, exported_at=datetime(2026, 11, 20, 7, tzinfo=UTC))
    rules = Rules(load_plugins(no_plugins=True), load_parameters(), load_tariffs())
    with Store.in_memory() as store:
        pipeline = Pipeline(store, rules, lambda: datetime(2026, 11, 20, 7, tzinfo=UTC))
        pipeline.attempt([Input("vega", LocalFile(export))], TODAY)
        made_at = datetime(2026, 11, 20, 8, tzinfo=ZoneInfo("Europe/Paris"))
        view = PracticeView.of(store, ("vega",), {})
        dossiers = checks(store, view, rules.parameters, rules.tariffs, TODAY)
        data = report_data(
            store,
            "Cabinet des Tilleuls",
            TODAY,
            made_at,
            rules=rules.host.rules,
            parameters=rules.parameters,
            pages=rule_pages(rules.host.rules, rules.parameters),
            figures=figures_of(dossiers, view.cabinet.covers, date(2025, 12, 1), TODAY),
        )
    (page,) = write_report(data, folder / "rapport", ("html",))
    return page


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    webdriver = pytest.importorskip("selenium.webdriver")
    if not (CHROMIUM.exists() and DRIVER.exists()):
        pytest.skip("no Chromium here")
    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(str(DRIVER)))
    driver.execute_cdp_cmd("Network.enable", {})
    offline = {"offline": True, "latency": 0, "downloadThroughput": 0, "uploadThroughput": 0}
    driver.execute_cdp_cmd("Network.emulateNetworkConditions", offline)
    yield driver
    driver.quit()


@pytest.fixture
def page(chromium, report):
    show(chromium, report, 1280, 900)
    return chromium


def show(driver, report, width, height, *, scheme="light", script=True):
    """Load the page anew in a window of that size."""
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    colours = {"media": "", "features": [{"name": "prefers-color-scheme", "value": scheme}]}
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", colours)
    driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": not script})
    driver.get(report.as_uri())


def test_it_loads_without_a_network_and_without_complaint(chromium, report):
    chromium.get_log("performance")
    chromium.get_log("browser")
    show(chromium, report, 1280, 900)
    title = chromium.find_element("tag name", "h1")
    assert title.is_displayed()
    assert title.text.startswith("Aujourd’hui")
    assert chromium.get_log("browser") == []
    messages = (json.loads(entry["message"])["message"] for entry in chromium.get_log("performance"))
    asked = {each["params"]["request"]["url"] for each in messages if each["method"] == "Network.requestWillBeSent"}
    assert asked <= {report.as_uri(), "data:,"}


def test_the_policy_stops_what_is_not_the_reports_own(page):
    stopped = page.execute_async_script(
        "const done = arguments[0]; const seen = [];"
        "document.addEventListener('securitypolicyviolation', (event) => seen.push(event.effectiveDirective));"
        "for (const [tag, key, value] of [['script', 'textContent', 'window.ran = 1'], ['img', 'src', 'http://x.invalid/']])"
        "{ const node = document.createElement(tag); node[key] = value; document.body.append(node); }"
        "setTimeout(() => done([seen.sort(), window.ran ?? null]), 300);"
    )
    assert stopped == [["img-src", "script-src-elem"], None]
    page.get_log("browser")


def test_the_keyboard_reaches_the_filter_and_the_evidence(page):
    from selenium.webdriver import ActionChains, Keys

    met = []
    for _ in range(600):
        ActionChains(page).send_keys(Keys.TAB).perform()
        met.append(page.execute_script("const a = document.activeElement; return a.id || a.className || a.tagName"))
        if met[-1] == "SUMMARY":
            break
    assert met[0] == "skip"
    assert "recherche" in met
    assert met[-1] == "SUMMARY"
    ActionChains(page).send_keys(Keys.ENTER).perform()
    assert page.execute_script("return document.activeElement.parentElement.open") is True
    assert page.execute_script("return getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_the_filter_keeps_what_fits(page):
    name = page.find_element("css selector", "table.main th a").text
    field = page.find_element("id", "recherche")
    shown = "return [...document.querySelectorAll('table.main tbody tr')].filter((row) => row.checkVisibility()).length"
    everything = page.execute_script(shown)
    field.send_keys(name.lower())
    assert 0 < page.execute_script(shown) < everything
    rows = page.find_elements("css selector", "table.main tbody tr:not([hidden]) th")
    assert all(name in row.text for row in rows)
    assert re.match(r"\d+ lignes?$", page.find_element("id", "resultat").text)
    field.clear()
    field.send_keys("zzzz")
    assert page.find_element("id", "resultat").text == "Aucune ligne"
    page.execute_script("arguments[0].value = ''; arguments[0].dispatchEvent(new Event('input'))", field)
    assert page.execute_script(shown) == everything


def test_it_is_whole_without_script(chromium, report):
    try:
        show(chromium, report, 1280, 900, script=False)
        assert not chromium.find_element("id", "filtre").is_displayed()
        assert chromium.find_elements("css selector", "table.main tbody tr")
        assert chromium.find_element("tag name", "summary").is_displayed()
    finally:
        chromium.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


@pytest.mark.parametrize("width", [320, 375, 768, 1280])
def test_nothing_sticks_out(chromium, report, width):
    show(chromium, report, width, 800)
    chromium.execute_script("for (const each of document.querySelectorAll('details')) each.open = true")
    wide = "return document.documentElement.scrollWidth"
    assert chromium.execute_script(wide) <= width


@pytest.mark.parametrize("width", [320, 1280])
def test_a_long_name_stays_in_its_place(chromium, report, width):
    show(chromium, report, width, 900)
    names, over, wider = chromium.execute_script(
        "const names = [...document.querySelectorAll('.whom a, table.main th a, .patient h3')];"
        "for (const each of names) each.firstChild.data = 'ANDRIANTSITOHAINARIVOLOLOMANANA'.repeat(3);"
        "const over = (name) => { const amount = name.closest('.whom')?.querySelector('.money');"
        "  return amount && name.getBoundingClientRect().right > amount.getBoundingClientRect().left; };"
        "return [names.length, names.filter(over).length, document.documentElement.scrollWidth - innerWidth];"
    )
    assert names > 3
    assert over == 0
    assert wider <= 0


@pytest.mark.parametrize("width", [320, 375, 768, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_plots_can_be_read(chromium, report, width, scheme):
    show(chromium, report, width, 900, scheme=scheme)
    assert chromium.execute_script(CLUTTER) == [True, []]


def test_plots_are_told_to_who_cannot_see_them(chromium, report):
    show(chromium, report, 1280, 900, script=False)
    tree = chromium.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    images = [node for node in tree if node.get("role", {}).get("value") in ("image", "img") and not node["ignored"]]
    told = {node["name"]["value"]: node.get("description", {}).get("value", "") for node in images}
    assert {"Honoraires par mois", "Honoraires par lettre-clé"} <= set(told)
    assert all("La plus haute" in said for said in told.values())
    chromium.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def test_it_prints_whole_pages_with_the_numbers_of_every_plot(page):
    sheets = "return [...document.querySelectorAll('details')].filter((each) => each.open).length"
    assert page.execute_script(sheets) == 0
    printed = page.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True})
    pdf = base64.b64decode(printed["data"])
    assert pdf.startswith(b"%PDF-")
    (width, height), *_ = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", pdf)
    assert (round(float(width)), round(float(height))) == (595, 842)
    page.execute_script("dispatchEvent(new Event('beforeprint'))")
    assert page.execute_script(sheets) == len(page.find_elements("css selector", ".chart details")) > 0
    page.execute_script("dispatchEvent(new Event('afterprint'))")
    assert page.execute_script(sheets) == 0


def test_only_the_evidence_that_was_opened_is_printed(page):
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    shown = (
        "return [...document.querySelectorAll('#dossiers, #dossiers .patient, #dossiers article')]"
        ".filter((each) => each.checkVisibility()).map((each) => each.tagName)"
    )
    assert page.execute_script(shown) == []
    page.execute_script("document.querySelector('article details').open = true")
    assert page.execute_script(shown) == ["SECTION", "SECTION", "ARTICLE"]
    assert page.execute_script("return document.querySelector('.proof').checkVisibility()") is True


def test_a_finding_leads_to_its_rule_and_back(page, report):
    page.get_log("browser")
    page.find_element("css selector", "article summary").click()
    link = page.find_element("css selector", ".rule a")
    code = link.text
    link.click()
    assert page.current_url == (report.parent / "regles" / f"{code}.html").as_uri()
    assert code in page.find_element("class name", "practice").text
    page.find_element("link text", "Toutes les règles").click()
    assert "règles" in page.find_element("tag name", "h1").text
    page.find_element("link text", code).click()
    page.find_element("link text", "Le rapport").click()
    assert page.current_url == report.as_uri()
    assert page.get_log("browser") == []


@pytest.mark.parametrize("name", ["KINE-BILAN-30", "KINE-DAP-SEUIL", "index"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_of_a_rule_can_be_read_by_all(chromium, report, name, scheme):
    for width in (320, 1280):
        show(chromium, report.parent / "regles" / f"{name}.html", width, 900, scheme=scheme)
        assert chromium.execute_script("return document.documentElement.scrollWidth") <= width
        assert chromium.execute_script(ACCESSIBILITY) == []
        assert chromium.execute_script(CONTRAST) == []


def test_a_page_of_a_rule_prints(chromium, report):
    show(chromium, report.parent / "regles" / "KINE-BILAN-30.html", 1280, 900)
    pdf = base64.b64decode(chromium.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True})["data"])
    (width, height), *_ = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", pdf)
    assert (round(float(width)), round(float(height))) == (595, 842)
    chromium.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    assert not chromium.find_element("css selector", ".masthead nav").is_displayed()


def test_print_hides_what_paper_cannot_do(page):
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    assert not page.find_element("id", "filtre").is_displayed()
    heads = "return getComputedStyle(document.querySelector('table.main thead')).display"
    assert page.execute_script(heads) == "table-header-group"


def test_accessibility(page):
    assert page.execute_script(ACCESSIBILITY) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast(chromium, report, scheme):
    show(chromium, report, 1280, 900, scheme=scheme)
    chromium.execute_script("for (const each of document.querySelectorAll('details')) each.open = true")
    assert chromium.execute_script(CONTRAST) == []


def test_tables_stay_tables_on_a_phone(chromium, report):
    show(chromium, report, 375, 800)
    tree = chromium.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    roles = {node.get("role", {}).get("value") for node in tree}
    assert {"table", "row", "cell", "rowheader", "columnheader"} <= roles
