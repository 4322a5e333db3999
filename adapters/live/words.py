"""How the screen writes figures: prices on their grid, money in whole units, spans as short as they are read."""

from adapters.report_words import amount
from messages import MINOR_DIGITS, NS_PER_SECOND, UtcNs, iso_utc

_AMOUNT = 11
"""Characters of an amount, as far as decimals can be left out to keep to it: so much fits a column."""


def price(value: float | None, decimals: int) -> str:
    """With thousands separators; None is a dash."""
    return "-" if value is None else f"{value:,.{decimals}f}"


def lots(value: int) -> str:
    """Signed; 0 is 0."""
    return f"{value:+,}" if value else "0"


def money(minor: int | None, currency: str) -> str:
    """Signed, with as many decimals as a column has place for; None is a dash."""
    if minor is None:
        return "-"
    own = MINOR_DIGITS.get(currency, 2)
    # A sign, the whole units, the point.
    used = 2 + len(f"{abs(minor) // 10**own:,}")
    return amount(minor, currency, sign=True, digits=max(0, min(own, _AMOUNT - used)))


def span(ns: int) -> str:
    """`12 ms`, `3 s`, `5 min`, `2.5 h`; never less than nothing."""
    seconds = max(0, ns) / NS_PER_SECOND
    if seconds < 1:
        return f"{seconds * 1_000:.0f} ms"
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5_400 else f"{seconds / 3_600:.1f} h"


def uptime(ns: int) -> str:
    """`0:05:12`."""
    minutes, seconds = divmod(max(0, ns) // NS_PER_SECOND, 60)
    return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"


def clock(ts: UtcNs) -> str:
    """`12:00:05`, UTC."""
    return iso_utc(ts)[11:19]
