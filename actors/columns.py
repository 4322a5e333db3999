"""Market data at rest: columns of one symbol, checked once by whoever made them, and read-only from then on.

Files, stores and generators make these; the feed plays them; the results read the closes afterwards.
"""

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias, TypeGuard

import attrs
import numpy as np
import numpy.typing as npt

from messages import Period, Symbol, UtcNs

Ints: TypeAlias = npt.NDArray[np.int64]
Floats: TypeAlias = npt.NDArray[np.float64]
Sides: TypeAlias = npt.NDArray[np.int8]


def _column(values: Any, dtype: Any) -> Any:
    column = np.ascontiguousarray(values, dtype=dtype).view()
    column.flags.writeable = False
    return column


def ints(values: Any) -> Ints:
    """A read-only column of 64-bit whole numbers; an array of these is looked at, not copied."""
    return _column(values, np.int64)  # type: ignore[no-any-return]


def _floats(values: Any) -> Floats:
    return _column(values, np.float64)  # type: ignore[no-any-return]


def _ints_or_none(values: Any) -> Ints | None:
    return None if values is None else ints(values)


def _sides_or_none(values: Any) -> Ints | Sides | None:
    """As they are where a byte each holds them already: few ever look at them."""
    return _column(values, np.int8) if getattr(values, "dtype", None) == np.int8 else _ints_or_none(values)


def _floats_or_none(values: Any) -> Floats | None:
    return None if values is None else _floats(values)


def one_length(columns: Any, whose: str) -> None:
    """ValueError where the columns that somebody has given differ in length."""
    lengths = {
        field.name: len(value)
        for field in attrs.fields(type(columns))
        if field.init and isinstance(value := getattr(columns, field.name), np.ndarray | tuple)
    }
    if len(set(lengths.values())) > 1:
        raise ValueError(f"{type(columns).__name__} of {whose}: columns differ in length: {lengths}")


@attrs.frozen(kw_only=True, eq=False)
class BarColumns:
    """Closed bars of one symbol and period, in time order; a row is one bar, shape (n,) each."""

    symbol: Symbol
    period: Period
    open_ts: Ints = attrs.field(converter=ints)
    """UTC ns."""
    close_ts: Ints = attrs.field(converter=ints)
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
        one_length(self, self.symbol)

    def __len__(self) -> int:
        return len(self.close_ts)


@attrs.frozen(kw_only=True, eq=False)
class _Received:
    """What one symbol's items have, whatever they are: the source's own time, and when each was received."""

    symbol: Symbol
    ts: Ints = attrs.field(converter=ints)
    """UTC ns, the source's own time."""
    received: Ints = attrs.field(converter=ints)
    """UTC ns, never going back."""

    def __attrs_post_init__(self) -> None:
        one_length(self, self.symbol)

    def __len__(self) -> int:
        return len(self.ts)


@attrs.frozen(kw_only=True, eq=False)
class TickColumns(_Received):
    """Trades of one symbol in the order received; shape (n,) each."""

    price: Floats = attrs.field(converter=_floats)
    size: Floats = attrs.field(converter=_floats)
    """Contracts or base units."""
    aggressor: Ints | Sides | None = attrs.field(default=None, converter=_sides_or_none)
    """+1 buyer, -1 seller, 0 unknown; None when the source never says."""


@attrs.frozen(kw_only=True, eq=False)
class QuoteColumns(_Received):
    """Best bids and asks of one symbol in the order received; shape (n,) each."""

    bid: Floats = attrs.field(converter=_floats)
    bid_size: Floats = attrs.field(converter=_floats)
    ask: Floats = attrs.field(converter=_floats)
    ask_size: Floats = attrs.field(converter=_floats)


@attrs.frozen(kw_only=True, eq=False)
class FundingColumns(_Received):
    """Funding rates of one perpetual contract, in time order; shape (n,) each. At `ts` who holds pays or receives."""

    rate: Floats = attrs.field(converter=_floats)
    """Fraction of the position's value; above zero longs pay shorts."""


@attrs.frozen(kw_only=True, eq=False)
class MarkColumns(_Received):
    """The venue's mark prices of one contract in the order received; shape (n,) each."""

    price: Floats = attrs.field(converter=_floats)


@attrs.frozen(kw_only=True, eq=False)
class IndexColumns(_Received):
    """The index that a contract follows, in the order received; shape (n,) each."""

    price: Floats = attrs.field(converter=_floats)


@attrs.frozen(kw_only=True, eq=False)
class LiquidationColumns(_Received):
    """Orders with which the venue closes positions, in the order received; shape (n,) each."""

    order_id: tuple[str, ...] = attrs.field(converter=tuple)
    side: Ints = attrs.field(converter=ints)
    """+1 when the venue buys, -1 when it sells, 0 when it does not say."""
    size: Floats = attrs.field(converter=_floats)
    price: Floats = attrs.field(converter=_floats)
    """NaN where there is none."""


@attrs.frozen(kw_only=True, eq=False)
class BookColumns(_Received):
    """Order books, whole or what changes in them, in the order received: one row a level, several rows a message.

    Rows of one message stand together, share its times and `part`, and have the message's own order within a side.
    """

    part: Ints = attrs.field(converter=ints)
    """Which message a row belongs to: equal within one, another one in the next."""
    side: Ints = attrs.field(converter=ints)
    """+1 a bid, -1 an ask, 0 in the only row of a message without levels."""
    price: Floats = attrs.field(converter=_floats)
    size: Floats = attrs.field(converter=_floats)
    is_snapshot: Ints | None = attrs.field(default=None, converter=_ints_or_none)
    """Of changes: 1 where a message is the whole book. None: each message is the best levels of a whole book."""
    starts: Ints = attrs.field(init=False)
    """The first row of each message, and behind them the number of rows; shape (messages + 1,)."""

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        rows = len(self.part)
        begins = np.flatnonzero(self.part[1:] != self.part[:-1]) + 1 if rows else np.zeros(0, np.int64)
        starts = np.concatenate([np.zeros(min(rows, 1), np.int64), begins, [rows]])
        object.__setattr__(self, "starts", ints(starts))

    def __len__(self) -> int:
        """How many messages."""
        return len(self.starts) - 1


Ticking: TypeAlias = TickColumns | QuoteColumns | BookColumns
"""What strategies hear one by one."""
Beside: TypeAlias = IndexColumns | LiquidationColumns
"""What whoever asked for it hears, and nobody trades by."""


@attrs.frozen(kw_only=True, eq=False)
class ChunkedColumns:
    """Columns that are more than fits into memory: one symbol's, a chunk at a time, read anew by each run.

    Whoever makes one has looked at all of it once, and says what a run has to know beforehand.
    """

    symbol: Symbol
    of: type[Ticking | Beside | FundingColumns | MarkColumns]
    """What the chunks are."""
    read: Callable[[], Iterator[Any]]
    """Begins anew; gives chunks in the order received, none of them empty, no message in two of them."""
    rows: int
    """Messages in all chunks, at least 1."""
    first_ts: UtcNs
    """When the first is received, and the last."""
    last_ts: UtcNs
    digest: str
    """Names the content: equal for equal data, and for nothing else."""
    is_changes: bool = False
    """Of books: each message is a change of the one before."""
    ending: TickColumns | None = None
    """The last few trades: what is held at the end is worth their price."""

    def __len__(self) -> int:
        return self.rows


Columns: TypeAlias = BarColumns | Ticking | Beside | ChunkedColumns
"""What strategies hear."""
EventColumns: TypeAlias = FundingColumns | MarkColumns | ChunkedColumns
"""What venue and portfolio hear beside it."""


def chunks_of(series: Any) -> Iterator[Any]:
    """The chunks of chunked columns; columns in one piece are their only chunk."""
    if isinstance(series, ChunkedColumns):
        return series.read()
    return iter((series,) if len(series) else ())


def in_chunks(series: Any) -> TypeGuard[ChunkedColumns]:
    """Whether they come a chunk at a time."""
    return isinstance(series, ChunkedColumns)


def holds_changes(series: Any) -> bool:
    """Whether they are books of which each is a change of the one before."""
    if isinstance(series, ChunkedColumns):
        return series.is_changes
    return isinstance(series, BookColumns) and series.is_snapshot is not None


def kind_of(series: Any) -> type[Any]:
    """Which columns they are, in one piece or in chunks."""
    return series.of if isinstance(series, ChunkedColumns) else type(series)
