"""A worker answers each request exactly once, and says truly whether it may have reached the venue."""

import contextlib
import gzip
import http.client
import json
import logging
import socket
import time
from datetime import UTC, datetime

import pytest

from adapters.bitmex import sender
from adapters.bitmex.credentials import LoopbackKeys
from adapters.bitmex.rest import GIVEN_UP, RestWorker, why_held
from adapters.bitmex.signing import signature
from adapters.exchange.faults import Rule
from adapters.exchange.simulation import generated_market
from messages import CancelAll, RequestAnswered, SendRequest
from tests.adapters.bitmex.wire_servers import KEY, SECRET, Answering, answer, certificate, serving
from tests.adapters.exchange import serving as exchange
from tests.builders import SECOND
from tests.waiting import until

ORDER = '{"symbol":"XBTUSD","orderQty":100,"price":50000.5}'
ODD = '/api/v1/order?filter=%7b%22a%22:["x\'y"],%22b%22:1%7D&x=a+b%20c;d&&e=//..//%'


def a_request(verb="GET", path="/api/v1/user", body="", number=1, **fields):
    return SendRequest(
        to="rest:orders@main", reply_to="venue@main", number=number, verb=verb, path=path, body=body, **fields
    )


@contextlib.contextmanager
def a_worker(port, *, scheme="http", keys=True, authorities=None, **options):
    keys = LoopbackKeys(KEY, SECRET) if keys is True else keys
    worker = RestWorker(f"{scheme}://127.0.0.1:{port}", keys, **options)
    worker._sender._authorities = authorities
    try:
        yield worker
    finally:
        worker.release()


def sent_by(worker, **fields):
    (said,) = worker.on_send_request(a_request(**fields))
    assert isinstance(said, RequestAnswered)
    assert (said.to, said.number) == ("venue@main", fields.get("number", 1))
    assert said.started <= said.sent <= said.received
    return said


@contextlib.contextmanager
def asked(*answers, **options):
    server = Answering(*answers)
    with serving(server) as port, a_worker(port, **options) as worker:
        yield server, worker


def hangs_up(connection):
    connection.shutdown(socket.SHUT_RDWR)


def resets(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    connection.close()


@pytest.mark.parametrize("path", ["/api/v1/order", ODD])
@pytest.mark.parametrize("verb", ["GET", "POST", "PUT", "DELETE"])
def test_what_is_sent_is_what_was_signed_to_the_byte(verb, path):
    body = "" if verb == "GET" else ORDER.replace("XBTUSD", "grüße")
    with asked(answer(b'{"a":1}')) as (server, worker):
        said = sent_by(worker, verb=verb, path=path, body=body)

    ((line, headers, told),) = server.requests
    assert line == f"{verb} {path} HTTP/1.1"
    assert told == body.encode()
    assert headers["api-key"] == KEY
    assert headers["api-signature"] == signature(SECRET, verb, path, int(headers["api-expires"]), body)
    assert headers["content-type"] == "application/json"
    assert (said.status, said.body, said.failure, said.reached) == (200, '{"a":1}', "", True)


def test_without_keys_nothing_is_signed():
    with asked(answer(), keys=None) as (server, worker):
        sent_by(worker)

    assert not [name for name in server.requests[0][1] if name.startswith("api-")]


@pytest.mark.parametrize("offset", [0, 3600 * SECOND, -3600 * SECOND])
def test_it_is_signed_by_the_venues_clock(offset):
    with asked(answer()) as (server, worker):
        said = sent_by(worker, clock_offset=offset)

    lead = int(server.requests[0][1]["api-expires"]) - (said.sent + offset) / SECOND
    assert 0 < lead <= 10


def test_a_request_is_written_at_once(monkeypatch):
    written, write = [], http.client.HTTPConnection.send
    monkeypatch.setattr(
        "http.client.HTTPConnection.send", lambda self, data: (written.append(bytes(data)), write(self, data))
    )
    with asked(answer()) as (_, worker):
        sent_by(worker, verb="POST", body=ORDER)

    assert len(written) == 1
    assert written[0].startswith(b"POST /api/v1/user HTTP/1.1\r\n")
    assert written[0].endswith(b"\r\n\r\n" + ORDER.encode())


def test_one_connection_is_kept_for_all_requests():
    with asked(answer()) as (server, worker):
        for number in range(5):
            assert sent_by(worker, verb="POST", body=ORDER, number=number).status == 200

        assert (server.connections, len(server.requests)) == (1, 5)


def test_of_the_headers_only_those_that_are_needed_are_told():
    reply = answer(
        Date="Thu, 26 Nov 2026 07:00:00 GMT", X_RateLimit_Remaining="59", X_RateLimit_Reset_1s="5", Retry_After="3",
        Set_Cookie="a=b", X_Request_Id="r", Server="x",
    )  # fmt: skip
    with asked(reply) as (server, worker):
        said = sent_by(worker)
        sent_by(worker)

    assert dict(said.headers) == {
        "date": "Thu, 26 Nov 2026 07:00:00 GMT", "x-ratelimit-remaining": "59", "x-ratelimit-reset-1s": "5",
        "retry-after": "3", "x-request-id": "r",
    }  # fmt: skip
    assert "cookie" not in server.requests[1][1]


@pytest.mark.parametrize("status", ["400 Bad", "401 No", "404 Not Found", "429 Slow", "502 Bad", "503 Busy"])
def test_a_status_is_told_and_judged_by_others(status):
    with asked(answer(b"<html>", status=status)) as (server, worker):
        said = sent_by(worker, verb="DELETE")

    assert (said.status, said.body, len(server.requests)) == (int(status[:3]), "<html>", 1)


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See", "307 Temporary", "308 Permanent"])
def test_no_redirect_is_followed(status):
    other = Answering(answer())
    with serving(other) as elsewhere, asked(
        answer(b"", status=status, Location=f"http://127.0.0.1:{elsewhere}/api/v1/user")
    ) as (server, worker):  # fmt: skip
        said = sent_by(worker)

    assert (said.status, len(server.requests), other.requests) == (int(status[:3]), 1, [])


def test_no_proxy_nor_password_file_of_the_environment_is_used(monkeypatch, tmp_path):
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login a password b\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with asked(answer()) as (server, worker):
        assert sent_by(worker).status == 200

    assert "authorization" not in server.requests[0][1]


# What opens.


def test_behind_a_closed_gate_nothing_opens_and_everything_else_goes():
    is_open = [False]
    with asked(answer(), gate=lambda: is_open[0]) as (server, worker):
        held = sent_by(worker, verb="POST", body=ORDER, opens=True)
        cancel = sent_by(worker, verb="DELETE")
        is_open[0] = True
        passed = sent_by(worker, verb="POST", body=ORDER, opens=True)

    assert (held.failure, held.reached, held.sent) == ("the gate is closed", False, held.started)
    assert (cancel.status, passed.status) == (200, 200)
    assert [line.split()[0] for line, _, _ in server.requests] == ["DELETE", "POST"]


def test_the_gate_is_asked_again_when_the_connection_stands():
    asked_for = []

    def gate():
        asked_for.append(1)
        return len(asked_for) < 2

    with asked(answer(), gate=gate) as (server, worker):
        held = sent_by(worker, verb="POST", body=ORDER, opens=True)
        after = sent_by(worker, verb="GET")

    assert (held.failure, held.reached) == ("the gate is closed", False)
    assert after.status == 200
    assert [line.split()[0] for line, _, _ in server.requests] == ["GET"]


def test_what_opens_is_not_sent_too_late():
    now = [100 * SECOND]
    with asked(answer(), clock=lambda: now[0]) as (server, worker):
        just = sent_by(worker, verb="POST", body=ORDER, opens=True, not_after=now[0])
        late = sent_by(worker, verb="POST", body=ORDER, opens=True, not_after=now[0] - 1)
        closing = sent_by(worker, verb="DELETE", body=ORDER, not_after=now[0] - 1)

    assert (late.failure, late.reached) == ("too old", False)
    assert (just.status, closing.status, len(server.requests)) == (200, 200, 2)


@pytest.mark.parametrize(("late", "held"), [(-1, ""), (0, ""), (1, "too old")])
def test_i20_what_nobody_waits_for_any_more_does_not_leave(late, held):
    cancel = SendRequest(
        to="rest:cancels@main", reply_to="venue@main", number=1, verb="DELETE", path="/api/v1/order", asked=100 * SECOND
    )

    assert why_held(cancel, 100 * SECOND + GIVEN_UP + late, gate_is_open=False, taken_back=200 * SECOND) == held


def test_what_was_asked_for_before_all_was_taken_back_does_not_open_any_more():
    with asked(answer()) as (server, worker):
        worker.on_cancel_all(CancelAll(account="main", ts=100 * SECOND))
        before = sent_by(worker, verb="POST", body=ORDER, opens=True, asked=100 * SECOND)
        closing = sent_by(worker, verb="DELETE")
        after = sent_by(worker, verb="POST", body=ORDER, opens=True, asked=100 * SECOND + 1)

    assert (before.failure, before.reached) == ("taken back before it was sent", False)
    assert (closing.status, after.status, len(server.requests)) == (200, 200, 2)


# Did it reach the venue?


def test_what_opens_and_was_begun_by_a_predecessor_is_not_sent_a_second_time():
    with asked(answer(), answer(), answer()) as (server, worker):
        sent_by(worker, verb="POST", body=ORDER, opens=True)
        worker.on_cancel_all(CancelAll(account="main", ts=1))
        successor = RestWorker(worker._sender._origin, None, heritage=worker.heritage())
        again = sent_by(successor, verb="POST", body=ORDER, opens=True)
        late = sent_by(successor, verb="POST", body=ORDER, opens=True, number=2, asked=0)

    assert len(server.requests) == 1
    assert (again.status, again.reached, again.failure) == (
        None, True, "it was sent by a worker that was started again before the answer came"
    )  # fmt: skip
    assert late.failure == "taken back before it was sent"


def test_nobody_listening_is_certainly_not_reached():
    with serving(Answering(answer())) as port:
        pass
    with a_worker(port) as worker:
        said = sent_by(worker, verb="POST", body=ORDER)

    assert (said.status, said.reached, said.sent) == (None, False, said.started)
    assert "refused" in said.failure


def test_a_name_that_nobody_knows_is_certainly_not_reached(monkeypatch):
    def fails(*_, **__):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fails)
    worker = RestWorker("https://no-such-host.invalid", LoopbackKeys(KEY, SECRET))
    said = sent_by(worker, verb="POST", body=ORDER)

    assert not said.reached
    assert said.failure == "the address of https://no-such-host.invalid is not known; is there a network?"


def test_a_connection_that_does_not_come_about_is_certainly_not_reached(monkeypatch):
    monkeypatch.setattr(sender, "CONNECT_S", 0.3)
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting = []
        for _ in range(8):
            waiting.append(socket.socket())
            waiting[-1].setblocking(False)
            waiting[-1].connect_ex(full.getsockname())
        with a_worker(full.getsockname()[1], timeout_s=5) as worker:
            said = sent_by(worker, verb="POST", body=ORDER)
        for each in waiting:
            each.close()
    if said.reached:
        pytest.skip("this system takes connections that nobody accepts")

    assert said.failure == "no connection within 0.3 s"


@pytest.mark.parametrize("names", ["IP:127.0.0.1", "DNS:elsewhere.test"])
def test_a_certificate_that_is_not_trusted_or_for_another_is_certainly_not_reached(names, tmp_path):
    made, context = certificate(tmp_path, names)
    server = Answering(answer())
    trusted = made if "elsewhere" in names else None
    with serving(server, context) as port, a_worker(port, scheme="https", authorities=trusted) as worker:
        said = sent_by(worker, verb="POST", body=ORDER)

    assert (said.status, said.reached, server.requests) == (None, False, [])
    assert "certificate" in said.failure.lower()


def test_tls_that_is_verified_carries_requests(tmp_path):
    made, context = certificate(tmp_path)
    server = Answering(answer(b"[1]"))
    with serving(server, context) as port, a_worker(port, scheme="https", authorities=made) as worker:
        said = [sent_by(worker, verb="POST", body=ORDER, number=number) for number in range(3)]

    assert [each.body for each in said] == ["[1]"] * 3
    assert all(each.sent > each.started for each in said)
    assert server.connections == 1


def test_plain_text_is_no_tls(monkeypatch):
    monkeypatch.setattr(sender, "CONNECT_S", 0.5)
    with serving(Answering(answer())) as port, a_worker(port, scheme="https") as worker:
        assert not sent_by(worker, verb="POST", body=ORDER).reached


@pytest.mark.parametrize("verb", ["GET", "POST", "DELETE"])
@pytest.mark.parametrize("end", [hangs_up, resets])
def test_a_fresh_connection_that_ends_without_an_answer_may_have_reached(end, verb):
    with asked(end) as (server, worker):
        said = sent_by(worker, verb=verb, body=ORDER)
        until(lambda: server.requests)

    assert (said.status, said.reached, len(server.requests)) == (None, True, 1)
    assert said.sent > said.started
    assert said.failure


@pytest.mark.parametrize(
    "reply",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
        b"garbage\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nContent-Length: 3, 5\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 200 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nx: " + b"y" * 70_000 + b"\r\n\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
    ],
)
def test_half_an_answer_or_none_that_is_one_may_have_reached(reply):
    def handle(connection):
        connection.sendall(reply)

    with asked(handle, answer()) as (_, worker):
        said = sent_by(worker, verb="POST", body=ORDER)
        after = sent_by(worker, verb="POST", body=ORDER)

    assert (said.status, said.reached) == (None, True)
    assert after.status == 200


def test_silence_ends_after_the_time_out():
    with asked(lambda connection: time.sleep(1.5), timeout_s=0.3) as (_, worker):
        said = sent_by(worker, verb="POST", body=ORDER)

    assert (said.failure, said.reached) == ("no answer within 0.3 s", True)


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"])
def test_an_answer_that_dribbles_ends_after_the_time_out_too(head):
    def dribble(connection):
        connection.sendall(head)
        with contextlib.suppress(OSError):
            for _ in range(200):
                connection.sendall(b"H")
                time.sleep(0.1)

    with asked(dribble, timeout_s=1.0) as (_, worker):
        began = time.monotonic()
        said = sent_by(worker)

    assert said.failure == "no answer within 1 s"
    assert time.monotonic() - began < 15


def test_an_answer_without_end_is_not_read(monkeypatch):
    monkeypatch.setattr(sender, "BODY_MAX", 1_000_000)

    def pour(connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        with contextlib.suppress(OSError):
            for _ in range(100):
                connection.sendall(b"186a0\r\n" + b"x" * 100_000 + b"\r\n")

    bomb = gzip.compress(b"x" * 2_000_000)
    with asked(pour, answer(bomb, Content_Encoding="gzip"), answer(b"y" * 1_000_000)) as (_, worker):
        said = [sent_by(worker) for _ in range(3)]

    assert [each.failure for each in said] == ["an answer of more than 1000000 bytes"] * 2 + [""]
    assert len(said[2].body) == 1_000_000


def test_a_packed_answer_is_unpacked():
    with asked(answer(gzip.compress(b'{"a":[1,2]}'), Content_Encoding="gzip")) as (_, worker):
        assert sent_by(worker).body == '{"a":[1,2]}'


def closes_after(reply):
    def handle(connection):
        connection.sendall(reply)
        connection.shutdown(socket.SHUT_RDWR)

    return handle


@pytest.mark.parametrize("verb", ["GET", "POST", "DELETE"])
def test_a_kept_connection_that_was_closed_while_idle_is_made_anew(verb):
    """What was closed is seen before anything is written, so nothing is in doubt."""
    with asked(closes_after(answer()), answer(b"2")) as (server, worker):
        sent_by(worker)
        kept = worker._sender._transport._pool.pool.queue
        until(lambda: not any(each is not None and each.is_connected for each in kept))
        said = sent_by(worker, verb=verb)

    assert (said.status, said.body, len(server.requests)) == (200, "2", 2)


@pytest.mark.parametrize(("verb", "again"), [("GET", True), ("DELETE", True), ("POST", False), ("PUT", False)])
def test_one_that_ends_under_a_request_repeats_only_what_may_be_repeated(verb, again):
    def first(connection):
        connection.sendall(answer())
        return "go on"

    with asked(first, hangs_up, answer(b"2")) as (server, worker):
        sent_by(worker)
        said = sent_by(worker, verb=verb)
        after = sent_by(worker, verb="POST")

    assert (said.status, said.reached, bool(said.failure)) == ((200, True, False) if again else (None, True, True))
    assert after.status == 200
    assert [line.split()[0] for line, _, _ in server.requests] == ["GET", verb, *[verb] * again, "POST"]


def test_even_a_question_is_repeated_once_only():
    def first(connection):
        connection.sendall(answer())
        return "go on"

    with asked(first, hangs_up) as (server, worker):
        sent_by(worker)
        said = sent_by(worker)

    assert (said.status, len(server.requests)) == (None, 3)


def test_what_may_have_arrived_at_first_may_have_arrived_although_the_second_try_did_not(monkeypatch):
    def first(connection):
        connection.sendall(answer())
        return "go on"

    with asked(first, hangs_up) as (server, worker):
        sent_by(worker)
        monkeypatch.setattr("adapters.bitmex.connections._Connection.connect", lambda self: 1 / 0)
        said = sent_by(worker, verb="DELETE")

    assert (said.status, said.reached, len(server.requests)) == (None, True, 2)
    assert "ZeroDivisionError" in said.failure
    assert said.sent > said.started


@pytest.mark.parametrize(
    ("path", "body"),
    [("api", ""), ("/a b", ""), ("/ü", ""), ("/a\r\nx: y", ""), ("//\x7f", ""), ("/a", "\ud800")],
)
def test_what_no_request_can_hold_is_answered_too(path, body):
    with asked(answer()) as (server, worker):
        said = sent_by(worker, path=path, body=body)

    assert (said.reached, server.requests) == (False, [])
    assert said.failure


def test_a_fault_of_a_library_is_answered_too(monkeypatch):
    def broken(*_):
        raise KeyError(SECRET)

    monkeypatch.setattr("adapters.bitmex.connections._Connection.send", broken)
    with asked(answer()) as (_, worker):
        said = sent_by(worker)

    assert said.failure == "KeyError: '***'"


# Against the exchange.


@pytest.fixture(scope="module")
def server():
    with exchange.served(generated_market(seed=4, now=time.time_ns(), history_minutes=5, warm_up_s=5)) as found:
        yield found


@pytest.fixture
def worker(server):
    with a_worker(server.port, keys=LoopbackKeys(exchange.KEY, exchange.SECRET), timeout_s=8) as found:
        yield found
    server.faults.clear()


def order_of(client_id):
    return f'{{"symbol":"XBTUSD","orderQty":100,"price":1000,"clOrdID":"{client_id}"}}'


def found(worker, client_id):
    path = f"/api/v1/order?filter=%7B%22clOrdID%22%3A%22{client_id}%22%7D"
    return json.loads(sent_by(worker, path=path).body)


def test_the_exchange_takes_what_is_signed_here(worker):
    placed = sent_by(worker, verb="POST", path="/api/v1/order", body=order_of("w-1"), opens=True)
    canceled = sent_by(worker, verb="DELETE", path="/api/v1/order", body='{"clOrdID":"w-1"}')

    assert (placed.status, canceled.status) == (200, 200)
    assert json.loads(canceled.body)[0]["ordStatus"] == "Canceled"
    headers = dict(placed.headers)
    shown = datetime.strptime(headers["date"], "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=UTC)
    assert abs(shown.timestamp() - placed.received / SECOND) < 20


@pytest.mark.parametrize(("kind", "status"), [("503", 503), ("429", 429), ("502", 502)])
@pytest.mark.parametrize("when", ["before", "after"])
def test_whether_the_exchange_did_it_is_not_guessed_from_a_status(server, worker, kind, status, when):
    server.faults.add(Rule(kind=kind, when=when, verb="POST", path="/order", count=1))
    client_id = f"f-{kind}-{when}"

    said = sent_by(worker, verb="POST", path="/api/v1/order", body=order_of(client_id))

    assert (said.status, said.reached) == (status, True)
    assert len(found(worker, client_id)) == (when == "after")


@pytest.mark.parametrize("when", ["before", "after"])
def test_an_exchange_that_cuts_the_line_leaves_it_open_whether_it_did_it(server, worker, when):
    server.faults.add(Rule(kind="timeout", when=when, verb="POST", path="/order", count=1, ms=50))

    said = sent_by(worker, verb="POST", path="/api/v1/order", body=order_of(f"t-{when}"))

    assert (said.status, said.reached) == (None, True)
    assert len(found(worker, f"t-{when}")) == (when == "after")


def test_a_slow_answer_is_waited_for_and_its_sending_told_apart(server, worker):
    server.faults.add(Rule(kind="latency", verb="POST", path="/order", count=1, ms=400))

    said = sent_by(worker, verb="POST", path="/api/v1/order", body=order_of("slow"))

    assert said.status == 200
    assert said.received - said.sent >= 0.4 * SECOND
    assert said.sent < said.received - 0.3 * SECOND


def test_nothing_is_logged_of_what_proves_who_we_are(caplog):
    caplog.set_level(logging.DEBUG)
    with asked(answer()) as (server, worker):
        sent_by(worker, verb="POST", body=ORDER)

    signed = server.requests[0][1]["api-signature"]
    assert caplog.records
    assert not any(word in caplog.text for word in (KEY, SECRET, signed))
