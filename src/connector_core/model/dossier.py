"""The subjects that rules are asked about.

A subject holds everything on which its questions can be answered alone, so that a change re-checks only the subjects it
touches. Sequences are sorted; ids are unique inside the subject; nothing in here refers to a store or a file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from connector_core.model.coverage import Covers
from connector_core.model.finding import ParameterRead
from connector_core.model.records import (
    Act,
    Appointment,
    Assessment,
    BankCredit,
    Bsi,
    Coverage,
    Invoice,
    Lot,
    Patient,
    PatientPayment,
    PayerReturn,
    Practitioner,
    Prescription,
    PriorAgreement,
    Quote,
    Reminder,
    Treatment,
)


@dataclass(frozen=True, slots=True)
class Cabinet:
    """What every subject of one practice shares: its professionals, its lots, what its sources cover, and the days of
    the first act and the first payers' answer they give.

    Before these days the sources are silent; only where they cover everything does silence mean that nothing was.
    `payees` are the AM numbers of companies that are paid for the professionals.
    """

    covers: Covers
    practitioners: Mapping[str, Practitioner] = field(default_factory=dict)
    lots: Mapping[str, Lot] = field(default_factory=dict)
    acts_since: date | None = None
    returns_since: date | None = None
    payees: frozenset[str] = frozenset()

    def tells_returns_of(self, day: date) -> bool:
        """Whether a payer's answer of that day would be among those the sources give."""
        return self.covers.everything or (self.returns_since is not None and self.returns_since <= day)


@dataclass(frozen=True, slots=True)
class Derived:
    """How a treatment that no source gives was put together: the steps in French, and the parameters read."""

    steps: tuple[str, ...]
    reads: tuple[ParameterRead, ...]


@dataclass(frozen=True, slots=True)
class Dossier:
    """A patient with everything of theirs, as known on a day.

    `patient` is None when records name a patient whom no source has described yet. Acts are sorted by date, time, id.
    `derived` says of the treatments that were put together from the sessions how that was done.
    """

    patient_id: str
    cabinet: Cabinet
    patient: Patient | None = None
    coverages: tuple[Coverage, ...] = ()
    prescriptions: tuple[Prescription, ...] = ()
    treatments: tuple[Treatment, ...] = ()
    acts: tuple[Act, ...] = ()
    assessments: tuple[Assessment, ...] = ()
    bsis: tuple[Bsi, ...] = ()
    prior_agreements: tuple[PriorAgreement, ...] = ()
    invoices: tuple[Invoice, ...] = ()
    payer_returns: tuple[PayerReturn, ...] = ()
    patient_payments: tuple[PatientPayment, ...] = ()
    reminders: tuple[Reminder, ...] = ()
    quotes: tuple[Quote, ...] = ()
    appointments: tuple[Appointment, ...] = ()
    derived: Mapping[str, Derived] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PractitionerDay:
    """Everything one practitioner performed on one day, across patients; acts sorted by time, then patient."""

    practitioner_id: str
    day: date
    cabinet: Cabinet
    acts: tuple[Act, ...]


@dataclass(frozen=True, slots=True)
class HouseholdDay:
    """The people of one home on a day on which several of them were cared for; dossiers sorted by patient.

    A home is what a source says it is (`patient.household`), and its people are of one source.
    """

    household: str
    day: date
    cabinet: Cabinet
    dossiers: tuple[Dossier, ...]


@dataclass(frozen=True, slots=True)
class SentLot:
    """A télétransmission lot that has left, with its invoices and the payers' answers to them.

    `dres` are the invoices of which the lot holds the DRE, by which the complémentaire is asked apart; of the answers
    to these, only the complémentaire's are here.
    """

    lot: Lot
    cabinet: Cabinet
    invoices: tuple[Invoice, ...] = ()
    payer_returns: tuple[PayerReturn, ...] = ()
    dres: tuple[Invoice, ...] = ()


@dataclass(frozen=True, slots=True)
class Practice:
    """The practice as a whole, for rates, totals and transfers: the invoices, payers' returns and bank credits of the
    last year at least."""

    cabinet: Cabinet
    invoices: tuple[Invoice, ...] = ()
    payer_returns: tuple[PayerReturn, ...] = ()
    bank_credits: tuple[BankCredit, ...] = ()


Subject = Dossier | PractitionerDay | HouseholdDay | SentLot | Practice
