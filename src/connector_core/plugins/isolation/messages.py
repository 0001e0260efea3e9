"""What is said to a connector in a process of its own, and what it may answer.

Both sides are MessagePack, decoded into the types below: an answer of another shape is refused as a whole. A decoded
answer holds numbers, text, bytes, lists, mappings and the few values of the model, and nothing else; the records in it
are validated by the model afterwards, as everybody's are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated

import msgspec

from connector_core.dialects.plan import Plan
from connector_core.plugins.connector import Claim, ConnectorInfo
from connector_core.plugins.isolation.values import PackedDraft, Shape, unpacked

LONGEST_ANSWER = 16 << 20
"""Bytes; a longer answer is refused before it is read."""
BATCH_BYTES = 1 << 20
"""Bytes of rows after which a batch is sent."""

Name = Annotated[str, msgspec.Meta(max_length=200)]
Text = Annotated[str, msgspec.Meta(max_length=2000)]
Place = int | Text
Count = Annotated[int, msgspec.Meta(ge=0)]


class Looked(msgspec.Struct, frozen=True, array_like=True):
    """A first look at a file; its name byte by byte, since a file system allows more than text does."""

    name: bytes
    size: int
    head: bytes


class Given(msgspec.Struct, frozen=True, array_like=True):
    """A file to be read; its content is asked for piece by piece."""

    name: bytes
    sha256: str
    size: int


class Hello(msgspec.Struct, frozen=True, tag=True):
    """The plugin to import, by its entry point, and where modules are found; the dialects of the site that are laid
    over its own (place, text)."""

    name: str
    value: str
    distribution: str
    version: str
    memory: int
    path: tuple[str, ...]
    dialects: tuple[tuple[str, str], ...] = ()


class Identify(msgspec.Struct, frozen=True, tag=True):
    connector: str
    looked: Looked


class IsComplete(msgspec.Struct, frozen=True, tag=True):
    connector: str
    looked: Looked


class Open(msgspec.Struct, frozen=True, tag=True):
    """Start reading a file; `number` names the reading from then on."""

    number: int
    connector: str
    file: Given
    claim: Claim


class Describe(msgspec.Struct, frozen=True, tag=True):
    connector: str
    file: Given
    claim: Claim


class Rows(msgspec.Struct, frozen=True, tag=True):
    """The next rows of a reading, at most so many; from the first one when `anew`; with what they mean when
    `understood`."""

    number: int
    at_most: int
    anew: bool
    understood: bool


class Understand(msgspec.Struct, frozen=True, tag=True):
    """What rows mean that were given, counted from the first one of the reading, or a row that is given (`row`)."""

    number: int
    first: int
    count: int
    row: tuple[int | str, str, bytes] | None = None
    remember_only: bool = False


class Release(msgspec.Struct, frozen=True, tag=True):
    """Readings that nobody asks any more. There is no answer."""

    numbers: tuple[int, ...]


class Content(msgspec.Struct, frozen=True, tag=True):
    """The piece of the file that was needed; None when it can't be read."""

    data: bytes | None


class Found(msgspec.Struct, frozen=True, tag=True):
    """What is remembered under the key that was sought, or, when `whole`, all of its table."""

    entries: Mapping[str, Mapping[str, str]]
    whole: bool


Request = Hello | Identify | IsComplete | Open | Describe | Rows | Understand | Release | Content | Found


class Offered(msgspec.Struct, frozen=True):
    """A connector that the plugin registered: whether it describes files, the ids of its dialects, what those for
    databases read, and which of them join files."""

    info: ConnectorInfo
    describes: bool = False
    dialects: tuple[Name, ...] = ()
    databases: tuple[Plan, ...] = ()
    joining: tuple[Name, ...] = ()


class Offer(msgspec.Struct, frozen=True, tag=True):
    """What the plugin registered, and the hooks that it implements beside that of connectors."""

    connectors: tuple[Offered, ...]
    hooks: tuple[Name, ...]


class NotLoaded(msgspec.Struct, frozen=True, tag=True):
    """Why the plugin can't be used."""

    reason: Text
    remedy: Text


class Claimed(msgspec.Struct, frozen=True, tag=True):
    connector: Name = ""
    dialect: Name = ""
    score: float = 0.0
    reason: Text = ""
    variant: Name = ""
    version: Name = ""
    known: bool = True


class Completed(msgspec.Struct, frozen=True, tag=True):
    complete: bool


class Opened(msgspec.Struct, frozen=True, tag=True):
    """What a reading says of itself; `covers` as `Covers.names` gives it."""

    tables: tuple[Name, ...]
    covers: tuple[Name, ...]
    remembers: bool
    signature: Name


class Refused(msgspec.Struct, frozen=True, tag=True):
    """The connector refused: the class of the error, and what it says."""

    kind: Name
    what: Text
    where: Text | None
    remedy: Text | None


class Broke(msgspec.Struct, frozen=True, tag=True):
    """The connector raised what it may not: the name of the exception's class."""

    failure: Annotated[str, msgspec.Meta(max_length=80, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]


Refusal = tuple[Text, tuple[Name, ...]]
"""Why one row was refused, and the fields concerned."""


class Meaning(msgspec.Struct, frozen=True, array_like=True):
    """What one row means: drafts, or the table and key that it waits for, or why it was refused, or the class of what
    the connector raised instead (`broke`). `entry` is what it contributes to look-ups, `entry_refused` why it can't."""

    drafts: tuple[PackedDraft, ...] | None = None
    waits: tuple[str, str] | None = None
    refused: Refusal | None = None
    broke: Name | None = None
    entry: tuple[str, str, dict[str, str]] | None = None
    entry_refused: Refusal | None = None


class Batch(msgspec.Struct, frozen=True, tag=True):
    """The next rows (place, table, bytes), and what they mean where that was asked for, with the shapes of drafts that
    are new. `end` says that there are no more; a file that is damaged after these rows says so in `refused`."""

    rows: tuple[tuple[Place, str, bytes], ...]
    meanings: tuple[Meaning, ...] = ()
    shapes: tuple[Shape, ...] = ()
    end: bool = False
    refused: Refused | None = None


class Meanings(msgspec.Struct, frozen=True, tag=True):
    meanings: tuple[Meaning, ...]
    shapes: tuple[Shape, ...] = ()


class Described(msgspec.Struct, frozen=True, tag=True):
    """What a file says, as JSON; None when there is nothing to tell."""

    json: bytes | None


class Need(msgspec.Struct, frozen=True, tag=True):
    """A piece of the file being read is needed, to go on."""

    offset: Count
    size: Annotated[int, msgspec.Meta(ge=0, le=BATCH_BYTES)]


class Find(msgspec.Struct, frozen=True, tag=True):
    """What is remembered under a key is needed, to go on."""

    table: Name
    key: Text


Answer = Offer | NotLoaded | Claimed | Completed | Opened | Refused | Broke | Batch | Meanings | Described | Need | Find

encode = msgspec.msgpack.Encoder().encode
decode_request: Callable[[bytes], Request] = msgspec.msgpack.Decoder[Request](Request).decode
decode_answer: Callable[[bytes], Answer] = msgspec.msgpack.Decoder[Answer](Answer, ext_hook=unpacked).decode
