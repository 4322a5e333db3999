"""I1, I2, I19, I22, I23: what leaves is one order for one intent, soon, in fields that an exchange can take, of ours,
and said by who is in charge now."""

import re
from decimal import Decimal
from typing import Any, Final

from adapters.simulation.checks.check import Check
from adapters.simulation.checks.wire import Asked

SIGNED_S: Final = 45.0
"""A signature holds for seconds, by clocks that differ by seconds: what arrives later than this is refused."""
LIFE_S: Final = 6.0
"""So long what an order was decided on holds, and somewhat longer."""
_WAITING: Final = 1_000
_NS: Final = 1_000_000_000
_ID: Final = re.compile(r"[A-Za-z0-9]{6}-[A-Za-z0-9-]{1,29}")


class OneOrder(Check):
    """I1: an intent has one order at the exchange, and is never sent again while it may have been taken."""

    def __init__(self, judge: Any) -> None:
        super().__init__(judge)
        self._last: dict[str, Asked] = {}
        self._sent_at: dict[str, float] = {}
        self._orders: dict[str, str] = {}
        self._rejected: set[str] = set()

    def on_OrderRejected(self, envelope: Any) -> None:  # noqa: N802 named as the message is
        """It is known to have come to nothing."""
        self._rejected.add(envelope.message.order.client_id)

    def sent(self, asked: Asked) -> None:
        """A new order leaves."""
        if not asked.places:
            return
        name = asked.client_id
        if not _ID.fullmatch(name) or not name.startswith(self.facts.prefix):
            self.violated("I1", f"an order leaves with the id {name!r}")
        before = self._last.get(name)
        if before is not None and (name not in self._rejected or not self._is_past(before)):
            self.violated("I1", f"{name} is sent again, and may have been taken the first time")
        self._last[name] = asked
        self._sent_at[name] = self.judge.seconds
        self._rejected.discard(name)

    def changed(self, rows: Any) -> None:
        """The exchange has something new."""
        for row in rows:
            name = row["clOrdID"]
            if name.startswith(self.facts.prefix) and self._orders.setdefault(name, row["orderID"]) != row["orderID"]:
                self.violated("I1", f"there are two orders of {name}")

    def _is_past(self, asked: Asked) -> bool:
        """Whether nothing can come of it any more, and nothing has."""
        if asked.client_id in self.account.known:
            return False
        is_stale = self.judge.seconds > self._sent_at[asked.client_id] + SIGNED_S and not asked.trip.is_late
        return is_stale or not asked.trip.may_yet_arrive


class Fresh(Check):
    """I2: an approval does not last: an order that waits too long to be sent stays here, by the process's own clock.

    A decision has the time of what it was made on, which is the exchange's: that may be ahead, and then counts.
    """

    def __init__(self, judge: Any) -> None:
        super().__init__(judge)
        self._asked: dict[tuple[str, int], int] = {}
        """When the gateway asked for it, of the last ones, in ns."""

    def life_began(self, life: int) -> None:  # noqa: ARG002 as every check is told
        """Its requests are numbered anew."""
        self._asked.clear()

    def on_SendRequest(self, envelope: Any) -> None:  # noqa: N802 named as the message is
        """It may leave from now on."""
        wanted = envelope.message
        if wanted.verb == "POST" and wanted.path.endswith("/order"):
            self._asked[wanted.reply_to, wanted.number] = max(envelope.posted, self.truth.now())
            while len(self._asked) > _WAITING:
                del self._asked[next(iter(self._asked))]

    def sent(self, asked: Asked) -> None:
        """It leaves."""
        if not asked.places or asked.only_closes:
            return
        since = self._asked.pop((asked.trip.message.reply_to, asked.trip.message.number), None)
        waited = 0.0 if since is None else (self.facts.local() - since) / _NS
        if waited > LIFE_S:
            self.violated("I2", f"{asked.client_id} leaves {waited:.1f} s after it was asked for")


class Fields(Check):
    """I22: sizes and prices are finite, above zero, on lot and tick, and no larger than may be."""

    def sent(self, asked: Asked) -> None:
        """An order leaves, or a change of one."""
        if not (asked.places or asked.amends):
            return
        fields, name = asked.fields, asked.client_id
        symbol = fields.get("symbol") if asked.places else self._symbol(name)
        terms = self.facts.contracts.get(str(symbol))
        if terms is None:
            self.violated("I22", f"{name} is of {symbol}, which is not traded")
            return
        size = fields.get("orderQty")
        closes = "Close" in str(fields.get("execInst") or "")
        if size is None and (closes or asked.amends):
            pass
        elif not isinstance(size, int) or isinstance(size, bool) or size <= 0 or size % terms.lot:
            self.violated("I22", f"{name} is of {size!r} contracts")
        elif size > min(terms.largest, self.facts.limits.order_lots * terms.lot) and not asked.only_closes:
            self.violated("I22", f"{name} of {size} contracts is larger than an order may be")
        for field in ("price", "stopPx"):
            price = fields.get(field)
            if price is not None and not _on_grid(price, terms.tick):
                self.violated("I22", f"{name} has a {field} of {price}")
        if asked.places and fields.get("side") not in ("Buy", "Sell"):
            self.violated("I22", f"{name} has no side")

    def _symbol(self, name: str) -> str:
        return next((each.symbol for each in self.account.working.values() if each.client_id == name), "") or next(
            (row["symbol"] for row in self.truth.orders() if row["clOrdID"] == name), ""
        )


def _on_grid(price: Any, tick: Decimal) -> bool:
    if isinstance(price, bool) or not isinstance(price, int | Decimal):
        return False
    exact = Decimal(price)
    return exact.is_finite() and exact > 0 and exact % tick == 0


class Strangers(Check):
    """I19: what is not ours is neither changed nor taken back, except by the kill of all."""

    def __init__(self, judge: Any) -> None:
        super().__init__(judge)
        self._kills = 0

    def on_CancelAll(self, envelope: Any) -> None:  # noqa: ARG002, N802 as every check is told
        """The kill is asked for."""
        self._kills += 1

    def sent(self, asked: Asked) -> None:
        """A change leaves, or a cancel."""
        if asked.verb == "DELETE" and asked.route == "/order/all" and not self._kills:
            self.violated("I19", "everything in the account is cancelled, and nobody asked for it")
        if asked.route != "/order" or asked.verb not in ("PUT", "DELETE"):
            return
        for field in ("clOrdID", "origClOrdID", "orderID"):
            named = asked.fields.get(field)
            for name in named if isinstance(named, list) else [named] if named else []:
                owner = self._owner(name) if field == "orderID" else name
                if not owner.startswith(self.facts.prefix):
                    self.violated("I19", f"{asked.verb} of {name}, which is not ours")

    def _owner(self, order_id: str) -> str:
        return next((str(row["clOrdID"]) for row in self.truth.orders() if row["orderID"] == order_id), "")


_WEIGHTY: Final = (
    *("SubmitOrder", "ApprovedOrder", "ApprovedAmend", "ApprovedCancel", "SendRequest", "CancelAll"),
    # What the edge has heard, which a thread of its own may say after its time.
    *("LineOpened", "LineClosed", "TextReceived", "RequestAnswered"),
)


class Writers(Check):
    """I23: only who is in charge says what leads to orders or was heard, and only the life that lives sends."""

    def __init__(self, judge: Any) -> None:
        super().__init__(judge)
        self._epochs: dict[str, int] = {}
        self._life = 0
        for name in _WEIGHTY:
            setattr(self, f"on_{name}", self._weighty)

    def life_began(self, life: int) -> None:
        """Another."""
        self._life = life
        self._epochs.clear()

    def life_ended(self, life: int, how: str) -> None:  # noqa: ARG002 as every check is told
        """Nobody is there."""
        self._life = 0

    def made(self, address: str, epoch: int, warm: bool) -> None:  # noqa: ARG002, FBT001 as every check is told
        """Another is in charge."""
        if epoch <= self._epochs.get(address, 0):
            self.violated("I23", f"{address} has its epoch {epoch} after {self._epochs[address]}")
        self._epochs[address] = epoch

    def _weighty(self, envelope: Any) -> None:
        known = self._epochs.get(envelope.sender)
        if known is not None and envelope.epoch != known:
            kind = type(envelope.message).__name__
            self.violated(
                "I23", f"{envelope.sender} says {kind} in its epoch {envelope.epoch}, and {known} is in charge"
            )

    def sent(self, asked: Asked) -> None:
        """A request leaves."""
        if asked.trip.life != self._life:
            self.violated("I23", f"life {asked.trip.life} sends {asked.verb} {asked.route} in life {self._life}")


CHECKS = (OneOrder, Fresh, Fields, Strangers, Writers)
