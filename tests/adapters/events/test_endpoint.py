"""The endpoint hears events that are sent with its token, and neither strangers nor floods nor slow clients harm it."""

import json
import socket
import threading
import time

import pytest
import requests

from adapters.configuration import ListenSection
from adapters.events.endpoint import Endpoint
from tests.adapters.events.listeners import Ear
from tests.adapters.events.test_door import TOKEN
from tests.builders import MONDAY, SECOND


def a_free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


class Site:
    """An endpoint that listens."""

    def __init__(self, **section):
        self.port = a_free_port()
        self.ear = Ear()
        self.endpoint = Endpoint(ListenSection(port=self.port, **section), self.ear.teller, TOKEN, kind="mood")
        self.endpoint.turn()
        self.url = f"http://127.0.0.1:{self.port}/events"

    def post(self, found, token=TOKEN, **more):
        data = found if isinstance(found, bytes) else json.dumps(found)
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        return requests.post(self.url, data=data, headers=headers, timeout=5, **more)

    def raw(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=5)

    def head(self, length, token=TOKEN):
        return (
            f"POST /events HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nAuthorization: Bearer {token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
        ).encode()


@pytest.fixture
def made():
    sites = []

    def make(**section):
        sites.append(Site(**section))
        return sites[-1]

    yield make
    for site in sites:
        site.endpoint.close()


def test_an_event_is_heard_with_the_time_of_its_receipt(made):
    site = made()
    site.ear.later(7)

    answer = site.post({"ts": 1704067200, "score": 0.5})

    assert (answer.status_code, answer.json()) == (200, {"heard": 1})
    (event,) = site.ear.events
    assert (event.source, event.kind, event.ts, event.received) == ("mood", "mood", MONDAY, MONDAY + 7 * SECOND)
    assert event.payload == (("score", 0.5),)
    assert site.ear.states == [""]


def test_what_nobody_hears_any_more_is_not_called_heard(made):
    site = made()
    site.ear.teller.over = True

    answer = site.post({"score": 0.5})

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert site.ear.events == []


def test_a_list_is_heard_in_its_order(made):
    site = made()

    assert site.post([{"n": 1}, {"n": 2}]).json() == {"heard": 2}
    assert site.ear.payloads == [{"n": 1}, {"n": 2}]


def test_a_wrong_token_is_refused_told_and_not_repeated(made):
    site = made()

    answer = site.post({"n": 1}, token="not-the-token")

    assert answer.status_code == 401
    assert site.ear.events == []
    assert "a token is needed" in site.ear.malformed[0]
    assert "not-the-token" not in answer.text + str(site.ear.heard)


def test_other_verbs_and_places_are_refused(made):
    site = made()
    headers = {"Authorization": f"Bearer {TOKEN}"}

    assert requests.get(site.url, headers=headers, timeout=5).status_code == 405
    assert requests.post(site.url + "/x", headers=headers, json={}, timeout=5).status_code == 404
    assert site.ear.events == []


def test_a_body_that_is_too_large_is_refused_before_it_is_read(made):
    site = made(bytes_max=1_000)

    with site.raw() as connection:
        connection.sendall(site.head(10_000_000))
        answer = connection.recv(4_096)

    assert b" 413 " in answer
    assert site.ear.events == []


def test_a_malformed_body_is_refused_with_its_reason_and_named(made):
    site = made()

    answer = site.post([{"n": 1}, {"n": [2]}])

    assert answer.status_code == 400
    assert answer.json() == {"error": "n: event 2: is a list; only texts, numbers, true, false and null are taken"}
    assert site.ear.events == []
    assert "event 2" in site.ear.malformed[0]


def test_a_body_that_breaks_off_is_no_event(made):
    site = made()

    with site.raw() as connection:
        connection.sendall(site.head(100) + b'{"n": 1}')
        connection.shutdown(socket.SHUT_WR)
        connection.recv(4_096)

    assert site.ear.events == []


def test_slow_clients_give_up_their_places_and_others_are_heard(made, monkeypatch):
    monkeypatch.setattr("adapters.security.bounded_http.REQUEST_S", 0.5)
    site = made()
    slow = [site.raw() for _ in range(16)]
    try:
        for connection in slow:
            connection.sendall(site.head(10)[:20])
        until = time.monotonic() + 5
        while not site.ear.events and time.monotonic() < until:
            try:
                site.post({"n": 1})
            except requests.ConnectionError:
                time.sleep(0.05)
    finally:
        for connection in slow:
            connection.close()

    assert site.ear.payloads == [{"n": 1}]


def test_a_flood_is_bounded_in_what_is_heard_and_in_what_is_told(made):
    site = made(events_per_second=10)
    codes = []

    def floods():
        for _ in range(40):
            try:
                codes.append(site.post({"n": 1}).status_code)
            except requests.ConnectionError:
                codes.append(0)

    began = time.monotonic()
    threads = [threading.Thread(target=floods) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.monotonic() - began

    assert len(site.ear.events) <= 10 * (seconds + 1) + 1
    assert codes.count(200) == len(site.ear.events) >= 10
    assert codes.count(429) > 0
    assert len(site.ear.malformed) <= 20


def test_a_list_longer_than_may_come_is_refused_whole(made):
    site = made(events_per_second=5)

    assert site.post([{"n": n} for n in range(9)]).status_code == 429
    assert site.ear.events == []


def test_a_port_that_is_taken_is_told_and_tried_again(made):
    first = made()
    ear = Ear()
    second = Endpoint(ListenSection(port=first.port), ear.teller, TOKEN, kind="mood")

    rest = second.turn()
    first.endpoint.close()
    second.turn()

    assert rest > 1
    assert "cannot listen on 127.0.0.1 port" in ear.states[0]
    assert ear.states[1] == ""
    second.close()


def test_nothing_is_heard_once_it_is_closed(made):
    site = made()

    site.endpoint.close()

    with pytest.raises(requests.ConnectionError):
        site.post({"n": 1})
    assert site.endpoint.turn() > 0
    with pytest.raises(requests.ConnectionError):
        site.post({"n": 1})
