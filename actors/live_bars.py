"""The bar builder of a live system: gaps are filled late, clocks differ, and an incarnation may end within a bar."""

from collections.abc import Iterable
from typing import Final

import attrs

from actors.bar_builder import BarBuilder
from actors.bars.interval import caught_up, lag_of
from actors.bars.wanted import BarWanted, BuilderHeritage, EmptyBars, Late
from messages import NS_PER_SECOND, MarketFresh, MarketStale, Message, Period, Symbol, Tick, Woke

GRACE: Final[Period] = NS_PER_SECOND // 4
"""How long a bar waits behind its end for ticks that are still on their way, where they are heard as they come."""


class LiveBarBuilder(BarBuilder):
    """Builds bars as BarBuilder does, but hears of each symbol, from the tick filter, whether its trades are complete.

    Hears MarketStale and MarketFresh besides; every symbol is stale at first. In a stale symbol the clock closes
    nothing, for trades may be missing; trades still do. With MarketFresh what is over closes, and the clock goes on.
    That clock is the market's: it is as far behind ours as the latest trade was old when it was heard, 3 s at most.
    """

    def __init__(
        self,
        wanted: Iterable[BarWanted],
        *,
        close_grace_ns: int = GRACE,
        empty_bars: EmptyBars = "none",
        late: Late = "quarantine",
        heritage: BuilderHeritage | None = None,
    ) -> None:
        super().__init__(wanted, close_grace_ns=close_grace_ns, empty_bars=empty_bars, late=late, heritage=heritage)
        self._fresh = set[Symbol]() if heritage is None else set(heritage.fresh)

    def heritage(self) -> BuilderHeritage:
        """The running bars, as far as they have come, and what is known of the feed."""
        return attrs.evolve(super().heritage(), fresh=tuple(sorted(self._fresh)))

    def on_tick(self, tick: Tick) -> tuple[Message, ...]:
        """See BarBuilder; and note how late it is."""
        self._lags[tick.symbol] = lag_of(tick)
        return super().on_tick(tick)

    def on_woke(self, woke: Woke) -> tuple[Message, ...]:
        """See BarBuilder; in a stale symbol the clock means nothing."""
        bar = self._by_token.get(woke.token)
        return () if bar is None or bar.symbol not in self._fresh else super().on_woke(woke)

    def on_market_stale(self, stale: MarketStale) -> tuple[Message, ...]:
        """Trades of the symbol may be missing."""
        self._fresh.discard(stale.symbol)
        return ()

    def on_market_fresh(self, fresh: MarketFresh) -> tuple[Message, ...]:
        """Every trade up to now was heard."""
        self._fresh.add(fresh.symbol)
        bars = [bar for _key, bar in sorted(self._bars.items()) if bar.symbol == fresh.symbol]
        return caught_up(bars, fresh.ts, self._lags.get(fresh.symbol, 0))
