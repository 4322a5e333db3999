"""One symbol at the venue: what rests, what has to be heard because of it, and how its prices are read."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Final

import attrs

from actors.market_hours import Hours
from actors.money.values import Arithmetic
from actors.venue.matching import Rules
from actors.venue.position import Position
from actors.venue.prices import slip_ticks
from actors.venue.purse import Purse
from actors.venue.resting import Resting
from actors.venue.settings import VenueSettings
from actors.venue.trailing import followed
from actors.venue.volume import VolumeCap
from messages import (
    Account,
    Bar,
    BarOpen,
    Instrument,
    Lots,
    Message,
    Period,
    Quote,
    Subscribe,
    Tick,
    TickBlock,
    Unsubscribe,
    UtcNs,
)


@attrs.frozen(eq=False)
class Wants:
    """What has to be heard: (class, period) each. Compared by identity, for a book has but three of them."""

    of: tuple[tuple[type[Message], Period | None], ...]


NOTHING: Final = Wants(())


class Book:
    """One symbol: its arithmetic, what rests, and what is subscribed to because of it."""

    __slots__ = (
        "always",
        "arithmetic",
        "cap",
        "changes",
        "close",
        "expired",
        "for_market",
        "for_resting",
        "for_watching",
        "funded_at",
        "half_spread",
        "has_hours",
        "hears",
        "hours",
        "maker_fee",
        "market",
        "period",
        "plain",
        "position",
        "purse",
        "resting",
        "rules",
        "settings",
        "siblings",
        "slip",
        "slip_of_price",
        "symbol",
        "taker_fee",
        "this_close",
        "watches",
    )

    def __init__(
        self,
        account: Account,
        instrument: Instrument,
        period: Period | None,
        settings: VenueSettings,
        purse: Purse | None,
    ) -> None:
        self.symbol = instrument.symbol
        self.period = period
        self.arithmetic = Arithmetic(instrument)
        self.position = Position(account, self.arithmetic)
        self.purse = purse
        self.maker_fee, self.taker_fee = Fraction(instrument.maker_fee), Fraction(instrument.taker_fee)
        self.siblings: list[Book] = [self]
        """All of this currency, itself included: they share its cash."""
        self.market: list[Resting] = []
        """What waits for the next price shown."""
        self.resting: list[Resting] = []
        """What waits for a price of its own."""
        self.close: tuple[UtcNs, float] | None = None
        """With `this-close`: the close just delivered."""
        self.expired = False
        self.funded_at: UtcNs = -1
        grid = self.arithmetic.grid
        self.half_spread = grid.to_price(settings.half_spread_ticks)
        self.rules = Rules(grid, settings.limit_fill == "touch", self.half_spread)
        half = settings.half_spread_ticks
        self.slip = self.slip_of_price = slip_ticks(settings, 2 * half, half)
        """By how many ticks a market or stop order fills worse than at the price shown: on bars and ticks."""
        self.settings = settings
        self.cap = None if settings.volume_cap is None else VolumeCap(settings.volume_cap, instrument)
        self.hours = Hours(instrument.sessions)
        self.has_hours = instrument.sessions is not None
        self.this_close = settings.fill == "this-close" and period is not None
        self.plain = not (self.this_close or self.cap is not None or self.has_hours)
        """While nothing rests, a bar is compared with two prices and forgotten."""
        self.hears = NOTHING
        self.changes: dict[tuple[Wants, Wants], tuple[Message, ...]] = {}
        """What is said to go from hearing one thing to hearing another: the same few messages, at every order."""
        if period is None:
            self.for_market = self.for_resting = Wants(((Tick, None), (Quote, None), (Bar, None)))
            self.for_watching = Wants(((TickBlock, None), (Quote, None), (Bar, None)))
        else:
            self.for_market, self.for_resting = Wants(((BarOpen, period), (Bar, period))), Wants(((Bar, period),))
            self.for_watching = self.for_resting
        self.watches = purse is not None and not self.position.is_spot
        """Prices are heard as long as somebody holds something."""
        # The closes have to be known before an order comes, and so has the last bar's volume.
        self.always = self.for_market if self.this_close else self.for_resting if self.cap and period else NOTHING

    def begin(self) -> tuple[Message, ...]:
        """What to say in order to hear what is wanted, whatever a predecessor had asked for."""
        before, self.hears = self.hears, NOTHING
        ceases = [Unsubscribe(kind, self.symbol, period) for kind, period in before.of]
        return (*ceases, *self._change(self.wanted()))

    def wanted(self) -> Wants:
        """What has to be heard while this rests or is held."""
        if self.market:
            return self.for_market
        if self.always is not NOTHING:
            return self.always
        if self.resting:
            return self.for_resting
        return self.for_watching if self.watches and self.position.is_open else NOTHING

    def listen(self) -> tuple[Message, ...]:
        """What to say in order to hear what is wanted from now on, and nothing else."""
        if self.this_close:
            return ()
        wanted = self.wanted()
        return () if wanted is self.hears else self._change(wanted)

    def _change(self, wanted: Wants) -> tuple[Message, ...]:
        before, self.hears = self.hears, wanted
        if wanted is NOTHING and not self.position.is_open:
            self.position.last = None
        said = self.changes.get((before, wanted))
        if said is None:
            begins = [each for each in wanted.of if each not in before.of]
            ceases = [each for each in before.of if each not in wanted.of]
            said = self.changes[before, wanted] = (
                *[Subscribe(kind, self.symbol, period) for kind, period in begins],
                *[Unsubscribe(kind, self.symbol, period) for kind, period in ceases],
            )
        return said

    def follow(self, resting: Resting) -> None:
        """A trailing stop begins at the last price that its maker had seen, or else waits for the first one shown.

        Not at the last one heard here: what the venue happens to listen to must not decide about an order.
        """
        order = resting.order
        if order.trail is not None and order.reference_price is not None:
            resting.stop = followed(None, order.reference_price, order.trail, order.lots, self.rules.grid)

    def slip_of_spread(self, quote: Quote) -> int:
        """By how many ticks a market or stop order fills worse than at a quote's best price."""
        to_ticks = self.rules.grid.to_ticks
        return slip_ticks(self.settings, to_ticks(quote.ask) - to_ticks(quote.bid))

    def put_in(self, resting: Resting) -> None:
        """From now on it waits."""
        (self.market if resting.waits else self.resting).append(resting)
        self.position.stir()

    def take_out(self, resting: Resting) -> None:
        """It waits no longer."""
        (self.market if resting.waits else self.resting).remove(resting)
        self.position.stir()

    def orders(self) -> Iterator[Resting]:
        """Everything that waits."""
        yield from self.resting
        yield from self.market

    def working(self, but: Resting | None = None) -> tuple[Lots, Lots]:
        """(buying, selling) of what waits and was triggered, zero or above each; one order may be left out."""
        buying = selling = 0
        if not self.resting and not self.market:
            return buying, selling
        for each in self.orders():
            if each is not but and not each.is_dormant_stop:
                left = each.left
                if left > 0:
                    buying += left
                else:
                    selling -= left
        return buying, selling
