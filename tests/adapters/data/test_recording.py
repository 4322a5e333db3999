"""A raw recording becomes trades, quotes and a book whose every change follows the one before it."""

import gzip
import json
from itertools import islice

import pytest

from adapters.data.check_books import BookSide
from adapters.errors import InputError
from tests.adapters.data.data_builders import SHARED, a_file, findings, imported

SECOND = 1_723_161_256 * 10**9
VENUE, SYMBOL = "binance-coinm", "BTCUSD_PERP"


def a_line(ms, data, *, stream="x"):
    return f"{SECOND + ms * 10**6} {json.dumps(data if 'lastUpdateId' in data else {'stream': stream, 'data': data})}"


def a_change(ms, follows, number, bids=(), asks=()):
    """bids and asks: (price, size)."""
    pairs = [[[str(price), str(size)] for price, size in side] for side in (bids, asks)]
    return a_line(
        ms, {"e": "depthUpdate", "E": 1, "T": 1_723_161_256_000 + ms, "s": SYMBOL, "U": number, "u": number,
             "pu": follows, "b": pairs[0], "a": pairs[1]},
    )  # fmt: skip


def a_snapshot(ms, number, bids, asks):
    pairs = [[[str(price), str(size)] for price, size in side] for side in (bids, asks)]
    return a_line(
        ms, {"lastUpdateId": number, "T": 1_723_161_256_000, "symbol": SYMBOL, "bids": pairs[0], "asks": pairs[1]}
    )  # fmt: skip


def a_trade(ms, price, size, *, maker, kind="MARKET"):
    return a_line(
        ms, {"e": "trade", "E": 1, "T": 1_723_161_256_000 + ms, "s": SYMBOL, "t": 1, "p": str(price), "q": str(size),
             "X": kind, "m": maker},
    )  # fmt: skip


def a_recording(folder, *lines, name="recording.gz"):
    return a_file(folder, "\n".join(lines) + "\n", name)


def imported_raw(folder, *paths, **wishes):
    return imported(folder, *paths, venue=None, symbol=None, **wishes)


def notes_of(report):
    return " / ".join(report.notes)


def books_after(l2):
    """The book's (bids, asks) after each message, kept the plain way."""
    bids, asks, last = {}, {}, None
    for part, side, price, size, whole in zip(
        *(l2[name].tolist() for name in ("part", "side", "price", "size", "is_snapshot")), strict=True
    ):
        if part != last and last is not None:
            yield dict(bids), dict(asks)
        if part != last and whole:
            bids, asks = {}, {}
        last = part
        if side:
            levels = bids if side > 0 else asks
            levels[price] = size
            if not size:
                del levels[price]
    yield dict(bids), dict(asks)


def test_trades_have_the_side_of_the_taker_and_both_times(tmp_path):
    path = a_recording(tmp_path, a_trade(5, 100.5, 3, maker=True), a_trade(6, 100.6, 4, maker=False))

    store, _ = imported_raw(tmp_path, path)

    ticks = store.ticks(VENUE, SYMBOL)
    assert ticks["aggressor"].tolist() == [-1, 1]
    assert ticks["price"].tolist() == [100.5, 100.6]
    assert ticks["ts"].tolist() == [(1_723_161_256_000 + ms) * 10**6 for ms in (5, 6)]
    assert ticks["received"].tolist() == [SECOND + ms * 10**6 for ms in (5, 6)]


def test_what_the_insurance_fund_takes_over_is_no_trade(tmp_path):
    path = a_recording(
        tmp_path, a_trade(5, 100.5, 3, maker=True), a_trade(6, 90, 4, maker=False, kind="INSURANCE_FUND")
    )

    store, _ = imported_raw(tmp_path, path)

    assert len(store.ticks(VENUE, SYMBOL)) == 1


def test_a_snapshot_takes_in_the_newer_changes_that_came_before_it(tmp_path):
    path = a_recording(
        tmp_path,
        a_change(1, 8, 9, bids=[(99, 1)]),
        a_change(2, 9, 11, bids=[(98, 7)], asks=[(101, 0)]),
        a_snapshot(3, 10, bids=[(99, 2), (97, 1)], asks=[(101, 5), (102, 6)]),
        a_change(4, 11, 12, asks=[(101.5, 3)]),
    )

    store, (report,) = imported_raw(tmp_path, path)

    *_, whole, last = books_after(store.l2(VENUE, SYMBOL))
    assert whole == ({99: 2, 98: 7, 97: 1}, {102: 6})
    assert last == ({99: 2, 98: 7, 97: 1}, {102: 6, 101.5: 3})
    assert "chain of changes is whole" in notes_of(report)
    assert "1 changes newer than the snapshot that came before it are folded into it" in notes_of(report)
    assert "2 changes come before a snapshot" in notes_of(report)


def test_a_change_that_is_older_than_the_snapshot_before_it_does_not_put_the_book_back(tmp_path):
    path = a_recording(
        tmp_path,
        a_snapshot(1, 10, bids=[(99, 2)], asks=[(101, 5)]),
        a_change(2, 8, 9, bids=[(99, 1)]),
        a_change(3, 9, 11, bids=[(98, 4)]),
    )

    store, (report,) = imported_raw(tmp_path, path)

    *_, last = books_after(store.l2(VENUE, SYMBOL))
    assert last == ({99: 2, 98: 4}, {101: 5})
    assert "1 changes older than the snapshot" in notes_of(report)


def test_a_break_of_the_chain_is_said_with_its_time(tmp_path):
    path = a_recording(tmp_path, a_change(1, 1, 2, bids=[(99, 1)]), a_change(2, 3, 4, bids=[(98, 1)]))

    _, (report,) = imported_raw(tmp_path, path)

    assert "chain breaks 1 times, first at 2024-08-08T23:54:16.002Z" in notes_of(report)


def test_a_second_file_goes_on_with_the_book_of_the_first(tmp_path):
    first = a_recording(tmp_path, a_snapshot(1, 10, bids=[(99, 2)], asks=[]), a_change(2, 9, 11, bids=[(98, 1)]))
    second = a_recording(tmp_path, a_change(3, 11, 12, bids=[(97, 1)]), name="second.gz")
    other = a_recording(tmp_path, a_change(4, 13, 14, bids=[(97, 1)]), name="other.gz")

    _, (_, goes_on, breaks) = imported_raw(tmp_path, first, second, other)

    assert "is whole" in notes_of(goes_on)
    assert "before a snapshot" not in notes_of(goes_on)
    assert "breaks 1 times" in notes_of(breaks)


def test_a_recording_brought_twice_adds_nothing(tmp_path):
    path = a_recording(
        tmp_path, a_snapshot(1, 10, bids=[(99, 2)], asks=[]), a_change(2, 9, 11, bids=[(98, 1)]),
        a_change(2, 11, 12, bids=[(98, 1)]), a_trade(3, 99, 1, maker=True),
    )  # fmt: skip
    store, (first,) = imported_raw(tmp_path, path)

    _, (again,) = imported_raw(tmp_path, path, store=store)

    assert {each.kind: each.rows for each in first.series} == {"l2": 3, "ticks": 1}
    assert (first.new, again.new) == (4, 0)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("nonsense", "invalid literal"),
        (a_trade(4, -1, 3, maker=True), "price -1 is not above zero"),
        (a_change(4, 1, 2, bids=[(99, -4)]), "a level of the book cannot be: price 99, size -4"),
        (a_line(4, {"e": "trade", "s": SYMBOL, "T": 1}), "there is no 'X'"),
        (f"{SECOND + 4 * 10**6} {{", "line 1 column 2"),
        (a_trade(1, 99, 3, maker=True), "the time of receipt goes back"),
    ],
)
def test_a_line_that_cannot_be_is_named_and_nothing_comes_in(tmp_path, line, reason):
    path = a_recording(tmp_path, a_trade(3, 99, 1, maker=True), line, name="recording")

    with pytest.raises(InputError) as caught:
        imported_raw(tmp_path, path)

    assert str(caught.value).startswith(f"{path}: line 2, column text: ")
    assert reason in str(caught.value)
    assert not (tmp_path / "store").exists()


def test_a_recording_that_is_cut_short_is_named(tmp_path):
    path = a_recording(tmp_path, *(a_trade(ms, 99 + ms % 7, ms + 1, maker=True) for ms in range(500)))
    path.write_bytes(path.read_bytes()[:-40])

    with pytest.raises(InputError, match="the gzip stream is damaged or cut short"):
        imported_raw(tmp_path, path)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the folder ../shared/data with recorded data is absent")
def test_the_recorded_book_agrees_with_the_exchanges_own_best_prices(tmp_path):
    """The exchange says its best bid and ask by the same numbers as its changes: an oracle for the book."""
    with gzip.open(SHARED / "binance_coinm_BTCUSD_PERP_l2_trades_20240808.gz", "rt") as stream:
        path = a_recording(tmp_path, *islice((line.rstrip() for line in stream), 12_000))
    store, _ = imported_raw(tmp_path, path)
    best = {}
    numbers = []
    snapshots = 0
    with gzip.open(path, "rt") as stream:
        for line in stream:
            told = json.loads(line.partition(" ")[2])
            if "lastUpdateId" in told:
                snapshots += 1
                numbers.append(None)
            elif told["data"]["e"] == "bookTicker":
                best[told["data"]["u"]] = float(told["data"]["b"]), float(told["data"]["a"])
            elif told["data"]["e"] == "depthUpdate":
                numbers.append(told["data"]["u"])
    l2 = store.l2(VENUE, SYMBOL)
    bids, asks, last, known = BookSide(1), BookSide(-1), None, False
    compared = 0
    levels = zip(*(l2[name].tolist() for name in ("part", "side", "price", "size", "is_snapshot")), strict=True)
    for part, side, price, size, whole in levels:
        if part != last:
            number = None if last is None else numbers[last]
            if known and number in best:
                compared += 1
                assert (bids.best(), asks.best()) == best[number]
            if whole:
                bids.clear()
                asks.clear()
                known = True
            last = part
        if side:
            (bids if side > 0 else asks).set(price, size)

    assert snapshots == 1
    assert last + 1 == len(numbers) > 6_000
    assert compared > 200
    found = findings("l2", {name: l2[name] for name in l2.columns})
    assert "crossed-book" not in found
    assert not [code for code, finding in found.items() if not finding.is_note]
