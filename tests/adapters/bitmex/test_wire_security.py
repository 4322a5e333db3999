"""Keys go over verified TLS or stay on this machine, and nothing that is printed, raised or logged shows them."""

import ast
import contextlib
import io
import logging
import pathlib
import time
import traceback

import pytest
import websocket
from loguru import logger

from adapters import cli
from adapters.bitmex import connections, environment
from adapters.bitmex.client import RestClient
from adapters.bitmex.credentials import LoopbackKeys
from adapters.bitmex.environment import Loopback, Mainnet
from adapters.bitmex.line import SocketLine
from adapters.bitmex.rest import RestWorker
from adapters.bitmex.transport import allowed, verified
from adapters.errors import VenueError
from messages import LineClosed, LineOpened, OpenLine, SendLogin, SendRequest
from tests.adapters.bitmex.wire_servers import (
    KEY,
    SECRET,
    Answering,
    Heard,
    answer,
    certificate,
    frame,
    frame_of,
    head_of,
    serving,
    shake,
)

ADAPTERS = pathlib.Path(cli.__file__).parent
KEYS = LoopbackKeys(KEY, SECRET)


# What no module may say.


def unsafe(source):
    """What a module says that switches a check off, or follows a redirect."""
    found = []
    for node in ast.walk(ast.parse(source)):
        name = getattr(node, "attr", None) or getattr(node, "id", None) or ""
        if name in (
            "CERT_NONE",
            "CERT_OPTIONAL",
            "_create_unverified_context",
            "disable_warnings",
            "InsecureRequestWarning",
        ):
            found.append(name)
        if isinstance(node, ast.ImportFrom) and any(each.name.startswith("CERT_") for each in node.names):
            found.append("CERT_")
        if isinstance(node, ast.Constant) and node.value in ("CERT_NONE", "CERT_OPTIONAL"):
            found.append(node.value)
        for target, value in settings(node):
            off = isinstance(value, ast.Constant) and value.value in (False, 0, None, "")
            on = isinstance(value, ast.Constant) and value.value in (True, 1)
            if target in ("verify", "check_hostname", "assert_hostname", "verify_ssl") and off:
                found.append(target)
            if target in ("allow_redirects", "trust_env") and not off:
                found.append(target)
            if target == "redirect" and on:
                found.append(target)
            if target == "redirect_limit" and not (isinstance(value, ast.Constant) and value.value == 0):
                found.append(target)
        if isinstance(node, ast.Call) and getattr(node.func, "attr", None) in ("Session", "create_connection"):
            owner = getattr(node.func.value, "id", "")
            if owner in ("requests", "websocket"):
                # A session follows redirects, proxies and cookies; the library's own sockets do too.
                found.append(f"{owner}.{node.func.attr}")
    return found


KNOWN = {"events/poll.py": ["requests.Session"]}
"""It asks an address of the user's own, with no venue's keys, and its tests show that it follows and trusts nothing."""


def settings(node):
    """(name, value) of what a node sets: an argument, a variable, an attribute, an entry."""
    if isinstance(node, ast.Call):
        yield from ((each.arg, each.value) for each in node.keywords)
    elif isinstance(node, ast.Assign):
        for target in node.targets:
            yield getattr(target, "attr", None) or getattr(target, "id", None), node.value
    elif isinstance(node, ast.AnnAssign):
        yield getattr(node.target, "attr", None) or getattr(node.target, "id", None), node.value
    elif isinstance(node, ast.Dict):
        yield from ((getattr(key, "value", None), value) for key, value in zip(node.keys, node.values, strict=True))


@pytest.mark.parametrize("path", sorted(ADAPTERS.rglob("*.py")), ids=lambda path: str(path.relative_to(ADAPTERS)))
def test_no_module_switches_a_check_off(path):
    found = unsafe(path.read_text(encoding="utf-8"))

    assert found == KNOWN.get(str(path.relative_to(ADAPTERS)), [])


@pytest.mark.parametrize(
    "source",
    [
        "requests.get(url, verify=False)", "session.verify = False", "x = {'verify': False}", "ssl.CERT_NONE",
        "from ssl import CERT_NONE", "context.check_hostname = False", "ssl._create_unverified_context()",
        "get(url, allow_redirects=True)", "get(url, allow_redirects=flag)", "requests.Session()",
        "websocket.create_connection(url)", "socket.connect(url, redirect_limit=3)", "HTTPSPool(cert_reqs='CERT_NONE')",
        "pool.urlopen(redirect=True)", "s.trust_env = True", "urllib3.disable_warnings()",
    ],
)  # fmt: skip
def test_a_planted_one_is_found(source):
    assert unsafe(source)


# Where keys may go.


@pytest.mark.parametrize(
    "url",
    [
        "http://www.bitmex.com", "ws://ws.bitmex.com/realtime", "http://127.0.0.1.evil.test", "http://localhost.evil.test",
        "http://127.0.0.1@evil.test", "https://user:word@www.bitmex.com", "ftp://127.0.0.1", "127.0.0.1:80", "",
        "http://0.0.0.0:1", "http://192.168.0.1",
    ],
)  # fmt: skip
def test_without_tls_only_this_machine_is_spoken_to(url):
    with pytest.raises(ValueError, match=r"without TLS|an address is"):
        allowed(url)
    with pytest.raises(ValueError, match=r"without TLS|an address is"):
        RestWorker(url, KEYS)
    with pytest.raises(ValueError, match=r"without TLS|an address is"):
        SocketLine("line@main", "venue@main", url, Heard(), keys=KEYS)


@pytest.mark.parametrize("url", ["wss://www.bitmex.com", "ws://127.0.0.1:1"])
def test_a_sockets_address_is_never_asked_as_if_it_were_one_for_requests(url):
    with pytest.raises(ValueError, match="begins with https or http"):
        RestWorker(url, KEYS)


@pytest.mark.parametrize("url", ["https://ws.bitmex.com/realtime", "http://127.0.0.1:1"])
def test_an_address_for_requests_is_never_opened_as_a_socket(url):
    with pytest.raises(ValueError, match="begins with wss or ws"):
        SocketLine("line@main", "venue@main", url, Heard(), keys=KEYS)


@pytest.mark.parametrize(
    "venue",
    [environment.Testnet(), Mainnet(live_money=True, account=1), Loopback(port=1), Loopback(host="::1", port=1)],
)
def test_every_environment_may_be_spoken_to(venue):
    assert allowed(venue.rest).hostname
    assert allowed(venue.socket).hostname


def test_tls_is_of_this_decade_and_checks_name_and_certificate(monkeypatch):
    monkeypatch.setenv("SSLKEYLOGFILE", "/nonexistent/keys")
    context = verified()

    assert context.minimum_version.name == "TLSv1_2"
    assert context.verify_mode.name == "CERT_REQUIRED"
    assert context.check_hostname
    assert context.keylog_filename is None
    assert context.cert_store_stats()["x509_ca"] > 50


@pytest.mark.parametrize("names", ["IP:127.0.0.1", "DNS:elsewhere.test"])
def test_a_socket_is_not_opened_with_a_certificate_that_is_not_trusted_or_for_another(names, tmp_path, monkeypatch):
    made, context = certificate(tmp_path, names)
    trusted = made if "elsewhere" in names else None
    # What the library would believe is of no effect.
    monkeypatch.setenv("WEBSOCKET_CLIENT_CA_BUNDLE", made)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", made)
    monkeypatch.setenv("SSL_CERT_FILE", made)
    heard, heads = Heard(), []
    with serving(lambda connection: heads.append(head_of(connection)), context) as port:
        line = SocketLine(
            "line@main", "venue@main", f"wss://127.0.0.1:{port}/realtime", heard, keys=KEYS, authorities=trusted
        )
        line.on_open_line(OpenLine(to="line@main", number=1))
        (closed,) = heard.until(LineClosed)
        line.release()

    assert "certificate" in closed.reason.lower()
    assert not heads
    assert not heard.of(LineOpened)


# Canaries.


@contextlib.contextmanager
def everything_printed(monkeypatch, capfd):
    """All that is logged at DEBUG by whomever, printed, or shown by loguru of an exception with its variables."""
    shown, handler = io.StringIO(), logging.StreamHandler(io.StringIO())
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    for name in ("urllib3", "requests", "websocket", "http.client"):
        monkeypatch.setattr(logging.getLogger(name), "level", logging.DEBUG)
    monkeypatch.setattr("http.client.HTTPConnection.debuglevel", 1)
    websocket.enableTrace(traceable=True)
    sink = logger.add(shown, diagnose=True, backtrace=False, level=0)
    texts = []
    try:
        yield texts
    finally:
        logger.remove(sink)
        websocket.enableTrace(traceable=False)
        root.removeHandler(handler)
        root.setLevel(level)
        printed = capfd.readouterr()
        texts += [shown.getvalue(), handler.stream.getvalue(), printed.out, printed.err]


def shown_fully(error, texts):
    """An exception as whoever prints most would print it."""
    told = traceback.TracebackException.from_exception(error, capture_locals=True)
    texts += ["".join(told.format()), repr(error), str(error)]
    logger.opt(exception=error).error("caught")


def failure_of(client):
    """What it raises, with frames that begin here: those of the test hold the canaries, as they must."""
    try:
        client.account_number()
    except VenueError as error:
        return error
    return None


REPLIES = {
    "repeats": answer(f'{{"key":"{KEY}","secret":"{SECRET}"}}'.encode(), X_Request_Id=KEY, Retry_After=SECRET),
    "refuses": answer(f"no {SECRET}".encode(), status="401 No"),
    "cuts": b"",
    "garbage": f"garbage {KEY}\r\n\r\n".encode(),
    "length": f"HTTP/1.1 200 OK\r\nContent-Length: {KEY}\r\n\r\n".encode(),
    "redirects": f"HTTP/1.1 302 F\r\nLocation: /{KEY}\r\n\r\n".encode(),
    "packed": b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",
}


@pytest.mark.parametrize("breaks", [False, True])
@pytest.mark.parametrize("reply", REPLIES)
def test_no_way_of_a_request_shows_the_keys(reply, breaks, monkeypatch, capfd):
    def broken(connection, _data):
        raise RuntimeError(f"{connection} {KEY}")

    server = Answering(lambda connection: connection.sendall(REPLIES[reply]))
    with serving(server) as port, everything_printed(monkeypatch, capfd) as texts:
        if breaks:
            monkeypatch.setattr(connections._Connection, "send", broken)
        worker = RestWorker(f"http://127.0.0.1:{port}", KEYS, timeout_s=5)
        for verb in ("GET", "POST"):
            request = SendRequest(to="rest", reply_to="venue", number=1, verb=verb, path="/api/v1/order", body="")
            texts += [repr(said) for said in worker.on_send_request(request)]
        texts += [repr(worker), repr(vars(worker._sender))]
        client = RestClient(Loopback(port=port), KEYS, sleep=lambda _: None, timeout_s=5)
        shown_fully(failure_of(client), texts)
        worker.release()
        client.close()

    signatures = [headers["api-signature"] for _, headers, _ in server.requests]
    assert breaks or signatures
    assert any("Starting new HTTP connection" in text for text in texts)
    assert any("caught" in text and "account_number" in text for text in texts)
    assert not [text for text in texts if any(word in text for word in (KEY, SECRET, *signatures))]


@pytest.mark.parametrize("after", ["cut", "repeat", "hang", "bug"])
def test_no_way_of_a_log_in_shows_the_keys(after, monkeypatch, capfd):
    log_ins, heard = [], Heard()
    monkeypatch.setattr("adapters.bitmex.pipe.WRITE_S", 2.0)

    def handle(connection):
        shake(connection)
        if after == "hang":
            time.sleep(3)
        log_ins.append(frame_of(connection)[1].decode())
        if after == "repeat":
            connection.sendall(frame(f"{KEY} {SECRET}") + frame((4000).to_bytes(2, "big") + SECRET.encode(), opcode=8))

    def broken(_socket, told):
        log_ins.append(told.data.decode())
        raise RuntimeError(told.data.decode().replace("op", SECRET))

    with serving(handle) as port, everything_printed(monkeypatch, capfd) as texts:
        line = SocketLine("line@main", "venue@main", f"ws://127.0.0.1:{port}/realtime", heard, keys=KEYS)
        line.on_open_line(OpenLine(to="line@main", number=1))
        heard.until(LineOpened)
        if after == "bug":
            monkeypatch.setattr(websocket.WebSocket, "send_frame", broken)
        said = line.on_send_login(SendLogin(to="line@main", number=1, expires=int(time.time()) + 5))
        texts += [repr(each) for each in said]
        if after != "bug":
            heard.until(LineClosed)
        texts.extend([*map(repr, heard.said), repr(line), repr(vars(line))])
        line.release()

    assert len(log_ins) == 1
    assert all(KEY in text for text in log_ins)
    signed = [text.split('"')[-2] for text in log_ins]
    assert not [text for text in texts if any(word in text for word in (KEY, SECRET, *signed))]
