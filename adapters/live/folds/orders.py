"""The orders that are not known to be over."""

from collections.abc import Mapping
from typing import Final

import attrs

from actors.execution.once import Once
from adapters.live.news import Kind, NewsPaper
from adapters.live.snapshot import OrderView
from messages import (
    ApprovedOrder,
    Fill,
    Instrument,
    Order,
    OrderAccepted,
    OrderAmended,
    OrderEnded,
    OrderRefused,
    OrderRejected,
    OrderUnknown,
    SubmitOrder,
    Symbol,
)

_OVER_MAX: Final = 10_000


class Orders:
    """Orders by (account, client id), oldest first.

    Their messages come from several actors, so an order's end may be heard before its beginning: what is over stays
    over, unless the venue's rejection said that it may come again.
    """

    def __init__(self, instruments: Mapping[Symbol, Instrument], news: NewsPaper) -> None:
        self._decimals = {symbol: each.price_decimals for symbol, each in instruments.items()}
        self._news = news
        self._open: dict[str, OrderView] = {}
        self._over, self._seen = Once(_OVER_MAX), Once(_OVER_MAX)
        self.asked = self.refused = self.rejected = 0

    @property
    def views(self) -> tuple[OrderView, ...]:
        """Those that are not over."""
        return tuple(self._open.values())

    def on_submit_order(self, submitted: SubmitOrder) -> None:
        """Asked of the guard."""
        if self._is_new(submitted.order):
            self._is_now(submitted.order, "asked", opens=True)

    def on_approved_order(self, approved: ApprovedOrder) -> None:
        """On its way."""
        self._is_now(approved.order, "sent", opens=True)

    def on_order_accepted(self, accepted: OrderAccepted) -> None:
        """At the venue."""
        self._is_now(accepted.order, "working", opens=True)

    def on_order_unknown(self, unknown: OrderUnknown) -> None:
        """Sent, and without an answer."""
        self._is_now(unknown.order, "unknown", opens=True)
        text = f"{told(unknown.order)} got no answer: it is looked up at the venue, and counts until it is found"
        self._news.add(Kind.TROUBLE, text, unknown.ts)

    def on_order_amended(self, amended: OrderAmended) -> None:
        """Other terms."""
        self._is_now(amended.order, "working", opens=False)

    def on_order_ended(self, ended: OrderEnded) -> None:
        """Over."""
        self._end(ended.order)
        if ended.reason:
            self._news.add(Kind.STATE, f"{told(ended.order)} was ended by the venue: {ended.reason}", ended.ts)

    def on_order_refused(self, refused: OrderRefused) -> None:
        """The guard said no: over, unless it lets the order pass when it is asked again, under the same name."""
        self._is_new(refused.order)
        self._open.pop(_key(refused.order), None)
        self.refused += 1
        self._news.add(Kind.TROUBLE, f"{told(refused.order)} was refused: {refused.reason}", refused.ts)

    def on_order_rejected(self, rejected: OrderRejected) -> None:
        """The venue said no, for good or for now."""
        self._open.pop(_key(rejected.order), None)
        if rejected.standing:
            self._end(rejected.order)
        self.rejected += 1
        again = "" if rejected.standing else ", for now"
        text = f"{told(rejected.order)} was rejected: {rejected.reason}{again}"
        self._news.add(Kind.TROUBLE, text, rejected.ts)

    def on_fill(self, fill: Fill) -> None:
        """In part, at least."""
        key = _key(fill)
        view = self._open.get(key)
        if view is not None:
            self._open[key] = attrs.evolve(view, filled=view.filled + fill.lots)

    def _is_new(self, order: Order) -> bool:
        """Whether it was never asked for before; counts it."""
        is_new = self._seen.first(_key(order))
        self.asked += is_new
        return is_new

    def _is_now(self, order: Order, state: str, *, opens: bool) -> None:
        key = _key(order)
        view = self._open.get(key)
        if key in self._over or (view is None and not opens):
            return
        # The guard's word may come after the venue's, and an order that works is not on its way any more.
        if view is not None and view.state == "working":
            state = "working"
        self._open[key] = OrderView(
            account=order.account,
            client_id=order.client_id,
            symbol=order.symbol,
            lots=order.lots,
            filled=0 if view is None else view.filled,
            type=order.type,
            price=order.limit_price if order.limit_price is not None else order.stop_price,
            decimals=self._decimals.get(order.symbol, 2),
            state=state,
            ts=order.ts if view is None else view.ts,
        )

    def _end(self, order: Order) -> None:
        key = _key(order)
        self._open.pop(key, None)
        self._over.first(key)


def told(order: Order) -> str:
    """`buy 5 XBTUSD of random`: without what is different each time, so that alike things look alike."""
    owners = "+".join([owner.strategy for owner in order.owners])
    return f"{'buy' if order.lots > 0 else 'sell'} {abs(order.lots):,} {order.symbol} of {owners}"


def _key(said: Order | Fill) -> str:
    return f"{said.account} {said.client_id}"
