"""A market that is heard and not traded, live: a filter and a bar builder that know its symbols and no other's.

Each such market is a flow of its own, so that nothing that happens in it reaches the traded one: not a flood, not an
absurd item that kills who judges it, not a silence. Filter and builder are those of every market; what they add is
that they ask for their symbols by name, for several of their kind stand side by side.
"""

from collections.abc import Callable, Collection, Mapping
from functools import cache
from typing import Any

import attrs

from actors.component import Answers, Component, Handler, handler_name, handlers_of
from actors.live_bars import LiveBarBuilder
from actors.tick_filter import FilterSettings, TickFilter
from messages import MarketFresh, MarketStale, Message, OrderBook, Quarantined, Quote, Subscribe, Symbol, Tick


class NamedFeed(Component):
    """A venue's feed whose symbols are called by their ids: it says `XBTUSD` and XBTUSD.BITMEX is heard.

    Hears what the feed hears, and says what it says; its heritage is the feed's.
    """

    def __init__(self, feed: Component, name: Callable[[Symbol], Symbol]) -> None:
        self._feed, self._name = feed, cache(name)
        for message_class, handler in handlers_of(feed).items():
            setattr(self, handler_name(message_class), self._naming(handler))

    def on_start(self) -> Answers:
        """The feed's."""
        return self._named(self._feed.on_start())

    def on_stop(self) -> Answers:
        """The feed's."""
        return self._named(self._feed.on_stop())

    def keeps(self) -> Mapping[type[Message], int]:
        """The feed's."""
        return self._feed.keeps()

    def heritage(self) -> Any:
        """The feed's."""
        return self._feed.heritage()

    def warmed_up(self) -> None:
        """The feed's."""
        self._feed.warmed_up()

    def release(self) -> None:
        """The feed's."""
        self._feed.release()

    def _naming(self, handler: Handler) -> Handler:
        return lambda message: self._named(handler(message))

    def _named(self, answers: Answers) -> Answers:
        return tuple([self._with_id(each) for each in answers])

    def _with_id(self, message: Any) -> Message:
        if not _has_symbol(message.__class__):
            return message  # type: ignore[no-any-return]
        changes: dict[str, Any] = {"symbol": self._name(message.symbol)}
        if isinstance(message, Quarantined) and message.item is not None:
            changes["item"] = self._with_id(message.item)
        named: Message = attrs.evolve(message, **changes)
        return named


@cache
def _has_symbol(message_class: Any) -> bool:
    return any(field.name == "symbol" for field in attrs.fields(message_class))


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

    def on_start(self) -> tuple[Message, ...]:
        """Ask for the trades of its symbols, and for the times at which bars close that were begun already."""
        heard = (Tick, MarketStale, MarketFresh)
        asked = [Subscribe(kind, symbol) for symbol in self._from_ticks for kind in heard]
        return (*asked, *super().on_start())
