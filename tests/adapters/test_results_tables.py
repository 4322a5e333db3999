"""The CSV files hold every row exactly, in one way of writing, whatever the machine is set to."""

import csv
import io
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.files import BadRow
from adapters.results import OPTIONAL_FILES, result_files
from adapters.results.times import iso_column
from messages import Annotated, FundingPaid, FundingPart, OrderType, Quarantined, ShareSized, TimeInForce, iso_utc
from tests.adapters.result_builders import (
    a_curve,
    a_fill_row,
    a_ledger_entry,
    a_result,
    a_signal,
    a_strategy_row,
    a_trade,
    an_algorithm_row,
    an_instrument,
    an_order_row,
)
from tests.builders import MINUTE, MONDAY


def _rows(result, name, bad_rows=()):
    text = "".join(result_files(result, bad_rows)[name])
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_signals_say_whether_they_count_units_or_lots():
    result = a_result(signals=(a_signal(0.5), a_signal(-12.0, in_lots=True)))

    rows = _rows(result, "signals.csv")

    assert [(row["target"], row["unit"]) for row in rows] == [("0.5", "units"), ("-12", "lots")]
    assert rows[0]["ts"] == "2024-01-01T00:00:00Z"
    assert rows[0]["ts_ns"] == str(MONDAY)


def test_an_order_of_several_names_its_owners():
    order = an_order_row(
        lots=-5,
        strategy="net",
        owners=(("ema-cross", -2), ("turtle", -3)),
        type=OrderType.LIMIT,
        price=100.5,
        status="working",
        lots_filled=-1,
    )

    (row,) = _rows(a_result(orders=(order,)), "orders.csv")

    assert (row["strategy"], row["owners"]) == ("net", "ema-cross:2 turtle:3")
    assert (row["side"], row["lots"], row["price"], row["lots_filled"]) == ("sell", "5", "100.5", "1")
    assert (row["type"], row["status"], row["reason"]) == ("limit", "working", "")


def test_a_market_order_has_no_price():
    (row,) = _rows(a_result(), "orders.csv")

    assert row["price"] == ""


@pytest.mark.parametrize(
    ("tick_size", "price", "text"),
    [("0.5", 100.0, "100.0"), ("0.01", 7.1, "7.10"), ("5", 100.0, "100"), ("0.5", 100.25, "100.25")],
)
def test_prices_have_the_instrument_s_decimals_and_lose_nothing(tick_size, price, text):
    instrument = an_instrument(tick_size=Decimal(tick_size))

    (row,) = _rows(a_result(instruments={"XBTUSD": instrument}, fills=(a_fill_row(price=price),)), "fills.csv")

    assert row["price"] == text


def test_a_fill_row_is_complete():
    (row,) = _rows(a_result(fills=(a_fill_row(lots=-5, position_lots=-2, realised_minor=11),)), "fills.csv")

    assert row == {
        "ts": "2024-01-01T00:01:00Z",
        "ts_ns": str(MONDAY + MINUTE),
        "account": "main",
        "currency": "XBT",
        "strategy": "ema-cross",
        "symbol": "XBTUSD",
        "client_id": "abc123-ema-cross-1",
        "execution_id": "e1",
        "side": "sell",
        "lots": "5",
        "price": "100.5",
        "liquidity": "taker",
        "fee_minor": "37",
        "realised_minor": "11",
        "position_lots": "-2",
    }


def test_ledger_and_strategies_are_whole_numbers():
    result = a_result(ledger=(a_ledger_entry(-(10**20)),), strategies=(a_strategy_row(pnl_minor=-50),))

    assert _rows(result, "ledger.csv")[0]["amount_minor"] == str(-(10**20))
    assert _rows(result, "ledger.csv")[0]["kind"] == "fee"
    assert _rows(result, "strategies.csv")[0]["pnl_minor"] == "-50"


def test_equity_has_a_row_for_each_sample_of_each_currency_and_floats_read_back_the_same():
    drawn = a_curve((100, 70, 90))
    other = a_curve((5,), currency="USD")

    rows = _rows(a_result(curves=(drawn, other)), "equity.csv")

    assert [(row["currency"], row["equity_minor"]) for row in rows] == [
        ("XBT", "100"), ("XBT", "70"), ("XBT", "90"), ("USD", "5"),
    ]  # fmt: skip
    assert [float(row["drawdown"]) for row in rows[:3]] == drawn.drawdown.tolist()
    assert [int(row["cash_minor"]) + int(row["position_value_minor"]) for row in rows] == [100, 70, 90, 5]


def test_equity_longer_than_one_chunk_is_whole_and_in_order():
    curve = a_curve(range(1, 120_001))

    rows = _rows(a_result(curves=(curve,)), "equity.csv")

    assert [int(row["equity_minor"]) for row in rows] == list(range(1, 120_001))
    assert [int(row["ts_ns"]) for row in rows] == curve.ts.tolist()


def test_one_row_is_one_line_whatever_a_strategy_writes():
    mark = Annotated(
        strategy="a",
        symbol="XBTUSD",
        ts=MONDAY,
        kind="mark",
        name="mark",
        price=100.25,
        text='two\nlines, "quoted"\r\nend',
    )

    result = a_result(marks=(mark,))

    assert "".join(result_files(result)["marks.csv"]).count("\n") == 2
    (row,) = _rows(result, "marks.csv")
    assert row["text"] == 'two\\nlines, "quoted"\\nend'
    assert row["price"] == "100.25"


def test_what_was_added_to_orders_stands_at_the_end_of_the_row():
    order = an_order_row(
        decision_price=100.0,
        type=OrderType.STOP_LIMIT,
        price=100.5,
        stop_price=99.0,
        time_in_force=TimeInForce.IOC,
        algorithm="twap",
        amends=2,
    )

    (row,) = _rows(a_result(orders=(order,)), "orders.csv")

    assert list(row)[-5:] == ["stop_price", "time_in_force", "algorithm", "amended", "decision_price"]
    assert (row["price"], row["stop_price"], row["type"]) == ("100.5", "99.0", "stop-limit")
    assert (row["time_in_force"], row["algorithm"], row["amended"]) == ("ioc", "twap", "2")
    assert row["decision_price"] == "100.0"


def test_a_trade_row_is_complete():
    (row,) = _rows(a_result(trades=(a_trade(),)), "trades.csv")

    assert row == {
        "account": "main",
        "currency": "XBT",
        "strategy": "ema-cross",
        "symbol": "XBTUSD",
        "entry_ts": "2024-01-01T00:00:00Z",
        "entry_ts_ns": str(MONDAY),
        "exit_ts": "2024-01-01T00:01:00Z",
        "exit_ts_ns": str(MONDAY + MINUTE),
        "side": "short",
        "lots": "5",
        "entry_price": "100.5",
        "exit_price": "99.0",
        "realised_minor": "75",
        "fees_minor": "4",
        "funding_minor": "-1",
        "mae_minor": "-20",
        "mfe_minor": "80",
    }


def test_an_open_trade_has_no_exit():
    (row,) = _rows(a_result(trades=(a_trade(exit_ts=None, exit_price=None, lots=2),)), "trades.csv")

    assert (row["exit_ts"], row["exit_ts_ns"], row["exit_price"], row["side"]) == ("", "", "", "long")


def test_an_execution_row_is_complete_and_what_is_not_known_is_empty():
    rows = (an_algorithm_row(), an_algorithm_row(algorithm="internal", shortfall_minor=None, shortfall_bp=None))

    known, unknown = _rows(a_result(execution=rows), "execution.csv")

    assert known == {
        "account": "main",
        "currency": "XBT",
        "algorithm": "chase",
        "orders": "3",
        "lots_wanted": "30",
        "lots_filled": "25",
        "shortfall_minor": "1234",
        "shortfall_bp": "2.5",
        "fees_minor": "17",
        "gave_up_lots": "5",
    }
    assert (unknown["shortfall_minor"], unknown["shortfall_bp"]) == ("", "")


def test_funding_has_a_row_for_each_strategy_and_the_rate_as_it_was_told():
    paid = FundingPaid(
        account="paper:a", currency="XBT", symbol="XBTUSD", ts=MONDAY, rate=-0.0001, price=100.25, lots=3,
        amount_minor=5, parts=(FundingPart("a", 5, 8), FundingPart("b", -2, -3)),
    )  # fmt: skip

    rows = _rows(a_result(funding=(paid,)), "funding.csv")

    assert [(row["strategy"], row["lots"], row["amount_minor"]) for row in rows] == [("a", "5", "8"), ("b", "-2", "-3")]
    assert {(row["account"], row["mark_price"], row["rate"]) for row in rows} == {("paper:a", "100.25", "-0.0001")}


def test_weights_are_written_as_they_changed():
    who = {"account": "main", "strategy": "a", "symbol": "XBTUSD", "ts": MONDAY}
    sized = (ShareSized(**who, weight=1.25, volatility=0.8, lots=3), ShareSized(**who, weight=2.0, lots=-4))

    rows = _rows(a_result(weights=sized), "weights.csv")

    assert [(row["weight"], row["volatility"], row["lots"]) for row in rows] == [
        ("1.25", "0.8", "3"),
        ("2.0", "", "-4"),
    ]


def test_bad_rows_and_items_are_listed_without_the_folder_they_lay_in():
    bad = BadRow("some/folder/x.csv", 17, "high", "'a' is not a number", "1,2,a")
    item = Quarantined(symbol="XBTUSD", received=MONDAY, reason="off-band", text="price 1")

    result = a_result(bad_items=(item,))

    assert _rows(result, "bad_rows.csv", (bad,)) == [
        {"file": "x.csv", "line": "17", "column": "high", "reason": "'a' is not a number", "text": "1,2,a"}
    ]
    assert _rows(result, "bad_items.csv")[0]["reason"] == "off-band"


def test_there_is_no_file_of_what_did_not_happen():
    assert set(OPTIONAL_FILES) == {"bad_rows.csv", "bad_items.csv", "funding.csv", "weights.csv"}
    assert not set(OPTIONAL_FILES) & set(result_files(a_result()))


@given(st.lists(st.integers(-2_000_000_000, 4_000_000_000), max_size=20), st.integers(0, 999_999_999))
def test_columns_of_times_are_written_as_datetime_writes_each(seconds, ns):
    whole = np.array(seconds, dtype=np.int64) * 1_000_000_000
    epoch = datetime(1970, 1, 1, tzinfo=UTC)

    assert iso_column(whole) == [(epoch + timedelta(seconds=each)).strftime("%Y-%m-%dT%H:%M:%SZ") for each in seconds]
    assert iso_column(whole + ns) == [iso_utc(each) for each in (whole + ns).tolist()]


_PRINT_ALL = """
from adapters.results import OPTIONAL_FILES, result_files
from tests.adapters.result_builders import a_result
print("".join("".join(chunks) for chunks in result_files(a_result()).values()))
"""


def test_bytes_do_not_depend_on_time_zone_locale_or_hash_seed():
    outputs = set()
    for zone, locale, seed in (("UTC", "C", "0"), ("Asia/Shanghai", "de_DE.UTF-8", "7")):
        env = {
            **os.environ,
            "TZ": zone,
            "LC_ALL": locale,
            "PYTHONHASHSEED": seed,
            "PYTHONPATH": os.pathsep.join(sys.path),
        }
        outputs.add(subprocess.run([sys.executable, "-c", _PRINT_ALL], env=env, capture_output=True, check=True).stdout)

    assert len(outputs) == 1
