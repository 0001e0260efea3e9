"""The one way into a support bundle: what every text of it goes through.

The promise, in the order in which it is kept: a secret that this account's keyring holds is replaced, as it is and as
addresses, Base64 and hexadecimal write it; so is what names the practice and the account; numbers of five digits and
more, dates, NIRs, bank accounts, telephone numbers and addresses of e-mail become a sign, and so does what a plugin
calls sensitive; and what still names a person of the store is left out. A key of an object that names one takes the
whole piece with it.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote, quote_plus

from connector_core.diagnose.support.exact import Exact, moment
from connector_core.diagnose.support.people import People

SECRET, PRACTICE, ACCOUNT, NUMBER, LEFT_OUT = "[secret]", "[cabinet]", "[compte]", "#", "[retiré]"
_SHORTEST = 4
"""Letters of a secret that is looked for: a shorter one would be found everywhere."""
_MOST = 2_000
"""Letters of one text; twice as many are looked at, so that nothing is cut where it would not be known again."""
_LARGEST = 10**12
"""Whole numbers from here on might be a NIR; no count and no size of ours is one."""

_KEPT = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)|(?<![\d./:-])\d\d:\d\d(?::\d\d)?(?![\d/:-])"
)
"""Instants, and times of a day."""
_USER_OF_ADDRESS = re.compile(r"(?<=://)[^/@\s]+@")
_HOME = re.compile(r"([\\/](?:Users|Utilisateurs|Documents and Settings)[\\/]+)[^\\/\"'<>|:*?,;»)\r\n]+", re.IGNORECASE)
_POSIX_HOME = re.compile(r"(/home/)[^/\s\"'»:,;)]+")
_SID = re.compile(r"S-1-5-21(?:-\d+)+")
_PATTERNS = (
    re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"),
    re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b"),
    re.compile(r"[1-8](?:[ .]?\d){4}[ .]?(?:\d{2}|2[ABab])(?:[ .]?\d){6}(?:[ .]?\d{2})?"),
    re.compile(r"\d{1,2}[/-]\d{1,2}[/-]\d{2,4}|\d{4}[/.-]\d{1,2}[/.-]\d{1,2}|\d{1,2}\.\d{1,2}\.\d{4}"),
    re.compile(r"\d(?:[ \u00a0\u202f./:-]?\d){4,}"),
)

Json = None | bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"]


class PersonNamed(Exception):
    """A key names a person: nothing of the piece can be kept."""


@dataclass(slots=True)
class Counts:
    """What was done to a piece: how many texts were changed, how many left out."""

    changed: int = 0
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class Redaction:
    """What is kept out. `hidden` are texts that name the practice or the account, with the sign that replaces each;
    `patterns` are the plugins' own; `people` is None where the store can't be asked."""

    secrets: Iterable[str] = ()
    hidden: Mapping[str, str] = field(default_factory=dict)
    patterns: Sequence[re.Pattern[str]] = ()
    people: People | None = None

    def of(self, content: object) -> tuple[Json, Counts]:
        """A piece as it may be shown. Raise PersonNamed."""
        counts = Counts()
        return _Pass(self._steps(), self.people, counts).value(content), counts

    def _steps(self) -> _Steps:
        secret = _any_of(sorted({form for each in self.secrets for form in _forms(each)}, key=len, reverse=True))
        named = sorted(((text, sign) for text, sign in self.hidden.items() if len(text) > 2), key=_longest_first)
        words = [(re.compile(rf"(?<!\w){re.escape(text)}(?!\w)", re.IGNORECASE), sign) for text, sign in named]

        def secrets(text: str) -> str:
            return text if secret is None else secret.sub(SECRET, text)

        def numbers(text: str) -> str:
            for pattern in (*self.patterns, *_PATTERNS):
                text = pattern.sub(NUMBER, text)
            return text

        def names(text: str) -> str:
            text = _USER_OF_ADDRESS.sub(f"{ACCOUNT}@", text)
            for pattern in (_HOME, _POSIX_HOME):
                text = pattern.sub(rf"\g<1>{ACCOUNT}", text)
            text = _SID.sub(ACCOUNT, text)
            for word, sign in words:
                text = word.sub(sign, text)
            return text

        return _Steps(secrets, names, lambda text: _between(text, numbers))


@dataclass(frozen=True, slots=True)
class _Steps:
    """What is done to a text: `secrets` to every one, the others to those whose form nobody knows."""

    secrets: Callable[[str], str]
    names: Callable[[str], str]
    numbers: Callable[[str], str]


@dataclass(frozen=True, slots=True)
class _Pass:
    steps: _Steps
    people: People | None
    counts: Counts

    def value(self, content: object) -> Json:
        match content:
            case None | bool() | float():
                return content
            case int():
                return content if abs(content) < _LARGEST else NUMBER
            case str():
                return self._text(content)
            case Mapping():
                return {self._key(str(name)): self.value(each) for name, each in content.items()}
            case list() | tuple():
                return [self.value(each) for each in content]
            case _:
                raise TypeError(f"{type(content).__name__} is nothing for a bundle")

    def _text(self, text: str) -> str:
        steps = self.steps
        shown = steps.secrets(text[: 2 * _MOST])
        if not isinstance(text, Exact):
            shown = steps.numbers(steps.names(shown))
        if self._names_somebody(shown):
            self.counts.left_out += 1
            return LEFT_OUT
        shown = shown[:_MOST]
        self.counts.changed += shown != text
        return shown

    def _key(self, name: str) -> str:
        """A word of ours, whatever the practice and its accounts are called."""
        if self.steps.numbers(self.steps.secrets(name)) != name or self._names_somebody(name):
            raise PersonNamed
        return name

    def _names_somebody(self, text: str) -> bool:
        return self.people is not None and self.people.are_in(text)


def _between(text: str, change: Callable[[str], str]) -> str:
    """Change what lies between instants and times of a day; an instant before this program was made is a number."""
    parts: list[str] = []
    at = 0
    for kept in _KEPT.finditer(text):
        ours = len(kept[0]) <= len("00:00:00") or moment(kept[0].replace("Z", "+00:00")) is not None
        parts += [change(text[at : kept.start()]), kept[0] if ours else NUMBER]
        at = kept.end()
    return "".join([*parts, change(text[at:])])


def _forms(secret: str) -> set[str]:
    """A secret as it may be written."""
    if len(secret) < _SHORTEST:
        return set()
    raw = secret.encode()
    coded = {base64.b64encode(raw).decode().rstrip("="), base64.urlsafe_b64encode(raw).decode().rstrip("=")}
    return {secret, quote(secret), quote(secret, safe=""), quote_plus(secret), raw.hex(), raw.hex().upper(), *coded}


def _any_of(texts: Sequence[str]) -> re.Pattern[str] | None:
    return re.compile("|".join(map(re.escape, texts))) if texts else None


def _longest_first(pair: tuple[str, str]) -> tuple[int, str]:
    return -len(pair[0]), pair[0]
