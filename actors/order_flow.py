"""Order flow: how much buyers took and sellers hit in each interval, from single trades.

An interval begins and closes as a bar does (`bars/interval`), down to a tenth of a second. A trade counts on the side
of its aggressor; where its source does not say who that was, it counts as unknown and on neither side.
"""

from collections.abc import Iterable

import attrs

from actors.bars.interval import LATE, RunningInterval, caught_up, lag_of
from actors.component import Component
from messages import (
    WEEK,
    FeedEnded,
    MarketFresh,
    MarketStale,
    Message,
    OrderFlow,
    Period,
    Quarantined,
    Step,
    Subscribe,
    Symbol,
    Tick,
    UtcNs,
    Woke,
    parse_period,
    period_name,
    period_start,
)
from messages.base import filled, whole
from messages.units import FLOW_PERIOD_MIN


def flow_period(text: str) -> Period:
    """Nanoseconds of `500ms`, `1s`, `1m`; ValueError for what is no period from 100ms to 1w."""
    return parse_period(text, shortest=FLOW_PERIOD_MIN)


def _period(_wanted: object, _attribute: "attrs.Attribute[Period]", value: Period) -> None:
    if not FLOW_PERIOD_MIN <= value <= WEEK:
        raise ValueError(f"FlowWanted.period must be from 100ms to 1w, not {period_name(value)}")


@attrs.frozen
class FlowWanted:
    """The flow of one symbol and period; `zeros`: intervals without trades are said too, once there was a trade."""

    symbol: Symbol = attrs.field(validator=filled)
    period: Period = attrs.field(validator=(whole, _period))
    zeros: bool = False


@attrs.frozen(kw_only=True)
class FlowSoFar:
    """How far an interval had come. `open_ts` == `close_ts`: none runs, and everything before is closed."""

    symbol: Symbol
    period: Period
    open_ts: UtcNs
    close_ts: UtcNs
    sums: tuple[float, float, float, int, int]
    """Volumes bought, sold and unknown, and how many trades bought and sold."""


@attrs.frozen(kw_only=True)
class FlowHeritage:
    """What an incarnation leaves to the next."""

    flows: tuple[FlowSoFar, ...]
    fresh: tuple[Symbol, ...] = ()


class RunningFlow(RunningInterval[OrderFlow]):
    """Sums of one interval after the other, plain and in order of arrival."""

    __slots__ = ("buy_volume", "buys", "sell_volume", "sells", "unknown_volume")

    def __init__(self, wanted: FlowWanted, *, grace: int) -> None:
        super().__init__(
            wanted.symbol, wanted.period, grace=grace, step=Step.VENUE_BARS, says_empty=wanted.zeros
        )  # fmt: skip
        self._clear()

    def begin(self, start: UtcNs) -> None:
        """Open the interval that begins at `start`."""
        self.open_ts, self.close_ts = start, start + self.period

    def add(self, tick: Tick) -> None:
        """A trade of the running interval."""
        if tick.aggressor > 0:
            self.buy_volume += tick.size
            self.buys += 1
        elif tick.aggressor < 0:
            self.sell_volume += tick.size
            self.sells += 1
        else:
            self.unknown_volume += tick.size

    def end(self, at: UtcNs) -> OrderFlow:
        """See RunningInterval."""
        flow = OrderFlow(
            symbol=self.symbol,
            period=self.period,
            open_ts=self.open_ts,
            close_ts=self.close_ts,
            received=max(at, self.close_ts),
            buy_volume=self.buy_volume,
            sell_volume=self.sell_volume,
            unknown_volume=self.unknown_volume,
            buys=self.buys,
            sells=self.sells,
        )
        self.open_ts = self.close_ts
        self._clear()
        return flow

    def empty(self, open_ts: UtcNs, at: UtcNs) -> OrderFlow:
        """Zeros."""
        close_ts = open_ts + self.period
        return OrderFlow(
            symbol=self.symbol,
            period=self.period,
            open_ts=open_ts,
            close_ts=close_ts,
            received=max(at, close_ts),
            buy_volume=0.0,
            sell_volume=0.0,
        )

    @property
    def so_far(self) -> FlowSoFar:
        """For who goes on from here."""
        sums = (self.buy_volume, self.sell_volume, self.unknown_volume, self.buys, self.sells)
        return FlowSoFar(
            symbol=self.symbol, period=self.period, open_ts=self.open_ts, close_ts=self.close_ts, sums=sums
        )

    def take_up(self, so_far: FlowSoFar) -> None:
        """Go on from where another has come to."""
        self.open_ts, self.close_ts = so_far.open_ts, so_far.close_ts
        self.buy_volume, self.sell_volume, self.unknown_volume, self.buys, self.sells = so_far.sums

    def _clear(self) -> None:
        self.buy_volume = self.sell_volume = self.unknown_volume = 0.0
        self.buys = self.sells = 0


class OrderFlowBuilder(Component):
    """Says the OrderFlow of every (symbol, period) that somebody asked for, on the grid that bars have too.

    Hears Tick from the tick filter, Woke, FeedEnded, and live MarketStale and MarketFresh. Says OrderFlow, Quarantined
    (late), WakeAt, Subscribe. An interval closes at the first of: a trade of a later one, or the clock passing its end
    by the grace. An interval without trades says nothing, or zeros where they are wanted, from the first trade on. A
    trade whose interval was said is set aside by name and counted nowhere. `waits_for_fresh`: live, the clock closes
    nothing in a symbol that is stale, as every one is at first, for trades that are missing may still come. A closed
    interval never changes, and one that has not ended when the feed does is not said.
    """

    def __init__(
        self,
        wanted: Iterable[FlowWanted],
        *,
        close_grace_ns: int = 0,
        waits_for_fresh: bool = False,
        heritage: FlowHeritage | None = None,
    ) -> None:
        self._flows: dict[Symbol, list[RunningFlow]] = {}
        self._by_token: dict[str, RunningFlow] = {}
        self._waits = waits_for_fresh
        self._fresh = set[Symbol]() if heritage is None else set(heritage.fresh)
        self._lags: dict[Symbol, int] = {}
        for each in sorted(wanted, key=lambda one: (one.period, one.symbol)):
            flow = RunningFlow(each, grace=close_grace_ns)
            self._flows.setdefault(each.symbol, []).append(flow)
            self._by_token[flow.token] = flow
        for left in () if heritage is None else heritage.flows:
            self._by_token[f"{left.symbol} {left.period}"].take_up(left)

    def heritage(self) -> FlowHeritage:
        """The running intervals, and what is known of the feed."""
        begun = tuple([flow.so_far for flow in self._by_token.values() if flow.has_begun])
        return FlowHeritage(flows=begun, fresh=tuple(sorted(self._fresh)))

    def on_start(self) -> tuple[Message, ...]:
        """Ask for single trades, and for the time at which intervals close that were begun already."""
        heard = (Tick, MarketStale, MarketFresh) if self._waits else (Tick,)
        asked = [Subscribe(each, symbol) for symbol in self._flows for each in heard]
        begun = [flow for flow in self._by_token.values() if flow.has_begun]
        return (*asked, *[wake for flow in begun for wake in flow.next_wake()])

    def on_tick(self, tick: Tick) -> tuple[Message, ...]:
        """Count it; close and begin what it shows to be over and begun."""
        lag = 0
        if self._waits:
            lag = self._lags[tick.symbol] = lag_of(tick)
        closed: list[Message] = []
        wakes: list[Message] = []
        too_late: list[str] = []
        for flow in self._flows.get(tick.symbol, ()):
            if tick.ts < flow.open_ts:
                too_late.append(period_name(flow.period))
                continue
            if tick.ts >= flow.close_ts:
                start = period_start(tick.ts, flow.period)
                closed += flow.advance(start, tick.received)
                flow.begin(start)
                if tick.received >= flow.close_ts:
                    flow.heard = tick.received
                wakes += flow.next_wake(lag)
            elif tick.received >= flow.close_ts:
                flow.heard = tick.received
            flow.add(tick)
        if too_late:
            text = f"too late for the order flow of {', '.join(too_late)}"
            closed.append(
                Quarantined(symbol=tick.symbol, received=tick.received, reason=LATE, item=tick, text=text)
            )  # fmt: skip
        return (*closed, *wakes)

    def on_woke(self, woke: Woke) -> tuple[Message, ...]:
        """The clock passed an interval's end: close it, if no trade has."""
        flow = self._by_token.get(woke.token)
        if flow is None or (self._waits and flow.symbol not in self._fresh):
            return ()
        return flow.woke(woke.at, self._lags.get(flow.symbol, 0))

    def on_market_stale(self, stale: MarketStale) -> tuple[Message, ...]:
        """Trades of the symbol may be missing."""
        self._fresh.discard(stale.symbol)
        return ()

    def on_market_fresh(self, fresh: MarketFresh) -> tuple[Message, ...]:
        """Every trade up to now was heard: what is over closes, and the clock goes on."""
        self._fresh.add(fresh.symbol)
        return caught_up(self._flows.get(fresh.symbol, ()), fresh.ts, self._lags.get(fresh.symbol, 0))

    def on_feed_ended(self, ended: FeedEnded) -> tuple[Message, ...]:
        """Close what is over."""
        return tuple([closed for flow in self._by_token.values() for closed in flow.feed_ended(ended.at)])
