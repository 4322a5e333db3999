"""An address is asked on a schedule and with manners; what is new is heard once, and failures are waited out."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.configuration import PollSection
from adapters.events import poll
from adapters.events.poll import REST_MAX_S, WAIT_MAX_S, Fetched, Poller, Polling, fetcher
from tests.adapters.events.listeners import Ear
from tests.builders import MONDAY

URL = "https://example.org/x"


def a_polling(heritage=None, **section):
    return Polling(PollSection(url=URL, id="id", **section), "mood", Random(1), heritage)


def an_answer(*ids, status=200, **headers):
    return Fetched(status=status, headers=headers, body=json.dumps([{"id": each} for each in ids]).encode())


def heard(polling, *ids):
    return [dict(row.payload)["id"] for row in polling.heard(an_answer(*ids), MONDAY).rows]


def test_what_was_there_before_the_start_is_no_news():
    polling = a_polling()

    assert heard(polling, 1, 2) == []
    assert heard(polling, 3, 1, 2) == [3]
    assert heard(polling, 3) == []


def test_what_is_there_at_the_start_is_heard_where_that_is_wanted():
    assert heard(a_polling(backlog=True), 1, 2) == [1, 2]


def test_the_next_incarnation_knows_what_was_heard():
    polling = a_polling()
    heard(polling, 1)
    heard(polling, 1, 2)

    successor = a_polling(polling.heritage())

    assert heard(successor, 1, 2, 3) == [3]


def test_of_several_new_items_the_earliest_is_heard_first():
    polling = a_polling(backlog=True, ts="at")
    body = json.dumps([{"id": 1, "at": 1704067300}, {"id": 2, "at": 1704067200}]).encode()

    found = polling.heard(Fetched(status=200, body=body), MONDAY)

    assert [dict(row.payload)["id"] for row in found.rows] == [2, 1]


def test_an_answer_is_asked_for_only_if_it_has_changed():
    polling = a_polling()

    polling.heard(an_answer(1, etag='"a1"', **{"last-modified": "Mon, 01 Jan 2024 00:00:00 GMT"}), MONDAY)
    found = polling.heard(Fetched(status=304), MONDAY)

    assert polling.headers()["If-None-Match"] == '"a1"'
    assert polling.headers()["If-Modified-Since"] == "Mon, 01 Jan 2024 00:00:00 GMT"
    assert (found.rows, found.trouble, found.rest_s) == ((), "", 60.0)


def test_a_validator_that_no_header_could_hold_is_not_sent_back():
    polling = a_polling()

    polling.heard(an_answer(1, etag="a\r\nX-Evil: 1"), MONDAY)

    assert "If-None-Match" not in polling.headers()


@pytest.mark.parametrize(
    ("fetched", "reason"),
    [
        (Fetched(failure="away"), "away"), (Fetched(status=500), "answers 500"),
        (Fetched(status=302), "is not followed"),
        (Fetched(status=200, body=b"<html>"), "cannot be read"), (Fetched(status=204), "answers 204"),
        (Fetched(status=200, headers={"content-encoding": "gzip"}, body=b"x"), "compressed"),
    ],
)  # fmt: skip
def test_a_failure_is_told_and_is_no_event(fetched, reason):
    found = a_polling().heard(fetched, MONDAY)

    assert reason in found.trouble
    assert found.rows == ()


@given(failures=st.integers(1, 60), seed=st.integers(0, 99), every=st.floats(1, 5_000))
def test_rests_grow_with_failures_within_bounds_and_end_with_an_answer(failures, seed, every):
    polling = Polling(PollSection(url=URL, every_s=every), "mood", Random(seed))

    rests = [polling.heard(Fetched(failure="away"), MONDAY).rest_s for _ in range(failures)]

    assert all(0.8 * every <= rest <= 1.2 * max(every, REST_MAX_S) for rest in rests)
    assert rests[-1] >= 0.8 * min(every * 2 ** (failures - 1), max(every, REST_MAX_S))
    assert polling.heard(an_answer(), MONDAY).rest_s == every


def test_retry_after_is_obeyed_up_to_an_hour():
    def rest(told):
        return a_polling().heard(an_answer(status=429, **{"retry-after": told}), MONDAY).rest_s

    assert rest("300") == 300
    assert rest("999999") == WAIT_MAX_S
    assert 48 <= rest("0") <= 72


def test_the_worker_says_events_and_troubles_with_the_time_of_receipt():
    answers = [an_answer(1), Fetched(failure="away"), an_answer(1, 2, None)]
    ear = Ear()
    worker = Poller(ear.teller, a_polling(), lambda _headers: answers.pop(0))

    for _ in range(3):
        ear.later(60)
        worker.turn()

    assert ear.payloads == [{"id": 2}]
    assert ear.events[0].received == ear.events[0].ts == ear.now
    assert ear.states == ["", "away", ""]
    assert "item 3" in ear.malformed[0]


# Over the wire.


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append(dict(self.headers))
        self.server.act(self)

    def log_message(self, *_):
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, *_):
        """Who asks gives up first, on purpose."""


@pytest.fixture
def site():
    server = _Server(("127.0.0.1", 0), _Handler)
    server.asked, server.act = [], None
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def fetch(site, key=None, headers=None, **section):
    url = f"http://127.0.0.1:{site.server_address[1]}/x"
    return fetcher(PollSection(url=url, **section), key)(headers or {})


def answering(body, status=200, **headers):
    def act(handler):
        handler.send_response(status)
        for name, value in {"Content-Length": len(body), **headers}.items():
            handler.send_header(name, str(value))
        handler.end_headers()
        handler.wfile.write(body)

    return act


def test_an_answer_comes_with_status_headers_and_body(site):
    site.act = answering(b"[1]", ETag='"x"')

    found = fetch(site, headers={"If-None-Match": '"w"'})

    assert (found.status, found.body, found.headers["etag"], found.failure) == (200, b"[1]", '"x"', "")
    assert site.asked[0]["If-None-Match"] == '"w"'


def test_a_key_is_sent_in_its_header_and_shown_nowhere(site):
    site.act = answering(b"")
    told = fetch(site, key="Bearer not-for-you", key_header="X-Key")

    assert site.asked[0]["X-Key"] == "Bearer not-for-you"
    assert "not-for-you" not in repr(told)


def test_a_redirect_is_not_followed(site):
    site.act = answering(b"", 302, Location="http://127.0.0.1:1/")

    assert fetch(site).status == 302
    assert len(site.asked) == 1


def test_an_answer_that_is_too_long_is_given_up(site):
    site.act = answering(b"x" * 5_000)

    assert fetch(site, bytes_max=4_000).failure == "the answer is longer than 4000 bytes"


def test_an_answer_without_a_length_is_bounded_too(site):
    def endless(handler):
        handler.send_response(200)
        handler.end_headers()
        for _ in range(1_000):
            handler.wfile.write(b"x" * 10_000)

    site.act = endless

    assert "longer than" in fetch(site, bytes_max=100_000).failure


def test_an_answer_that_comes_drop_by_drop_is_given_up(site, monkeypatch):
    monkeypatch.setattr(poll, "ANSWER_S", 0.3)

    def drips(handler):
        handler.send_response(200)
        handler.end_headers()
        for _ in range(200):
            handler.wfile.write(b"x")
            handler.wfile.flush()
            time.sleep(0.02)

    site.act = drips
    began = time.monotonic()

    assert "takes longer" in fetch(site).failure
    assert time.monotonic() - began < 2


def test_an_answer_that_breaks_off_is_a_failure(site):
    site.act = answering(b"xx", **{"Content-Length": 10})

    assert "cannot be reached" in fetch(site).failure


def test_who_does_not_answer_is_a_failure_and_so_is_who_is_not_there(site, monkeypatch):
    monkeypatch.setattr(poll, "CONNECT_S", 0.2)
    site.act = lambda _handler: time.sleep(1)
    assert "does not answer in time" in fetch(site).failure

    found = fetcher(PollSection(url="http://127.0.0.1:1/x"), None)({})

    assert "cannot be reached" in found.failure


def test_a_packed_answer_is_not_unpacked(site):
    site.act = answering(b"\x1f\x8b rest", **{"Content-Encoding": "gzip"})

    assert fetch(site).body == b"\x1f\x8b rest"
