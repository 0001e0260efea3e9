"""Reading the configuration: precedence, deep merge, places, refusals."""

import re
import sys
from datetime import date, time, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from connector_core.errors import ConfigurationError
from connector_core.settings.environment import variables
from connector_core.settings.load import load, load_with_origins, parse
from connector_core.settings.model import Settings
from connector_core.settings.problems import InvalidSettings

EXAMPLE = r"""
[practice]
name = "Cabinet des Tilleuls"
zone = "METRO"

[[source]]
id = "vega"
connector = "vega"
folder = 'D:\Vega\Exports'
expected_every = "1d"

[[source]]
id = "kine4000"
connector = "kine4000"
database = "firebird://reader@localhost/D:/Kine4000/BASE.FDB"
password = "secret:kine4000-db"
poll = "10m"

[report]
folder = 'C:\ProgramData\Connector\report'
"""


@pytest.fixture
def file(tmp_path):
    def write(text: str, encoding: str = "utf-8") -> Path:
        path = tmp_path / "connector.toml"
        path.write_bytes(text.encode(encoding))
        return path

    return write


def problems(path: Path, environ: dict[str, str] | None = None) -> list[str]:
    with pytest.raises(InvalidSettings) as caught:
        load(path, environ or {})
    return [str(problem) for problem in caught.value.problems]


def test_the_example_of_the_architecture(file):
    settings = load(file(EXAMPLE), {})
    vega, kine = settings.sources
    assert settings.practice.name == "Cabinet des Tilleuls"
    assert str(vega.folder) == r"D:\Vega\Exports"
    assert vega.expected_every == timedelta(days=1)
    assert vega.settle == timedelta(seconds=3)
    assert kine.password == "secret:kine4000-db"
    assert kine.poll == timedelta(minutes=10)
    assert str(settings.report_folder()) == r"C:\ProgramData\Connector\report"


def test_no_platform_file_means_defaults(tmp_path):
    loaded = load_with_origins(None, {}, tmp_path)
    assert loaded.settings == Settings()
    assert loaded.file is None
    assert set(loaded.origins.values()) == {"défaut"}


def test_the_platform_file_is_read_when_none_is_named(file):
    path = file('[practice]\nname = "A"\n')
    assert load(None, {}, path.parent).practice.name == "A"


def test_the_platform_folder_is_not_read_when_a_file_is_named(file, tmp_path):
    file('[practice]\nname = "A"\n')
    named = tmp_path / "autre.toml"
    named.write_text("")
    assert load(named, {}, tmp_path).practice.name == "Cabinet"


def test_a_named_file_that_is_missing_is_an_error(tmp_path):
    with pytest.raises(ConfigurationError, match="n'existe pas") as caught:
        load(tmp_path / "absent.toml", {})
    assert str(tmp_path / "absent.toml") in str(caught.value)


def test_a_folder_is_not_a_file(tmp_path):
    with pytest.raises(ConfigurationError, match="ne peut pas être lu"):
        load(tmp_path, {})


def test_tables_merge_deeply(file):
    path = file('[practice]\nname = "A"\nzone = "DROM"\n[report]\nat = "07:15"\n')
    settings = load(path, {"CONNECTOR__PRACTICE__NAME": "B", "CONNECTOR__REPORT__FOLDER": "/srv/rapport"})
    assert settings.practice.name == "B"
    assert settings.practice.zone == "DROM"
    assert settings.practice.timezone == "Europe/Paris"
    assert settings.report.at == time(7, 15)
    assert settings.report.folder == Path("/srv/rapport")


def test_the_environment_sets_lists_of_texts(file):
    settings = load(
        file('[rules]\noff = ["A"]\n'), {"CONNECTOR__RULES__OFF": "KINE-BILAN-30, B", "CONNECTOR__PLUGINS__ALLOW": ""}
    )
    assert settings.rules.off == ("KINE-BILAN-30", "B")
    assert settings.plugins.allow == ()


def test_every_variable_has_our_prefix_and_none_sets_a_list_of_tables():
    names = {variable.name for variable in variables(Settings)}
    assert "CONNECTOR__DAEMON__RESCAN" in names
    assert "CONNECTOR__PLUGINS__BLOCK" in names
    assert not [name for name in names if re.search("SOURCE|PARAMETER|LEADERS|LOWER", name)]


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("CONNECTOR__REPORT__FODLER", "Vouliez-vous dire « CONNECTOR__REPORT__FOLDER » ?"),
        ("CONNECTOR__SOURCE", ""),
        ("CONNECTOR__REPORT", ""),
        ("CONNECTOR__", ""),
        ("CONNECTOR__report__folder", "CONNECTOR__REPORT__FOLDER"),
    ],
)
def test_a_variable_that_sets_nothing_is_refused(tmp_path, name, remedy):
    with pytest.raises(InvalidSettings) as caught:
        load(None, {name: "hunter2", "CONNECTOR_AUTRE": "x", "PATH": "x"}, tmp_path)
    assert f"variable d'environnement {name}" in str(caught.value)
    assert remedy in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_a_wrong_value_in_the_environment_names_the_variable(tmp_path):
    with pytest.raises(InvalidSettings) as caught:
        load(None, {"CONNECTOR__DAEMON__RESCAN": "hunter2"}, tmp_path)
    assert caught.value.where == "variable d'environnement CONNECTOR__DAEMON__RESCAN"
    assert "hunter2" not in repr(caught.value)


def test_origins(file):
    path = file(
        '[practice]\nname = "A"\n\n[daemon]\nsettle = "5s"\n[[source]]\nid = "a"\nconnector="x"\nfolder="/a"\n'
        '[leaders]\npatient = "a"\n'
    )
    loaded = load_with_origins(path, {"CONNECTOR__DATA__FOLDER": "/d"})
    assert loaded.file == path
    assert loaded.origins["practice.name"] == f"{path}:2"
    assert loaded.origins["practice.zone"] == "défaut"
    assert loaded.origins["data.folder"] == "environnement CONNECTOR__DATA__FOLDER"
    assert loaded.origins["source[0].id"] == f"{path}:7"
    assert loaded.origins["source[0].poll"] == "défaut"
    assert loaded.origins["source[0].settle"] == loaded.origins["daemon.settle"] == f"{path}:5"
    assert loaded.origins["leaders.patient"] == f"{path}:11"
    assert loaded.origins["parameter"] == loaded.origins["rules.lower"] == "défaut"


def test_a_source_settles_as_it_says_or_as_the_daemon_says(file):
    head = '[daemon]\nsettle = "8s"\n'
    source = '[[source]]\nid = "{0}"\nconnector = "x"\nfolder = "/{0}"\n'
    settings = load(file(head + source.format("a") + source.format("b") + 'settle = "0s"\n'), {})
    assert [source.settle for source in settings.sources] == [timedelta(seconds=8), timedelta(0)]


def test_an_unknown_key_is_refused_with_the_nearest_and_its_line(file):
    text = EXAMPLE.replace("expected_every", "expectd_every")
    line = text[: text.index("expectd_every")].count("\n") + 1
    assert problems(file(text)) == [
        f"connector.toml, ligne {line} : clé inconnue « expectd_every » dans [[source]]. "
        "Vouliez-vous dire « expected_every » ?"
    ]


def test_unknown_tables_and_keys_far_from_any_other(file):
    assert problems(file("[raport]\n\n[daemon]\nxyz = 1\n")) == [
        "connector.toml, ligne 1 : clé inconnue « raport ». Vouliez-vous dire « report » ?",
        "connector.toml, ligne 4 : clé inconnue « xyz » dans [daemon]. "
        "Noms connus : gentle, rescan, rescan_shares, settle",
    ]


def test_the_name_of_the_attribute_is_not_a_key(file):
    assert "Vouliez-vous dire « source » ?" in problems(file("sources = []\n"))[0]


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ("[practice\n", "ligne 1, colonne 10", "syntaxe TOML"),
        ('a = 1\nfolder = "D:\\Vega"\n', "ligne 2, colonne", "entre apostrophes"),
        ("[practice]\nname = Tilleuls\n", "ligne 2, colonne 8", "entre guillemets"),
        ("[practice]\nname = 'a'\nname = 'b'\n", "ligne 3", "deux fois"),
        ("[practice]\n[practice]\n", "ligne 2", "deux fois"),
        ("name = 'a", "connector.toml", "syntaxe TOML"),
        ("a = 2026-02-30\n", "ligne 1", "date impossible"),
        ("a = 1e99999999999999999999\n", "connector.toml", "syntaxe TOML"),
    ],
)
def test_a_syntax_error_has_its_place(file, text, where, what):
    with pytest.raises(ConfigurationError) as caught:
        load(file(text), {})
    assert where in str(caught.value.where)
    assert what in str(caught.value)
    assert caught.value.remedy


def test_a_file_from_notepad_is_read(file):
    assert load(file('\ufeff[practice]\r\nname = "Été"\r\n'), {}).practice.name == "Été"


def test_a_file_in_another_encoding_has_its_line(file):
    with pytest.raises(ConfigurationError, match="UTF-8") as caught:
        load(file('[practice]\nname = "Été"\n', "cp1252"), {})
    assert caught.value.where == "connector.toml, ligne 2"


def test_decimal_numbers_stay_exact():
    assert parse("a = 16.13") == {"a": Decimal("16.13")}


SAID = "cause = 'c'\naction = 'A.'\n"


def source(body: str) -> str:
    return f'[[source]]\nid = "a"\nconnector = "x"\n{body}\n'


def remind(**changed: object) -> str:
    step = {"debtor": "patient", "level": 1, "after": "30d", "channel": "letter", "tone": "ferme", **changed}
    return "[[reminder]]\n" + "".join(f"{key} = {value!r}\n" for key, value in step.items())


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        (source(""), 1, "ni « folder » ni « database »"),
        (source('folder = "/a"\ndatabase = "b"'), 1, "« folder » et « database » à la fois"),
        (source('folder = ""'), 4, "un dossier est attendu"),
        (source('folder = "D:\\temp"'), 4, "caractère de contrôle"),
        (source("folder = '~/exports'"), 4, "chemin complet"),
        (source('folder = "/a"\npoll = 10'), 5, "entre guillemets"),
        (source('folder = "/a"\npoll = "0s"'), 5, "nulle"),
        (source('folder = "/a"') * 2, 6, "deux sources portent l'identifiant « a »"),
        ('[source]\nid = "a"\n', 1, "[[source]]"),
        ('[[source]]\nconnector = "x"\nfolder = "/a"\n', 1, "« id » dans [[source]] manque"),
        ('[practice]\nzone = "PARIS"\n', 2, "METRO, DROM"),
        ('[practice]\ntimezone = "europe/paris"\n', 2, "Europe/Paris"),
        ('[practice]\ntimezone = "../../etc/passwd"\n', 2, "fuseau horaire inconnu"),
        ('[practice]\npayees = ["12"]\n', 2, "8 chiffres, ou 9 avec la clé"),
        ("practice = 3\n", 1, "une table est attendue"),
        ('[daemon]\ngentle = "oui"\n', 2, "true ou false"),
        ("[data]\nbackups = 0\n", 2, "ce nombre est trop petit. 1 au moins"),
        ("[notifications]\nmost_an_hour = 61\n", 2, "ce nombre est trop grand. 60 au plus"),
        ('[[notify]]\nperson = "a"\ndays = []\n', 3, "« days » dans [[notify]] est vide"),
        (source('folder = "/a"') + '[report]\nfolder = "/b/../a/"\n', 4, "aussi celui du rapport"),
        (source('folder = "/a"') + '[calendar]\nfolder = "/a"\n', 4, "aussi celui du calendrier"),
        (source('folder = "/a/report"') + '[data]\nfolder = "/a"\n', 4, "aussi celui du rapport"),
        (source('folder = "/a"') + '[data]\nfolder = "/a"\n', 4, "aussi celui des données"),
        ("[report]\nat = 7\n", 2, "une heure est attendue"),
        ('[report]\nat = "25:00"\n', 2, "une heure est attendue"),
        ("[rules]\noff = ['kine']\n", 2, "code de règle invalide"),
        ("[rules]\noff = 'A'\n", 2, "une liste est attendue"),
        ("[rules]\noff = [3]\n", 2, "« off » dans [rules] : un texte"),
        ("[rules.lower]\nA-1 = 'reject'\n", 2, "revenue, info"),
        ("[rules]\noff = ['A-1']\nlower = { A-1 = 'info' }\n", 3, "écartée et atténuée"),
        ("[leaders]\npatien = 'x'\n", 2, "Vouliez-vous dire « patient » ?"),
        (source('folder = "/a"') + "[leaders]\npatient = 'b'\n", 6, "source inconnue « b »"),
        ("[[parameter]]\nname = 'a'\nsince = '2026-01-01'\nvalue = 1\nnote = 'n'\n", 3, "sans guillemets"),
        ("[[parameter]]\nname = 'a'\nsince = 2026-01-01\nvalue = nan\nnote = 'n'\n", 4, "valeur de paramètre"),
        ("[[parameter]]\nname = 'a'\nsince = 2026-01-01\nvalue = []\nnote = 'n'\n", 4, "valeur de paramètre"),
        ("[[parameter]]\nname = 'a'\nsince = 2026-01-01\nvalue = 1\n", 1, "« note » dans [[parameter]] manque"),
        (
            "[[parameter]]\nname = 'a'\nsince = 2026-01-01\nvalue = 1\nnote = 'n'\n" * 2,
            8,
            "deux valeurs à partir du 01/01/2026",
        ),
        ("[[reject_motif]]\npayer = 'AMO'\n" + SAID, 1, "ni « code » ni « label »"),
        ("[[reject_motif]]\npayer = 'CPAM'\ncode = '1'\n" + SAID, 2, "AMO, AMC"),
        ("[[reject_motif]]\ncode = '1'\n" + SAID, 1, "« payer » dans [[reject_motif]] manque"),
        ("[[reject_motif]]\npayer = 'AMO'\ncode = 104\n" + SAID, 3, "un texte entre guillemets"),
        ("[[reject_motif]]\npayer = 'AMO'\ncode = '1'\ncause = 'c'\n", 1, "« cause » ou « action » manque"),
        ("[[reject_motif]]\npayer = 'AMO'\ncode = '1'\nmotif = 'REJ-AMO-01'\n" + SAID, 1, "ni avec « cause »"),
        ("[[reject_motif]]\npayer = 'AMO'\ncode = '1'\nlibelle = 'x'\n" + SAID, 4, "Vouliez-vous dire « label » ?"),
        ("[reject_motif]\npayer = 'AMO'\n", 1, "[[reject_motif]]"),
        ('[secrets]\nkeyring = "plain"\n', 2, "system, dpapi, systemd, file"),
        ("[letters]\nadress = ['a']\n", 2, "Vouliez-vous dire « address » ?"),
        ("[letters]\ndebtors = ['amo']\n", 2, "patient, caisse, complementaire"),
        ("[letters]\nspacing = '12h'\n", 2, "jours entiers"),
        ("[letters]\nspacing = '0d'\n", 2, "nulle"),
        ("[reminder]\nlevel = 1\n", 1, "[[reminder]]"),
        (remind(debtor="mutuelle"), 2, "patient, caisse, complementaire"),
        (remind(level=0), 3, "trop petit"),
        (remind(level="un"), 3, "un nombre entier est attendu"),
        (remind(after="30"), 4, "durée illisible"),
        (remind(after="1d12h"), 4, "jours entiers"),
        (remind(channel="fax"), 5, "email, sms, letter, phone"),
        (remind(debtor="caisse", channel="sms"), 5, "un sms ne s'envoie qu'à un patient"),
        (remind(tone="amical"), 6, "cordial, ferme, dernier"),
        (remind() + "least = '5'\n", 7, "un montant en euros"),
        (remind() + "least = -1\n", 7, "un montant en euros"),
        (remind() + "least = 1.005\n", 7, "deux décimales"),
        (remind() + "least = nan\n", 7, "un montant en euros"),
        (remind() + "minimum = 5\n", 7, "clé inconnue « minimum »"),
        (remind() * 2, 9, "deux relances de niveau 1"),
        (remind() + remind(level=3), 9, "il manque la relance de niveau 2"),
        (remind() + remind(debtor="caisse", level=2), 9, "il manque la relance de niveau 1"),
    ],
)
def test_wrong_values_are_refused_where_they_are(file, text, line, what):
    (problem,) = problems(file(text))
    assert problem.startswith(f"connector.toml, ligne {line} : ")
    assert what in problem


def test_every_fault_is_told_in_the_order_of_the_file(file):
    text = '[rules]\noff = 3\n[[source]]\nid = "A"\nconnector = "x"\nfolder = "/a"\n[practice]\nnme = "x"\n'
    assert [int(re.findall(r"ligne (\d+)", problem)[0]) for problem in problems(file(text))] == [2, 4, 8]


@pytest.mark.parametrize(
    "line",
    [
        'password = "hunter2"',
        'password = "secret: hunter2"',
        'database = "firebird://reader:hunter2@localhost/BASE.FDB"',
        'database = "firebird://reader:hun/hunter2@localhost/BASE.FDB"',
        'database = "mssql://reader@localhost/base?Password=hunter2"',
        'database = "DRIVER={x};UID=reader;PWD=hunter2"',
    ],
)
def test_a_secret_in_the_file_is_refused_and_not_repeated(file, line):
    body = line if line.startswith("database") else f'database = "firebird://localhost/B"\n{line}'
    with pytest.raises(InvalidSettings) as caught:
        load(file(source(body)), {})
    assert "connector secrets set" in str(caught.value)
    assert "hunter2" not in str(caught.value) + repr(caught.value)


@pytest.mark.parametrize(
    "address",
    ["firebird://reader@localhost:3050/D:/Kine4000/BASE.FDB", "firebird://localhost:3050/D:/a@b.fdb", r"D:\a\b.mdb"],
)
def test_an_address_without_a_password_is_accepted(file, address):
    assert load(file(source(f"database = '{address}'")), {}).sources[0].database == address


def test_the_key_of_the_store_is_not_for_sources(file):
    (problem,) = problems(file(source('database = "x"\npassword = "secret:store-key"')))
    assert "réservé" in problem


def test_relative_folders_are_counted_from_the_file(file):
    path = file(source("folder = 'exports'") + "[report]\nfolder = '\\\\serveur\\partage'\n")
    settings = load(path, {})
    assert settings.sources[0].folder == path.parent / "exports"
    assert settings.report.folder == Path(r"\\serveur\partage")


def test_parameter_values_keep_their_type(file):
    values = ["30", "16.13", "true", "2026-01-01", "'A'"]
    text = "".join(
        f"[[parameter]]\nname = 'p{n}'\nsince = 2026-01-01\nvalue = {v}\nnote = 'n'\n" for n, v in enumerate(values)
    )
    found = [each.value for each in load(file(text), {}).parameters]
    assert found == [30, Decimal("16.13"), True, date(2026, 1, 1), "A"]
    assert [type(value) for value in found] == [int, Decimal, bool, date, str]


def test_settings_are_frozen():
    with pytest.raises(ValueError, match="frozen"):
        Settings().practice.name = "x"


def test_folders_have_defaults():
    settings = Settings()
    assert settings.data_folder().is_absolute()
    assert settings.report_folder() == settings.data_folder() / "report"
    assert settings.secrets_folder() == settings.data_folder() / "secrets"


@pytest.mark.skipif(sys.platform != "linux", reason="the variable is for Linux")
def test_the_platform_folder_is_that_of_the_platform(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "connector").mkdir()
    (tmp_path / "connector" / "connector.toml").write_text('[practice]\nname = "A"\n')
    assert load(None, {}).practice.name == "A"
