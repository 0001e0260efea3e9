"""The record kinds of the common model, version 1.

Every connector produces these and every rule reads them. Conventions, from `docs/vendor/common-model.md`:

* An absent attribute (`None`) is unknown; it is never replaced by a plausible value.
* An absent event has not happened, where a source covers it. `events` names the fields of a kind that are events; the
  existence of a whole record is an event too.
* What a vendor gave and the model has no field for is kept in `vendor`.

Models are frozen and strict: what is given is kept as given, or refused. Error messages never contain values.
"""

from collections.abc import Mapping
from datetime import date, time
from types import MappingProxyType
from typing import Annotated, ClassVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from connector_core.model import vocabulary as v
from connector_core.model.values import Coefficient, Identifier, Money, Number, Provenance

Count = Annotated[int, Field(ge=0)]


class Record(BaseModel):
    """What every kind has: an id inside its source, the vendor's own words, its provenance."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, hide_input_in_errors=True, defer_build=True, allow_inf_nan=False
    )

    record: ClassVar[str]
    """Name of the kind in the pivot format."""
    events: ClassVar[frozenset[str]] = frozenset()
    """Fields whose absence means that something has not happened, where the source covers them."""

    id: Identifier
    vendor: Mapping[str, str] | None = None
    provenance: Provenance | None = None


class Practitioner(Record):
    """A professional of the practice, a substitute included."""

    record: ClassVar[str] = "practitioner"

    profession: v.Profession
    family_name: str | None = None
    given_name: str | None = None
    rpps: str | None = None
    am_number: str | None = None
    zone: v.Zone = "METRO"
    substitute_of: str | None = None


class Patient(Record):
    """A person cared for."""

    record: ClassVar[str] = "patient"
    events: ClassVar[frozenset[str]] = frozenset({"deceased_on"})

    family_name: str | None = None
    given_name: str | None = None
    birth_date: date | None = None
    sex: v.Sex | None = None
    nir: str | None = None
    nir_key: str | None = None
    ins: str | None = None
    birth_rank: int | None = None
    household: str | None = None
    deceased_on: date | None = None
    archived: bool | None = None


class Coverage(Record):
    """A right of the patient with a caisse (AMO) or a complémentaire (AMC)."""

    record: ClassVar[str] = "coverage"

    patient_id: Identifier
    payer: v.Payer
    organisation: str | None = None
    member_number: str | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    exemption_code: v.ExemptionCode | None = None
    rate: Number | None = None
    kind: v.CoverageKind | None = None
    checked_on: date | None = None
    checked_by: v.RightsCheck | None = None
    routing: str | None = None
    management: v.AmcManagement | None = None
    domains: tuple[str, ...] | None = None


class Prescription(Record):
    """Ordonnance. `sessions` is absent when the prescriber did not quantify."""

    record: ClassVar[str] = "prescription"
    events: ClassVar[frozenset[str]] = frozenset({"document_sent_on"})

    patient_id: Identifier
    issued_on: date
    prescriber_rpps: str | None = None
    prescriber_am: str | None = None
    prescriber_finess: str | None = None
    sessions: Count | None = None
    indication: str | None = None
    at_home: bool | None = None
    daily: bool | None = None
    night: bool | None = None
    renewal_of: str | None = None
    renewed_by: v.RenewedBy | None = None
    forbids_renewal: bool | None = None
    dependency: bool | None = None
    palliative: bool | None = None
    discharged_on: date | None = None
    ends_on: date | None = None
    prescriber_structure: str | None = None
    document_sent_on: date | None = None


class Treatment(Record):
    """Prise en charge: one affection treated in one series of sessions.

    `article` is the article of NGAP titre XIV chap. II; `section` that of its article 1; `region` a French text of the
    vocabulary of regions, several joined by « et ».
    """

    record: ClassVar[str] = "treatment"
    events: ClassVar[frozenset[str]] = frozenset({"ended_on"})

    patient_id: Identifier
    practitioner_id: str | None = None
    started_on: date
    ended_on: date | None = None
    article: int | None = None
    section: v.Section | None = None
    region: str | None = None
    side: v.Side | None = None
    operated: bool | None = None
    operated_on: date | None = None
    discharged_on: date | None = None
    pathology: str | None = None
    situation: str | None = None
    neuro_peripheral: bool | None = None
    prado: bool | None = None
    direct_access: bool | None = None
    structure: v.Structure | None = None


class Act(Record):
    """One billed, or billable, line.

    `amount` is the honoraires (base plus `excess`). `session_id` names one passage of one practitioner with one
    patient. `kind` follows from the letter when absent (`connector_core.model.letters.act_kind`).
    """

    record: ClassVar[str] = "act"
    events: ClassVar[frozenset[str]] = frozenset({"qualifier"})

    patient_id: Identifier
    practitioner_id: Identifier
    performed_on: date
    letter: Annotated[str, Field(min_length=1, max_length=5)]
    coefficient: Coefficient
    started_at: time | None = None
    duration_min: Count | None = None
    quantity: int = 1
    amount: Money | None = None
    excess: Money | None = None
    qualifier: str | None = None
    act_code: str | None = None
    rate: v.ActRate = "1"
    kind: v.ActKind | None = None
    prescription_id: str | None = None
    treatment_id: str | None = None
    session_id: str | None = None
    place: v.Place | None = None
    facility: str | None = None
    distance_km: Number | None = None
    terrain: v.Terrain | None = None
    call_at: time | None = None
    group_size: Count | None = None
    urgent: bool | None = None
    helper_present: bool | None = None
    same_agglomeration: bool | None = None
    invoice_id: str | None = None
    created_at: AwareDatetime | None = None
    label: str | None = None
    ald_related: bool | None = None


class Assessment(Record):
    """Bilan-diagnostic kinésithérapique, clinical side. `act_id` is the billed act, when billed."""

    record: ClassVar[str] = "assessment"
    events: ClassVar[frozenset[str]] = frozenset({"act_id", "summary_sent_on"})

    patient_id: Identifier
    treatment_id: str | None = None
    kind: v.AssessmentKind
    performed_on: date
    act_id: str | None = None
    summary_sent_on: date | None = None
    pain: Annotated[int, Field(ge=0, le=10)] | None = None
    trend: v.Trend | None = None
    event: v.AssessmentEvent | None = None


class Bsi(Record):
    """Bilan de soins infirmiers."""

    record: ClassVar[str] = "bsi"
    events: ClassVar[frozenset[str]] = frozenset({"closed_on", "doctor_replied_on"})

    patient_id: Identifier
    practitioner_id: str | None = None
    kind: v.BsiKind
    entered_on: date
    first_care_on: date | None = None
    status: v.BsiStatus
    closed_on: date | None = None
    doctor_replied_on: date | None = None
    prescription_id: str | None = None
    package: v.BsiPackage | None = None
    hem: Annotated[str, Field(pattern=r"^[0-9]{3}$")] | None = None
    clinical_change: bool | None = None


class PriorAgreement(Record):
    """Demande d'accord préalable (DAP)."""

    record: ClassVar[str] = "prior_agreement"
    events: ClassVar[frozenset[str]] = frozenset({"reply", "replied_on"})

    patient_id: Identifier
    treatment_id: str | None = None
    prescription_id: str | None = None
    sent_on: date
    received_on: date | None = None
    documents_asked_on: date | None = None
    documents_received_on: date | None = None
    reply: v.AgreementReply | None = None
    replied_on: date | None = None
    sessions_granted: Count | None = None
    urgent: bool | None = None


class Invoice(Record):
    """Facture, feuille de soins."""

    record: ClassVar[str] = "invoice"
    events: ClassVar[frozenset[str]] = frozenset({"dre_sent_on", "cancelled_on"})

    patient_id: Identifier
    practitioner_id: Identifier
    number: Identifier
    closed_on: date
    lot_id: str | None = None
    securing: v.Securing | None = None
    third_party: v.ThirdParty | None = None
    nature: v.InsuranceNature | None = None
    accident_on: date | None = None
    accident_number: str | None = None
    exemption_code: v.ExemptionCode | None = None
    total: Money
    amo_claimed: Money | None = None
    amc_claimed: Money | None = None
    patient_share: Money | None = None
    amc_number: str | None = None
    amc_management: v.AmcManagement | None = None
    dre_sent_on: date | None = None
    replaces: str | None = None
    vitale_read: bool | None = None
    cancelled_on: date | None = None
    dre_lot_id: str | None = None
    amo_number: str | None = None


class Lot(Record):
    """A télétransmission lot."""

    record: ClassVar[str] = "lot"
    events: ClassVar[frozenset[str]] = frozenset({"sent_on", "arl", "arl_on"})

    number: Identifier
    created_on: date | None = None
    sent_on: date | None = None
    arl: v.Acknowledgement | None = None
    arl_on: date | None = None
    invoice_count: Count | None = None
    total: Money | None = None
    practitioner_id: str | None = None


class PayerReturn(Record):
    """One part (AMO or AMC) of one invoice in a NOEMIE return.

    `payee_number` is the AM number of the professional who is paid: several may number their invoices alike.
    """

    record: ClassVar[str] = "payer_return"

    invoice_number: Identifier
    lot_number: str | None = None
    lot_on: date | None = None
    payer: v.Payer
    state: v.ReturnState
    claimed: Money | None = None
    paid: Money | None = None
    returned_on: date
    transfer_on: date | None = None
    transfer_label: str | None = None
    paying_body: str | None = None
    reject_code: str | None = None
    reject_label: str | None = None
    reject_level: v.RejectLevel | None = None
    act_letter: str | None = None
    care_on: date | None = None
    payee_number: str | None = None


class BankCredit(Record):
    """A credit on the practice's bank account; below zero, money of a payer that was taken back."""

    record: ClassVar[str] = "bank_credit"

    booked_on: date
    amount: Money
    label: str | None = None
    counterparty: str | None = None


class PatientPayment(Record):
    """Money received from the patient; below zero, money given back, or a cheque that came back."""

    record: ClassVar[str] = "patient_payment"

    patient_id: Identifier
    invoice_id: str | None = None
    received_on: date
    amount: Money
    means: v.PaymentMeans | None = None


class Reminder(Record):
    """Relance."""

    record: ClassVar[str] = "reminder"

    patient_id: str | None = None
    invoice_id: Identifier
    sent_on: date
    level: Annotated[int, Field(ge=1)]
    channel: v.ReminderChannel | None = None
    addressee: v.Addressee | None = None


class Quote(Record):
    """Devis, information préalable écrite."""

    record: ClassVar[str] = "quote"
    events: ClassVar[frozenset[str]] = frozenset({"signed_on"})

    patient_id: Identifier
    issued_on: date
    signed_on: date | None = None
    amount: Money
    excess: Money | None = None
    for_date: date | None = None


class Appointment(Record):
    """Rendez-vous."""

    record: ClassVar[str] = "appointment"

    patient_id: str | None = None
    practitioner_id: Identifier
    starts_at: AwareDatetime
    ends_at: AwareDatetime | None = None
    status: v.AppointmentStatus
    confirmed_at: AwareDatetime | None = None
    cancelled_at: AwareDatetime | None = None
    channel: str | None = None


KINDS: Mapping[str, type[Record]] = MappingProxyType(
    {
        kind.record: kind
        for kind in (
            Practitioner,
            Patient,
            Coverage,
            Prescription,
            Treatment,
            Act,
            Assessment,
            Bsi,
            PriorAgreement,
            Invoice,
            Lot,
            PayerReturn,
            BankCredit,
            PatientPayment,
            Reminder,
            Quote,
            Appointment,
        )
    }
)
"""Every record kind by its name in the pivot format, in the order in which references can be followed."""


def field_names(kind: type[Record]) -> tuple[str, ...]:
    """The fields a source may give, in the order of the model; `provenance` is ours and left out."""
    return tuple(name for name in kind.model_fields if name != "provenance")


__all__ = ["KINDS", "Record", "field_names"] + [kind.__name__ for kind in KINDS.values()]
