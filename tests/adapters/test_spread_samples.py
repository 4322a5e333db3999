"""Two recorded markets side by side: what a look-up in their columns gives, day by day, and again the same."""

import json

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from actors.spread_recorder import SpreadPair
from adapters import spread_cli
from adapters.errors import InputError
from adapters.spread_samples import compute_spreads
from adapters.store import Store
from messages import NS_PER_DAY, iso_utc
from tests.builders import HOUR, MONDAY, SECOND

PAIR = SpreadPair(name="pair", a="XBTUSD.ONE", b="BTC.TWO", every=10 * SECOND)
LATE = MONDAY + 23 * HOUR + 58 * 60 * SECOND
"""Two minutes before a day's end."""


def _ticks(store, venue, symbol, seed, *, count=120, begin=LATE, seconds=240):
    dice = np.random.default_rng(seed)
    received = np.sort(dice.integers(0, seconds * 1000, count)) * 1_000_000 + begin
    price = 100.0 + np.cumsum(dice.integers(-1, 2, count)) * 0.5
    columns = {
        "ts": received - 5_000_000, "received": received, "price": price, "size": np.ones(count),
        "aggressor": np.zeros(count, dtype=np.int8),
    }  # fmt: skip
    store.write(venue, symbol, "ticks", columns)
    return columns


def _quotes(store, venue, symbol, seed, *, count=120, begin=LATE, seconds=240):
    dice = np.random.default_rng(seed)
    received = np.sort(dice.integers(0, seconds * 1000, count)) * 1_000_000 + begin
    bid = 100.0 + np.cumsum(dice.integers(-1, 2, count)) * 0.5
    columns = {
        "ts": received - 3_000_000, "received": received, "bid": bid, "bid_size": np.ones(count), "ask": bid + 0.5,
        "ask_size": np.full(count, 2.0),
    }  # fmt: skip
    store.write(venue, symbol, "quotes", columns)
    return columns


def _asof(columns, name, grid):
    place = np.searchsorted(columns["received"], grid, side="left") - 1
    return np.where(place < 0, np.nan, columns[name][np.maximum(place, 0)])


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "data")


def test_samples_over_midnight_are_what_a_look_up_in_the_columns_gives(store):
    a, b = _ticks(store, "one", "XBTUSD", 1), _ticks(store, "two", "BTC", 2)
    quoted = _quotes(store, "two", "BTC", 3)

    done = compute_spreads(store, PAIR)

    table = store.spreads("pair")
    grid = table["received"]
    assert done.days == ("2024-01-01", "2024-01-02")
    assert done.samples == len(grid) == 23
    assert (np.diff(grid) == PAIR.every).all()
    np.testing.assert_array_equal(table["a_last"], _asof(a, "price", grid))
    np.testing.assert_array_equal(table["b_last"], _asof(b, "price", grid))
    np.testing.assert_array_equal(table["b_ask"], _asof(quoted, "ask", grid))
    assert np.isnan(table["a_bid"]).all()
    assert (done.both_known, done.first, done.last) == (0, int(grid[0]), int(grid[-1]))


def test_done_again_it_is_the_same_and_one_day_alone_leaves_the_others(store):
    for venue, symbol, seed in (("one", "XBTUSD", 1), ("two", "BTC", 2)):
        _ticks(store, venue, symbol, seed)
        _quotes(store, venue, symbol, seed + 7)
    compute_spreads(store, PAIR)
    before = {name: store.spreads("pair")[name].tolist() for name in ("received", "a_last", "b_bid")}

    compute_spreads(store, PAIR)
    again = {name: store.spreads("pair")[name].tolist() for name in before}
    compute_spreads(store, PAIR, "2024-01-01", "2024-01-02")
    partly = {name: store.spreads("pair")[name].tolist() for name in before}

    assert before == again == partly


def test_a_night_without_data_is_a_gap_and_what_was_known_before_it_stays_known(store):
    early = _ticks(store, "one", "XBTUSD", 1, begin=MONDAY, seconds=60)
    _ticks(store, "two", "BTC", 2, begin=MONDAY + NS_PER_DAY + HOUR, seconds=60)

    compute_spreads(store, PAIR)

    table = store.spreads("pair")
    steps = np.diff(table["received"])
    assert (steps == PAIR.every).sum() == len(steps) - 1
    assert steps.max() > HOUR
    assert table["a_last"][-1] == early["price"][-1]
    assert table["a_ts"][-1] == early["ts"][-1]


def test_instants_that_were_missed_before_midnight_are_added_to_the_day_they_lie_in(store):
    for venue, symbol, seed in (("one", "XBTUSD", 1), ("two", "BTC", 2)):
        _ticks(store, venue, symbol, seed, seconds=60)
        _ticks(store, venue, symbol, seed + 7, begin=MONDAY + NS_PER_DAY + 5 * SECOND, seconds=60)

    compute_spreads(store, PAIR)
    once = store.spreads("pair")["received"].tolist()
    compute_spreads(store, PAIR)

    assert np.diff(once).tolist() == [PAIR.every] * (len(once) - 1)
    assert sum(at < MONDAY + NS_PER_DAY for at in once) == 11
    assert store.spreads("pair")["received"].tolist() == once


def test_what_is_absurd_is_in_no_sample(store):
    _ticks(store, "two", "BTC", 2)
    columns = _ticks(store, "one", "XBTUSD", 1)
    spike = {name: column[60:61].copy() for name, column in columns.items()}
    spike["price"][:] = 9_000.0
    spike["received"] += 1
    store.write("one", "XBTUSD", "ticks", spike)

    compute_spreads(store, PAIR)

    assert np.nanmax(store.spreads("pair")["a_last"]) < 200.0


@pytest.mark.parametrize(
    ("a", "begin", "what"),
    [
        ("XBTUSD", None, "'XBTUSD' names no venue; write it like XBTUSD.BITMEX"),
        ("ETHUSD.ONE", None, "there are neither ticks nor quotes of ETHUSD.ONE"),
        ("XBTUSD.ONE", "2030-01-01", "there is nothing of XBTUSD.ONE and BTC.TWO in that time"),
    ],
)
def test_what_is_not_there_is_named(store, a, begin, what):
    _ticks(store, "one", "XBTUSD", 1)
    _ticks(store, "two", "BTC", 2)

    with pytest.raises(InputError, match=what):
        compute_spreads(store, SpreadPair(name="pair", a=a, b="BTC.TWO"), begin)


# As commands.


def _run(*arguments):
    app = typer.Typer()
    spread_cli.add_to(app)
    return CliRunner().invoke(app, [str(each) for each in arguments])


def test_the_command_tells_what_it_has_made_and_the_picture_is_drawn(store, tmp_path):
    for venue, symbol, seed in (("one", "XBTUSD", 1), ("two", "BTC", 2)):
        _ticks(store, venue, symbol, seed)
        _quotes(store, venue, symbol, seed + 7)
    sides = ("--a", "XBTUSD.ONE", "--b", "BTC.TWO", "--every", "10s", "--store", store.root)
    picture = tmp_path / "pair.html"

    made = _run("spreads", "pair", *sides, "--json")
    drawn = _run("plot-spread", "pair", "--store", store.root, "--out", picture)
    drawn_told = json.loads(_run("plot-spread", "pair", "--store", store.root, "--out", picture, "--json").stdout)

    told = json.loads(made.stdout)
    assert made.exit_code == drawn.exit_code == 0
    assert (told["samples"], told["days"], told["every_ns"]) == (23, ["2024-01-01", "2024-01-02"], 10 * SECOND)
    assert told["first"] == iso_utc(int(store.spreads("pair")["received"][0]))
    assert "23 samples of pair" in drawn.stdout
    assert drawn_told == {"file": str(picture), "name": "pair", "samples": 23}
    assert picture.read_text().startswith("<!doctype html>")
