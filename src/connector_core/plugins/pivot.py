"""The pivot connector: files of the common model itself, one JSON object a line.

What a vendor who prefers to export the model directly drops into a watched folder, and what `connector export`
writes. The format is in `docs/vendor/common-model.md`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import msgspec

from connector_core import __version__
from connector_core.dialects.drafts import Draft, Lookup
from connector_core.errors import FileRefused, RowRefused
from connector_core.formats.delimited import DelimitedFormat
from connector_core.formats.rows import Row
from connector_core.model.coverage import Covers
from connector_core.model.pivot import draft_from_json
from connector_core.model.records import KINDS
from connector_core.model.values import MODEL_VERSION
from connector_core.plugins.connector import Claim, ConnectorInfo, Probe, Reading, SpooledFile

_LINES = DelimitedFormat(separator="\x1f", quote=None, encoding="utf-8", header=0, final_newline_required=False)
_SPEC = "Voyez docs/vendor/common-model.md"
_decode = msgspec.json.Decoder(dict[str, object]).decode


class PivotConnector:
    """Reads pivot files. The first line says so; nothing else claims a file that begins like one."""

    info = ConnectorInfo(
        id="pivot",
        vendor="connector",
        product="format pivot",
        version=__version__,
        verified=True,
        requires_core=">=0.1",
    )

    def identify(self, probe: Probe) -> Claim | None:
        head = probe.head.removeprefix(b"\xef\xbb\xbf").lstrip()
        first = head.partition(b"\n")[0]
        if not first.startswith(b"{") or b'"pivot"' not in first:
            return None
        return Claim(
            "pivot", "pivot", 1.0, "la première ligne est celle d'un fichier pivot", version=str(MODEL_VERSION)
        )

    def is_complete(self, probe: Probe) -> bool:
        return probe.size > 0

    def read(self, file: SpooledFile, claim: Claim) -> Reading:
        reading = PivotReading(file)
        reading.covers  # noqa: B018  # a wrong header is refused here, before anything is read
        return reading


@dataclass
class PivotReading:
    """One pivot file being read."""

    file: SpooledFile
    tables: tuple[str, ...] = ("",)
    remembers: bool = False

    @property
    def signature(self) -> str:
        return f"pivot-{MODEL_VERSION}"

    @property
    def covers(self) -> Covers:
        """Everything, unless the header lists what the file covers."""
        names = self._header.get("covers")
        if names is None:
            return Covers.all()
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise FileRefused("« covers » doit être une liste de noms", where="ligne 1", remedy=_SPEC)
        unknown = [name for name in names if not _known(name)]
        if unknown:
            raise FileRefused("« covers » nomme un champ inconnu du modèle", where="ligne 1", remedy=_SPEC)
        return Covers.of(names)

    def rows(self) -> Iterator[Row]:
        with self.file.open() as stream:
            rows = _LINES.rows(stream)
            next(rows, None)
            yield from rows

    def records(self, row: Row, lookup: Lookup) -> list[Draft]:
        try:
            fields = _decode(row.raw)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise RowRefused("JSON illisible : la ligne est coupée ou n'est pas un objet") from None
        return [draft_from_json(fields)]

    def remember(self, row: Row) -> tuple[str, str, Mapping[str, str]] | None:
        return None

    @cached_property
    def _header(self) -> Mapping[str, object]:
        with self.file.open() as stream:
            first = next(_LINES.rows(stream), None)
        try:
            header = _decode(first.raw) if first is not None else {}
        except (msgspec.DecodeError, UnicodeDecodeError):
            header = {}
        if header.get("record") != "pivot":
            raise FileRefused("la première ligne n'est pas un en-tête pivot", where="ligne 1", remedy=_SPEC)
        if header.get("model_version") != MODEL_VERSION:
            raise FileRefused(
                f"ce fichier n'est pas de la version {MODEL_VERSION} du modèle", where="ligne 1", remedy=_SPEC
            )
        return header


def _known(name: str) -> bool:
    kind, _, field = name.partition(".")
    return kind in KINDS and (not field or field in KINDS[kind].model_fields)
