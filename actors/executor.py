"""The executor: brings what is held to what is wanted, and forgets no order until its end is known.

A target is compared with fills and working orders each time something changes: a new target, the end of an order, a
fill that nobody expected any more, a trading state, and the market where an algorithm looks at it. So a failed order is
tried again although the target stands still, and a fill that crosses a cancel is counted before the next order is sent.

What may be done at once is decided by `execution/plan.py`, how by each strategy's algorithm (`execution/algorithms`);
`execution/dealing.py` carries it out. What became of orders is heard in `execution/order_events.py`, and strategies'
own orders in `execution/own_orders.py`. Here are targets, the market, trading states and time.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from actors.component import Answers
from actors.execution.algorithms import algorithm_of
from actors.execution.attempts import BACK_OFF_NS
from actors.execution.dealing import Dealing
from actors.execution.desk import Desk, reduced
from actors.execution.heritage import ExecutorHeritage, first_wakes, left_by, take_over, wakes
from actors.execution.maker import OrderMaker
from actors.execution.order_events import DUPLICATE, OrderEvents
from actors.execution.own_orders import OwnOrders
from actors.execution.rules import ShareRule
from actors.execution.slices import LargestOrder
from actors.execution.volume_profile import VolumeProfile
from actors.market_hours import Hours
from actors.money.grid import PriceGrid
from actors.tick_span import Spared, TickRow, TickSpan
from messages import (
    Account,
    ActorQuarantined,
    AmendPlaced,
    AmendRejected,
    Bar,
    CancelPlaced,
    CancelRejected,
    Fill,
    Heartbeat,
    Instrument,
    Kind,
    Lots,
    Message,
    OrderAccepted,
    OrderAmended,
    OrderEnded,
    OrderRefused,
    OrderRejected,
    Period,
    PlaceOrder,
    PositionAdjusted,
    PositionsReported,
    Quote,
    ReportPositions,
    StrategyId,
    Subscribe,
    Symbol,
    TargetShares,
    Tick,
    TickBlock,
    TradingState,
    TradingStateChanged,
    UtcNs,
    Woke,
)

__all__ = ["BACK_OFF_NS", "DUPLICATE", "Executor"]

_ACTIVE: Final = TradingState.ACTIVE
_REDUCE_ONLY: Final = TradingState.REDUCE_ONLY


class Executor(OrderEvents, OwnOrders):
    """One per account: crosses opposite wishes internally, works the rest as orders, and folds what is held.

    Hears TargetShares, PlaceOrder, AmendPlaced, CancelPlaced, OrderAccepted, OrderRejected, OrderRefused, OrderAmended,
    AmendRejected, OrderEnded, CancelRejected, Fill, PositionAdjusted, TradingStateChanged, ActorQuarantined,
    ReportPositions, Woke; Bar and Quote where strategies share a symbol; Bar, or Tick and Quote, where an algorithm
    needs them; TickBlock where strategies share a symbol and no algorithm does.
    Says SubmitOrder, AmendOrder, CancelOrder, Fill (internal), GaveUp, PositionsReported, Subscribe, WakeAt.

    Lots are signed. Never are more lots working than somebody lacks. `run6` starts every client id, `label` keeps those
    of several accounts apart. `order_lots_max` cuts larger orders into slices, as the limits of single strategies
    and symbols in `largest_orders` do. `feeds` tells the period of each symbol's bars, None where it has ticks; without
    quotes the best prices are `half_spread_ticks` to both sides of the last one. A `live` one sends nothing before the
    guard says that the venue is ready, and hands all its orders over to its next incarnation.
    """

    # Whatever is no price. What had been done with it by then the orders of the heritage know.
    hears_again = frozenset({
        *(TargetShares, PlaceOrder, AmendPlaced, CancelPlaced, Woke, TradingStateChanged, ActorQuarantined),
        *(OrderAccepted, OrderRejected, OrderRefused, OrderAmended, AmendRejected, OrderEnded, CancelRejected, Fill),
        *(PositionAdjusted, ReportPositions),
    })  # fmt: skip

    def __init__(
        self,
        account: Account,
        instruments: Mapping[Symbol, Instrument],
        run6: str,
        strategies: Iterable[ShareRule],
        *,
        order_lots_max: Lots | None = None,
        largest_orders: Iterable[LargestOrder] = (),
        feeds: Mapping[Symbol, Period | None] | None = None,
        half_spread_ticks: int = 0,
        label: str = "",
        heritage: ExecutorHeritage | None = None,
        live: bool = False,
    ) -> None:
        rules = {rule.strategy: rule for rule in strategies}
        self.account = account
        self._feeds = {symbol: (feeds or {}).get(symbol) for symbol in instruments}
        self.desks = {
            symbol: _desk(instrument, rules.values(), half_spread_ticks, ticking=self._feeds[symbol] is None, live=live)
            for symbol, instrument in instruments.items()
        }
        limits = [*largest_orders] if order_lots_max is None else [LargestOrder(order_lots_max), *largest_orders]
        maker = OrderMaker(account, instruments, run6, limits, label)
        dealing = Dealing(account, self.desks, rules.values(), maker)
        OrderEvents.__init__(self, dealing)
        OwnOrders.__init__(self, dealing, rules)
        if live:
            dealing.state = TradingState.RECOVERING if heritage is None else heritage.state
        self._inherited = heritage
        self._to_wake: set[Symbol] = set()
        if heritage is not None:
            dealing.adopting = True
            self._to_wake.update(instruments)
            maker.intents, maker.crossings = heritage.intents, heritage.crossings

    @property
    def state(self) -> TradingState:
        """The account's, as the guard last said."""
        return self._dealing.state

    def on_start(self) -> Answers:
        """Asks for prices where an algorithm needs them, or strategies can cross at the last one or at the mid."""
        said: list[Message] = []
        for symbol in sorted(self.desks):
            several = sum(symbol in rule.symbols for rule in self._rules.values()) > 1
            period = self._feeds[symbol]
            hears = self.desks[symbol].follows
            if (hears or several) and period is not None:
                said.append(Subscribe(Bar, symbol, period))
            elif hears or several:
                # A price to cross at makes no feed slower: single ticks are for algorithms.
                said.append(Subscribe(Tick if hears else TickBlock, symbol))
            if several or (hears and period is None):
                said.append(Subscribe(Quote, symbol))
        if self._inherited is not None and any(desk.live for desk in self.desks.values()):
            said += first_wakes(self._inherited, sorted(self.desks))
        return tuple(said)

    def begins(self, message: Message) -> None:
        """What is said from now on is said of it."""
        self._dealing.out.begins(message)

    def died_on(self, message: Message) -> Answers:
        """Orders, changes and crossings that were made, and nobody heard of, are said, and not made once more."""
        out = self._dealing.out
        words = tuple(out.words) if out.on is message else ()
        if words and isinstance(message, PlaceOrder | AmendPlaced):
            return words
        return (*words, *super().died_on(message))

    def heritage(self) -> ExecutorHeritage | None:
        """Its orders, tasks and crossings, where there are algorithms or opening hours.

        An heir that dies half way leaves what it was left.
        """
        return self._inherited if self._dealing.adopting else left_by(self._dealing)

    def warmed_up(self) -> None:
        """Targets and fills are known again: what the predecessor left is taken over."""
        if self._inherited is not None and self._dealing.adopting:
            take_over(self._dealing, self._inherited)
            self._to_wake.clear()

    # What is wanted.

    def on_target_shares(self, target: TargetShares) -> Answers:
        """Compares the new shares with those known, and plans for the strategies whose share changed."""
        desk = self.desks[target.symbol]
        shares, placing = desk.shares, desk.placing
        count = 0
        for share in target.shares:
            strategy = share.strategy
            if strategy in placing:
                continue
            count += 1
            known = shares.get(strategy)
            if known is share:
                continue
            shares[strategy] = share
            desk.unsettled[strategy] = None
            if known is None or known.lots != share.lots:
                if desk.waits:
                    desk.unblock()
                if desk.worked:
                    desk.tasks.pop(strategy, None)
                if desk.decided:
                    desk.decided.pop(strategy, None)
            if share.signal_price is not None and known != share:
                desk.told, desk.told_at = share.signal_price, target.ts
                if desk.shown is None or not desk.ticking:
                    desk.last_price = share.signal_price
        if count != len(shares):
            there = {share.strategy for share in target.shares}
            for strategy in [strategy for strategy in shares if strategy not in there]:
                del shares[strategy]
        if self._inherited is not None and target.symbol in self._to_wake:
            self._to_wake.discard(target.symbol)
            return wakes(self._inherited, target.symbol)
        return self._dealing.plan(desk, target.ts)

    # The market.

    def on_bar(self, bar: Bar) -> Answers:
        """The last price, and with half the spread the best ones; and what is traded at this time of day."""
        desk = self.desks[bar.symbol]
        if desk.profile is not None:
            desk.profile.hear_bar(bar)
        desk.hear_price(bar.close, bar.close_ts)
        return self._market_moved(desk, bar.received)

    def on_tick(self, tick: Tick) -> Answers:
        """The last price; the best ones too, with half the spread, where no quotes are heard."""
        desk = self.desks[tick.symbol]
        if desk.profile is not None:
            desk.profile.hear_tick(tick)
        desk.hear_price(tick.price, tick.ts)
        return self._market_moved(desk, tick.received) if desk.follows else ()

    def spared(self, symbol: Symbol) -> Spared | None:
        """Of a stretch of ticks that no algorithm works by only the last price matters."""
        desk = self.desks.get(symbol)
        if desk is None or desk.profile is not None or desk.follows:
            return None

        def remember(rows: Sequence[TickRow]) -> None:
            _, ts, price, *_ = rows[-1]
            desk.hear_price(price, ts)

        return Spared(_always, remember)

    def on_tick_block(self, block: TickBlock) -> Answers:
        """The last price, for crossings."""
        self.desks[block.symbol].hear_price(block.prices[-1], block.ts[-1])
        return ()

    def on_quote(self, quote: Quote) -> Answers:
        """The best prices, and their mid for a crossing."""
        desk = self.desks[quote.symbol]
        desk.hear_quote(quote)
        return self._market_moved(desk, quote.received)

    def _market_moved(self, desk: Desk, ts: UtcNs) -> Answers:
        if not desk.worked or not (desk.working or desk.unsettled):
            return ()
        return self._dealing.plan(desk, ts)

    # The account.

    def on_trading_state_changed(self, changed: TradingStateChanged) -> Answers:
        """Halted: everything is taken back. Flattening: that too, then orders to flat. Active: on to the targets.

        Reduce-only: what does not bring a position nearer to nothing is taken back, and not sent. Recovering: what
        works, works on, and nothing is sent.
        """
        dealing, ts = self._dealing, changed.ts
        dealing.state = changed.state
        if changed.state is TradingState.RECOVERING:
            return ()
        said: list[Message] = []
        for desk in self.desks.values():
            desk.unblock()
            desk.tasks = {strategy: task for strategy, task in desk.tasks.items() if task.gave_up}
            if changed.state is _ACTIVE:
                desk.take_up_again()
            elif changed.state is _REDUCE_ONLY:
                desk.unsettled.update(dict.fromkeys(desk.shares))
                for working in list(desk.working.values()):
                    if working.number is not None and _opens(desk, working.left):
                        said += dealing.out.cancel(desk, working, ts)
            else:
                for working in list(desk.working.values()):
                    said += dealing.out.cancel(desk, working, ts)
            said += dealing.plan(desk, ts)
        return tuple(said)

    def on_position_adjusted(self, adjusted: PositionAdjusted) -> Answers:
        """The reconciler's difference is held, whatever it came from."""
        if not self._heard.first(f"adjustment {adjusted.adjustment_id}"):
            return ()
        desk = self.desks[adjusted.symbol]
        desk.fold(adjusted.strategy, adjusted.lots)
        desk.unblock()
        return self._dealing.plan(desk, adjusted.ts)

    def on_report_positions(self, asked: ReportPositions) -> Answers:
        """Lots by (strategy, symbol), those that are not 0, in order."""
        held = sorted(
            [(owner, desk.symbol, lots) for desk in self.desks.values() for owner, lots in desk.held.items() if lots]
        )
        return (PositionsReported(account=self.account, number=asked.number, role="executor", positions=tuple(held)),)

    def lots_in(self, symbol: Symbol) -> Mapping[StrategyId, Lots]:
        """What is held of one symbol now: for the checker of a replay, where one thread makes that safe."""
        return self.desks[symbol].held

    def on_heartbeat(self, beat: Heartbeat) -> Answers:
        """Passes it on."""
        return (beat,)

    def on_woke(self, woke: Woke) -> Answers:
        """A back-off is over, or an algorithm wants to be asked again."""
        what, _, name = woke.token.partition(":")
        if what == "plan":
            return self._dealing.plan(self.desks[name], woke.at)
        if what == "look":
            desk = self.desks[name]
            if desk.look_at is not None and desk.look_at <= woke.at:
                desk.look_at = None
            return self._dealing.plan(desk, woke.at)
        return self._order_woke(what, name, woke.at)


def _always(_span: TickSpan) -> bool:
    return True


def _desk(
    instrument: Instrument, rules: Iterable[ShareRule], half_spread_ticks: int, *, ticking: bool, live: bool
) -> Desk:
    grid = PriceGrid(instrument)
    algorithms = [algorithm_of(rule.execution) for rule in rules if instrument.symbol in rule.symbols]
    return Desk(
        symbol=instrument.symbol,
        grid=grid,
        half_spread=grid.to_price(half_spread_ticks),
        expiry=instrument.expiry,
        hours=None if instrument.sessions is None else Hours(instrument.sessions),
        worked=any(algorithm.name != "market" for algorithm in algorithms),
        ticking=ticking,
        follows=any(algorithm.hears_market for algorithm in algorithms),
        profile=VolumeProfile() if any(algorithm.profiled for algorithm in algorithms) else None,
        is_spot=instrument.kind is Kind.SPOT,
        live=live,
    )


def _opens(desk: Desk, left: Mapping[StrategyId, Lots]) -> bool:
    return any(abs(reduced(desk.held.get(owner, 0), lots)) < abs(lots) for owner, lots in left.items())
