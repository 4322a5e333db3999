"""What a run has written, held against what the exchange has in its books: executions, position, money."""

import csv
import json
from collections import defaultdict

from messages import TradingState, TradingStateChanged
from tests.system.live.venue import LOT


def rows(folder, name):
    with (folder / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def summary(folder):
    return json.loads((folder / "summary.json").read_text("utf-8"))


def strangers_in(folder):
    """What was named as not ours. An order of ours that a cancel of all met on its way is named too, and is none."""
    return [each for each in summary(folder)["live"]["foreign"] if each["kind"] != "orphan"]


def written_fills(folder):
    """Execution id -> (signed lots, price, fee): a fill of several strategies is one row each."""
    found = defaultdict(lambda: [0, 0.0, 0])
    for row in rows(folder, "fills.csv"):
        if row["liquidity"] == "internal":
            continue
        one = found[row["execution_id"]]
        one[0] += int(row["lots"]) * (1 if row["side"] == "buy" else -1)
        one[1], one[2] = float(row["price"]), one[2] + int(row["fee_minor"])
    return {name: tuple(each) for name, each in found.items()}


def exchange_fills(venue, *, strangers=False):
    """The same as the exchange tells it; a stranger's executions have none of our client ids."""
    return {
        row["execID"]: (
            row["lastQty"] // LOT * (1 if row["side"] == "Buy" else -1), float(row["lastPx"]), row["execComm"]
        )
        for row in venue.trades()
        if row["clOrdID"] or strangers
    }  # fmt: skip


def assert_agree(folder, venue, *, strangers=False, open_orders=0, refused=False):
    """The run's files are what the exchange has, to the satoshi. Returns the fills, of which there must be some.

    `strangers`: others have moved the account too, so that only executions and the position can be compared. `refused`:
    the exchange refused orders before it did anything, and said so: such a one may be asked for again.
    """
    fills, truth = written_fills(folder), exchange_fills(venue)
    assert fills == truth, _difference(fills, truth)
    assert fills, "nothing was traded"
    position, strategies = venue.position(), rows(folder, "strategies.csv")
    held = sum(int(row["position_lots"]) for row in strategies) * LOT
    assert held == position["currentQty"], f"we hold {held}, the exchange says {position['currentQty']}"
    if not strangers:
        _assert_money(folder, venue, fills, position, strategies)
    left = venue.open_orders()
    assert len(left) == open_orders, left
    assert_posted_once(venue, refused=refused)
    return fills


def _difference(fills, truth):
    only_ours = {name: each for name, each in fills.items() if truth.get(name) != each}
    only_theirs = {name: each for name, each in truth.items() if fills.get(name) != each}
    return f"of {len(truth)} executions: written otherwise {only_ours}\nthe exchange has otherwise {only_theirs}"


def _assert_money(folder, venue, fills, position, strategies):
    fees = sum(fee for _, _, fee in fills.values())
    told = [fees, sum(int(row["fees_minor"]) for row in strategies), -_moved(folder, "fee")]
    assert told == [position["currentComm"]] * 3, f"fees {told}, the exchange says {position['currentComm']}"
    if any(int(row["position_lots"]) for row in strategies) and sum(int(row["fills"]) > 0 for row in strategies) > 1:
        # Of each strategy's book what is realised is by its own average price: only the sum of realised and open
        # profit is the account's.
        return
    wallet, cash = venue.wallet(), 10_000_000_000 + _moved(folder)
    assert cash == summary(folder)["cash_end_minor"] == wallet, f"we have {cash}, the exchange says {wallet}"


def _moved(folder, kind=None):
    return sum(int(row["amount_minor"]) for row in rows(folder, "ledger.csv") if kind in (None, row["kind"]))


def assert_nothing_after_the_halt(life, venue):
    """What was sent had been decided before trading was halted, however long it was on its way."""
    (halted, *_) = [each.ts for each in life.of(TradingStateChanged) if each.state is TradingState.HALTED]
    decided = {each.order.client_id: each.order.ts for each in life.system.record.submitted}
    late = [name for name in venue.posts() if decided.get(name, 0) > halted]
    assert not late, f"sent though trading was halted: {late}"


def assert_posted_once(venue, *, refused=False):
    """No client id went to the exchange twice."""
    if hasattr(venue, "posts"):
        # Not known of an exchange in another process.
        twice = [name for name, times in venue.posts(befallen=not refused).items() if times > 1]
        assert not twice, f"posted more than once: {twice}"
    ids = [row["clOrdID"] for row in venue.orders() if row["clOrdID"]]
    assert len(ids) == len(set(ids)), "two orders of one client id"
