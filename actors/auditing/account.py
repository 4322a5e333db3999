"""One account's orders and sums together: what a word about an order changes, and what of it must not be.

I1 and I2 (names and approvals), I5 (exposure), I14 (market data), I15 (states), I16 (nothing without an answer), I19
(nobody else's orders), I22 (fields).
"""

from collections.abc import Iterator, Mapping
from typing import Final

from actors.auditing.fields import name_pattern, wrong_fields
from actors.auditing.findings import Finding
from actors.auditing.order import SeenOrder, terms
from actors.auditing.orders import LIVE_MAX, Orders
from actors.auditing.rules import AccountRules
from actors.auditing.states import Seen, Word
from actors.auditing.sums import Sums
from messages import NS_PER_SECOND, Fill, Instrument, Lots, Order, OrderEnded, Symbol, UtcNs

GRACE: Final = NS_PER_SECOND
"""What two actors hear of each other's doing may cross on the way for so long: a market that became stale, a fill that
belongs to no order."""
LOOK_EVERY: Final = 10 * NS_PER_SECOND
LOOKS_MAX: Final = 12
"""An order that nobody has answered at so many looks was lost."""


class AuditedAccount:
    """What is heard of one account. Each method folds a word, and gives what is wrong with it."""

    def __init__(self, rules: AccountRules, instruments: Mapping[Symbol, Instrument], run6: str) -> None:
        self.rules = rules
        self.pattern = name_pattern(run6)
        self.orders = Orders(self.pattern, rules.orders_before)
        self.sums = Sums(rules.positions)
        self.is_stopped = False
        """Trading is halted: what is on its way may end without a word, behind a closed gate."""
        self._instruments = instruments
        self._moved: dict[Symbol, tuple[UtcNs, Lots]] = {}
        """What was moved by no order of ours lately, and when."""

    # From wish to order.

    def asked(self, order: Order) -> Iterator[Finding]:
        """The guard is asked to let it through."""
        seen = self.orders.find(order.client_id)
        number = self.orders.number(order.client_id)
        if number is not None and number <= self.rules.orders_before:
            yield Finding("I1", f"{order.client_id} is the name of an order of an earlier life")
        before = seen.asked
        if before is not None and terms(before) != terms(order) and not seen.covers(order):
            yield Finding("I1", f"{order.client_id} is asked for again, as another order")
        yield from self._step(seen, Word.ASKED)
        seen.asked = order
        yield from self._kept(seen)

    def approved(self, order: Order, now: UtcNs, stale: Mapping[Symbol, UtcNs]) -> Iterator[Finding]:
        """The guard lets it through."""
        seen = self.orders.find(order.client_id)
        yield from wrong_fields(
            order, self._instruments.get(order.symbol), self.pattern, self.rules.order_lots_max.get(order.symbol)
        )
        if seen.ways and not seen.covers(order):
            yield Finding("I1", f"{order.client_id} is approved again, as another order")
        if seen.asked is not None and terms(seen.asked) != terms(order):
            yield Finding("I2", f"{order.client_id} is approved, and is not what was asked for")
        yield from self._step(seen, Word.APPROVED)
        seen.ended_filled = None
        yield from self._allowed(seen, order, now, stale)

    def amend_asked(self, order: Order) -> Iterator[Finding]:
        """It is to be another from now on."""
        seen = self.orders.find(order.client_id)
        yield from self._step(seen, Word.AMEND_ASKED)
        seen.amends.append(order)
        yield from self._kept(seen)

    def amend_approved(self, order: Order, now: UtcNs, stale: Mapping[Symbol, UtcNs]) -> Iterator[Finding]:
        """The guard lets the change through."""
        seen = self.orders.find(order.client_id)
        yield from wrong_fields(
            order, self._instruments.get(order.symbol), self.pattern, self.rules.order_lots_max.get(order.symbol)
        )
        if all(terms(each) != terms(order) for each in seen.amends) and not seen.may_be_any:
            yield Finding("I2", f"a change of {order.client_id} is approved that nobody asked for")
        yield from self._step(seen, Word.AMEND_APPROVED)
        yield from self._allowed(seen, order, now, stale)

    def amend_answered(self, order: Order, word: Word) -> Iterator[Finding]:
        """Guard or venue say what came of a change."""
        seen = self.orders.find(order.client_id)
        if word is Word.AMENDED and seen.ways and not seen.covers(order):
            yield Finding("I2", f"{order.client_id} was changed to what nobody approved")
        if seen.state is not Seen.NEW or word is Word.AMENDED:
            yield from self._step(seen, word)
        seen.amends = [each for each in seen.amends if terms(each) != terms(order)]
        yield from self._kept(seen)

    def cancelled(self, client_id: str) -> Iterator[Finding]:
        """Somebody wants it taken back."""
        if self.orders.find(client_id).state is Seen.NEW:
            yield Finding("I19", f"{client_id} is to be cancelled, and is not ours")

    # What the venue says.

    def said(self, order: Order, word: Word) -> Iterator[Finding]:
        """Guard or venue say what became of it."""
        seen = self.orders.find(order.client_id)
        if word is Word.ACCEPTED and seen.ways and not seen.covers(order):
            yield Finding("I2", f"{order.client_id} was accepted as what nobody approved")
        yield from self._step(seen, word)
        yield from self._kept(seen)

    def ended(self, ended: OrderEnded) -> Iterator[Finding]:
        """It is over."""
        seen = self.orders.find(ended.order.client_id)
        yield from self._step(seen, Word.ENDED)
        if seen.ended_filled is None or abs(ended.lots_filled) > abs(seen.ended_filled):
            seen.ended_filled = ended.lots_filled
        yield from self._kept(seen)

    def filled(self, fill: Fill, now: UtcNs) -> Iterator[Finding]:
        """An execution, heard for the first time; liquidations and the like are of no order of ours."""
        self.sums.fold(fill.symbol, fill.lots)
        counted = 0
        if self.pattern.fullmatch(fill.client_id) is not None:
            seen = self.orders.find(fill.client_id)
            yield from self._step(seen, Word.FILLED)
            counted = self.sums.left(fill.client_id)
            seen.filled += fill.lots
            yield from self._kept(seen)
            counted -= self.sums.left(fill.client_id)
        # The venue's clock is not ours; nor is the last time that was told the present one.
        self._note_moved(fill.symbol, fill.lots - counted, max(now, min(fill.ts, now + LOOK_EVERY)))

    def moved(self, symbol: Symbol, lots: Lots, now: UtcNs) -> None:
        """The position is another than the fills say."""
        self.sums.fold(symbol, lots)
        self._note_moved(symbol, lots, now)

    # Time.

    def doubt(self) -> None:
        """A word may have been missed: what was alive counts with nothing, for nobody would tell when it ends."""
        self.orders.doubt()
        for client_id in self.orders.live:
            self.sums.forget(client_id)

    def look(self) -> Iterator[Finding]:
        """Now and then: who still owes an answer."""
        if self.is_stopped:
            return
        for seen in self.orders.live.values():
            if seen.awaited:
                seen.waited += 1
                if seen.waited == LOOKS_MAX:
                    yield Finding("I16", f"{seen.client_id} was {seen.state.value} two minutes ago, and nobody answers")

    # Inside.

    def _step(self, seen: SeenOrder, word: Word) -> Iterator[Finding]:
        before = seen.state
        if seen.may_follow(word):
            return
        name = "I2" if before in (Seen.NEW, Seen.ASKED, Seen.REFUSED) and word is not Word.ASKED else "I15"
        yield Finding(name, f"{seen.client_id} is {before.value}, and is said to be {word.value}")

    def _kept(self, seen: SeenOrder) -> Iterator[Finding]:
        self.orders.keep(seen)
        way = seen.ways[-1] if seen.ways else None
        if way is not None:
            self.sums.count(seen.client_id, way.symbol, seen.left, only_reduces=seen.only_reduces)
        if len(self.orders.live) > LIVE_MAX:
            yield Finding("I9", f"more than {LIVE_MAX} orders of {self.rules.account} are alive")

    def _allowed(self, seen: SeenOrder, order: Order, now: UtcNs, stale: Mapping[Symbol, UtcNs]) -> Iterator[Finding]:
        buys, symbol = order.lots > 0, order.symbol
        before = abs(seen.left), self.sums.worst(symbol, buys=buys)
        if not seen.covers(order) or not seen.ways:
            seen.ways.append(order)
        yield from self._kept(seen)
        if seen.state is Seen.UNSURE or abs(seen.left) <= before[0]:
            # It takes nothing but lots away.
            return
        if self.sums.worst(symbol, buys=buys) > before[1]:
            yield from self._exposed(order, now)
        since = stale.get(symbol)
        if since is None or order.ts <= since + GRACE or order.reduce_only:
            return
        if not self.sums.only_shrinks(seen.client_id, symbol, seen.left):
            yield Finding("I14", f"{order.client_id} opens {symbol}, whose market is not known")

    def _exposed(self, order: Order, now: UtcNs) -> Iterator[Finding]:
        symbol, buys = order.symbol, order.lots > 0
        most = self.rules.position_lots_max.get(symbol)
        if most is None:
            return
        worst = self.sums.worst(symbol, buys=buys)
        at, lots = self._moved.get(symbol, (0, 0))
        if worst > most and lots and now - at < GRACE:
            # The guard may not have heard of it yet.
            worst = min(worst, self.sums.worst(symbol, buys=buys, moved=lots))
        if worst > most:
            side = "long" if buys else "short"
            yield Finding("I5", f"with {order.client_id} {symbol} may be {worst} lots {side}, {most} are the most")

    def _note_moved(self, symbol: Symbol, lots: Lots, now: UtcNs) -> None:
        if lots:
            at, before = self._moved.get(symbol, (now, 0))
            self._moved[symbol] = (now, lots + (before if now - at < GRACE else 0))
