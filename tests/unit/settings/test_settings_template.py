"""The commented file and the schema."""

import json
import os
import re
import subprocess
import sys
from datetime import date, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connector_core.settings.letters import Letters, ReminderStep
from connector_core.settings.load import load, parse
from connector_core.settings.model import (
    Daemon,
    Data,
    Plugins,
    Practice,
    Report,
    Secrets,
    Settings,
    Source,
)
from connector_core.settings.rules import ParameterOverride, RejectMotif, Rules
from connector_core.settings.schema import configuration_schema, configuration_schema_json
from connector_core.settings.template import commented, commented_configuration

ENVIRON = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}


@pytest.fixture
def back(tmp_path):
    def load_back(text: str) -> Settings:
        path = tmp_path / "connector.toml"
        path.write_text(text, encoding="utf-8")
        return load(path, {})

    return load_back


@pytest.mark.parametrize(
    "name", ["Cabinet des Tilleuls", 'Le "Grand" l\'Été', r"A\B", "tab\tsaut\n", "\x7f\x01", "# x"]
)
def test_round_trip_of_a_new_installation(back, name):
    settings = back(commented_configuration(name, "DROM"))
    assert settings == Settings(practice=Practice(name=name, zone="DROM"))


def test_round_trip_with_sources(back):
    sources = (
        Source(id="vega", connector="vega", folder=Path(r"D:\Vega\L'été"), expected_every=timedelta(days=1, hours=12)),
        Source(
            id="k", connector="kine4000", database="firebird://r@h/D:/B.FDB", password="secret:k", settle=timedelta(0)
        ),
    )
    text = commented_configuration("A", sources=sources, report=Report(folder=Path(r"C:\Rapport"), at=time(7, 5)))
    assert back(text).sources == sources
    assert "folder = 'C:\\Rapport'" in text
    assert back(text).report == Report(folder=Path(r"C:\Rapport"), at=time(7, 5))


def test_round_trip_of_everything(back):
    settings = Settings(
        practice=Practice(name="A", zone="DROM", timezone="Indian/Reunion"),
        data=Data(folder=Path("/srv/d")),
        report=Report(at=time(7, 5, 3)),
        daemon=Daemon(rescan=timedelta(minutes=2), settle=timedelta(seconds=9)),
        secrets=Secrets(keyring="file", folder=Path("/srv/s")),
        plugins=Plugins(allow=("a", "b"), block=("c",)),
        rules=Rules(off=("A-1",), lower={"KINE-BILAN-10.7": "info"}),
        source=(Source(id="a", connector="x", folder=Path("/a")),),
        parameter=(
            ParameterOverride(name="p", since=date(2026, 1, 1), value=Decimal(10), note="n"),
            ParameterOverride(name="p", since=date(2026, 2, 1), value=date(2026, 3, 1), note="n"),
            ParameterOverride(name="q", since=date(2026, 2, 1), value=True, note='"n"'),
        ),
        reject_motif=(
            RejectMotif(payer="AMC", code="01", label="L'été", cause="c", action="A."),
            RejectMotif(payer="AMO", code="02", motif="REJ-AMO-15"),
        ),
        letters=Letters(debtors=("patient",), spacing=timedelta(days=9), address=("1 rue « A »", "B"), phone="01"),
        reminder=(
            ReminderStep(
                debtor="patient", level=1, after=timedelta(days=9), channel="sms", tone="cordial", least=Decimal("7.5")
            ),
            ReminderStep(debtor="caisse", level=1, after=timedelta(days=30), channel="letter", tone="dernier"),
        ),
        leaders={"patient": "a", "act": "a"},
    )
    assert back(commented(settings)) == settings


def test_what_is_commented_is_valid_too(back):
    text = re.sub(r"(?m)^#(?=[\[a-z])", "", commented_configuration("A"))
    settings = back(text)
    assert [each.id for each in settings.sources] == ["vega", "kine4000"]
    written: Any = parse(text)
    for name, field in Settings.model_fields.items():
        value = getattr(settings, name)
        key = field.alias or name
        assert key in written
        if hasattr(type(value), "model_fields"):
            assert written[key].keys() == type(value).model_fields.keys()


def test_every_line_fits_and_every_source_key_is_explained():
    text = commented_configuration("A")
    assert max(map(len, text.splitlines())) <= 120
    assert all(f"#   {name} : " in text for name in Source.model_fields)


def test_every_key_of_the_schema_is_described():
    schema = json.loads(configuration_schema_json())
    tables = [schema, *schema["$defs"].values()]
    for table in tables:
        assert table["additionalProperties"] is False
        for name, field in table["properties"].items():
            assert field.get("description"), name
    assert schema["properties"].keys() == {field.alias or name for name, field in Settings.model_fields.items()}


def test_the_schema_shows_defaults_as_a_person_writes_them():
    tables = json.loads(configuration_schema_json())["$defs"]
    assert tables["Source"]["properties"]["settle"]["default"] == "3s"
    assert tables["Source"]["properties"]["poll"]["default"] == "10m"
    assert tables["Report"]["properties"]["at"]["default"] == "06:00"
    assert tables["Source"]["required"] == ["id", "connector"]
    assert tables["Practice"]["properties"]["zone"]["enum"] == ["METRO", "DROM"]
    assert tables["Source"]["properties"]["id"]["pattern"]


def test_the_schema_is_stable():
    text = configuration_schema_json()
    assert json.loads(text) == configuration_schema()
    code = (
        "import sys; from connector_core.settings.schema import configuration_schema_json as schema;"
        "sys.stdout.buffer.write(schema().encode())"
    )
    again = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, env=ENVIRON)
    assert again.stdout.decode() == text
    assert json.loads(text)["$id"] == "urn:connector:configuration:1"


def test_importing_the_package_is_light():
    code = "import sys, connector_core.settings, connector_core.secrets; print(*sorted(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, env=ENVIRON)
    assert not {"pydantic", "keyring", "platformdirs", "zoneinfo", "difflib"} & set(run.stdout.split())
