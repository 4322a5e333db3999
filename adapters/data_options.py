"""What the commands on files and series share: the options that say what is in them, and how these are read."""
# ruff: noqa: PLC0415 - imports inside functions are what makes the start fast

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from adapters.data.choosing import Wanted
    from adapters.data.reading import Wishes
    from adapters.store import Store

Venue = Annotated[str | None, typer.Option(metavar="V", help="bitmex, binance-coinm, ...: a-z, 0-9 and -.")]
PeriodText = Annotated[str | None, typer.Option(metavar="1m", help="Length of the bars.")]
Stamps = Annotated[
    str | None, typer.Option(metavar="start|end", help="What a bar's time is. Default: start, and said so.")
]
Zone = Annotated[str | None, typer.Option(metavar="ZONE", help="Of times without a zone. Default: UTC, and said so.")]
Columns = Annotated[
    str | None,
    typer.Option(
        metavar="ROLE=NAME,...",
        help="Which column is what: ts, open, high, low, close, volume, turnover; price, size, side; bid, bid_size, "
        "ask, ask_size; rate; symbol. By numbers (ts=1,...) where the file has no header.",
    ),
]
Multiplier = Annotated[
    float, typer.Option(metavar="X", help="Amounts are divided by it to become price x volume.")
]  # fmt: skip


def opened_store(folder: Path) -> "Store":
    """The store of a folder; InputError when it cannot be one."""
    from adapters.store import Store

    return Store(folder)


def wishes_of(
    *, kind: str | None, period: str | None, columns: str | None, multiplier: float, **others: Any
) -> "Wishes":
    """What the options say about files; InputError names the option and the reason."""
    from adapters.data.reading import Wishes
    from adapters.errors import InputError

    if not 0 < multiplier < float("inf"):
        raise InputError(f"--multiplier {multiplier} must be above zero and finite")
    base, dash, written = (kind or "").partition("-")
    if dash and period is None:
        # A kind may be told as the store calls it: bars-1m.
        kind, period = base, written
    return Wishes(kind=kind, period=_period(period), columns=_roles(columns), multiplier=multiplier, **others)


def wanted_series(symbols: list[str], venue: str | None, kind: str | None, period: str | None) -> "Wanted":
    """Which series of a store the options mean; InputError as above."""
    from adapters.data.choosing import Wanted

    return Wanted(symbols=symbols, venue=venue, kind=kind, period=_period(period))


def _period(text: str | None) -> int | None:
    from adapters.errors import InputError
    from messages import parse_period

    try:
        return None if text is None else parse_period(text)
    except ValueError as error:
        raise InputError(f"--period: {error}") from None


def moment(text: str | None, option: str) -> int | None:
    """UTC ns of a time as it was told; InputError names the option."""
    from adapters.store.names import moment_of

    return moment_of(text, option)


_ROLES = (
    "ts", "symbol", "open", "high", "low", "close", "volume", "turnover", "price", "size", "side", "maker", "bid",
    "bid_size", "ask", "ask_size", "rate",
)  # fmt: skip


def _roles(text: str | None) -> dict[str, str]:
    from adapters.errors import InputError

    roles: dict[str, str] = {}
    for pair in [] if text is None else text.split(","):
        role, equals, name = (part.strip() for part in pair.partition("="))
        if not equals or not name or role not in _ROLES or role in roles:
            raise InputError(f"--columns: {pair.strip()!r} must be ROLE=NAME, each role once, of {', '.join(_ROLES)}")
        roles[role] = name
    return roles


def files_and_symbols(what: list[str], files: list[Path]) -> tuple[list[Path], list[str]]:
    """An argument is a file when there is one, or when it looks like a path."""
    paths, symbols = list(files), []
    for each in what:
        if Path(each).is_file() or "/" in each or each.endswith((".csv", ".gz", ".parquet")):
            paths.append(Path(each))
        else:
            symbols.append(each)
    return paths, symbols
