"""More exports of software that does not exist, of other sorts than those of `unseen`.

A nurse's software with English titles and codes, a journal of receipts of one table, payments in the rows of invoices
under codes of capitals, a nurse's orders, BSI and rounds. They were written after calibration; what it found before it
was adjusted on the first three stands in `docs/technician/performance.md`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import cast

from connector_core.model.records import Act, Invoice, Patient, PatientPayment
from connector_core.testing.exports.delimited import TextForm, cents_comma, comma, moment_form, rows_of
from connector_core.testing.exports.layout import RowOf, Style, Table, columns
from connector_core.testing.exports.unseen import Kinds, Unseen, as_they_are, numbered, plain_rows, whole_nir

_Words = Mapping[str, Mapping[str, str]]

# brume: a nurse's practice, English titles and codes, ISO dates, decimal points.

_BRUME = (
    Table(
        "staff",
        ("practitioner",),
        columns("""
staff_id | practitioner.id
last_name | practitioner.family_name
first_name | practitioner.given_name
rpps | practitioner.rpps
job | practitioner.profession
"""),
    ),
    Table(
        "patients",
        ("patient",),
        columns("""
patient_id | patient.id
first_name | patient.given_name
last_name | patient.family_name
gender | patient.sex
birth_date | patient.birth_date
social_security_number | patient.nir, patient.nir_key | nir
"""),
    ),
    Table(
        "visits",
        ("act",),
        columns("""
visit_line_id | act.id
patient_id | act.patient_id
staff_id | act.practitioner_id
visit_date | act.performed_on
visit_time | act.started_at
code | act.letter
coefficient | act.coefficient
price | act.amount
location | act.place
invoice_id | act.invoice_id
"""),
    ),
    Table(
        "invoices",
        ("invoice",),
        columns("""
invoice_id | invoice.id
invoice_number | invoice.number
invoice_date | invoice.closed_on
patient_id | invoice.patient_id
staff_id | invoice.practitioner_id
total_amount | invoice.total
amo_amount | invoice.amo_claimed
amc_amount | invoice.amc_claimed
patient_amount | invoice.patient_share
"""),
    ),
    Table(
        "returns",
        ("payer_return",),
        columns("""
return_id | payer_return.id
invoice_number | payer_return.invoice_number
payer | payer_return.payer
status | payer_return.state
claimed_amount | payer_return.claimed
paid_amount | payer_return.paid
return_date | payer_return.returned_on
"""),
    ),
)
_ENGLISH: _Words = {
    "practitioner.profession": {"MK": "MK", "IDE": "IDE"},
    "patient.sex": {"F": "female", "M": "male"},
    "act.place": {"CABINET": "office", "DOMICILE": "home", "EHPAD": "nursing home", "ETABLISSEMENT": "facility"},
    "payer_return.payer": {"AMO": "AMO", "AMC": "AMC"},
    "payer_return.state": {"paid": "paid", "rejected": "rejected", "deferred": "pending"},
}
_BRUME_STYLE = Style(
    day=lambda day: day.isoformat(),
    clock=lambda clock: f"{clock:%H:%M}",
    moment=moment_form("%Y-%m-%d %H:%M"),
    money=lambda amount: f"{amount:.2f}",
    number=str,
    yes="yes",
    no="no",
    enums=_ENGLISH,
    forms={"nir": whole_nir},
)

# lande: one journal of what was received, in an order of its own; what caisses pay stands in it too.

_LANDE = (
    Table(
        "journal",
        ("act", "patient", "patient_payment"),
        columns("""
Règlement par | patient_payment.means | means
Encaissement | act.amount, patient_payment.amount | amount
Prestation | act.letter
Coef. | act.coefficient
Bénéficiaire | patient.id, patient.family_name, patient.given_name, act.patient_id, patient_payment.patient_id | person
Jour | act.performed_on, patient_payment.received_on | day
"""),
    ),
)
_MEANS = {"CB": "Carte", "CHEQUE": "Chq", "ESPECES": "Liquide", "VIREMENT": "Virt"}


def _means(row: RowOf) -> str:
    payment = cast("PatientPayment | None", row.get("patient_payment"))
    return "Caisse" if payment is None or payment.means is None else _MEANS[payment.means]


def _amount(row: RowOf) -> str:
    return f"{cents_comma(cast(Act, row['act']).amount or Decimal(0))} €"


def _person(row: RowOf) -> str:
    patient = cast(Patient, row["patient"])
    return f"{(patient.family_name or '').upper()} {patient.given_name or ''}".strip()


_LANDE_STYLE = Style(
    day=lambda day: f"{day:%d/%m/%y}",
    clock=lambda clock: f"{clock:%H:%M}",
    moment=moment_form("%d/%m/%y %H:%M"),
    money=lambda amount: f"{cents_comma(amount)} €",
    number=comma,
    yes="oui",
    no="non",
    enums={},
    forms={
        "means": _means,
        "amount": _amount,
        "person": _person,
        "day": lambda row: f"{cast(Act, row['act']).performed_on:%d/%m/%Y}",
    },
)


def _lande_rows(table: Table, kinds: Kinds) -> Iterator[RowOf]:
    people = {patient.id: patient for patient in kinds["patient"]}
    payments = {cast(PatientPayment, each).invoice_id: each for each in kinds["patient_payment"]}
    for each in kinds["act"]:
        act = cast(Act, each)
        row = {"act": act, "patient": people[act.patient_id]}
        payment = payments.get(act.invoice_id) if act.invoice_id else None
        yield row if payment is None else {**row, "patient_payment": payment}


# combe: capitals without vowels, columns turned round, the patient's payment in the row of the invoice.

_COMBE = (
    Table(
        "P01",
        ("patient",),
        columns("""
NIRCLE | patient.nir_key
NIRASS | patient.nir
SEXE | patient.sex
DTENAIS | patient.birth_date
PRNM | patient.given_name
NOM | patient.family_name
CODPAT | patient.id
"""),
    ),
    Table(
        "P02",
        ("act",),
        columns("""
HONO | act.amount
COEF | act.coefficient
LTR | act.letter
LIEU | act.place
DURMIN | act.duration_min
DTESEA | act.performed_on
CODKIN | act.practitioner_id
CODPAT | act.patient_id
REFFAC | act.invoice_id
CODSEA | act.id
"""),
    ),
    Table(
        "P03",
        ("assessment",),
        columns("""
EVA | assessment.pain
EVOL | assessment.trend
DTEENV | assessment.summary_sent_on
DTEBIL | assessment.performed_on
TYPBIL | assessment.kind
CODPAT | assessment.patient_id
CODBIL | assessment.id
"""),
    ),
    Table(
        "P04",
        ("invoice", "patient_payment"),
        columns("""
REGMOD | patient_payment.means
REGMTT | patient_payment.amount
REGDTE | patient_payment.received_on
PARTPAT | invoice.patient_share
PARTAMC | invoice.amc_claimed
PARTAMO | invoice.amo_claimed
TOTAL | invoice.total
DTEFAC | invoice.closed_on
CODKIN | invoice.practitioner_id
CODPAT | invoice.patient_id, patient_payment.patient_id | invoice_patient
REFFAC | invoice.id
"""),
    ),
    Table(
        "P05",
        ("practitioner",),
        columns("""
RPPS | practitioner.rpps
PRNM | practitioner.given_name
NOM | practitioner.family_name
CODKIN | practitioner.id
"""),
    ),
)
_CAPITALS: _Words = {
    "patient.sex": {"F": "MME", "M": "MR"},
    "act.place": {"CABINET": "CAB", "DOMICILE": "VAD", "EHPAD": "EHPAD", "ETABLISSEMENT": "ETAB"},
    "assessment.kind": {"initial": "ENTREE", "intermediate": "SUIVI", "final": "SORTIE", "isolated": "ISOLE"},
    "assessment.trend": {"better": "MIEUX", "stable": "STABLE", "worse": "PIRE"},
    "patient_payment.means": {"CB": "CARTE", "CHEQUE": "CHEQUE", "ESPECES": "LIQUIDE", "VIREMENT": "VIREMENT"},
}
_COMBE_STYLE = Style(
    day=lambda day: f"{day:%d.%m.%Y}",
    clock=lambda clock: f"{clock:%Hh%M}",
    moment=moment_form("%d.%m.%Y %H:%M"),
    money=cents_comma,
    number=comma,
    yes="O",
    no="N",
    enums=_CAPITALS,
    forms={"invoice_patient": lambda row: cast(Invoice, row["invoice"]).patient_id},
)


def _combe_rows(table: Table, kinds: Kinds) -> Iterable[RowOf]:
    if table.name != "P04":
        return rows_of(table.kinds[0], kinds)
    payments = {cast(PatientPayment, each).invoice_id: each for each in kinds["patient_payment"]}
    return (
        {"invoice": each, "patient_payment": payments[each.id]} if each.id in payments else {"invoice": each}
        for each in kinds["invoice"]
    )


# ressac: a nurse's practice in French, orders and BSI, moments as days and hours in one, codes of one letter.

_RESSAC = (
    Table(
        "equipe",
        ("practitioner",),
        columns("""
Idel | practitioner.id
Nom d'exercice | practitioner.family_name
Prénom | practitioner.given_name
Rpps | practitioner.rpps
"""),
    ),
    Table(
        "personnes",
        ("patient",),
        columns("""
Matricule | patient.nir, patient.nir_key | nir
Nom | patient.family_name
Prénom | patient.given_name
Né(e) le | patient.birth_date
Civilité | patient.sex
Fiche | patient.id
"""),
    ),
    Table(
        "ordonnances",
        ("prescription",),
        columns("""
Ordonnance | prescription.id
Fiche | prescription.patient_id
Rédigée le | prescription.issued_on
Médecin (RPPS) | prescription.prescriber_rpps
Libellé | prescription.indication
À domicile | prescription.at_home
"""),
    ),
    Table(
        "bsi",
        ("bsi",),
        columns("""
N° BSI | bsi.id
Fiche | bsi.patient_id
Idel | bsi.practitioner_id
Nature du BSI | bsi.kind
Saisi le | bsi.entered_on
État | bsi.status
"""),
    ),
    Table(
        "tournee",
        ("act",),
        columns("""
Fait le | act.performed_on
À | act.started_at
Fiche | act.patient_id
Idel | act.practitioner_id
Lettre | act.letter
Coeff. | act.coefficient
Tarif | act.amount
Ordonnance | act.prescription_id
Facturé sur | act.invoice_id
Ligne | act.id
"""),
    ),
    Table(
        "factures",
        ("invoice",),
        columns("""
Facture | invoice.id
FSE n° | invoice.number
Faite le | invoice.closed_on
Fiche | invoice.patient_id
Idel | invoice.practitioner_id
Montant | invoice.total
Part RO | invoice.amo_claimed
Part RC | invoice.amc_claimed
"""),
    ),
)
_NURSE: _Words = {
    "patient.sex": {"F": "Madame", "M": "Monsieur"},
    "bsi.kind": {"initial": "I", "renewal": "R", "intermediate": "M"},
    "bsi.status": {"draft": "B", "open": "O", "closed": "C"},
}
_RESSAC_STYLE = Style(
    day=lambda day: f"{day:%d/%m/%Y}",
    clock=lambda clock: f"{clock:%H:%M:%S}",
    moment=moment_form("%d/%m/%Y %H:%M:%S"),
    money=lambda amount: f"{cents_comma(amount)}€",
    number=comma,
    yes="Oui",
    no="Non",
    enums=_NURSE,
    forms={"nir": whole_nir},
)


HELD_OUT: tuple[Unseen, ...] = (
    Unseen(
        "brume",
        _BRUME,
        _BRUME_STYLE,
        TextForm("utf-8", ",", "\n", "needed"),
        "csv",
        numbered({"patient": 5001, "act": 90001, "invoice": 3001}),
        plain_rows,
        tuned=True,
        nurse=True,
    ),
    Unseen(
        "lande",
        _LANDE,
        _LANDE_STYLE,
        TextForm("cp1252", ";", "\r\n", "all"),
        "csv",
        as_they_are,
        _lande_rows,
        tuned=True,
    ),
    Unseen(
        "combe",
        _COMBE,
        _COMBE_STYLE,
        TextForm("cp1252", "\t", "\r\n", "none"),
        "txt",
        numbered({"patient": 101, "act": 20001, "invoice": 6001}, "{:06d}"),
        _combe_rows,
        tuned=True,
    ),
    Unseen(
        "ressac",
        _RESSAC,
        _RESSAC_STYLE,
        TextForm("utf-8", ";", "\r\n", "needed"),
        "csv",
        numbered({"patient": 31, "act": 1, "invoice": 2601, "prescription": 801}, "{}"),
        plain_rows,
        nurse=True,
    ),
)
"""Every export, those that calibration was adjusted on first."""
