"""From a run to its result: what was recorded, accounted for, with the conventions that it was computed by."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from actors import accounting
from actors.columns import BarColumns, Columns, QuoteColumns, TickColumns
from actors.recorder import Record
from actors.result import BacktestResult, Conventions
from actors.runtime.slot import Slot
from actors.wiring import Setup
from messages import Symbol, TradingState, UtcNs

_CALLBACK_NEEDS = {"on_tick": TickColumns, "on_quote": QuoteColumns}


def outcome(
    setup: Setup, record: Record, *, slots: Iterable[Slot], until: UtcNs | None, notes: Sequence[str]
) -> BacktestResult:
    """Everything decided and done. `until` is where a run was stopped: what is later was never heard, nor counts."""
    books = accounting.Books(record.fills)
    closes = accounting.closes_of(setup.columns, record, until)
    currencies = sorted({instrument.currency for instrument in setup.instruments.values()})
    curves = accounting.curves(
        books,
        accounts={account: setup.cash_of(account) for account in setup.accounts},
        instruments=setup.instruments,
        closes=closes,
        samples={
            currency: accounting.sample_times(setup.columns, record, _symbols_in(setup, currency), until, closes)
            for currency in currencies
        },
    )
    stops = [state for state in record.states if state.state is not TradingState.ACTIVE]
    last_states = {state.account: state for state in record.states}.values()
    halted = next((state.reason for state in last_states if state.state is not TradingState.ACTIVE), None)
    return BacktestResult(
        bars=sum(_played(series, until) for series in setup.columns if isinstance(series, BarColumns)),
        ticks=sum(_played(series, until) for series in setup.columns if isinstance(series, TickColumns)),
        first_ts=first_ts(setup.columns),
        last_ts=_last_ts(setup.columns) if until is None else until,
        instruments=setup.instruments,
        signals=tuple(record.signals),
        orders=accounting.order_rows(record),
        fills=tuple(books.rows),
        ledger=tuple(books.entries),
        curves=curves,
        summaries=accounting.summaries(books, curves),
        strategies=accounting.strategy_rows(books, instruments=setup.instruments, closes=closes),
        marks=tuple(record.annotations),
        conventions=_conventions(setup, record, notes),
        refusals=accounting.refusals(record),
        restarts={slot.address: slot.restarts for slot in slots if slot.restarts},
        quarantined=dict(record.quarantined),
        failures=tuple(record.failures),
        bad_items=tuple(record.bad_items),
        bad_item_counts=dict(sorted(record.bad_item_counts.items())),
        daily_loss_trips=sum(state.reason.startswith("daily loss") for state in stops),
        halted=halted,
        unused_callbacks=_unused_callbacks(setup),
    )


def first_ts(columns: Sequence[Columns]) -> UtcNs | None:
    """When the data begin: the first open, tick or quote."""
    return min((int(_times(series, "open_ts")[0]) for series in columns if len(series)), default=None)


def _last_ts(columns: Sequence[Columns]) -> UtcNs | None:
    return max((int(_times(series, "close_ts")[-1]) for series in columns if len(series)), default=None)


def _played(series: Columns, until: UtcNs | None) -> int:
    return len(series) if until is None else int(np.searchsorted(_times(series, "close_ts"), until, side="right"))


def _times(series: Columns, name: str) -> Any:
    return getattr(series, name) if isinstance(series, BarColumns) else series.received


def _symbols_in(setup: Setup, currency: str) -> list[Symbol]:
    return [symbol for symbol, instrument in setup.instruments.items() if instrument.currency == currency]


def _conventions(setup: Setup, record: Record, notes: Sequence[str]) -> Conventions:
    settings = setup.venue_settings
    return Conventions(
        fill=settings.fill,
        limit_fill=settings.limit_fill,
        slippage_ticks=settings.slippage_ticks,
        value_rounding={symbol: each.value_rounding.value for symbol, each in sorted(setup.instruments.items())},
        funding="none",
        ambiguous_fills=sum(fill.ambiguous for fill in record.fills),
        notes=tuple(notes),
    )


def _unused_callbacks(setup: Setup) -> dict[str, tuple[str, ...]]:
    there = {type(series) for series in setup.columns}
    if not there:
        return {}
    unused = {}
    for entry in setup.strategies:
        hears = entry.strategy.hears()
        names = [name for name, needs in _CALLBACK_NEEDS.items() if name in hears and needs not in there]
        names += [name for name in ("on_book", "on_event") if name in hears]
        if names:
            unused[entry.id] = tuple(names)
    return unused
