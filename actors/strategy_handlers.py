"""How a strategy's host hears market data: closures bound once, for they are the hot path of every backtest."""

from collections.abc import Callable
from typing import Any, TypeAlias

from actors.component import Answers, Handler
from actors.strategy import Strategy
from actors.strategy_desk import Desk
from messages import (
    Bar,
    BarOpen,
    ExternalEvent,
    IndexPrice,
    Liquidation,
    Message,
    OrderBook,
    OrderFlow,
    Quote,
    Tick,
)

_User: TypeAlias = Callable[[Any], None]


def market_handlers(strategy: Strategy, desk: Desk) -> dict[type[Message], Handler]:
    """The handlers of market data, each specialised once for what this strategy hears.

    A strategy that hears bars alone needs no price noted: its last price is the last close in its history.
    """
    hears = strategy.hears()
    bars_only = hears.isdisjoint({"on_bar_open", "on_tick", "on_quote", "on_book"})
    return {
        Bar: _bars(strategy.on_bar, desk) if bars_only else _bars_among_others(strategy.on_bar, desk),
        BarOpen: _others(strategy.on_bar_open, desk, lambda bar_open: bar_open.price),
        Tick: _ticks(strategy.on_tick, desk),
        Quote: _others(strategy.on_quote, desk, lambda quote: (quote.bid + quote.ask) / 2),
        OrderBook: _others(strategy.on_book, desk, _book_price),
        IndexPrice: _others(strategy.on_index, desk, None),
        Liquidation: _others(strategy.on_liquidation, desk, None),
        ExternalEvent: _others(strategy.on_event, desk, None),
        OrderFlow: _flows(strategy, desk),
    }


def _bars(user: _User, desk: Desk) -> Handler:
    if len(desk.histories) > 1:
        return _bars_of_several(user, desk)
    acts, flush, drop_acts = desk.acts, desk.flush, desk.drop_acts
    keep = desk.histories[desk.symbols[0]].append

    def on_bar(bar: Bar) -> Answers:
        received = bar.received
        if received > desk.now:  # noqa: PLR1730 - max() is a call, and this runs at every bar
            desk.now = received
        keep(bar)
        try:
            user(bar)
        except BaseException:
            drop_acts()
            raise
        return flush() if acts else ()

    return on_bar


def _bars_of_several(user: _User, desk: Desk) -> Handler:
    acts, flush, drop_acts, histories = desk.acts, desk.flush, desk.drop_acts, desk.histories

    def on_bar(bar: Bar) -> Answers:
        received = bar.received
        if received > desk.now:  # noqa: PLR1730 - max() is a call, and this runs at every bar
            desk.now = received
        histories[bar.symbol].append(bar)
        try:
            user(bar)
        except BaseException:
            drop_acts()
            raise
        return flush() if acts else ()

    return on_bar


def _bars_among_others(user: _User, desk: Desk) -> Handler:
    prices, hear = desk.prices, _bars_of_several(user, desk)

    def on_bar(bar: Bar) -> Answers:
        prices[bar.symbol] = bar.close
        return hear(bar)

    return on_bar


def _ticks(user: _User, desk: Desk) -> Handler:
    acts, flush, drop_acts, prices = desk.acts, desk.flush, desk.drop_acts, desk.prices

    def on_tick(tick: Tick) -> Answers:
        received = tick.received
        if received > desk.now:  # noqa: PLR1730 - max() is a call, and this runs at every tick
            desk.now = received
        prices[tick.symbol] = tick.price
        try:
            user(tick)
        except BaseException:
            drop_acts()
            raise
        return flush() if acts else ()

    return on_tick


def _others(user: _User, desk: Desk, price_of: Callable[[Any], float | None] | None) -> Handler:
    acts, flush, drop_acts, prices = desk.acts, desk.flush, desk.drop_acts, desk.prices

    def on_market(item: Any) -> Answers:
        if item.received > desk.now:  # noqa: PLR1730 - max() is a call, and this runs at every tick
            desk.now = item.received
        if price_of is not None:
            price = price_of(item)
            if price is not None:
                prices[item.symbol] = price
        try:
            user(item)
        except BaseException:
            drop_acts()
            raise
        return flush() if acts else ()

    return on_market


def _flows(strategy: Strategy, desk: Desk) -> Handler:
    """Zeros may be there because another strategy wants them."""
    hear, zeros = _others(strategy.on_flow, desk, None), strategy.flow_zeros

    def on_order_flow(flow: OrderFlow) -> Answers:
        is_empty = not (flow.buy_volume or flow.sell_volume or flow.unknown_volume)
        return () if is_empty and not zeros else hear(flow)

    return on_order_flow


def _book_price(book: OrderBook) -> float | None:
    if book.bids and book.asks:
        return (book.bids[0][0] + book.asks[0][0]) / 2
    best = book.bids or book.asks
    return best[0][0] if best else None
