"""How venues, symbols and days are named: in folders and files, and where several venues share one run.

XBTUSD at bitmex  ->  market/bitmex/XBTUSD/ticks/2026-01-01.parquet, and `XBTUSD.BITMEX` beside other venues' symbols
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import quote, unquote

from adapters.errors import InputError
from messages import NS_PER_DAY, Symbol, UtcNs, moment_ns

EXTERNAL: Final = "external"
"""The venue of events from beside the market."""
SPREADS: Final = "spreads"
"""The venue of pairs of markets."""
_VENUE: Final = re.compile(r"[a-z0-9][a-z0-9-]*")
_VENUE_IN_ID: Final = re.compile(r"[A-Z0-9][A-Z0-9-]*")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NAME_BYTES_MAX: Final = 200
"""File systems take 255 bytes for a name."""


def symbol_id(venue: str, symbol: Symbol) -> Symbol:
    """`XBTUSD.BITMEX`: one symbol of one venue, in a run that has several."""
    return f"{symbol}.{check_venue(venue).upper()}"


def split_symbol(symbol_id: Symbol) -> tuple[Symbol, str | None]:
    """(symbol, venue) of `XBTUSD.BITMEX`; (symbol, None) of a plain one, such as `XBTUSD` or `.BXBT`."""
    symbol, dot, venue = symbol_id.rpartition(".")
    if dot and symbol and _VENUE_IN_ID.fullmatch(venue):
        return symbol, venue.lower()
    return symbol_id, None


def check_venue(venue: str) -> str:
    """The venue's name; InputError when it is not of lower-case letters, digits and `-`."""
    if not isinstance(venue, str) or not _VENUE.fullmatch(venue) or len(venue) > _NAME_BYTES_MAX:
        raise InputError(
            f"venue {venue!r} must be of lower-case letters, digits and -, such as bitmex or binance-coinm"
        )
    return venue


def folder_of(symbol: Symbol) -> str:
    """A symbol as a folder's name: what a file system could take amiss is percent-encoded."""
    if not isinstance(symbol, str) or not symbol:
        raise InputError(f"symbol {symbol!r} must be a text that is not empty")
    name = quote(symbol, safe="")
    # A leading dot would hide the folder, and `..` leave it; Windows drops one at the end.
    name = "%2E" + name[1:] if name.startswith(".") else name
    name = name[:-1] + "%2E" if name.endswith(".") else name
    if len(name) > _NAME_BYTES_MAX:
        raise InputError(f"symbol {symbol[:40]!r}... is too long for a folder's name")
    return name


def symbol_of(folder: str) -> Symbol:
    """The symbol that such a folder is of."""
    return unquote(folder)


def day_name(day: int) -> str:
    """`2026-01-01` of a count of days since 1970-01-01 UTC."""
    return (_EPOCH + timedelta(days=day)).strftime("%Y-%m-%d")


def day_number(name: str) -> int | None:
    """The count of days of `2026-01-01`; None when it is no day."""
    try:
        return (datetime.strptime(name, "%Y-%m-%d").replace(tzinfo=UTC) - _EPOCH).days
    except ValueError:
        return None


def day_of(ts: UtcNs) -> int:
    """The count of days since 1970-01-01 UTC of an instant."""
    return ts // NS_PER_DAY


def moment_of(written: Any, what: str = "time") -> UtcNs | None:
    """UTC ns of a number of ns, an ISO 8601 text or a datetime (UTC where it says no zone); None stays None.

    InputError for anything else.
    """
    if written is None:
        return None
    if isinstance(written, datetime):
        written = written.isoformat()
    if not isinstance(written, str):
        # Whole numbers of numpy are no int, and a truth is one.
        if isinstance(written, bool) or not hasattr(written, "__index__"):
            raise InputError(f"{what} {written!r} must be ns since 1970, an ISO 8601 text or a datetime")
        return int(written.__index__())
    try:
        return moment_ns(written)
    except ValueError as error:
        raise InputError(f"{what} {error}") from None
