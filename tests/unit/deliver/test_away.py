"""Notices that leave the PC, through the real Apprise to a server on this one."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from connector_core.deliver import away
from connector_core.deliver.notice import Notice
from connector_core.errors import ConfigurationError

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Apprise's own, as it loads its services
NOTICE = Notice("À faire", "3 bilans à faire")


class Service(HTTPServer):
    received: list[dict[str, object]]
    status = 200


class Handler(BaseHTTPRequestHandler):
    server: Service

    def do_POST(self) -> None:
        self.server.received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        return None


@pytest.fixture
def service() -> Iterator[Service]:
    with Service(("127.0.0.1", 0), Handler) as server:
        server.received = []
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def address(server: Service) -> str:
    return f"json://utilisateur:motdepasse-SECRET@127.0.0.1:{server.server_port}/"


def test_a_notice_arrives(service: Service) -> None:
    away.send(address(service), NOTICE)
    (message,) = service.received
    assert (message["title"], message["message"]) == ("À faire", "3 bilans à faire")


def test_a_service_that_refuses_is_told_without_its_address(service: Service, caplog) -> None:
    service.status = 500
    with pytest.raises(away.AwayError) as caught:
        away.send(address(service), NOTICE)
    assert "SECRET" not in str(caught.value)
    assert "127.0.0.1" not in str(caught.value)
    assert len(service.received) == 1


@pytest.mark.parametrize("wrong", ["", "pas une adresse", "inconnu://x", "SECRET"])
def test_an_address_that_is_none_is_told_without_it(wrong: str) -> None:
    with pytest.raises(ConfigurationError, match="n'est pas comprise") as caught:
        away.send(wrong, NOTICE)
    assert "SECRET" not in str(caught.value)


def test_what_a_service_raises_is_reduced_to_its_type(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> bool:
        raise RuntimeError("json://utilisateur:SECRET@127.0.0.1")

    monkeypatch.setattr("apprise.Apprise.notify", fails)
    with pytest.raises(away.AwayError, match="RuntimeError") as caught:
        away.send("json://127.0.0.1", NOTICE)
    assert "SECRET" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(ConfigurationError, match=r"ne sont pas installés.*connector-core\[apprise\]"):
        away.send("json://127.0.0.1", NOTICE)
