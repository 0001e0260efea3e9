"""The pages of the rules as HTML, and their index: each needs nothing else to be read, and no script.

They lie in a folder beside the report, and lead to one another and back to it by relative links.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import partial

from connector_core import __version__
from connector_core.deliver.names import PAGE, RULES_INDEX, rule_file
from connector_core.deliver.page import asset, content_policy, environment
from connector_core.deliver.rule_index import indexes
from connector_core.deliver.rule_page import RulePage
from connector_core.deliver.wording import SEVERITY_WORDS

_STYLE = ("base.css", "rule.css")
_TEMPLATES = ("rule_base.html", "rule.html", "rule_index.html")


def digest(pages: Sequence[RulePage]) -> str:
    """What changes as soon as one of the files would, without making them."""
    made_of = (__version__, asset(*_STYLE), asset(*_TEMPLATES), repr(tuple(pages)))
    return hashlib.sha256("\x1f".join(made_of).encode()).hexdigest()


def digest_line(pages: Sequence[RulePage]) -> str:
    """The line of the index that names what all the files were made of."""
    return f'<meta name="connector-pages" content="{digest(pages)}">'


def render_rules(pages: Sequence[RulePage]) -> Mapping[str, bytes]:
    """Every file of the folder by its name, the index last."""
    from markupsafe import Markup

    style = asset(*_STYLE)
    shared = {
        "policy": content_policy(style),
        "style": Markup(style),
        "version": __version__,
        "report": PAGE,
        "severity_words": SEVERITY_WORDS,
    }
    one = partial(environment().get_template("rule.html").render, shared, index=RULES_INDEX)
    files = {rule_file(page.code): one(page=page).encode() for page in pages}
    index = environment().get_template("rule_index.html")
    made = index.render(
        shared, pages=pages, indexes=indexes(pages), file_of=rule_file, identity=Markup(digest_line(pages))
    )
    return {**files, RULES_INDEX: made.encode()}
