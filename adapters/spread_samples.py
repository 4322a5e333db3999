"""Spread samples of what a store holds: the recorder of live runs, in a replay of two markets' trades and quotes.

A UTC day at a time, so that memory holds a day; filter and recorder go on from one day to the next.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final

import attrs

from actors.columns import Columns, QuoteColumns, TickColumns
from actors.component import Component
from actors.feed import Feed
from actors.listener import Listener
from actors.runtime.replay import ReplayRuntime
from actors.runtime.slot import ActorKind, ActorSpec
from actors.spread_recorder import SpreadHeritage, SpreadPair, SpreadRecorder
from actors.supervisor import ChildSpec, Supervisor
from actors.tick_filter import TickFilter
from adapters.errors import InputError
from adapters.store import Moment, Store
from adapters.store.names import SPREADS, check_venue, day_name, day_of, moment_of, split_symbol
from adapters.store.rows import rows_of
from messages import NS_PER_DAY, ActorFailed, SpreadSample, Symbol, UtcNs

_KINDS: Final = ("ticks", "quotes")


@attrs.frozen(kw_only=True)
class Computed:
    """What came of it."""

    samples: int = 0
    both_known: int = 0
    """Samples with a best bid and ask on both sides."""
    days: tuple[str, ...] = ()
    first: UtcNs | None = None
    last: UtcNs | None = None


def compute_spreads(
    store: Store,
    pair: SpreadPair,
    start: Moment = None,
    end: Moment = None,
    *,
    progress: Callable[[str, int, int], None] | None = None,
) -> Computed:
    """Sample a pair from the store's ticks and quotes, and put the samples there, in place of those of the same days.

    The sides are ids (`XBTUSD.BITMEX`). `start` and `end` (ns, ISO text, datetime) are taken to whole UTC days.
    InputError when a side names no venue, or the store has neither trades nor quotes of it in that time.
    """
    sides = [_side(pair, symbol) for symbol in (pair.a, pair.b)]
    days = _days(store, sides, moment_of(start, "start"), moment_of(end, "end"))
    judge, left, done = TickFilter(), None, Computed()
    for day in days:
        columns = [series for side in sides for series in _columns(store, *side, day)]
        if not columns:
            continue
        samples, left = _sampled(pair, columns, judge, left)
        _keep(store, pair, day, samples)
        known = [each for each in samples if each.sell_a_buy_b is not None and each.buy_a_sell_b is not None]
        done = Computed(
            samples=done.samples + len(samples),
            both_known=done.both_known + len(known),
            days=(*done.days, day_name(day)),
            first=samples[0].received if done.first is None and samples else done.first,
            last=samples[-1].received if samples else done.last,
        )
        if progress is not None:
            progress(day_name(day), done.samples, 0)
    return done


def _keep(store: Store, pair: SpreadPair, day: int, samples: list[SpreadSample]) -> None:
    """In place of the day's samples. Instants that had passed since the day before are added to that one's."""
    begin = day * NS_PER_DAY
    for some, replace in (
        ([each for each in samples if each.received < begin], False),
        ([each for each in samples if each.received >= begin], True),
    ):
        if some:
            store.write(SPREADS, pair.name, "spreads", rows_of("spreads", some), replace=replace)


def _side(pair: SpreadPair, symbol: Symbol) -> tuple[Symbol, str, Symbol]:
    """(id, venue, the venue's own symbol)"""
    name, venue = split_symbol(symbol)
    if venue is None:
        raise InputError(f"spread {pair.name}: {symbol!r} names no venue; write it like XBTUSD.BITMEX")
    return symbol, check_venue(venue), name


def _days(
    store: Store, sides: list[tuple[Symbol, str, Symbol]], start: UtcNs | None, end: UtcNs | None
) -> Iterator[int]:
    """Days on which there is anything of either side."""
    spans: list[tuple[int, int]] = []
    there = store.series()
    for symbol, venue, name in sides:
        found = [
            (day_of(each.first), day_of(each.last))
            for each in there
            if (each.venue, each.symbol) == (venue, name) and each.kind in _KINDS and each.rows
        ]
        if not found:
            raise InputError(f"{store.root}: there are neither ticks nor quotes of {symbol}")
        spans += found
    first, last = min(span[0] for span in spans), max(span[1] for span in spans)
    if start is not None:
        first = max(first, day_of(start))
    if end is not None:
        last = min(last, day_of(end - 1))
    if first > last:
        raise InputError(f"{store.root}: there is nothing of {sides[0][0]} and {sides[1][0]} in that time")
    return iter(range(first, last + 1))


def _columns(store: Store, symbol: Symbol, venue: str, name: Symbol, day: int) -> Iterator[Columns]:
    begin, end = day * NS_PER_DAY, (day + 1) * NS_PER_DAY
    ticks, quotes = store.ticks(venue, name, begin, end), store.quotes(venue, name, begin, end)
    if len(ticks):
        yield TickColumns(symbol=symbol, **{each: ticks[each] for each in ("ts", "received", "price", "size")})
    if len(quotes):
        names = ("ts", "received", "bid", "bid_size", "ask", "ask_size")
        yield QuoteColumns(symbol=symbol, **{each: quotes[each] for each in names})


def _sampled(
    pair: SpreadPair, columns: list[Columns], judge: TickFilter, left: SpreadHeritage | None
) -> tuple[list[SpreadSample], SpreadHeritage]:
    """The samples while these columns play, and what is known at their end."""
    samples: list[Any] = []
    failures: list[Any] = []
    recorder = SpreadRecorder(pair, heritage=left)
    runtime = ReplayRuntime(start_at=min(int(series.received[0]) for series in columns))  # type: ignore[union-attr]
    actors: list[tuple[str, ActorKind, Component]] = [
        ("listener", ActorKind.EDGE, Listener(SpreadSample, samples.append)),
        ("listener:failures", ActorKind.EDGE, Listener(ActorFailed, failures.append)),
        ("spread-recorder", ActorKind.EDGE, recorder),
        ("tick-filter", ActorKind.MARKET, judge),
        ("feed", ActorKind.MARKET, Feed(columns)),
    ]
    children = [ChildSpec(address=address, kind=kind) for address, kind, _ in actors]
    runtime.add(_spec("supervisor", ActorKind.ROOT, Supervisor(children)))
    for address, kind, component in actors:
        runtime.add(_spec(address, kind, component))
    runtime.run()
    assert not failures, failures
    return samples, recorder.heritage()


def _spec(address: str, kind: ActorKind, component: Component) -> ActorSpec:
    return ActorSpec(
        address=address, role=address.partition(":")[0], kind=kind, factory=lambda _heritage: component
    )  # fmt: skip
