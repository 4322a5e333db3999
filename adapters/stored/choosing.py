"""What of a store a run takes: which venue a symbol is of, and which kinds, where the configuration leaves it open."""

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Final

from adapters.errors import InputError
from adapters.store import SeriesInfo, Store
from adapters.store.names import EXTERNAL, SPREADS, split_symbol
from messages import Period, Symbol, iso_utc, parse_period, period_name

MARKET: Final = ("bars", "ticks", "quotes", "books", "l2", "index", "liquidations")
"""Kinds that a run hears as market data, in the order of what a contract's grid is judged by."""
BESIDE: Final = ("funding", "marks")
"""Kinds that are taken with the market of a perpetual contract."""
_LISTED: Final = 40


def is_store(path: Path | str) -> bool:
    """Whether a folder is a store: it has a market, or live segments, in it."""
    folder = Path(path)
    return (folder / "market").is_dir() or (folder / "live").is_dir()


def store_at(path: Path | str) -> Store:
    """The store; InputError for a folder that is none."""
    if not is_store(path):
        raise InputError(f"{path}: is a folder, but no store: a store has market/ or live/ in it")
    return Store(path)


def market_series(store: Store) -> list[SeriesInfo]:
    """What can be traded or heard as a market."""
    return [each for each in store.series() if each.venue not in (EXTERNAL, SPREADS) and base_of(each) in MARKET]


def base_of(series: SeriesInfo) -> str:
    """`bars` of `bars-1m`."""
    return series.kind.partition("-")[0]


def only_symbol(path: Path | str) -> Symbol:
    """The one symbol of a store; InputError when there are none or several."""
    there = market_series(store_at(path))
    names = sorted({(each.venue, each.symbol) for each in there})
    if len(names) == 1:
        return names[0][1]
    if not names:
        raise InputError(f"{path}: the store has no market data yet")
    raise InputError(f"{path}: the store has several symbols, name one (--symbol): {_listed(there)}")


def found_in(store: Store, symbol: Symbol, venue: str | None) -> list[SeriesInfo]:
    """All series of one symbol of one venue.

    `symbol` may be a symbol's id, `XBTUSD.BITMEX`. InputError when the store has no such symbol, or when several
    venues have it and none is named.
    """
    plain, of_venue = split_symbol(symbol)
    # A store may have thousands of files of others.
    there = store.series({symbol, plain})
    names = [(symbol, venue)] if of_venue is None else [(symbol, venue), (plain, of_venue)]
    for name, wanted in names:
        found = [
            each
            for each in there
            if each.symbol == name
            and (wanted is None or each.venue == wanted)
            and (venue is None or each.venue == venue)
        ]
        venues = sorted({each.venue for each in found if base_of(each) in MARKET})
        if len(venues) == 1:
            return [each for each in found if each.venue == venues[0]]
        if venues:
            several = ", ".join(f"{name}.{each.upper()}" for each in venues)
            raise InputError(f"{store.root}: {name} is there of several venues, name one: {several}")
    what = f"{symbol} of {venue}" if venue is not None else symbol
    raise InputError(f"{store.root}: there are no market data of {what}; the store has {_listed(market_series(store))}")


def default_kinds(there: Sequence[SeriesInfo], hears: Collection[str], wanted: str | None) -> list[str]:
    """The kinds of a symbol that a run takes when none is told.

    `hears`: the callbacks that its strategies define; `wanted`: the period that they hear, where it is told. Who hears
    single items gets ticks and quotes; else bars of the period, or of one that divides it, are enough; where there are
    none, ticks and quotes. Books, index prices and liquidations come where they are heard.
    """
    kinds = {each.kind for each in there}
    single = not {"on_tick", "on_quote", "on_book"}.isdisjoint(hears)
    bars = None if single else bars_for(there, None if wanted is None else parse_period(wanted))
    chosen: list[str] = [bars] if bars is not None else [kind for kind in ("ticks", "quotes") if kind in kinds]
    if not chosen and (bars := bars_for(there, None)) is not None:
        chosen = [bars]
    if "on_book" in hears:
        chosen += [kind for kind in ("books", "l2") if kind in kinds][:1]
    chosen += [
        kind for callback, kind in (("on_index", "index"), ("on_liquidation", "liquidations"))
        if callback in hears and kind in kinds
    ]  # fmt: skip
    return chosen or [str(kind) for kind in ("books", "l2") if kind in kinds][:1]


def bars_for(there: Iterable[SeriesInfo], wanted: Period | None) -> str | None:
    """Bars of a period, or the longest that divide it; without one the shortest."""
    periods = sorted(each.period for each in there if base_of(each) == "bars" and each.period is not None)
    if wanted is None:
        return f"bars-{period_name(periods[0])}" if periods else None
    fit = [period for period in periods if wanted % period == 0]
    return f"bars-{period_name(fit[-1])}" if fit else None


def _listed(there: Sequence[SeriesInfo]) -> str:
    if not there:
        return "none"
    names: dict[tuple[str, str], list[SeriesInfo]] = {}
    for each in there:
        names.setdefault((each.symbol, each.venue), []).append(each)
    lines = [
        f"{symbol}.{venue.upper()} ({', '.join(each.kind for each in series)}, "
        f"{iso_utc(min(each.first for each in series))[:10]} to {iso_utc(max(each.last for each in series))[:10]})"
        for (symbol, venue), series in sorted(names.items())
    ]
    more = f", and {len(lines) - _LISTED} more" if len(lines) > _LISTED else ""
    return ", ".join(lines[:_LISTED]) + more
