"""Every dialect of text that is shipped, in every encoding in which a practice may be given it: the records are those
of the encoding it declares, or what is not read is refused in words that name the encoding. Nothing is read wrong."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import pytest

from connector_core.dialects.language import read_dialect
from connector_core.formats.document import PROBE_BYTES
from connector_core.model.records import Lot, Record
from connector_core.plugins.host import PluginHost
from connector_core.plugins.loader import load_plugins
from connector_core.testing.bank import make_statement
from connector_core.testing.conformance.told import MemoryFile, Told, read
from connector_core.testing.exports import bank, kine4000, kine4000_agenda, kinemax, vega, vega_xml
from connector_core.testing.practice import make_practice

TODAY = date(2026, 11, 20)
SEED = 3
_EVENING = datetime(2026, 11, 20, 19, 30, tzinfo=ZoneInfo("Europe/Paris"))
_DECLARATION = re.compile('(?<=<\\?xml version="1.0" encoding=")[^"]+')


def _write_acknowledgements(records: Sequence[Record], folder: Path) -> None:
    lots = [each for each in records if isinstance(each, Lot)]
    days = [f"{lot.created_on:%d/%m/%Y}" for lot in lots]
    rows = [f"R{n};{lot.number};{day};positif;{day};Reçu" for n, (lot, day) in enumerate(zip(lots, days, strict=True))]
    text = "\r\n".join(["Praticien;N° lot;Date du lot;Résultat;Date de l'ARL;Motif", *rows, ""])
    (folder / "arl.csv").write_text(text, "utf-8-sig", newline="")


Write = Callable[[Sequence[Record], Path], object]

WRITTEN: Mapping[str, tuple[str, Write]] = {
    "arl-csv": ("utf-8-sig", _write_acknowledgements),
    "banque-debit-credit": ("cp1252", lambda each, to: bank.write_debits_credits(make_statement(each, SEED), to)),
    "banque-montant": ("utf-8-sig", lambda each, to: bank.write_amounts(make_statement(each, SEED), to)),
    "kine4000-agenda": ("utf-8", lambda each, to: kine4000_agenda.write_agenda(each, to, stamp=_EVENING)),
    "kine4000-jeu-csv": ("utf-8", lambda each, to: kine4000.write_kine4000(each, to, variant="csv")),
    "kine4000-jeu-tsv": ("utf-8", lambda each, to: kine4000.write_kine4000(each, to, variant="tsv")),
    "kine4000-recettes": ("cp1252", lambda each, to: kine4000.write_receipts(each, to, on=TODAY)),
    "kinemax-largeur-fixe": ("cp850", kinemax.write_fixed),
    "kinemax-largeur-fixe-unique": ("cp850", kinemax.write_single),
    "vega-texte-a": ("cp1252", lambda each, to: vega.write_vega(each, to, on=TODAY, variant="A")),
    "vega-texte-b": ("utf-8-sig", lambda each, to: vega.write_vega(each, to, on=TODAY, variant="B")),
    "vega-xml": ("iso-8859-1", lambda each, to: vega_xml.write_vega_xml(each, to, on=TODAY)),
}
"""How the synthetic practice is written for each dialect, and in which encoding that is."""

CONNECTORS = {"arl": "teletransmission"} | {name: name for name in ("banque", "kine4000", "kinemax", "vega")}

DELIVERED = ("cp1252", "cp850", "utf-8", "utf-8-sig", "utf-16-le", "utf-16-be")
MARKS = {"utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}
NAMES = {"cp1252": "cp1252", "cp850": "cp850", "utf-8": "UTF-8", "utf-8-sig": "UTF-8"} | dict.fromkeys(MARKS, "UTF-16")


@cache
def host() -> PluginHost:
    return load_plugins()


@cache
def texts(dialect: str) -> tuple[tuple[str, str], ...]:
    """The files of the practice for a dialect, decoded."""
    encoding, write = WRITTEN[dialect]
    with TemporaryDirectory() as folder:
        write(make_practice(SEED, 12, 1, 2, today=TODAY).records, Path(folder))
        return tuple((path.name, path.read_bytes().decode(encoding)) for path in sorted(Path(folder).iterdir()))


def delivered(dialect: str, encoding: str) -> list[MemoryFile]:
    mark = MARKS.get(encoding, b"")
    return [MemoryFile(name, mark + text.encode(encoding, "replace")) for name, text in texts(dialect)]


def told(dialect: str, given: Sequence[MemoryFile]) -> Told:
    return read(host().connectors[CONNECTORS[dialect.partition("-")[0]]].connector, given)


@cache
def reference(dialect: str) -> frozenset[str]:
    found = told(dialect, delivered(dialect, WRITTEN[dialect][0]))
    assert found.is_silent
    assert found.lines
    assert any(not text.isascii() for _, text in texts(dialect))
    return frozenset(found.lines)


def refusals(found: Told) -> list[str]:
    return [reason for _, _, reason in found.rejects] + [str(error) for _, error in found.errors]


def test_every_dialect_of_text_that_is_shipped_is_here() -> None:
    shipped = {
        found.id
        for connector in CONNECTORS.values()
        for each in files(f"connector_{connector}").joinpath("dialects").iterdir()
        if (found := read_dialect(each.read_text("utf-8"), each.name)).format.kind not in ("database", "dbase")
    }
    assert set(WRITTEN) == shipped


@pytest.mark.parametrize("encoding", DELIVERED)
@pytest.mark.parametrize("dialect", WRITTEN)
def test_what_is_delivered_is_read_right_or_refused_by_the_name_of_its_encoding(dialect: str, encoding: str) -> None:
    found = told(dialect, delivered(dialect, encoding))
    assert not found.unknown, "told to be of no connector, without a word of its encoding"
    assert not found.crashes
    assert set(found.lines) <= reference(dialect)
    if set(found.lines) != reference(dialect):
        assert any(NAMES[encoding] in each for each in refusals(found))


@pytest.mark.parametrize("encoding", DELIVERED)
def test_xml_that_declares_its_encoding_is_read_right(encoding: str) -> None:
    """Beside the matrix, in which each document declares the encoding that the software writes."""
    name = {"cp1252": "windows-1252", "cp850": "ibm850"}.get(encoding, NAMES[encoding])
    mark = MARKS.get(encoding, b"")
    given = [MemoryFile(file, mark + _DECLARATION.sub(name, text).encode(encoding)) for file, text in texts("vega-xml")]
    found = told("vega-xml", given)
    assert found.is_silent
    assert set(found.lines) == reference("vega-xml")


AS_IT_IS = {
    ("arl-csv", "utf-16-le"),
    ("banque-debit-credit", "utf-8"),
    ("kine4000-agenda", "utf-16-be"),
    ("kine4000-jeu-csv", "utf-8-sig"),
    ("kinemax-largeur-fixe", "utf-8"),
    ("vega-texte-a", "utf-8"),
    ("vega-xml", "utf-8"),
}


@pytest.mark.parametrize(("dialect", "encoding"), sorted(AS_IT_IS))
def test_what_is_certain_is_read(dialect: str, encoding: str) -> None:
    found = told(dialect, delivered(dialect, encoding))
    assert found.is_silent
    assert set(found.lines) == reference(dialect)


def _late(text: str) -> str:
    """The same text, its accents beyond the first look: a comment, or rows without any, stand before."""
    if text.startswith("<?xml"):
        return re.sub("(<vega_export [^>]*>)", rf"\1<!--{PROBE_BYTES * '.'}-->", text, count=1)
    plain = [line for line in text.splitlines(keepends=True) if line.isascii()]
    return "".join(plain * (1 + PROBE_BYTES // max(1, len("".join(plain))))) + text


@pytest.mark.parametrize("encoding", ["cp1252", "cp850", "utf-8"])
@pytest.mark.parametrize("dialect", ["kinemax-largeur-fixe", "kinemax-largeur-fixe-unique", "vega-xml"])
def test_accents_that_come_after_the_first_look_are_not_read_wrong(dialect: str, encoding: str) -> None:
    given = [MemoryFile(name, _late(text).encode(encoding, "replace")) for name, text in texts(dialect)]
    assert any(each.content[:PROBE_BYTES].isascii() and not each.content.isascii() for each in given)
    found = told(dialect, given)
    assert not found.unknown
    assert not found.crashes
    assert set(found.lines) <= reference(dialect)
    if set(found.lines) != reference(dialect):
        assert any(NAMES[encoding] in each for each in refusals(found))
