"""What a mutated module reaches: the modules that import it, and the tests named after these."""

from pathlib import Path

import pytest
from mutation.concerned import dependants, files_of_tests, imports, rule_modules

RULES = "connector_core.rules"
FILES = {
    "rules/__init__.py": "",
    "rules/kernel.py": "",
    "rules/catalogue/__init__.py": "def core_rules():\n    from connector_core.rules.catalogue import kine_nom, fin\n",
    "rules/catalogue/kine_facts.py": "from connector_core.rules.kernel import Check\n",
    "rules/catalogue/kine_nom.py": "from connector_core.rules.catalogue import kine_facts as facts\n",
    "rules/catalogue/fin.py": "from connector_core.rules import kernel\n",
    "testing/cases.py": "from connector_core.rules.catalogue import core_rules\n",
}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        path = tmp_path / "src/connector_core" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path / "src"


def test_a_module_reaches_those_that_import_it_directly_or_not(source: Path) -> None:
    known = imports(source)
    assert dependants(f"{RULES}.catalogue.kine_facts", known) == {
        f"{RULES}.catalogue.kine_facts",
        f"{RULES}.catalogue.kine_nom",
    }
    assert f"{RULES}.catalogue.fin" in dependants(f"{RULES}.kernel", known)


def test_the_catalogue_that_looks_its_families_up_does_not_tie_them_together(source: Path) -> None:
    assert dependants(f"{RULES}.catalogue.fin", imports(source)) == {f"{RULES}.catalogue.fin"}


def test_every_module_but_a_package_s_own_is_mutated(source: Path) -> None:
    names = {each.rpartition(".")[2] for each in rule_modules(source)}
    assert names == {"kernel", "kine_facts", "kine_nom", "fin"}


def test_the_test_files_are_those_named_after_a_module_and_those_that_import_it(tmp_path: Path) -> None:
    (tmp_path / "test_cases.py").write_text(f"import {RULES}.kernel\n", encoding="utf-8")
    (tmp_path / "test_kine_nom.py").write_text("", encoding="utf-8")
    (tmp_path / "test_spared.py").write_text(f"from {RULES}.kernel import Check\n", encoding="utf-8")

    def named(module: str, *reached: str) -> list[str]:
        return [each.name for each in files_of_tests(module, {module, *reached}, tmp_path)]

    assert named(f"{RULES}.catalogue.kine_nom_acts") == ["test_kine_nom.py"]
    assert named(f"{RULES}.catalogue.kine_facts", f"{RULES}.catalogue.kine_nom") == ["test_kine_nom.py"]
    assert named(f"{RULES}.kernel", f"{RULES}.catalogue.kine_nom") == ["test_spared.py"]
    assert named(f"{RULES}.catalogue.fin") == []
    assert named(f"{RULES}.letters", f"{RULES}.kernel") == ["test_spared.py"]
