"""A table is the fold of its frames: any legal history gives what a plain list of rows gives, and loss is noticed."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.bitmex.codec import parse
from adapters.bitmex.tables import FINISHED_MAX, Table
from tests.adapters.bitmex.frames import a_frame, a_level_row, a_partial, an_order_row

XBT, ETH = (("symbol", "XBTUSD"),), (("symbol", "ETHUSD"),)


def told(table, *frames):
    """What the last frame did."""
    applied = None
    for frame in frames:
        applied = table.apply(parse(frame))
    return applied


def test_nothing_is_believed_before_the_partial():
    table = Table("orderBookL2")
    row = a_level_row(1, "Buy", 10, 100)

    early = told(table, a_frame("orderBookL2", "insert", row))
    applied = told(table, a_partial("orderBookL2", a_level_row(2, "Sell", 5, 101)))

    assert (early.changes, early.dropped, early.lost) == ((), 1, ())
    assert [change.row["id"] for change in applied.changes] == [2]
    assert [row["id"] for row in table.rows] == [2]


def test_a_partial_replaces_the_rows_of_its_own_filter_only():
    table = Table("orderBookL2")
    told(table, a_partial("orderBookL2", a_level_row(1, "Buy", 10, 100), a_level_row(2, "Buy", 10, 99)))
    told(table, a_partial("orderBookL2", a_level_row(1, "Buy", 3, 50, symbol="ETHUSD"), symbol="ETHUSD"))

    told(table, a_partial("orderBookL2", a_level_row(3, "Buy", 1, 98)))

    assert sorted((row["symbol"], row["id"]) for row in table.rows) == [("ETHUSD", 1), ("XBTUSD", 3)]


def test_an_update_is_merged_and_says_both_what_is_known_and_what_was_said():
    table = Table("orderBookL2")
    told(table, a_partial("orderBookL2", a_level_row(1, "Buy", 10, 100)))

    (change,) = told(table, a_frame("orderBookL2", "update", a_level_row(1, "Buy", 7))).changes

    assert change.row == {"symbol": "XBTUSD", "id": 1, "side": "Buy", "size": 7, "price": 100}
    assert change.said == {"symbol": "XBTUSD", "id": 1, "side": "Buy", "size": 7}


def test_a_delete_says_what_was_known_of_the_row():
    table = Table("orderBookL2")
    told(table, a_partial("orderBookL2", a_level_row(1, "Buy", 10, 100)))

    applied = told(table, a_frame("orderBookL2", "delete", a_level_row(1, "Buy"), a_level_row(9, "Buy")))

    assert [change.row["price"] for change in applied.changes] == [100]
    assert applied.unknown == 1
    assert table.rows == ()


def test_an_update_of_an_unknown_row_means_that_something_was_lost():
    table = Table("orderBookL2")
    told(table, a_partial("orderBookL2", a_level_row(1, "Buy", 10, 100)))

    applied = told(table, a_frame("orderBookL2", "update", a_level_row(2, "Buy", 7)))
    after = told(table, a_frame("orderBookL2", "update", a_level_row(1, "Buy", 7)))

    assert applied.lost == (XBT,)
    assert (after.dropped, after.changes, table.rows) == (1, (), ())


def test_the_loss_of_one_symbol_leaves_the_other_alone():
    table = Table("orderBookL2")
    told(table, a_partial("orderBookL2", a_level_row(1, "Buy", 10, 100)))
    told(table, a_partial("orderBookL2", a_level_row(1, "Buy", 3, 50, symbol="ETHUSD"), symbol="ETHUSD"))

    applied = told(table, a_frame("orderBookL2", "update", a_level_row(2, "Buy", 7)))

    assert applied.lost == (XBT,)
    assert [row["symbol"] for row in table.rows] == ["ETHUSD"]


def test_rows_of_a_symbol_that_nobody_subscribed_to_are_dropped():
    table = Table("trade")
    told(table, a_partial("trade"))

    applied = told(table, a_frame("trade", "insert", {"symbol": "ETHUSD", "price": 1}))

    assert (applied.changes, applied.dropped) == ((), 1)


def test_keys_are_the_partial_s_whatever_they_were_before():
    table = Table("position")
    told(table, a_partial("position", {"account": 7, "symbol": "XBTUSD", "x": 1}, symbol=None, account=7))
    today = {"account": 7, "symbol": "XBTUSD", "strategy": "OneWay", "x": 2}
    told(table, a_partial("position", today, symbol=None, keys=["account", "symbol", "strategy"], account=7))

    told(table, a_frame("position", "update", {**today, "x": 3}))

    assert [row["x"] for row in table.rows] == [3]


@pytest.mark.parametrize("row", [5, None, "x", [], {"symbol": "XBTUSD", "side": "Buy"}])
def test_a_row_that_cannot_be_placed_costs_the_subscription_and_says_why(row):
    table = Table("orderBookL2")
    told(table, a_partial("orderBookL2", a_level_row(1, "Buy", 10, 100)))

    applied = told(table, a_frame("orderBookL2", "insert", row, a_level_row(2, "Buy", 1, 99)))

    assert applied.lost == (XBT,)
    assert len(applied.faults) == 1
    assert [change.row["id"] for change in applied.changes] == [2]


def test_a_stream_keeps_no_rows_and_has_nothing_to_lose():
    for name, keys in (("trade", []), ("execution", []), ("execution", ["execID"])):
        table = Table(name)
        told(table, a_partial(name, {"symbol": "XBTUSD", "execID": "a"}, keys=keys))
        applied = told(table, a_frame(name, "insert", {"symbol": "XBTUSD", "execID": "b"}, 5))
        changed = told(table, a_frame(name, "update", {"symbol": "XBTUSD", "execID": "b"}))

        assert (len(applied.changes), len(applied.faults), applied.lost) == (1, 1, ())
        assert (changed.changes, len(changed.faults), changed.lost) == ((), 1, ())
        assert table.rows == ()


# Orders.


def an_order_table(*rows):
    table = Table("order")
    told(table, a_partial("order", *rows, symbol=None, account=7))
    return table


@pytest.mark.parametrize("status", ["Filled", "Canceled", "Rejected", "Expired"])
def test_a_finished_order_leaves_by_itself_and_a_late_update_finds_it(status):
    table = an_order_table(an_order_row())
    key = {"orderID": an_order_row()["orderID"], "account": 7}

    ended = told(table, a_frame("order", "update", {**key, "ordStatus": status, "leavesQty": 0}))
    late = told(table, a_frame("order", "update", {**key, "avgPx": 42000.5}))

    assert len(ended.changes) == 1
    assert table.rows == ()
    assert late.lost == ()
    assert late.changes[0].row["ordStatus"] == status


def test_an_order_that_is_amended_back_to_life_returns():
    table = an_order_table(an_order_row(ordStatus="Filled", leavesQty=0))
    key = {"orderID": an_order_row()["orderID"], "account": 7}

    told(table, a_frame("order", "update", {**key, "ordStatus": "PartiallyFilled", "leavesQty": 100}))

    assert [row["leavesQty"] for row in table.rows] == [100]


def test_finished_orders_are_remembered_up_to_a_limit():
    table = an_order_table()
    rows = [an_order_row(orderID=f"o{number}", ordStatus="Filled") for number in range(FINISHED_MAX + 1)]
    told(table, a_frame("order", "insert", *rows))

    last = told(table, a_frame("order", "update", {"orderID": f"o{FINISHED_MAX}", "account": 7, "x": 1}))
    first = told(table, a_frame("order", "update", {"orderID": "o0", "account": 7, "x": 1}))

    assert last.lost == ()
    assert first.lost == ((("account", 7),),)


# Any legal history.

SYMBOLS = ("XBTUSD", "ETHUSD")
ids, symbols, values = st.integers(0, 5), st.sampled_from(SYMBOLS), st.integers(0, 9)
steps = st.one_of(
    st.tuples(st.sampled_from(["insert", "update", "delete"]), symbols, ids, values),
    st.tuples(st.just("partial"), symbols, st.just(0), values),
    st.tuples(st.just("reconnect"), symbols, st.just(0), values),
    st.tuples(st.just("resync"), symbols, st.just(0), values),
)


class Venue:
    """The other end: the true rows, and the frames that tell of them. A plain list, searched from end to end."""

    def __init__(self):
        self.rows = []
        self.told = set()

    def find(self, symbol, id_):
        return [row for row in self.rows if row["symbol"] == symbol and row["id"] == id_]

    def act(self, action, symbol, id_, value):
        """The frame that a legal action makes, or None when it would not be legal now."""
        known = self.find(symbol, id_)
        if action == "insert" and not known:
            self.rows.append({"symbol": symbol, "id": id_, "side": "Buy", "size": value, "price": id_ + 1})
            return a_frame("orderBookL2", "insert", self.rows[-1])
        if action == "update" and known:
            known[0]["size"] = value
            return a_frame("orderBookL2", "update", a_level_row(id_, "Buy", value, symbol=symbol))
        if action == "delete" and known:
            self.rows.remove(known[0])
            return a_frame("orderBookL2", "delete", a_level_row(id_, "Buy", symbol=symbol))
        return None

    def snapshot(self, symbol):
        self.told.add(symbol)
        return a_partial("orderBookL2", *(row for row in self.rows if row["symbol"] == symbol), symbol=symbol)


def in_order(rows):
    return sorted((dict(row) for row in rows), key=lambda row: (row["symbol"], row["id"]))


@settings(max_examples=300, deadline=None)
@given(st.lists(steps, max_size=60))
def test_any_legal_history_gives_the_true_rows_of_every_symbol_that_was_told(history):
    venue, table = Venue(), Table("orderBookL2")
    for action, symbol, id_, value in history:
        frame = None
        if action == "reconnect":
            table = Table("orderBookL2")
            venue.told.clear()
        elif action == "resync":
            table.forget(symbol)
            venue.told.discard(symbol)
        else:
            frame = venue.snapshot(symbol) if action == "partial" else venue.act(action, symbol, id_, value)
        if frame is not None:
            applied = table.apply(parse(frame))

            assert applied.lost == ()
            assert applied.faults == ()
            assert (applied.dropped > 0) == (json.loads(frame)["action"] != "partial" and symbol not in venue.told)
        assert in_order(table.rows) == in_order(row for row in venue.rows if row["symbol"] in venue.told)


@settings(max_examples=200, deadline=None)
@given(st.lists(steps, min_size=5, max_size=40), st.data())
def test_a_lost_frame_is_noticed_or_costs_no_more_than_its_own_row(history, data):
    venue, table = Venue(), Table("orderBookL2")
    table.apply(parse(venue.snapshot("XBTUSD")))
    frames = [venue.act(*step) for step in history if step[0] in ("insert", "update", "delete") and step[1] == "XBTUSD"]
    frames = [frame for frame in frames if frame is not None]
    if not frames:
        return
    missing = data.draw(st.integers(0, len(frames) - 1))
    row = json.loads(frames[missing])["data"][0]["id"]

    lost = [told(table, frame).lost for number, frame in enumerate(frames) if number != missing]

    if not any(lost):
        others = [true for true in venue.rows if true["id"] != row]
        assert in_order(mine for mine in table.rows if mine["id"] != row) == in_order(others)


@settings(max_examples=200, deadline=None)
@given(st.lists(steps, max_size=40))
def test_a_frame_that_comes_twice_changes_nothing(history):
    venue, table = Venue(), Table("orderBookL2")
    table.apply(parse(venue.snapshot("XBTUSD")))
    for step in history:
        frame = venue.act(*step) if step[0] in ("insert", "update", "delete") and step[1] == "XBTUSD" else None
        if frame is not None and json.loads(frame)["action"] != "delete":
            table.apply(parse(frame))
            table.apply(parse(frame))
        elif frame is not None:
            table.apply(parse(frame))
            assert table.apply(parse(frame)).unknown == 1

    assert in_order(table.rows) == in_order(venue.rows)
