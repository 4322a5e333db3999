"""Every row judged at once: what is wrong with it, as a code. Words come later, for the rows that need them."""

from typing import Final

import attrs
import numpy as np
import numpy.typing as npt

from actors.columns import Floats, Ints
from adapters.errors import InputError
from adapters.files.stamps import NO_TIME, Codes
from messages import NS_PER_DAY, NS_PER_SECOND, WEEK, Period, period_name

UNREADABLE: Final = 3
"""A time or value that cannot be read, or that cannot be; AMBIGUOUS and SKIPPED are 1 and 2."""
DUPLICATE: Final = 4
BACK: Final = 5
AHEAD: Final = 6
"""The time jumps ahead, and the rows that follow are earlier again."""
CLOSE_BY: Final = 7
"""A bar begins before the one before it is over."""

_CLOCK_CHANGE: Final = 3_600 * NS_PER_SECOND

Mask = npt.NDArray[np.bool_]


def sound_bars(values: dict[str, Floats]) -> Mask:
    """Rows whose prices and sizes can be. NaN fails every comparison, so no value needs a test of its own."""
    opened, high, low, close = values["open"], values["high"], values["low"], values["close"]
    sound = (low > 0) & (low <= close) & (close <= high) & (high < np.inf) & (opened > 0) & (opened < np.inf)
    for role in ("volume", "turnover"):
        if role in values:
            sound &= (values[role] >= 0) & (values[role] < np.inf)
    return sound


def sound_ticks(values: dict[str, Floats]) -> Mask:
    """Rows whose price, size and side can be."""
    price, size = values["price"], values["size"]
    sound = (price > 0) & (price < np.inf) & (size >= 0) & (size < np.inf)
    for role in ("side", "maker"):
        if role in values:
            sound &= np.abs(values[role]) <= 1
    return sound


def sound_quotes(values: dict[str, Floats]) -> Mask:
    """Rows whose prices and sizes can be. A crossed quote can: it is what somebody said."""
    sound = np.ones(len(values["bid"]), dtype=np.bool_)
    for role in ("bid", "ask"):
        sound &= (values[role] > 0) & (values[role] < np.inf)
    for role in ("bid_size", "ask_size"):
        sound &= (values[role] >= 0) & (values[role] < np.inf)
    return sound


def sound_series(values: dict[str, Floats]) -> Mask:
    """Rows whose one value can be: a rate within -1..1, or a price above zero."""
    if "rate" in values:
        return np.abs(values["rate"]) < 1
    price = values["price"]
    return (price > 0) & (price < np.inf)


def order_codes(ts: Ints, *, strictly: bool, first_stands: bool = False) -> Codes:
    """DUPLICATE, BACK or AHEAD for rows that are not after (ticks: before) all good rows above them, else 0.

    `first_stands`: the first row was judged before, and is good.
    """
    codes = np.zeros(len(ts), dtype=np.uint8)
    steps = np.diff(ts)
    if not (steps <= 0 if strictly else steps < 0).any():
        return codes
    # A row far in the future would make all that follow look late. It is the odd one out when its neighbours on both
    # sides are in order without it, and at least two rows behind it are earlier.
    if len(ts) > 2:
        before = np.concatenate([[NO_TIME], ts[:-3]])
        here, after, later = ts[:-2], ts[1:-1], ts[2:]
        codes[:-2][(before < after) & (after <= later) & (later < here)] = AHEAD
        if first_stands:
            codes[0] = 0
    kept = np.flatnonzero(codes == 0)
    rest = ts[kept]
    latest = np.maximum.accumulate(rest)[:-1]
    codes[kept[1:][rest[1:] < latest]] = BACK
    if strictly:
        codes[kept[1:][rest[1:] == latest]] = DUPLICATE
    return codes


def close_by_codes(ts: Ints, least: int) -> Codes:
    """CLOSE_BY for rows less than `least` ns after the last row that is not."""
    codes = np.zeros(len(ts), dtype=np.uint8)
    if (np.diff(ts) >= least).all():
        return codes
    last = int(ts[0])
    for row, moment in enumerate(ts[1:].tolist(), start=1):
        if moment - last < least:
            codes[row] = CLOSE_BY
        else:
            last = moment
    return codes


def least_step(period: Period, *, naive: bool, stamps: str) -> int:
    """How close two bars may come.

    A session's last bar may be cut short, which shows in stamps of ends; a day that loses an hour to the clock is
    shorter than its period, which shows in local times.
    """
    if stamps == "end":
        return 1
    return period - _CLOCK_CHANGE if naive and period >= NS_PER_DAY else period


@attrs.frozen
class Steps:
    """How a file's bars follow one another."""

    period: Period
    inferred: bool


def period_of(ts: Ints, told: Period | None, name: str) -> Steps:
    """The most common step between rows; InputError when it cannot be told, or contradicts what was told."""
    if len(ts) < 2:
        if told is None:
            raise InputError(f"{name}: the period cannot be inferred from one row; give it with --period")
        return Steps(told, inferred=False)
    steps = np.diff(ts)
    common = _most_common(steps)
    if told is None:
        if common % NS_PER_SECOND or not NS_PER_SECOND <= common <= WEEK:
            raise InputError(
                f"{name}: the most common step between rows is {period_name(common)}, and a period is a whole number "
                "of seconds from 1s to 1w; give it with --period"
            )
        return Steps(common, inferred=True)
    # Where gaps outnumber neighbours, the told period still has to occur, and nothing may be shorter.
    if told not in (common, int(steps.min())):
        raise InputError(
            f"{name}: the period was told to be {period_name(told)}, but the most common step between rows is "
            f"{period_name(common)}"
        )
    return Steps(told, inferred=False)


def _most_common(steps: Ints) -> int:
    middle = int(np.partition(steps, len(steps) // 2)[len(steps) // 2])
    if np.count_nonzero(steps == middle) * 2 > len(steps):
        return middle
    values, counts = np.unique(steps, return_counts=True)
    return int(values[counts.argmax()])
