"""`[[feeds]]` and `[[spreads]]`: markets that are heard beside the one that is traded, and two of them side by side."""

import re
from typing import Annotated, Any, Final

import attrs

from adapters.configuration.names import market_name
from adapters.configuration.value_types import PositiveFloat, PositiveInt, SymbolName
from adapters.configuration.values import text

FEED_VENUES: Final = ("loopback", "bitmex-testnet", "bitmex")
"""Those that speak BitMEX's protocol; besides there is `ccxt:<exchange>`."""
CCXT: Final = "ccxt:"
_EVERY_MS_MIN: Final = 10


def feed_venue(value: Any) -> str:
    """Where a market is heard."""
    if text(value) in FEED_VENUES or re.fullmatch(CCXT + r"[a-z0-9_]+", str(value)):
        return str(value)
    raise ValueError(f"{value!r} is none of {', '.join(FEED_VENUES)}, nor {CCXT}<exchange>, such as ccxt:binancecoinm")


def every_ms(value: Any) -> int:
    """Milliseconds between two samples."""
    if type(value) is not int or not _EVERY_MS_MIN <= value <= 86_400_000:
        raise ValueError(f"must be a whole number of milliseconds from {_EVERY_MS_MIN} to a day, not {value!r}")
    return value


FeedVenue = Annotated[str, feed_venue]
MarketName = Annotated[str, market_name]
EveryMs = Annotated[int, every_ms]


@attrs.frozen(kw_only=True)
class FeedSection:
    """One `[[feeds]]` entry: a market that is heard and not traded. It needs no keys."""

    venue: FeedVenue
    """loopback, bitmex-testnet, bitmex, or ccxt:<exchange>."""
    name: MarketName | None = None
    """What ids end with, in upper case; None is the venue, and of ccxt the exchange."""
    symbols: tuple[SymbolName, ...]
    """As the venue calls them. In the run `XBTUSD` of `bitmex` is XBTUSD.BITMEX."""
    port: PositiveInt | None = None
    """Of a loopback exchange, which somebody has started."""
    books: tuple[SymbolName, ...] | None = None
    """Symbols whose order books are heard; None is those that a strategy asks for."""
    silence_s: PositiveInt | None = None
    """So long without a quote, and the market is stale; None is what is usual at the venue."""
    band: PositiveFloat | None = None
    """How far a price may lie from the running median, as a fraction of it; None is the tick filter's own, 0.2."""

    @property
    def called(self) -> str:
        """Its name, told or not."""
        return self.name or self.venue.removeprefix(CCXT).replace("_", "-")


@attrs.frozen(kw_only=True)
class SpreadSection:
    """One `[[spreads]]` entry: two markets sampled side by side, on a fixed grid of UTC."""

    name: MarketName
    a: SymbolName
    """An id such as XBTUSD.BITMEX, or a plain symbol of the venue that is traded."""
    b: SymbolName
    every_ms: EveryMs = 500
