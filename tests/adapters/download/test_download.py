"""A download asks for what is missing and no more, and however often it is interrupted the store ends up the same."""

import tempfile
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.bitmex.downloads import BitmexHistory
from adapters.download.download import Download, Stopped
from adapters.errors import InputError, VenueError
from adapters.security.lock import LockedError
from adapters.store import Store
from tests.adapters.download.venue_of_history import (
    Client,
    PastVenue,
    a_bin,
    a_funding,
    a_quote,
    a_trade,
    crowded_trades,
    minutes,
    wanted,
)
from tests.builders import DAY, HOUR, MINUTE, MONDAY, SECOND

LATER = MONDAY + 30 * DAY


class Killed(BaseException):
    """The process is gone: nothing that comes after it happens."""


class Mortal:
    """A store that dies at a write, before or after it is done, and stays dead."""

    def __init__(self, store, *, at, after):
        self.store, self.at, self.after, self.writes = store, at, after, 0

    def __getattr__(self, name):
        return getattr(self.store, name)

    def write(self, *args):
        self.writes += 1
        if self.writes >= self.at:
            if self.after and self.writes == self.at:
                self.store.write(*args)
            raise Killed
        return self.store.write(*args)


def a_download(folder, venue, series, *, store=None, now=LATER, **options):
    source = BitmexHistory(Client(venue), series, clock=lambda: now, sleep=lambda _s: None)
    return Download(store or Store(folder), Path(folder), series, source, sleep=lambda _s: None, **options)


def columns_of(folder, series):
    """Every row in the store, as bytes."""
    chunks = list(Store(folder).chunks(series.venue, series.symbol, series.store_kind))
    names = chunks[0] if chunks else ()
    return {name: np.concatenate([chunk[name] for chunk in chunks]).tobytes() for name in names}


def test_trades_arrive_with_their_own_time_as_the_time_they_were_received(tmp_path):
    rows = [a_trade(MONDAY, 100.5, 3, "Buy"), a_trade(MONDAY + SECOND, 100.0, 2, "Sell"), a_trade(MONDAY + HOUR)]

    outcome = a_download(tmp_path, PastVenue({"/trade": rows}), wanted()).run()

    ticks = Store(tmp_path).ticks("bitmex", "XBTUSD")
    assert ticks["ts"].tolist() == ticks["received"].tolist() == [MONDAY, MONDAY + SECOND]
    assert ticks["price"].tolist() == [100.5, 100.0]
    assert ticks["size"].tolist() == [3.0, 2.0]
    assert ticks["aggressor"].tolist() == [1, -1]
    assert (outcome.rows, outcome.new, outcome.first, outcome.last) == (2, 2, MONDAY, MONDAY + SECOND)


def test_a_bar_begins_a_period_before_the_venues_stamp_and_one_without_trades_is_none(tmp_path):
    rows = [
        a_bin(MONDAY),
        a_bin(MONDAY + MINUTE, open_=98.0),
        a_bin(MONDAY + 2 * MINUTE, volume=0, trades=0),
        a_bin(MONDAY + 3 * MINUTE, close=99.5),
        a_bin(MONDAY + 4 * MINUTE),
    ]
    series = wanted("bars", period=MINUTE, end=MONDAY + 3 * MINUTE)

    a_download(tmp_path, PastVenue({"/trade/bucketed": rows}), series).run()

    bars = Store(tmp_path).bars("bitmex", "XBTUSD", "1m")
    assert bars["open_ts"].tolist() == [MONDAY, MONDAY + 2 * MINUTE]
    assert bars["close_ts"].tolist() == bars["received"].tolist() == [MONDAY + MINUTE, MONDAY + 3 * MINUTE]
    assert bars["open"].tolist() == [98.0, 100.0]
    assert bars["close"].tolist() == [101.0, 99.5]
    assert bars["volume"].tolist() == [7.0, 7.0]
    assert bars["turnover"].tolist() == [703.5, 703.5]
    assert bars["ticks"].tolist() == [3, 3]


def test_quotes_and_funding_arrive(tmp_path):
    venue = PastVenue({"/quote": [a_quote(MONDAY + 5)], "/funding": [a_funding(MONDAY + 4 * HOUR, -0.0003)]})

    a_download(tmp_path, venue, wanted("quotes")).run()
    a_download(tmp_path, venue, wanted("funding", end=MONDAY + DAY)).run()

    quotes, funding = (getattr(Store(tmp_path), kind)("bitmex", "XBTUSD") for kind in ("quotes", "funding"))
    assert [quotes[name].tolist() for name in ("bid", "bid_size", "ask", "ask_size")] == [[99.5], [10], [100.5], [20]]
    assert (funding["ts"].tolist(), funding["rate"].tolist()) == ([MONDAY + 4 * HOUR], [-0.0003])


def test_the_running_bar_and_what_is_only_just_over_are_left_out(tmp_path):
    rows = [a_bin(MONDAY + number * MINUTE) for number in range(1, 11)]
    venue = PastVenue({"/trade/bucketed": rows})
    series = wanted("bars", period=MINUTE, end=None)

    a_download(tmp_path, venue, series, now=MONDAY + 8 * MINUTE + 5 * SECOND).run()

    # The bar that ended five seconds ago may not be whole at the venue.
    assert Store(tmp_path).bars("bitmex", "XBTUSD", "1m")["close_ts"].tolist() == [
        MONDAY + number * MINUTE for number in range(1, 8)
    ]


def test_what_was_had_is_not_asked_for_again(tmp_path):
    rows = [a_trade(MONDAY + number * MINUTE) for number in range(180)]
    venue = PastVenue({"/trade": rows})
    a_download(tmp_path, venue, wanted(begin=MONDAY + HOUR, end=MONDAY + 2 * HOUR)).run()
    venue.asked.clear()

    again = a_download(tmp_path, venue, wanted(begin=MONDAY + HOUR, end=MONDAY + 2 * HOUR)).run()
    assert (again.had_before, venue.pages, again.rows) == (True, [], 0)

    wider = a_download(tmp_path, venue, wanted(begin=MONDAY, end=MONDAY + 3 * HOUR)).run()
    asked = {(said["startTime"], said["endTime"]) for said in venue.pages}
    assert {ends for _, ends in asked} == {"2024-01-01T00:59:59.999Z", "2024-01-01T02:59:59.999Z"}
    assert min(begins for begins, ends in asked if ends > "2024-01-01T01") == "2024-01-01T02:00:00.000Z"
    assert (wider.new, len(Store(tmp_path).ticks("bitmex", "XBTUSD"))) == (120, 180)


def test_an_empty_range_is_had_too(tmp_path):
    venue = PastVenue({"/trade": []})

    first = a_download(tmp_path, venue, wanted()).run()
    second = a_download(tmp_path, venue, wanted()).run()

    assert (first.had_before, first.rows, first.first) == (False, 0, None)
    assert second.had_before


def test_what_comes_late_near_now_is_asked_for_the_next_time(tmp_path):
    rows = [a_trade(MONDAY + SECOND)]
    venue, series = PastVenue({"/trade": rows}), wanted(end=None)
    a_download(tmp_path, venue, series, now=MONDAY + MINUTE).run()

    rows.append(a_trade(MONDAY + 2 * SECOND))
    a_download(tmp_path, venue, series, now=MONDAY + 2 * MINUTE).run()

    assert Store(tmp_path).ticks("bitmex", "XBTUSD")["ts"].tolist() == [MONDAY + SECOND, MONDAY + 2 * SECOND]


def test_bars_from_elsewhere_are_kept_and_only_those_between_are_asked_for(tmp_path):
    rows = [a_bin(MONDAY + number * HOUR, volume=7) for number in range(1, 3_001)]
    series = wanted("bars", period=HOUR, end=MONDAY + 3_000 * HOUR)
    source = PastVenue({"/trade/bucketed": rows})
    with tempfile.TemporaryDirectory() as other:
        a_download(other, source, series, now=MONDAY + 4_000 * HOUR).run()
        there = Store(other).bars("bitmex", "XBTUSD", "1h")
    own = {name: there[name].copy() for name in there.columns}
    own["volume"][:] = 5.0
    mine = np.r_[0:500, 501:1_200, 2_500:3_000]
    Store(tmp_path).write("bitmex", "XBTUSD", "bars-1h", {name: own[name][mine] for name in own})
    source.asked.clear()

    outcome = a_download(tmp_path, source, series, now=MONDAY + 4_000 * HOUR).run()

    bars = Store(tmp_path).bars("bitmex", "XBTUSD", "1h")
    assert bars["open_ts"].tolist() == [MONDAY + number * HOUR for number in range(3_000)]
    assert (bars["volume"][mine] == 5.0).all()
    assert outcome.new == 1_301
    assert min(said["startTime"] for said in source.pages) > "2024-01-21"
    assert max(said["endTime"] for said in source.pages) < "2024-04-15"


def test_a_day_of_trades_from_elsewhere_is_not_asked_for_and_said(tmp_path):
    rows = [a_trade(MONDAY + number * HOUR) for number in range(72)]
    venue, series = PastVenue({"/trade": rows}), wanted(end=MONDAY + 3 * DAY)
    own = {
        "ts": [MONDAY + DAY + 1], "received": [MONDAY + DAY + 2], "price": [1.0], "size": [1.0], "aggressor": [0],
    }  # fmt: skip
    Store(tmp_path).write("bitmex", "XBTUSD", "ticks", {name: np.array(each) for name, each in own.items()})

    outcome = a_download(tmp_path, venue, series).run()

    days = Store(tmp_path).ticks("bitmex", "XBTUSD")["received"] // DAY - MONDAY // DAY
    assert np.bincount(days).tolist() == [24, 1, 24]
    assert outcome.notes == [
        "1 days from 2024-01-02 to 2024-01-02 are in the store from elsewhere, and were not asked for"
    ]


def test_a_days_file_that_was_taken_away_is_asked_for_again(tmp_path):
    rows = [a_trade(MONDAY + number * HOUR) for number in range(72)]
    venue, series = PastVenue({"/trade": rows}), wanted(end=MONDAY + 3 * DAY)
    a_download(tmp_path, venue, series).run()
    before = columns_of(tmp_path, series)
    (tmp_path / "market/bitmex/XBTUSD/ticks/2024-01-02.parquet").unlink()

    outcome = a_download(tmp_path, venue, series).run()

    assert outcome.new == 24
    assert columns_of(tmp_path, series) == before


def test_a_row_that_cannot_be_meant_is_set_aside_by_name(tmp_path):
    rows = [a_trade(MONDAY), a_trade(MONDAY + SECOND, price=-1), a_trade(MONDAY + 2 * SECOND, side="Both")]
    foreign = {**a_trade(MONDAY + 3 * SECOND), "symbol": "ETHUSD"}
    venue = PastVenue({"/trade": [*rows, foreign, a_trade(MONDAY + 4 * SECOND)]}, symbols=["ETHUSD"])

    outcome = a_download(tmp_path, venue, wanted()).run()

    aside = Store(tmp_path).quarantine("bitmex", "XBTUSD")
    assert len(Store(tmp_path).ticks("bitmex", "XBTUSD")) == outcome.rows == 2
    assert aside["received"].tolist() == [MONDAY + SECOND, MONDAY + 2 * SECOND, MONDAY + 3 * SECOND]
    assert aside["reason"].tolist() == ["malformed"] * 3
    assert "price must be a price above zero" in aside["text"][0]
    assert outcome.quarantined == 3
    assert "symbol is ETHUSD, not XBTUSD" in outcome.notes[2]


def test_a_page_that_is_wrong_three_times_ends_it_and_keeps_what_was_had(tmp_path):
    rows = [a_trade(MONDAY + number * SECOND) for number in range(2_500)]
    venue = PastVenue({"/trade": rows})
    whole, wrong = venue.rows, []

    def rows_of(target):
        page = whole(target)
        if len(venue.pages) > 1:
            wrong.append(1)
            return [page[1], page[0]]
        return page

    venue.rows = rows_of
    with pytest.raises(VenueError, match=r"bitmex: GET /api/v1/trade\?.*in rising order \(3 times in a row\)"):
        a_download(tmp_path, venue, wanted()).run()

    assert len(wrong) == 3
    assert len(Store(tmp_path).ticks("bitmex", "XBTUSD")) == 999


def test_a_store_that_somebody_else_writes_is_waited_for(tmp_path):
    class Busy(Mortal):
        def write(self, *args):
            self.writes += 1
            if self.writes < 5:
                raise LockedError("the store is written by another")
            return self.store.write(*args)

    store = Busy(Store(tmp_path), at=0, after=False)

    a_download(tmp_path, PastVenue({"/trade": [a_trade(MONDAY)]}), wanted(), store=store).run()

    assert len(Store(tmp_path).ticks("bitmex", "XBTUSD")) == 1


def test_a_period_that_the_venue_does_not_make_is_refused():
    with pytest.raises(InputError, match="--period 3m: bitmex makes bars of 1m, 5m, 1h, 1d"):
        BitmexHistory(Client(PastVenue({})), wanted("bars", period=3 * MINUTE))


def test_memory_is_that_of_a_batch(tmp_path):
    rows = [a_trade(MONDAY + number * SECOND) for number in range(3_000)]
    waiting = []

    class Watched(Mortal):
        def write(self, *args):
            waiting.append(len(args[3]["received"]))
            return self.store.write(*args)

    store = Watched(Store(tmp_path), at=0, after=False)
    venue = PastVenue({"/trade": rows}, count_max=100)
    a_download(tmp_path, venue, wanted(), store=store, batch_rows=500).run()

    assert max(waiting) <= 600
    assert len(Store(tmp_path).ticks("bitmex", "XBTUSD")) == 3_000


INTERRUPTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("stopped"), st.integers(1, 6)),
        st.tuples(st.just("venue"), st.integers(1, 6)),
        st.tuples(st.just("killed at a page"), st.integers(1, 6)),
        st.tuples(st.just("killed before a write"), st.integers(1, 3)),
        st.tuples(st.just("killed after a write"), st.integers(1, 3)),
    ),
    max_size=5,
)


def interrupted(folder, venue, series, how, at):
    """Run it until that happens, or it is over."""
    store, answers = Store(folder), []
    if how.endswith("write"):
        store = Mortal(store, at=at, after=how.startswith("killed after"))
    elif how == "killed at a page":
        store = Mortal(store, at=10_000, after=False)
    whole = venue.rows

    def rows(target):
        answers.append(target)
        if how == "venue" and len(answers) >= at:
            raise VenueError("gone")
        if how == "killed at a page" and len(answers) >= at:
            store.at = 0
            raise Killed
        return whole(target)

    venue.rows = rows
    stopping = (lambda: len(answers) >= at) if how == "stopped" else (lambda: False)
    try:
        a_download(folder, venue, series, store=store, stopping=stopping, batch_rows=120).run()
    except (Stopped, VenueError, Killed):
        pass
    finally:
        venue.rows = whole
    return len(answers)


@given(seed=st.integers(0, 10**6), kind=st.sampled_from(["ticks", "bars"]), interruptions=INTERRUPTIONS)
@settings(max_examples=20)
def test_a_download_that_is_interrupted_anywhere_ends_with_the_rows_of_one_that_is_not(seed, kind, interruptions):
    if kind == "ticks":
        tables = {"/trade": crowded_trades(400, Random(seed))}
        series = wanted("ticks", end=MONDAY + HOUR)
    else:
        tables = {"/trade/bucketed": minutes(400, Random(seed), period=5 * MINUTE)}
        series = wanted("bars", period=5 * MINUTE, end=MONDAY + 390 * 5 * MINUTE)
    with tempfile.TemporaryDirectory() as whole, tempfile.TemporaryDirectory() as parts:
        a_download(whole, PastVenue(tables, count_max=90), series).run()

        for how, at in interruptions:
            interrupted(parts, PastVenue(tables, count_max=90), series, how, at)
        a_download(parts, PastVenue(tables, count_max=90), series).run()

        assert columns_of(parts, series) == columns_of(whole, series)
        assert len(Store(whole).table("bitmex", "XBTUSD", series.store_kind)) > 200


def test_a_kill_between_pages_loses_no_page_that_was_had(tmp_path):
    rows = [a_trade(MONDAY + number * SECOND, number=number) for number in range(1_000)]
    venue = PastVenue({"/trade": rows}, count_max=100)
    interrupted(tmp_path, venue, wanted(), "killed at a page", 6)
    venue.asked.clear()

    a_download(tmp_path, venue, wanted()).run()

    # Five pages were had; the last row of the fifth was waiting for others of its time stamp.
    assert venue.pages[0]["startTime"] == "2024-01-01T00:08:15.000Z"
    assert len(Store(tmp_path).ticks("bitmex", "XBTUSD")) == 1_000
