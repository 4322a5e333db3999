"""One `[[strategies]]` entry, or what a host application says in its place: a class, and what its instance is given."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from actors.execution.algorithms import MARKET, Execution, execution_of
from actors.strategy import Strategy
from messages import Lots, Period, StrategyId, Symbol


def _pairs(params: Mapping[str, Any] | tuple[tuple[str, Any], ...]) -> tuple[tuple[str, Any], ...]:
    return tuple(dict(params).items())


def _names(symbols: Iterable[Symbol]) -> tuple[Symbol, ...]:
    return (symbols,) if isinstance(symbols, str) else tuple(symbols)


def _strategy_class(instance: "StrategyEntry", _attribute: "attrs.Attribute[Any]", value: object) -> None:
    if not (isinstance(value, type) and issubclass(value, Strategy)):
        raise TypeError(f"StrategyEntry {instance.id}: {value!r} is not a subclass of actors.Strategy")


def _names_or_none(sources: Iterable[str] | None) -> tuple[str, ...] | None:
    return None if sources is None else _names(sources)


def _hears(instance: "StrategyEntry", _attribute: "attrs.Attribute[Any]", value: tuple[str, ...]) -> None:
    if len(set(value)) < len(value) or not all(isinstance(symbol, str) and symbol for symbol in value):
        raise ValueError(f"StrategyEntry {instance.id}: hears must be different names, not {value!r}")
    both = [symbol for symbol in value if symbol in instance.symbols]
    if both:
        raise ValueError(f"StrategyEntry {instance.id}: {', '.join(both)} is traded, and heard without saying so")


def _symbols(instance: "StrategyEntry", _attribute: "attrs.Attribute[Any]", value: tuple[str, ...]) -> None:
    if not value or len(set(value)) < len(value) or not all(isinstance(symbol, str) and symbol for symbol in value):
        raise ValueError(f"StrategyEntry {instance.id}: symbols must be different names, at least one, not {value!r}")


@attrs.frozen(kw_only=True)
class StrategyEntry:
    """One instance of a strategy: one actor, which hears all its symbols at one period."""

    id: StrategyId = attrs.field(validator=attrs.validators.matches_re(r"[a-z0-9-]{1,16}"))
    strategy: type[Strategy] = attrs.field(validator=_strategy_class)
    symbols: tuple[Symbol, ...] = attrs.field(converter=_names, validator=_symbols)
    hears: tuple[Symbol, ...] = attrs.field(default=(), converter=_names, validator=_hears)
    """Symbols whose bars, ticks, quotes and books it hears besides, and that it cannot trade."""
    events: tuple[str, ...] | None = attrs.field(default=None, converter=_names_or_none)
    """The sources that `on_event` hears; None leaves it to the class."""
    period: Period = attrs.field(validator=[attrs.validators.instance_of(int), attrs.validators.gt(0)])
    params: tuple[tuple[str, Any], ...] = attrs.field(default=(), converter=_pairs)
    """Names and values; a mapping is copied. They are checked when the strategy is made."""
    weight: float = attrs.field(default=1.0, validator=[attrs.validators.ge(0), attrs.validators.lt(math.inf)])
    lots: Lots = attrs.field(default=1, validator=[attrs.validators.instance_of(int), attrs.validators.gt(0)])
    """Lots per unit of signal, before weight and volatility scale."""
    account: str = attrs.field(default="main", validator=attrs.validators.min_len(1))
    execution: Execution = attrs.field(default=MARKET, converter=execution_of)
    """How its share of an order is worked: `"chase"`, or `{"algorithm": "chase", "seconds": 60}`."""
    on_quarantine: str = attrs.field(default="hold", validator=attrs.validators.in_(("hold", "flatten")))

    @property
    def heard_symbols(self) -> tuple[Symbol, ...]:
        """Every symbol that it hears, those that it trades first."""
        return (*self.symbols, *self.hears)

    @property
    def sources(self) -> tuple[str, ...] | None:
        """The sources of external events that it hears: None is all of them, () where it hears no events."""
        if "on_event" not in self.strategy.hears():
            return ()
        told = self.events if self.events is not None else self.strategy.events
        return None if told is None else _names(told)


def only_heard(entries: Iterable[StrategyEntry]) -> frozenset[Symbol]:
    """Symbols that some entry hears and none trades."""
    entries = tuple(entries)
    heard = {symbol for entry in entries for symbol in entry.hears}
    return frozenset(heard - {symbol for entry in entries for symbol in entry.symbols})
