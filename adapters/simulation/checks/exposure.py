"""I5 and I6: at the exchange's own truth no limit is passed by what may yet happen; nothing opens after a kill."""

import json
from collections import deque
from typing import Any, Final

from adapters.simulation.checks.account import MOVES, Working, signed
from adapters.simulation.checks.check import Check
from adapters.simulation.checks.wire import Asked

_SECOND: Final = 1_000_000_000
GATE_S: Final = 1.0
"""So long after a halt was said something that had passed may still leave."""
_RATE_SLACK: Final = 0.998
"""The process's clock may go a little wrong."""
BAND_SLACK: Final = 1.02
_CLOSED: Final = ("halted", "flattening")


class Exposure(Check):
    """I5: position, and everything that works, is under way or unknown, on either side."""

    def __init__(self, judge: Any) -> None:
        super().__init__(judge)
        self._under_way: dict[int, Asked] = {}
        """Orders and amends that have left and may still arrive."""
        self._foreign: dict[str, int] = {}
        """Lots that somebody else's doing has brought."""
        self._more: dict[str, int] = {}
        """Lots that orders were larger when they arrived than what was asked for."""
        self._approved: deque[tuple[int, int]] = deque(maxlen=2_000)
        """True time, for between two lives a clock may be set back; and the latest that the guard had heard of: its
        window slides with that, for where messages wait it cannot know how late it is."""
        self._heard = 0

    def life_began(self, life: int) -> None:  # noqa: ARG002 as every check is told
        """It goes by another clock, perhaps."""
        self._heard = 0

    def sent(self, asked: Asked) -> None:
        """It counts from now on."""
        if not (asked.places or asked.amends):
            return
        if asked.trip.may_yet_arrive:
            self._under_way[asked.trip.number] = asked
        if asked.places:
            self._judge_price(asked)
            self._note_altered(asked)
        self._judge(f"{asked.client_id} leaves")

    def _note_altered(self, asked: Asked) -> None:
        """The exchange makes another order of it, which nobody can prevent, only take back."""
        if asked.trip.altered:
            symbol, size = asked.fields["symbol"], asked.fields.get("orderQty", 0)
            more = json.loads(asked.trip.altered).get("orderQty", 0) - size
            lots = max(0, more) // self.facts.contracts[symbol].lot
            self._more[symbol] = self._more.get(symbol, 0) + lots

    def arrived(self, asked: Asked) -> None:
        """It is among the exchange's, or was refused."""
        self._under_way.pop(asked.trip.number, None)

    def changed(self, rows: Any) -> None:
        """The exchange has something new."""
        for row in rows:
            if row["execType"] in MOVES and not self.facts.are_ours(row["clOrdID"]):
                symbol = row["symbol"]
                lots = signed(row, self.facts.contracts[symbol].lot)
                self._foreign[symbol] = self._foreign.get(symbol, 0) + lots
        self._judge(f"{rows[-1]['execType']} of {rows[-1]['clOrdID']}")

    def on_ApprovedOrder(self, envelope: Any) -> None:  # noqa: N802 named as the message is
        """One more within the second and the minute."""
        if not envelope.sender.startswith("risk-guard"):
            return
        order, limits = envelope.message.order, self.facts.limits
        if abs(order.lots) > limits.order_lots and not order.reduce_only:
            self.violated("I5", f"{order.client_id} of {order.lots} lots is approved")
        self._heard = max(self._heard, order.ts)
        passed, now = self._approved, round(self.judge.seconds * _SECOND)
        passed.append((now, self._heard))
        for allowed, period in ((limits.a_second, _SECOND), (limits.a_minute, 60 * _SECOND)):
            if len(passed) <= allowed or order.reduce_only:
                continue
            first, first_heard = passed[-allowed - 1]
            if now - first < period * _RATE_SLACK and self._heard - first_heard < period:
                self.violated("I5", f"{order.client_id} is approved: more than {allowed} in {period // _SECOND} s")

    def _judge(self, why: str) -> None:
        limits, account = self.facts.limits, self.account
        sides: dict[str, list[int]] = {symbol: [0, 0] for symbol in self.facts.contracts}
        count = 0
        known: dict[str, Working] = {}
        for order in account.working.values():
            if self.facts.are_ours(order.client_id):
                known[order.client_id] = order
                sides[order.symbol][order.sign < 0] += order.left
                count += 1
        for asked in self._under_way.values():
            fields, name = asked.fields, asked.client_id
            amended = known.get(name)
            if asked.amends and amended is not None:
                more = (
                    fields.get("orderQty", 0) // self.facts.contracts[amended.symbol].lot
                    - amended.filled
                    - amended.left
                )
                sides[amended.symbol][amended.sign < 0] += max(0, more)
            elif asked.places and name not in account.known:
                symbol = fields["symbol"]
                lots = fields.get("orderQty", 0) // self.facts.contracts[symbol].lot
                sides[symbol][fields["side"] == "Sell"] += 0 if asked.only_closes else lots
                count += 1
        if count > limits.open_orders:
            self.violated("I5", f"{count} orders of ours work or are under way ({why})")
        for symbol, (buying, selling) in sides.items():
            held, foreign = account.held[symbol].lots, self._foreign.get(symbol, 0)
            # What strangers and liquidations did is not ours to answer for: only what we would add to it.
            allowed = limits.position_lots + abs(foreign) + self._more.get(symbol, 0)
            if buying and held + buying > allowed:
                self.violated("I5", f"{held:+d} lots of {symbol} may become {held + buying:+d} ({why})")
            if selling and selling - held > allowed:
                self.violated("I5", f"{held:+d} lots of {symbol} may become {held - selling:+d} ({why})")

    def _judge_price(self, asked: Asked) -> None:
        price = asked.fields.get("price")
        prices = self.truth.prices().get(asked.fields["symbol"], ())
        if price is None or not prices or asked.only_closes:
            return
        band = 1 + self.facts.limits.price_band * BAND_SLACK
        if not min(prices) / band <= float(price) <= max(prices) * band:
            self.violated("I5", f"{asked.client_id} at {price}, and the market has been at {prices[-1]}")


class Kill(Check):
    """I6: after a halt nothing leaves that may open, and what works is taken back."""

    def __init__(self, judge: Any) -> None:
        super().__init__(judge)
        self._since: dict[str, float] = {}
        """Simulated time of the halt, by account."""

    def life_began(self, life: int) -> None:  # noqa: ARG002 as every check is told
        """It says its state anew."""
        self._since.clear()

    def on_TradingStateChanged(self, envelope: Any) -> None:  # noqa: N802 named as the message is
        """The guard's state."""
        changed = envelope.message
        if changed.state in _CLOSED:
            self._since.setdefault(changed.account, self.judge.seconds)
        else:
            self._since.pop(changed.account, None)

    def sent(self, asked: Asked) -> None:
        """Something leaves."""
        if not self._since or not (asked.places or asked.amends):
            return
        late = self.judge.seconds - min(self._since.values())
        if late > GATE_S and asked.places and not asked.only_closes and not self._closes(asked):
            self.violated("I6", f"{asked.client_id} leaves {late:.1f} s after trading was halted")

    def _closes(self, asked: Asked) -> bool:
        """Whether it can do nothing but make a position smaller."""
        symbol, size = asked.fields["symbol"], asked.fields.get("orderQty", 0)
        held = self.account.held[symbol].lots * self.facts.contracts[symbol].lot
        return bool(size <= abs(held) and (held > 0) == (asked.fields["side"] == "Sell"))


CHECKS = (Exposure, Kill)
