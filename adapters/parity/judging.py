"""One life against its backtest, all of it: data, bars, decisions, fills and cash, and where they part first."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import attrs

from actors.setup import Setup
from adapters.errors import InputError
from adapters.journal.store import read_meta
from adapters.live.again import setup_again
from adapters.parity.comparing import (
    BarsCompared,
    DecisionsCompared,
    Difference,
    Pair,
    cause_of_decision,
    compare_bars,
    compare_decisions,
    pairs_of,
)
from adapters.parity.fills import FillsCompared, compare_fills
from adapters.parity.reading import LifeRead, heard, read_life
from adapters.parity.recorded import DataCompared, classes_of, compare_data, recorded, series_of
from adapters.parity.rerun import Cash, cash_before, cash_since, run_again
from adapters.parity.story import Story, story_of
from adapters.store import Store
from messages import Account, Message, StrategyId, UtcNs

HOW_TO_RECORD: Final = (
    "`live` records its market into the run's folder unless [recording] of its configuration says otherwise "
    "(enabled = true, store, kinds); --store FOLDER names another store, and --trace takes the market from the run's "
    "own trace"
)


@attrs.frozen(kw_only=True)
class Parity:
    """What came of comparing one life."""

    life: LifeRead
    venue: str
    source: str
    """Where the market of the backtest came from."""
    data: DataCompared | None
    """None: the market came from the trace itself, and there is nothing to compare it with."""
    bars: BarsCompared
    decisions: DecisionsCompared
    fills: FillsCompared
    cash: Mapping[tuple[Account, str], tuple[Cash | None, Cash | None]]
    """(live, again)"""
    described: Mapping[StrategyId, str]
    stories: tuple[Story, Story]

    @property
    def is_equal(self) -> bool:
        """Whether the recording is what was heard, and all bars and decisions are the same."""
        data = self.data is None or self.data.is_equal
        return data and self.bars.total.is_equal and self.decisions.total.is_equal

    @property
    def first(self) -> Difference | None:
        """The first difference of data, bars and decisions."""
        data = () if self.data is None else self.data.differences
        found = [each[0] for each in (data, self.bars.differences, self.decisions.differences) if each]
        return min(found, key=lambda each: each.at, default=None)


def parity_of(folder: Path, number: int | None, *, store: Store | None) -> Parity:
    """Compare a life (None: the last) with its backtest over `store`; None: over the trace's own market.

    JournalError for what is no run's folder. InputError when the store has nothing of the life's market.
    """
    life = read_life(folder, number)
    setup = setup_again(folder)
    venue = str(read_meta(folder).get("venue", ""))
    market = _Market(life, venue, store)
    data = market.compared()
    edge = life.ended if data is None else data.edge
    before = cash_before(folder, setup, life.number)
    again = run_again(life, market.again, before)
    live = story_of(life.said, setup.strategies, until=life.ended)
    differences = () if data is None else data.differences
    bars = compare_bars(live, again.story, data=differences, left_out=life.left_out, edge=edge)
    fills = compare_fills(live, again.story, pairs_of(live, again.story, edge=edge))
    why = _Why(setup, (live, again.story), bars, differences, fills)
    cash_live = cash_since(cash_before(folder, setup, life.number + 1), before)
    return Parity(
        life=life,
        venue=venue,
        source=market.source,
        data=data,
        bars=bars,
        decisions=compare_decisions(live, again.story, why.cause, edge=edge),
        fills=fills,
        cash={key: (cash_live.get(key), again.cash.get(key)) for key in sorted(cash_live.keys() | again.cash.keys())},
        described={entry.id: entry.strategy.__name__ for entry in setup.strategies},
        stories=(live, again.story),
    )


class _Market:
    """The market of a life, from the store or from its trace."""

    def __init__(self, life: LifeRead, venue: str, store: Store | None) -> None:
        self._life, self._store = life, store
        if store is None:
            self.source = "the run's own trace"
            return
        self.source = str(store.root)
        self._series = series_of(store, venue, life.heard)
        self._classes = classes_of(self._series, life.started, life.ended)
        if life.heard and not self._classes:
            raise InputError(
                f"{store.root}: nothing of {', '.join(sorted(life.heard))} at {venue} was recorded while life "
                f"{life.number} went on: {HOW_TO_RECORD}"
            )

    def again(self) -> Iterator[Message]:
        """What the backtest is fed with."""
        life = self._life
        if self._store is None:
            return heard(life)
        return recorded(self._store, self._series, life.started, life.ended)

    def compared(self) -> DataCompared | None:
        """Recorded against heard."""
        if self._store is None:
            return None
        then = (each for each in heard(self._life) if each.received <= self._life.ended)  # type: ignore[attr-defined]
        return compare_data(then, self.again(), self._life, self._classes)


class _Why:
    """Why a strategy decided otherwise."""

    def __init__(
        self,
        setup: Setup,
        stories: tuple[Story, Story],
        bars: BarsCompared,
        data: tuple[Difference, ...],
        fills: FillsCompared,
    ) -> None:
        self._entries = {entry.id: entry for entry in setup.strategies}
        self._stories, self._bars, self._data = stories, bars, data
        self._filled: dict[StrategyId, UtcNs] = {}
        for each in fills.differing:
            moments = [side.first for side in (each.live, each.again) if side.first]
            self._filled.setdefault(each.decision.strategy, min(moments, default=each.decision.at))

    def cause(self, pair: Pair) -> str:
        """In words."""
        known = pair.known
        entry = self._entries.get(known.strategy)
        return cause_of_decision(
            pair,
            bars=self._bars.differences,
            data=self._data,
            stories=self._stories,
            hears=frozenset() if entry is None else entry.strategy.hears(),
            symbols=(known.symbol,) if entry is None else entry.heard_symbols,
            filled_otherwise=self._filled.get(known.strategy),
        )
