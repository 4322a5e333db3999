"""Over the wire: whatever a venue does to a download, it waits as told, asks again, but not for ever, and says so."""

import json
import time
from random import Random

import pytest

from adapters.bitmex.downloads import BitmexHistory, client_of
from adapters.bitmex.questions import PUBLIC_LIMIT
from adapters.download.download import Download
from adapters.errors import InputError, VenueError
from adapters.store import Store
from tests.adapters.bitmex.wire_servers import answer, serving
from tests.adapters.download.venue_of_history import OnPort, PastVenue, a_trade, crowded_trades, wanted
from tests.builders import HOUR, MINUTE, MONDAY, SECOND

LIMITED = answer(
    b'{"error":{"message":"Rate limit exceeded, retry in 7 seconds."}}', status="429 Slow", Retry_After="7"
)
OVERLOADED = answer(
    b'{"error":{"message":"The system is currently overloaded. Please try again later.","name":"HTTPError"}}',
    status="503 Busy",
)


class Clock:
    """Time passes by sleeping only."""

    def __init__(self):
        self.now, self.slept = MONDAY + 48 * HOUR, []

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += round(seconds * SECOND)


def download(folder, port, clock, series=None, *, timeout_s=5.0):
    series = series or wanted()
    client = client_of(
        series, f"http://127.0.0.1:{port}", sleep=clock.sleep, clock=clock, random=Random(1), timeout_s=timeout_s
    )
    with client:
        source = BitmexHistory(client, series, clock=clock, sleep=clock.sleep)
        source.check()
        return Download(Store(folder), folder, series, source, sleep=clock.sleep).run()


def run(folder, venue, faults, clock=None, **options):
    clock = clock or Clock()
    server = OnPort(venue, faults)
    with serving(server) as port:
        return download(folder, port, clock, **options), server, clock


def a_silence(connection):
    """No answer while anybody waits for it."""
    connection.settimeout(3)
    try:
        connection.recv(1)
    except TimeoutError:
        return


def test_all_of_them_at_once_change_nothing_about_the_rows(tmp_path):
    rows = crowded_trades(3_000, Random(3), step_ms=1_000)
    faults = {
        2: LIMITED,
        4: OVERLOADED,
        6: answer(b"<html>bad gateway</html>", status="502 Bad"),
        8: answer(b'{"rows": []}'),
        9: answer(b'[{"timestamp": "now"}]'),
        11: answer(b"[1, 2]"),
        13: lambda _connection: None,
        15: answer(b'[{"timest'),
    }
    faulty, plain = tmp_path / "faulty", tmp_path / "plain"

    outcome, server, clock = run(faulty, PastVenue({"/trade": rows}, count_max=400), faults)
    calm, _, _ = run(plain, PastVenue({"/trade": rows}, count_max=400), {})

    both = [Store(folder).ticks("bitmex", "XBTUSD") for folder in (faulty, plain)]
    assert all(both[0][name].tobytes() == both[1][name].tobytes() for name in both[0].columns)
    assert outcome.rows == calm.rows == len(rows)
    assert server.answers > 15
    assert max(clock.slept) >= 7


def test_a_rate_limit_is_waited_for_as_long_as_the_venue_says(tmp_path):
    outcome, _, clock = run(tmp_path, PastVenue({"/trade": [a_trade(MONDAY)]}), {2: LIMITED})

    assert outcome.rows == 1
    assert clock.slept[0] == 7
    # Then until the bucket holds more than what is kept for cancels, at the pace of thirty a minute.
    assert sum(clock.slept) <= 30


def test_a_venue_that_stays_overloaded_is_given_up_in_the_end(tmp_path):
    faults = dict.fromkeys(range(2, 200), OVERLOADED)

    with pytest.raises(VenueError, match=r"GET /api/v1/trade\?.*: The system is currently overloaded"):
        run(tmp_path, PastVenue({"/trade": [a_trade(MONDAY)]}), faults)


def test_a_refusal_is_not_repeated(tmp_path):
    refused = answer(b'{"error":{"message":"Invalid symbol","name":"HTTPError"}}', status="400 Bad")
    server = OnPort(PastVenue({"/trade": []}), {2: refused})

    with serving(server) as port, pytest.raises(VenueError, match=r"Invalid symbol \(status 400\)"):
        download(tmp_path, port, Clock())
    assert server.answers == 2


def test_an_answer_that_does_not_come_is_asked_for_again(tmp_path):
    outcome, server, _ = run(tmp_path, PastVenue({"/trade": [a_trade(MONDAY)]}), {2: a_silence}, timeout_s=0.4)

    assert outcome.rows == 1
    assert server.answers >= 3


def test_the_pace_is_that_of_who_has_no_keys(tmp_path):
    rows = [a_trade(MONDAY + number * SECOND) for number in range(1_200)]

    outcome, server, clock = run(tmp_path, PastVenue({"/trade": rows}, count_max=10), {})

    minutes = (clock.now - Clock().now) / MINUTE
    assert outcome.rows == 1_200
    assert server.answers > 120
    assert server.answers <= PUBLIC_LIMIT * (1 + minutes)
    assert server.answers >= PUBLIC_LIMIT * minutes * 0.9


def test_what_the_venue_says_is_left_slows_it_down(tmp_path):
    slow = PastVenue({"/trade": []})
    spent = {"X_RateLimit_Limit": "30", "X_RateLimit_Remaining": "0"}
    contract = answer(json.dumps(slow.tables["/instrument"]).encode(), **spent)

    _, _, clock = run(tmp_path, slow, {1: contract, 2: answer(b"[]", **spent)})

    # One token of thirty a minute, behind the nine that are kept for cancels.
    assert 15 <= sum(clock.slept) <= 25


def test_a_symbol_that_the_venue_does_not_have_is_named(tmp_path):
    with pytest.raises(InputError, match="--symbol ABC: bitmex has no such contract"):
        run(tmp_path, PastVenue({"/trade": []}), {}, series=wanted(symbol="ABC"))


def test_only_tls_or_this_machine_is_spoken_to():
    for url in ("http://example.com", "ftp://127.0.0.1", "https://user@example.com", "nothing"):
        with pytest.raises(InputError, match="--url: "):
            client_of(wanted(), url)


def test_a_venue_that_is_not_there_is_said_soon_enough(tmp_path):
    with serving(lambda _connection: None) as port:
        pass
    began = time.monotonic()

    with pytest.raises(VenueError, match=r"Refused|refused"):
        download(tmp_path, port, Clock())
    assert time.monotonic() - began < 5
