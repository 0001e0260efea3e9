"""What the records behind a finding say to a person, in French, with their place in the original file."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from connector_core.deliver import french
from connector_core.deliver.people import Owner, People
from connector_core.deliver.report_model import CountedLine, EvidenceLine, LegalBasis
from connector_core.formats.rows import locator
from connector_core.model import records as r
from connector_core.model.assemble import HAPPENED_ON
from connector_core.model.finding import Evidence, Finding, ParameterRead
from connector_core.model.letters import act_kind
from connector_core.model.vocabulary import ActKind, AssessmentKind, ReturnState
from connector_core.parameters.motifs import as_received
from connector_core.parameters.tariffs import load_tariffs
from connector_core.rules.counting import cotation, decimal_text

MOST_LINES = 40
"""How many records of one finding the report shows; the others stay in the store and in the JSON."""

_TARIFF = "tariff."
_KEY = "KEY-"
_ZONES: Mapping[str, str] = {"METRO": "métropole", "DROM": "outre-mer"}
_COUNTED: Mapping[str, str] = {
    "jours": "jour",
    "jours ouvrés": "jour ouvré",
    "mois": "mois",
    "ans": "an",
    "années": "année",
    "heures": "heure",
    "minutes": "minute",
    "km": "km",
    "séances": "séance",
    "actes": "acte",
    "patients": "patient",
}
"""Units that are written behind a number, with the singular; others are said by the label."""
_REFERENTIAL = "referential."
_ACTS: Mapping[ActKind, str] = {
    "session": "Séance",
    "assessment": "Bilan",
    "travel": "Déplacement",
    "surcharge": "Majoration",
    "bsi": "BSI",
    "package": "Forfait",
    "other": "Acte",
}
_ASSESSMENTS: Mapping[AssessmentKind, str] = {
    "initial": "initial",
    "intermediate": "intermédiaire",
    "final": "final",
    "isolated": "isolé",
}
_RETURNS: Mapping[ReturnState, str] = {"paid": "payé", "rejected": "rejeté", "deferred": "différé"}
_KINDS: Mapping[str, str] = {
    "patient": "Fiche du patient",
    "coverage": "Droits",
    "treatment": "Prise en charge",
    "bsi": "Bilan de soins infirmiers",
    "prior_agreement": "Demande d'accord préalable",
    "lot": "Lot télétransmis",
    "bank_credit": "Crédit en banque",
    "patient_payment": "Règlement du patient",
    "reminder": "Relance",
    "quote": "Devis",
    "appointment": "Rendez-vous",
    "practitioner": "Praticien",
}


def evidence_lines(
    finding: Finding, owner: Owner, people: People, files: Mapping[int, str]
) -> tuple[EvidenceLine, ...]:
    """The records a finding rests on; one that is elsewhere in the practice is named without its content."""
    return tuple(_line(each, owner, people, files) for each in finding.evidence[:MOST_LINES])


def counted_lines(finding: Finding, owner: Owner) -> tuple[CountedLine, ...]:
    lines: list[CountedLine] = []
    for each in finding.counted:
        placed = owner.records.get((each.evidence.kind, each.evidence.id))
        where = None if placed is None else french.place(locator(placed.place))
        lines.append(CountedLine(each.rank, each.on, french.typographic(each.text), where))
    return tuple(lines)


def practitioner_of(finding: Finding, owner: Owner, people: People) -> str | None:
    """The professional whom the finding is about, else who did, or follows, what it is about; silent on the latter in a
    practice of one."""
    professional = people.professional(finding)
    if professional is not None:
        return professional
    if not people.several_practitioners:
        return None
    keys = [(finding.subject.kind, finding.subject.id), *((each.kind, each.id) for each in finding.evidence)]
    for key in keys:
        placed = owner.records.get(key)
        name = None if placed is None else _practitioner(placed.record, people)
        if name is not None:
            return name
    return None


def basis(
    reads: tuple[ParameterRead, ...], labels: Mapping[str, str], units: Mapping[str, str]
) -> tuple[LegalBasis, ...]:
    """The texts behind a finding, each once, with the values that were read and since when they hold; `labels` and
    `units` are those of the parameters."""
    texts: dict[tuple[str, date], dict[str, str]] = {}
    notes: dict[tuple[str, date], set[str]] = {}
    for read in reads:
        key = (read.reference, read.since)
        texts.setdefault(key, {})[_label(read, labels)] = _value(read, units.get(read.name, ""))
        notes.setdefault(key, set()).update({read.note} if read.note else ())
    return tuple(
        LegalBasis(
            values=tuple(values.items()),
            since=since,
            reference=french.typographic(reference),
            note=french.typographic(" ; ".join(sorted(notes[reference, since]))) or None,
        )
        for (reference, since), values in texts.items()
    )


def _label(read: ParameterRead, labels: Mapping[str, str]) -> str:
    name = read.name
    if name.startswith(_TARIFF):
        return _tariff(name.removeprefix(_TARIFF), read.since)
    if name.startswith(_REFERENTIAL):
        return f"Référentiel {name.removeprefix(_REFERENTIAL)}, première séance soumise à accord"
    return french.typographic(labels.get(name, name))


def _tariff(name: str, since: date) -> str:
    """« Tarif AMK 10,7 (métropole) » for a row of the tariffs, which is named by its code and its zone."""
    code, _, zone = name.rpartition(".")
    where = f" ({_ZONES[zone]})" if zone in _ZONES else ""
    if code.startswith(_KEY):
        return f"Valeur de {code.removeprefix(_KEY)}{where}"
    pairs = [f"{letter} {decimal_text(rank)}" for letter, rank in load_tariffs().pairs(code, zone, since)]
    return f"Tarif {' ou '.join(pairs) or code}{where}"


def _with_unit(text: str, unit: str) -> str:
    if unit in ("%", "pour cent"):
        return f"{text}{french.NARROW}%"
    if unit not in _COUNTED:
        return text
    return f"{text}{french.WIDE}{_COUNTED[unit] if text in ('0', '1') else unit}"


def _value(read: ParameterRead, unit: str) -> str:
    value = read.value
    if isinstance(value, bool):
        return "oui" if value else "non"
    text = str(value)
    try:
        if isinstance(value, str) and "." in value:
            number = Decimal(value)
            is_money = read.name.startswith(_TARIFF) or unit == "euros"
            return french.euros(number) if is_money else _with_unit(decimal_text(number), unit)
        return french.short_day(date.fromisoformat(text)) if "-" in text else _with_unit(text, unit)
    except (ValueError, ArithmeticError):
        return text


def _line(evidence: Evidence, owner: Owner, people: People, files: Mapping[int, str]) -> EvidenceLine:
    placed = owner.records.get((evidence.kind, evidence.id))
    if placed is None:
        where = evidence.provenance
        place = None if where is None else french.place(where.locator)
        return EvidenceLine(_KINDS.get(evidence.kind, "Pièce"), None, None, None, None, None, None, place)
    record = placed.record
    letter = coefficient = None
    if isinstance(record, r.Act):
        letter, coefficient = record.letter, record.coefficient
    return EvidenceLine(
        what=_what(record),
        on=_on(record),
        letter=letter,
        coefficient=coefficient,
        amount=_amount(record),
        practitioner=_practitioner(record, people),
        file=files.get(placed.file),
        patient=None if owner.person is not None else people.patient(placed),
        place=french.place(locator(placed.place)),
    )


def _what(record: r.Record) -> str:
    match record:
        case r.Act():
            at = "" if record.started_at is None else f" à {french.clock(record.started_at)}"
            return f"{_ACTS[act_kind(record)]} {cotation(record)}{at}"
        case r.Assessment():
            return f"Bilan clinique {_ASSESSMENTS[record.kind]}"
        case r.Invoice():
            return f"Facture n°{french.WIDE}{record.number}"
        case r.Prescription():
            if record.sessions is None:
                return "Ordonnance"
            return f"Ordonnance de {french.count(record.sessions, 'séance')}"
        case r.PayerReturn():
            received = as_received(record.reject_code, record.reject_label)
            motif = "" if received is None else f", motif {received}"
            is_taken = record.paid is not None and record.paid < 0
            return f"Retour {record.payer} {'repris' if is_taken else _RETURNS[record.state]}{motif}"
        case _:
            return _KINDS.get(record.record, "Pièce")


def _on(record: r.Record) -> date | None:
    if isinstance(record, r.Appointment):
        return record.starts_at.date()
    if isinstance(record, r.Lot):
        return record.sent_on or record.created_on
    field = HAPPENED_ON.get(record.record)
    day = None if field is None else getattr(record, field)
    return day if isinstance(day, date) else None


def _amount(record: r.Record) -> Decimal | None:
    match record:
        case r.Act() | r.BankCredit() | r.PatientPayment() | r.Quote():
            return record.amount
        case r.Invoice() | r.Lot():
            return record.total
        case r.PayerReturn():
            return record.paid if record.state == "paid" else record.claimed
        case _:
            return None


def _practitioner(record: r.Record, people: People) -> str | None:
    """The professional whom a record names or describes; nobody in a practice of one."""
    named = record.id if isinstance(record, r.Practitioner) else getattr(record, "practitioner_id", None)
    return people.practitioner(named) if people.several_practitioners and isinstance(named, str) else None
