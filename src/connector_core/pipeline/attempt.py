"""One attempt, from spooled inputs to committed findings. Read this file first.

Everything an attempt does happens inside one transaction of the store: the records of its files, the answers of every
subject they touch, the state of each file, and what is to be delivered of it. Killing the process at any instruction
leaves either all of it or nothing, so that a file is read at least once and has its effect once.

Files that settle together are one attempt: a vendor's export is several files that only make sense together.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache

from connector_core.errors import ConnectorBroke, ConnectorError, ConnectorRests
from connector_core.findings.life import Changes
from connector_core.formats.document import Probe, probe_of
from connector_core.model.coverage import Covers
from connector_core.pipeline.cabinet import Lots, PracticeView
from connector_core.pipeline.gather import Gatherings
from connector_core.pipeline.given import Input, Lying, Rules
from connector_core.pipeline.ingest import Ingest
from connector_core.pipeline.moves import Moves
from connector_core.pipeline.noted import filled_in
from connector_core.pipeline.outcome import FileOutcome, Outcome
from connector_core.pipeline.recheck import Recheck
from connector_core.pipeline.remembered import Remembered
from connector_core.pipeline.rows import FileOrigin
from connector_core.plugins.connector import Claim, Joins, OfDatabase, Reading
from connector_core.plugins.host import Identification
from connector_core.rules.base import RuleBase
from connector_core.store.codec import row_of
from connector_core.store.files import NOTED_FACT, FileState
from connector_core.store.store import ACTS_SINCE, PAYEES, RETURNS_SINCE, Store

Clock = Callable[[], datetime]
Committing = Callable[[date, Changes], None]
"""Told, before a transaction is committed, of which day it is and what it changes; what it writes is committed too."""
Progress = Callable[[str, int], None]
"""Told the name of what is being done and how far it is, every few thousand rows or few hundred answers."""


@dataclass(frozen=True, slots=True)
class _Claimed:
    input: Input
    claim: Claim
    reading: Reading


class Pipeline:
    """Runs attempts against one store. One per process; between attempts it keeps nothing but the rules made ready, and
    the lots as long as none changes."""

    def __init__(
        self,
        store: Store,
        rules: Rules,
        clock: Clock,
        order: Sequence[str] = (),
        leaders: Mapping[str, str] | None = None,
        committing: Committing | None = None,
        payees: Iterable[str] = (),
        progress: Progress | None = None,
    ) -> None:
        self._payees = " ".join(sorted(payees))
        self._store = store
        self._committing = committing
        self._progress = progress or _silent
        self._rules = rules
        self._clock = clock
        self._order = tuple(order)
        self._leaders = dict(leaders or {})
        self._digest = rules.digest()
        self._base: tuple[Covers, RuleBase] | None = None
        self._lots: Lots | None = None

    def attempt(
        self,
        inputs: Iterable[Input],
        as_of: date,
        progress: Progress | None = None,
        lying: Lying | None = None,
    ) -> Outcome:
        """Read files and ask again what they touch, all in one transaction. Where they change what others join on, what
        `lying` gives is read again with them."""
        tell = progress or self._progress
        outcome = Outcome()
        files = self._store.files
        with self._store.transaction(), _uninterrupted():
            covered = files.covers()
            claimed: list[_Claimed] = []
            for each in inputs:
                tell(each.file.name, 0)
                found = self._claim(each, outcome)
                if found is not None:
                    claimed.append(found)
            ingest = Ingest(self._store, _moves(self._store, claimed))
            self._read_all(claimed, ingest, outcome, tell, lying or _none_lies)
            self._note_payees(ingest)
            ingest.settle()
            self._note_filled(ingest)
            outcome.records = ingest.records
            everything = self._reach_back(ingest) or files.covers() != covered or "practitioner" in ingest.changed
            lots = self._ask(ingest, as_of, outcome, tell, everything=everything)
        self._lots = lots
        return outcome

    def complete(self, each: Input) -> bool:
        """Whether the connector that knows a file says that the vendor has finished writing it."""
        probe = probe_of(each.file)
        claim = self._identified(each, probe).claim
        return claim is None or self._rules.host.connectors[claim.connector].connector.is_complete(probe)

    def day_passes(self, as_of: date) -> Outcome:
        """No new data, another day: ask again only those whose answers may change by themselves."""
        outcome = Outcome()
        if self._store.fact("as_of") == as_of.isoformat() and not self._rules_changed() and not self._payees_changed():
            return outcome
        with self._store.transaction(), _uninterrupted():
            ingest = Ingest(self._store, _moves(self._store, ()))
            changed = self._note_payees(ingest)
            if changed:
                ingest.settle()
            lots = self._ask(ingest, as_of, outcome, self._progress, everything=changed)
        self._lots = lots
        return outcome

    def recheck(self, as_of: date, progress: Progress | None = None) -> Outcome:
        """Ask everything again, whatever has changed."""
        outcome = Outcome()
        with self._store.transaction(), _uninterrupted():
            ingest = Ingest(self._store, _moves(self._store, ()))
            if self._note_payees(ingest):
                ingest.settle()
            lots = self._ask(ingest, as_of, outcome, progress or self._progress, everything=True)
        self._lots = lots
        return outcome

    def set_aside(self, each: Input, reason: str, *, poison: bool = False) -> None:
        """Remember a file that was tried in vain. `poison` says that its connector is what failed: the file is in
        `poisoned` then, until the connector changes."""
        connector = each.connectors[0] if each.connectors is not None and len(each.connectors) == 1 else None
        stamp = self._stamp(connector) if poison else ""
        with self._store.transaction():
            self._refused(each, "set_aside", reason, Outcome(), connector, stamp)

    def poisoned(self, source: str, connector: str) -> set[str]:
        """The digests of the files of a source that broke a connector which has not changed since."""
        stamp = self._stamp(connector)
        found = self._store.files.set_aside(source)
        return {each.sha256 for each in found if stamp and (each.connector, each.signature) == (connector, stamp)}

    def _stamp(self, connector: str | None) -> str:
        """What a connector is made of; empty for one that is not there."""
        registered = None if connector is None else self._rules.host.connectors.get(connector)
        return "" if registered is None else registered.stamp

    def _identified(self, each: Input, probe: Probe) -> Identification:
        """Whose file it is. Where nobody claims it since a connector's process failed, that is raised."""
        identified = self._rules.host.identify(probe, each.connectors)
        failed = [skipped.error for skipped in identified.skipped if skipped.error is not None]
        if failed and not identified.claims:
            raise failed[0]
        return identified

    def _payees_changed(self) -> bool:
        return (self._store.fact(PAYEES) or "") != self._payees

    def _note_payees(self, ingest: Ingest) -> bool:
        """Remember the companies that are paid for the professionals; whether they are others than before, so that
        answers that wait are routed anew."""
        changed = self._payees_changed()
        if changed:
            self._store.set_fact(PAYEES, self._payees)
            ingest.changed.setdefault("practitioner", set())
        return changed

    def _note_filled(self, ingest: Ingest) -> None:
        """Remember which events that are noted by hand some row fills; in a store of an earlier version they are looked
        for."""
        known = self._store.fact(NOTED_FACT)
        filled = filled_in(self._store.dossiers) if known is None else set(known.split())
        if known is None or not ingest.noted <= filled:
            self._store.set_fact(NOTED_FACT, " ".join(sorted(filled | ingest.noted)))

    def _rules_changed(self) -> bool:
        return self._store.fact("rules") != self._digest

    def _values_changed(self, dawned: tuple[date, date] | None) -> bool:
        """Whether a parameter takes another value on one of the days that have passed."""
        parameters = self._rules.parameters
        return dawned is not None and any(
            dawned[0] < value.since <= dawned[1]
            for name in parameters.names()
            for value in parameters.parameter(name).values
        )

    def _claim(self, each: Input, outcome: Outcome) -> _Claimed | None:
        identified = self._identified(each, probe_of(each.file))
        claim = identified.claim
        if claim is None:
            self._refused(
                each, "ambiguous" if identified.status == "ambiguous" else "unknown", identified.reason, outcome
            )
            return None
        if each.dialect is not None and claim.dialect != each.dialect:
            reason = f"le fichier est du dialecte « {claim.dialect} », et non « {each.dialect} » comme configuré"
            self._refused(each, "unknown", reason, outcome)
            return None
        try:
            reading = self._rules.host.connectors[claim.connector].connector.read(each.file, claim)
        except (ConnectorBroke, ConnectorRests):
            raise
        except ConnectorError as error:
            self._refused(each, "incomplete", str(error), outcome)
            return None
        return _Claimed(each, claim, reading)

    def _refused(
        self,
        each: Input,
        state: FileState,
        reason: str,
        outcome: Outcome,
        connector: str | None = None,
        signature: str | None = None,
    ) -> None:
        files, at = self._store.files, self._clock().isoformat()
        number = files.start(files.source_number(each.source), each.file.sha256, each.file.name, each.file.size, at)
        files.refuse(number, [("fichier", reason, None)])
        files.finish(number, state=state, at=at, connector=connector, signature=signature, rejects=1, reason=reason)
        outcome.files.append(
            FileOutcome(each.source, each.file.name, each.file.sha256, state, None, None, 0, 0, 1, reason)
        )

    def _read_all(
        self, claimed: list[_Claimed], ingest: Ingest, outcome: Outcome, tell: Progress, lying: Lying
    ) -> None:
        """Read files, those that others join on first; where these are joined among themselves or say otherwise than
        before, once more with all they say, and with those read before that join on them. The list is emptied."""
        files = self._store.files
        remembered: dict[int, Remembered] = {}
        joined_on = [each for each in claimed if each.reading.remembers]
        states: list[FileState] = []
        for each in joined_on:
            tell(each.input.file.name, 0)
            states.append(self._read(each, ingest, remembered, outcome, tell))
        changed = {source for source, lookups in remembered.items() if lookups.changed}
        for source in changed:
            files.forget_seen(source)
            for table in remembered[source].forgotten:
                files.forget_table(source, table)
        for each, state in zip(joined_on, states, strict=True):
            source = files.source_number(each.input.source)
            if state == "waiting" or source in changed:
                self._read(each, ingest, remembered, outcome, tell, anew=source in changed)
            if source in changed and not _says_all(each.reading):
                files.doubt(source)
        for source, lookups in remembered.items():
            files.remember(source, lookups.entries())
        again = [found for source in changed for found in self._joining(claimed, source, remembered[source], lying)]
        others = [each for each in reversed(claimed) if not each.reading.remembers] + again[::-1]
        claimed.clear()
        while others:  # a file that is read is let go, with what its reading has remembered of its cells
            each = others.pop()
            tell(each.input.file.name, 0)
            anew = files.source_number(each.input.source) in changed
            self._read(each, ingest, remembered, outcome, tell, anew=anew)

    def _joining(
        self, claimed: Sequence[_Claimed], number: int, lookups: Remembered, lying: Lying
    ) -> Iterator[_Claimed]:
        """Files read before that join on what a source says otherwise now."""
        source = self._store.files.sources()[number]
        arriving = {each.input.file.sha256 for each in claimed if each.input.source == source}
        for each in lying(source, arriving):
            claim = self._identified(each, probe_of(each.file)).claim
            if claim is None or each.dialect not in (None, claim.dialect):
                continue  # what it said when it was read stays said
            reading = self._rules.host.connectors[claim.connector].connector.read(each.file, claim)
            joins = reading.joins if isinstance(reading, Joins) else lookups.changed
            if not lookups.changed.isdisjoint(joins):
                yield _Claimed(each, claim, reading)

    def _read(
        self,
        each: _Claimed,
        ingest: Ingest,
        remembered: dict[int, Remembered],
        outcome: Outcome,
        tell: Progress,
        *,
        anew: bool = False,
    ) -> FileState:
        files, file = self._store.files, each.input.file
        source = files.source_number(each.input.source)
        number = files.start(source, file.sha256, file.name, file.size, self._clock().isoformat())
        lookups = remembered.get(source)
        if lookups is None:
            lookups = remembered[source] = Remembered(files, source)
        origin = FileOrigin(source, f"{each.input.source}:" if each.input.source else "", number)
        result = ingest.read(origin, each.reading, lookups, lambda rows: tell(file.name, rows), anew=anew)
        files.add_seen(source, each.reading.signature, number, bytes(result.hashes))
        gone_of = files.hold(source, result.held)
        gone = set().union(*gone_of.values())
        ingest.withdrawn.withdraw(source, gone, result.held.values())
        if anew and result.held:
            ingest.withdrawn.say_anew(source, number, result.held.values())
        for table, rows in gone_of.items():
            if rows:
                lookups.lose(table)
        if result.rows or result.state == "committed":
            files.widen(source, each.reading.covers)
        files.refuse(number, result.rejects)
        files.finish(
            number,
            state=result.state,
            at=self._clock().isoformat(),
            connector=each.claim.connector,
            dialect=each.claim.dialect,
            signature=each.reading.signature,
            rows=result.rows,
            new_rows=result.new_rows,
            rejects=len(result.rejects),
            reason=result.reason,
        )
        told = [other for other in outcome.files if (other.source, other.sha256) != (each.input.source, file.sha256)]
        outcome.files = [
            *told,
            FileOutcome(
                each.input.source,
                file.name,
                file.sha256,
                result.state,
                each.claim.connector,
                each.claim.dialect,
                result.rows,
                result.new_rows,
                len(result.rejects),
                result.reason,
                len(gone),
                len(result.held),
                sum(not table.whole for table in result.held.values()),
            ),
        ]
        return result.state

    def _reach_back(self, ingest: Ingest) -> bool:
        """Note the days of the first act and the first payers' answer that the sources give; whether one is earlier
        than it was."""
        earlier = False
        first_act = min((day for _, day in ingest.gathered.days), default=None)
        for name, first in ((ACTS_SINCE, first_act), (RETURNS_SINCE, ingest.gathered.first_return)):
            known = self._store.fact(name)
            if first is not None and (known is None or first.isoformat() < known):
                self._store.set_fact(name, first.isoformat())
                earlier = True
        return earlier

    def _ask(self, ingest: Ingest, as_of: date, outcome: Outcome, tell: Progress, *, everything: bool) -> Lots:
        store = self._store
        day, before = as_of.isoformat(), store.fact("as_of") or as_of.isoformat()
        dawned = (date.fromisoformat(before), as_of) if day > before else None
        everything = everything or self._rules_changed() or day < before or self._values_changed(dawned)
        known, self._lots = self._lots, None  # read again after an attempt that fails
        unchanged = ingest.changed.keys().isdisjoint(("lot", "practitioner"))
        view = PracticeView.of(store, self._order, self._leaders, known if unchanged else None)
        recheck = Recheck(store, self._base_for(view.cabinet.covers), view, as_of, lambda asked: tell("règles", asked))
        gatherings = Gatherings(store, view, ingest.gathered)
        gatherings.drop(ingest.waited)
        store.files.overrule(map(row_of, ingest.waited))
        tell("règles", 0)
        done = recheck.changed(ingest.take_fragments(), gatherings, ingest.gone_from)
        # the invoices of thirteen months are let go before the dossiers need the memory
        if gatherings.changed or everything or dawned or not ingest.changed.keys().isdisjoint(("lot", "bank_credit")):
            recheck.practice(gatherings)
        if everything:
            recheck.again(set(store.dossiers.numbers()) - done)
        else:
            lots = view.lots_named_like(ingest.changed.get("lot", set()))
            touched = {owner for number in gatherings.invoices_of(lots) for owner in store.claims.dossiers(number)}
            awake = store.dossiers.awake(as_of) if dawned else ()
            recheck.again(touched.union(awake) - done)
        recheck.households()
        if recheck.base.asks_days:
            for key, acts in gatherings.days(everything=everything, dawned=dawned):
                recheck.day(key, acts)
        else:
            gatherings.tidy()
            recheck.no_days()
        recheck.flush()
        store.set_fact("as_of", day)
        store.set_fact("rules", self._digest)
        if self._committing is not None:
            self._committing(as_of, recheck.changes)
        outcome.asked = recheck.asked
        outcome.changes = recheck.changes
        return view.lots

    def _base_for(self, covers: Covers) -> RuleBase:
        """The rules that may be asked where the sources cover so much; sorting them out again costs a millisecond."""
        if self._base is None or self._base[0] != covers:
            rules = self._rules
            base = RuleBase(rules.host.rules, rules.parameters, rules.tariffs, covers, rules.adjustments, rules.motifs)
            self._base = covers, base
        return self._base[1]


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Without the cyclic garbage collector: an attempt makes objects by the million and no cycles among them."""
    enabled = gc.isenabled()
    gc.disable()
    _leave_what_is_loaded()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@cache
def _leave_what_is_loaded() -> None:
    """Keep the collector from looking through what lasts as long as the process: modules, rules, parameters."""
    gc.freeze()


def _moves(store: Store, claimed: Sequence[_Claimed]) -> Moves | None:
    """What notices records that move, unless none can: nothing was read before, and no two files are of one layout."""
    layouts = {(each.input.source, each.reading.signature) for each in claimed}
    first = store.dossiers.empty()
    if first and len(layouts) == len(claimed):
        return None
    return Moves(store.dossiers, store.waiting, store.whereabouts, first=first)


def _says_all(reading: Reading) -> bool:
    """Whether a file has all rows of all its tables, if it is of a database: what other files said can't be asked
    again."""
    extract = reading.extract if isinstance(reading, OfDatabase) else None
    return extract is None or {each.name for each in extract.tables if each.whole} == set(reading.tables)


def _none_lies(_source: str, _arriving: Collection[str]) -> Iterable[Input]:
    return ()


def _silent(_what: str, _done: int) -> None:
    return None
