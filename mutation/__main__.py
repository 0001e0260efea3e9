"""The command: tries the mutants of the rule modules named, and says how many the tests killed."""

from __future__ import annotations

import argparse
import fnmatch
import platform
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from mutation.figures import rate, short, shown, table
from mutation.sessions import BaselineFailed, Sessions

_BEGIN, _END = "<!-- figures -->", "<!-- end of figures -->"


def main(arguments: list[str] | None = None) -> int:
    options = _options(arguments)
    options.sessions.mkdir(parents=True, exist_ok=True)
    sessions = Sessions(options.sessions)
    names = [
        name
        for name in sessions.modules
        if not options.modules or any(fnmatch.fnmatch(short(name), pattern) for pattern in options.modules)
    ]
    if not names:
        print(f"no rule module is called {' or '.join(options.modules)}", file=sys.stderr)
        return 2
    if not options.report:
        try:
            for done in sessions.run(
                names, again=options.again, cases_only=options.cases_only, at_most=options.at_most
            ):
                print(f"{short(done.module)}: {done.killed} of {done.total} killed", file=sys.stderr, flush=True)
        except BaselineFailed as error:
            print(error, file=sys.stderr)
            return 2
    found = [(name, sessions.result(name)) for name in names]
    results = [result for _, result in found if result is not None]
    figures = table(results, [name for name, result in found if result is None])
    if options.survivors:
        print("\n".join(shown(each) for result in results for each in result.survivors))
    print(figures)
    if options.write_into is not None:
        _insert(options.write_into, f"{_machine()}\n\n{figures}")
    low = [each for each in results if each.waiting or rate(each.killed, each.total) < options.at_least]
    return 1 if low or len(results) < len(names) else 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m mutation", description=__doc__)
    parser.add_argument(
        "modules", nargs="*", metavar="MODULE", help="names of rule modules, or patterns (kine_*); all by default"
    )
    parser.add_argument("--again", action="store_true", help="try those that survived once more, after a new case")
    parser.add_argument(
        "--cases-only", action="store_true", help="leave the test files out: several times faster, more survive"
    )
    parser.add_argument(
        "--at-most", type=int, metavar="N", help="try N more of each module, drawn at random, and leave the rest"
    )
    parser.add_argument("--report", action="store_true", help="try nothing, say what is known")
    parser.add_argument("--survivors", action="store_true", help="print each mutant that survived")
    parser.add_argument(
        "--at-least", type=float, metavar="PERCENT", default=85.0, help="end with 1 when a module is below (85)"
    )
    parser.add_argument(
        "--write-into", type=Path, metavar="FILE", help=f"put the table between {_BEGIN} and {_END} of a page"
    )
    parser.add_argument(
        "--sessions",
        type=Path,
        metavar="FOLDER",
        default=Path(tempfile.gettempdir()) / "connector-mutation-sessions",
        help="where results are kept from run to run; a module is tried again when its source has changed",
    )
    return parser.parse_args(arguments)


def _insert(page: Path, text: str) -> None:
    """Replace what stands between the marks of a page."""
    content = page.read_text(encoding="utf-8")
    head, _, rest = content.partition(_BEGIN)
    _, found, tail = rest.partition(_END)
    if not found:
        raise SystemExit(f"{page} has no {_BEGIN} … {_END}")
    page.write_text(f"{head}{_BEGIN}\n{text}\n{_END}{tail}", encoding="utf-8")


def _machine() -> str:
    return f"{datetime.now(UTC):%Y-%m-%d}, {platform.python_implementation()} {platform.python_version()}."


if __name__ == "__main__":
    raise SystemExit(main())
