"""What every page of the report shares: its templates' French, its style, and the policy that it carries.

A page needs nothing else: no network and no other file to be read whole. Everything that comes from a file of the
practice is escaped by the templates.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from connector_core.deliver import french

if TYPE_CHECKING:
    from jinja2 import Environment


@cache
def environment() -> Environment:
    """The templates, with the filters that write French."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    made = Environment(
        loader=PackageLoader("connector_core.deliver"), autoescape=True, undefined=StrictUndefined, trim_blocks=False
    )
    made.filters.update(
        euros=french.euros,
        day=french.day,
        weekday=french.weekday,
        short_day=french.short_day,
        moment=french.moment,
        number=french.number,
        count=french.count,
        typo=french.typographic,
    )
    return made


@cache
def asset(*names: str) -> str:
    """Style sheets or scripts, one after the other."""
    folder = files("connector_core.deliver").joinpath("templates")
    return "\n".join(folder.joinpath(name).read_text(encoding="utf-8") for name in names)


def content_policy(style: str, script: str | None = None) -> str:
    """Nothing may be loaded, sent or run but these texts; the empty icon keeps browsers from asking for one."""
    scripts = "" if script is None else f" script-src '{_hash(script)}';"
    return (
        f"default-src 'none'; style-src '{_hash(style)}';{scripts} img-src data:; base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
