"""Which series of a store a command means: by symbol, venue, kind and period, as far as the user said."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import attrs

from adapters.errors import InputError
from adapters.store.names import split_symbol
from messages import Period, period_name

if TYPE_CHECKING:
    from adapters.store import SeriesInfo, Store


@attrs.frozen(kw_only=True)
class Wanted:
    """What the user said; None or empty: nothing."""

    symbols: Sequence[str] = ()
    """Plain, or with the venue: XBTUSD.BITMEX."""
    venue: str | None = None
    kind: str | None = None
    """bars, or bars-1m."""
    period: Period | None = None


def chosen(store: "Store", wanted: Wanted) -> list["SeriesInfo"]:
    """The series that fit; InputError when there is none, or none of one of the symbols."""
    every = store.series()
    if not every:
        raise InputError(
            f"{store.root}: there is nothing in this store; data import FILE --venue V --symbol S fills it"
        )
    fitting = [series for series in every if _fits(series, wanted)]
    for symbol in wanted.symbols:
        if not any(_is_of(series, symbol) for series in fitting):
            raise InputError(f"{store.root}: {_lacking(every, symbol, wanted)}")
    if not fitting:
        raise InputError(f"{store.root}: {_lacking(every, None, wanted)}")
    return fitting


def only(store: "Store", wanted: Wanted) -> "SeriesInfo":
    """The one series that fits; InputError names them when there are several."""
    fitting = chosen(store, wanted)
    if len(fitting) > 1:
        listed = "\n".join(f"  --venue {each.venue} --symbol {each.symbol} --kind {each.kind}" for each in fitting[:20])
        raise InputError(f"{store.root}: {len(fitting)} series fit; say which:\n{listed}")
    return fitting[0]


def _fits(series: "SeriesInfo", wanted: Wanted) -> bool:
    return (
        (not wanted.symbols or any(_is_of(series, symbol) for symbol in wanted.symbols))
        and wanted.venue in (None, series.venue)
        and wanted.kind in (None, series.kind, series.kind.partition("-")[0])
        and wanted.period in (None, series.period)
    )


def _is_of(series: "SeriesInfo", symbol: str) -> bool:
    return symbol == series.symbol or split_symbol(symbol) == (series.symbol, series.venue)


def _lacking(every: Sequence["SeriesInfo"], symbol: str | None, wanted: Wanted) -> str:
    """What is missing, and what there is in its place."""
    words = [word for word in (wanted.venue, symbol, wanted.kind) if word is not None]
    if wanted.period is not None:
        words.append(period_name(wanted.period))
    nearest = [each for each in every if symbol is None or _is_of(each, symbol)] or every
    shown = ", ".join(f"{each.venue} {each.symbol} {each.kind}" for each in nearest[:8])
    more = f" and {len(nearest) - 8} more" if len(nearest) > 8 else ""
    return f"there is no {' '.join(words) or 'such series'}; there is {shown}{more}"
