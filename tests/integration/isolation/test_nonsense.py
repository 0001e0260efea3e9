"""What comes from the other process is read as data of a known shape and bounded length; anything else ends it."""

from __future__ import annotations

import errno
import textwrap
from datetime import UTC, date, datetime, time
from decimal import Decimal

import msgspec
import pytest
from tests.integration.isolation.processes import gone

from connector_core.errors import ConnectorBroke
from connector_core.formats.document import Probe
from connector_core.model.pivot import validated
from connector_core.model.records import Act, Patient
from connector_core.plugins.connector import ConnectorInfo
from connector_core.plugins.isolation import confinement, process
from connector_core.plugins.isolation.limits import Limits
from connector_core.plugins.isolation.messages import (
    LONGEST_ANSWER,
    Batch,
    Claimed,
    Identify,
    Looked,
    Meaning,
    Offer,
    Offered,
    decode_answer,
    encode,
)
from connector_core.plugins.isolation.process import Isolated
from connector_core.plugins.isolation.proxy import proxy_of
from connector_core.plugins.isolation.values import Packer, Shape, Unpacker
from connector_core.plugins.names import Origin

OFFER = Offer((Offered(ConnectorInfo("acme", "Acme", "Acme Kiné", "1")),), ())
SPEAKER = """
import sys, time
said = {said!r}
out = sys.stdout.buffer
size = int.from_bytes(sys.stdin.buffer.read(4), "big")
sys.stdin.buffer.read(size)
offer = {offer!r}
out.write(len(offer).to_bytes(4, "big") + offer)
out.flush()
out.write(said)
out.flush()
{then}
"""


def framed(message: bytes) -> bytes:
    return len(message).to_bytes(4, "big") + message


@pytest.fixture
def speaker(tmp_path, monkeypatch):
    """A process that says what it is told to, whatever it is asked."""
    monkeypatch.syspath_prepend(str(tmp_path))
    made: list[Isolated] = []

    def start(said: bytes, then: str = "time.sleep(600)") -> Isolated:
        (tmp_path / "speaker.py").write_text(SPEAKER.format(said=said, offer=encode(OFFER), then=then), "utf-8")
        monkeypatch.setattr(process, "MODULE", "speaker")
        made.append(Isolated(Origin("acme", "connector-acme", "1"), "connector_acme", Limits(look=3.0)))
        return made[-1]

    yield start
    for each in made:
        each.close()


@pytest.mark.parametrize(
    ("said", "what"),
    [
        (framed(b"\xc1 no message"), "n'importe quoi"),
        (framed(msgspec.msgpack.encode({"type": "Claimed", "score": "DUPONT"})), "n'importe quoi"),
        (framed(msgspec.msgpack.encode({"type": "Claimed", "reason": "x" * 3000})), "n'importe quoi"),
        (framed(msgspec.msgpack.encode({"type": "Hello"})), "n'importe quoi"),
        (framed(msgspec.msgpack.encode({"type": "Batch", "rows": [], "meanings": [[[]] * 9000]})), "n'importe quoi"),
        (framed(b"\x91" * 100_000), "n'importe quoi"),
        (framed(encode(Batch(()))), "n'importe quoi"),
        ((LONGEST_ANSWER + 1).to_bytes(4, "big") + b"x", "a rompu la communication"),
        (b"\xff" * 1000, "a rompu la communication"),
    ],
)
def test_nonsense_ends_the_process(speaker, said, what):
    isolated = speaker(said)
    connector = proxy_of(isolated, OFFER.connectors[0])
    with pytest.raises(ConnectorBroke) as raised:
        connector.identify(Probe("file", 1, b"x"))
    assert what in raised.value.what
    assert "DUPONT" not in str(raised.value)
    assert isolated.generation is None


def test_half_a_message_is_none(speaker):
    isolated = speaker(framed(encode(Claimed()))[:-1], then="sys.exit(7)")
    with pytest.raises(ConnectorBroke, match=r"s'est arrêté \(code 7\)"):
        isolated.ask(Identify("acme", Looked(b"file", 1, b"x")), 5.0)


def test_more_answers_than_questions_wait_and_take_no_memory(speaker):
    flood = "while True:\n    out.write(said)"
    isolated = speaker(framed(encode(Claimed("acme", "d", 0.5, "pour rien"))), then=textwrap.dedent(flood))
    connector = proxy_of(isolated, OFFER.connectors[0])
    assert all(connector.identify(Probe("file", 1, b"x")) is not None for _ in range(20))
    running = isolated.generation
    assert running.pipes._incoming.qsize() <= 4


ODD = {
    "id": "a",
    "performed_on": date(2026, 3, 2),
    "amount": Decimal("16.10"),
    "coefficient": Decimal("1E+1"),
    "started_at": time(9, 30),
    "created_at": datetime(2026, 3, 2, 9, 30, tzinfo=UTC),
    "quantity": -(1 << 63),
    "flag": True,
    "nothing": None,
    "share": 0.1,
    "vendor": {"Libellé": "séance", "deep": (date(2026, 1, 1), ["x", {"y": Decimal("2.50")}])},
}


def sent(drafts, packer, unpacker):
    packed = tuple(map(packer.packed, drafts))
    answer = decode_answer(encode(Batch((), (Meaning(drafts=packed),), tuple(packer.unsent))))
    assert isinstance(answer, Batch)
    packer.unsent.clear()
    unpacker.learn(answer.shapes)
    return [unpacker.draft(each) for meaning in answer.meanings for each in meaning.drafts or ()]


def test_values_arrive_as_they_were():
    packer, unpacker = Packer(), Unpacker()
    drafts = [(Act, ODD), (Patient, {"id": "p"}), (Act, ODD), (Act, {**ODD, "amount": None}), (Act, ODD)]
    simple = {name: value for name, value in ODD.items() if name != "vendor"}
    assert [repr(each) for each in sent([(kind, simple) for kind, _ in drafts], packer, unpacker)] == [
        repr((kind, simple)) for kind, _ in drafts
    ]
    values = sent(drafts, packer, unpacker)[0][1]
    assert values["vendor"]["Libellé"] == "séance"
    assert type(values["vendor"]["deep"]) is tuple
    again = sent(drafts, packer, unpacker)
    assert [each[0] for each in again] == [each[0] for each in drafts]


def test_more_shapes_than_are_noted_are_sent_all_the_same():
    packer, unpacker = Packer(), Unpacker()
    drafts = [(Patient, {"id": "p", f"field{number}": date(2026, 3, 2)}) for number in range(2100)]
    assert [values["id"] for _, values in sent(drafts, packer, unpacker)] == ["p"] * 2100


def test_what_the_model_has_no_type_for_is_refused_by_the_model():
    class Odd:
        pass

    ((kind, values),) = sent([(Patient, {"id": "p", "sex": Odd()})], Packer(), Unpacker())
    with pytest.raises(Exception, match=r"patient\.sex"):
        validated(kind, values)


@pytest.mark.parametrize(
    ("shape", "draft"),
    [
        (Shape(0, "robot", ("id",), ("same",)), None),
        (Shape(0, "patient", ("id", "sex"), ("same",)), None),
        (Shape(0, "patient", ("birth_date",), ("date",)), (0, ["DUPONT"])),
        (Shape(0, "patient", ("birth_date",), ("date",)), (0, [7])),
        (Shape(0, "act", ("amount",), ("decimal",)), (0, ["DUPONT"])),
        (Shape(0, "patient", ("id",), ("same",)), (0, ["p", "more"])),
        (Shape(0, "patient", ("id",), ("same",)), (5, ["p"])),
        (Shape(0, "patient", ("id",), ("same",)), (-1, ["robot", {}])),
        (Shape(0, "patient", ("id",), ("same",)), (-1, ["patient", []])),
        (Shape(0, "patient", ("id",), ("same",)), (-1, ["patient"])),
        (Shape(0, "patient", ("id",), ("same",)), (-1, [["patient"], {}])),
    ],
)
def test_a_draft_that_is_none_is_told(shape, draft):
    def understand():
        unpacker = Unpacker()
        unpacker.learn((shape,))
        return unpacker.draft(draft)

    with pytest.raises((LookupError, TypeError, ValueError)):
        understand()


def test_a_process_that_can_not_be_confined_is_not_left_running(speaker, monkeypatch):
    seen: list[int] = []

    def refused(pid: int, _memory: int) -> object:
        seen.append(pid)
        raise OSError(errno.EPERM, "Access is denied")

    monkeypatch.setattr(confinement, "_job_of", refused)
    with pytest.raises(ConnectorBroke, match=r"n'a pas pu démarrer \(accès refusé\)"):
        speaker(b"").offer()
    assert all(map(gone, seen))
