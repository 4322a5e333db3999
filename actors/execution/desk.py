"""What an executor remembers of one symbol: lots held and wanted by strategy, the orders on their way, the market."""

import math
from collections.abc import Iterable, Mapping

import attrs

from actors.execution.algorithms import MARKET, Execution, Market, Task, algorithm_of
from actors.execution.volume_profile import VolumeProfile
from actors.execution.working import Working
from actors.market_hours import Hours
from actors.money.grid import PriceGrid
from messages import Lots, Quote, Share, StrategyId, Symbol, UtcNs

NEVER: UtcNs = 1 << 62
"""Until something changes."""


@attrs.define(eq=False)
class Desk:
    """One symbol of one account."""

    symbol: Symbol
    grid: PriceGrid
    half_spread: float = 0.0
    """In price: where no quotes are heard, the best prices are the last one less and plus this."""
    worked: bool = False
    """Some strategy here has an algorithm that is more than a market order."""
    follows: bool = False
    """Some algorithm here wants to be asked again when the market moves; if not, its prices are only noted."""
    ticking: bool = False
    """Every trade or quote is heard, before strategies hear it: no signal knows a later price."""
    profile: VolumeProfile | None = None
    is_spot: bool = False
    live: bool = False
    held: dict[StrategyId, Lots] = attrs.field(factory=dict)
    shares: dict[StrategyId, Share] = attrs.field(factory=dict)
    """What is wanted, for the strategies whose positions are the executor's to bring about."""
    placing: set[StrategyId] = attrs.field(factory=set)
    """In order mode: their own orders only."""
    working: dict[str, Working] = attrs.field(factory=dict)
    """By client id."""
    unsettled: dict[StrategyId, None] = attrs.field(factory=dict)
    """Who may lack something: the others need not be looked at."""
    tasks: dict[StrategyId, Task] = attrs.field(factory=dict)
    """What is lacking, since when; kept only where there are algorithms."""
    last_price: float | None = None
    shown: float | None = None
    """The last price that the market itself showed, where it is heard: what is decided now is decided at it."""
    told: float | None = None
    """The price that the last signal or own order came with: what its strategy saw at `told_at`, and not later."""
    told_at: UtcNs = -1
    decided: dict[StrategyId, float | None] = attrs.field(factory=dict)
    """At which price a share was taken up again, for those whose signal is older than that."""
    expiry: UtcNs | None = None
    """From then on there is nothing to trade."""
    hours: Hours | None = None
    """When it trades; None for always."""
    crosses_at: UtcNs | None = None
    """The opening that a crossing waits for."""
    seen: Market | None = None
    """What the market last said, where it is heard."""
    quoted: bool = False
    waits: dict[StrategyId, UtcNs] = attrs.field(factory=dict)
    """Nothing is sent for these before that time; NEVER after a refusal for good: until target, position or state
    change."""
    strikes: dict[StrategyId, int] = attrs.field(factory=dict)
    """Orders in a row that the venue ended unasked without a fill."""
    now: UtcNs = 0
    """The latest time that was planned at; kept only where it is `timed`."""
    look_at: UtcNs | None = None
    """The next timer of its algorithms."""

    @property
    def can_cross(self) -> bool:
        """Whether strategies can trade with each other: at a price, and nobody what it does not have."""
        if self.last_price is None:
            return False
        return not self.is_spot or all(share.lots >= 0 for share in self.shares.values())

    @property
    def timed(self) -> bool:
        """Whether what comes about here is a matter of timers and prices too, and not of what is wanted alone."""
        return self.worked or self.live or self.hours is not None

    def crossing_waits(self, ts: UtcNs) -> bool:
        """Whether the market is closed. At the instant of the close, its price was shown just now, and is good."""
        return not (self.hours is None or self.hours.is_open(ts - 1) or self.hours.is_open(ts))

    def fold(self, strategy: StrategyId, lots: Lots) -> None:
        """A fill or an adjustment."""
        self.held[strategy] = self.held.get(strategy, 0) + lots
        self.unsettled[strategy] = None

    def unblock(self) -> bool:
        """Something changed: what was refused for good may be tried again. Whether anything was."""
        blocked = [strategy for strategy, until in self.waits.items() if until == NEVER]
        for strategy in blocked:
            del self.waits[strategy]
        return bool(blocked)

    def lacking(self, *, flat: bool, reducing: bool = False) -> dict[StrategyId, Lots]:
        """Wanted less held, where it is not 0, and nobody gave up.

        With `flat` everybody wants nothing, strategies in order mode too; with `reducing` nobody more than it holds.
        """
        if flat:
            return {strategy: -lots for strategy, lots in sorted(self.held.items()) if lots}
        lacking: dict[StrategyId, Lots] = {}
        unsettled, tasks = self.unsettled, self.tasks
        for strategy in list(unsettled) if len(unsettled) == 1 else sorted(unsettled):
            share = self.shares.get(strategy)
            lots = 0 if share is None else share.lots - self.held.get(strategy, 0)
            if lots and tasks and strategy in tasks and tasks[strategy].gave_up:
                lots = 0
            if not lots:
                del unsettled[strategy]
                continue
            if reducing:
                lots = reduced(self.held.get(strategy, 0), lots)
            if lots:
                lacking[strategy] = lots
        return lacking

    def wait_no_longer(self, ts: UtcNs) -> None:
        """Whose time has come may be sent for again."""
        if self.waits:
            self.waits = {strategy: until for strategy, until in self.waits.items() if until > ts}

    def take_up_again(self) -> None:
        """Trading goes on: what is wanted is wanted from now, and not from when it was signalled."""
        self.unsettled.update(dict.fromkeys(self.shares))
        self.decided = dict.fromkeys(self.shares, self.shown)

    def begin_tasks(
        self, lacking: dict[StrategyId, Lots], executions: Mapping[StrategyId, Execution], ts: UtcNs
    ) -> None:
        """A task for everybody who lacks something; what is not lacking any more is no task."""
        tasks = self.tasks
        for strategy in [each for each, task in tasks.items() if each not in lacking and not task.gave_up]:
            del tasks[strategy]
        for strategy, lots in lacking.items():
            task = tasks.get(strategy)
            if task is None or task.lots * lots < 0 or abs(lots) > abs(task.lots):
                algorithm = algorithm_of(executions.get(strategy, MARKET))
                tasks[strategy] = Task(
                    strategy=strategy,
                    lots=lots,
                    began=ts,
                    decision_price=self.decided_at(strategy),
                    schedule=algorithm.schedule(abs(lots), ts, self.profile),
                )

    def decided_at(self, strategy: StrategyId) -> float | None:
        """The price when what a strategy wants was decided, else the one that the market shows; None: not known."""
        if strategy in self.decided:
            return self.decided[strategy]
        share = self.shares.get(strategy)
        if share is not None and share.signal_price is not None:
            return share.signal_price
        return self.shown if self.shown is not None else self.last_price

    def decision_price(self, owners: Iterable[tuple[StrategyId, Lots]]) -> float | None:
        """The price when a change of several strategies was decided: where theirs differ the mean by lots, on the grid.

        On the grid, for that is where values are computed: what the files tell is what the shortfall was measured from.
        """
        prices = [(self.decided_at(strategy), abs(lots)) for strategy, lots in owners]
        known = [(price, lots) for price, lots in prices if price is not None]
        if not known:
            return None
        first = known[0][0]
        if all(price == first for price, _ in known):
            return first
        mean = math.fsum(price * lots for price, lots in known) / sum(lots for _, lots in known)
        return self.grid.round_nearest(mean)

    # The market.

    @property
    def market(self) -> Market | None:
        """As it was last seen; before it was heard, what the last signal or fill showed has to do."""
        if self.seen is None and self.last_price is not None:
            return self._around(self.last_price, 0)
        return self.seen

    def current_price(self, ts: UtcNs) -> float | None:
        """A price that is known to be the market's now, or None: what was last signalled or filled may be weeks old."""
        if self.shown is not None:
            return self.shown
        return self.told if self.told_at == ts else None

    def hear_price(self, price: float, at: UtcNs) -> None:
        """A close or a trade. Where quotes are heard, they go on saying what the best prices are."""
        self.shown = price
        if not self.worked:
            if not self.quoted:
                self.last_price = price
            return
        if self.quoted and self.seen is not None:
            self.seen = attrs.evolve(self.seen, last=price, at=at)
        else:
            self.last_price = price
            self.seen = self._around(price, at)

    def hear_quote(self, quote: Quote) -> None:
        """The best prices; the mid is the best price for a crossing."""
        self.last_price = self.shown = mid = (quote.bid + quote.ask) / 2
        self.quoted = True
        if self.worked:
            last = self.seen.last if self.seen is not None else mid
            self.seen = Market(bid=quote.bid, ask=quote.ask, last=last, at=quote.received)

    def _around(self, price: float, at: UtcNs) -> Market:
        lowest = self.grid.to_price(1)
        return Market(bid=max(price - self.half_spread, lowest), ask=price + self.half_spread, last=price, at=at)


def reduced(held: Lots, lots: Lots) -> Lots:
    """As much of a change as brings a position nearer to nothing, and not through it."""
    if held * lots >= 0:
        return 0
    return max(lots, -held) if held > 0 else min(lots, -held)
