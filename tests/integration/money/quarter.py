"""A quarter of a group practice as the files its software, its payers and its bank write, and what it is owed.

Four professionals number their invoices and lots alike, send them on the same days and ask the same sums, so that only
who is paid tells them apart. The complémentaire is asked by the invoice itself or by a DRE in a lot of its own. The
list of acknowledgements of half of them says when their lots left; that of the others does not. What goes wrong is
planted, and the ledger is kept by hand: nothing here asks the rules.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from connector_core.dialects.converters import key_of
from connector_core.model.vocabulary import Payer
from connector_core.rules.calendar import after_working_days
from connector_core.testing.bank import Line, Statement
from connector_core.testing.exports.bank import write_ofx2
from connector_core.testing.money_ledger import Debt, Ledger, Receipt
from connector_core.testing.transfers import bank_day
from connector_teletransmission import b2, noemie, samples
from connector_teletransmission.compose import Fields, Level, LotPlan, Part, b2_group, noemie_group
from connector_teletransmission.samples import Person

FIRST = date(2026, 5, 4)
WEEKS = 13
PER_WEEK = 6
TODAY = date(2026, 10, 15)
ONE, TWO, THREE, FOUR = PROFESSIONALS = ("991100018", "991200024", "991300030", "991400046")
ELSEWHERE = "998888880"
CAISSES = {"019990000": "CPAM DE VALMONTEL", "029990000": "MSA DU HAUT VALMONT"}
AMCS = {"0099900017": "MUTUELLE DES TILLEULS", "0099900025": "PREVOYANCE DU MARAIS"}
NAMES = {**CAISSES, **AMCS}
PATIENTS = 10
PRICES = (1788, 1613, 2236)
KINDS = ("amo", "unique", "apart")
"""Asks the caisse alone; asks both by the invoice; asks the complémentaire by a DRE."""
_DAYS_TO_PAY = (5, 12)
"""Working days from a lot to the answers of the caisse and of the complémentaire."""

PAYERS: tuple[Payer, ...] = ("AMO", "AMC")
Finding = tuple[str, str, Decimal | None]
"""A rule, the invoice or lot it is about (empty for anything else), and the amount in euros."""


@dataclass(frozen=True)
class Bill:
    """One invoice; amounts in centimes. `lot` and `dre` are the numbers of the lots it left in, all sent on `sent`."""

    provider: str
    rank: int
    person: Person
    closed: date
    kind: str
    sent: date
    lot: str
    dre: str

    @property
    def number(self) -> str:
        return f"{self.rank:09}"

    @property
    def id(self) -> str:
        return f"tt:{self.provider}-{self.number}-26"

    @property
    def patient_id(self) -> str:
        return f"tt:{key_of((self.person.nir, self.person.born, '1'))}"

    @property
    def total(self) -> int:
        return PRICES[self.rank % len(PRICES)]

    @property
    def caisse(self) -> str:
        return list(CAISSES)[int(self.person.nir[-1]) % 2]

    @property
    def complementaire(self) -> str:
        return list(AMCS)[int(self.person.nir[-2]) % 2]

    def claimed(self, payer: Payer) -> int:
        amo = self.total * 60 // 100
        if payer == "AMO":
            return amo
        return 0 if self.kind == "amo" else self.total - amo

    def body(self, payer: Payer) -> str:
        return self.caisse if payer == "AMO" else self.complementaire

    def lot_of(self, payer: Payer) -> str:
        return self.dre if payer == "AMC" and self.kind == "apart" else self.lot


@dataclass(frozen=True)
class Answer:
    """What one payer says of one invoice in one transfer, in centimes."""

    bill: Bill
    payer: Payer
    on: date
    state: str
    paid: int
    rank: int = 1
    """1 for the usual transfer of the day, 2 for another one."""


@dataclass
class Quarter:
    """The files by the attempt in which they come, what must be found, and who owes what."""

    attempts: list[list[tuple[str, Path]]]
    findings: list[Finding]
    ledger: Ledger
    overpaid: dict[tuple[str, Payer], Decimal]
    missing: tuple[date, Decimal]
    """The transfer that never came to the bank: its day and its amount."""
    answers: int
    """The payers' answers to the practice, each counted once."""
    foreign: int
    """Those to another practice."""


@dataclass
class _Book:
    bills: list[Bill]
    answers: dict[tuple[str, Payer], list[Answer]] = field(default_factory=dict)
    acknowledged: dict[tuple[str, str], str] = field(default_factory=dict)
    """`positif` or `négatif` by professional and lot; one that is lost has none."""
    findings: list[Finding] = field(default_factory=list)
    overpaid: dict[tuple[str, Payer], Decimal] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)

    def draw(self, provider: str, kind: str, *, week: int = 3) -> Bill:
        """An invoice of a professional to which nothing has happened, and to whose lot nothing has either."""
        found = next(
            each
            for each in self.bills
            if (each.provider, each.kind) == (provider, kind)
            and each.id not in self.taken
            and each.sent > FIRST + timedelta(weeks=week)
            and (provider, each.lot) not in _TROUBLED
        )
        self.taken.add(found.id)
        return found

    def of_lot(self, provider: str, lot: str) -> list[Bill]:
        return [each for each in self.bills if (each.provider, each.lot) == (provider, lot)]

    def change(self, bill: Bill, payer: Payer, *answers: Answer) -> Answer:
        """Put other answers, or none, in place of the payer's only one, which is given back."""
        (usual,) = self.answers[bill.id, payer]
        self.answers[bill.id, payer] = list(answers)
        return usual

    def usual(self, bill: Bill, payer: Payer) -> Answer:
        (usual,) = self.answers[bill.id, payer]
        return usual

    def must_find(self, rule: str, about: str, amount: int | None) -> None:
        self.findings.append((rule, about, None if amount is None else euros(amount)))


LOST, REFUSED, REFUSED_UNTOLD = (ONE, "004"), (TWO, "005"), (FOUR, "007")
_TROUBLED = frozenset({LOST, REFUSED, REFUSED_UNTOLD})


def euros(centimes: int) -> Decimal:
    return Decimal(centimes).scaleb(-2)


def compact(day: date) -> str:
    return f"{day:%y%m%d}"


def _people() -> Mapping[str, list[Person]]:
    """Ten patients of each professional, whose NIR are of a commune that does not exist."""
    found: dict[str, list[Person]] = {}
    for at, provider in enumerate(PROFESSIONALS):
        for rank in range(PATIENTS):
            nir = f"2{50 + rank:02}0{at + 1}999990{rank:02}"
            name = "ABCDEFGHIJ"[rank] * 3
            found.setdefault(provider, []).append(
                Person(nir, f"{97 - int(nir) % 97:02}", f"{50 + rank}0{at + 1}12", f"EXEMPLE{name}", f"ANNE{name}")
            )
    return found


def _bills() -> Iterator[Bill]:
    for provider, people in _people().items():
        for week in range(WEEKS):
            monday = FIRST + timedelta(weeks=week)
            friday = monday + timedelta(days=4)
            for at in range(PER_WEEK):
                rank = week * PER_WEEK + at + 1
                closed = monday + timedelta(days=min(at, 4))
                person = people[rank % PATIENTS]
                lots = f"{week + 1:03}", f"{week + 501:03}"
                yield Bill(provider, rank, person, closed, KINDS[at % 3], friday, *lots)


def _opened() -> _Book:
    """The quarter in which everybody pays what is asked, in time."""
    book = _Book(list(_bills()))
    for bill in book.bills:
        book.acknowledged[bill.provider, bill.lot] = "positif"
        for payer, days in zip(PAYERS, _DAYS_TO_PAY, strict=True):
            if bill.claimed(payer):
                on = bank_day(after_working_days(bill.sent, days))
                book.answers[bill.id, payer] = [Answer(bill, payer, on, "P", bill.claimed(payer))]
    return book


def _lose(book: _Book) -> None:
    """A lot that left and never arrived; what a DRE asks for left apart from it, and is paid."""
    del book.acknowledged[LOST]
    bills = book.of_lot(*LOST)
    for bill in bills:
        book.change(bill, "AMO")
        if bill.kind == "unique":
            book.change(bill, "AMC")
    book.must_find("TT-ARL-ABSENT", LOST[1], _asked_in_lot(bills))


def _refuse(book: _Book, provider: str, lot: str) -> None:
    """A lot that was refused and not sent again."""
    book.acknowledged[provider, lot] = "négatif"
    bills = book.of_lot(provider, lot)
    for bill in bills:
        book.change(bill, "AMO")
        if bill.kind == "unique":
            book.change(bill, "AMC")
    book.must_find("TT-ARL-NEG", lot, _asked_in_lot(bills))


def _asked_in_lot(bills: Iterable[Bill]) -> int:
    return sum(each.claimed("AMO") + (each.claimed("AMC") if each.kind == "unique" else 0) for each in bills)


def _reject(book: _Book, bill: Bill, payer: Payer) -> None:
    """Rejected, and forgotten."""
    usual = book.usual(bill, payer)
    book.change(bill, payer, replace(usual, state="R", paid=0))
    book.must_find("SUIVI-REJET-NONTRAITE", bill.id, bill.claimed(payer))


def _silence(book: _Book, bill: Bill, payer: Payer) -> None:
    book.change(bill, payer)
    book.must_find(f"TT-NOEMIE-ABSENT-{payer}", bill.id, bill.claimed(payer))


def _pay_twice(book: _Book, bill: Bill) -> None:
    """Paid by two transfers of one day."""
    usual = book.usual(bill, "AMO")
    book.change(bill, "AMO", usual, replace(usual, rank=2))
    book.overpaid[bill.id, "AMO"] = euros(usual.paid)


def _pay_in_part(book: _Book, bill: Bill, payer: Payer) -> None:
    book.change(bill, payer, replace(book.usual(bill, payer), paid=500))


def _take_back(book: _Book, bill: Bill, centimes: int) -> None:
    """Taken back from another transfer of the same caisse, two weeks later."""
    usual = book.usual(bill, "AMO")
    later = min(
        each.on
        for answers in book.answers.values()
        for each in answers
        if (each.bill.provider, each.bill.body(each.payer)) == (bill.provider, bill.caisse)
        and each.on > usual.on + timedelta(days=13)
    )
    book.change(bill, "AMO", usual, replace(usual, on=later, paid=-centimes))


def _plant(book: _Book) -> None:
    _lose(book)
    _refuse(book, *REFUSED)
    _refuse(book, *REFUSED_UNTOLD)
    for provider in (ONE, THREE):
        _reject(book, book.draw(provider, "amo"), "AMO")
    _reject(book, book.draw(FOUR, "unique"), "AMC")
    _reject(book, book.draw(TWO, "apart"), "AMC")
    for provider in (TWO, THREE):
        _silence(book, book.draw(provider, "amo"), "AMO")
    for provider in (ONE, FOUR):
        _silence(book, book.draw(provider, "unique"), "AMC")
        _silence(book, book.draw(provider, "apart"), "AMC")
    for provider in (ONE, FOUR):
        _pay_twice(book, book.draw(provider, "amo"))
    _pay_in_part(book, book.draw(THREE, "unique"), "AMO")
    _pay_in_part(book, book.draw(THREE, "apart"), "AMC")
    _take_back(book, book.draw(TWO, "unique", week=1), 400)
    for provider in (ONE, THREE):
        bill = book.draw(provider, "amo", week=1)
        _take_back(book, bill, bill.claimed("AMO"))


@dataclass(frozen=True)
class _Transfer:
    """What one payer pays one professional on one day."""

    provider: str
    body: str
    on: date
    label: str
    answers: tuple[Answer, ...]

    @property
    def amount(self) -> int:
        return sum(each.paid for each in self.answers)


def _transfers(book: _Book) -> list[_Transfer]:
    gathered: dict[tuple[date, str, str, int], list[Answer]] = {}
    for answers in book.answers.values():
        for each in answers:
            key = each.on, each.bill.body(each.payer), each.bill.provider, each.rank
            gathered.setdefault(key, []).append(each)
    return [
        _Transfer(provider, body, on, f"NOEMIE Q{on:%y%m}{number:05}", tuple(answers))
        for number, ((on, body, provider, _), answers) in enumerate(sorted(gathered.items(), key=lambda one: one[0]), 1)
    ]


def _returned(answers: Sequence[Answer]) -> Iterator[Level]:
    for each in answers:
        bill, code = each.bill, "198" if each.payer == "AMO" else "199"
        opener = {"invoice_no": bill.number, "lot_no": bill.lot_of(each.payer), "lot_date": compact(bill.sent)}
        name = each.payer.lower()
        part: Part = (
            code,
            {
                f"{name}_claimed": str(bill.claimed(each.payer)),
                f"{name}_state": each.state,
                f"{name}_paid": str(abs(each.paid)),
                "sign(N/P)": "N" if each.paid < 0 else "P",
            },
        )
        why: Fields = {"reject_code": "0250", "reject_label": "ASSURE INCONNU", "reject_level": "F"}
        own = "O" if each.payer == "AMO" else "C"
        yield Level(("102", opener), [part, *([("294", {**why, "part": own})] if each.state == "R" else [])])


def _return_file(transfers: Sequence[_Transfer], number: int) -> bytes:
    first = transfers[0]
    levels = []
    for each in transfers:
        fields = {
            "accounting_or_transfer_date": compact(each.on),
            "transfer_label_1": each.label,
            "paying_body": each.body,
        }
        dated = Level(("071", fields), [Level(("081", {"return_type": "01"}), list(_returned(each.answers)))])
        levels.append(Level(("040", {"payee_no": f"000000{each.provider}"}), [dated]))
    header = {"sender_no": first.body, "file_id": f"{number:06}", "creation_date": compact(first.on)}
    return noemie.write([noemie_group(header, levels)])


def _lot_file(provider: str, lot: str, sent: date, invoices: Sequence[Sequence[Part]], number: int) -> bytes:
    header = {"provider_no+key": provider, "lot_no": lot, "lot_date": compact(sent), "provider_name": "CABINET"}
    group = b2_group({"sender_no": provider, "file_id": f"{number:06}"}, [LotPlan(header, invoices)])
    return b2.write([group])


def _invoice(bill: Bill, *, dre: bool) -> list[Part]:
    amo, amc = ("0" if dre else str(bill.claimed("AMO"))), str(bill.claimed("AMC"))
    asked = {"amo_amount(5+2)": amo, "amc_amount(5+2)": amc, "executant_no+key": bill.provider}
    line = samples.act(compact(bill.closed), bill.total, more=asked)
    head = {"regime_code": bill.caisse[:2], "caisse": bill.caisse[2:5], "centre": bill.caisse[5:]}
    if bill.kind != "amo":
        head["amc_no"] = bill.complementaire
    if bill.kind == "apart" and not dre:
        head["split_top(E/F)"] = "F"
    payee = "25" if dre else "05" if bill.kind == "amo" else "15"
    return samples.invoice(bill.person, bill.number, compact(bill.closed), line, payee_code=payee, **head)


def _write_lots(book: _Book, folder: Path) -> list[Path]:
    lots: dict[tuple[str, str, date, bool], list[Bill]] = {}
    for bill in book.bills:
        lots.setdefault((bill.provider, bill.lot, bill.sent, False), []).append(bill)
        if bill.kind == "apart":
            lots.setdefault((bill.provider, bill.dre, bill.sent, True), []).append(bill)
    found = []
    for number, ((provider, lot, sent, dre), bills) in enumerate(lots.items(), 1):
        path = folder / f"{provider}_{lot}.{'dre' if dre else 'fse'}"
        path.write_bytes(_lot_file(provider, lot, sent, [_invoice(each, dre=dre) for each in bills], number))
        found.append(path)
    return found


def _write_acknowledgements(book: _Book, folder: Path) -> list[Path]:
    """Two lists: the one of the first two professionals says when lots left and names those without answer; the other
    one names only what was acknowledged."""
    head = "N° lot;Date du lot;Praticien;Résultat;Date de l'ARL;Motif"
    lists: dict[bool, list[str]] = {True: [f"{head};Date d'envoi"], False: [head]}
    sent = {(each.provider, lot): each.sent for each in book.bills for lot in (each.lot, each.dre)}
    for (provider, lot), on in sorted(sent.items()):
        result = book.acknowledged.get((provider, lot), "positif" if int(lot) > WEEKS else "")
        arl = f"{after_working_days(on, 1):%d/%m/%Y}" if result else ""
        motif = "NUMERO DE LOT DEJA RECU" if result == "négatif" else ""
        line = f"{lot};{on:%d/%m/%Y};{provider};{result};{arl};{motif}"
        if provider in (ONE, TWO):
            lists[True].append(f"{line};{on:%d/%m/%Y}")
        elif result:
            lists[False].append(line)
    found = []
    for tells, lines in lists.items():
        path = folder / f"arl_{'envoi' if tells else 'simple'}.csv"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        found.append(path)
    return found


def _write_bank(transfers: Iterable[_Transfer], folder: Path) -> Path:
    lines = [
        Line(
            bank_day(each.on + timedelta(days=1)),
            euros(each.amount),
            f"VIR SEPA {NAMES[each.body]} {each.label}",
            NAMES[each.body],
            reference=each.label.removeprefix("NOEMIE "),
        )
        for each in transfers
        if each.amount
    ]
    lines.append(Line(TODAY, Decimal("40.00"), "REMISE CB", reference="CB1"))
    write_ofx2(Statement(tuple(sorted(lines, key=lambda line: line.booked_on))), folder)
    return folder / "releve.ofx"


def _ledger(book: _Book) -> Ledger:
    debts = []
    for bill in book.bills:
        parts = [
            (payer, bill.body(payer), bill.claimed(payer), book.answers.get((bill.id, payer), [])) for payer in PAYERS
        ]
        for payer, who, amount, answers in parts:
            receipts = tuple(Receipt(euros(each.paid), each.on, None) for each in answers if each.paid)
            if amount:
                debts.append(Debt(bill.id, payer, who, euros(amount), bill.closed, bill.sent, receipts))
        share = bill.total - bill.claimed("AMO") - bill.claimed("AMC")
        if share:
            debts.append(Debt(bill.id, "PATIENT", bill.patient_id, euros(share), bill.closed, bill.closed))
    return Ledger(tuple(debts))


def _foreign(transfer: _Transfer) -> _Transfer:
    """What another practice is paid for invoices that it numbers, dates and sends alike."""
    return replace(transfer, provider=ELSEWHERE, label=f"{transfer.label}9", on=transfer.on + timedelta(days=7))


def make_quarter(folder: Path) -> Quarter:
    """Write the files of the quarter. The first returns come before their lots, with those of another practice; some of
    them come again in another file."""
    book = _opened()
    _plant(book)
    transfers = _transfers(book)
    missing = next(each for each in transfers[len(transfers) // 2 :] if each.amount > 1000)
    book.must_find("TT-RAPPROCHEMENT", "", missing.amount)
    returns = []
    days: dict[tuple[date, str], list[_Transfer]] = {}
    for each in transfers:
        days.setdefault((each.on, each.body), []).append(each)
    for number, together in enumerate(days.values(), 1):
        path = folder / f"retour_{number:04}.noe"
        path.write_bytes(_return_file(together, number))
        returns.append(path)
    again = folder / "encore.noe"
    again.write_bytes(_return_file(days[transfers[0].on, transfers[0].body], 9001))
    foreign = folder / "ailleurs.noe"
    elsewhere = [_foreign(each) for each in transfers[:3]]
    foreign.write_bytes(_return_file(elsewhere, 9002))
    bank = _write_bank([each for each in transfers if each is not missing], folder)
    lots = _write_lots(book, folder)
    first, rest = returns[:9], returns[9:]
    attempts = [
        [("tt", path) for path in (*first, foreign)],
        [("tt", path) for path in (*lots, *_write_acknowledgements(book, folder))],
        [*(("tt", path) for path in rest), ("bank", bank)],
        [("tt", again)],
    ]
    answers = sum(len(each.answers) for each in transfers)
    foreign_answers = sum(len(each.answers) for each in elsewhere)
    absent = missing.on, euros(missing.amount)
    return Quarter(attempts, book.findings, _ledger(book), book.overpaid, absent, answers, foreign_answers)
