"""What befalls orders at the exchange: fills that overtake answers and cancels, and orders that end or are changed."""

from typing import Any, Final

from adapters.exchange.order import Order
from adapters.exchange.trading import end
from adapters.exchange.wire import dumps, loads
from adapters.simulation.faults.others import AtVenue, fields_of
from adapters.simulation.network import Frame
from adapters.simulation.trip import Trip
from messages import NS_PER_SECOND

_REPEATED: Final = ('"Trade"', '"Liquidation"', '"Settlement"')
_ANSWER_LATE_S: Final = 6.0
"""Below the patience of whoever waits for the answer: it comes, but late."""


class AckOvertaken(AtVenue):
    """The order's fills, and its end, are heard before the answer to its POST."""

    code = "F03"
    what = "fill or end heard before the acknowledgement"
    chance = 0.06

    def response(self, trip: Trip) -> None:
        """An order that trades at once has; one that rests is traded while the answer is on its way."""
        response = trip.response
        if not trip.is_order or trip.lost_back or response is None or response.status != 200:
            return
        found = self.account.by_client_id.get(str(fields_of(trip).get("clOrdID")))
        if found is None or (found.is_open and not found.filled and found not in self.others.resting()):
            return
        if not self.strikes():
            return
        late = self.random.uniform(0.2, _ANSWER_LATE_S)
        trip.back = round(late * NS_PER_SECOND)
        if found.is_open:
            lots = self.random.randint(1, found.left)
            self.after(late * self.random.uniform(0.05, 0.7), lambda: self._fill(found, lots))

    def _fill(self, order: Order, lots: int) -> None:
        if order in self.others.resting():
            self.act(lambda: self.others.fill(order, min(lots, order.left)))


class FillRacesCancel(AtVenue):
    """While a cancel is on its way its order is filled, wholly or in part."""

    code = "F09"
    what = "fill races cancel"
    chance = 0.5

    def request(self, trip: Trip) -> None:
        """Of single cancels."""
        if trip.route != ("DELETE", "/order") or trip.lost_out or trip.refused:
            return
        order = next(iter(self.others.named(trip)), None)
        if order is not None and self.strikes():
            lots = order.left if self.random.random() < 0.5 else self.random.randint(1, order.left)
            # At this very instant, but not inside whoever sends.
            self.after(0, lambda: self._fill(order, lots))

    def _fill(self, order: Order, lots: int) -> None:
        if order in self.others.resting():
            self.act(lambda: self.others.fill(order, min(lots, order.left)))


class TradesWithItself(AtVenue):
    """Nobody else is left between two of our orders: they trade with one another, in one match."""

    code = "F16"
    what = "one match of two of our orders"
    chance = 0.5

    def arriving(self, trip: Trip) -> None:
        """An order that would trade, while another of ours stands on the other side."""
        fields = fields_of(trip) if trip.is_order and trip.instead is None else {}
        if "orderQty" not in fields:
            return
        sign = 1 if fields["side"] == "Buy" else -1
        limit = fields.get("price")
        met = [
            order
            for order in self.others.resting()
            if order.contract.symbol == fields["symbol"]
            and order.sign != sign
            and (limit is None or (float(limit) - (order.price or 0.0)) * sign >= 0)
        ]
        if met and self.strikes():
            best = min(met, key=lambda order: (sign * (order.price or 0.0), order.number))
            self.act(lambda: self.others.make_way(best))


class FilledTooMuch(AtVenue):
    """More is traded of an order than it asked for, or a fill is told again by another name."""

    code = "F17"
    what = "overfill, or a fill again with a new id"
    chance = 0.04

    def response(self, trip: Trip) -> None:
        """An order that was filled at once is filled by one lot more: its answer does not know."""
        found = self.account.by_client_id.get(str(fields_of(trip).get("clOrdID"))) if trip.is_order else None
        if found is not None and found.status == "Filled" and found.filled == found.lots and self.strikes():
            self.after(self.random.uniform(0, 0.5), lambda: self.act(lambda: self.others.overfill(found, 1)))

    def frame(self, frame: Frame) -> None:
        """A trade of ours comes again, as another one."""
        if frame.table != "execution" or not any(kind in frame.text for kind in _REPEATED):
            return
        told: dict[str, Any] = loads(frame.text)
        if told["action"] != "insert" or not self.strikes():
            return
        for row in told["data"]:
            row["execID"] = f"{self.random.getrandbits(32):08x}{row['execID'][8:]}"
        again = dumps(told)
        self.after(self.random.choice((0.0, 0.5, 20.0)), lambda: self._again(frame, again))

    def _again(self, frame: Frame, text: str) -> None:
        if frame.socket.is_open and self.weather.blows:
            frame.socket.there.carry(text, frame.table)


class EndedByVenue(AtVenue):
    """A part of a resting order is filled, and the exchange takes away what is left."""

    code = "F18"
    what = "partial fill, then cancelled by the exchange"
    every_s = 45.0

    def is_possible(self) -> bool:
        """If there is one of more than a lot."""
        return super().is_possible() and any(order.left > 1 for order in self.others.resting())

    def strike(self) -> None:
        """One of them."""
        order = self.random.choice([order for order in self.others.resting() if order.left > 1])
        lots = self.random.randint(1, order.left - 1)
        pause = self.random.choice((0.0, 0.0, 0.3))
        self.act(lambda: self.others.fill(order, lots))
        self.after(pause, lambda: self._end(order))

    def _end(self, order: Order) -> None:
        if order.is_open:
            self.act(lambda: end(self.floor, order, "Canceled: Canceled by the exchange"))


class SwitchFires(AtVenue):
    """The dead man's switch strikes although it was refreshed in time."""

    code = "F56"
    what = "the dead man's switch fires in good health"
    every_s = 60.0

    def is_possible(self) -> bool:
        """If it is set, and there is something to cancel."""
        return super().is_possible() and self.account.switch is not None and bool(self.account.open)

    def strike(self) -> None:
        """Now."""
        self.account.switch = self.floor.now
        self.act(lambda: None)


class Altered(AtVenue):
    """An order is taken at another price or of another size than was sent."""

    code = "F89"
    what = "order accepted with altered price or quantity"
    chance = 0.04

    def request(self, trip: Trip) -> None:
        """Of what opens."""
        fields = fields_of(trip) if trip.is_order else {}
        market = self.weather.exchange.exchange.markets.get(fields.get("symbol", ""))
        if market is None or "orderQty" not in fields or not self.strikes():
            return
        if "price" in fields and self.random.random() < 0.5:
            grid = market.arithmetic.grid
            ticks = grid.to_ticks(float(fields["price"])) + self.random.choice((-10, -1, 1, 10))
            fields["price"] = grid.to_price(ticks)
        else:
            lot = market.contract.lot
            less = -lot if fields["orderQty"] > lot else lot
            fields["orderQty"] += self.random.choice((less, lot, 2 * lot))
        trip.altered = dumps(fields)


FAULTS: Final = (
    AckOvertaken, FillRacesCancel, TradesWithItself, FilledTooMuch, EndedByVenue, SwitchFires, Altered,
)  # fmt: skip
