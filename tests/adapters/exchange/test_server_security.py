"""The exchange is this machine's alone, and no page of a browser reaches it, by REST or by socket."""

import asyncio
import json
import socket
import time

import pytest
import requests
import websocket

from adapters.errors import InputError
from adapters.exchange.server import Server
from adapters.exchange.simulation import generated_market
from tests.adapters.exchange.serving import served


@pytest.fixture(scope="module")
def port():
    with served(a_simulation()) as server:
        yield server.port


def a_simulation():
    return generated_market(seed=3, now=time.time_ns(), history_minutes=5, warm_up_s=5)


def answer_to(port, head, method="GET /api/v1/instrument HTTP/1.1"):
    """The whole answer to a request with exactly these header lines."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as wire:
        wire.sendall("\r\n".join([method, *head, "Connection: close", "", ""]).encode())
        return b"".join(iter(lambda: wire.recv(65_536), b"")).decode()


def code_of(port, *head):
    return int(answer_to(port, head).split()[1])


UPGRADE = (
    "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
)  # fmt: skip


def socket_code(port, *head):
    """What the exchange says to somebody who would open a socket."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as wire:
        wire.sendall("\r\n".join(["GET /realtime HTTP/1.1", *head, *UPGRADE, "", ""]).encode())
        return int(wire.recv(4_096).split()[1])


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "", "127.0.0.1.evil.example", "::"])
def test_s07_it_listens_to_others_only_when_that_is_asked_for(host):
    with pytest.raises(InputError, match="--allow-remote"):
        asyncio.run(Server(a_simulation()).open(host))


@pytest.mark.parametrize("asks", [code_of, socket_code])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "127.0.0.1:{port}", "localhost:{port}", "[::1]:9"])
def test_s10_it_answers_to_this_machine_s_names(port, asks, host):
    assert asks(port, f"Host: {host.format(port=port)}") in (200, 101)


@pytest.mark.parametrize("asks", [code_of, socket_code])
@pytest.mark.parametrize(
    "host",
    [
        "evil.example", "evil.example:{port}", "127.0.0.1.evil.example", "127.0.0.1.evil.example:{port}",
        "localhost.evil.example", "evil-localhost", "127.0.0.1@evil.example", "127.0.0.1:80@evil.example", "0.0.0.0",
        "127.0.0.1:evil", "", "localhost.", "[::1", "127.1",
    ],
)  # fmt: skip
def test_s10_a_name_that_was_bent_to_this_machine_is_refused(port, asks, host):
    assert asks(port, f"Host: {host.format(port=port)}") in (400, 403)


@pytest.mark.parametrize("asks", [code_of, socket_code])
def test_s10_two_names_or_none_are_refused(port, asks):
    assert asks(port, f"Host: 127.0.0.1:{port}", "Host: evil.example") in (400, 403)
    assert asks(port) in (400, 403)


@pytest.mark.parametrize("asks", [code_of, socket_code])
@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example", "null", "http://127.0.0.1.evil.example:{port}", "http://127.0.0.1", "http://127.0.0.1:1",
        "https://127.0.0.1:{port}.evil.example", "file://", "http://localhost:{port}", "chrome-extension://abc", "",
    ],
)  # fmt: skip
def test_s10_a_page_from_elsewhere_is_refused(port, asks, origin):
    assert asks(port, f"Host: 127.0.0.1:{port}", f"Origin: {origin.format(port=port)}") == 403


@pytest.mark.parametrize("asks", [code_of, socket_code])
def test_s10_programs_without_an_origin_or_with_our_own_are_heard(port, asks):
    assert asks(port, f"Host: 127.0.0.1:{port}") in (200, 101)
    assert asks(port, f"Host: 127.0.0.1:{port}", f"Origin: http://127.0.0.1:{port}") in (200, 101)


def test_s10_no_browser_is_told_that_others_may_read(port):
    names = [f"Host: 127.0.0.1:{port}", "Origin: http://evil.example", "Access-Control-Request-Method: POST"]
    answers = [
        answer_to(port, names),
        answer_to(port, names, "OPTIONS /api/v1/order HTTP/1.1"),
        answer_to(port, names[:1]),
    ]

    assert not any("access-control" in answer.lower() for answer in answers)


def test_the_clients_that_people_use_are_heard(port):
    line = websocket.create_connection(f"ws://127.0.0.1:{port}/realtime", timeout=30)
    welcome = json.loads(line.recv())
    line.close()

    assert welcome["info"].startswith("Welcome")
    assert requests.get(f"http://localhost:{port}/api/v1/instrument", timeout=30).status_code == 200
