"""What is in a store is listed in 80 columns, with the bars that are missing."""

import io

import numpy as np

from adapters.data.listing import as_data, listed, print_series
from adapters.store import Store
from tests.adapters.data.data_builders import NEW_YEAR, bar_columns


def a_store(folder):
    store = Store(folder / "store")
    for venue, symbol in (("bitmex", "XBTUSD"), ("binance-coinm", "BTCUSD_PERP")):
        store.write(venue, symbol, "bars-1m", bar_columns([1, 2, 3], minutes=[0, 1, 9]))
        price = {"ts": np.array([NEW_YEAR]), "received": np.array([NEW_YEAR]), "price": np.array([1.0])}
        store.write(venue, symbol, "marks", price)
    return store


def test_missing_bars_are_counted_and_of_marks_nobody_knows(tmp_path):
    found = {(each["venue"], each["kind"]): each for each in as_data(listed(a_store(tmp_path), gaps=True))}

    bars, marks = found["bitmex", "bars-1m"], found["bitmex", "marks"]
    assert (bars["rows"], bars["missing"], bars["longest_gap"], bars["first_ns"]) == (3, 7, 7, NEW_YEAR)
    assert marks["missing"] is None
    quick = as_data(listed(a_store(tmp_path), gaps=False))
    assert {each["missing"] for each in quick} == {None}


def test_the_table_names_each_market_once_and_fits_80_columns(tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    out = io.StringIO()

    print_series(listed(a_store(tmp_path), gaps=True), out)

    lines = out.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    assert (lines.count("binance-coinm BTCUSD_PERP"), lines.count("bitmex XBTUSD")) == (1, 1)
    assert any("7 (max 7)" in line for line in lines)
    assert lines[-1].startswith("4 series, 8 rows, ")
