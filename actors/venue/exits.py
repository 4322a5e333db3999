"""Two orders in one bar with which the same owner leaves the same position: which of them was filled?"""

from collections.abc import Mapping

from actors.venue.match import MAKER, Match
from actors.venue.resting import Resting
from messages import Lots, OrderType, StrategyId


def one_exit(found: list[tuple[Resting, Match]], held: Mapping[StrategyId, Lots]) -> list[tuple[Resting, Match]]:
    """Of what a bar reached, what is filled: an owner leaves the position that it holds once.

    Those exits are filled that the open decided; else the stops, the worse of the two paths, marked ambiguous. The
    others are filled only while there is something left to leave, and go on resting otherwise. Orders that enter have
    nothing to do with each other.
    """
    exits: dict[StrategyId, list[int]] = {}
    for number, (each, _) in enumerate(found):
        owner = each.order.owners[0].strategy
        if held.get(owner, 0) * each.order.lots < 0:
            exits.setdefault(owner, []).append(number)
    kept: list[Match | None] = [match for _, match in found]
    for owner, numbers in exits.items():
        stops = [number for number in numbers if not _as_limit(*found[number])]
        limits = [number for number in numbers if _as_limit(*found[number])]
        stop_at_open = any(found[number][1].at_open for number in stops)
        limit_at_open = not stop_at_open and any(found[number][1].at_open for number in limits)
        first, second = (limits, stops) if limit_at_open else (stops, limits)
        left = abs(held[owner]) - sum(abs(found[number][0].left) for number in first)
        out_of_reach = False
        for number in second if first else ():
            if left > 0:
                left -= abs(found[number][0].left)
            else:
                kept[number] = None
                out_of_reach = True
        if out_of_reach and not (stop_at_open or limit_at_open):
            for number in first:
                kept[number] = found[number][1]._replace(ambiguous=True)
    return [(each, match) for (each, _), match in zip(found, kept, strict=True) if match is not None]


def _as_limit(each: Resting, match: Match) -> bool:
    return each.order.type is OrderType.LIMIT or (each.order.type is OrderType.STOP_LIMIT and match.liquidity is MAKER)
