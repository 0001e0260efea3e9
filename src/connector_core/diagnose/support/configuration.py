"""The configuration as a technician needs it: every key, and the values of those that name nobody.

Numbers, switches and lengths of time are shown. A text is shown where its key is on the list; of any other it is only
said that there is one. References of secrets are names, and shown as such.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from connector_core.diagnose.support.redaction import ACCOUNT, PRACTICE
from connector_core.settings.leaves import leaves
from connector_core.settings.load import Loaded
from connector_core.settings.model import Settings

_GIVEN = "[renseigné]"
_SHOWN = frozenset(
    {
        "practice.zone",
        "practice.timezone",
        "data.folder",
        "report.folder",
        "report.at",
        "daemon.rescan",
        "daemon.rescan_shares",
        "daemon.settle",
        "secrets.keyring",
        "secrets.folder",
        "service.channel",
        "calendar.folder",
        "notifications.folder",
        "plugins.allow",
        "plugins.block",
        "rules.off",
        "letters.debtors",
        "letters.spacing",
        "letters.reply_within",
        "source.id",
        "source.connector",
        "source.folder",
        "source.database",
        "source.password",
        "source.expected_every",
        "source.poll",
        "source.compare",
        "source.dialect",
        "source.settle",
        "source.watch",
        "source.write_back.places",
        "source.write_back.severities",
        "source.write_back.database",
        "source.write_back.password",
        "source.write_back.folder",
        "parameter.name",
        "parameter.since",
        "reject_motif.payer",
        "reminder.debtor",
        "reminder.after",
        "reminder.channel",
        "reminder.tone",
        "reminder.least",
        "notify.by",
        "notify.send",
        "notify.start",
        "notify.until",
        "notify.days",
    }
)
_NAMING = frozenset(
    {
        "practice.name",
        "practice.payees",
        "letters.address",
        "letters.town",
        "letters.phone",
        "letters.email",
        "letters.payment",
        "service.allow",
        "notify.person",
        "notify.account",
        "source.write_back.account",
    }
)
_SHOWN_BELOW = ("rules.lower.", "leaders.")
_NUMBER = re.compile(r"\[\d+\]")


def configuration(loaded: Loaded) -> Mapping[str, object]:
    """What is in force, and which of it was written by somebody."""
    return {
        "file": None if loaded.file is None else str(loaded.file),
        "values": [{"key": key, "value": _told(key, value)} for key, value in leaves(loaded.settings)],
    }


def naming(settings: Settings) -> Mapping[str, str]:
    """Texts of the configuration that name the practice or somebody in it, with the sign that replaces each."""
    letters = settings.letters
    practice = (settings.practice.name, *letters.address, letters.town, letters.phone, letters.email, letters.payment)
    accounts = (*settings.service.allow, *(each.person for each in settings.notify))
    given = (*(each.account for each in settings.notify), *_writers(settings))
    usual = Settings().practice.name
    return {
        **{text: PRACTICE for text in (*practice, *settings.practice.payees) if text and text != usual},
        **{text: ACCOUNT for text in (*accounts, *given) if text},
    }


def naming_as_written(tables: Mapping[str, object]) -> Mapping[str, str]:
    """The same of a configuration that is wrong somewhere, as far as it is TOML."""
    found = [(name, text) for name, text in _texts(tables, "") if name in _NAMING]
    return {text: PRACTICE if name.startswith(("practice.", "letters.")) else ACCOUNT for name, text in found}


def _texts(value: object, key: str) -> Iterator[tuple[str, str]]:
    """Every text by the keys that lead to it."""
    match value:
        case str():
            yield key, value
        case Mapping():
            for name, each in value.items():
                yield from _texts(each, f"{key}.{name}" if key else str(name))
        case list():
            for each in value:
                yield from _texts(each, key)
        case _:
            return


def _writers(settings: Settings) -> Iterable[str | None]:
    return (each.write_back.account for each in settings.sources if each.write_back is not None)


def _told(key: str, value: object) -> object:
    plain = _NUMBER.sub("", key)
    if plain in _SHOWN or plain.startswith(_SHOWN_BELOW):
        return value
    return value if value is None or isinstance(value, bool | int | float) or value in ([], {}) else _GIVEN
