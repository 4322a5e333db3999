"""What strategies ask for: what no order can be, what does not fit together, the same again, at the wrong time.

The wish is put into a trader (`traders.Wishing`) when it is about to handle a bar.
"""

import math
from decimal import Decimal
from typing import Any, Final

import numpy as np

from actors.runtime.simulated import Moment
from actors.runtime.slot import Slot
from adapters.simulation.faults.fault import Fault
from messages import Bar, StrategyId

_Wish = tuple[str, tuple[Any, ...], dict[str, Any]]


def _trader(slot: Slot) -> Any:
    """The strategy at an address, if it takes wishes."""
    strategy = getattr(slot.component, "strategy", None)
    return strategy if hasattr(strategy, "wishes_at_every_bar") else None


class _Wished(Fault):
    """Of bars of traders."""

    decides = True

    def before(self, slot: Slot, message: Any) -> BaseException | None:
        """At a bar, by chance."""
        if message.__class__ is Bar and slot.role == "strategy":
            trader = _trader(slot)
            if trader is not None and self.strikes():
                trader.wish = self.wish(message)
        return None

    def wish(self, bar: Bar) -> _Wish:
        """What it wants now."""
        raise NotImplementedError


class OddNumbers(_Wished):
    """Off tick, off lot, nothing, dust, far away, and far too much."""

    code = "F42"
    what = "a strategy asks for off-tick, off-lot, zero, dust or huge orders"
    chance = 0.05

    def wish(self, bar: Bar) -> _Wish:
        """One of them."""
        name = self.random.choice(("buy", "sell"))
        lots = self.random.choice((0, 1, 1, 2, -1, 10**6, 10**18, 21, 24))
        price = self.random.choice((
            bar.close + 0.123, bar.close - 1e-9, bar.close * 1e6, bar.close * 0.5, 1e-18, 0.0, -bar.close, 5e-324,
            1e308,
        ))  # fmt: skip
        wishes: tuple[_Wish, ...] = (
            (name, (lots,), {"limit": price}), (name, (lots,), {}), (name, (1,), {"stop": price}),
            ("target", (self.random.choice((1e-18, 0.4, 1e18, -1e9, 7.77)),), {}),
            ("target_lots", (self.random.choice((10**12, -(10**12), 25)),), {}),
            ("amend", (self.random.randint(1, 9),), {"limit": price}), ("cancel", (10**9,), {}),
        )  # fmt: skip
        return self.random.choice(wishes)


class WrongTypes(_Wished):
    """No number at all, or a number of the wrong kind."""

    code = "F43"
    what = "a strategy asks for NaN, inf, None, numpy scalars, wrong types"
    chance = 0.02

    def wish(self, bar: Bar) -> _Wish:
        """One of them: several are the strategy's mistake, at which it fails."""
        odd = self.random.choice((
            math.nan, math.inf, -math.inf, None, "1", b"1", [1], True, 1.5, Decimal(2), 1 + 0j, object,
            np.float64(1.0), np.float32(1.0), np.int64(1), np.float64("nan"), np.array([1.0]), np.bool_(1),
        ))  # fmt: skip
        side = self.random.choice(("buy", "sell"))
        wishes: tuple[_Wish, ...] = (
            ("target", (odd,), {}), ("target_lots", (odd,), {}), (side, (odd,), {}), (side, (1,), {"limit": odd}),
            (side, (1,), {"stop": odd}), ("amend", (1,), {"limit": odd}), ("cancel", (odd,), {}),
            ("wake_in", (odd,), {}), ("wake_at", (odd,), {}), ("target", (1.0, odd), {}), ("mark", (odd,), {}),
            ("line", ("x", odd), {}), (side, (np.int64(1),), {"limit": np.float64(bar.close)}),
        )  # fmt: skip
        return self.random.choice(wishes)


class SameHeadroom(Fault):
    """All strategies want as much as the limits leave, of the same side, at about the same time."""

    code = "F75"
    decides = True
    what = "several strategies use the same headroom at once"
    every_s = 200.0
    _wish: _Wish | None = None

    def strike(self) -> None:
        """At the next bar of each."""
        lots = self.random.choice((-1, 1)) * self.random.randint(8, 20)
        self._wish = self.random.choice((
            ("target", (float(lots),), {}), ("target_lots", (lots,), {}),
            ("buy" if lots > 0 else "sell", (abs(lots),), {}),
        ))  # fmt: skip
        self._told: dict[StrategyId, None] = {}
        self.after(16, self.calm)

    def before(self, slot: Slot, message: Any) -> BaseException | None:
        """Once each."""
        if self._wish is not None and message.__class__ is Bar and slot.role == "strategy":
            trader = _trader(slot)
            if trader is not None and slot.address not in self._told:
                self._told[slot.address] = None
                trader.wish = self._wish
        return None

    def calm(self) -> None:
        """That was all."""
        self._wish = None


class SameAgain(Fault):
    """A strategy fails just behind what it has asked for, comes back, and asks for it again."""

    code = "F76"
    decides = True
    what = "a restarted strategy emits the same intent again"
    every_s = 150.0

    def begin(self) -> None:
        """Nobody has asked for anything."""
        self._is_wanted = False
        self._asked: dict[StrategyId, _Wish] = {}
        self._again: dict[StrategyId, _Wish] = {}
        super().begin()

    def _due(self) -> None:
        """The next strategy at its next bar; it counts when it fails."""
        if self.weather.blows:
            self._is_wanted = True
            self._later()

    def before(self, slot: Slot, message: Any) -> BaseException | None:
        """First the wish, then behind it the failure, then the wish again."""
        if slot.role != "strategy":
            return None
        address = slot.address
        asked = self._asked.pop(address, None)
        if asked is not None:
            if not self.hits():
                return None
            self._again[address] = asked
            return RuntimeError("it fails behind what it has asked for")
        if message.__class__ is not Bar or (trader := _trader(slot)) is None:
            return None
        again = self._again.pop(address, None)
        if again is not None:
            trader.wish = again
        elif self._is_wanted:
            self._is_wanted = False
            lots = self.random.choice((-3, -2, 2, 3))
            trader.wish = self._asked[address] = self.random.choice((
                ("target", (float(lots),), {}), ("target_lots", (lots,), {}),
                ("buy" if lots > 0 else "sell", (abs(lots),), {"limit": message.close}),
            ))  # fmt: skip
        return None


class WishesInWarmUp(Fault):
    """A strategy is started again and wants a lot at every bar that it is warmed up with: none of it may be sent."""

    code = "F77"
    decides = True
    what = "a restarted strategy wants orders while it is warmed up"
    chance = 0.004

    def before(self, slot: Slot, message: Any) -> BaseException | None:
        """It fails; whoever is warmed up next wants a lot."""
        if message.__class__ is Bar and slot.role == "strategy":
            trader = _trader(slot)
            if trader is not None:
                trader.wishes_at_every_bar = False
                if self.strikes():
                    return RuntimeError("it is to be warmed up again")
        return None

    def moment(self, slot: Slot, moment: Moment) -> BaseException | None:
        """Just before the bars."""
        if moment == "warm-up" and slot.role == "strategy" and self.weather.blows:
            trader = _trader(slot)
            if trader is not None:
                trader.wishes_at_every_bar = True
        return None


FAULTS: Final[tuple[type[Fault], ...]] = (OddNumbers, WrongTypes, SameHeadroom, SameAgain, WishesInWarmUp)
