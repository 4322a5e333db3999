"""The account as it follows from the exchange's own executions, reckoned here anew, in whole units.

Positions stand at average cost: what reduces one releases its part of the cost, rounded half away from zero; what turns
one round closes all of it and opens the rest.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

import attrs

from adapters.simulation.checks.facts import Terms
from adapters.simulation.checks.truth import Row

MOVES: Final = frozenset({"Trade", "Liquidation", "Settlement"})
"""Kinds of executions that change a position."""
OPEN: Final = frozenset({"New", "PartiallyFilled"})


@attrs.define
class Held:
    """One contract. Money is in the smallest unit of what it settles in."""

    lots: int = 0
    cost: int = 0
    realised: int = 0
    fees: int = 0
    funding: int = 0

    @property
    def cash(self) -> int:
        """What it has brought so far."""
        return self.realised - self.fees + self.funding

    def trade(self, lots: int, value: int, fee: int) -> None:
        """Signed lots, their signed value, and what was paid for it."""
        before, after = self.lots, self.lots + lots
        self.fees += fee
        self.lots = after
        if before == 0 or (before > 0) == (lots > 0):
            self.cost += value
            return
        if after == 0 or (after > 0) == (before > 0):
            released = _share(self.cost, abs(lots), abs(before))
            self.realised -= value + released
            self.cost -= released
            return
        closing = _share(value, abs(before), abs(lots))
        self.realised -= closing + self.cost
        self.cost = value - closing


def _share(amount: int, part: int, whole: int) -> int:
    """amount x part / whole, rounded half away from zero."""
    quotient, rest = divmod(abs(amount) * part, whole)
    quotient += 2 * rest >= whole
    return quotient if amount >= 0 else -quotient


@attrs.define
class Working:
    """An order that the exchange may still fill."""

    symbol: str
    client_id: str
    sign: int
    left: int
    """Lots, above zero."""
    filled: int
    only_closes: bool
    since: int
    """When it was taken, in ns of the exchange's."""


class AccountFold:
    """Told of executions, in order."""

    def __init__(self, contracts: Mapping[str, Terms]) -> None:
        self._contracts = contracts
        self.held: dict[str, Held] = {symbol: Held() for symbol in contracts}
        self.working: dict[str, Working] = {}
        """By the exchange's id of it."""
        self.known: set[str] = set()
        """Client ids of orders that the exchange has taken. Only asked, never listed."""
        self.filled: dict[str, int] = {}
        """Lots, above zero, by client id."""
        self._seen = 0
        self._last: Row | None = None

    def news(self, executions: Sequence[Row], now: int) -> Sequence[Row]:
        """Those that are new, folded: they are of `now`."""
        if len(executions) == self._seen and (not executions or executions[-1] is self._last):
            return ()
        start = self._seen
        if start and (len(executions) < start or executions[start - 1] is not self._last):
            # The exchange forgets the oldest ones.
            start = next(index for index in range(len(executions), 0, -1) if executions[index - 1] is self._last)
        fresh = executions[start:]
        for row in fresh:
            self._fold(row, now)
        self._seen, self._last = len(executions), executions[-1]
        return fresh

    def lots(self) -> dict[str, int]:
        """Positions; none that is flat."""
        return {symbol: held.lots for symbol, held in self.held.items() if held.lots}

    def closes(self, symbol: str, lots: int) -> bool:
        """Whether so many signed lots do nothing but make a position smaller."""
        held = self.held[symbol].lots
        return held * lots < 0 and abs(lots) <= abs(held)

    def cash(self) -> dict[str, int]:
        """What was made by currency."""
        made: Counter[str] = Counter()
        for symbol, held in self.held.items():
            made[self._contracts[symbol].currency] += held.cash
        return dict(made)

    def _fold(self, row: Row, now: int) -> None:
        symbol, kind = row["symbol"], row["execType"]
        lot, held = self._contracts[symbol].lot, self.held[symbol]
        if kind in MOVES:
            held.trade(signed(row, lot), row["execCost"], row["execComm"])
        elif kind == "Funding":
            held.funding -= row["execComm"]
            return
        order_id = row["orderID"]
        if row["cumQty"]:
            self.filled[row["clOrdID"]] = row["cumQty"] // lot
        if row["ordStatus"] not in OPEN or not row["leavesQty"]:
            self.working.pop(order_id, None)
            self.known.add(row["clOrdID"])
            return
        self.known.add(row["clOrdID"])
        before = self.working.get(order_id)
        self.working[order_id] = Working(
            symbol=symbol, client_id=row["clOrdID"], sign=1 if row["side"] == "Buy" else -1,
            left=row["leavesQty"] // lot, filled=row["cumQty"] // lot, only_closes=_closes(row),
            since=now if before is None else before.since,
        )  # fmt: skip


def signed(row: Row, lot: int) -> int:
    """The lots of an execution, with the sign of its side."""
    lots: int = row["lastQty"] // lot
    return lots if row["side"] == "Buy" else -lots


def _closes(row: Mapping[str, Any]) -> bool:
    words = str(row["execInst"] or "").split(",")
    return "ReduceOnly" in words or "Close" in words
