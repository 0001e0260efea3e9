"""C9, the support bundle: what a plugin has a hand in, made from its samples as from a practice's files.

The samples are read by the real pipeline into a store in memory, without rules; so are the files in which a word was
replaced. What is looked at is each text as it was before anything was taken out of it: the guards of a bundle are for
what nobody foresaw.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, date, datetime
from functools import partial

from connector_core.diagnose.support.bundle import Piece, gathered
from connector_core.diagnose.support.exports import exports
from connector_core.diagnose.support.people import People
from connector_core.diagnose.support.redaction import Redaction
from connector_core.diagnose.support.sources import Asked, sources
from connector_core.diagnose.support.vocabulary import Vocabulary, words_of
from connector_core.formats.document import SpooledFile
from connector_core.parameters.registry import load_parameters
from connector_core.parameters.tariffs import load_tariffs
from connector_core.pipeline.attempt import Pipeline
from connector_core.pipeline.given import Input, Rules
from connector_core.plugins.contributions import Diagnosis
from connector_core.plugins.dialect_connector import ReadsDialects
from connector_core.plugins.guard import Raised, guarded
from connector_core.plugins.host import PluginHost
from connector_core.plugins.staging import Contributions
from connector_core.settings.model import Source
from connector_core.store.store import Store
from connector_core.testing.conformance.candidate import Candidate
from connector_core.testing.conformance.check import Broken, check
from connector_core.testing.conformance.exhibit import Exhibit, SampleCheck
from connector_core.testing.conformance.privacy_checks import Values
from connector_core.testing.conformance.told import MemoryFile, listening

_SOURCE = "echantillon"
_DAY = date(2026, 3, 2)
_AT = datetime(2026, 3, 2, 10, tzinfo=UTC)


@check("C9-BUNDLE", "bronze", after=["C4-READS", "C6-MESSAGE"])
def bundle(exhibit: Exhibit) -> None:
    """Nothing that a plugin brings into a support bundle holds a value of the sample: neither its dialects nor the
    signatures, the places and the reasons that it gives, nor what its diagnostics say.

    A bundle leaves the practice, to whoever helps. Its guards would take such a text out, and with it what the one who
    helps needed to see.
    """
    values = Values(exhibit)
    said: set[str] = set()  # what else the connector says is asked about elsewhere
    with Store.in_memory() as store, listening(said):
        _read(exhibit, store)
        pieces = list(_pieces(exhibit, store))
        people = People.of(store)
    for piece in pieces:
        if values.are_in(_texts(piece.make())):
            raise Broken(f"what the plugin brings into {piece.name} holds what was read")
    patterns = [each.pattern for each in exhibit.candidate.host.sensitive]
    for member in gathered(pieces, Redaction(patterns=patterns, people=people)):
        if values.are_in([member.content.decode()]):
            raise Broken(f"{member.name} holds what was read")


def _read(exhibit: Exhibit, store: Store) -> None:
    """What the service would have in its store; a damaged file that breaks the connector is asked about elsewhere."""
    rules = Rules(_without_rules(exhibit.candidate), load_parameters(), load_tariffs())
    pipeline = Pipeline(store, rules, lambda: _AT)
    whole = _attempted(pipeline, exhibit.files)
    if isinstance(whole, Raised):
        raise Broken(f"the sample can't be read into a store: {type(whole.error).__name__}")
    for attack in exhibit.marked:
        _attempted(pipeline, [MemoryFile(attack.file, attack.content)])


def _attempted(pipeline: Pipeline, files: Iterable[SpooledFile]) -> object:
    return guarded(lambda: pipeline.attempt([Input(_SOURCE, file) for file in files], _DAY))


def _without_rules(candidate: Candidate) -> PluginHost:
    """The connector alone."""
    name = candidate.connector
    offered = {name: candidate.host.connectors[name]}
    return PluginHost(Contributions(connectors=offered, owners={("connector", name): name}), (), {}, {})


def _pieces(exhibit: Exhibit, store: Store) -> Iterator[Piece]:
    """The pieces of a bundle that a plugin has a hand in, as of now: the store is closed afterwards."""
    connector = exhibit.connector
    dialects = connector.dialects.values() if isinstance(connector, ReadsDialects) else ()
    words = Vocabulary(word for dialect in dialects for word in words_of(dialect))
    folder = Source(id=_SOURCE, connector=exhibit.candidate.connector, folder=exhibit.folder / "export")
    diagnoses = [guarded(each.run) for each in exhibit.candidate.host.diagnostics]
    made: Mapping[str, object] = {
        "sources.json": sources(store, Asked(), words),
        "exports.json": exports([folder], words),
        "doctor.json": [asdict(each) for each in diagnoses if isinstance(each, Diagnosis)],
        "plugins.json": asdict(exhibit.candidate.report),
    }
    for name, content in made.items():
        yield Piece(name, name, partial(_given, content))


def _given(content: object) -> object:
    return content


def _texts(content: object) -> Iterator[str]:
    """Every text of a piece, the names of its fields included."""
    match content:
        case str():
            yield content
        case Mapping():
            for name, each in content.items():
                yield str(name)
                yield from _texts(each)
        case list() | tuple():
            for each in content:
                yield from _texts(each)
        case _:
            return


CHECKS: tuple[SampleCheck, ...] = (bundle,)
