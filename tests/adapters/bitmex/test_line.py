"""A line moves text both ways, says how it ends exactly once, and is never blocked or filled up by the other side."""

import contextlib
import json
import socket
import threading
import time

import pytest

from adapters.bitmex import pipe as pipes
from adapters.bitmex.credentials import LoopbackKeys
from adapters.bitmex.line import SocketLine
from adapters.exchange.faults import Rule
from adapters.exchange.simulation import generated_market
from messages import CloseLine, LineClosed, LineOpened, OpenLine, SendLogin, SendText, TextReceived
from tests.adapters.bitmex.wire_servers import (
    KEY,
    SECRET,
    Heard,
    certificate,
    exactly,
    frame,
    frame_of,
    head_of,
    serving,
    shake,
)
from tests.adapters.exchange import serving as exchange
from tests.waiting import until

LINE = "line@main"


@contextlib.contextmanager
def a_line(port, heard, *, scheme="ws", host="127.0.0.1", **options):
    line = SocketLine(LINE, "venue@main", f"{scheme}://{host}:{port}/realtime", heard, **options)
    try:
        yield line
    finally:
        line.release()
        assert line._thread is None or not line._thread.is_alive()


@contextlib.contextmanager
def opened(handle, context=None, **options):
    """A line that is open to a server, and what it says."""
    heard = Heard()
    with serving(handle, context) as port, a_line(port, heard, **options) as line:
        line.on_open_line(OpenLine(to=LINE, number=1))
        heard.until(LineOpened)
        yield line, heard


def texts(heard):
    return [message.text for message in heard.of(TextReceived)]


def stays(connection):
    with contextlib.suppress(ConnectionError):
        while True:
            exactly(connection, 1)


def sending(*frames):
    """A server that sends this and then only listens."""

    def handle(connection):
        shake(connection)
        for each in frames:
            connection.sendall(each)
        stays(connection)

    return handle


def test_text_goes_both_ways_under_the_number_of_its_connection():
    def echo(connection):
        shake(connection)
        while True:
            connection.sendall(frame(frame_of(connection)[1]))

    with opened(echo) as (line, heard):
        assert line.on_send_text(SendText(to=LINE, number=1, text="grüße " + "x" * 70_000)) == ()
        (came,) = heard.until(TextReceived)

    assert came.text == "grüße " + "x" * 70_000
    assert (came.to, came.number) == ("venue@main", 1)
    assert came.at >= heard.of(LineOpened)[0].at
    assert not heard.of(LineClosed)


def test_what_is_meant_for_another_connection_is_not_sent():
    got = []

    def handle(connection):
        shake(connection)
        while True:
            got.append(frame_of(connection)[1])

    with opened(handle) as (line, _):
        for number in (0, 2, 1):
            line.on_send_text(SendText(to=LINE, number=number, text=str(number)))
        until(lambda: got)

    assert got[0] == b"1"


def test_a_message_in_parts_comes_whole_with_a_ping_answered_in_its_middle():
    pong = []

    def handle(connection):
        shake(connection)
        connection.sendall(frame("one ", fin=False) + frame("hi", opcode=9) + frame("two", opcode=0))
        pong.append(frame_of(connection))
        stays(connection)

    with opened(handle) as (_, heard):
        heard.until(TextReceived)
        until(lambda: pong)

    assert texts(heard) == ["one two"]
    assert pong == [(10, b"hi")]


def test_pings_do_not_fill_a_message_up(monkeypatch):
    monkeypatch.setattr(pipes, "MESSAGE_MAX", 1_000)
    pings = [frame("p" * 100, opcode=9)] * 50

    with opened(sending(*pings, frame("a", fin=False), *pings, frame("b", opcode=0))) as (_, heard):
        heard.until(TextReceived)

    assert texts(heard) == ["ab"]


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        ([frame(b"", opcode=2)], "no text"),
        ([frame("x", length=4 * 1024 * 1024 + 1), b"x" * (4 * 1024 * 1024 + 10)], "more than 4194304 bytes"),
        ([frame("x" * 3_000_000, fin=False), frame("x" * 3_000_000, opcode=0)], "more than 4194304 bytes"),
        ([frame("x", length=2**63 - 1)] + [b"y" * 65_536] * 80, "more than 4194304 bytes"),
        ([frame(b"\xff\xfe")], "UnicodeDecodeError"),
        ([frame("x", opcode=5)], "Invalid opcode"),
        ([b"\xf1\x01x"], "rsv"),
        ([frame((1001).to_bytes(2, "big") + b"going away", opcode=8)], "the venue closed it: 1001 going away"),
        ([frame(b"", opcode=8)], "the venue closed it: no code"),
    ],
)
def test_what_is_no_text_ends_the_line_with_a_reason(sent, reason):
    with opened(sending(*sent)) as (line, heard):
        (closed,) = heard.until(LineClosed)
        line.on_send_text(SendText(to=LINE, number=1, text="too late"))

    assert reason in closed.reason
    assert closed.number == 1
    assert not texts(heard)
    assert len(heard.of(LineClosed)) == 1


def test_a_line_that_breaks_says_so_once_and_can_be_opened_again():
    def handle(connection):
        shake(connection)
        connection.sendall(frame("hello"))

    with opened(handle) as (line, heard):
        heard.until(LineClosed)
        line.on_open_line(OpenLine(to=LINE, number=2))
        heard.until(LineClosed, 2)

    assert [(type(said).__name__, said.number) for said in heard.said] == [
        ("LineOpened", 1), ("TextReceived", 1), ("LineClosed", 1),
        ("LineOpened", 2), ("TextReceived", 2), ("LineClosed", 2),
    ]  # fmt: skip


def test_what_we_closed_is_not_heard_of_again():
    count = []

    def handle(connection):
        shake(connection)
        with contextlib.suppress(OSError):
            while True:
                connection.sendall(frame("more"))
                count.append(1)
                time.sleep(0.001)
        count.append("left")

    with opened(handle) as (line, heard):
        heard.until(TextReceived, 3)
        line.on_close_line(CloseLine(to=LINE, number=7))
        heard.until(TextReceived, len(heard.of(TextReceived)) + 3)
        line.on_close_line(CloseLine(to=LINE, number=1))
        before = len(heard.said)
        until(lambda: count[-1] == "left")
        line._thread.join(20)

        assert len(heard.said) == before
        assert not heard.of(LineClosed)


def test_what_another_thread_cuts_is_told_to_its_user_once_and_can_be_opened_again():
    with opened(sending()) as (line, heard):
        line.cut("somebody stood still")
        line.cut("again")
        line.on_open_line(OpenLine(to=LINE, number=2))
        heard.until(LineOpened, 2)

    assert [(each.number, each.reason) for each in heard.of(LineClosed)] == [(1, "somebody stood still")]


def test_another_opening_ends_the_first_and_its_late_texts():
    with opened(sending(frame("a"))) as (line, heard):
        heard.until(TextReceived)
        line.on_open_line(OpenLine(to=LINE, number=2))
        heard.until(TextReceived, 2)

    assert [said.number for said in heard.said] == [1, 1, 2, 2]
    assert not heard.of(LineClosed)


def test_another_opening_closes_the_first_connection():
    left = []

    def handle(connection):
        shake(connection)
        stays(connection)
        left.append(1)

    with opened(handle) as (line, heard):
        line.on_open_line(OpenLine(to=LINE, number=2))
        heard.until(LineOpened, 2)
        until(lambda: left)

        assert len(left) == 1


def test_opening_does_not_block_and_a_venue_that_says_nothing_is_given_up(monkeypatch):
    monkeypatch.setattr("adapters.bitmex.connection.OPEN_S", 0.3)
    heard = Heard()
    with serving(stays) as port, a_line(port, heard) as line:
        line.on_open_line(OpenLine(to=LINE, number=1))
        (closed,) = heard.until(LineClosed)

    assert "timed out" in closed.reason


def test_a_venue_that_dribbles_its_answer_to_the_opening_is_given_up(monkeypatch):
    monkeypatch.setattr("adapters.bitmex.connection.OPEN_S", 0.5)

    def handle(connection):
        head_of(connection)
        with contextlib.suppress(OSError):
            while True:
                connection.sendall(b"x: y\r\n")
                time.sleep(0.05)

    heard = Heard()
    with serving(handle) as port, a_line(port, heard) as line:
        line.on_open_line(OpenLine(to=LINE, number=1))
        (closed,) = heard.until(LineClosed)

    assert closed.reason


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        (b"HTTP/1.1 429 Too Many\r\nRetry-After: 12\r\nContent-Length: 0\r\n\r\n", "status 429, retry after 12 s"),
        (b"HTTP/1.1 502 Bad\r\n\r\n", "status 502"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", "status 200"),
        (b"garbage\r\n\r\n", ":"),
    ],
)
def test_a_refused_opening_says_why(told, reason):
    def handle(connection):
        head_of(connection)
        connection.sendall(told)

    heard = Heard()
    with serving(handle) as port, a_line(port, heard) as line:
        line.on_open_line(OpenLine(to=LINE, number=1))
        (closed,) = heard.until(LineClosed)

    assert reason in closed.reason
    assert not heard.of(LineOpened)


def test_nobody_listening_is_said():
    with serving(stays) as port:
        pass
    heard = Heard()
    with a_line(port, heard) as line:
        line.on_open_line(OpenLine(to=LINE, number=1))
        (closed,) = heard.until(LineClosed)

    assert "refused" in closed.reason


def test_no_redirect_is_followed():
    reached = []

    def elsewhere(connection):
        reached.append(head_of(connection))

    with serving(elsewhere) as other:

        def handle(connection):
            head_of(connection)
            connection.sendall(f"HTTP/1.1 302 Found\r\nLocation: ws://127.0.0.1:{other}/realtime\r\n\r\n".encode())

        heard = Heard()
        with serving(handle) as port, a_line(port, heard) as line:
            line.on_open_line(OpenLine(to=LINE, number=1))
            heard.until(LineClosed)

    assert not reached
    assert not heard.of(LineOpened)


def test_no_proxy_of_the_environment_is_used(monkeypatch):
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "")

    with opened(sending(frame("here"))) as (_, heard):
        heard.until(TextReceived)

    assert texts(heard) == ["here"]


def test_a_peer_that_does_not_read_cannot_block_the_actor(monkeypatch):
    monkeypatch.setattr(pipes, "WRITE_S", 0.5)

    def handle(connection):
        shake(connection)
        ends.wait(60)

    ends = threading.Event()
    with opened(handle) as (line, heard):
        said, tries = (), 0
        while not said and tries < 1_000:
            said = line.on_send_text(SendText(to=LINE, number=1, text="x" * 1_000_000))
            tries += 1
        ends.set()

    assert [type(each) for each in said] == [LineClosed]
    assert "timed out" in said[0].reason
    assert not heard.of(LineClosed)


def test_what_is_sent_while_much_is_read_arrives_whole():
    got, count = [], 400

    def handle(connection):
        shake(connection)
        flood = threading.Thread(target=lambda: [connection.sendall(frame("f" * 20_000)) for _ in range(count)])
        flood.start()
        while len(got) < count:
            got.append(frame_of(connection)[1])
        flood.join()
        stays(connection)

    with opened(handle) as (line, heard):
        for number in range(count):
            line.on_send_text(SendText(to=LINE, number=1, text=f"{number} " + "s" * 2_000))
        until(lambda: len(got) == count)
        heard.until(TextReceived, count)

    assert [int(text.split()[0]) for text in got] == list(range(count))
    assert set(texts(heard)) == {"f" * 20_000}


def test_it_goes_on_reading_under_tls_while_it_writes(tmp_path):
    made, context = certificate(tmp_path)
    got, count = [], 200

    def handle(connection):
        shake(connection)
        for number in range(count):
            connection.sendall(frame("f" * 5_000))
            got.append(frame_of(connection)[1])
            assert len(got) == number + 1
        stays(connection)

    with opened(handle, context, scheme="wss", authorities=made) as (line, heard):
        for number in range(count):
            line.on_send_text(SendText(to=LINE, number=1, text=str(number)))
        heard.until(TextReceived, count)
        until(lambda: len(got) == count)

    assert [int(text) for text in got] == list(range(count))


def test_release_ends_the_thread_also_while_it_connects():
    heard = Heard()
    with serving(stays) as port, a_line(port, heard) as line:
        line.on_open_line(OpenLine(to=LINE, number=1))
        until(lambda: line._current._pipe is not None)
        line.release()

        assert not line._thread.is_alive()
    assert heard.said == []


def test_small_texts_do_not_wait_for_each_other():
    with opened(sending()) as (line, _):
        assert line._current._pipe._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


# Against the exchange.


@pytest.fixture(scope="module")
def server():
    with exchange.served(generated_market(seed=4, now=time.time_ns(), history_minutes=5, warm_up_s=5)) as found:
        yield found


def test_it_logs_in_at_the_exchange_and_hears_a_private_topic(server):
    heard, keys = Heard(), LoopbackKeys(exchange.KEY, exchange.SECRET)
    with a_line(server.port, heard, keys=keys) as line:
        line.on_open_line(OpenLine(to=LINE, number=1))
        heard.until(TextReceived)
        line.on_send_login(SendLogin(to=LINE, number=1, expires=int(time.time()) + 30))
        line.on_send_text(SendText(to=LINE, number=1, text='{"op": "subscribe", "args": ["margin", "trade:XBTUSD"]}'))
        until(lambda: any('"table":"margin"' in text.replace(" ", "") for text in texts(heard)), lambda: heard.said)

    assert "Welcome" in texts(heard)[0]
    assert all(json.loads(text) for text in texts(heard))
    assert not any(exchange.KEY in text or exchange.SECRET in text for text in texts(heard))


def test_a_socket_that_the_exchange_cuts_is_said(server):
    heard = Heard()
    server.faults.add(Rule(kind="cut", table="quote", skip=3))
    try:
        with a_line(server.port, heard) as line:
            line.on_open_line(OpenLine(to=LINE, number=1))
            heard.until(LineOpened)
            line.on_send_text(SendText(to=LINE, number=1, text='{"op": "subscribe", "args": ["quote:XBTUSD"]}'))
            heard.until(LineClosed)
    finally:
        server.faults.clear()

    assert len(heard.of(LineClosed)) == 1


def test_what_a_venue_repeats_of_the_keys_is_made_unreadable():
    sent = [frame(f"you are {KEY} / {SECRET}"), frame((4000).to_bytes(2, "big") + KEY.encode(), opcode=8)]
    with opened(sending(*sent), keys=LoopbackKeys(KEY, SECRET)) as (_, heard):
        heard.until(LineClosed)

    assert texts(heard) == ["you are *** / ***"]
    assert not any(KEY in repr(said) or SECRET in repr(said) for said in heard.said)
