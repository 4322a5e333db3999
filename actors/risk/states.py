"""The trading state: what stands for good, what a lost day led to, whether the venue is ready. The strictest rules."""

from typing import Final

from messages import TradingState

# An enum's member costs ten times what a global does, and these are asked for at every order.
_ACTIVE: Final = TradingState.ACTIVE
_RECOVERING: Final = TradingState.RECOVERING
_STRICTNESS: Final = {
    TradingState.ACTIVE: 0,
    TradingState.REDUCE_ONLY: 1,
    TradingState.FLATTENING: 2,
    TradingState.RECOVERING: 3,
    TradingState.HALTED: 4,
}


class States:
    """What an account may do now, and why: each method says whether that has changed."""

    __slots__ = ("lost", "now", "standing", "venue")

    def __init__(
        self, standing: TradingState = _ACTIVE, lost: TradingState = _ACTIVE, *, awaits_venue: bool = False
    ) -> None:
        self.standing = standing
        self.lost = lost
        self.venue = _RECOVERING if awaits_venue else _ACTIVE
        self.now = _stricter(_stricter(standing, lost), self.venue)

    def stand(self, state: TradingState) -> bool:
        """A halt, a refusal or a liquidation led to this, whatever the next day brings."""
        self.standing = _stricter(self.standing, state)
        return self._rule()

    def lose(self, state: TradingState) -> bool:
        """A daily loss led to this. It counts only if nothing as strict rules already: there is one for a day."""
        if _STRICTNESS[state] <= _STRICTNESS[self.now]:
            return False
        self.lost = state
        return self._rule()

    def reach(self, *, ready: bool) -> bool:
        """The venue is ready for orders, or is not."""
        self.venue = _ACTIVE if ready else _RECOVERING
        return self._rule()

    def take_back(self) -> bool:
        """A new day after the lost one."""
        self.lost = _ACTIVE
        return self._rule()

    def _rule(self) -> bool:
        before, self.now = self.now, _stricter(_stricter(self.standing, self.lost), self.venue)
        return self.now is not before


def _stricter(one: TradingState, other: TradingState) -> TradingState:
    return one if _STRICTNESS[one] >= _STRICTNESS[other] else other
