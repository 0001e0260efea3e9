"""C8, writing back: that flags go where the dialect says they go, are understood there, and are not read as records.

That a flag is written once, and what a fault in the middle leaves, is up to the core alone, and not asked here.
"""

from __future__ import annotations

from collections import Counter

from connector_core.deliver.write_back.files import file_text
from connector_core.dialects.write_back import SIGNATURE_LENGTH, FilePlace, FlagValue, NotePlace, WritePlace
from connector_core.testing.conformance.check import Broken, NotApplicable, check
from connector_core.testing.conformance.exhibit import Exhibit, SampleCheck
from connector_core.testing.conformance.flagged import Flagged, files_among, flag_for
from connector_core.testing.conformance.told import Known, MemoryFile, read

_LEAST = 60
"""Characters of a flag by which a person knows what there is to do."""
_LETTERS = "àâçéèêëîïôûùÀÇÉÈÊ"
"""What French is not written without."""


@check("C8-PLACE", "silver", after=["C4-READS"])
def exists(exhibit: Exhibit) -> None:
    """The tables and columns of every place are in the sample's database.

    The software's next version renames one: that must be seen before a practice has switched the place on.
    """
    lacking = _flagged(exhibit).lacking()
    if lacking:
        raise Broken(f"a place can't be written to: {lacking}")


@check("C8-ROW", "silver", after=["C8-PLACE"])
def row(exhibit: Exhibit) -> None:
    """Every patient of the sample can be given a flag in every place, in one row that is the patient's own.

    A column that is not the key marks somebody else's file, or nobody's: the core then writes nothing, and the practice
    waits for flags that never come.
    """
    trial = _flagged(exhibit).trial
    if trial.refused:
        reasons = Counter(trial.refused)
        said = "; ".join(f"{place}: {reason} ({number} ×)" for (place, reason), number in reasons.items())
        raise Broken(f"flags are not taken: {said}")
    if trial.missing:
        raise Broken(f"{trial.missing} of {trial.written} flags are not found again by their marks")


@check("C8-TEXT", "silver", after=["C8-PLACE"])
def text(exhibit: Exhibit) -> None:
    """A place holds enough of a flag to be understood, with its accents, and no more than its columns can hold.

    SQLite takes any text; another engine refuses one that is too long, and with it every flag of the place.
    """
    places = _places(exhibit)
    for place in places:
        least = _shortest(place)
        if least is not None and least < _LEAST:
            raise Broken(
                f"{place.id}: a flag is cut after {max(least, 0)} characters, of which {_LEAST} say what to do"
            )
    for file in files_among(places):
        if _LETTERS.encode(file.encoding, "replace").decode(file.encoding) != _LETTERS:
            raise Broken(f"{file.id}: {file.encoding} does not write French")
    if exhibit.has_database and len(files_among(places)) < len(places):
        for cell in _flagged(exhibit).cells():
            if cell.longest > cell.size:
                raise Broken(
                    f"{cell.place}: « {cell.column} » holds {cell.size} characters and is given {cell.longest}"
                )


@check("C8-UNREAD", "silver", after=["C8-ROW"])
def unread(exhibit: Exhibit) -> None:
    """What was written is not read back: the records with flags are those without, an import file is no export.

    Else the connector's own words become a patient's data, and the rules are asked about them.
    """
    for file in files_among(_places(exhibit)):
        flag = flag_for(file.id, "1")
        content = file_text(file, flag).encode(file.encoding, "replace")
        if read(exhibit.connector, [MemoryFile(file.name.format(mark=flag.mark), content)], Known()).claims:
            raise Broken(f"{file.id}: the connector takes its own import file for an export")
    if not _has_places_in_base(exhibit):
        return
    told = _flagged(exhibit).trial.read
    if sorted(told.lines) != sorted(exhibit.whole.lines) or len(told.rejects) != len(exhibit.whole.rejects):
        raise Broken("the database gives other records once flags were written")


@check("C8-ONLY", "silver", after=["C8-ROW"])
def only(exhibit: Exhibit) -> None:
    """A preview writes nothing, writing changes the declared places and no more, and writing again changes nothing.

    The database is not ours. Whatever else changes there, by a trigger too, somebody has to answer for.
    """
    trial = _flagged(exhibit).trial
    if trial.whole["previewed"] != trial.whole["before"]:
        raise Broken("a preview has changed the database")
    if trial.elsewhere["written"] != trial.elsewhere["before"]:
        raise Broken("more than the declared places has changed")
    if trial.again or trial.whole["again"] != trial.whole["written"]:
        raise Broken("writing the same flags again changes the database")


@check("C8-UNDONE", "silver", after=["C8-ONLY"])
def undone(exhibit: Exhibit) -> None:
    """Undoing leaves the database as it was before the first flag.

    A practice that no longer wants flags wants its files back as they were. Only the numbers that the database has
    given to rows are not given back.
    """
    trial = _flagged(exhibit).trial
    if trial.whole["undone"] != trial.whole["before"]:
        raise Broken("undoing leaves something behind")


def _places(exhibit: Exhibit) -> tuple[WritePlace, ...]:
    places = exhibit.places
    if not places:
        raise NotApplicable("the dialects that read the sample declare no place for flags")
    return places


def _has_places_in_base(exhibit: Exhibit) -> bool:
    return exhibit.has_database and any(not isinstance(place, FilePlace) for place in exhibit.places)


def _flagged(exhibit: Exhibit) -> Flagged:
    if len(files_among(_places(exhibit))) == len(exhibit.places):
        raise NotApplicable("the places are files")
    if not exhibit.has_database:
        raise NotApplicable("the sample is no database, so that its places can't be tried")
    return exhibit.flagged


def _shortest(place: WritePlace) -> int | None:
    """How many characters of a flag's text a place holds, where it says so."""
    if isinstance(place, NotePlace):
        return None if place.length is None else place.length - SIGNATURE_LENGTH
    found = [_held(value) for value in place.columns.values() if value.part in ("text", "signed")]
    limited = [each for each in found if each is not None]
    if not found:
        return 0
    return max(limited) if len(limited) == len(found) else None


def _held(value: FlagValue) -> int | None:
    if value.length is None:
        return None
    return value.length - (SIGNATURE_LENGTH if value.part == "signed" else 0)


CHECKS: tuple[SampleCheck, ...] = (exists, row, text, unread, only, undone)
