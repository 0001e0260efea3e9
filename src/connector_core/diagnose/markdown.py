"""The pages of the rules in Markdown, for the documentation's site."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from connector_core.deliver.french import WIDE, short_day
from connector_core.deliver.rule_index import Index, IndexGroup, indexes
from connector_core.deliver.rule_page import ParameterPart, RulePage
from connector_core.deliver.wording import SEVERITY_WORDS


def page_name(code: str) -> str:
    """The file of a rule's page: `kine-bilan-10.7.md`."""
    return f"{code.lower()}.md"


def rule_markdown(page: RulePage) -> str:
    """The page of one rule."""
    return "\n".join(_rule_lines(page)) + "\n"


def index_markdown(pages: Sequence[RulePage]) -> str:
    """Every rule, by family, by severity and by what the practice sees."""
    return "\n".join(_index_lines(pages)) + "\n"


def _rule_lines(page: RulePage) -> Iterator[str]:
    yield from (f"# {page.code}", "", f"**{page.title}**")
    for passage in page.passages:
        yield from ("", f"## {passage.heading}", "", passage.text)
    yield from ("", "## Fiche", "", "| | |", "|---|---|")
    for fact in page.facts:
        said = [*filter(None, [_cell(fact.text)]), *(f"`{name}`" for name in fact.names)]
        yield f"| {fact.label} | {', '.join(said)} |"
    for parameter in page.parameters:
        yield from _parameter_lines(parameter)
    for note in page.notes:
        yield from ("", note)
    yield from ("", f"Au clavier{WIDE}: `connector explain {page.code}`. [Toutes les règles](catalogue.md)")


def _parameter_lines(parameter: ParameterPart) -> Iterator[str]:
    yield from ("", f"### `{parameter.name}`", "", parameter.label, "")
    yield from ("| Depuis le | Valeur | Texte |", "|---|---|---|")
    for line in parameter.values:
        yield f"| {short_day(line.since)} | {_cell(line.value)} | {_cell(line.source)} |"


def _index_lines(pages: Sequence[RulePage]) -> Iterator[str]:
    yield from ("# Le catalogue des règles", "", f"{len(pages)} règles, chacune avec sa page.")
    for index in indexes(pages):
        yield from ("", f"## {index.heading}", "", index.intro)
        for group in index.groups:
            yield from _group_lines(index, group)


def _group_lines(index: Index, group: IndexGroup) -> Iterator[str]:
    yield from ("", f"### {group.heading}", "")
    if group.about:
        yield from (group.about, "")
    match index.by:
        case "family":
            yield from _table(group.pages)
        case "severity":
            yield ", ".join(map(_link, group.pages))
        case "part":
            yield from (f"- {page.title} {_link(page)}" for page in group.pages)


def _table(pages: Iterable[RulePage]) -> Iterator[str]:
    yield from ("| Règle | Gravité | Ce que le cabinet lit |", "|---|---|---|")
    for page in pages:
        yield f"| {_link(page)} | {SEVERITY_WORDS[page.severity]} | {_cell(page.title)} |"


def _link(page: RulePage) -> str:
    return f"[{page.code}]({page_name(page.code)})"


def _cell(text: str) -> str:
    """A text that stays in its cell of a table."""
    return text.replace("|", "\\|").replace("\n", " ")
