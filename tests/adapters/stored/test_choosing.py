"""What a run takes of a store: the symbol that is meant, and the kinds that its strategies need."""

import pytest

from adapters.errors import InputError
from adapters.store import SeriesInfo, Store
from adapters.stored.choosing import default_kinds, found_in, is_store, only_symbol, store_at
from tests.adapters.stored.stores import write_bars, write_ticks
from tests.builders import HOUR, MINUTE, MONDAY


def info(kind, period=None):
    return SeriesInfo(
        venue="bitmex", symbol="XBTUSD", kind=kind, period=period, first=MONDAY, last=MONDAY, rows=1, bytes=1, days=1
    )


ALL = [
    info("bars-1m", MINUTE), info("bars-1h", HOUR), info("ticks"), info("quotes"), info("books"), info("l2"),
    info("index"), info("liquidations"), info("funding"), info("marks"), info("quarantine"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("hears", "wanted", "kinds"),
    [
        ({"on_bar"}, "1m", ["bars-1m"]),
        ({"on_bar"}, "5m", ["bars-1m"]),
        ({"on_bar"}, "4h", ["bars-1h"]),
        ({"on_bar"}, "30s", ["ticks", "quotes"]),
        ({"on_bar"}, None, ["bars-1m"]),
        ({"on_bar", "on_tick"}, "1m", ["ticks", "quotes"]),
        ({"on_quote"}, None, ["ticks", "quotes"]),
        ({"on_book"}, None, ["ticks", "quotes", "books"]),
        ({"on_bar", "on_index", "on_liquidation"}, "1m", ["bars-1m", "index", "liquidations"]),
    ],
)
def test_strategies_get_what_they_hear_and_bars_when_these_are_enough(hears, wanted, kinds):
    assert default_kinds(ALL, hears, wanted) == kinds


def test_without_anything_better_what_is_there_is_taken():
    assert default_kinds([info("bars-1h", HOUR)], {"on_tick"}, None) == ["bars-1h"]
    assert default_kinds([info("l2")], {"on_bar"}, None) == ["l2"]
    assert default_kinds([info("l2"), info("ticks")], {"on_book"}, None) == ["ticks", "l2"]


def test_a_store_is_known_by_its_market(tmp_path):
    assert not is_store(tmp_path)
    with pytest.raises(InputError, match="no store"):
        store_at(tmp_path)

    write_ticks(tmp_path, ticks=10)

    assert is_store(tmp_path)


def test_a_symbol_s_venue_is_told_when_several_have_it(tmp_path):
    for venue in ("bitmex", "loopback"):
        write_ticks(tmp_path, venue, ticks=10)
    store = Store(tmp_path)

    with pytest.raises(InputError, match=r"XBTUSD\.BITMEX, XBTUSD\.LOOPBACK"):
        found_in(store, "XBTUSD", None)
    assert {each.venue for each in found_in(store, "XBTUSD.LOOPBACK", None)} == {"loopback"}
    assert {each.venue for each in found_in(store, "XBTUSD", "bitmex")} == {"bitmex"}


def test_a_name_with_a_dot_is_itself_before_it_is_a_venue_s(tmp_path):
    write_ticks(tmp_path, "b", "BRK", ticks=10)
    write_ticks(tmp_path, "nyse", "BRK.B", ticks=10)

    assert {each.venue for each in found_in(Store(tmp_path), "BRK.B", None)} == {"nyse"}


@pytest.mark.parametrize(("symbol", "venue"), [("ETHUSD", None), ("XBTUSD.KRAKEN", None), ("XBTUSD", "kraken")])
def test_a_strange_symbol_or_venue_is_answered_with_what_there_is(tmp_path, symbol, venue):
    write_ticks(tmp_path, ticks=10)
    write_bars(tmp_path, bars=5)

    with pytest.raises(InputError, match=r"XBTUSD\.BITMEX \(bars-1m, quotes, ticks, 2024-01-01 to 2024-01-01\)"):
        found_in(Store(tmp_path), symbol, venue)


def test_the_only_symbol_needs_no_name(tmp_path):
    write_ticks(tmp_path, ticks=10)
    assert only_symbol(tmp_path) == "XBTUSD"

    write_ticks(tmp_path, symbol="ETHUSD", ticks=10)

    with pytest.raises(InputError, match="several symbols"):
        only_symbol(tmp_path)
