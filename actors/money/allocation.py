"""Dividing whole things so that the parts add up: a fill's lots among its owners, its money among their lots."""

from collections.abc import Sequence

from actors.money.rounding import divide_half_away
from messages import FillPart, Lots, Minor, StrategyId


def allocate(lots: Lots, wanting: Sequence[tuple[StrategyId, Lots]]) -> list[tuple[StrategyId, Lots]]:
    """Divide filled lots pro rata to what each owner still lacks, by largest remainder, ties by strategy id.

    `wanting` holds (strategy, lots still lacking) with the fill's sign; 0 wants nothing. The parts add up to
    `lots`, none exceeds what its owner lacks, and those that get nothing are left out; they stand in the order of
    `wanting`.
    ValueError when somebody wants the other side, or all together lack less than was filled.
    """
    if lots == 0:
        return []
    sign = -1 if lots < 0 else 1
    filled = lots * sign
    wants = [wanted * sign for _, wanted in wanting]
    if any(want < 0 for want in wants):
        raise ValueError(f"a fill of {lots} lots cannot go to an owner on the other side: {list(wanting)}")
    total = sum(wants)
    if filled > total:
        raise ValueError(f"a fill of {lots} lots is more than its owners lack: {list(wanting)}")
    parts = [filled * want // total for want in wants]
    # Somebody whose remainder is 0 is never reached: the lots left over are fewer than the remainders above 0.
    by_remainder = sorted(range(len(wants)), key=lambda i: (-(filled * wants[i] % total), wanting[i][0], i))
    for i in by_remainder[: filled - sum(parts)]:
        parts[i] += 1
    return [(strategy, part * sign) for (strategy, _), part in zip(wanting, parts, strict=True) if part]


def split_minor(total: Minor, weights: Sequence[int]) -> list[Minor]:
    """Split an amount in proportion to weights so that the parts add up to it exactly.

    Cumulative rounding: each part is the rounded running share less the previous one, so no part is more than one
    minor unit from its exact share. ValueError when a weight is negative or all are 0.
    """
    whole = sum(weights)
    if whole <= 0 or min(weights) < 0:
        raise ValueError(f"weights must be zero or above and not all zero, not {list(weights)}")
    if len(weights) == 2:
        # A fill through zero: what closes and what opens, several times for each of the most frequent fills.
        first = divide_half_away(total * weights[0], whole)
        return [first, total - first]
    parts: list[Minor] = []
    running = given = 0
    for weight in weights:
        running += weight
        upto = divide_half_away(total * running, whole)
        parts.append(upto - given)
        given = upto
    return parts


def fill_parts(
    lots: Lots, value_minor: Minor, fee_minor: Minor, wanting: Sequence[tuple[StrategyId, Lots]]
) -> tuple[FillPart, ...]:
    """The owners' parts of one execution: lots by `allocate`, value and fee split by those lots, never recomputed."""
    shares = allocate(lots, wanting)
    if not shares:
        return ()
    weights = [abs(part) for _, part in shares]
    values = split_minor(value_minor, weights)
    fees = split_minor(fee_minor, weights)
    return tuple(
        FillPart(strategy, part, value, fee) for (strategy, part), value, fee in zip(shares, values, fees, strict=True)
    )
