"""What leaves for the venue, held against what was approved: the last look at an order (I1, I2, I13, I19; F89).

A venue's adapter reads its requests and answers into the few words here, by code that did not write them.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Final, TypeAlias

import attrs

from actors.auditing.account import LOOKS_MAX, AuditedAccount
from actors.auditing.fields import on_tick
from actors.auditing.findings import Finding
from actors.auditing.order import SeenOrder
from actors.auditing.states import Seen
from messages import Heartbeat, Instrument, Order, RequestAnswered, SendRequest, Symbol

ASKED_MAX: Final = 1_000
"""Requests whose answers are looked at."""


@attrs.frozen(kw_only=True)
class Terms:
    """An order in the venue's words."""

    client_id: str
    symbol: Symbol | None = None
    """None where it is not told, as in a change."""
    contracts: Decimal | None = None
    """Signed where the side is told. None: not told."""
    is_signed: bool = True
    price: Decimal | None = None
    stop_price: Decimal | None = None


@attrs.frozen(kw_only=True)
class Placed:
    """A request to place an order."""

    terms: Terms


@attrs.frozen(kw_only=True)
class Changed:
    """A request to change one."""

    terms: Terms


@attrs.frozen(kw_only=True)
class TakenBack:
    """A request to cancel orders by name."""

    client_ids: tuple[str, ...]


@attrs.frozen(kw_only=True)
class SwitchSet:
    """A request to put the dead man's switch off for a while; not one to take it off."""


Sent: TypeAlias = Placed | Changed | TakenBack | SwitchSet
ReadSent: TypeAlias = Callable[[SendRequest], Sent | None]
"""What a request asks for; None for one that touches no order."""
ReadAnswer: TypeAlias = Callable[[RequestAnswered], Iterable[Terms]]
"""The orders that live, by an answer to a request that placed or changed one."""


class AuditedWire:
    """One account's requests."""

    def __init__(self, account: AuditedAccount, instruments: Mapping[Symbol, Instrument]) -> None:
        self._account, self._instruments = account, instruments
        self._asked: OrderedDict[int, None] = OrderedDict()
        self._altered: dict[str, tuple[int, str]] = {}
        """(looks, in words) by client id: what the venue works otherwise than approved, and no cancel has left for."""
        self._beat = self._returned = self._spent = 0
        """Heartbeats: the last that was sent, the last that came back, the last that paid for a refresh."""

    def beat(self, beat: Heartbeat) -> None:
        """Sent off when it is heard for the first time, come back when it is heard again."""
        if beat.number > self._beat:
            self._beat = beat.number
        else:
            self._returned = max(self._returned, beat.number)

    def sent(self, number: int, sent: Sent) -> Iterator[Finding]:
        """A request leaves."""
        if isinstance(sent, SwitchSet):
            if self._returned <= self._spent:
                yield Finding(
                    "I13", "the dead man's switch is refreshed, and no heartbeat has come back since the last"
                )
            self._spent = self._returned
        elif isinstance(sent, TakenBack):
            for client_id in sent.client_ids:
                self._altered.pop(client_id, None)
                if self._account.pattern.fullmatch(client_id) is None:
                    yield Finding("I19", f"a cancel of {client_id} leaves, which is not ours")
        else:
            self._asked[number] = None
            if len(self._asked) > ASKED_MAX:
                self._asked.popitem(last=False)
            yield from self._opens(sent)

    def answered(self, number: int, read: Callable[[], Iterable[Terms]]) -> None:
        """An answer came; it is read if it is one about an order."""
        if number not in self._asked:
            return
        del self._asked[number]
        # That it does is the venue's fault, and no invariant of ours; that it stays so would be ours.
        for told in read():
            seen = self._account.orders.get(told.client_id)
            if seen is not None and not self._is_approved(seen, told, cut=True):
                self._altered[told.client_id] = (0, _words(told))

    def look(self) -> Iterator[Finding]:
        """Now and then: what the venue works as nobody approved it has to be taken back (F89)."""
        for client_id, (looks, words) in list(self._altered.items()):
            seen = self._account.orders.get(client_id)
            if seen is None or seen.state in (Seen.OVER, Seen.REJECTED):
                del self._altered[client_id]
                continue
            self._altered[client_id] = (looks + 1, words)
            if looks + 1 == LOOKS_MAX:
                yield Finding(
                    "I2", f"the venue works {client_id} as nobody approved it, {words}, and nobody cancels it"
                )

    def doubt(self) -> None:
        """A word may have been missed: the next refresh may have been paid for."""
        self._spent = -1

    def _opens(self, sent: Placed | Changed) -> Iterator[Finding]:
        told = sent.terms
        seen = self._account.orders.find(told.client_id)
        if seen.state is Seen.ASKED or not (seen.ways or seen.may_be_any):
            yield Finding("I2", f"{told.client_id} leaves for the venue, and was not approved")
            return
        if not self._is_approved(seen, told, cut=False):
            yield Finding("I2", f"{told.client_id} leaves for the venue as nobody approved it: {_words(told)}")
        if isinstance(sent, Placed):
            if seen.posted:
                yield Finding("I1", f"{told.client_id} leaves for the venue a second time")
            seen.posted = True

    def _is_approved(self, seen: SeenOrder, told: Terms, *, cut: bool) -> bool:
        return not seen.ways or seen.is_doubted or any(self._same(way, told, cut=cut) for way in seen.ways)

    def _same(self, order: Order, told: Terms, *, cut: bool) -> bool:
        instrument = self._instruments.get(order.symbol)
        if instrument is None or told.symbol not in (None, order.symbol):
            return False
        if told.contracts is not None:
            wanted = order.lots * instrument.lot_size
            theirs = told.contracts if told.is_signed else told.contracts.copy_sign(wanted)
            # A venue may cut what is reduce-only.
            less = cut and order.reduce_only and theirs * wanted > 0 and abs(theirs) < abs(wanted)
            if theirs != wanted and not less:
                return False
        tick = instrument.tick_size
        return _near(order.limit_price, told.price, tick) and _near(order.stop_price, told.stop_price, tick)


def _near(ours: float | None, theirs: Decimal | None, tick: Decimal) -> bool:
    """The same price on the grid. What is not ours to tell (a market order's price) is not looked at."""
    if ours is None or theirs is None:
        return ours is None
    return on_tick(ours, tick) and abs(Decimal(repr(ours)) - theirs) < tick / 2


def _words(told: Terms) -> str:
    prices = [str(price) for price in (told.price, told.stop_price) if price is not None]
    return f"{told.contracts} {told.symbol or ''} {' '.join(prices)}".strip()
