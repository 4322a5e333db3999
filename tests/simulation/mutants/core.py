"""Guard, executor, reconciler, portfolio and the market's way to them, broken."""

import attrs

from actors.bars.interval import RunningInterval
from actors.execution.desk import Desk
from actors.execution.order_events import OrderEvents
from actors.execution.orders_out import OrdersOut
from actors.executor import Executor
from actors.portfolio import Portfolio
from actors.reconciler import Reconciler
from actors.risk.exposure import Exposure
from actors.risk.gate import Gate
from actors.risk.readiness import Readiness
from actors.risk_guard import RiskGuard
from actors.tick_filter import TickFilter
from adapters.bitmex.missing_fills import MissingFills
from adapters.bitmex.trade_gap import TradeLine
from messages import ApprovedOrder, CancelAll, TradingState, VenueReady
from tests.simulation.mutants.mutant import mutant, says


def _whatever_the_state(was):
    def judge(self, order, _state, now, *, amends=False):
        return was(self, order, TradingState.ACTIVE, now, amends=amends)

    return judge


def _without_what_is_on_its_way(_was):
    return lambda _self, _order: (0, 0)


def _bypassed(_was):
    def submitted(self, submit):
        return () if self._warming else (ApprovedOrder(submit.order),)

    return submitted


def _ready_unread(was):
    def connected(self, connected):
        said = was(self, connected)
        self._is_ready = True
        return (*said, VenueReady(account=self.account, ts=self._now))

    return connected


def _never_again(was):
    def look_at(self, at):
        return was(self, at + 10**15) if self._is_ready else was(self, at)

    return look_at


def _booked_twice(was):
    def book(self, differences):
        return was(self, [(symbol, 2 * lots) for symbol, lots in differences])

    return book


def _without_cancelling(was):
    def stop(self, reason, ts):
        return tuple([each for each in was(self, reason, ts) if not isinstance(each, CancelAll)])

    return stop


def _the_same_number(was):
    def send(self, desk, order, number=None):
        said = was(self, desk, order, number)
        self.intents -= self.intents % 2
        return said

    return send


def _fills_dropped(was):
    def fill(self, fill):
        return () if fill.ts % 5 == 0 else was(self, fill)

    return fill


def _from_tomorrow(was):
    def say(self, trade, at=0):
        tick = was(self, trade, at)
        return attrs.evolve(tick, received=tick.received + 10**10)

    return say


def _before_it_is_over(was):
    def pass_time(self, at, grace=None, lag=0):
        return was(self, at + self.period // 2, grace, lag)

    return pass_time


def _twice_as_much(was):
    def lacking(self, **told):
        return {strategy: 2 * lots for strategy, lots in was(self, **told).items()}

    return lacking


def _sold_for_bought(was):
    def fill(self, fill):
        was(self, fill)
        self.position[fill.symbol] -= 2 * fill.lots

    return fill


MUTANTS = (
    mutant("guard-bypassed", "every order is approved", (RiskGuard, "on_submit_order", _bypassed), faults="F50 F75"),
    mutant("guard-judges-nothing", "no order is refused", (Gate, "judge", says(None)), faults="F50 F75 F21"),
    mutant(
        "guard-blind-to-its-state",
        "a halted guard lets orders pass",
        (Gate, "judge", _whatever_the_state),
        faults="F50",
        strength=6.0,
    ),
    mutant(
        "in-flight-not-counted",
        "limits are judged by the position alone",
        (Exposure, "others", _without_what_is_on_its_way),
    ),
    mutant("halt-not-heard", "the kill switch does nothing", (RiskGuard, "on_halt_trading", says(()))),
    mutant("halt-without-cancel", "a halt cancels nothing", (RiskGuard, "_stop", _without_cancelling), faults="F50"),
    mutant(
        "stale-market-traded",
        "orders pass on a market that nobody hears",
        (Readiness, "on_market_stale", says(())),
        faults="F21",
        strength=6.0,
    ),
    mutant(
        "venue-lost-not-heard",
        "orders pass while the venue is lost",
        (Readiness, "on_venue_lost", says(())),
        faults="F11",
        strength=6.0,
    ),
    mutant(
        "guard-folds-backwards", "a fill moves the guard's position the wrong way", (Exposure, "fill", _sold_for_bought)
    ),
    mutant(
        "ready-before-read",
        "trading begins before the account is read",
        (Reconciler, "on_venue_connected", _ready_unread),
        faults="F11 F30",
    ),
    mutant(
        "never-compared-again",
        "after the start positions are not compared, and nobody counts the fills of orders that are over",
        (Reconciler, "_look_at", _never_again),
        (MissingFills, "overdue", says("")),
        (MissingFills, "next_due", says(None)),
        faults="F12",
        strength=4.0,
    ),
    mutant(
        "differences-booked-twice",
        "what differs is booked twice",
        (Reconciler, "_book", _booked_twice),
        faults="F14",
    ),
    mutant("reconciler-misses-fills", "the reconciler hears no fill", (Reconciler, "on_fill", says(()))),
    mutant("fills-lost-in-the-executor", "some fills are not folded", (OrderEvents, "on_fill", _fills_dropped)),
    mutant("fills-lost-in-the-books", "some fills are not booked", (Portfolio, "on_fill", _fills_dropped)),
    mutant("ends-not-heard", "the executor does not hear that orders end", (OrderEvents, "on_order_ended", says(()))),
    mutant(
        "rejections-not-heard",
        "the executor does not hear of rejections",
        (OrderEvents, "on_order_rejected", says(())),
        faults="F04 F46 F02",
    ),
    mutant("client-ids-again", "two orders have one client id", (OrdersOut, "send", _the_same_number)),
    mutant("twice-what-lacks", "orders are twice as large as what lacks", (Desk, "lacking", _twice_as_much)),
    mutant(
        "halts-not-heard-below",
        "the executor does not hear of halts",
        (Executor, "on_trading_state_changed", says(())),
        faults="F50",
        strength=6.0,
    ),
    mutant("ticks-from-the-future", "a trade is stamped ten seconds ahead", (TradeLine, "_say", _from_tomorrow)),
    mutant(
        "bars-before-their-end",
        "a bar is said when half of it is over",
        (RunningInterval, "pass_time", _before_it_is_over),
    ),
    mutant(
        "absurd-prices-pass",
        "the filter lets every trade pass",
        (TickFilter, "_judge_trade", says(None)),
        faults="F23",
        strength=6.0,
    ),
)
