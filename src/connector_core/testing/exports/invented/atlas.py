"""Atlas: titles written together, one list of acts that repeats the patient, no list of patients, cents, one letter."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import cast

from connector_core.model.records import Act
from connector_core.testing.exports.delimited import TextForm, comma, moment_form, rows_of
from connector_core.testing.exports.invented.export import InventedExport, Kinds, whole_nir
from connector_core.testing.exports.invented.renaming import numbered
from connector_core.testing.exports.layout import RowOf, Style, Table, columns
from connector_core.testing.exports.words import KINEMAX

_TABLES = (
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


_STYLE = Style(
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


def _rows(table: Table, kinds: Kinds) -> Iterable[RowOf]:
    if table.name != "PRESTATIONS":
        return rows_of(table.kinds[0], kinds)
    people = {record.id: record for record in kinds["patient"]}
    acts = cast("Sequence[Act]", kinds["act"])
    return ({"act": act, "patient": people[act.patient_id]} for act in acts)


EXPORT = InventedExport(
    "atlas",
    _TABLES,
    _STYLE,
    TextForm("cp850", "|", "\r\n", "none"),
    "TXT",
    numbered({"patient": 401, "act": 100001, "invoice": 7001}, "{:07d}"),
    _rows,
    tuned=True,
)
