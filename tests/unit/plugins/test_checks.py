"""What a plugin may not register, whatever its types say."""

from __future__ import annotations

import re
from dataclasses import replace
from types import SimpleNamespace

import pytest

from connector_core.plugins.checks import (
    CONNECTOR_ID,
    RULE_CODE,
    checked_delivery,
    checked_diagnostic,
    checked_info,
    checked_rule,
    checked_sensitive,
)
from connector_core.plugins.connector import ConnectorInfo
from connector_core.plugins.contributions import Delivery, Diagnostic, SensitivePattern
from connector_core.plugins.report import PluginRefused
from connector_core.settings.values import RULE_CODE as CONFIGURED_CODE
from connector_core.settings.values import SLUG

INFO = ConnectorInfo("vega", "Editeur", "Vega", "1.0")


def connector(info=INFO, **changes):
    methods = {"identify": print, "is_complete": print, "read": print}
    return SimpleNamespace(info=info, **methods | changes)


def changed(**changes):
    return replace(INFO, **changes)


def made(kind, *values):
    """As a plugin without types may make it."""
    return kind(*values)


def test_ids_are_those_the_configuration_accepts():
    assert f"^{CONNECTOR_ID.pattern}$" == SLUG
    assert f"^{RULE_CODE.pattern}$" == CONFIGURED_CODE


def test_a_complete_connector():
    assert checked_info(connector()) is INFO


@pytest.mark.parametrize(
    "bad",
    [
        connector(info=None),
        connector(describe="b2"),
        connector(info=changed(id="Vega 5")),
        connector(info=changed(id="")),
        connector(info=changed(id=5)),
        connector(info=changed(vendor=" ")),
        connector(info=changed(product=None)),
        connector(info=changed(version=1)),
        connector(info=changed(capabilities=frozenset({"teleport"}))),
        connector(info=changed(capabilities=["files"])),
        connector(info=changed(verified="yes")),
        connector(info=changed(requires_core=">=99")),
        connector(info=changed(requires_core="banana")),
        connector(read=None),
        object(),
    ],
)
def test_an_incomplete_connector(bad):
    with pytest.raises(PluginRefused) as raised:
        checked_info(bad)
    assert raised.value.remedy


@pytest.mark.parametrize(
    ("check", "bad"),
    [
        (checked_rule, None),
        (checked_rule, SimpleNamespace(code="lower-case", function=print, subject="dossier")),
        (checked_rule, SimpleNamespace(code="X-1", function=None, subject="dossier")),
        (checked_rule, SimpleNamespace(code="X-1", function=print)),
        (checked_rule, SimpleNamespace(code="X-1", function=print, subject="dossier", severity="grave")),
        (checked_diagnostic, None),
        (checked_diagnostic, made(Diagnostic, "", "Titre", print)),
        (checked_diagnostic, made(Diagnostic, "id", "", print)),
        (checked_diagnostic, made(Diagnostic, "id", "Titre", None)),
        (checked_delivery, made(Diagnostic, "id", "Titre", print)),
        (checked_delivery, made(Delivery, "id", "Titre", None)),
        (checked_sensitive, None),
        (checked_sensitive, made(SensitivePattern, "", re.compile("a"))),
        (checked_sensitive, made(SensitivePattern, "id", "[")),
        (checked_sensitive, made(SensitivePattern, "id", re.compile(b"a"))),
        (checked_sensitive, made(SensitivePattern, "id", re.compile("a*"))),
    ],
)
def test_what_is_not_a_contribution(check, bad):
    with pytest.raises(PluginRefused):
        check(bad)
