"""The control endpoint obeys who has the token, on this machine, and nobody and nothing else."""

import hmac
import json
import os
import socket
import stat
import threading
import time

import pytest

from adapters.errors import InputError
from adapters.security import control_rules
from adapters.security.control import ControlServer
from adapters.security.control_rules import Asked, Gatekeeper, Scope
from adapters.security.lock import LockedError
from adapters.security.tokens import Tokens, tokens_of
from tests.adapters.security.asking import trading

PATIENCE = 30.0
CONTROL, STATUS = "Cw9vHqJtXkL3mZr8bN5yPd2sGf7aEu4oTi6cVx1jQBh", "Sp0WnMzK8eYtR3qLx6vBf9gHj2dCa5uTo7iXk4sVmZr"


@pytest.fixture
def trader(tmp_path):
    with trading(tmp_path / "run") as found:
        yield found


def without(lines, name):
    return [line for line in lines if not line.startswith(f"{name}:")]


# What it does.


def test_it_halts_on_the_thread_of_the_request_and_says_what_was_done(trader):
    status, _, answer = trader.ask(trader.good(), body=b'{"reason": "a fire", "flatten": true}')

    assert (status, answer) == (200, {"state": "HALTED", "cancelled": 3})
    assert trader.halts == [("a fire", True)]
    assert trader.threads[0] not in (threading.main_thread(), trader.server._thread)


def test_it_says_how_things_are_to_both_tokens(trader):
    for name in ("control", "status"):
        status, _, answer = trader.ask(trader.good("GET", trader.token(name)), "/status", "GET")
        assert (status, answer) == (200, {"state": "ACTIVE", "positions": {"XBTUSD": 5}})


def test_nothing_is_said_means_the_operator_and_no_flattening(trader):
    assert trader.ask(trader.good())[0] == 200
    assert trader.halts == [("operator", False)]


def test_a_halt_that_fails_is_told_to_whoever_asked_and_to_the_operator(trader):
    trader.fails = TimeoutError("no venue")

    status, _, answer = trader.ask(trader.good())

    assert (status, answer["error"]) == (500, "halt failed: TimeoutError; the log says more")
    assert trader.troubles == ["halt failed: TimeoutError: no venue"]


@pytest.mark.parametrize(
    "body",
    [
        b"", b"[]", b"null", b"{", b"\xff", b'{"flatten": 1}', b'{"flatten": "true"}', b'{"reason": 5}',
        b'{"reason": ""}', b'{"reason": " "}', b'{"reason": "a\\nb"}', b'{"reason": "a\\u001b[2J"}',
        b'{"reasons": "x"}',
        b'{"reason": "' + b"x" * 201 + b'"}', b"[" * 4_000,
    ],
    ids=lambda body: str(body[:20]),
)  # fmt: skip
def test_an_order_that_is_not_understood_is_refused(trader, body):
    assert trader.ask(trader.good(), body=body)[0] == 400
    assert trader.halts == []


# S07: where it listens.


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "192.0.2.1", "localhost.evil.example", "127.0.0.1.evil.example"])
def test_s07_it_listens_on_this_machine_alone(tmp_path, host):
    with pytest.raises(InputError, match="this machine alone"):
        ControlServer(tmp_path, on_halt=lambda *_: {}, on_status=dict, host=host)


def test_s07_the_socket_is_bound_to_loopback(trader):
    assert trader.server._server.socket.getsockname()[0] == "127.0.0.1"


# S08: tokens.


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX")
def test_s08_tokens_are_made_once_of_256_bits_and_private(tmp_path):
    before = os.umask(0)
    first = tokens_of(tmp_path / "a")
    os.umask(before)
    tokens = {first.control, first.status, *(getattr(tokens_of(tmp_path / "b"), n) for n in ("control", "status"))}

    assert len(tokens) == 4
    assert all(len(token) >= 43 for token in tokens)
    assert tokens_of(tmp_path / "a") == first, "a restart keeps them"
    for name in ("control.token", "status.token"):
        assert stat.S_IMODE((tmp_path / "a" / name).stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o700


@pytest.mark.parametrize(
    "token",
    ["", "\n", "changeme", "secret", "x" * 43, "ab" * 30, CONTROL[:42], CONTROL[:-1] + " x", CONTROL + "\nx", "ü" * 43],
)
@pytest.mark.parametrize("name", ["control", "status"])
def test_s08_an_empty_or_weak_token_refuses_to_start(tmp_path, name, token):
    (tmp_path / f"{name}.token").write_text(token)
    (tmp_path / f"{name}.token").chmod(0o600)

    with pytest.raises(InputError) as refused:
        ControlServer(tmp_path, on_halt=lambda *_: {}, on_status=dict)
    assert str(tmp_path) in str(refused.value)
    assert not token.strip() or token not in str(refused.value)


def test_s08_a_token_that_others_can_read_or_that_serves_twice_refuses_to_start(tmp_path):
    tokens = tokens_of(tmp_path)
    (tmp_path / "control.token").chmod(0o644)
    with pytest.raises(InputError, match="chmod 600"):
        tokens_of(tmp_path)
    (tmp_path / "control.token").chmod(0o600)
    (tmp_path / "control.token").write_text(tokens.status)

    with pytest.raises(InputError, match="the same"):
        tokens_of(tmp_path)


@pytest.mark.parametrize(
    "line",
    [
        None, "Authorization:", "Authorization: Bearer", "Authorization: Bearer ", "Authorization: Bearer x",
        "Authorization: {token}", "Authorization: Basic {token}", "Authorization: Bearer {token}x",
        "Authorization: Bearer {short}", "Authorization: Bearer  {token}", "Cookie: token={token}", "X-Token: {token}",
        "Authorization: Bearer {lower}", "Authorization: Bearer \xfc",
    ],
)  # fmt: skip
def test_s08_s09_only_the_whole_token_in_its_header_counts(trader, line):
    token = trader.token()
    line = line and line.format(token=token, short=token[:-1], lower=token.swapcase())

    status, head, answer = trader.ask([*without(trader.good(), "Authorization"), *([line] if line else [])])

    assert status == 401
    assert "WWW-Authenticate: Bearer" in head
    assert token not in json.dumps(answer)
    assert trader.halts == []


def test_s08_two_authorizations_are_none(trader):
    assert trader.ask([*trader.good(), f"Authorization: Bearer {trader.token()}"])[0] == 401


def test_s08_who_may_read_may_not_halt(trader):
    status, _, answer = trader.ask(trader.good(token=trader.token("status")))

    assert (status, answer["error"]) == (403, "this token may only read")
    assert trader.halts == []


@pytest.mark.parametrize("token", [CONTROL, STATUS, "", "x", CONTROL[:-1], "x" * 10_000, "\udcff"])
def test_s08_each_token_is_compared_whole_and_in_constant_time(monkeypatch, token):
    compared = []

    def watched(one, other):
        compared.append((len(one), len(other)))
        return hmac.compare_digest(one, other)

    class Watched:
        compare_digest = staticmethod(watched)

    gatekeeper = Gatekeeper(Tokens(control=CONTROL, status=STATUS), 80)
    monkeypatch.setattr(control_rules, "hmac", Watched)

    expected = {CONTROL: Scope.CONTROL, STATUS: Scope.STATUS}
    assert gatekeeper.scope(token) is expected.get(token, Scope.NOTHING)
    assert compared == [(32, 32), (32, 32)], "as often, and as long, whatever was given"


def test_s08_tokens_are_in_no_repr():
    tokens = Tokens(control=CONTROL, status=STATUS)

    assert CONTROL not in repr(tokens)
    assert STATUS not in repr(tokens)
    assert tokens.redact(f"{CONTROL} {STATUS[:20]}") == "*** ***"


# S09: never in an address.


@pytest.mark.parametrize(
    "target", ["/halt?token={}", "/halt?{}", "/halt/{}", "/{}/halt", "/{}", "/halt#{}", "/halt?", "http://127.0.0.1/{}"]
)
def test_s09_a_token_in_the_address_is_refused_though_the_header_has_it_too(trader, target):
    status, _, answer = trader.ask(trader.good(), target.format(trader.token()))

    assert status == 400
    assert trader.token() not in json.dumps(answer)
    assert trader.halts == []


def test_s09_no_access_is_logged_and_no_token_is_in_what_is_told(trader, capfd):
    trader.ask(trader.good(), f"/halt?token={trader.token()}")
    trader.ask([f"Host: 127.0.0.1:{trader.port}", f"Authorization: Bearer {trader.token()}x"])
    trader.raw(f"NONSENSE {trader.token()}\r\n\r\n".encode())
    out, err = capfd.readouterr()

    assert out + err == ""
    assert trader.troubles
    assert trader.token() not in " ".join(trader.troubles)


# S10: browsers.


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "[::1]"])
def test_s10_it_answers_to_this_machine_s_names_with_its_port(trader, name):
    lines = [f"Host: {name}:{trader.port}", *trader.good()[1:]]

    assert trader.ask(lines)[0] == 200
    assert trader.ask([*lines, f"Origin: http://{name}:{trader.port}"])[0] == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example", "evil.example:{port}", "127.0.0.1.evil.example:{port}", "127.0.0.1", "localhost", "127.0.0.1:1",
        "127.0.0.1:{port}.evil.example", "127.0.0.1:{port}@evil.example", "localhost.:{port}", "", "127.1:{port}",
        "0.0.0.0:{port}", "LOCALHOST.evil:{port}", "[::1]", "[::ffff:127.0.0.1]:{port}",
    ],
)  # fmt: skip
def test_s10_every_other_name_is_refused_even_with_the_token(trader, host):
    assert trader.ask([f"Host: {host.format(port=trader.port)}", *trader.good()[1:]])[0] == 403
    assert trader.halts == []


def test_s10_no_name_and_two_names_are_refused(trader):
    assert trader.ask(trader.good()[1:])[0] == 403
    assert trader.ask([*trader.good(), "Host: evil.example"])[0] == 403


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example", "null", "", "http://127.0.0.1", "http://127.0.0.1.evil.example:{port}",
        "https://127.0.0.1:{port}", "http://127.0.0.1:{port}.evil.example", "http://127.0.0.1:{port}/", "file://",
        "http://evil.example:{port}", "http://LOCALHOST:{port}",
    ],
)  # fmt: skip
@pytest.mark.parametrize(("verb", "target"), [("POST", "/halt"), ("GET", "/status")])
def test_s10_a_foreign_page_is_refused_even_with_the_token(trader, origin, verb, target):
    lines = [*trader.good(verb), f"Origin: {origin.format(port=trader.port)}"]

    assert trader.ask(lines, target, verb)[0] == 403
    assert trader.halts == []


def test_s10_a_second_origin_does_not_hide_the_first(trader):
    lines = [*trader.good(), f"Origin: http://127.0.0.1:{trader.port}", "Origin: http://evil.example"]

    assert trader.ask(lines)[0] == 403


@pytest.mark.parametrize(
    ("name", "instead", "code"),
    [
        ("Content-Type", None, 415), ("Content-Type", "text/plain", 415), ("X-Openoutcry", None, 403),
        ("Content-Type", "application/x-www-form-urlencoded", 415), ("Content-Type", "application/jsonx", 415),
        ("Content-Type", "text/plain; application/json", 415), ("X-Openoutcry", "0", 403),
        ("X-Openoutcry", "1, 1", 403),
    ],
)  # fmt: skip
def test_s10_what_a_form_can_send_changes_nothing(trader, name, instead, code):
    lines = without(trader.good(), name) + ([f"{name}: {instead}"] if instead else [])

    assert trader.ask(lines)[0] == code
    assert trader.halts == []


def test_s10_no_browser_is_told_that_others_may_ask(trader):
    preflight = [
        f"Host: 127.0.0.1:{trader.port}", "Origin: http://evil.example", "Access-Control-Request-Method: POST",
        "Access-Control-Request-Headers: authorization, x-openoutcry",
    ]  # fmt: skip
    status, head, _ = trader.ask(preflight, verb="OPTIONS")

    assert status == 403
    for told in (head, trader.ask(trader.good())[1]):
        assert "access-control" not in told.lower()
        assert "no-store" in told
        assert "Python" not in told


@pytest.mark.parametrize(
    ("verb", "target", "code"),
    [
        ("GET", "/halt", 405), ("POST", "/status", 405), ("PUT", "/halt", 405), ("DELETE", "/status", 405),
        ("HEAD", "/status", 405), ("OPTIONS", "/halt", 405), ("PATCH", "/halt", 405), ("GET", "/", 404),
        ("POST", "/halt/", 404), ("POST", "//halt", 404), ("POST", "/HALT", 404), ("GET", "/../status", 404),
        ("POST", "http://127.0.0.1/halt", 404), ("CONNECT", "/halt", 501), ("BREW", "/halt", 501),
    ],
)  # fmt: skip
def test_there_are_two_things_to_ask_for_each_with_its_verb(trader, verb, target, code):
    assert trader.ask(trader.good(), target, verb)[0] == code
    assert trader.halts == []


# S11: guessing.


def test_s11_wrong_tokens_are_slowed_down_and_right_ones_never(trader):
    wrong = trader.good(token="x" * 43)

    codes = [trader.ask(wrong)[0] for _ in range(8)]

    assert codes == [401] * 5 + [429] * 3
    status, head, _ = trader.ask(wrong)
    assert status == 429
    assert 1 <= int(head.partition("Retry-After: ")[2].split()[0]) <= 60
    assert trader.ask(trader.good())[0] == 200
    assert trader.ask(trader.good("GET", trader.token("status")), "/status", "GET")[0] == 200
    assert trader.halts == [("operator", False)]
    assert any("too many wrong tokens" in text for text in trader.troubles)


def test_s11_a_minute_later_wrong_tokens_are_told_again_that_they_are_wrong():
    gatekeeper = Gatekeeper(Tokens(control=CONTROL, status=STATUS), 80)
    asked = Asked(verb="GET", target="/status", headers=[("host", "localhost:80")])

    codes = [gatekeeper.judge(asked, now).status for now in (0, 1, 2, 3, 4, 5, 59.9, 60.5, 60.6, 61.5)]

    assert codes == [401, 401, 401, 401, 401, 429, 429, 401, 429, 401]


def test_s11_refusals_do_not_fill_the_log(trader):
    for _ in range(60):
        trader.ask(["Host: evil.example"])

    assert 5 <= len(trader.troubles) <= 20


# Limits.


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ([], 411), (["Content-Length: x"], 411), (["Content-Length: -1"], 411), (["Content-Length: +2"], 411),
        (["Content-Length: 2", "Content-Length: 2"], 411), (["Content-Length: 2", "Transfer-Encoding: chunked"], 411),
        (["Content-Length: 4097"], 413), (["Content-Length: 99999999999999999999"], 413), (["Content-Length: ²"], 411),
    ],
)  # fmt: skip
def test_a_body_without_a_length_or_with_too_much_of_it_is_not_read(trader, lines, code):
    assert trader.ask([*trader.good(), *lines], sized=False)[0] == code
    assert trader.halts == []


def test_heads_without_end_are_cut_off(trader):
    long = trader.raw(b"GET /" + b"x" * 100_000 + b" HTTP/1.1\r\n\r\n")
    many = trader.raw(b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 1_000 + b"\r\n")

    assert " 414 " in long.partition("\r\n")[0]
    assert " 431 " in many.partition("\r\n")[0]
    assert "xxx" not in long
    assert trader.ask(trader.good())[0] == 200


def test_who_breaks_off_halts_nothing(trader):
    head = "\r\n".join(["POST /halt HTTP/1.1", *trader.good(), "Content-Length: 20", "", ""]).encode()
    with socket.create_connection(("127.0.0.1", trader.port), timeout=30) as wire:
        wire.sendall(head + b'{"flatten"')

    assert trader.ask(trader.good("GET"), "/status", "GET")[0] == 200
    assert trader.halts == []


def test_who_only_occupies_places_gives_them_up(tmp_path, monkeypatch):
    monkeypatch.setattr("adapters.security.bounded_http.REQUEST_S", 0.5)
    with trading(tmp_path) as trader:
        idle = [socket.create_connection(("127.0.0.1", trader.port), timeout=30) for _ in range(40)]
        dripping = threading.Event()

        def drip():
            while not dripping.wait(0.05):
                for wire in idle:
                    try:
                        wire.send(b"G")
                    except OSError:
                        continue

        thread = threading.Thread(target=drip)
        thread.start()
        try:
            deadline = time.monotonic() + PATIENCE
            while not trader.halts:
                assert time.monotonic() < deadline
                try:
                    trader.ask(trader.good())
                except (OSError, ValueError, IndexError):
                    time.sleep(0.05)
        finally:
            dripping.set()
            thread.join()
            for wire in idle:
                wire.close()


# The folder.


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX")
def test_s18_the_folder_says_where_to_ask_and_to_its_owner_only(tmp_path):
    before = os.umask(0)
    try:
        with trading(tmp_path / "run") as trader:
            told = json.loads((tmp_path / "run" / "control.json").read_text())
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "run").iterdir()}
    finally:
        os.umask(before)

    assert told == {"host": "127.0.0.1", "port": trader.port, "pid": os.getpid()}
    assert modes == dict.fromkeys(("control.json", "control.lock", "control.token", "status.token"), 0o600)
    assert not (tmp_path / "run" / "control.json").exists(), "it is gone with the endpoint"


def test_a_folder_has_one_endpoint(trader):
    with pytest.raises(LockedError, match="control of"), trading(trader.folder):
        pass
    assert trader.ask(trader.good())[0] == 200


def test_a_port_that_is_taken_is_said_and_leaves_nothing_behind(trader, tmp_path):
    with pytest.raises(InputError, match=f"port {trader.port}"), trading(tmp_path / "other", port=trader.port):
        pass
    with trading(tmp_path / "other") as other:
        assert other.ask(other.good())[0] == 200


def test_it_listens_on_the_newer_loopback_too(tmp_path):
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6")
    with trading(tmp_path, host="::1") as trader:
        assert trader.server._server.socket.getsockname()[0] == "::1"


def test_closing_twice_or_before_the_start_is_no_trouble(tmp_path):
    server = ControlServer(tmp_path, on_halt=lambda *_: {}, on_status=dict)
    server.close()
    server.start()
    server.close()
    server.close()
    assert server.start()
    server.close()
