"""Every hook is explained, documented with its exact signature, and tested."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path

import pytest

from connector_core.plugins import hookspecs
from connector_core.plugins.reference import hook_reference

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "vendor" / "hooks.md"
REGENERATE = (
    "python -c 'from pathlib import Path; from connector_core.plugins.reference import hook_reference; "
    'Path("docs/vendor/hooks.md").write_text(hook_reference(), encoding="utf-8", newline="\\n")\''
)


def _specified() -> dict[str, ast.FunctionDef]:
    """The hooks as written, read from the source and not from what runs."""
    tree = ast.parse(inspect.getsource(hookspecs))
    return {each.name: each for each in tree.body if isinstance(each, ast.FunctionDef) and each.decorator_list}


HOOKS = _specified()


def test_there_are_hooks():
    assert len(HOOKS) >= 7
    assert all(name.startswith("connector_") for name in HOOKS)


@pytest.mark.parametrize("hook", HOOKS)
def test_the_docstring_names_every_parameter(hook):
    text = ast.get_docstring(HOOKS[hook]) or ""
    assert len(text.partition(":param")[0].strip()) > 20
    assert re.findall(r"^:param (\w+): \S", text, re.MULTILINE) == [each.arg for each in HOOKS[hook].args.args]


@pytest.mark.parametrize("hook", HOOKS)
def test_the_page_has_the_exact_signature(hook):
    node = HOOKS[hook]
    assert node.returns is not None
    line = f"def {hook}({ast.unparse(node.args)}) -> {ast.unparse(node.returns)}"
    page = PAGE.read_text(encoding="utf-8").splitlines()
    assert f"## `{hook}`" in page
    assert line in page


def test_the_page_is_what_the_generator_says():
    assert PAGE.read_text(encoding="utf-8") == hook_reference(), f"regenerate it: {REGENERATE}"


@pytest.mark.parametrize("hook", HOOKS)
def test_the_hook_has_a_test(hook):
    sources = (path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*.py"))
    assert any(re.search(rf"^def test_hook_{hook}\(", source, re.MULTILINE) for source in sources)


def test_the_example_of_the_page_works(site, report_of):
    site.add("mysoftware", example())
    host = site.load(strict=True)
    assert report_of(host, "mysoftware").reason == ""
    assert [each.run().status for each in host.diagnostics] == ["ok"]


def test_the_example_of_the_page_is_typed_as_the_hooks_are():
    functions = {each.name: each for each in ast.walk(ast.parse(example())) if isinstance(each, ast.FunctionDef)}
    shown = HOOKS.keys() & functions.keys()
    assert shown
    for name in shown:
        hook, node = HOOKS[name], functions[name]
        assert hook.returns is not None
        assert node.returns is not None
        assert ast.unparse(node.args) == ast.unparse(hook.args)
        assert ast.unparse(node.returns) == ast.unparse(hook.returns)
    assert all(each.returns is not None for each in functions.values())


def example() -> str:
    """The plugin that the page shows."""
    found = re.search(r"```python\n(from .*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    return found[1]
