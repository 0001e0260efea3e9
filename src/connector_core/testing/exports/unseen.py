"""Exports of software that does not exist, for what must work on an export nobody has seen.

They differ from the reference layouts in names, order, forms of dates and amounts, lists, identifiers and in what is
split or joined. `tuned` marks those that calibration was adjusted on; the others only measure it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import cast
from xml.sax.saxutils import escape

from connector_core.model.records import Act, Invoice, Patient, Record
from connector_core.testing.exports.delimited import TextForm, cents_comma, comma, moment_form, rows_of, write_table
from connector_core.testing.exports.layout import RowOf, Style, Table, by_kind, cells, columns
from connector_core.testing.exports.words import KINE4000, KINEMAX, VEGA_B

Kinds = Mapping[str, Sequence[Record]]
Rows = Callable[[Table, Kinds], Iterable[RowOf]]


@dataclass(frozen=True, slots=True)
class Unseen:
    """One export. `form` is None for XML. `renamed` gives the identifiers of its own; `rows` the lines of a table."""

    name: str
    tables: tuple[Table, ...]
    style: Style
    form: TextForm | None
    extension: str
    renamed: Callable[[Sequence[Record]], Sequence[Record]]
    rows: Rows
    tuned: bool = False
    nurse: bool = False
    """Whether it is of a nurse's practice rather than a physiotherapist's."""

    @property
    def truth(self) -> frozenset[tuple[str, str, str]]:
        """Table, title and model field of every column; a name for a person fills two fields."""
        return frozenset(
            (table.name, column.title, name)
            for table in self.tables
            for column in table.columns
            for name in column.fields
        )

    def write(self, records: Sequence[Record], folder: Path, *, titles: bool = True) -> list[Path]:
        """The files of the export, without their titles where `titles` is False."""
        kinds = by_kind(self.renamed(records))
        if self.form is None:
            return [_write_xml(self, kinds, folder / f"{self.name}.{self.extension}", titles=titles)]
        written = []
        for table in self.tables:
            path = folder / f"{table.name}.{self.extension}"
            write_table(path, table, self.style, self.form, self.rows(table, kinds))
            if not titles:
                content = path.read_bytes()
                path.write_bytes(content[content.index(b"\n") + 1 :])
            written.append(path)
        return written


def plain_rows(table: Table, kinds: Kinds) -> Iterable[RowOf]:
    return rows_of(table.kinds[0], kinds)


_REFERENCES = {
    "patient_id": "patient",
    "practitioner_id": "practitioner",
    "prescription_id": "prescription",
    "renewal_of": "prescription",
    "treatment_id": "treatment",
    "act_id": "act",
    "invoice_id": "invoice",
    "replaces": "invoice",
    "lot_id": "lot",
    "substitute_of": "practitioner",
}


def numbered(first: Mapping[str, int], form: str = "{}") -> Callable[[Sequence[Record]], Sequence[Record]]:
    """Records whose identifiers are whole numbers, each kind counting from its own first."""

    def renamed(records: Sequence[Record]) -> Sequence[Record]:
        counts: dict[str, int] = {}
        names: dict[tuple[str, str], str] = {}
        for record in records:
            number = counts[record.record] = counts.get(record.record, first.get(record.record, 1) - 1) + 1
            names[record.record, record.id] = form.format(number)
        passages: dict[str, str] = {}
        return [_renamed(record, names, passages) for record in records]

    return renamed


def _renamed(record: Record, names: Mapping[tuple[str, str], str], passages: dict[str, str]) -> Record:
    values = dict(record.__dict__)
    values["id"] = names[record.record, record.id]
    for name, kind in _REFERENCES.items():
        if values.get(name):
            values[name] = names.get((kind, values[name]), values[name])
    if values.get("session_id"):
        values["session_id"] = passages.setdefault(values["session_id"], str(70001 + len(passages)))
    return type(record).model_construct(**values)


def as_they_are(records: Sequence[Record]) -> Sequence[Record]:
    return records


# soleil: abbreviated titles, whole numbers as identifiers, decimal points, columns in no particular order.

_SOLEIL = (
    Table(
        "prat",
        ("practitioner",),
        columns("""
num_prat | practitioner.id
nom | practitioner.family_name
prenom | practitioner.given_name
no_rpps | practitioner.rpps
no_adeli | practitioner.am_number
specialite | practitioner.profession
"""),
    ),
    Table(
        "pat",
        ("patient",),
        columns("""
nom_pat | patient.family_name
pren_pat | patient.given_name
num_pat | patient.id
ddn | patient.birth_date
num_ss | patient.nir
cle_ss | patient.nir_key
sx | patient.sex
rg_naiss | patient.birth_rank
"""),
    ),
    Table(
        "ordo",
        ("prescription",),
        columns("""
num_ordo | prescription.id
dt_ordo | prescription.issued_on
num_pat | prescription.patient_id
medecin_rpps | prescription.prescriber_rpps
nb_sce | prescription.sessions
motif | prescription.indication
dom | prescription.at_home
"""),
    ),
    Table(
        "actes",
        ("act",),
        columns("""
dt_acte | act.performed_on
h_acte | act.started_at
num_pat | act.patient_id
num_prat | act.practitioner_id
lettre | act.letter
coef | act.coefficient
mt_hono | act.amount
num_fact | act.invoice_id
num_ordo | act.prescription_id
num_acte | act.id
lieu | act.place
"""),
    ),
    Table(
        "fact",
        ("invoice",),
        columns("""
num_fact | invoice.id
no_fse | invoice.number
dt_fact | invoice.closed_on
num_pat | invoice.patient_id
num_prat | invoice.practitioner_id
mt_total | invoice.total
mt_ro | invoice.amo_claimed
mt_pat | invoice.patient_share
tp | invoice.third_party
num_lot | invoice.lot_id
"""),
    ),
    Table(
        "lots",
        ("lot",),
        columns("""
num_lot | lot.id
no_lot | lot.number
dt_creation | lot.created_on
dt_envoi | lot.sent_on
arl | lot.arl
dt_arl | lot.arl_on
"""),
    ),
    Table(
        "regl",
        ("patient_payment",),
        columns("""
num_regl | patient_payment.id
dt_regl | patient_payment.received_on
num_fact | patient_payment.invoice_id
num_pat | patient_payment.patient_id
mt_regl | patient_payment.amount
mode_regl | patient_payment.means
"""),
    ),
)
_SOLEIL_STYLE = Style(
    day=lambda day: f"{day:%d-%m-%Y}",
    clock=lambda clock: f"{clock:%H:%M}",
    moment=moment_form("%d-%m-%Y %H:%M"),
    money=lambda amount: f"{amount:.2f}",
    number=str,
    yes="O",
    no="N",
    enums=VEGA_B,
)

# atlas: titles written together, one list of acts that repeats the patient, no list of patients, cents, one letter.

_ATLAS = (
    Table(
        "SOIGNANTS",
        ("practitioner",),
        columns("""
CODESOIGNANT | practitioner.id
NOMSOIGNANT | practitioner.family_name
PRENSOIGNANT | practitioner.given_name
RPPS | practitioner.rpps
METIER | practitioner.profession
"""),
    ),
    Table(
        "PRESTATIONS",
        ("act", "patient"),
        columns("""
NUMLIGNE | act.id
DATSOIN | act.performed_on
HEUSOIN | act.started_at
CODEDOSSIER | patient.id, act.patient_id | patient
NOMPATIENT | patient.family_name
PRENPATIENT | patient.given_name
DATNAISS | patient.birth_date
NUMSECU | patient.nir, patient.nir_key | nir
CODESOIGNANT | act.practitioner_id
LETTRECLE | act.letter
COEFF | act.coefficient
MTHONOR | act.amount
LIEUSOIN | act.place
NUMFACT | act.invoice_id
"""),
    ),
    Table(
        "FACTURES",
        ("invoice",),
        columns("""
NUMFACT | invoice.id
NUMFSE | invoice.number
DATFACT | invoice.closed_on
CODEDOSSIER | invoice.patient_id
CODESOIGNANT | invoice.practitioner_id
MTTOTAL | invoice.total
PARTOBLIG | invoice.amo_claimed
PARTCOMPL | invoice.amc_claimed
PARTASSURE | invoice.patient_share
TIERSPAY | invoice.third_party
NATASSUR | invoice.nature
"""),
    ),
    Table(
        "NOEMIE",
        ("payer_return",),
        columns("""
NUMRETOUR | payer_return.id
NUMFSE | payer_return.invoice_number
DATRETOUR | payer_return.returned_on
ORGANISME | payer_return.payer
MTDEMANDE | payer_return.claimed
MTREGLE | payer_return.paid
STATUT | payer_return.state
"""),
    ),
)


def _patient_id(row: RowOf) -> str:
    return cast(Act, row["act"]).patient_id


def whole_nir(row: RowOf) -> str:
    patient = cast(Patient, row["patient"])
    return f"{patient.nir}{patient.nir_key}" if patient.nir else ""


_ATLAS_STYLE = Style(
    day=lambda day: f"{day:%Y%m%d}",
    clock=lambda clock: f"{clock:%H%M}",
    moment=moment_form("%Y%m%d%H%M"),
    money=lambda amount: str(int(amount * 100)),
    number=comma,
    yes="1",
    no="0",
    enums=KINEMAX,
    forms={"patient": _patient_id, "nir": whole_nir},
)


def _atlas_rows(table: Table, kinds: Kinds) -> Iterable[RowOf]:
    if table.name != "PRESTATIONS":
        return rows_of(table.kinds[0], kinds)
    people = {record.id: record for record in kinds["patient"]}
    acts = cast("Sequence[Act]", kinds["act"])
    return ({"act": act, "patient": people[act.patient_id]} for act in acts)


# rivage: long titles with accents, the patient by name, a year of two digits, euros with their sign.

_RIVAGE = (
    Table(
        "Liste des patients",
        ("patient",),
        columns("""
Référence du dossier | patient.id
Nom et prénom | patient.family_name, patient.given_name | person
Date de naissance | patient.birth_date
Sexe | patient.sex
Immatriculation | patient.nir
Clé | patient.nir_key
"""),
    ),
    Table(
        "Liste des rendez-vous",
        ("appointment",),
        columns("""
Rendez-vous n° | appointment.id
Thérapeute | appointment.practitioner_id
Dossier | appointment.patient_id
Début du rendez-vous | appointment.starts_at
Fin du rendez-vous | appointment.ends_at
État du rendez-vous | appointment.status
"""),
    ),
    Table(
        "Liste des séances",
        ("act",),
        columns("""
Séance du | act.performed_on
Référence du dossier | act.patient_id
Thérapeute | act.practitioner_id
Cotation NGAP | act.letter, act.coefficient | cotation
Honoraires perçus | act.amount
Durée de la séance (min) | act.duration_min
Effectuée au | act.place
Numéro de la ligne | act.id
Facturée sous le n° | act.invoice_id
"""),
    ),
    Table(
        "Liste des thérapeutes",
        ("practitioner",),
        columns("""
Thérapeute | practitioner.id
Nom | practitioner.family_name
Prénom | practitioner.given_name
Identifiant RPPS | practitioner.rpps
Profession | practitioner.profession
"""),
    ),
    Table(
        "Liste des factures",
        ("invoice",),
        columns("""
Facture n° | invoice.number, invoice.id | number
Établie le | invoice.closed_on
Référence du dossier | invoice.patient_id
Thérapeute | invoice.practitioner_id
Total facturé | invoice.total
Part de la caisse | invoice.amo_claimed
Part de la mutuelle | invoice.amc_claimed
Reste à charge | invoice.patient_share
"""),
    ),
)


def _person(row: RowOf) -> str:
    patient = cast(Patient, row["patient"])
    return f"{(patient.family_name or '').upper()} {patient.given_name or ''}".strip()


def _cotation(row: RowOf) -> str:
    act = cast(Act, row["act"])
    return f"{act.letter}{comma(act.coefficient)}"


def _number(row: RowOf) -> str:
    return cast(Invoice, row["invoice"]).id


_RIVAGE_STYLE = Style(
    day=lambda day: f"{day:%d.%m.%Y}",
    clock=lambda clock: f"{clock:%Hh%M}",
    moment=moment_form("%d.%m.%Y %H:%M"),
    money=lambda amount: f"{cents_comma(amount)} €",
    number=comma,
    yes="Vrai",
    no="Faux",
    enums={**VEGA_B, "patient.sex": {"F": "Féminin", "M": "Masculin"}},
    forms={"person": _person, "cotation": _cotation, "number": _number},
)

# falaise: XML whose values are elements, not attributes; dates of ISO; identifiers with letters.

_FALAISE = (
    Table(
        "soignant",
        ("practitioner",),
        columns("""
code | practitioner.id
nom | practitioner.family_name
prenom | practitioner.given_name
numeroRpps | practitioner.rpps
qualification | practitioner.profession
"""),
    ),
    Table(
        "beneficiaire",
        ("patient",),
        columns("""
identifiant | patient.id
nomUsuel | patient.family_name
prenom | patient.given_name
dateNaissance | patient.birth_date
genre | patient.sex
numeroSecu | patient.nir, patient.nir_key | nir
"""),
    ),
    Table(
        "prestation",
        ("act",),
        columns("""
reference | act.id
beneficiaire | act.patient_id
executant | act.practitioner_id
dateExecution | act.performed_on
heureExecution | act.started_at
lettreCle | act.letter
coefficient | act.coefficient
montantFacture | act.amount
lieuExecution | act.place
feuille | act.invoice_id
"""),
    ),
    Table(
        "feuilleDeSoins",
        ("invoice",),
        columns("""
reference | invoice.id
numeroFeuille | invoice.number
dateElaboration | invoice.closed_on
beneficiaire | invoice.patient_id
executant | invoice.practitioner_id
totalFacture | invoice.total
montantCaisse | invoice.amo_claimed
montantAssure | invoice.patient_share
"""),
    ),
    Table(
        "encaissement",
        ("patient_payment",),
        columns("""
reference | patient_payment.id
feuille | patient_payment.invoice_id
beneficiaire | patient_payment.patient_id
dateEncaissement | patient_payment.received_on
sommeEncaissee | patient_payment.amount
moyenPaiement | patient_payment.means
"""),
    ),
)
_FALAISE_STYLE = Style(
    day=date.isoformat,
    clock=lambda clock: f"{clock:%H:%M}",
    moment=lambda moment: moment.isoformat(timespec="minutes"),
    money=lambda amount: f"{amount:.2f}",
    number=str,
    yes="true",
    no="false",
    enums=KINE4000,
    forms={"nir": whole_nir},
)

# estran: every table counts its rows from 1, so that numbers alone don't say what refers to what.

_ESTRAN = (
    Table(
        "Praticien",
        ("practitioner",),
        columns("""
IdPraticien | practitioner.id
NomPraticien | practitioner.family_name
PrenomPraticien | practitioner.given_name
NumRPPS | practitioner.rpps
Profession | practitioner.profession
"""),
    ),
    Table(
        "Patient",
        ("patient",),
        columns("""
IdPatient | patient.id
Nom | patient.family_name
Prenom | patient.given_name
DateNaissance | patient.birth_date
Sexe | patient.sex
NumSecu | patient.nir
CleSecu | patient.nir_key
"""),
    ),
    Table(
        "Episode",
        ("treatment",),
        columns("""
IdEpisode | treatment.id
IdPatient | treatment.patient_id
IdPraticien | treatment.practitioner_id
DateDebut | treatment.started_on
DateFin | treatment.ended_on
Region | treatment.region
Pathologie | treatment.pathology
Cote | treatment.side
"""),
    ),
    Table(
        "Bilan",
        ("assessment",),
        columns("""
IdBilan | assessment.id
IdEpisode | assessment.treatment_id
IdPatient | assessment.patient_id
TypeBilan | assessment.kind
DateBilan | assessment.performed_on
EnvoiMedecin | assessment.summary_sent_on
Eva | assessment.pain
"""),
    ),
    Table(
        "Seance",
        ("act",),
        columns("""
IdLigne | act.id
IdEpisode | act.treatment_id
IdPatient | act.patient_id
IdPraticien | act.practitioner_id
DateSeance | act.performed_on
HeureSeance | act.started_at
CodeLettre | act.letter
Coefficient | act.coefficient
Honoraires | act.amount
LieuSeance | act.place
IdFacture | act.invoice_id
"""),
    ),
    Table(
        "Facture",
        ("invoice",),
        columns("""
IdFacture | invoice.id
NumeroFacture | invoice.number
DateFacture | invoice.closed_on
IdPatient | invoice.patient_id
IdPraticien | invoice.practitioner_id
MontantTotal | invoice.total
PartAMO | invoice.amo_claimed
PartAMC | invoice.amc_claimed
PartPatient | invoice.patient_share
"""),
    ),
)
_ESTRAN_STYLE = Style(
    day=date.isoformat,
    clock=lambda clock: f"{clock:%H:%M}",
    moment=moment_form("%Y-%m-%d %H:%M"),
    money=cents_comma,
    number=comma,
    yes="1",
    no="0",
    enums=KINE4000,
)


def _write_xml(unseen: Unseen, kinds: Kinds, path: Path, *, titles: bool) -> Path:
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', "<sauvegarde>"]
    for number, table in enumerate(unseen.tables, 1):
        row_tag = table.name if titles else f"t{number}"
        names = [column.title if titles else f"c{n}" for n, column in enumerate(table.columns, 1)]
        writers = cells(table, unseen.style)
        for row in unseen.rows(table, kinds):
            found = [(name, write(row)) for name, write in zip(names, writers, strict=True)]
            inside = "".join(f"<{name}>{escape(text)}</{name}>" for name, text in found if text)
            lines.append(f"  <{row_tag}>{inside}</{row_tag}>")
    path.write_text("\n".join([*lines, "</sauvegarde>", ""]), encoding="utf-8")
    return path


UNSEEN: tuple[Unseen, ...] = (
    Unseen(
        "soleil",
        _SOLEIL,
        _SOLEIL_STYLE,
        TextForm("cp1252", ";", "\r\n", "needed"),
        "csv",
        numbered({"patient": 1201, "prescription": 30511, "act": 880012, "invoice": 50023, "lot": 412}),
        plain_rows,
        tuned=True,
    ),
    Unseen(
        "atlas",
        _ATLAS,
        _ATLAS_STYLE,
        TextForm("cp850", "|", "\r\n", "none"),
        "TXT",
        numbered({"patient": 401, "act": 100001, "invoice": 7001}, "{:07d}"),
        _atlas_rows,
        tuned=True,
    ),
    Unseen(
        "rivage",
        _RIVAGE,
        _RIVAGE_STYLE,
        TextForm("utf-8", ";", "\n", "all"),
        "csv",
        as_they_are,
        plain_rows,
        tuned=True,
    ),
    Unseen(
        "estran",
        _ESTRAN,
        _ESTRAN_STYLE,
        TextForm("utf-8", "\t", "\n", "none"),
        "tsv",
        numbered({}),
        plain_rows,
    ),
    Unseen("falaise", _FALAISE, _FALAISE_STYLE, None, "xml", as_they_are, plain_rows),
)
"""Every export, those that calibration was adjusted on first."""
