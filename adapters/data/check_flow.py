"""Trades, best bids and asks, and series of one value checked, chunk by chunk."""

from collections.abc import Mapping
from typing import Any, Final

import attrs
import numpy as np

from adapters.data.findings import Finding, Jumps, Tallies
from messages import iso_utc

LAG_MAX_NS: Final = 3_000_000_000
"""Two clocks farther apart than this deserve a word."""
_MEANS_BACK: Final = "the venue's times in the order received: late items, or two sources mixed"


@attrs.define(eq=False)
class StreamCheck:
    """What all streams share: their two times, and rows that stand twice. A subclass judges the values."""

    jump: float
    rows: int = 0
    _tallies: Tallies = attrs.field(factory=Tallies)
    _jumps: Jumps = attrs.field(init=False)
    _before: dict[str, Any] | None = None

    def __attrs_post_init__(self) -> None:
        self._jumps = Jumps(self.jump)

    def add(self, columns: Mapping[str, Any]) -> None:
        """The next rows."""
        new = len(columns["received"])
        if not new:
            return
        self.rows += new
        self.judge(columns)
        rows = dict(columns)
        if self._before is not None:
            rows = {name: np.concatenate([self._before[name], array]) for name, array in columns.items()}
        self._pairs(rows)
        self._before = {name: array[-1:] for name, array in columns.items()}

    def judge(self, columns: Mapping[str, Any]) -> None:
        """The values of the next rows."""

    def prices(self, columns: Mapping[str, Any]) -> Any:
        """What should not leap; None: nothing."""
        return columns.get("price")

    def findings(self) -> list[Finding]:
        """What was found, the gravest first."""
        found = [
            *self.value_findings(),
            *self._tallies["received"].finding("received-back", "{n} row(s) received before the row above", "disorder"),
            *self._tallies["back"].finding("time-back", "{n} row(s) whose ts goes back", _MEANS_BACK),
            *self._jumps.findings(),
            *self._tallies["twice"].finding(
                "duplicates", "{n} row(s) equal to the row above", self.meaning_of_twice(), is_note=not self.is_strict()
            ),
            *self._tallies["lag"].finding(
                "clocks-apart", "{n} row(s) with ts and received more than 3 s apart", "slow, or a clock that is off",
                is_note=True,
            ),
            *self._tallies["early"].finding(
                "received-before-ts", "{n} row(s) received before they happened", "the recorder's clock is behind",
                is_note=True,
            ),
        ]  # fmt: skip
        return sorted(found, key=lambda finding: finding.is_note)

    def value_findings(self) -> list[Finding]:
        """What was found of values."""
        return self._tallies["values"].finding(
            "values", "{n} row(s) with a price or size that cannot be", "zero, negative, missing or infinite"
        )

    def is_strict(self) -> bool:
        """Whether two equal rows are a fault."""
        return True

    def meaning_of_twice(self) -> str:
        """What two equal rows mean."""
        return "the same item twice"

    def _pairs(self, rows: Mapping[str, Any]) -> None:
        received = rows["received"]
        count = len(received)
        same = np.ones(max(0, count - 1), dtype=np.bool_)
        for array in rows.values():
            same &= array[1:] == array[:-1]
        self._mark("twice", same, received, lambda _: "")
        self._mark("received", np.diff(received) < 0, received, lambda _: "")
        if "ts" in rows:
            ts = rows["ts"]
            steps = np.diff(ts)
            self._mark(
                "back", steps < 0, received, lambda row: f"{-steps[row - 1] / 1e9:,.3f} s, to {iso_utc(int(ts[row]))}"
            )
            new = slice(0 if self._before is None else 1, None)
            lag = (received - ts)[new]
            self._tallies["lag"].add(np.abs(lag) > LAG_MAX_NS, received[new], lambda row: f"{lag[row] / 1e9:,.2f} s")
            self._tallies["early"].add(lag < 0, received[new], lambda row: f"{-lag[row] / 1e9:,.2f} s")
        prices = self.prices(rows)
        if prices is not None:
            self._jumps.add(prices, received)

    def _mark(self, code: str, which: Any, received: Any, text_of: Any) -> None:
        self._tallies[code].add(np.concatenate([[False], which]), received, text_of)


class TickCheck(StreamCheck):
    """Trades: two equal ones may be two."""

    def judge(self, columns: Mapping[str, Any]) -> None:
        """Price and size."""
        price, size = columns["price"], columns["size"]
        bad = ~((price > 0) & (price < np.inf) & (size >= 0) & (size < np.inf))
        bad |= np.abs(columns["aggressor"]) > 1

        def text(row: int) -> str:
            side = columns["aggressor"][row]
            return f"price {price[row]:.10g} size {size[row]:.10g}" + f" aggressor {side}" * (abs(int(side)) > 1)

        self._tallies["values"].add(bad, columns["received"], text)
        self._tallies["empty"].add(~bad & (size == 0), columns["received"], text)

    def value_findings(self) -> list[Finding]:
        """Values, and trades of nothing."""
        empty = self._tallies["empty"].finding("no-size", "{n} trade(s) of size 0", "rounded away, or no trades")
        return [*super().value_findings(), *empty]

    def is_strict(self) -> bool:
        """Two fills of one price and size at one time are no fault."""
        return False

    def meaning_of_twice(self) -> str:
        """What two equal rows mean."""
        return "fills of one order often look alike; or a file was joined twice"


class QuoteCheck(StreamCheck):
    """Best bids and asks."""

    def judge(self, columns: Mapping[str, Any]) -> None:
        """Prices, sizes, and bids above asks."""
        bid, ask = columns["bid"], columns["ask"]
        bad = ~((bid > 0) & (bid < np.inf) & (ask > 0) & (ask < np.inf))
        for name in ("bid_size", "ask_size"):
            bad |= ~((columns[name] >= 0) & (columns[name] < np.inf))

        def text(row: int) -> str:
            return f"bid {bid[row]:.10g} ask {ask[row]:.10g}"

        self._tallies["values"].add(bad, columns["received"], text)
        self._tallies["crossed"].add(~bad & (bid > ask), columns["received"], text)
        self._tallies["locked"].add(~bad & (bid == ask), columns["received"], text)

    def prices(self, columns: Mapping[str, Any]) -> Any:
        """The middle."""
        return (columns["bid"] + columns["ask"]) / 2

    def value_findings(self) -> list[Finding]:
        """Values, crossed and locked quotes."""
        return [
            *super().value_findings(),
            *self._tallies["crossed"].finding(
                "crossed", "{n} quote(s) with the bid above the ask", "two states mixed, or late"
            ),
            *self._tallies["locked"].finding(
                "locked", "{n} quote(s) with the bid at the ask", "may be a moment's truth"
            ),
        ]

    def is_strict(self) -> bool:
        """A quote said twice is no fault."""
        return False

    def meaning_of_twice(self) -> str:
        """What two equal rows mean."""
        return "said again without a change"


class ValueCheck(StreamCheck):
    """Funding rates, marks, index prices, liquidations, flows, events: their numbers are within bounds."""

    def judge(self, columns: Mapping[str, Any]) -> None:
        """Each number by its name."""
        bad = np.zeros(len(columns["received"]), dtype=np.bool_)
        for name, array in columns.items():
            if name == "rate":
                bad |= ~(np.abs(array) < 1)
            elif name == "price":
                # A liquidation may lack its price.
                may_lack = np.isnan(array) if "order_id" in columns else np.zeros(len(array), dtype=np.bool_)
                bad |= ~((array > 0) & (array < np.inf)) & ~may_lack
            elif name == "size" or name.endswith("_volume"):
                bad |= ~((array >= 0) & (array < np.inf))

        def text(row: int) -> str:
            return " ".join(f"{name} {array[row]}" for name, array in columns.items() if name not in _TIMES)

        self._tallies["values"].add(bad, columns["received"], text)

    def prices(self, columns: Mapping[str, Any]) -> Any:
        """Marks and index prices should not leap; what is liquidated may."""
        return None if "order_id" in columns else columns.get("price")


_TIMES: Final = ("ts", "received", "open_ts", "close_ts")
