"""Whether a contribution is what its kind promises; nothing a plugin says of itself is believed unseen.

Rules are checked by what they offer, not by their class: the rooms `plugins` and `rules` don't know each other.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, get_args

from connector_core.model.vocabulary import Severity
from connector_core.plugins.compatibility import check_specifier
from connector_core.plugins.connector import Capability, ConnectorInfo
from connector_core.plugins.contributions import Delivery, Diagnostic, SensitivePattern
from connector_core.plugins.report import PluginRefused

if TYPE_CHECKING:
    from connector_core.plugins.connector import Connector
    from connector_core.rules.kernel import AnyRule

CONNECTOR_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
"""What `[[source]] connector` accepts; the configuration could not name another id."""
RULE_CODE = re.compile(r"[A-Z][A-Z0-9.]*(-[A-Z0-9.]+)*")
"""What `[rules] off` accepts."""
_REMEDY = "Signalez-le à l'éditeur de l'extension"
_METHODS = ("identify", "is_complete", "read")


def checked_info(connector: Connector) -> ConnectorInfo:
    """The `info` of a connector, complete and for this version of the core."""
    info: object = getattr(connector, "info", None)
    if not isinstance(info, ConnectorInfo):
        raise _refused("un connecteur n'a pas d'« info »")
    name: object = info.id
    if not isinstance(name, str) or CONNECTOR_ID.fullmatch(name) is None:
        raise _refused("l'identifiant d'un connecteur est invalide (minuscules sans accent, chiffres, « - », « _ »)")
    for field in ("vendor", "product", "version"):
        if not _text(getattr(info, field)):
            raise _refused(f"le connecteur « {info.id} » ne renseigne pas info.{field}")
    capabilities: object = info.capabilities
    if not isinstance(capabilities, frozenset) or not capabilities <= set(get_args(Capability)):
        raise _refused(f"le connecteur « {info.id} » annonce une capacité inconnue")
    if not isinstance(info.verified, bool):
        raise _refused(f"le connecteur « {info.id} » ne dit pas s'il est vérifié")
    missing = [name for name in _METHODS if not callable(getattr(connector, name, None))]
    if missing:
        raise _refused(f"il manque au connecteur « {info.id} » : {', '.join(missing)}")
    if not callable(getattr(connector, "describe", print)):
        raise _refused(f"le connecteur « {info.id} » offre un « describe » qui n'est pas une fonction")
    check_specifier(info.requires_core)
    return info


def checked_rule(rule: AnyRule) -> str:
    """The code of a rule that can be asked."""
    code: object = getattr(rule, "code", None)
    if not isinstance(code, str) or RULE_CODE.fullmatch(code) is None:
        raise _refused("le code d'une règle est invalide")
    if not callable(getattr(rule, "function", None)) or not _text(getattr(rule, "subject", None)):
        raise _refused(f"la règle {code} n'est pas faite par @rule")
    if getattr(rule, "severity", None) not in get_args(Severity):
        raise _refused(f"la règle {code} n'a pas de gravité connue ({', '.join(get_args(Severity))})")
    return code


def checked_diagnostic(diagnostic: Diagnostic) -> str:
    """The id of a diagnostic that can be run."""
    return _checked_named(diagnostic, Diagnostic, "diagnostic", "run")


def checked_delivery(delivery: Delivery) -> str:
    """The id of a delivery that can be asked."""
    return _checked_named(delivery, Delivery, "livraison", "deliver")


def checked_sensitive(sensitive: SensitivePattern) -> str:
    """The id of a pattern that can be searched in text."""
    given: object = sensitive
    if not isinstance(given, SensitivePattern) or not _text(given.id):
        raise _refused("un motif sensible n'a pas d'identifiant")
    pattern: object = given.pattern
    if not isinstance(pattern, re.Pattern) or not isinstance(pattern.pattern, str):
        raise _refused(f"le motif sensible « {given.id} » n'est pas une expression compilée sur du texte")
    if pattern.search("") is not None:
        raise _refused(f"le motif sensible « {given.id} » reconnaît le texte vide")
    return given.id


def _checked_named(given: object, kind: type[Diagnostic] | type[Delivery], label: str, method: str) -> str:
    if not isinstance(given, kind) or not _text(given.id):
        raise _refused(f"un objet offert comme {label} n'en est pas un")
    if not _text(given.title) or not callable(getattr(given, method)):
        raise _refused(f"{label} « {given.id} » : titre ou fonction absents")
    return given.id


def _text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _refused(what: str) -> PluginRefused:
    return PluginRefused(what, remedy=_REMEDY)
