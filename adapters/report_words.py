"""How the report writes figures: money exactly, fractions as per cent, times to the minute."""

import re
from collections.abc import Mapping
from pathlib import Path

import actors
import messages
from actors.money.rounding import divide_half_away
from actors.result import BacktestResult
from actors.risk.limits import REASONS
from adapters.words import counted
from messages import MINOR_DIGITS, Minor, iso_utc


def amount(minor: Minor, currency: str, *, sign: bool = False, digits: int | None = None) -> str:
    """Minor units as a number with thousands separators: 123456789 XBT minor is 1.23456789.

    With all its decimals, or rounded half away from zero to `digits`.
    """
    own = MINOR_DIGITS.get(currency, 2)
    digits = own if digits is None else digits
    rounded = divide_half_away(minor, 10 ** (own - digits))
    whole, rest = divmod(abs(rounded), 10**digits)
    text = f"{whole:,}" + (f".{rest:0{digits}d}" if digits else "")
    lead = "-" if rounded < 0 else "+" if sign and rounded > 0 else ""
    return lead + text


def counts(numbers: Mapping[str, int]) -> str:
    """`order-size 4, halted 1`: the most frequent first."""
    ordered = sorted(numbers.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join([f"{name} {number:,}" for name, number in ordered])


def percent(fraction: float | None, *, sign: bool = False) -> str:
    """A fraction as per cent with two decimals; None is a dash."""
    if fraction is None:
        return "-"
    rounded = round(100 * fraction, 2) + 0.0  # -0.0 becomes 0.0
    return f"{rounded:{'+' if sign and rounded else ''},.2f} %"


def ratio(value: float | None) -> str:
    """Two decimals; None is a dash."""
    return "-" if value is None else f"{value:,.2f}"


def short(ts: int) -> str:
    """To the minute."""
    return iso_utc(ts)[:16].replace("T", " ")


def bare_percent(fraction: float | None, decimals: int) -> str:
    """A fraction in per cent for a table that says so above it; None is a dash."""
    return "-" if fraction is None else f"{round(100 * fraction, decimals) + 0.0:.{decimals}f}"


def things(result: BacktestResult) -> str:
    """`20,000 bars and 7 ticks`: what the feed delivered."""
    parts = []
    if result.bars or not result.ticks:
        parts.append(counted(result.bars, "bar"))
    if result.ticks:
        parts.append(counted(result.ticks, "tick"))
    return " and ".join(parts)


END_WORDS: Mapping[str, str] = {
    "post-only": "it would have been filled as a taker",
    "ioc": "what was not filled at once was taken back",
    "fok": "it could not be filled whole at once",
    "day": "the trading day was over",
    "reduce-only": "it would have done more than reduce the position",
    "insufficient-margin": "the account's margin did not suffice",
    "expired": "the contract had settled",
    "liquidated": "the account was liquidated",
}
"""Why a venue ends an order that nobody cancelled."""


REFUSAL_WORDS: Mapping[str, str] = {
    **END_WORDS,
    **REASONS,
    "share-rounds-to-zero": "a wish for less than half a lot",
    "scale-unknown": "a wish before there were enough bars to size it by",
    "no-equity": "a wish while there was no equity to take a part of",
    "insufficient-funds": "more than there was money for",
    "no-short": "more than was held, and spot is never sold short",
    "venue-failed": "the venue failed over it; it is asked again",
    "duplicate-client-id": "the venue had an order of that id already",
    "over": "the order had ended",
    "unknown": "the venue knew no such order",
    "wrong": "not what an order of that type can become",
}
"""Of the guard, of a venue that rejects, and of the portfolio."""


def explained(numbers: Mapping[str, int], words: Mapping[str, str]) -> str:
    """`counts`, and behind them what those codes mean that have words: `ioc 3 (ioc: what was not ...)`."""
    said = [f"{code}: {words[code]}" for code in sorted(numbers) if code in words]
    return counts(numbers) + (f" ({'; '.join(said)})" if said else "")


def blamed(trace: str) -> str:
    """Where a failure came from: `mine.py, line 5`, the innermost line that is not of this project; "" without one.

    Files without their folders, for these differ between machines.
    """
    own = {str(Path(module.__file__).parent) for module in (actors, messages) if module.__file__}
    places = [
        (file, line)
        for file, line in re.findall(r'File "([^"]+)", line ([0-9]+)', trace)
        if not any(file.startswith(folder) for folder in own) or "/strategies/" in file
    ]
    return f"{Path(places[-1][0]).name}, line {places[-1][1]}" if places else ""
