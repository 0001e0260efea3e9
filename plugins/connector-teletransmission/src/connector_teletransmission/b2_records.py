"""From verified B2 lots to records of the common model.

In code and not in a dialect: a row of a dialect gives one value per column, whereas an invoice here is several records
under a lot header, a part of its amounts depends on its payee code, and a practice's ten years are read in one go. What
is a vendor's word elsewhere is a code list of the norm here, the same for every vendor.

Certain, from the public layout: numbers, dates, amounts, the caisse (régime, caisse, centre), the letter and
coefficient of a line, the payee codes 00, 05, 15 and 25, the split top F, the place, the natures of insurance and the
exemption codes of the model, certification S.

An invoice of payee 25 is a DRE: it asks the complémentaire alone, bears the number of the FSE that asks the caisse, and
completes it (`model.apart`): what is asked of the complémentaire, and when. Its lines are those of the FSE and are not
told again. It left, as far as can be told, on the day of its lot. An FSE that asks the complémentaire for an amount,
without the split top, is in gestion unique: a DRE of it is one too many. An FSE of split top F without an AMC amount
does not say what the DRE asks for, nor then what is the patient's.

Inferred: the century of a birth date; an executant's profession from the specialty of the line (24 nurse, 26
physiotherapist); a line's excess, as what is billed above the base; that an act code of more than three characters ends
with a complement (as in NOEMIE, where the two are apart); that a line without a coefficient bills a flat price once, as
an IFD does, for which tariffs write the coefficient 1; that certification F is SESAM without Vitale and D the degraded
mode. A blank certification says nothing of how an invoice was secured.

Of the 000, inferred too: where the front end that received the file wrote the day, its lots left on that day; a lot
without a date was made on the day of its file. Nothing else tells when a lot left.

Left out because the format does not say it: the sex, the article, the treatment, the share of article 11 B, the
qualifier of the model (kept as the norm's letter). What a patient who paid everything gets back from the caisse is no
claim of the practice, so an invoice of payee 00 has no share. Codes that the model lacks are kept in `vendor`.

The NIR of a patient is the one billed, the insured's; a beneficiary's own one (2S) is kept in `vendor`. Ids are made of
natural keys, so that what is read twice is there once; a patient's is a digest. An invoice's bears the year, since a
software may number from one again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal

from connector_core.dialects.converters import key_of
from connector_core.dialects.drafts import Draft
from connector_core.errors import RowRefused
from connector_core.formats.rows import Row
from connector_core.model.records import Act, Coverage, Invoice, Lot, Patient, Practitioner
from connector_core.model.shape import closed_values
from connector_teletransmission import b2
from connector_teletransmission.conversions import birth, coefficient, day, euros
from connector_teletransmission.framing import WIDTH
from connector_teletransmission.layout import ENCODING, Layout
from connector_teletransmission.notes import Notes

COVERS_SEALED = frozenset(
    {"lot.id", "lot.number", "lot.practitioner_id", "lot.created_on", "lot.invoice_count", "lot.total"}
)
"""What a file of encrypted lots alone can say. The day a lot left is not covered: most files don't tell."""
COVERS = COVERS_SEALED | frozenset(
    """practitioner.id practitioner.profession practitioner.am_number
    coverage.id coverage.patient_id coverage.payer coverage.organisation
    patient.id patient.nir patient.nir_key patient.birth_date patient.birth_rank patient.family_name patient.given_name
    invoice.id invoice.patient_id invoice.practitioner_id invoice.number invoice.closed_on invoice.lot_id
    invoice.securing invoice.vitale_read invoice.third_party invoice.nature invoice.accident_on invoice.accident_number
    invoice.exemption_code invoice.total invoice.amo_claimed invoice.amc_claimed invoice.patient_share
    invoice.amc_number invoice.amc_management invoice.dre_lot_id invoice.amo_number
    act.id act.patient_id act.practitioner_id act.performed_on act.letter act.coefficient act.quantity act.amount
    act.excess act.place act.invoice_id act.ald_related""".split()
)

LOT, PRACTITIONER, PATIENT, INVOICE, DOUBT = "lot", "professionnel", "patient", "facture", "doute"
TABLES = (LOT, PRACTITIONER, PATIENT, INVOICE, DOUBT)

_LOT, _INVOICE, _ACT, _TOTAL, _TRAILER = (b2.LAYOUTS[name] for name in ("1", "2", "4", "5", "6"))
_WHO = slice(_INVOICE.offsets("insured_nir").start, _INVOICE.offsets("nir_key").stop)
_BORN = slice(_INVOICE.offsets("birth_date").start, _INVOICE.offsets("birth_rank").stop)
_CAISSE = slice(_INVOICE.offsets("regime_code").start, _INVOICE.offsets("centre").stop)
_SAID = slice(_INVOICE.offsets("invoice_no").stop, WIDTH)
_EXECUTANT, _SPECIALTY = _ACT.offsets("executant_no+key"), _ACT.offsets("executant_specialty")
_RECEIVED, _MADE = (b2.LAYOUTS["000"].offsets(name) for name in ("front_end_receipt_date", "creation_date"))
_PROVIDER, _LOT_DATE = _LOT.offsets("provider_no+key"), _LOT.offsets("lot_date")

_lot_of = _LOT.getter("provider_no+key", "lot_no", "lot_date", "lot_certification")
_totals_of = _TRAILER.getter("invoice_count", "lot_total_billed")
_invoice_of = _INVOICE.getter(
    "insured_nir",
    "birth_date",
    "birth_rank",
    "invoice_no",
    "invoice_date",
    "split_top(E/F)",
    "invoice_kind(F=SESAM)",
    "insurance_nature",
    "exemption_code",
    "accident_no_or_date",
    "payee_code",
    "amc_no",
)
_act_of = _ACT.getter(
    "exemption_code",
    "executant_no+key",
    "act_date",
    "act_code",
    "quantity",
    "coefficient(4+2)",
    "reimb_base(5+2)",
    "fees_total(5+2)",
    "spend_qualifier",
    "place(0=cabinet,1=home)",
)
_total_of = _TOTAL.getter("total_billed", "total_amo", "patient_share", "total_amc")
_patient_of = _INVOICE.getter("insured_nir", "nir_key", "birth_date", "birth_rank", "invoice_date")
_caisse_of = _INVOICE.getter("regime_code", "caisse", "centre")
_own_nir_of = b2.LAYOUTS["2S"].getter("beneficiary_nir", "beneficiary_nir_key")
_name_of = b2.LAYOUTS["2B"].getter("name", "first_name")

_NATURES = frozenset(closed_values(Invoice, "nature") or ())
_EXEMPTIONS = frozenset(closed_values(Invoice, "exemption_code") or ())
_THIRD_PARTY = {"00": "NONE", "05": "AMO", "15": "FULL"}
_DRE = "25"
"""The payee code of a DRE, which asks the complémentaire alone."""
_APART = "F"
"""The split top of an FSE whose complémentaire is asked apart."""
_PLACES = {"0": "CABINET", "1": "DOMICILE"}
_PROFESSIONS = {b"24": "IDE", b"26": "MK"}
_ALD = "4"


def lot_id(provider: str, number: str, on: str) -> str:
    """A lot by its natural key: professional, number, date."""
    return f"{provider}-{number}-{on}"


def rows_of(lot: b2.Lot, told: set[bytes]) -> Iterator[Row]:
    """The rows of a verified lot. `told` holds the people of earlier lots of the file, who are not told again.

    A row holds everything its records are made of, so that equal rows are equal records in whatever file they stand.
    """
    made = b"" if lot.header[_LOT_DATE].strip(b"0 ") else lot.file[_MADE]
    yield Row(f"enregistrement {lot.number}", LOT, lot.header + lot.trailer + lot.file[_RECEIVED] + made)
    for number, records in lot.invoices:
        first = records[0]
        who = first[_WHO] + first[_BORN] + first[_CAISSE]
        place = f"enregistrement {number}"
        more = [record for record in records[1:6] if record[:1] == b"2" and record[35:36] in b"SB"]
        said = who + b"".join([record[_SAID] for record in more])
        if said not in told and (more or who not in told):
            told |= {who, said}
            yield Row(place, PATIENT, first + b"".join(more))
        for record in records:
            if record[:1] == b"4":
                executant = record[_EXECUTANT] + record[_SPECIALTY]
                if executant not in told:
                    told.add(executant)
                    yield Row(place, PRACTITIONER, lot.header[_PROVIDER] + executant)
        yield Row(place, INVOICE, lot.header + b"".join(records))


def drafts_of(row: Row) -> list[Draft]:
    """The records of one row; RowRefused names the record's type and column."""
    return _DRAFTS[row.table](row.raw.decode(ENCODING))


def _lot(text: str) -> list[Draft]:
    provider, number, on, certification = _lot_of(text)
    count, total = _totals_of(text[WIDTH:])
    received, made = text[2 * WIDTH : 2 * WIDTH + 6], text[2 * WIDTH + 6 :]
    values: dict[str, object] = {
        "id": lot_id(provider, number, on),
        "number": number,
        "practitioner_id": provider,
        "created_on": _day(on, _LOT, "lot_date") or _day(made, b2.LAYOUTS["000"], "creation_date"),
    }
    sent_on = _day(received, b2.LAYOUTS["000"], "front_end_receipt_date")
    if sent_on is not None:
        values["sent_on"] = sent_on
    if count.strip():
        values["invoice_count"] = int(count)
    if total.strip():
        values["total"] = euros(total)
    if certification != " ":
        values["vendor"] = {"certification": certification}
    return [(Lot, values)]


def _practitioner(text: str) -> list[Draft]:
    provider, executant, specialty = text[:9], text[9:18], text[18:20]
    profession = _PROFESSIONS.get(specialty.encode())
    if profession is None:
        return []
    number = _professional(executant, provider)
    return [(Practitioner, {"id": number, "profession": profession, "am_number": number})]


def _patient(text: str) -> list[Draft]:
    nir, key, born, rank, on = _patient_of(text)
    values: dict[str, object] = {"id": _patient_id(nir, born, rank)}
    if nir.strip():
        values["nir"] = nir.strip()
        if key.strip("0 "):
            values["nir_key"] = key
    seen_on = _day(on, _INVOICE, "invoice_date")
    birth_date = None if seen_on is None else birth(born, nir, seen_on)
    if birth_date is not None:
        values["birth_date"] = birth_date
    elif born.strip("0 "):
        values["vendor"] = {"birth_date": born}
    if rank.strip("0 "):
        values["birth_rank"] = int(rank)
    for start in range(WIDTH, len(text), WIDTH):
        record = text[start : start + WIDTH]
        if record[35] == "S":
            own, own_key = _own_nir_of(record)
            if own.strip("0 ") and own != nir:
                values["vendor"] = {**_vendor(values), "beneficiary_nir": own, "beneficiary_nir_key": own_key}
        else:
            family, given = (name.strip() for name in _name_of(record))
            values |= {name: value for name, value in (("family_name", family), ("given_name", given)) if value}
    return [(Patient, values), *_right(str(values["id"]), text)]


def _right(patient: str, text: str) -> list[Draft]:
    """The right with the caisse that an invoice is sent to; the format does not say since when."""
    caisse = _caisse(text)
    if caisse is None:
        return []
    values: dict[str, object] = {"id": f"{patient}-{caisse}"}
    values |= {"patient_id": patient, "payer": "AMO", "organisation": caisse}
    return [(Coverage, values)]


def _caisse(invoice: str) -> str | None:
    """The caisse that an invoice is sent to."""
    caisse = "".join(_caisse_of(invoice))
    return None if " " in caisse or not caisse.strip("0") else caisse


def _vendor(values: dict[str, object]) -> dict[str, str]:
    found = values.get("vendor")
    return found if isinstance(found, dict) else {}


def _invoice(text: str) -> list[Draft]:
    provider, lot, lot_on, certification = _lot_of(text)
    nir, born, rank, number, on, split, kind, nature, exemption, accident, payee, amc = _invoice_of(
        text[WIDTH : 2 * WIDTH]
    )
    billed, amo, share, claimed_amc = _total_of(text[-WIDTH:])
    patient, identifier = _patient_id(nir, born, rank), f"{provider}-{number}-{on[:2]}"
    total = euros(billed)
    values: dict[str, object] = {
        "id": identifier,
        "patient_id": patient,
        "practitioner_id": provider,
        "number": number,
        "closed_on": _day(on, _INVOICE, "invoice_date"),
        "lot_id": lot_id(provider, lot, lot_on),
        "total": total,
    }
    if amc.strip("0 "):
        values["amc_number"] = amc.strip()
    if payee == _DRE:
        asked: dict[str, object] = {"amc_claimed": euros(claimed_amc), "amc_management": "separee"}
        del values["lot_id"]
        asked["dre_lot_id"] = lot_id(provider, lot, lot_on)
        return [(Invoice, {**values, **asked, "dre_sent_on": _day(lot_on, _LOT, "lot_date") or values["closed_on"]})]
    caisse = _caisse(text[WIDTH : 2 * WIDTH])
    if caisse is not None:
        values["amo_number"] = caisse
    kept: dict[str, str] = {}
    third_party = _THIRD_PARTY.get(payee)
    if third_party is None:
        kept["payee_code"] = payee
    else:
        values["third_party"] = third_party
    if third_party == "NONE":
        kept["total_amo"], kept["total_amc"] = amo, claimed_amc
    else:
        amo_claimed, amc_claimed, patient_share = euros(amo), euros(claimed_amc), euros(share)
        values["amo_claimed"] = amo_claimed
        untold = split == _APART and not amc_claimed
        if not untold:
            values["amc_claimed"] = amc_claimed
        if amo_claimed + amc_claimed + patient_share == total and not untold:
            values["patient_share"] = patient_share
        else:
            kept["patient_share"] = share
    if split == _APART:
        values["amc_management"] = "separee"
    elif values.get("amc_claimed"):
        values["amc_management"] = "unique"
    if nature in _NATURES:
        values["nature"] = nature
    elif nature.strip("0 "):
        kept["insurance_nature"] = nature
    if exemption in _EXEMPTIONS:
        values["exemption_code"] = exemption
    elif exemption != " ":
        kept["exemption_code"] = exemption
    _secured(values, certification, kind)
    _accident(values, accident)
    if kept:
        values["vendor"] = kept
    drafts: list[Draft] = [(Invoice, values)]
    rank_of_line = 0
    for start in range(2 * WIDTH, len(text) - WIDTH, WIDTH):
        if text[start] == "4" and not "A" <= text[start + 35] <= "Z":
            rank_of_line += 1
            line = text[start : start + WIDTH]
            drafts.append((Act, _act(line, f"{identifier}-{rank_of_line:02}", provider, patient, identifier)))
    return drafts


def _secured(values: dict[str, object], certification: str, kind: str) -> None:
    if certification == "S":
        values["securing"], values["vitale_read"] = "SESAM", True
    elif certification == "F":
        values["securing"], values["vitale_read"] = "SESAM", False
    elif certification == "D":
        values["securing"] = "DEGRADE"
    elif kind == "F":
        values["securing"] = "SESAM"


def _accident(values: dict[str, object], text: str) -> None:
    """An accident's date, written as zeros and AAMMJJ, or else its number."""
    if not text.strip("0 "):
        return
    if text.startswith("000"):
        values["accident_on"] = _day(text[3:], _INVOICE, "accident_no_or_date")
    else:
        values["accident_number"] = text.strip()


def _act(line: str, identifier: str, provider: str, patient: str, invoice: str) -> dict[str, object]:
    exemption, executant, on, code, quantity, factor, base, fees, qualifier, place = _act_of(line)
    letter = code.rstrip()
    values: dict[str, object] = {
        "id": identifier,
        "patient_id": patient,
        "practitioner_id": _professional(executant, provider),
        "performed_on": _day(on, _ACT, "act_date"),
        "letter": letter,
        "coefficient": coefficient(factor) if factor.strip("0 ") else _FLAT,
        "amount": euros(fees),
        "invoice_id": invoice,
    }
    if len(letter) > 3:
        values["letter"] = letter[:3].rstrip()
        values["vendor"] = {"act_complement": letter[3:].strip()}
    if quantity not in _ONCE:
        values["quantity"] = int(quantity)
    if place in _PLACES:
        values["place"] = _PLACES[place]
    if exemption == _ALD:
        values["ald_related"] = True
    if fees != base and base.strip("0 ") and fees > base:
        values["excess"] = euros(fees) - euros(base)
    if qualifier != " ":
        values["vendor"] = {**_vendor(values), "spend_qualifier": qualifier}
    return values


_ONCE = frozenset({"01", "00", "  "})
_FLAT = Decimal(1)


def _professional(executant: str, provider: str) -> str:
    """Who performed a line: the executant, or the professional of the invoice where none is given."""
    return executant if executant.strip("0 ") else provider


def _patient_id(nir: str, born: str, rank: str) -> str:
    key = nir, born, rank
    found = _patient_ids.get(key)
    if found is None:
        if len(_patient_ids) > _REMEMBERED:
            _patient_ids.clear()
        found = _patient_ids[key] = key_of(key)
    return found


_REMEMBERED = 50_000
_patient_ids: dict[tuple[str, str, str], str] = {}


def _day(text: str, layout: Layout, name: str) -> date | None:
    try:
        return day(text)
    except ValueError:
        pass
    where = f"type {layout.name}, colonne {layout.column(name)}"
    raise RowRefused(f"{where} ({name}) : cette date n'existe pas", fields=(name,))


def doubts_of(notes: Notes) -> Iterator[Row]:
    """Signs of damage, as rows that are refused by what they say."""
    for what, place in notes.doubts.items():
        yield Row(place, DOUBT, what.encode(ENCODING))


def doubtful(text: str) -> list[Draft]:
    """RowRefused with the sign of damage."""
    raise RowRefused(text)


_DRAFTS: dict[str, Callable[[str], list[Draft]]] = {
    LOT: _lot,
    PRACTITIONER: _practitioner,
    PATIENT: _patient,
    INVOICE: _invoice,
    DOUBT: doubtful,
}
