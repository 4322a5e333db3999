"""The kinds of rows that a store keeps, one table: which message each is made of, and its columns.

A kind of one length of bar is named with it: `bars-1m`. Times are int64 UTC ns, prices and sizes float64, texts UTF-8;
an unknown number is NaN (null in the file), an unknown count or time -1. Of a message with several levels each level
is a row, and `part` is the same for all of them.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

import attrs

from adapters.errors import InputError
from messages import (
    NS_PER_SECOND,
    Bar,
    BookChange,
    ExternalEvent,
    FundingRate,
    IndexPrice,
    Liquidation,
    MarkPrice,
    Message,
    OrderBook,
    OrderFlow,
    Period,
    Quarantined,
    Quote,
    SpreadSample,
    Tick,
    parse_period,
    period_name,
)
from messages.units import FLOW_PERIOD_MIN

TIME: Final = "int64"
COUNT: Final = "int64"
NUMBER: Final = "float64"
SIGN: Final = "int8"
TEXT: Final = "text"
SCHEMA: Final = 1
"""Of the columns below; every file says it."""


@attrs.frozen
class Kind:
    """One sort of rows."""

    base: str
    """`ticks`, `bars`: the name without a length of time."""
    message: type[Message]
    columns: Mapping[str, str] = attrs.field(eq=False)
    """Name of each column -> int64, float64, int8 or text, in the file's order."""
    is_periodic: bool = False
    """There is one kind of it for each length of bar."""
    period: Period | None = None
    """Nanoseconds; None where there is none, and in the table for all of them."""

    @property
    def name(self) -> str:
        """As folders and commands call it: `ticks`, `bars-1m`."""
        return self.base if self.period is None else f"{self.base}-{period_name(self.period)}"

    @property
    def key(self) -> str:
        """The column by which rows are chosen and put into days: `received`, of what covers an interval `open_ts`."""
        return "open_ts" if self.is_periodic else "received"

    @property
    def is_parted(self) -> bool:
        """Whether a message can be several rows."""
        return "part" in self.columns

    @property
    def texts(self) -> tuple[str, ...]:
        """The columns that hold text."""
        return tuple(name for name, kind in self.columns.items() if kind == TEXT)

    def only(self, names: Iterable[str] | None) -> "Kind":
        """The same kind with these columns and those that order it; None is all. InputError for one that is none."""
        if names is None:
            return self
        wanted = set(names)
        if unknown := sorted(wanted - self.columns.keys()):
            raise InputError(f"{self} have no column {unknown[0]!r}; they have {', '.join(self.columns)}")
        wanted |= {"received", self.key} | ({"part"} if self.is_parted else set())
        return attrs.evolve(self, columns={name: sort for name, sort in self.columns.items() if name in wanted})

    def __str__(self) -> str:
        return self.name


KindName: TypeAlias = str | Kind
"""A kind, or its name."""


def _columns(**columns: str) -> Mapping[str, str]:
    return MappingProxyType(columns)


def _numbers(*names: str) -> dict[str, str]:
    return dict.fromkeys(names, NUMBER)


_STAMPS: Final = {"ts": TIME, "received": TIME}
_INTERVAL: Final = {"open_ts": TIME, "close_ts": TIME, "received": TIME}
_LEVEL: Final = {"part": COUNT, "side": SIGN, **_numbers("price", "size")}


def _side(name: str) -> dict[str, str]:
    sizes = _numbers(*(f"{name}_{field}" for field in ("last", "bid", "bid_size", "ask", "ask_size")))
    return {f"{name}_symbol": TEXT, f"{name}_ts": TIME, **sizes}


_ALL: Final = (
    Kind("ticks", Tick, _columns(**_STAMPS, **_numbers("price", "size"), aggressor=SIGN)),
    Kind("quotes", Quote, _columns(**_STAMPS, **_numbers("bid", "bid_size", "ask", "ask_size"))),
    Kind("books", OrderBook, _columns(**_STAMPS, **_LEVEL)),
    Kind("l2", BookChange, _columns(**_STAMPS, **_LEVEL, is_snapshot=SIGN)),
    Kind(
        "bars",
        Bar,
        _columns(**_INTERVAL, **_numbers("open", "high", "low", "close", "volume", "turnover"), ticks=COUNT),
        is_periodic=True,
    ),
    Kind("funding", FundingRate, _columns(**_STAMPS, **_numbers("rate"))),
    Kind("marks", MarkPrice, _columns(**_STAMPS, **_numbers("price"))),
    Kind("index", IndexPrice, _columns(**_STAMPS, **_numbers("price"))),
    Kind("liquidations", Liquidation, _columns(**_STAMPS, order_id=TEXT, side=SIGN, **_numbers("size", "price"))),
    Kind("events", ExternalEvent, _columns(**_STAMPS, kind=TEXT, payload=TEXT)),
    Kind("quarantine", Quarantined, _columns(received=TIME, reason=TEXT, text=TEXT, item=TEXT)),
    Kind(
        "flow",
        OrderFlow,
        _columns(**_INTERVAL, **_numbers("buy_volume", "sell_volume", "unknown_volume"), buys=COUNT, sells=COUNT),
        is_periodic=True,
    ),
    Kind("spreads", SpreadSample, _columns(received=TIME, **_side("a"), **_side("b"))),
)
KINDS: Final[Mapping[str, Kind]] = MappingProxyType({kind.base: kind for kind in _ALL})
"""By the name without a length of time."""
_BY_MESSAGE: Final[Mapping[type[Message], Kind]] = {kind.message: kind for kind in _ALL}


def kind_named(name: KindName) -> Kind:
    """The kind of a name such as `ticks` or `bars-1m`; InputError when there is none."""
    if isinstance(name, Kind):
        if name.is_periodic and name.period is None:
            raise InputError(f"kind {name.base} needs a length of time: {name.base}-1m")
        return name
    base, dash, written = name.partition("-")
    kind = KINDS.get(base)
    if kind is None or (dash and not kind.is_periodic):
        raise InputError(f"there is no kind {name!r}; there are {', '.join(map(_pattern, KINDS.values()))}")
    if not kind.is_periodic:
        return kind
    if not dash:
        raise InputError(f"kind {name!r} needs a length of time: {name}-1m")
    try:
        return attrs.evolve(kind, period=parse_period(written, FLOW_PERIOD_MIN if base == "flow" else NS_PER_SECOND))
    except ValueError as error:
        raise InputError(f"kind {name!r}: {error}") from None


def kind_of(message: Message) -> Kind | None:
    """The kind of which a message is; None when a store does not keep its like."""
    kind = _BY_MESSAGE.get(type(message))
    if kind is None or not kind.is_periodic:
        return kind
    return _of_period(kind.base, message.period)  # type: ignore[attr-defined]


def periodic(base: str, period: "Period | str") -> Kind:
    """`bars` and 60 s -> `bars-1m`. The period in ns, or as it is written; InputError when it is none."""
    if isinstance(period, str):
        return kind_named(f"{base}-{period}")
    if period <= 0:
        raise InputError(f"a period must be above zero, not {period!r}")
    return _of_period(base, period)


_periodic: dict[tuple[str, Period], Kind] = {}


def _of_period(base: str, period: Period) -> Kind:
    kind = _periodic.get((base, period))
    if kind is None:
        kind = _periodic[base, period] = attrs.evolve(KINDS[base], period=period)
    return kind


def _pattern(kind: Kind) -> str:
    return f"{kind.base}-<period>" if kind.is_periodic else kind.base
