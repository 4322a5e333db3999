"""Warm-up of a backtest: what its sources have from before the range, as each strategy would have heard it.

The rows before `from` go through a system of their own, with the same feed, tick filter and bar builder, whose
strategies only keep what they hear. What they kept is what a restarted strategy is fed with; the bars that were open
are gone on with. So the first bar of the range joins the last one before it, and nothing of the range is looked at.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import attrs

from actors.bars.wanted import BuilderHeritage
from actors.columns import Columns
from actors.restored import Restored
from actors.setup import Setup, wanted_bars
from actors.strategy import Strategy, make
from actors.strategy_entry import StrategyEntry
from actors.system import TradingSystem
from actors.wiring import bar_builder
from adapters.configuration import Configuration
from adapters.errors import InputError
from adapters.market_data import load_data
from messages import Bar, FeedEnded, Message, Symbol, UtcNs, iso_utc, moment_ns

SLACK: Final = 4
"""So many times the time that the bars take is looked back in a store: markets pause, and have silent minutes."""
_BUILDER: Final = "bar-builder"
_BUILT_FROM: Final = ("bars", "ticks")
"""What bars are made of. Quotes and books warm nobody up."""


@attrs.frozen(kw_only=True)
class Warm:
    """What a system begins with."""

    restored: Restored
    notes: tuple[str, ...]


def warm_up(setup: Setup, configuration: Configuration) -> Warm | None:
    """What lies before `from` in the sources of a configuration; None where it is not asked for.

    `setup` is of the system that shall begin warm; the configuration is its effective one.
    """
    settings = configuration.backtest
    if not settings.warm_up:
        return None
    if settings.begin is None:
        return Warm(restored=Restored(), notes=("warm-up: there is no `from`, and so nothing before it",))
    begins = moment_ns(settings.begin)
    columns, notes = _before(configuration, setup, begins)
    warm = warmed(setup, columns, begins)
    return attrs.evolve(warm, notes=(*notes, *warm.notes))


def _before(configuration: Configuration, setup: Setup, begins: UtcNs) -> tuple[list[Columns], list[str]]:
    """The rows that lie wholly before, of each source that has some."""
    columns: list[Columns] = []
    notes: list[str] = []
    for section in configuration.data:
        if getattr(section, "kind", None) not in (None, *_BUILT_FROM):
            continue
        # A file is read whole in any case. Of a store, which may hold years, only what may be needed.
        is_file = section.generated is not None or (section.file is not None and Path(section.file).is_file())
        since = None if is_file else iso_utc(begins - SLACK * _reach(setup, section.symbol))
        backtest = attrs.evolve(configuration.backtest, begin=since, end=iso_utc(begins))
        try:
            loaded = load_data(attrs.evolve(configuration, data=(section,), backtest=backtest), wanted=None)
        except InputError:
            # It has been read already, and was sound: there is nothing of it before.
            notes.append(f"warm-up: there is nothing of {section.symbol} before {iso_utc(begins)}")
            continue
        columns += [each.columns for each in loaded if each.fact.kind in _BUILT_FROM]
    return columns, notes


def _reach(setup: Setup, symbol: Symbol) -> int:
    """So long before, in ns, does anybody's warm-up of a symbol begin, if each interval has a bar."""
    spans = [_warmup_of(entry) * entry.period for entry in setup.strategies if symbol in entry.heard_symbols]
    return max(spans, default=0) + max((entry.period for entry in setup.strategies), default=0)


def _warmup_of(entry: StrategyEntry) -> int:
    return make(entry.strategy, dict(entry.params)).warmup


def warmed(setup: Setup, columns: Sequence[Columns], begins: UtcNs) -> Warm:
    """What the strategies of `setup` would have heard of these columns, and the bars that are open at `begins`."""
    there = {series.symbol for series in columns}
    keepers = {
        f"w{number}-{place}": (entry, symbol)
        for number, entry in enumerate(setup.strategies)
        for place, symbol in enumerate(entry.heard_symbols)
        if symbol in there and _warmup_of(entry)
    }
    if not keepers:
        return Warm(restored=Restored(), notes=())
    system = TradingSystem(
        feed=columns,
        strategies=[_keeper(name, *each) for name, each in keepers.items()],
        instruments=[instrument for instrument in setup.instruments.values() if instrument.symbol in there],
        filter_settings=setup.filter_settings,
        empty_bars=setup.empty_bars,
        late=setup.late,
        close_grace_ns=setup.close_grace_ns,
    )
    runtime = system.make_replay()
    runtime.run()
    heard = {
        name: [message for _, message in runtime.slots[f"strategy:{name}"].kept[Bar] if isinstance(message, Bar)]
        for name in keepers
    }
    open_bars = _go_on(system.setup, runtime.slots[_BUILDER].component, begins) if _BUILDER in runtime.slots else None
    if open_bars is not None:
        _close(heard, keepers, open_bars[1])
    kept = _kept(setup, keepers, heard)
    heritage = {} if open_bars is None or not wanted_bars(setup) else {_BUILDER: open_bars[0]}
    return Warm(restored=Restored(kept=kept, heritage=heritage), notes=(_note(setup, kept, begins),))


def _keeper(name: str, entry: StrategyEntry, symbol: Symbol) -> StrategyEntry:
    """In a strategy's place: keeps what it would hear of a symbol, and does nothing."""
    keeps = type("Keeps", (Strategy,), {"warmup": _warmup_of(entry)})
    return StrategyEntry(id=name, strategy=keeps, symbols=(symbol,), period=entry.period)


def _go_on(setup: Setup, builder: object, begins: UtcNs) -> tuple[BuilderHeritage, list[Bar]]:
    """The bars that are open at `begins`, and those that end before it without a trade that shows it."""
    successor = bar_builder(setup, wanted_bars(setup), builder.heritage())  # type: ignore[attr-defined]
    closed = [bar for bar in successor.on_feed_ended(FeedEnded(begins)) if isinstance(bar, Bar)]
    return successor.heritage(), closed


def _close(
    heard: Mapping[str, list[Bar]], keepers: Mapping[str, tuple[StrategyEntry, Symbol]], closed: Iterable[Bar]
) -> None:
    for bar in closed:
        for name, (entry, symbol) in keepers.items():
            if (bar.symbol, bar.period) == (symbol, entry.period):
                heard[name].append(bar)


def _kept(
    setup: Setup, keepers: Mapping[str, tuple[StrategyEntry, Symbol]], heard: Mapping[str, list[Bar]]
) -> dict[str, tuple[Message, ...]]:
    """By address, what each strategy hears first: the last `warmup` bars of each symbol, oldest first."""
    kept: dict[str, list[Bar]] = {f"strategy:{entry.id}": [] for entry in setup.strategies}
    for name, (entry, _) in keepers.items():
        kept[f"strategy:{entry.id}"] += heard[name][-_warmup_of(entry) :]
    return {address: tuple(sorted(bars, key=_by_end)) for address, bars in kept.items() if bars}


def _by_end(bar: Any) -> tuple[UtcNs, Symbol]:
    return bar.close_ts, bar.symbol


def _note(setup: Setup, kept: Mapping[str, tuple[Message, ...]], begins: UtcNs) -> str:
    told = []
    for entry in setup.strategies:
        bars, wanted = len(kept.get(f"strategy:{entry.id}", ())), _warmup_of(entry) * len(entry.heard_symbols)
        told.append(f"{entry.id} {bars}" if bars == wanted else f"{entry.id} {bars} of {wanted}")
    return f"warm-up: bars from before {iso_utc(begins)}, heard with no word said: {', '.join(told)}"
