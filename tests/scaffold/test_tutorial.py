"""The tutorial for vendors, followed to the letter on a machine with nothing but Python."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.scaffold, pytest.mark.timeout(300)]

PAGE = Path(__file__).resolve().parents[2] / "docs/vendor/tutorial.md"
STEP = re.compile(
    r"```console\n(?P<typed>.*?)```|Save as\s+`(?P<path>[^`]+)`:\n\n```\w+\n(?P<content>.*?)```", re.DOTALL
)
SHOWN = re.compile(r"```text\n(acme .*?)```", re.DOTALL)


def steps(text: str) -> list[tuple[str, str, str]]:
    """What a reader does, in order: (what is typed, where something is saved, its content)."""
    return [(each["typed"] or "", each["path"] or "", each["content"] or "") for each in STEP.finditer(text)]


def commands(typed: str) -> list[str]:
    return [line.removeprefix("$ ") for line in typed.splitlines()]


def test_takes_ten_commands_at_most() -> None:
    typed = [command for text, _, _ in steps(PAGE.read_text(encoding="utf-8")) for command in commands(text)]
    assert 5 <= len(typed) <= 10
    assert all(
        text.startswith("$ ") for text, _, _ in steps(PAGE.read_text(encoding="utf-8")) for text in text.splitlines()
    )


def test_followed_to_the_letter_it_ends_in_silver(tmp_path: Path, bare: dict[str, str]) -> None:
    python = tmp_path / "bin"
    python.mkdir()
    (python / "python").symlink_to(Path(sys.executable).resolve())
    text = PAGE.read_text(encoding="utf-8")
    script = ["set -e"]
    for n, (typed, path, content) in enumerate(steps(text)):
        script += commands(typed)
        if path:
            kept = tmp_path / f"step-{n}"
            kept.write_text(content, encoding="utf-8")
            script.append(f"cp '{kept}' '{path}'")
    work = tmp_path / "work"
    work.mkdir()
    bash = shutil.which("bash")
    assert bash is not None
    done = subprocess.run(
        [bash, "-c", "\n".join(script)],
        cwd=work,
        env={**bare, "PATH": f"{python}:/usr/bin:/bin", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=280,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    shown = SHOWN.search(text)
    assert shown is not None
    listed = done.stdout.splitlines()
    assert [line for line in shown[1].splitlines() if line.strip() != "…" and line not in listed] == []
    assert "acme 0.1.0: silver (gold needs C4-GOLDEN)" in done.stdout
