"""A request of the watchdog's is signed over what is sent, goes to who can prove his name, and always has an answer."""

import hashlib
import hmac
import time
from email.utils import formatdate

import pytest

from adapters.watchdog.keys import Keys
from adapters.watchdog.rescue import Answer, Ask
from adapters.watchdog.venue import Venue
from tests.adapters.bitmex.wire_servers import Answering, answer, certificate, serving

KEY, SECRET = "canary-key", "canary-secret"
ASK = Ask("DELETE", "/api/v1/order/all?a=%7B", '{"text": "x"}')


def a_venue(port, *, scheme="http", host="127.0.0.1", authorities=None):
    return Venue(f"{scheme}://{host}:{port}", Keys(KEY, SECRET), authorities)


def asked(*answers, ask=ASK, times=1):
    """The requests that came and the answers to them."""
    server = Answering(*answers)
    with serving(server) as port:
        venue = a_venue(port)
        told = [venue.send(ask) for _ in range(times)]
    return server.requests, told


def test_it_is_signed_over_the_bytes_that_are_sent():
    ((line, headers, body),), (told,) = asked(answer(b'[{"a": 1}]'))

    message = f"DELETE/api/v1/order/all?a=%7B{headers['api-expires']}".encode() + body
    assert line == "DELETE /api/v1/order/all?a=%7B HTTP/1.1"
    assert headers["api-signature"] == hmac.new(SECRET.encode(), message, hashlib.sha256).hexdigest()
    assert 0 < int(headers["api-expires"]) - time.time() < 12
    assert body == b'{"text": "x"}'
    assert told == Answer(200, [{"a": 1}])


def test_a_clock_that_goes_wrong_is_corrected_by_the_venues():
    late = answer(b"[]", Date=formatdate(time.time() + 600, usegmt=True))

    requests, _ = asked(late, times=2)

    first, second = [int(headers["api-expires"]) for _, headers, _ in requests]
    assert 595 < second - first < 610


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        (answer(b"oops"), Answer(200, None, "an answer that is no JSON")),
        (answer(b"{}", "503 Overloaded"), Answer(503, failure="status 503")),
        (
            answer(b'{"error": {"message": "no canary-secret\\n"}}', "401 No"),
            Answer(401, failure="status 401: no ***"),
        ),
        (answer(b"[]", "429 Slow down", Retry_After="7"), Answer(429, failure="status 429", pause_s=7.0)),
        (answer(b"[]", "429 Slow down", Retry_After="soon"), Answer(429, failure="status 429")),
        (answer(b"", "302 Found", Location="http://127.0.0.1:1/"), Answer(302, failure="status 302")),
        (b"", Answer(failure="RemoteDisconnected: Remote end closed connection without response")),
    ],
)
def test_whatever_comes_is_an_answer(reply, told):
    def gone(connection):
        if reply:
            connection.sendall(reply)

    _, (answered,) = asked(gone)

    assert answered == told


def test_nobody_there_is_an_answer():
    with serving(Answering(answer())) as port:
        pass

    told = a_venue(port).send(ASK)

    assert told.status is None
    assert "ConnectionRefusedError" in told.failure


def test_an_answer_that_never_ends_is_cut_off(monkeypatch):
    monkeypatch.setattr("adapters.watchdog.venue.TIMEOUT_S", 0.3)

    def dribbles(connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        for _ in range(20):
            connection.sendall(b" ")
            time.sleep(0.05)

    _, (told,) = asked(dribbles)

    assert told.status is None
    assert "TimeoutError" in told.failure


@pytest.mark.parametrize(
    "origin",
    ["http://www.bitmex.com", "ftp://127.0.0.1", "https://", "https://user:pass@www.bitmex.com", "https://a.com/api"],
)
def test_keys_are_sent_nowhere_that_is_not_safe(origin):
    with pytest.raises(ValueError, match=":"):
        Venue(origin, Keys(KEY, SECRET), None)


@pytest.mark.parametrize(("names", "is_trusted", "works"), [
    ("DNS:localhost", True, True), ("DNS:localhost", False, False), ("DNS:elsewhere.example", True, False),
])  # fmt: skip
def test_a_certificate_must_be_trusted_and_of_the_very_host(tmp_path, names, is_trusted, works):
    made, context = certificate(tmp_path, names)
    server = Answering(answer(b"[]"))
    with serving(server, context) as port:
        told = a_venue(port, scheme="https", host="localhost", authorities=str(made) if is_trusted else None).send(ASK)

    assert (told.status == 200) is works
    assert bool(server.requests) is works
    assert works or "CERTIFICATE_VERIFY_FAILED" in told.failure
