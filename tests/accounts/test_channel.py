"""The daemon of one account, asked by others: the allowed are answered, root sets secrets, a stranger gets nothing."""

from __future__ import annotations

import json
import os
import pwd
import socket
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from tests.accounts.conftest import MARIE, SERVICE, STRANGER, Site

from connector_core.service.channel import practice_mark

pytestmark = pytest.mark.accounts

VALUE = "hunter2-é"


@pytest.fixture(scope="module", autouse=True)
def service(site: Site) -> Iterator[subprocess.Popen[bytes]]:
    with site.running() as process:
        yield process


def finding(site: Site) -> str:
    (found,) = site.json(SERVICE, "findings")["findings"]
    return str(found["fingerprint"])


@pytest.mark.parametrize("account", [MARIE, "root"])
def test_who_may_ask_is_answered_as_the_service_itself_is(site: Site, account: str) -> None:
    words = {MARIE: ("findings", "list", "--rule", "KINE", "--limit", "1"), "root": ("status", "--json")}[account]
    asked = site.run(account, *words)
    assert asked == site.run(SERVICE, *words)
    assert asked.out


def test_a_finding_is_dismissed_and_reopened_by_an_allowed_account(site: Site) -> None:
    name, reason = finding(site), "vu avec la caisse ; « rien » $(id) 'x' --json"
    answer = site.json(MARIE, "findings", "dismiss", name[:8], f"--reason={reason}")
    assert (answer["finding"]["state"], answer["finding"]["reason"]) == ("dismissed", reason)
    assert site.json(MARIE, "findings", "reopen", name)["finding"]["state"] == "open"


def test_an_installation_made_so_is_well_for_the_doctor(site: Site) -> None:
    checks = site.json(MARIE, "doctor")["checks"]
    assert {each["id"]: each["found"] for each in checks if each["status"] != "ok"} == {}
    assert len(checks) >= 12


def test_errors_and_exit_codes_come_back(site: Site) -> None:
    said = site.run(MARIE, "findings", "reopen", "ffffffff")
    assert said.code == 2
    assert said.out == ""
    assert "Aucun constat" in said.err


def test_the_report_is_written_by_the_service(site: Site) -> None:
    (site.report / "rapport.html").unlink()
    said = site.run(MARIE, "report")
    assert said.code == 0, said
    page = site.report / "rapport.html"
    assert str(page) in said.out
    assert page.owner() == SERVICE


def test_nothing_that_names_a_place_is_relayed(site: Site) -> None:
    target = site.folder / "ailleurs"
    said = site.run(MARIE, "report", "--folder", str(target))
    assert said.code == 2
    assert "--folder" in said.err
    assert not target.exists()


def test_root_sets_a_secret_for_the_service(site: Site) -> None:
    assert site.run("root", "secrets", "set", "base", given=f"{VALUE}\n").code == 0
    kept = json.loads((site.data / "secrets" / "secrets.json").read_text(encoding="utf-8"))
    assert kept["secrets"]["connector"]["base"] == VALUE
    assert (site.data / "secrets" / "secrets.json").owner() == SERVICE
    assert site.json("root", "secrets", "verify", "base")["round_trip"] is True
    assert site.run("root", "secrets", "delete", "base").code == 0
    assert site.run("root", "secrets").out == "store-key  (clé du magasin)\n"


def test_the_key_is_changed_while_the_service_runs(site: Site) -> None:
    before = finding(site)
    assert site.json("root", "secrets", "rotate") == {"schema": 1, "finished": True, "unreadable": []}
    assert finding(site) == before


def test_an_allowed_account_has_no_secrets(site: Site) -> None:
    said = site.run(MARIE, "secrets", "set", "base", given=VALUE)
    assert said.code == 3
    assert "réservés" in said.err
    assert VALUE not in said.out + said.err
    for request in (
        {"command": ["secrets", "list"]},
        {"command": ["secrets", "set"], "arguments": ["base"], "given": "eA=="},
        {"command": ["secrets", "delete"], "arguments": ["base"]},
        {"command": ["secrets", "verify"]},
        {"command": ["secrets", "rotate"]},
    ):
        refused = asked(site, MARIE, framed(**request))
        assert "réservés".encode() in refused
        assert b"Output" not in refused


@pytest.mark.parametrize("words", [("status",), ("secrets", "list")])
def test_a_stranger_gets_nothing(site: Site, words: tuple[str, ...]) -> None:
    said = site.run(STRANGER, *words, "--json")
    assert said.code == 3
    assert said.out == ""
    assert "n'a pas accès au service" in said.err


def asked(site: Site, account: str, request: bytes) -> bytes:
    """What the daemon says to bytes that no command of ours would send."""
    entry = pwd.getpwnam(account)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        os.setgroups([])
        os.setgid(entry.pw_gid)
        os.setuid(entry.pw_uid)
        with suppress(OSError):
            os.write(writing, _exchanged(str(site.folder / "run" / "connector.sock"), request))
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as said:
        answer = said.read()
    os.waitpid(child, 0)
    return answer


def _exchanged(address: str, request: bytes) -> bytes:
    said = b""
    with socket.socket(socket.AF_UNIX) as asking:
        asking.settimeout(20)
        asking.connect(address)
        with suppress(OSError):
            asking.sendall(request)
            asking.shutdown(socket.SHUT_WR)
        with suppress(OSError):
            while piece := asking.recv(65536):
                said += piece
    return said


def framed(**request: object) -> bytes:
    content = json.dumps(request).encode()
    return len(content).to_bytes(4, "big") + content


def test_a_stranger_who_speaks_the_language_gets_nothing_either(site: Site) -> None:
    said = asked(site, STRANGER, framed(command=["findings", "list"]))
    assert b"Refused" in said
    assert b"Output" not in said
    assert b"Output" in asked(site, MARIE, framed(command=["findings", "list"]))


@pytest.mark.parametrize(
    "request_",
    [
        {"command": ["config", "show"]},
        {"command": ["export"], "arguments": ["/tmp/x"]},
        {"command": ["secrets", "export-key"]},
        {"command": ["report"], "options": {"folder": "/tmp/x"}},
        {"command": ["report"], "options": {"config": "/tmp/x"}},
        {"command": ["findings", "list"], "options": {"rule": "A --folder=/tmp/x"}},
        {"command": ["findings", "list"], "options": {"json": "x"}},
        {"command": ["findings", "list"], "arguments": ["dismiss"]},
        {"command": ["findings", "dismiss"], "options": {"reason": "x"}, "arguments": ["--config=/tmp/x"]},
        {"command": ["findings", "dismiss"], "options": {"reason": "x\ny"}, "arguments": ["ab"]},
        {"command": ["findings", "dismiss"], "options": {"reason": "x"}},
        {"command": ["status"], "given": "eA=="},
        {"command": []},
    ],
    ids=str,
)
def test_what_is_not_on_the_list_is_refused_even_to_root(site: Site, request_: dict) -> None:
    said = asked(site, "root", framed(**request_))
    assert b"Refused" in said
    assert b"Output" not in said


@pytest.mark.parametrize("content", [b"\xff\xff\xff\xff" + b"x" * 1000, b"\x00\x00\x00\x02{]", b"\x00\x00", b""])
def test_what_is_no_request_ends_the_connection_and_nothing_else(site: Site, content: bytes) -> None:
    said = asked(site, MARIE, content)
    assert b"Output" not in said
    assert b"Ended" in asked(site, MARIE, framed(command=["status"]))


def test_many_at_once_are_told_to_wait(site: Site) -> None:
    address = str(site.folder / "run" / "connector.sock")
    held = [socket.socket(socket.AF_UNIX) for _ in range(6)]
    try:
        for each in held:
            each.settimeout(20)
            each.connect(address)
        answers = [each.recv(4096) for each in held]
        more = b"".join(answers) + held[4].recv(4096) + held[5].recv(4096)
    finally:
        for each in held:
            each.close()
    assert more.count(b"Refused") == 2
    while b"Refused" in asked(site, MARIE, framed(command=["status"])):
        pass


def test_a_listener_that_is_not_the_owner_of_its_folder_is_not_trusted(site: Site, tmp_path: Path) -> None:
    """Root's own secret is not told to whoever listens where the service should."""
    folder = site.folder / "piege"
    folder.mkdir()
    folder.chmod(0o777)
    other = site.folder / "autre.toml"
    text = site.config.read_text(encoding="utf-8").replace(str(site.folder / "run"), str(folder))
    other.write_text(text, encoding="utf-8")
    code = (
        "import json, socket, sys\n"
        "with socket.socket(socket.AF_UNIX) as trap:\n"
        "    trap.bind(sys.argv[1]); trap.listen(1); print('listens', flush=True)\n"
        "    caught, _ = trap.accept()\n"
        "    hello = json.dumps({'type': 'Hello', 'practice': sys.argv[2]}).encode()\n"
        "    caught.sendall(len(hello).to_bytes(4, 'big') + hello)\n"
        "    sys.stdout.write(repr(caught.recv(100)))\n"
    )
    trap = site.process(
        STRANGER,
        [site.program()[0], "-c", code, str(folder / "connector.sock"), practice_mark(site.data)],
        stdout=subprocess.PIPE,
    )
    assert trap.stdout is not None
    assert trap.stdout.readline() == b"listens\n"
    os.chmod(folder / "connector.sock", 0o777)  # noqa: PTH101
    command = [each if each != str(site.config) else str(other) for each in site.program("secrets", "set", "base")]
    asking = site.process("root", command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    _, err = asking.communicate(VALUE.encode(), 30)
    out, _ = trap.communicate(timeout=30)
    assert asking.returncode == 3
    assert "n'est pas le service" in err.decode()
    assert out == b"b''"
