"""Small files of the reference layout, made of invented people: for the fixtures, the tests and the benchmark.

Every NIR is of commune 999, which does not exist; the professional's number is of a department that does not either.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from connector_teletransmission import b2, noemie
from connector_teletransmission.compose import Fields, Level, LotPlan, Part, b2_group, noemie_group

PROFESSIONAL = "991234560"
_LOT_DAY, _RETURN_DAY, _TRANSFER_DAY = "261111", "261120", "261118"
_CPAM = {"sender_type": "CP", "sender_no": "00000000009901", "file_id": "000077", "creation_date": _RETURN_DAY}
_SENT = {"sender_no": "00000" + PROFESSIONAL, "dest_no": "00000000009901", "creation_date": _LOT_DAY}


class Person(NamedTuple):
    """Somebody invented, as B2 names people: the insured's NIR and key, a birth date AAMMJJ, a rank."""

    nir: str
    key: str
    born: str
    family: str
    given: str
    own_nir: str = ""
    own_key: str = ""


ANNE = Person("2550499999001", "30", "550412", "EXEMPLE", "ANNE")
CHILD = Person("1850399999002", "48", "180607", "EXEMPLE", "LOUIS", "1180699999003", "80")
WORKER = Person("1790999999004", "48", "790915", "MODELE", "KARIM")


def act(on: str, billed: int = 1788, rate: int = 60, more: Fields | None = None) -> Part:
    """A line of one session; `billed` in centimes."""
    amo = billed * rate // 100
    return "4", {
        "executant_no+key": PROFESSIONAL,
        "executant_specialty": "26",
        "act_date": on,
        "act_code": "RAM",
        "quantity": "1",
        "coefficient(4+2)": "809",
        "count": "1",
        "unit_price(5+2)": "221",
        "reimb_base(5+2)": str(billed),
        "rate": str(rate),
        "amo_amount(5+2)": str(amo),
        "fees_total(5+2)": str(billed),
        "exemption_code": "0",
        **(more or {}),
    }


def invoice(person: Person, number: str, on: str, *acts: Part, **more: str) -> list[Part]:
    """An invoice with the patient's name and, where they have one, their own NIR."""
    head = {
        "insured_nir": person.nir,
        "nir_key": person.key,
        "invoice_no": number,
        "invoice_date": on,
        "birth_date": person.born,
        "birth_rank": "1",
        "insurance_nature": "10",
        "exemption_code": "0",
        "payee_code": "05",
        "prescriber_no+key": "991000000",
        "prescription_date": "261001",
        **more,
    }
    named: Part = ("2B", {"name": person.family, "first_name": person.given})
    own: list[Part] = [("2S", {"beneficiary_nir": person.own_nir, "beneficiary_nir_key": person.own_key})]
    numbered = [(name, {**fields, "sequence": f"{n:02}"}) for n, (name, fields) in enumerate(acts, 1)]
    return [("2", head), *(own if person.own_nir else ()), named, *numbered]


def lot(certification: str = "") -> LotPlan:
    """Three invoices: AMO alone, everything in tiers payant with an AMC, an accident at work."""
    header = {
        "provider_no+key": PROFESSIONAL,
        "lot_no": "012",
        "lot_date": _LOT_DAY,
        "provider_name": "CABINET DES TILLEULS",
        "lot_certification": certification,
    }
    invoices = [
        invoice(ANNE, "000001001", "261110", act("261103"), act("261106"), act("261110")),
        invoice(
            CHILD,
            "000001002",
            "261110",
            act("261104", more={"amc_amount(5+2)": "716"}),
            payee_code="15",
            amc_no="0099999999",
        ),
        invoice(
            WORKER,
            "000001003",
            "261111",
            act("261105", rate=100, more={"place(0=cabinet,1=home)": "1"}),
            insurance_nature="41",
            accident_no_or_date="000261001",
        ),
    ]
    return LotPlan(header, invoices)


def clear_lot(newline: bytes = b"") -> bytes:
    """A lot in clear."""
    return b2.write([b2_group({**_SENT, "file_id": "000031"}, [lot()], newline)])


def sealed_lot(newline: bytes = b"") -> bytes:
    """A lot as it leaves for the caisse: its envelope in clear, its invoices replaced by bytes that say nothing."""
    group = b2_group({**_SENT, "file_id": "000032"}, [lot("S")], newline)
    (plain,) = group.lots
    records = [record for each in plain.invoices for record in each.records]
    sealed = tuple(bytes((n * 7 + at * 31) % 251 + 4 for at in range(len(record))) for n, record in enumerate(records))
    return b2.write([group._replace(lots=(plain._replace(invoices=(), sealed=sealed),))])


def establishment_lot(newline: bytes = b"") -> bytes:
    """The beginning of a file in the layout of establishments, which is not read."""
    return b2.write([b2_group({**_SENT, "sender_type": "TE", "norm('CP'=establishments)": "CP"}, [lot()], newline)])


def _person(person: Person) -> Part:
    return "103", {
        "insured_nir": person.nir,
        "insured_nir_key": person.key,
        "insured_birth_name": person.family,
        "birth_date": person.born,
        "birth_rank": "1",
        "beneficiary_name": person.family,
        "beneficiary_first_name": person.given,
    }


def returned(number: str, person: Person, *parts: Part, on: str = "261110") -> Level:
    """An invoice of a return of the newer generation."""
    opener = {"invoice_no": number, "lot_no": "012", "lot_date": _LOT_DAY, "invoice_kind": "F", "invoice_date": on}
    return Level(("102", {**opener, "insurance_nature": "10"}), [_person(person), *parts])


def amo(claimed: int, state: str, paid: int, sign: str = "P") -> Part:
    """The AMO part, in centimes."""
    return "198", {"amo_claimed": str(claimed), "amo_state": state, "amo_paid": str(paid), "sign(N/P)": sign}


def amc(claimed: int, state: str, paid: int, sign: str = "P") -> Part:
    """The AMC part, in centimes."""
    fields = {"amc_claimed": str(claimed), "amc_state": state, "amc_paid": str(paid), "sign(N/P)": sign}
    return "199", {**fields, "amc_no": "0099999999"}


def paid_under(transfer: str, *content: Level | Part, on: str = _TRANSFER_DAY) -> Level:
    """The payee and the transfer that invoices of a return stand under."""
    fields = {"accounting_or_transfer_date": on, "transfer_label_1": transfer, "paying_body": "990000001"}
    dated = Level(("071", fields), [Level(("081", {"return_type": "01"}), content)])
    return Level(("040", {"payee_no": "000000" + PROFESSIONAL}), [dated])


def newer_return(newline: bytes = b"", **header: str) -> bytes:
    """A return of the newer generation: paid, paid by both, rejected with a motive and a comment, money taken back."""
    line: Fields = {"line_no": "01", "amount_reimbursed": "1072", "sign(N/P)": "P", "act_code": "RAM"}
    motive = {
        "reject_code": "0250",
        "reject_label": "L ASSURE EST ABSENT DE NOTRE REFERENTIEL",
        "reject_level": "F",
        "part": "O",
    }
    invoices = (
        returned("000001001", ANNE, amo(3216, "P", 3216), ("210", line)),
        returned("000001002", CHILD, amo(1072, "P", 1072), amc(716, "P", 716)),
        returned("000001003", WORKER, amo(1788, "R", 0), ("294", motive), ("295", {"comment": "VERIFIER L ORGANISME"})),
        returned("000000987", ANNE, amo(1072, "P", 1072, "N")),
    )
    groups = [
        noemie_group({**_CPAM, "norm_reference": "908", **header}, [paid_under("VIR CPAM 99", *invoices)], newline)
    ]
    return noemie.write(groups)


def older_return(newline: bytes = b"") -> bytes:
    """A return of the older generation: a paid invoice, and one rejected."""
    name = {"name": ANNE.family, "first_name": ANNE.given}
    line = {"line_no": "01", "care_date_start": "261104", "act_code": "RAM", "unit_price": "1788"}
    paid: list[Part] = [
        ("110", {"nir": ANNE.nir, "nir_key": ANNE.key, "name_kind(M/P/U)": "P", **name}),
        ("120", {"birth_date": ANNE.born, "birth_rank": "1", **name}),
        ("150", {"insurance_nature": "AS"}),
        ("160", {"archive_no": "99000000000000001"}),
        ("210", {**line, "amount_reimbursed": "1072", "sign(N/P)": "P"}),
    ]
    refused: list[Part] = [
        *paid[:4],
        ("210", {**line, "amount_reimbursed": "0", "sign(N/P)": "P"}),
        ("290", {"line_no": "01", "code": "2900005", "label": "FACTURE DEJA PAYEE"}),
    ]
    lot_fields = {"lot_date": _LOT_DAY, "lot_no": "012"}
    invoices = [Level(("100", {"invoice_no": "000001011"}), paid), Level(("100", {"invoice_no": "000001012"}), refused)]
    dated = Level(("070", {"accounting_date": _TRANSFER_DAY}), [Level(("080", lot_fields), invoices)])
    payee = Level(("020", {"payee_no": "000000" + PROFESSIONAL}), [dated])
    return noemie.write([noemie_group({**_CPAM, "norm_reference": "576"}, [payee], newline)])


def trial_return(newline: bytes = b"") -> bytes:
    """The same as the newer return, sent to try the way: nothing of it is money."""
    return newer_return(newline, flow_type="T")


class Sample(NamedTuple):
    """A sample: its folder, the name of its file, what it is, and its bytes."""

    folder: str
    file: str
    what: str
    write: Callable[[], bytes]


SAMPLES: tuple[Sample, ...] = (
    Sample("lot-clair", "lot_012.b2", "A B2 lot in clear, records one right after the other.", clear_lot),
    Sample(
        "lot-chiffre",
        "lot_012.fse",
        "A B2 lot of certification S: envelope in clear, invoices replaced by arbitrary bytes, CR/LF.",
        lambda: sealed_lot(b"\r\n"),
    ),
    Sample("retour-908", "retour_0077.noe", "A NOEMIE return of the newer generation, blocks joined.", newer_return),
    Sample(
        "retour-576",
        "retour_0078.noe",
        "A NOEMIE return of the older generation, a line end after each block.",
        lambda: older_return(b"\r\n"),
    ),
    Sample("retour-essai", "retour_0079.noe", "A NOEMIE return sent as a test: nothing of it counts.", trial_return),
)

BY_FOLDER: Mapping[str, Sample] = {sample.folder: sample for sample in SAMPLES}
