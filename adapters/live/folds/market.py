"""Prices, and whether they can be trusted."""

from collections.abc import Mapping

import attrs

from adapters.live.news import Kind, NewsPaper
from adapters.live.snapshot import MarketView
from messages import Bar, Fill, Instrument, MarketFresh, MarketStale, PositionAdjusted, Quote, Symbol, Tick


class Markets:
    """Every symbol's market, and the account's net position there."""

    def __init__(self, account: str, instruments: Mapping[Symbol, Instrument], news: NewsPaper) -> None:
        self._account, self._news = account, news
        self.views: dict[Symbol, MarketView] = {
            symbol: MarketView(symbol=symbol, decimals=each.price_decimals) for symbol, each in instruments.items()
        }

    def on_bar(self, bar: Bar) -> None:
        """A close."""
        self._is_now(bar.symbol, last=bar.close)

    def on_tick(self, tick: Tick) -> None:
        """A trade."""
        self._is_now(tick.symbol, last=tick.price, received=tick.received, delay_ns=tick.received - tick.ts)

    def on_quote(self, quote: Quote) -> None:
        """Best bid and ask."""
        delay = quote.received - quote.ts
        self._is_now(quote.symbol, bid=quote.bid, ask=quote.ask, received=quote.received, delay_ns=delay)

    def on_market_stale(self, stale: MarketStale) -> None:
        """Not to be trusted."""
        self._is_now(stale.symbol, stale=stale.reason)
        self._news.add(Kind.TROUBLE, f"{stale.symbol} is stale: {stale.reason}", stale.ts)

    def on_market_fresh(self, fresh: MarketFresh) -> None:
        """Complete up to now."""
        view = self.views.get(fresh.symbol)
        if view is not None and view.stale:
            self._news.add(Kind.GOOD, f"{fresh.symbol} is fresh again", fresh.ts)
        self._is_now(fresh.symbol, stale="")

    def on_fill(self, fill: Fill) -> None:
        """A position changed."""
        self._hold(fill)

    def on_position_adjusted(self, adjusted: PositionAdjusted) -> None:
        """A position was another one."""
        self._hold(adjusted)

    def price(self, symbol: Symbol) -> float | None:
        """What a position is worth by: the last price, or else between bid and ask."""
        view = self.views.get(symbol)
        if view is None or view.last is not None or view.bid is None or view.ask is None:
            return None if view is None else view.last
        return (view.bid + view.ask) / 2

    def _hold(self, moved: Fill | PositionAdjusted) -> None:
        view = self.views.get(moved.symbol)
        if view is not None and moved.account == self._account:
            self._is_now(moved.symbol, lots=view.lots + moved.lots)

    def _is_now(self, symbol: Symbol, **changes: object) -> None:
        view = self.views.get(symbol)
        if view is not None:
            self.views[symbol] = attrs.evolve(view, **changes)  # type: ignore[arg-type]
