"""What a perpetual contract's holders pay each other, and when.

A rate above zero is paid by longs to shorts, one below zero by shorts to longs, for every kind of contract: the value
of the position at the mark times the rate (BitMEX, perpetual contracts guide).
"""

from collections.abc import Mapping
from fractions import Fraction

from actors.money.values import Arithmetic
from messages import FundingPart, Lots, Minor, Period, StrategyId, UtcNs, period_start


def funding_of(
    arithmetic: Arithmetic, held: Mapping[StrategyId, Lots], price: float, rate: float
) -> tuple[Minor, tuple[FundingPart, ...]]:
    """What an account receives for the lots its strategies hold at the mark `price`, and each strategy's part of it.

    Received when positive, paid when negative. The account's amount is that of its net position, rounded once, half
    away from zero; the rate counts as the decimal that its float is written as. Parts are cumulative: each is the
    amount of the net position up to its strategy less that of the one before, in order of strategy id, so that they
    add up and each is within a minor unit of its exact amount. Who holds nothing has no part.
    The mark counts as it is, between two ticks or not. ValueError for an inverse contract at one not above zero.
    """
    exact = Fraction(repr(float(rate)))
    parts: list[FundingPart] = []
    running: Lots = 0
    given: Minor = 0
    for strategy, lots in sorted(held.items()):
        if lots == 0:
            continue
        running += lots
        # A fee is a rate on the value whatever the direction, and a long pays it as it pays a fee.
        charged = arithmetic.exact_fee_minor(running, price, exact)
        upto = -charged if running > 0 else charged
        parts.append(FundingPart(strategy, lots, upto - given))
        given = upto
    return given, tuple(parts)


def funding_times(interval_ns: Period, at_ns_after_midnight: int, start: UtcNs, end: UtcNs) -> range:
    """The instants later than `start` and up to `end` at which funding falls, in order.

    Intervals are counted from `at_ns_after_midnight` (UTC), on a Monday where they do not divide the day: BitMEX's
    8 h from 04:00 fall at 04:00, 12:00 and 20:00.
    """
    first = period_start(start - at_ns_after_midnight, interval_ns) + at_ns_after_midnight + interval_ns
    return range(first, end + 1, interval_ns)
