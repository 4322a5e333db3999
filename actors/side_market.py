"""A market that is heard and not traded, live: a filter and a bar builder that know its symbols and no other's.

Each such market is a flow of its own, so that nothing that happens in it reaches the traded one: not a flood, not an
absurd item that kills who judges it, not a silence. Filter and builder are those of every market; what they add is
that they ask for their symbols by name, for several of their kind stand side by side.
"""

from collections.abc import Collection, Iterable

from actors.bars.wanted import BarWanted, BuilderHeritage, EmptyBars, Late
from actors.live_bars import GRACE, LiveBarBuilder
from actors.tick_filter import FilterSettings, TickFilter
from messages import MarketFresh, MarketStale, Message, OrderBook, Period, Quote, Subscribe, Symbol, Tick


class SideFilter(TickFilter):
    """A TickFilter of these symbols: what it remembers of them is nobody else's."""

    def __init__(self, symbols: Collection[Symbol], settings: FilterSettings | None = None) -> None:
        super().__init__(settings)
        self._symbols = tuple(symbols)

    def on_start(self) -> tuple[Message, ...]:
        """Ask for everything that there is to judge."""
        heard = (Tick, Quote, OrderBook, MarketStale, MarketFresh)
        return tuple([Subscribe(kind, symbol) for symbol in self._symbols for kind in heard])


class SideBuilder(LiveBarBuilder):
    """A LiveBarBuilder of these bars, from single trades."""

    def __init__(
        self,
        wanted: Iterable[BarWanted],
        *,
        close_grace_ns: Period = GRACE,
        empty_bars: EmptyBars = "none",
        late: Late = "quarantine",
        heritage: BuilderHeritage | None = None,
    ) -> None:
        wanted = tuple(wanted)
        super().__init__(wanted, close_grace_ns=close_grace_ns, empty_bars=empty_bars, late=late, heritage=heritage)
        self._symbols = tuple(dict.fromkeys(each.symbol for each in wanted))

    def on_start(self) -> tuple[Message, ...]:
        """Ask for the trades of its symbols, and for the times at which bars close that were begun already."""
        heard = (Tick, MarketStale, MarketFresh)
        asked = [Subscribe(kind, symbol) for symbol in self._symbols for kind in heard]
        return (*asked, *super().on_start())
