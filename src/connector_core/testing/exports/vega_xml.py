"""The practice as one nested XML file of Vega: a reference layout, invented by this project.

Children know their parents by nesting alone. Values are attributes, the names of people elements.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TextIO, cast
from xml.sax.saxutils import escape, quoteattr

from connector_core.model.records import Act, Assessment, Invoice, PatientPayment, PayerReturn, Record, Reminder
from connector_core.testing.exports.delimited import cents_comma, comma, moment_form
from connector_core.testing.exports.layout import Cell, Style, Table, by_kind, cells, columns
from connector_core.testing.exports.vega import care_rows
from connector_core.testing.exports.words import VEGA

ELEMENTS: Mapping[str, Table] = {
    table.kinds[0]: table
    for table in (
        Table("praticien", ("practitioner",), columns("""
numero | practitioner.id
rpps | practitioner.rpps
am | practitioner.am_number
profession | practitioner.profession
zone | practitioner.zone
remplace | practitioner.substitute_of
""")),
        Table("lot", ("lot",), columns("""
ref | lot.id
numero | lot.number
cree | lot.created_on
envoye | lot.sent_on
arl | lot.arl
arl_le | lot.arl_on
factures | lot.invoice_count
montant | lot.total
""")),
        Table("patient", ("patient",), columns("""
numero | patient.id
naissance | patient.birth_date
sexe | patient.sex
nir | patient.nir
cle | patient.nir_key
rang | patient.birth_rank
foyer | patient.household
deces | patient.deceased_on
archive | patient.archived
""")),
        Table("droit", ("coverage",), columns("""
numero | coverage.id
organisme | coverage.payer
code | coverage.organisation
du | coverage.valid_from
au | coverage.valid_to
exoneration | coverage.exemption_code
situation | coverage.kind
""")),
        Table("prise_en_charge", ("treatment",), columns("""
numero | treatment.id
praticien | treatment.practitioner_id
debut | treatment.started_on
fin | treatment.ended_on
article | treatment.article
section | treatment.section
region | treatment.region
cote | treatment.side
opere | treatment.operated
operation | treatment.operated_on
sortie | treatment.discharged_on
pathologie | treatment.pathology
referentiel | treatment.situation
peripherique | treatment.neuro_peripheral
acces_direct | treatment.direct_access
structure | treatment.structure
""")),
        Table("ordonnance", ("prescription",), columns("""
numero | prescription.id
date | prescription.issued_on
prescripteur | prescription.prescriber_rpps
etablissement | prescription.prescriber_structure
seances | prescription.sessions
indication | prescription.indication
domicile | prescription.at_home
quotidien | prescription.daily
renouvelle | prescription.renewal_of
renouvelee_par | prescription.renewed_by
""")),
        Table("seance", ("act",), columns("""
numero | act.id
praticien | act.practitioner_id
date | act.performed_on
heure | act.started_at
duree | act.duration_min
lettre | act.letter
coefficient | act.coefficient
quantite | act.quantity
honoraires | act.amount
depassement | act.excess
qualificatif | act.qualifier
taux | act.rate
passage | act.session_id
lieu | act.place
groupe | act.group_size
ald | act.ald_related
facture | act.invoice_id
saisi | act.created_at
libelle | act.label
""")),
        Table("bilan", ("assessment",), columns("""
numero | assessment.id
type | assessment.kind
date | assessment.performed_on
acte | assessment.act_id
fiche | assessment.summary_sent_on
douleur | assessment.pain
evolution | assessment.trend
evenement | assessment.event
""")),
        Table("facture", ("invoice",), columns("""
ref | invoice.id
numero | invoice.number
praticien | invoice.practitioner_id
date | invoice.closed_on
lot | invoice.lot_id
tiers_payant | invoice.third_party
total | invoice.total
amo | invoice.amo_claimed
amc | invoice.amc_claimed
patient | invoice.patient_share
remplace | invoice.replaces
annulee | invoice.cancelled_on
securisation | invoice.securing
nature | invoice.nature
""")),
        Table("reglement", ("patient_payment",), columns("""
numero | patient_payment.id
date | patient_payment.received_on
montant | patient_payment.amount
mode | patient_payment.means
""")),
        Table("retour", ("payer_return",), columns("""
numero | payer_return.id
lot | payer_return.lot_number
payeur | payer_return.payer
etat | payer_return.state
demande | payer_return.claimed
paye | payer_return.paid
date | payer_return.returned_on
code | payer_return.reject_code
motif | payer_return.reject_label
niveau | payer_return.reject_level
""")),
        Table("relance", ("reminder",), columns("""
numero | reminder.id
date | reminder.sent_on
niveau | reminder.level
moyen | reminder.channel
destinataire | reminder.addressee
""")),
        Table("rendez_vous", ("appointment",), columns("""
numero | appointment.id
praticien | appointment.practitioner_id
debut | appointment.starts_at
fin | appointment.ends_at
statut | appointment.status
""")),
    )
}  # fmt: skip

STYLE = Style(
    day=date.isoformat,
    clock=lambda clock: f"{clock:%H:%M}",
    moment=moment_form("%Y-%m-%dT%H:%M"),
    money=cents_comma,
    number=comma,
    yes="oui",
    no="non",
    enums=VEGA,
)

Kinds = Mapping[str, Sequence[Record]]


def write_vega_xml(records: Iterable[Record], folder: Path, *, on: date) -> list[Path]:
    """The whole practice as `vega_export_<day>.xml`, written patient by patient."""
    kinds = by_kind(records)
    owners = _by_patient(kinds)
    writer = _Writer()
    path = folder / f"vega_export_{on:%Y%m%d}.xml"
    with path.open("w", encoding="iso-8859-1", newline="") as file:
        file.write('<?xml version="1.0" encoding="ISO-8859-1"?>\n')
        file.write(f'<vega_export version="1.0" date="{on.isoformat()}">\n')
        for practitioner in kinds["practitioner"]:
            file.write(writer.person(practitioner, "  ", "/praticien"))
        for lot in kinds["lot"]:
            file.write(writer.element(lot, "  ", end="/>"))
        for patient in kinds["patient"]:
            _write_patient(file, writer, patient, owners.get(patient.id, {}))
        file.write("</vega_export>\n")
    return [path]


class _Writer:
    """Elements of one kind of record each; the writers of their attributes are made once."""

    def __init__(self) -> None:
        self._cells: dict[str, list[tuple[str, Cell]]] = {
            kind: [(column.title, cell) for column, cell in zip(table.columns, cells(table, STYLE), strict=True)]
            for kind, table in ELEMENTS.items()
        }

    def element(self, record: Record, indent: str, *, end: str) -> str:
        kind = record.record
        row = {kind: record}
        given = "".join(f" {title}={quoteattr(text)}" for title, cell in self._cells[kind] if (text := cell(row)) != "")
        return f"{indent}<{ELEMENTS[kind].name}{given}{end}\n"

    def person(self, record: Record, indent: str, close: str = "") -> str:
        parts = [self.element(record, indent, end=">")]
        for tag, field in (("nom", "family_name"), ("prenom", "given_name")):
            text = getattr(record, field)
            if text is not None:
                parts.append(f"{indent}  <{tag}>{escape(text)}</{tag}>\n")
        if close:
            parts.append(f"{indent}<{close}>\n")
        return "".join(parts)


def _by_patient(kinds: Kinds) -> dict[str, dict[str, list[Record]]]:
    owner_of_number = {invoice.number: invoice.patient_id for invoice in cast("Sequence[Invoice]", kinds["invoice"])}
    found: dict[str, dict[str, list[Record]]] = {}
    for kind in ELEMENTS:
        for record in kinds[kind]:
            if isinstance(record, PayerReturn):
                owner = owner_of_number.get(record.invoice_number)
            else:
                owner = getattr(record, "patient_id", None)
            if owner is not None:
                found.setdefault(owner, {}).setdefault(kind, []).append(record)
    return found


def _write_patient(file: TextIO, writer: _Writer, patient: Record, own: Kinds) -> None:
    file.write(writer.person(patient, "  "))
    file.writelines(writer.element(each, "    ", end="/>") for each in own.get("coverage", ()))
    file.writelines(_care(writer, own))
    file.writelines(_money(writer, own))
    file.writelines(writer.element(each, "    ", end="/>") for each in own.get("appointment", ()))
    file.write("  </patient>\n")


def _care(writer: _Writer, own: Kinds) -> Iterator[str]:
    acts: dict[tuple[str | None, str | None], list[Act]] = {}
    for act in cast("Sequence[Act]", own.get("act", ())):
        acts.setdefault((act.treatment_id, act.prescription_id), []).append(act)
    bilans: dict[str | None, list[Assessment]] = {}
    for bilan in cast("Sequence[Assessment]", own.get("assessment", ())):
        bilans.setdefault(bilan.treatment_id, []).append(bilan)
    rows = list(care_rows({"prescription": (), "treatment": (), "act": (), **own}))
    for treatment in own.get("treatment", ()):
        yield writer.element(treatment, "    ", end=">")
        for row in rows:
            if row.get("treatment") is treatment and "prescription" in row:
                yield from _ordonnance(writer, row["prescription"], acts, treatment.id, "      ")
        yield from (writer.element(act, "      ", end="/>") for act in acts.get((treatment.id, None), ()))
        yield from (writer.element(bilan, "      ", end="/>") for bilan in bilans.get(treatment.id, ()))
        yield "    </prise_en_charge>\n"
    for row in rows:
        if "treatment" not in row:
            yield from _ordonnance(writer, row["prescription"], acts, None, "    ")
    yield from (writer.element(act, "    ", end="/>") for act in acts.get((None, None), ()))
    yield from (writer.element(bilan, "    ", end="/>") for bilan in bilans.get(None, ()))


def _ordonnance(
    writer: _Writer,
    prescription: Record,
    acts: Mapping[tuple[str | None, str | None], Sequence[Act]],
    treatment_id: str | None,
    indent: str,
) -> Iterator[str]:
    inside = acts.get((treatment_id, prescription.id), ())
    yield writer.element(prescription, indent, end=">" if inside else "/>")
    if inside:
        yield from (writer.element(act, indent + "  ", end="/>") for act in inside)
        yield f"{indent}</ordonnance>\n"


def _money(writer: _Writer, own: Kinds) -> Iterator[str]:
    inside: dict[str | None, list[Record]] = {}
    for payment in cast("Sequence[PatientPayment]", own.get("patient_payment", ())):
        inside.setdefault(payment.invoice_id, []).append(payment)
    for back in cast("Sequence[PayerReturn]", own.get("payer_return", ())):
        inside.setdefault(f"\0{back.invoice_number}", []).append(back)
    for reminder in cast("Sequence[Reminder]", own.get("reminder", ())):
        inside.setdefault(reminder.invoice_id, []).append(reminder)
    for invoice in cast("Sequence[Invoice]", own.get("invoice", ())):
        children = [*inside.get(invoice.id, ()), *inside.get(f"\0{invoice.number}", ())]
        yield writer.element(invoice, "    ", end=">" if children else "/>")
        if children:
            yield from (writer.element(child, "      ", end="/>") for child in children)
            yield "    </facture>\n"
    yield from (writer.element(payment, "    ", end="/>") for payment in inside.get(None, ()))
