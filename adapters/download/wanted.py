"""What a download is asked for: which series of which venue, and from when to when."""

from collections.abc import Callable
from typing import Final

import attrs

from adapters.bitmex.environment import MAINNET_REST, TESTNET_REST
from adapters.errors import InputError
from messages import Period, Symbol, UtcNs, iso_utc, moment_ns, parse_period, period_name

BARS: Final = "bars"
KINDS: Final = (BARS, "ticks", "funding", "quotes")
CCXT: Final = "ccxt:"
"""Before the name of an exchange that is reached through the library ccxt."""
BITMEX_ORIGINS: Final = {"bitmex": MAINNET_REST, "bitmex-testnet": TESTNET_REST}
LOOPBACK: Final = "loopback"


@attrs.frozen(kw_only=True)
class Wanted:
    """One series and a span of it. Times are ns UTC: of bars when they open, of all else their own."""

    venue: str
    """As the store calls it."""
    symbol: Symbol
    kind: str
    period: Period | None
    """Of bars."""
    begin: UtcNs
    end: UtcNs | None
    """The first no longer wanted; None: as far as there is something."""

    @property
    def store_kind(self) -> str:
        """The kind as the store calls it."""
        return self.kind if self.period is None else f"{self.kind}-{period_name(self.period)}"

    @property
    def title(self) -> str:
        """For messages to the user."""
        return f"{self.venue} {self.symbol} {self.store_kind}"


def wanted_of(*, venue: str, symbol: str, kind: str, period: str | None, begin: str | None, end: str | None) -> Wanted:
    """From the words of a command line. InputError names the option and the reason."""
    if kind not in KINDS:
        raise InputError(f"--kind must be one of {', '.join(KINDS)}, not {kind!r}")
    if not symbol.strip():
        raise InputError("--symbol must name what is to be had, as the venue calls it")
    if begin is None:
        raise InputError("--from is missing: say where the history is to begin, such as --from 2024-01-01")
    if kind != BARS and period is not None:
        raise InputError(f"--period belongs to bars: {kind} have none")
    length = None
    if kind == BARS:
        length = _told("--period", period or "1m", parse_period)
    first = _told("--from", begin, moment_ns)
    last = None if end is None else _told("--to", end, moment_ns)
    if last is not None and last <= first:
        raise InputError(f"--to {iso_utc(last)} must be after --from {iso_utc(first)}")
    name = _store_venue(venue)
    if venue.startswith(CCXT) and kind != BARS:
        raise InputError(f"--kind {kind}: of exchanges behind ccxt only bars are downloaded")
    return Wanted(venue=name, symbol=symbol.strip(), kind=kind, period=length, begin=first, end=last)


def _told(option: str, written: str, read: Callable[[str], int]) -> int:
    try:
        return read(written)
    except ValueError as error:
        raise InputError(f"{option}: {error}") from None


def _store_venue(venue: str) -> str:
    if venue in BITMEX_ORIGINS or venue == LOOPBACK:
        return venue
    name = venue.removeprefix(CCXT)
    if name != venue and name and all(letter.isascii() and (letter.isalnum() or letter == "-") for letter in name):
        return name.lower()
    raise InputError(f"--venue must be one of {', '.join(BITMEX_ORIGINS)}, {LOOPBACK} or {CCXT}NAME, not {venue!r}")
