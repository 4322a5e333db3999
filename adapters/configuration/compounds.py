"""Strict hooks for what is more than one number or word: tables, lists, and the small languages of trading.

As in `values`, each takes what TOML has and returns what the schema wants, or says why it cannot.
"""

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from actors.execution.algorithms import execution_of
from actors.risk.limits import ACTIONS, REASONS
from adapters.configuration.values import (
    WrongValues,
    clock_minutes,
    fee_rate,
    hint,
    one_of,
    positive_number,
    say,
    text,
    weight,
)

NO_FUNDING: Final = "none"
DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_CLOCK = "(?:[01][0-9]|2[0-3]):[0-5][0-9]"


def funding(value: Any) -> Decimal | str:
    """`none`, a rate per interval, or the name of a file of rates. A rate may be written as a text."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal | float):
        raise TypeError(f"must be 'none', a rate or the name of a file, not {say(value)}")
    if not isinstance(value, str):
        return fee_rate(value)
    written = text(value).strip()
    try:
        return NO_FUNDING if written == NO_FUNDING else fee_rate(Decimal(written))
    except InvalidOperation:
        return written


def session(value: Any) -> str:
    """Hours of one session of a day, such as 09:30-11:30."""
    match = re.fullmatch(rf"({_CLOCK}) *- *({_CLOCK}|24:00)", text(value).strip())
    if match is None:
        raise ValueError(f"must be hours such as 09:30-11:30, within 00:00 and 24:00, not {value!r}")
    if clock_minutes(match[1]) >= clock_minutes(match[2]):
        raise ValueError(f"must end after it begins, not {value!r}; one that goes over midnight is written as two")
    return f"{match[1]}-{match[2]}"


def session_minutes(written: str) -> tuple[int, int]:
    """(opens, closes) of a session in minutes after midnight."""
    opens, _, closes = written.partition("-")
    return clock_minutes(opens), clock_minutes(closes)


def weekdays(value: Any) -> tuple[str, ...]:
    """Days of the week in their order, from `mon-fri` or from a list of days and ranges."""
    wanted: set[str] = set()
    for each in value if isinstance(value, list) else [value]:
        word = text(each).strip().lower()
        first, dash, last = word.partition("-")
        for day in (first, last) if dash else (first,):
            if day not in DAYS:
                raise ValueError(f"must be days such as mon, or a range such as mon-fri, not {each!r}{hint(day, DAYS)}")
        begin = DAYS.index(first)
        count = (DAYS.index(last) - begin) % len(DAYS) + 1 if dash else 1
        wanted.update((DAYS + DAYS)[begin : begin + count])
    if not wanted:
        raise ValueError("must not be empty")
    return tuple(day for day in DAYS if day in wanted)


def execution(value: Any) -> str | dict[str, Any]:
    """An algorithm's name, or a table of its name and parameters."""
    if isinstance(value, str):
        return execution_of(text(value)).algorithm
    if not isinstance(value, dict):
        raise TypeError(f"must be an algorithm's name or a table such as {{ algorithm = 'chase' }}, not {say(value)}")
    told = params(value)
    if "algorithm" not in told:
        raise WrongValues([(".algorithm", "must be given")])
    found = execution_of(told)
    return {"algorithm": found.algorithm, **dict(found.params)} if found.params else found.algorithm


def actions(value: Any) -> dict[str, str]:
    """Reason of a refusal -> what it does besides refusing."""
    found = {}
    problems = []
    for reason, action in _table(value).items():
        if reason not in REASONS:
            known = f"no order is refused for this; the reasons are {', '.join(REASONS)}{hint(reason, REASONS)}"
            problems.append((f".{reason}", known))
            continue
        try:
            found[reason] = one_of(action, tuple(ACTIONS))
        except ValueError as error:
            problems.append((f".{reason}", str(error)))
    if problems:
        raise WrongValues(problems)
    return found


def params(value: Any) -> dict[str, Any]:
    """A table of scalars; numbers with a point become floats."""
    values: dict[str, Any] = {}
    problems = []
    for key, each in _table(value).items():
        if isinstance(each, Decimal):
            values[key] = float(each)
        elif isinstance(each, str | bool | int):
            values[key] = each
        else:
            problems.append((f".{key}", f"must be a number, a text, true or false, not {say(each)}"))
    if problems:
        raise WrongValues(problems)
    return values


def multipliers(value: Any) -> dict[str, float]:
    """Symbol -> a number from zero."""
    return _each(value, weight)


def field_paths(value: Any) -> dict[str, str]:
    """Name -> path of names joined by points."""
    return _each(value, text)


def cash(value: Any) -> dict[str, Decimal]:
    """One amount, or a table of amounts by currency."""
    if not isinstance(value, dict):
        return {"": positive_number(value)}
    return _each(value, positive_number)


def _each(value: Any, hook: Any) -> dict[str, Any]:
    values, problems = {}, []
    for key, each in _table(value).items():
        try:
            values[key] = hook(each)
        except (TypeError, ValueError) as error:
            problems.append((f".{key}", str(error)))
    if problems:
        raise WrongValues(problems)
    return values


def _table(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise TypeError(f"must be a table, not {say(value)}")
    return value
