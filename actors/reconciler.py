"""The reconciler: no trading before account and venue are known to agree, and what does not agree is booked by name.

    VenueConnected -> ReadVenue -> VenueRead, and again -> VenueReady
    a difference that stands in two reads -> PositionAdjusted, ForeignActivity -> two reads that agree -> VenueReady

It folds the same fills as everybody, and has the venue read at every connection and on a timer. Each read brings the
fills that had not been heard before it, so what still differs is what no fill explains.
"""

from collections.abc import Mapping
from typing import Final

import attrs

from actors.component import Answers, Component
from actors.execution.once import Once
from actors.money.values import Arithmetic
from messages import (
    NS_PER_SECOND,
    Account,
    ActorLagging,
    Fill,
    ForeignActivity,
    HaltTrading,
    Instrument,
    Lots,
    Message,
    Minor,
    Period,
    PositionAdjusted,
    ReadVenue,
    StrategyId,
    Symbol,
    UtcNs,
    VenueConnected,
    VenueLost,
    VenueRead,
    VenueReady,
    WakeAt,
    Woke,
)

OUTSIDE: Final[StrategyId] = "outside"
"""Who owns what no strategy of this system did."""
ANSWER_WAIT: Final = 120 * NS_PER_SECOND
"""A gateway gives a read up long before; one that has not answered by then has lost the question."""
UNRECONCILED: Final = "could not reconcile"
"""How the reason of a halt begins when account and venue could not be brought to agree."""
_LOOK: Final = "reconcile"


@attrs.frozen(kw_only=True)
class ReconcilerHeritage:
    """What an incarnation leaves to the next."""

    positions: tuple[tuple[Symbol, Lots], ...]
    prices: tuple[tuple[Symbol, float], ...]
    heard: Once
    is_connected: bool
    is_lacking: bool
    now: UtcNs


@attrs.frozen
class _Seen:
    """One read, and which state of our own fold it was compared with."""

    positions: tuple[tuple[Symbol, Lots], ...]
    version: int


class Reconciler(Component):
    """One per account, whatever the venue.

    Hears VenueConnected, VenueLost, VenueRead, Fill, PositionAdjusted, ActorLagging, Woke. Says ReadVenue, VenueReady,
    VenueLost, PositionAdjusted, ForeignActivity, HaltTrading, WakeAt.

    `positions`: the net of each symbol from all fills and adjustments ever, in signed lots. While all is well the venue
    is read each `every_ns`; what differs or fails is looked at again after `retry_ns`, twice that, and so on up to
    `retry_longest_ns`. After `tries_max` reads in a row that did not bring agreement trading is halted; it goes on
    reading all the same. A difference is booked at the venue's mark, else at the last price of a fill; where neither
    is known its value is 0, and it says so: its cost is then missing from the books.
    """

    # A fact that is not folded would be booked as a stranger's; each counts once. A reading is asked for anew.
    hears_again = frozenset({Fill, PositionAdjusted, VenueConnected, VenueLost, ActorLagging})

    def __init__(
        self,
        account: Account,
        instruments: Mapping[Symbol, Instrument],
        positions: Mapping[Symbol, Lots],
        *,
        every_ns: Period = 60 * NS_PER_SECOND,
        retry_ns: Period = NS_PER_SECOND,
        retry_longest_ns: Period = 15 * NS_PER_SECOND,
        tries_max: int = 10,
        heritage: ReconcilerHeritage | None = None,
    ) -> None:
        self.account = account
        self._arithmetic = {symbol: Arithmetic(instrument) for symbol, instrument in instruments.items()}
        self._every, self._retry, self._retry_longest = every_ns, retry_ns, retry_longest_ns
        self._tries_max = tries_max
        self._net = dict(positions) if heritage is None else dict(heritage.positions)
        self._prices: dict[Symbol, float] = {} if heritage is None else dict(heritage.prices)
        self._heard = Once() if heritage is None else heritage.heard
        self._now: UtcNs = 0 if heritage is None else heritage.now
        self._version = 0
        self._is_connected = heritage is not None and heritage.is_connected
        self._is_lacking = heritage is not None and heritage.is_lacking
        """Some of what was said to it was turned away: what differs then says nothing of the venue."""
        self._is_ready = self._has_halted = False
        self._seen: _Seen | None = None
        self._number = self._tries = 0
        self._asked: int | None = None
        self._due: UtcNs | None = None

    @property
    def is_ready(self) -> bool:
        """Whether account and venue agreed when they were last compared."""
        return self._is_ready

    def on_start(self) -> Answers:
        """A successor compares anew: what its predecessor was about to say is lost."""
        if not self._is_connected:
            return ()
        lost = VenueLost(account=self.account, reason="the reconciler was started again", ts=self._now)
        return (lost, *self._look_at(self._now))

    def heritage(self) -> ReconcilerHeritage:
        """Its fold, and whether there is a venue to read."""
        return ReconcilerHeritage(
            positions=tuple(sorted(self._net.items())),
            prices=tuple(sorted(self._prices.items())),
            heard=self._heard,
            is_connected=self._is_connected,
            is_lacking=self._is_lacking,
            now=self._now,
        )

    # The same facts as everybody.

    def on_fill(self, fill: Fill) -> Answers:
        """Folds it, once. What was read before it can be compared with nothing that is read after it."""
        if self._heard.first(fill.execution_id):
            self._fold(fill.symbol, fill.lots)
            self._prices[fill.symbol] = fill.price
        return ()

    def on_position_adjusted(self, adjusted: PositionAdjusted) -> Answers:
        """What the gateway booked: a stranger's trade."""
        if self._heard.first(f"adjustment {adjusted.adjustment_id}"):
            self._fold(adjusted.symbol, adjusted.lots)
        return ()

    def on_actor_lagging(self, lagging: ActorLagging) -> Answers:
        """Of its own mailbox, which was full: its fold lacks something until the next start, and nothing is booked."""
        if lagging.actor == f"reconciler@{self.account}":
            self._is_lacking = True
        return ()

    # The venue.

    def on_venue_connected(self, connected: VenueConnected) -> Answers:
        """From the beginning: two reads."""
        self._pass(connected.ts)
        self._is_connected, self._is_ready = True, False
        self._tries, self._seen = 0, None
        return self._read()

    def on_venue_lost(self, lost: VenueLost) -> Answers:
        """The gateway's, which the guard hears too: nothing is compared until it is connected again."""
        self._pass(lost.ts)
        self._is_connected = self._is_ready = False
        self._asked = self._due = self._seen = None
        return ()

    def on_venue_read(self, read: VenueRead) -> Answers:
        """Compares."""
        if read.number != self._asked:
            return ()
        self._pass(read.ts)
        self._asked = None
        if read.failure:
            return self._not_agreed(f"the venue could not be read: {read.failure}")
        self._prices.update(read.marks)
        seen, before = _Seen(read.positions, self._version), self._seen
        self._seen = seen
        differences = [
            (symbol, lots - self._net.get(symbol, 0))
            for symbol, lots in read.positions
            if lots != self._net.get(symbol, 0)
        ]
        if differences and seen == before and not self._is_lacking:
            return (*self._book(differences), *self._not_agreed(_words(differences), halts=False))
        if differences:
            return self._not_agreed(_words(differences))
        if not self._is_ready and seen != before:
            # Once more at once: it may have agreed by chance, between a fill and the news of it.
            return self._read()
        self._tries, self._has_halted = 0, False
        said = () if self._is_ready else (VenueReady(account=self.account, ts=self._now),)
        self._is_ready = True
        return (*said, *self._look_at(self._now + self._every))

    def on_woke(self, woke: Woke) -> Answers:
        """It is time to read, or a read was never answered."""
        self._pass(woke.at)
        if self._due is None or self._now < self._due or not self._is_connected:
            return ()
        if self._asked is not None:
            self._asked = None
            return self._not_agreed("the gateway did not answer")
        return self._read()

    # Inside.

    def _pass(self, at: UtcNs) -> None:
        self._now = max(self._now, at)

    def _fold(self, symbol: Symbol, lots: Lots) -> None:
        self._net[symbol] = self._net.get(symbol, 0) + lots
        self._version += 1

    def _read(self) -> tuple[Message, ...]:
        self._number += 1
        # A gateway may still answer what a predecessor asked: its numbers were other ones.
        self._asked = number = self._now + self._number
        asked = ReadVenue(account=self.account, number=number, ts=self._now)
        return (asked, *self._look_at(self._now + ANSWER_WAIT))

    def _look_at(self, at: UtcNs) -> tuple[Message, ...]:
        self._due = at
        return (WakeAt(at, _LOOK),)

    def _not_agreed(self, reason: str, *, halts: bool = True) -> tuple[Message, ...]:
        """Once more after a while. Readiness survives one such read: a fill may have been on its way."""
        self._tries += 1
        said: list[Message] = []
        if self._is_ready and (self._tries > 1 or not halts):
            self._is_ready = False
            said.append(VenueLost(account=self.account, reason=reason, ts=self._now))
        if halts and self._tries >= self._tries_max and not self._has_halted:
            self._has_halted = True
            text = f"{UNRECONCILED} the account with the venue in {self._tries} tries: {reason}"
            said.append(HaltTrading(reason=text, account=self.account, ts=self._now))
        pause = min(self._retry << min(self._tries - 1, 32), self._retry_longest)
        return (*said, *self._look_at(self._now + pause))

    def _book(self, differences: list[tuple[Symbol, Lots]]) -> tuple[Message, ...]:
        """The venue is right: what differs is held by nobody of ours."""
        said: list[Message] = []
        for symbol, lots in differences:
            value, at = self._value(symbol, lots)
            adjusted = PositionAdjusted(
                account=self.account,
                symbol=symbol,
                strategy=OUTSIDE,
                # Unlike any that an earlier life booked, for time has gone on since.
                adjustment_id=f"{self.account}-{symbol}-{self._now}-{self._version}",
                lots=lots,
                value_minor=value,
                ts=self._now,
                reason=f"the venue holds {lots:+d} lots more than all fills tell of, booked {at}",
            )
            said.append(adjusted)
            text = f"{lots:+d} lots of {symbol} that no fill explains"
            said.append(ForeignActivity(account=self.account, kind="position", symbol=symbol, text=text, ts=self._now))
            self.on_position_adjusted(adjusted)
        self._seen = None
        return tuple(said)

    def _value(self, symbol: Symbol, lots: Lots) -> tuple[Minor, str]:
        price = self._prices.get(symbol)
        if price is None:
            return 0, "without a value, for no price is known"
        return self._arithmetic[symbol].exact_value_minor(lots, price), f"at {price!r}"


def _words(differences: list[tuple[Symbol, Lots]]) -> str:
    told = ", ".join(f"{lots:+d} of {symbol}" for symbol, lots in differences)
    return f"account and venue differ: the venue holds {told} lots more than we know of"
