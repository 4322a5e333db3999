"""Algorithms that spread a task over time: twap, vwap.

A changed target begins the schedule anew, for what is then lacking; nothing else changes it.
"""

from itertools import accumulate, pairwise
from typing import ClassVar, Literal

import attrs

from actors.execution.algorithms.base import Algorithm, Schedule, Step, Volumes, Work, parameter
from actors.execution.algorithms.pegged import MarketOrders, Opponent
from actors.money.rounding import divide_half_away
from messages import NS_PER_SECOND, Lots, UtcNs

_MINUTE = 60 * NS_PER_SECOND
_CHILDREN: dict[str, Algorithm] = {"market": MarketOrders(), "opponent": Opponent()}


@attrs.frozen(kw_only=True)
class Twap(Algorithm):
    """Equal slices at equal times, the first one at once."""

    name: ClassVar[str] = "twap"

    minutes: float = parameter("over which a task is spread", default=30.0, above=0)
    slices: int = parameter("how many", default=6, least=1)
    child: Literal["market", "opponent"] = parameter("the algorithm of each slice", default="market")

    @property
    def hears_market(self) -> bool:
        """If its slices are priced, or follow the market's volume."""
        return self.profiled or _CHILDREN[self.child].hears_market

    def schedule(self, lots: Lots, began: UtcNs, volumes: Volumes | None) -> Schedule:
        """When each slice begins."""
        whole = max(self.slices, round(self.minutes * _MINUTE))
        edges = [began + -(-whole * edge // self.slices) for edge in range(self.slices + 1)]
        return tuple(zip(edges, self.parts(lots, edges, volumes), strict=False))

    def parts(self, lots: Lots, edges: list[UtcNs], volumes: Volumes | None) -> list[Lots]:  # noqa: ARG002
        """How many of the lots belong to each slice and those before. `edges`: when each begins, and the last ends."""
        return [divide_half_away(lots * number, self.slices) for number in range(1, self.slices + 1)]

    def step(self, work: Work) -> Step:
        """What is due, as the child algorithm works it."""
        return _CHILDREN[self.child].step(work)


@attrs.frozen(kw_only=True)
class Vwap(Twap):
    """As twap, in slices that follow the market's volume by time of day; equal ones before that is known."""

    name: ClassVar[str] = "vwap"
    profiled: ClassVar[bool] = True

    def parts(self, lots: Lots, edges: list[UtcNs], volumes: Volumes | None) -> list[Lots]:
        """In proportion to the volume to be expected in them."""
        if volumes is not None:
            expected = [volumes.between(*pair) for pair in pairwise(edges)]
            known = [each for each in expected if each is not None]
            if len(known) == self.slices and sum(known) > 0:
                sums = accumulate(known[:-1])
                return [*[min(lots, int(lots * part / sum(known) + 0.5)) for part in sums], lots]
        return super().parts(lots, edges, volumes)
