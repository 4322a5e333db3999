"""Strict hooks: each takes one value as TOML has it and returns what the schema wants, or says why it cannot.

Nothing is coerced: "5" is no number, true is no integer, 5.0 is no whole number. TOML's floats arrive as Decimals, so
that tick sizes and fees are what somebody wrote and not the nearest float.
"""

import datetime as dt
import re
from decimal import Decimal
from difflib import get_close_matches
from typing import Any, get_args
from zoneinfo import ZoneInfo

from messages import Kind, moment_ns, parse_period


class WrongValues(Exception):  # noqa: N818 as HandlerTimedOut: what it says is what happened
    """One or more values under a key are wrong: (rest of the key path, reason)."""

    def __init__(self, problems: list[tuple[str, str]]) -> None:
        super().__init__("; ".join(reason for _, reason in problems))
        self.problems = problems


def say(value: Any) -> str:
    """A value and its type, for an error."""
    if isinstance(value, bool):
        return f"the truth value {str(value).lower()}"
    if isinstance(value, str):
        return f"the text {value!r}"
    if isinstance(value, Decimal):
        return f"{value}"
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return "a list"
    return repr(value) if isinstance(value, int) else f"{value}"


def hint(word: str, known: Any) -> str:
    """`; did you mean x?`, or nothing."""
    close = get_close_matches(word, list(known), n=1)
    return f"; did you mean {close[0]}?" if close else ""


def number(value: Any) -> Decimal:
    """A finite number."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal | float):
        raise TypeError(f"must be a number, not {say(value)}")
    exact = value if isinstance(value, Decimal) else Decimal(repr(value))
    if not exact.is_finite():
        raise ValueError(f"must be a finite number, not {value}")
    return exact


def whole(value: Any) -> int:
    """An integer."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"must be a whole number, not {say(value)}")
    return value


def text(value: Any) -> str:
    """A text that is not empty."""
    if not isinstance(value, str):
        raise TypeError(f"must be a text, not {say(value)}")
    if not value.strip():
        raise ValueError("must not be empty")
    return value


def truth(value: Any) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise TypeError(f"must be true or false, not {say(value)}")
    return value


def one_of(value: Any, allowed: tuple[str, ...]) -> str:
    """One of these words."""
    if not isinstance(value, str) or value not in allowed:
        guess = hint(value, allowed) if isinstance(value, str) else ""
        raise ValueError(f"must be {' or '.join(allowed)}, not {say(value)}{guess}")
    return value


def literal(value: Any, kind: Any) -> str:
    """One of a Literal's words."""
    return one_of(value, get_args(kind))


def positive_number(value: Any) -> Decimal:
    """Above zero."""
    exact = number(value)
    if exact <= 0:
        raise ValueError(f"must be above zero, not {exact}")
    return exact


def fee_rate(value: Any) -> Decimal:
    """A fraction within -1..1."""
    exact = number(value)
    if not -1 < exact < 1:
        raise ValueError(f"must be a fraction between -1 and 1 (0.00075 is 0.075 %), not {exact}")
    return exact


def fraction(value: Any) -> float:
    """Above zero, below one."""
    exact = number(value)
    if not 0 < exact < 1:
        raise ValueError(f"must be a fraction between 0 and 1 (0.05 is 5 %), not {exact}")
    return float(exact)


def portion(value: Any) -> float:
    """Above zero, at most one."""
    return float(margin(value))


def margin(value: Any) -> Decimal:
    """Above zero, at most one, exactly."""
    exact = number(value)
    if not 0 < exact <= 1:
        raise ValueError(f"must be a fraction above 0 and at most 1 (0.05 is 5 %), not {exact}")
    return exact


def leverage(value: Any) -> Decimal:
    """One or above."""
    exact = number(value)
    if exact < 1:
        raise ValueError(f"must be 1 or above (10 puts down a tenth), not {exact}")
    return exact


def positive_float(value: Any) -> float:
    """Above zero, as a float."""
    return float(positive_number(value))


def weight(value: Any) -> float:
    """Zero or above."""
    exact = number(value)
    if exact < 0:
        raise ValueError(f"must be zero or above, not {exact}")
    return float(exact)


def band(value: Any) -> float:
    """Zero or above, below one."""
    exact = number(value)
    if not 0 <= exact < 1:
        raise ValueError(f"must be a fraction, zero or above and below 1 (0.1 is 10 %), not {exact}")
    return float(exact)


def positive_int(value: Any) -> int:
    """A whole number from 1."""
    if whole(value) < 1:
        raise ValueError(f"must be at least 1, not {value}")
    return int(value)


def window(value: Any) -> int:
    """A whole number from 2."""
    if whole(value) < 2:
        raise ValueError(f"must be at least 2, not {value}")
    return int(value)


def whole_from_zero(value: Any) -> int:
    """A whole number from 0."""
    if whole(value) < 0:
        raise ValueError(f"must be zero or above, not {value}")
    return int(value)


def period_text(value: Any) -> str:
    """A period such as 1m."""
    parse_period(text(value))
    return str(value).strip()


def zone_name(value: Any) -> str:
    """A time zone of the tz database."""
    try:
        ZoneInfo(text(value))
    except (ValueError, OSError, KeyError) as error:
        raise ValueError(
            f"time zone {value!r} is not known; write it like UTC, Asia/Shanghai, America/New_York"
        ) from error
    return str(value)


def moment_text(value: Any) -> str:
    """A time; TOML's own dates and times are taken too."""
    written = value.isoformat() if isinstance(value, dt.date) else text(value)
    moment_ns(written)
    return str(written)


def clock_text(value: Any) -> str:
    """A time of day."""
    written = value.isoformat("minutes") if isinstance(value, dt.time) else text(value)
    if not re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]", written):
        raise ValueError(f"must be a time of day from 00:00 to 23:59, not {written!r}")
    return str(written)


def clock_minutes(written: str) -> int:
    """Minutes after midnight of a time of day."""
    hours, minutes = written.split(":")
    return int(hours) * 60 + int(minutes)


def kind_name(value: Any) -> str:
    """A contract's kind."""
    return one_of(value, tuple(Kind))


def port_number(value: Any) -> int:
    """A port that a program may listen on."""
    if not 1 <= whole(value) <= 65_535:
        raise ValueError(f"must be a port from 1 to 65535, not {value}")
    return int(value)


def switch_seconds(value: Any) -> int:
    """Seconds of a dead man's switch: not shorter than twice what the gateway takes to refresh it (HeartbeatRules)."""
    seconds = whole(value)
    if seconds and not 40 <= seconds <= 3_600:
        raise ValueError(f"must be 0 (off) or from 40 to 3600 seconds, not {seconds}")
    return seconds


def silence_seconds(value: Any) -> int:
    """Seconds without a heartbeat: heartbeats come six times in it, or every five seconds, whichever is more often."""
    seconds = whole(value)
    if not 3 <= seconds <= 3_600:
        raise ValueError(f"must be from 3 to 3600 seconds, not {seconds}")
    return seconds
