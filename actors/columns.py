"""Market data at rest: columns of one symbol, checked once by whoever made them, and read-only from then on.

Files, stores and generators make these; the feed plays them; the results read the closes afterwards.
"""

from typing import Any, TypeAlias

import attrs
import numpy as np
import numpy.typing as npt

from messages import Period, Symbol

Ints: TypeAlias = npt.NDArray[np.int64]
Floats: TypeAlias = npt.NDArray[np.float64]


def _column(values: Any, dtype: Any) -> Any:
    column = np.ascontiguousarray(values, dtype=dtype).view()
    column.flags.writeable = False
    return column


def _ints(values: Any) -> Ints:
    return _column(values, np.int64)  # type: ignore[no-any-return]


def _floats(values: Any) -> Floats:
    return _column(values, np.float64)  # type: ignore[no-any-return]


def _ints_or_none(values: Any) -> Ints | None:
    return None if values is None else _ints(values)


def _floats_or_none(values: Any) -> Floats | None:
    return None if values is None else _floats(values)


def _one_length(columns: Any) -> None:
    lengths = {
        field.name: len(value)
        for field in attrs.fields(type(columns))
        if isinstance(value := getattr(columns, field.name), np.ndarray)
    }
    if len(set(lengths.values())) > 1:
        raise ValueError(f"{type(columns).__name__} of {columns.symbol}: columns differ in length: {lengths}")


@attrs.frozen(kw_only=True, eq=False)
class BarColumns:
    """Closed bars of one symbol and period, in time order; a row is one bar, shape (n,) each."""

    symbol: Symbol
    period: Period
    open_ts: Ints = attrs.field(converter=_ints)
    """UTC ns."""
    close_ts: Ints = attrs.field(converter=_ints)
    """UTC ns, exclusive; nobody hears a bar before it."""
    open: Floats = attrs.field(converter=_floats)
    high: Floats = attrs.field(converter=_floats)
    low: Floats = attrs.field(converter=_floats)
    close: Floats = attrs.field(converter=_floats)
    volume: Floats = attrs.field(converter=_floats)
    """Contracts or base units."""
    turnover: Floats | None = attrs.field(default=None, converter=_floats_or_none)
    """Sum of price x size, None when unknown."""

    def __attrs_post_init__(self) -> None:
        _one_length(self)

    def __len__(self) -> int:
        return len(self.close_ts)


@attrs.frozen(kw_only=True, eq=False)
class TickColumns:
    """Trades of one symbol in the order received; shape (n,) each."""

    symbol: Symbol
    ts: Ints = attrs.field(converter=_ints)
    """UTC ns, the source's own time."""
    received: Ints = attrs.field(converter=_ints)
    """UTC ns, never going back."""
    price: Floats = attrs.field(converter=_floats)
    size: Floats = attrs.field(converter=_floats)
    """Contracts or base units."""
    aggressor: Ints | None = attrs.field(default=None, converter=_ints_or_none)
    """+1 buyer, -1 seller, 0 unknown; None when the source never says."""

    def __attrs_post_init__(self) -> None:
        _one_length(self)

    def __len__(self) -> int:
        return len(self.ts)


@attrs.frozen(kw_only=True, eq=False)
class QuoteColumns:
    """Best bids and asks of one symbol in the order received; shape (n,) each."""

    symbol: Symbol
    ts: Ints = attrs.field(converter=_ints)
    received: Ints = attrs.field(converter=_ints)
    bid: Floats = attrs.field(converter=_floats)
    bid_size: Floats = attrs.field(converter=_floats)
    ask: Floats = attrs.field(converter=_floats)
    ask_size: Floats = attrs.field(converter=_floats)

    def __attrs_post_init__(self) -> None:
        _one_length(self)

    def __len__(self) -> int:
        return len(self.ts)


@attrs.frozen(kw_only=True, eq=False)
class FundingColumns:
    """Funding rates of one perpetual contract, in time order; shape (n,) each."""

    symbol: Symbol
    ts: Ints = attrs.field(converter=_ints)
    """UTC ns at which who holds pays or receives."""
    received: Ints = attrs.field(converter=_ints)
    rate: Floats = attrs.field(converter=_floats)
    """Fraction of the position's value; above zero longs pay shorts."""

    def __attrs_post_init__(self) -> None:
        _one_length(self)

    def __len__(self) -> int:
        return len(self.ts)


@attrs.frozen(kw_only=True, eq=False)
class MarkColumns:
    """The venue's mark prices of one contract in the order received; shape (n,) each."""

    symbol: Symbol
    ts: Ints = attrs.field(converter=_ints)
    received: Ints = attrs.field(converter=_ints)
    price: Floats = attrs.field(converter=_floats)

    def __attrs_post_init__(self) -> None:
        _one_length(self)

    def __len__(self) -> int:
        return len(self.ts)


Columns: TypeAlias = BarColumns | TickColumns | QuoteColumns
"""What strategies hear."""
EventColumns: TypeAlias = FundingColumns | MarkColumns
"""What venue and portfolio hear beside it."""
