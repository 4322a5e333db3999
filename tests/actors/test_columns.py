"""Columns of one symbol are one table: what differs in length is refused by whoever would hold it, and named."""

from typing import Any

import pytest

from actors.columns import BookColumns, FundingColumns, LiquidationColumns, QuoteColumns, TickColumns

TIMES = {"symbol": "XBTUSD", "ts": [1, 2], "received": [1, 2]}
SIZED = {"price": [100.0, 101.0], "size": [1.0, 2.0]}
SIDES = {"bid": [1.0, 2.0], "bid_size": [1.0, 1.0], "ask": [2.0, 3.0], "ask_size": [1.0, 1.0]}


@pytest.mark.parametrize(
    ("columns", "wrong", "whole"),
    [
        (TickColumns, {"size": [1.0]}, SIZED),
        (TickColumns, {"aggressor": [1, -1, 1]}, SIZED),
        (QuoteColumns, {"ask": [2.0]}, SIDES),
        (FundingColumns, {"rate": [0.0001]}, {}),
        (LiquidationColumns, {"order_id": ["a"]}, {**SIZED, "side": [1, -1]}),
        (BookColumns, {"is_snapshot": [1]}, {**SIZED, "part": [0, 1], "side": [1, -1]}),
        (BookColumns, {"part": [0, 1, 2]}, {**SIZED, "side": [1, -1]}),
    ],
)
def test_columns_that_differ_in_length_are_refused_by_name(
    columns: type[Any], wrong: dict[str, Any], whole: dict[str, Any]
):
    (name,) = wrong

    with pytest.raises(ValueError, match=rf"{columns.__name__} of XBTUSD: columns differ in length: .*'{name}': "):
        columns(**TIMES, **{**whole, **wrong})


def test_a_message_of_several_rows_counts_once():
    books = BookColumns(
        symbol="XBTUSD", ts=[1, 1, 2], received=[1, 1, 2], part=[0, 0, 1], side=[1, -1, 1],
        price=[100.0, 101.0, 100.0], size=[1.0, 1.0, 2.0],
    )  # fmt: skip

    assert (len(books), books.starts.tolist()) == (2, [0, 2, 3])
