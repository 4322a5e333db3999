"""What an executor remembers: each order until its end is known, and per symbol what is held and wanted."""

import attrs

from messages import Lots, Order, Share, StrategyId, Symbol, UtcNs


@attrs.define(eq=False)
class Working:
    """One order from its submission until its end is known. Unknown is a state: it stays until then."""

    order: Order
    left: dict[StrategyId, Lots]
    """What each owner may still get of it; it has the order's sign."""
    submitted_at: UtcNs
    filled: Lots = 0
    cancel_asked: bool = False
    cancel_tries: int = 0
    cancel_at: UtcNs | None = None
    """The cancel was rejected, and will be asked for again then."""
    attempts: int = 1
    retry_at: UtcNs | None = None
    """Not at the venue, and to be submitted again then."""
    ended_filled: Lots | None = None
    """It has ended with so many lots, of which fills are still missing."""
    number: int | None = None
    """The strategy's own number of an order that it placed itself."""

    def leaves_all(self) -> bool:
        """Whether every fill that its end told of has been heard."""
        return self.ended_filled is not None and abs(self.filled) >= abs(self.ended_filled)


@attrs.define(eq=False)
class Desk:
    """One symbol of one account: lots held and wanted by strategy, and the orders on their way."""

    symbol: Symbol
    held: dict[StrategyId, Lots] = attrs.field(factory=dict)
    shares: dict[StrategyId, Share] = attrs.field(factory=dict)
    """What is wanted, for the strategies whose positions are the executor's to bring about."""
    placing: set[StrategyId] = attrs.field(factory=set)
    """In order mode: their own orders only."""
    working: dict[str, Working] = attrs.field(factory=dict)
    """By client id."""
    unsettled: dict[StrategyId, None] = attrs.field(factory=dict)
    """Who may lack something: the others need not be looked at."""
    last_price: float | None = None
    blocked: bool = False
    """An order was refused for good: nothing is sent until target, position or trading state change."""
    hold_until: UtcNs = 0
    strikes: int = 0
    """Orders in a row that the venue ended unasked without a fill."""

    def fold(self, strategy: StrategyId, lots: Lots) -> None:
        """A fill or an adjustment."""
        self.held[strategy] = self.held.get(strategy, 0) + lots
        self.unsettled[strategy] = None

    def lacking(self, *, flat: bool) -> dict[StrategyId, Lots]:
        """Wanted less held, where it is not 0; with `flat` everybody wants nothing, strategies in order mode too."""
        if flat:
            return {strategy: -lots for strategy, lots in sorted(self.held.items()) if lots}
        lacking: dict[StrategyId, Lots] = {}
        unsettled = self.unsettled
        for strategy in list(unsettled) if len(unsettled) == 1 else sorted(unsettled):
            share = self.shares.get(strategy)
            lots = 0 if share is None else share.lots - self.held.get(strategy, 0)
            if lots:
                lacking[strategy] = lots
            else:
                del unsettled[strategy]
        return lacking
