"""Which markets a live run hears, and by which names: the traded venue's symbols are plain, all others have ids.

[live] venue = "loopback"                               XBTUSD, and XBTUSD.LOOPBACK is the same
[[feeds]] venue = "bitmex", symbols = ["XBTUSD"]        XBTUSD.BITMEX
"""

from collections.abc import Iterable, Mapping

import attrs

from actors.spread_recorder import SpreadPair
from adapters.configuration import Configuration, FeedSection, LiveSection, Problem
from adapters.store.names import split_symbol, symbol_id
from messages import NS_PER_MILLISECOND, Symbol


def side_symbols(feeds: Iterable[FeedSection]) -> dict[Symbol, FeedSection]:
    """Every id that a feed brings, and which feed it is."""
    return {symbol_id(feed.called, symbol): feed for feed in feeds for symbol in feed.symbols}


def with_plain_names(configuration: Configuration) -> Configuration:
    """Ids of the traded venue are the plain symbols that the rest of the run knows."""
    venue = (configuration.live or LiveSection()).venue

    def plain(symbol: Symbol) -> Symbol:
        name, of = split_symbol(symbol)
        return name if of == venue else symbol

    strategies = [
        attrs.evolve(
            section,
            symbols=None if section.symbols is None else tuple(map(plain, section.symbols)),
            hears=None if section.hears is None else tuple(map(plain, section.hears)),
        )
        for section in configuration.strategies
    ]
    spreads = [attrs.evolve(each, a=plain(each.a), b=plain(each.b)) for each in configuration.spreads]
    return attrs.evolve(configuration, strategies=tuple(strategies), spreads=tuple(spreads))


def market_refusals(configuration: Configuration) -> list[Problem]:
    """What does not fit together in the names of markets: key path and reason. Names are plain already."""
    live = configuration.live or LiveSection()
    problems: list[Problem] = []
    names: dict[str, str] = {live.venue: "the venue that is traded"}
    for number, feed in enumerate(configuration.feeds):
        if feed.called in names:
            problems.append((f"feeds[{number}].name", f"{feed.called!r} is {names[feed.called]}: give it another"))
        names.setdefault(feed.called, f"that of feeds[{number}]")
    beside = side_symbols(configuration.feeds)
    for number, section in enumerate(configuration.strategies):
        where = f"strategies[{number}]"
        for place, symbol in enumerate(section.symbols or ()):
            if symbol in beside:
                reason = f"{symbol} is heard by a feed, and cannot be traded: name it under hears"
                problems.append((f"{where}.symbols[{place}]", reason))
        problems += [
            (f"{where}.hears[{place}]", _unheard(symbol, beside))
            for place, symbol in enumerate(section.hears or ())
            if symbol not in beside and split_symbol(symbol)[1] is not None
        ]
    heard = {symbol for each in configuration.strategies for symbol in (*(each.symbols or ()), *(each.hears or ()))}
    for number, pair in enumerate(configuration.spreads):
        for side, symbol in (("a", pair.a), ("b", pair.b)):
            if symbol not in beside and symbol not in heard:
                problems.append((f"spreads[{number}].{side}", _unheard(symbol, beside, heard)))
    return problems


def _unheard(symbol: Symbol, beside: Mapping[Symbol, FeedSection], heard: Iterable[Symbol] = ()) -> str:
    there = ", ".join(sorted({*beside, *heard})) or "none"
    return f"nobody brings {symbol}; what is heard: {there}"


def spread_pairs(configuration: Configuration) -> tuple[SpreadPair, ...]:
    """What is sampled side by side."""
    return tuple(
        [
            SpreadPair(name=each.name, a=each.a, b=each.b, every=each.every_ms * NS_PER_MILLISECOND)
            for each in configuration.spreads
        ]
    )
