"""Practices that nobody thinks of, walked through every command: no crash, valid JSON, French that agrees, and no
"nothing to do" where nothing could be known."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from connector_core.cli.main import connector
from connector_core.pipeline.given import Input
from connector_core.plugins.loader import load_plugins
from connector_core.service.assembly import open_store, pipeline_of, rules_of
from connector_core.settings.load import load
from connector_core.sources.local import LocalFile

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
DAY = date(2026, 3, 3)
SINCE = "2026-01-01"

Line = Mapping[str, object]

HEADER: Line = {"record": "pivot", "model_version": 1, "practice": "Été", "exported_at": "2026-03-02T10:00:00+01:00"}
MK: Line = {"record": "practitioner", "id": "mk1", "profession": "MK", "rpps": "10000000017"}
IDE: Line = {"record": "practitioner", "id": "ide1", "profession": "IDE", "rpps": "10000000025"}
PATIENT: Line = {"record": "patient", "id": "p1", "family_name": "EXEMPLE", "given_name": "Zoé"}


def _act(number: int, **values: object) -> Line:
    kept = {"id": f"a{number}", "patient_id": "p1", "practitioner_id": "mk1", "performed_on": "2026-03-02"}
    return {"record": "act", **kept, "letter": "RAM", "coefficient": "8.09", "amount": "17.88", **values}


def _appointment(number: int, starts_at: str) -> Line:
    booked = {"patient_id": "p1", "practitioner_id": "mk1", "starts_at": starts_at, "status": "booked"}
    return {"record": "appointment", "id": f"v{number}", **booked}


def _pivot(*lines: Line) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        told = (json.dumps(each, ensure_ascii=False) for each in (HEADER, *lines))
        (folder / "export.ndjson").write_text("\n".join(told) + "\n", encoding="utf-8")

    return write


def _sample(name: str) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        shutil.copytree(FIXTURES / name / "export", folder, dirs_exist_ok=True)

    return write


@dataclass(frozen=True)
class Odd:
    """A practice: who reads it, what lies in its folder, and what must be said of it: the exit code and a sentence, by
    command. `gone` is a folder that vanishes after it was read."""

    write: Callable[[Path], None]
    told: Mapping[str, tuple[int, str]]
    connector: str = "pivot"
    gone: bool = False


_NO_ACTS = "Aucune source ne donne les actes : "
_NO_INVOICES = "Aucune source ne donne les factures : "
_UNKNOWN = {
    "backtest": (0, f"{_NO_ACTS}ce qui a été manqué n'est pas connu."),
    "simulate": (0, f"{_NO_ACTS}l'écart n'est pas connu."),
    "balance": (0, f"{_NO_INVOICES}ce qui est dû n'est pas connu."),
    "remind": (0, f"{_NO_INVOICES}qui relancer n'est pas connu."),
    "quotes": (0, "Aucune source ne donne le dépassement facturé ni les devis : qui attend un devis n'est pas connu."),
    "figures": (0, "actes inconnus"),
}
_NO_BILANS = "Aucune source ne donne les rendez-vous ni les actes : rien ne peut être prévu."
_NOTHING = {
    "check": (0, "Aucun constat."),
    "findings": (0, "Aucun constat."),
    "backtest": (0, "rien n'a été manqué"),
    "balance": (0, "Rien n'est dû au 03/03/2026."),
    "transfers": (0, "Aucun virement n'est annoncé au 03/03/2026."),
    "remind": (0, "Aucune relance à faire au 03/03/2026."),
    "forecast": (0, "Aucun bilan à prévoir du 03/03/2026 au 02/04/2026"),
}
PRACTICES: Mapping[str, Odd] = {
    "one patient and one act": Odd(
        _pivot(MK, PATIENT, _act(1)),
        {**_NOTHING, "simulate": (0, "1 acte "), "figures": (0, "1 acte, 17,88 €"), "check": (0, "1 patient, 1 acte")},
    ),
    "one wrong act": Odd(
        _pivot(MK, PATIENT, _act(1, amount="16.00")), {"check": (1, "1 constat : "), "findings": (1, "1 constat : ")}
    ),
    "patients only": Odd(_pivot(MK, PATIENT), {**_NOTHING, "figures": (0, "0 acte, 0,00 €")}),
    "one of each profession": Odd(
        _pivot(
            MK, IDE, PATIENT, _act(1), _act(2, practitioner_id="ide1", letter="AMI", coefficient="1", amount="3.15")
        ),
        {"check": (1, "1 patient, 2 actes"), "figures": (0, "2 actes, 21,03 €")},
    ),
    "a practitioner without RPPS": Odd(
        _pivot({"record": "practitioner", "id": "mk1", "profession": "MK"}, PATIENT, _act(1)),
        {**_NOTHING, "check": (0, "le numéro RPPS du professionnel n'est pas connu (ID-RPPS)")},
    ),
    "appointments to come only": Odd(
        _pivot(MK, PATIENT, _appointment(1, "2026-03-10T09:00:00+01:00"), _appointment(2, "2026-03-17T09:00:00+01:00")),
        _NOTHING,
    ),
    "everything is rejected": Odd(
        _pivot({"record": "act", "id": "x", "letter": 7}, {"record": "consultation", "id": "y"}),
        {
            "check": (4, "2 rejets : ces données n'ont pas été contrôlées."),
            "findings": (0, "Des données refusées n'ont pas été contrôlées : « connector status » dit lesquelles."),
            "status": (3, "rejets dans le dernier fichier : 2"),
        },
    ),
    "an empty folder": Odd(
        lambda folder: None,
        {
            **_UNKNOWN,
            "check": (2, "ce dossier ne contient aucun fichier"),
            "findings": (0, "Rien n'a encore été lu : « connector status » dit où en est chaque source."),
            "status": (3, "aucun fichier lu"),
            "transfers": (
                0,
                "Aucune source ne donne les retours des payeurs (NOEMIE) ni les relevés bancaires : "
                "rien ne peut être rapproché.",
            ),
            "forecast": (0, _NO_BILANS),
            "export": (0, "0 enregistrement."),
        },
    ),
    "a folder that vanished": Odd(
        _pivot(MK, PATIENT, _act(1)),
        {
            "check": (2, "n'existe pas"),
            "findings": (0, "Aucun constat."),
            "status": (3, "le dossier est introuvable ou inaccessible"),
            "doctor": (1, "Source « cabinet »"),
            "figures": (0, "1 acte, 17,88 €"),
        },
        gone=True,
    ),
    "bank statements only": Odd(
        _sample("banque/ofx1"),
        {
            **_UNKNOWN,
            "forecast": (0, _NO_BILANS),
            "transfers": (0, "Aucune source ne donne les retours des payeurs (NOEMIE) : rien ne peut être rapproché."),
        },
        connector="banque",
    ),
    "returns only": Odd(
        _sample("teletransmission/retour-576"),
        {
            **_UNKNOWN,
            "forecast": (0, _NO_BILANS),
            "transfers": (0, "Aucune source ne donne les relevés bancaires : rien ne peut être rapproché."),
            "status": (3, "2 enregistrements attendent leur facture"),
        },
        connector="teletransmission",
    ),
    "an agenda only": Odd(
        _sample("kine4000/agenda"),
        {**_UNKNOWN, "forecast": (0, f"{_NO_ACTS}rien ne peut être prévu.")},
        connector="kine4000",
    ),
}


_QUIET = {
    "one patient and one act",
    "patients only",
    "a practitioner without RPPS",
    "appointments to come only",
    "a folder that vanished",
}
"""Practices of which the report may say that there is nothing to do."""


class Walk:
    """A practice whose folder was read, and the program called on it."""

    def __init__(self, folder: Path, odd: Odd) -> None:
        self.folder, self.inbox = folder, folder / "exports"
        self.inbox.mkdir()
        odd.write(self.inbox)
        self.config = folder / "connector.toml"
        plugins = "" if odd.connector == "pivot" else f'"{odd.connector}"'
        self.config.write_text(
            f"[data]\nfolder = '{folder / 'data'}'\n[report]\nfolder = '{folder / 'report'}'\n"
            f"[secrets]\nkeyring = \"file\"\nfolder = '{folder / 'secrets'}'\n[plugins]\nallow = [{plugins}]\n"
            f'[[source]]\nid = "cabinet"\nconnector = "{odd.connector}"\nfolder = \'{self.inbox}\'\n',
            encoding="utf-8",
        )
        settings = load(self.config, {})
        files = [Input("cabinet", LocalFile(path)) for path in sorted(self.inbox.iterdir())]
        store, _ = open_store(settings, create=True)
        with store:
            pipeline_of(settings, store, rules_of(settings, load_plugins())).attempt(files, DAY)
        if odd.gone:
            shutil.rmtree(self.inbox)

    def run(self, *arguments: str) -> Result:
        return CliRunner().invoke(connector, ["--config", str(self.config), *arguments], input="")

    def commands(self) -> Iterator[tuple[str, ...]]:
        """Every command that says something of the practice."""
        day = DAY.isoformat()
        period = ("--from", SINCE, "--to", day)
        yield "config", "check"
        yield "check", str(self.inbox), "--as-of", day
        for name in ("findings", "outbox", "doctor", "status"):
            yield (name,)
        yield "forecast", "--on", day
        yield "backtest", *period
        yield "simulate", "--at", SINCE, "--to", day
        yield "figures", *period, "--details"
        for name in ("balance", "transfers"):
            yield name, "--as-of", day, "--details"
        yield "remind", "--as-of", day, "--all"
        yield "quotes", "--as-of", day
        yield "invoice", "F1", "--as-of", day
        yield "write-back", "places"
        yield "export", str(self.folder / "out.ndjson")
        yield "report", "--on", day


_ONE_OF_MANY = re.compile(r"(?<![\d,.])(?<!\d )\b[01] (?!fois|mois|devis|pas|sans|dans|des|les|plus)[a-zéèê]+s\b")
_DATED_ELSEWHERE = re.compile(r"\b20\d\d-\d\d-\d\d\b")


def _plain(text: str) -> str:
    return text.replace("\u202f", " ").replace("\u00a0", " ").replace("’", "'")


def _faults(walk: Walk, arguments: Sequence[str], told: tuple[int, str] | None) -> Iterator[str]:
    """What is wrong with what a command says, as text and as JSON."""
    name = " ".join(arguments[:2]) if arguments[0] in ("config", "write-back") else arguments[0]
    result = walk.run(*arguments)
    said = _plain(result.output)
    codes = {0, 1, 3, 4} | ({2} if name in ("check", "invoice") else set())
    if result.exit_code not in codes or not (result.exception is None or isinstance(result.exception, SystemExit)):
        yield f"{name}: {result.exit_code} {result.exception!r}"
    if "Traceback" in said or not said.strip():
        yield f"{name}: a traceback, or nothing"
    yield from (f"{name}: {match.group()}" for match in _ONE_OF_MANY.finditer(said))
    shown = said.replace(str(walk.folder), "")
    yield from (f"{name}: {match.group()}" for match in _DATED_ELSEWHERE.finditer(shown))
    if told is not None and (result.exit_code != told[0] or told[1] not in said):
        yield f"{name}: {result.exit_code} {said}"
    as_json = walk.run(*arguments, "--json")
    if as_json.exit_code != result.exit_code:
        yield f"{name} --json: {as_json.exit_code} in place of {result.exit_code}"
    if as_json.exit_code == 2 or not as_json.stdout:
        if as_json.stdout or not as_json.stderr:
            yield f"{name} --json: refused otherwise than on standard error"
    elif json.loads(as_json.stdout)["schema"] != 1:
        yield f"{name} --json: another schema"


@pytest.mark.parametrize("name", PRACTICES)
def test_an_odd_practice_is_told_what_is_known_of_it(name: str, tmp_path: Path) -> None:
    odd = PRACTICES[name]
    walk = Walk(tmp_path, odd)
    commands = tuple(walk.commands())
    assert {each[0] for each in commands} >= odd.told.keys()
    faults = [fault for each in commands for fault in _faults(walk, each, odd.told.get(each[0]))]
    assert faults == []
    written = json.loads((tmp_path / "report" / "rapport.json").read_text(encoding="utf-8"))
    assert written["schema"] == 1
    page = (tmp_path / "report" / "rapport.html").read_text(encoding="utf-8")
    assert _ONE_OF_MANY.findall(_plain(re.sub(r"<[^>]+>", " ", page.split("<body", 1)[1]))) == []
    assert ("rien à faire." in page) is (name in _QUIET)
    assert (tmp_path / "report" / "rapport.xlsx").stat().st_size > 0
