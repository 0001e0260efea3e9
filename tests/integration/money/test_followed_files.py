"""What becomes of an invoice that was answered, corrected or sent again: from files to the balance, to the cent."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from connector_core.cli.main import connector
from connector_core.model.finding import Finding
from connector_core.pipeline.given import Input
from connector_core.plugins.loader import load_plugins
from connector_core.service.assembly import open_store, pipeline_of, rules_of
from connector_core.settings.load import load
from connector_core.sources.local import LocalFile
from connector_teletransmission import b2, noemie, samples
from connector_teletransmission.compose import Fields, Level, LotPlan, Part, b2_group, noemie_group
from connector_teletransmission.samples import Person

SETTINGS = """
[data]
folder = '{folder}'

[secrets]
keyring = "file"

[[source]]
id = "tt"
connector = "teletransmission"
folder = '{folder}/retours'
"""
ONE, TWO = "991100018", "991200024"
CAISSE, COMPLEMENTAIRE = "019990000", "0099900017"
MONDAY, RESENT = date(2026, 9, 7), date(2026, 9, 25)
REJECT: Part = ("294", {"reject_code": "0250", "reject_label": "BENEFICIAIRE INCONNU EN BDO", "reject_level": "F"})
APART = {"split_top(E/F)": "F"}
Owed = dict[tuple[str, str], tuple[str | None, str]]


def person(rank: int) -> Person:
    nir = f"2{50 + rank}04999990{rank:02}"
    return Person(nir, f"{97 - int(nir) % 97:02}", f"{50 + rank}0412", f"EXEMPLE{chr(65 + rank)}", "ANNE")


@dataclass
class Files:
    """Files of one folder, as they come, and what is known once they are read."""

    folder: Path
    pending: list[Path] = field(default_factory=list)
    count: int = 0

    def _put(self, name: str, content: bytes) -> None:
        self.count += 1
        path = self.folder / f"{self.count:03}_{name}"
        path.write_bytes(content)
        self.pending.append(path)

    def lot(self, number: int, on: date, *invoices: Sequence[Part], of: str = ONE) -> None:
        header = {"provider_no+key": of, "lot_no": f"{number:03}", "lot_date": f"{on:%y%m%d}"}
        self._put("lot.b2", b2.write([b2_group({"sender_no": of}, [LotPlan(header, invoices)])]))

    def answer(self, on: date, *levels: Level, to: str = ONE, label: str = "NOEMIE AB12345") -> None:
        told = {"accounting_or_transfer_date": f"{on:%y%m%d}", "transfer_label_1": label, "paying_body": CAISSE}
        dated = Level(("071", told), [Level(("081", {"return_type": "01"}), levels)])
        payee = Level(("040", {"payee_no": f"000000{to}"}), [dated])
        self._put("retour.noe", noemie.write([noemie_group({"creation_date": f"{on:%y%m%d}"}, [payee])]))

    def acknowledge(self, *lots: tuple[int, date, str, date]) -> None:
        """Lots by number, day, result (empty: none came) and the day on which they left and were acknowledged."""
        lines = [
            f"{number:03};{on:%d/%m/%Y};{ONE};{result};{f'{arl:%d/%m/%Y}' if result else ''};;{arl:%d/%m/%Y}"
            for number, on, result, arl in lots
        ]
        head = "N° lot;Date du lot;Praticien;Résultat;Date de l'ARL;Motif;Date d'envoi"
        path = self.folder / f"arl_{self.count}.csv"
        path.write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")
        self.pending.append(path)
        self.count += 1

    def read(self, as_of: date) -> None:
        settings = load(self.folder / "connector.toml", {})
        store, _ = open_store(settings, create=not (self.folder / "store.db").exists())
        with store:
            pipeline = pipeline_of(settings, store, rules_of(settings, load_plugins()))
            done = pipeline.attempt([Input("tt", LocalFile(path)) for path in self.pending], as_of)
        assert {(each.state, each.rejects) for each in done.files} <= {("committed", 0)}
        self.pending = []

    def asked(self, *command: str) -> dict:
        result = CliRunner().invoke(connector, ["--config", str(self.folder / "connector.toml"), *command, "--json"])
        return json.loads(result.stdout)

    def owed(self, as_of: date) -> Owed:
        """What was asked for and not paid, and why, by the number of the invoice and the debtor."""
        told = self.asked("balance", "--as-of", as_of.isoformat())
        debtors = [*told["debtors"], *told["unknown"]]
        return {
            (each["number"].lstrip("0"), debtor["debtor"]): (each["amount"], each["state"])
            for debtor in debtors
            for each in debtor["invoices"]
        }

    def findings(self) -> list[Finding]:
        with open_store(load(self.folder / "connector.toml", {}), create=False)[0] as store:
            told = [kept.finding for kept in store.answers.findings("open")]
        return [each for each in told if each.rule.startswith(("TT-", "SUIVI-"))]

    def rules(self) -> list[str]:
        return sorted(each.rule for each in self.findings())


@pytest.fixture
def files(tmp_path: Path) -> Files:
    (tmp_path / "connector.toml").write_text(SETTINGS.format(folder=tmp_path), encoding="utf-8")
    return Files(tmp_path)


def bill(
    number: int,
    who: int,
    on: date,
    *days: date,
    amc: int = 0,
    of: str = ONE,
    billed: int = 2000,
    more: Fields | None = None,
) -> list[Part]:
    """An invoice of 20 € a day, of which the caisse is asked for 60 %."""
    asked = {"amo_amount(5+2)": str(billed * 60 // 100), "amc_amount(5+2)": str(amc), "executant_no+key": of}
    lines = [samples.act(f"{day:%y%m%d}", billed, more=asked) for day in days or (on,)]
    head = {"regime_code": "01", "caisse": "999", "centre": "0000", **(more or {})}
    if amc:
        head["amc_no"] = COMPLEMENTAIRE
    payee = "15" if amc else "05"
    return samples.invoice(person(who), f"{number:09}", f"{on:%y%m%d}", *lines, payee_code=payee, **head)


def dre(number: int, who: int, on: date, amc: int) -> list[Part]:
    line = samples.act(f"{on:%y%m%d}", 2000, more={"amo_amount(5+2)": "0", "amc_amount(5+2)": str(amc)})
    return samples.invoice(person(who), f"{number:09}", f"{on:%y%m%d}", line, payee_code="25", amc_no=COMPLEMENTAIRE)


def told(number: int, lot: int, on: date, *parts: Part) -> Level:
    return Level(("102", {"invoice_no": f"{number:09}", "lot_no": f"{lot:03}", "lot_date": f"{on:%y%m%d}"}), parts)


def reject(part: str = "O") -> Part:
    return REJECT[0], {**REJECT[1], "part": part}


@pytest.mark.parametrize("later_first", [False, True], ids=["in order", "later lot first"])
def test_what_was_answered_to_an_earlier_sending_is_not_forgotten(files: Files, later_first: bool) -> None:
    """The caisse paid, the complémentaire rejected: sent again under its number, it owes nothing to be asked twice."""

    def first() -> None:
        files.lot(10, MONDAY, bill(2, 2, MONDAY, amc=800))

    def second() -> None:
        files.lot(11, RESENT, bill(2, 2, MONDAY, amc=800))

    for sent in (second, first) if later_first else (first, second):
        sent()
        files.read(date(2026, 9, 26))
    files.acknowledge((10, MONDAY, "positif", MONDAY), (11, RESENT, "positif", RESENT))
    paid, rejected = samples.amo(1200, "P", 1200), samples.amc(800, "R", 0)
    files.answer(date(2026, 9, 18), told(2, 10, MONDAY, paid, rejected, reject("C")))
    files.read(date(2026, 10, 20))
    if not later_first:
        assert files.owed(date(2026, 10, 20)) == {("2", "AMC"): ("8.00", "waiting")}
        assert files.rules() == []
    files.answer(date(2026, 10, 19), told(2, 11, RESENT, samples.amc(800, "P", 800)))
    files.read(date(2026, 10, 21))
    assert files.owed(date(2026, 10, 21)) == {}
    assert files.rules() == []
    (story,) = files.asked("invoice", "2", "--as-of", "2026-10-21")["invoices"]
    texts = [step["text"] for step in story["steps"]]
    assert [text for text in texts if "Mise dans" in text] == [f"Mise dans le lot n° 0{lot}." for lot in (10, 11)]
    assert any("rejette" in text for text in texts)


def test_a_reject_of_one_professional_is_told_beside_a_payment_to_another_of_that_number(files: Files) -> None:
    for who in (ONE, TWO):
        files.lot(10, MONDAY, bill(1, 1, MONDAY, of=who), of=who)
    files.answer(date(2026, 9, 16), told(1, 10, MONDAY, samples.amo(1200, "P", 1200)))
    files.answer(date(2026, 9, 16), told(1, 10, MONDAY, samples.amo(1200, "R", 0), reject()), to=TWO)
    files.read(date(2026, 10, 30))
    (found,) = files.findings()
    assert (found.rule, found.subject.id) == ("SUIVI-REJET-NONTRAITE", f"tt:{TWO}-000000001-26")


def test_a_number_that_comes_back_in_another_year_is_another_invoice(files: Files) -> None:
    before = date(2025, 9, 8)
    files.lot(10, before, bill(2, 2, before))
    files.answer(date(2025, 9, 18), told(2, 10, before, samples.amo(1200, "P", 1200)))
    files.read(date(2025, 10, 1))
    files.lot(10, MONDAY, bill(2, 2, MONDAY, billed=3000))
    files.answer(date(2026, 9, 18), told(2, 10, MONDAY, samples.amo(1800, "R", 0), reject()), label="NOEMIE AB22222")
    files.read(date(2026, 9, 20))
    told_of = files.asked("invoice", "2", "--as-of", "2026-09-20")["invoices"]
    parts = [[(part["left"], part["state"]) for part in each["parts"]] for each in told_of]
    nothing = ("0", "unasked")
    assert parts == [
        [("0.00", "paid"), nothing, ("8.00", "waiting")],
        [("18.00", "rejected"), nothing, ("12.00", "waiting")],
    ]


def test_an_invoice_billed_again_under_another_number_replaces_the_one_that_was_rejected(files: Files) -> None:
    """A lot names no invoice that it corrects: without it, both were owed, by the caisse and by the patient."""
    files.lot(10, MONDAY, bill(2, 2, MONDAY, MONDAY, date(2026, 9, 9)), bill(3, 3, MONDAY))
    rejected = samples.amo(2400, "R", 0), reject()
    files.answer(date(2026, 9, 18), told(2, 10, MONDAY, *rejected), told(3, 10, MONDAY, samples.amo(1200, "R", 0)))
    files.lot(11, RESENT, bill(7, 2, RESENT, MONDAY, date(2026, 9, 9)), bill(8, 3, RESENT, date(2026, 9, 10)))
    files.read(date(2026, 9, 28))
    waiting, rest = ("24.00", "waiting"), ("8.00", "waiting")
    others = {("3", "AMO"): ("12.00", "rejected"), ("3", "PATIENT"): rest}
    others |= {("8", "AMO"): ("12.00", "waiting"), ("8", "PATIENT"): rest}
    assert files.owed(date(2026, 9, 28)) == {("7", "AMO"): waiting, ("7", "PATIENT"): ("16.00", "waiting"), **others}
    files.answer(date(2026, 10, 6), told(7, 11, RESENT, samples.amo(2400, "P", 2400)), label="NOEMIE AB22222")
    files.read(date(2026, 10, 20))
    assert ("7", "AMO") not in files.owed(date(2026, 10, 20))
    assert [each.subject.id for each in files.findings()] == [f"tt:{ONE}-000000003-26"]
    first, second = files.asked("invoice", "2", "--as-of", "2026-10-20")["invoices"]
    assert first["standing"] == "Facture remplacée par la n° 000000007."
    assert second["number"] == "000000007"
    figures = files.asked("figures", "--from", "2026-09-01", "--to", "2026-10-20")
    assert sum(each["acts"] for each in figures["activity"]) == 4


def test_what_one_transfer_pays_twice_is_paid_twice_and_once_when_the_return_comes_again(files: Files) -> None:
    files.lot(10, MONDAY, bill(1, 1, MONDAY))
    twice = [told(1, 10, MONDAY, samples.amo(1200, "P", 1200))] * 2
    files.answer(date(2026, 9, 18), *twice)
    files.answer(date(2026, 9, 18), *twice)
    files.read(date(2026, 9, 20))
    (overpaid,) = files.asked("balance", "--as-of", "2026-09-20")["overpaid"]
    assert (overpaid["debtor"], overpaid["amount"]) == ("AMO", "12.00")
    (transfer,) = files.asked("transfers", "--as-of", "2026-09-20")["uncovered"]
    assert transfer["amount"] == "24.00"


@pytest.mark.parametrize(
    ("result", "rule", "standing", "hold"),
    [("négatif", "TT-ARL-NEG", "lot refusé", "refused"), ("", "TT-ARL-ABSENT", "sans réponse", "lost")],
)
def test_a_lot_of_dre_that_was_refused_or_lost_is_told_and_nobody_is_reminded(
    files: Files, result: str, rule: str, standing: str, hold: str
) -> None:
    files.lot(10, MONDAY, bill(1, 1, MONDAY, amc=800, more=APART), bill(2, 2, MONDAY, amc=800))
    files.lot(510, MONDAY, dre(1, 1, MONDAY, 800), dre(2, 2, MONDAY, 800))
    files.acknowledge((10, MONDAY, "positif", MONDAY), (510, MONDAY, result, MONDAY))
    paid = samples.amo(1200, "P", 1200)
    files.answer(date(2026, 9, 16), told(1, 10, MONDAY, paid), told(2, 10, MONDAY, paid, samples.amc(800, "P", 800)))
    files.answer(date(2026, 9, 1), told(900, 9, date(2026, 8, 28), paid), label="NOEMIE AB11111")
    files.read(date(2026, 9, 30))
    assert files.owed(date(2026, 9, 30)) == {("1", "AMC"): ("8.00", "waiting")}
    assert files.rules() == [rule, "TT-GESTION-UNIQUE"]
    amounts = {each.rule: str(each.amount) for each in files.findings()}
    assert amounts == {rule: "8.00", "TT-GESTION-UNIQUE": "8.00"}
    (story,) = files.asked("invoice", "1", "--as-of", "2026-09-30")["invoices"]
    assert story["standing"] == f"Reste dû : complémentaire (AMC), 8,00 € ({standing})."
    (debtor,) = files.asked("remind", "--as-of", "2026-09-30")["debtors"]
    assert [(each["number"], each["hold"]) for each in debtor["held"]] == [("000000001", hold)]


def test_forclusion_is_announced_for_what_never_left_although_no_return_is_as_old(files: Files) -> None:
    care, last = date(2024, 2, 10), date(2026, 3, 31)
    files.lot(9, care, bill(2, 2, care))
    files.lot(10, care, bill(1, 1, care))
    files.acknowledge((9, care, "positif", care))
    files.answer(date(2024, 2, 15), told(2, 9, care, samples.amo(1200, "P", 1200)))
    files.read(date(2026, 1, 29))
    assert "TT-FORCLUSION-ALERTE" not in files.rules()
    for day in (date(2026, 1, 30), last):
        files.read(day)
        assert "TT-FORCLUSION-ALERTE" in files.rules()
    files.read(date(2026, 4, 1))
    assert "TT-FORCLUSION-MAL" in files.rules()
    assert "TT-FORCLUSION-ALERTE" not in files.rules()


def test_each_invoice_is_owed_by_the_caisse_it_was_sent_to(files: Files) -> None:
    """A patient who changed caisse: the format says no day of it, but to whom each invoice goes."""
    files.lot(10, MONDAY, bill(1, 1, MONDAY))
    files.lot(11, RESENT, bill(2, 1, RESENT, more={"regime_code": "02"}))
    files.read(RESENT)
    debtors = files.asked("balance", "--as-of", RESENT.isoformat(), "--debtor", "caisse")["unknown"]
    owed = {each["debtor_id"]: [one["number"] for one in each["invoices"]] for each in debtors}
    assert owed == {CAISSE: ["000000001"], "029990000": ["000000002"]}


def test_without_any_acknowledgement_what_the_caisse_never_answered_is_told(files: Files) -> None:
    """The layout of acknowledgements is not public: a practice may have lots and returns alone."""
    first = date(2026, 8, 31)
    files.lot(9, first, bill(9, 9, first))
    files.lot(10, MONDAY, bill(1, 1, MONDAY), bill(2, 2, MONDAY))
    files.lot(11, MONDAY, bill(4, 4, MONDAY, billed=3000))
    files.answer(date(2026, 9, 3), told(9, 9, first, samples.amo(1200, "P", 1200)), label="NOEMIE AB11111")
    files.answer(date(2026, 9, 16), told(1, 10, MONDAY, samples.amo(1200, "P", 1200)))
    files.read(date(2026, 9, 30))
    assert files.findings() == []
    files.read(date(2026, 10, 1))
    found = {each.subject.id: (each.rule, str(each.amount)) for each in files.findings()}
    silent = "TT-NOEMIE-ABSENT-AMO"
    assert found == {f"tt:{ONE}-000000002-26": (silent, "12.00"), f"tt:{ONE}-000000004-26": (silent, "18.00")}


def test_a_company_that_is_paid_for_the_professionals_is_configured(files: Files) -> None:
    company = "993333331"
    files.lot(10, MONDAY, bill(1, 1, MONDAY))
    files.lot(20, MONDAY, bill(1, 2, MONDAY, of=TWO), of=TWO)
    paid = samples.amo(1200, "P", 1200)
    files.answer(date(2026, 9, 16), told(1, 10, MONDAY, paid), told(1, 20, MONDAY, paid), to=company)
    files.read(date(2026, 9, 20))
    before = files.asked("transfers", "--as-of", "2026-09-20")
    assert (len(before["waiting"]), before["uncovered"]) == (2, [])
    owed = {("1", "PATIENT"): ("8.00", "waiting")}
    assert files.owed(date(2026, 9, 20)) != owed
    config = files.folder / "connector.toml"
    config.write_text(
        f"[practice]\npayees = ['{company[:-1]}']\n{config.read_text(encoding='utf-8')}", encoding="utf-8"
    )
    files.read(date(2026, 9, 20))
    assert files.owed(date(2026, 9, 20)) == owed
    after = files.asked("transfers", "--as-of", "2026-09-20")
    assert (after["waiting"], [each["amount"] for each in after["uncovered"]]) == ([], ["24.00"])


@pytest.mark.parametrize(("paid_on", "replaced"), [(date(2026, 10, 9), True), (date(2026, 9, 24), False)])
def test_a_rejected_invoice_that_is_paid_after_all_is_paid_too_much_once_it_was_billed_again(
    files: Files, paid_on: date, replaced: bool
) -> None:
    files.lot(10, MONDAY, bill(2, 2, MONDAY))
    files.answer(date(2026, 9, 18), told(2, 10, MONDAY, samples.amo(1200, "R", 0), reject()))
    files.lot(11, RESENT, bill(7, 2, RESENT, MONDAY))
    paid = samples.amo(1200, "P", 1200)
    files.answer(paid_on, told(2, 10, MONDAY, paid), label="NOEMIE AB22222")
    files.answer(date(2026, 10, 6), told(7, 11, RESENT, paid), label="NOEMIE AB33333")
    files.read(date(2026, 10, 12))
    patient, shares = ("8.00", "waiting"), ("7",) if replaced else ("2", "7")
    assert files.owed(date(2026, 10, 12)) == {(number, "PATIENT"): patient for number in shares}
    overpaid = files.asked("balance", "--as-of", "2026-10-12")["overpaid"]
    assert [(each["number"], each["amount"]) for each in overpaid] == ([("000000002", "12.00")] if replaced else [])
    assert files.rules() == ([] if replaced else ["TT-DOUBLON"])
