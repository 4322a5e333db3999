"""A strategy's host lets time, bars and fills in, and says what the strategy asked for: all of it, once, or nothing."""

import math
import sys
from datetime import timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.component import PerSymbol, handlers_of
from actors.strategy import ParameterError, Strategy
from actors.strategy_entry import StrategyEntry
from actors.strategy_host import Heritage, StrategyHost
from messages import (
    AmendPlaced,
    AmendRejected,
    Annotated,
    Bar,
    BarOpen,
    CancelPlaced,
    ExternalEvent,
    Fill,
    FillPart,
    Instrument,
    Kind,
    Liquidity,
    Order,
    OrderAccepted,
    OrderAmended,
    OrderBook,
    OrderEnded,
    OrderRefused,
    OrderRejected,
    OrderType,
    Owner,
    PlaceOrder,
    Quote,
    Signal,
    Subscribe,
    Tick,
    TimeInForce,
    WakeAt,
    Woke,
)

MINUTE = 60 * 10**9
START = 1_514_764_800 * 10**9


def a_bar(n: int = 0, close: float = 100.0, symbol: str = "A") -> Bar:
    at = START + n * MINUTE
    return Bar(
        symbol=symbol,
        period=MINUTE,
        open_ts=at,
        close_ts=at + MINUTE,
        received=at + MINUTE,
        open=close,
        high=close,
        low=close,
        close=close,
        volume=1.0,
    )


def a_fill(lots: int = 1, *, strategy: str = "s", execution_id: str = "e1", price: float = 100.0) -> Fill:
    return Fill(
        account="main",
        currency="USD",
        symbol="A",
        client_id="c-1",
        execution_id=execution_id,
        ts=START + 1,
        lots=lots,
        price=price,
        liquidity=Liquidity.TAKER,
        value_minor=lots * 100,
        fee_minor=7,
        parts=(FillPart(strategy, lots, lots * 100, 7),),
    )


def an_instrument(symbol: str = "A") -> Instrument:
    return Instrument(symbol=symbol, kind=Kind.LINEAR, tick_size=Decimal("0.5"), currency="USD")


def a_host(
    strategy: type[Strategy],
    *,
    symbols: tuple[str, ...] = ("A",),
    seed: int = 1,
    strategy_id: str = "s",
    heritage: Heritage | None = None,
    **params: Any,
) -> StrategyHost:
    entry = StrategyEntry(id=strategy_id, strategy=strategy, symbols=symbols, period=MINUTE, params=params)
    instruments = {symbol: an_instrument(symbol) for symbol in symbols}
    host = StrategyHost(entry, instruments, seed, {"USD": 5_000}, heritage)
    host.on_start()
    return host


def acting(*acts: Any, on: str = "on_bar") -> type[Strategy]:
    """A strategy whose n-th call of a callback does the n-th act."""
    rest = list(acts)

    def callback(self: Strategy, what: Any) -> None:
        if rest:
            rest.pop(0)(self)

    return type("Acting", (Strategy,), {on: callback})


def signals(answers: Any) -> list[tuple[str, float]]:
    return [(answer.symbol, answer.target) for answer in answers if isinstance(answer, Signal)]


def test_a_target_becomes_a_signal_with_time_price_and_number():
    host = a_host(acting(lambda s: s.target(0.5)))

    (signal,) = host.on_bar(a_bar(close=101.0))

    assert signal == Signal(
        strategy="s", symbol="A", number=1, ts=START + MINUTE, target=0.5, in_lots=False, price=101.0
    )


def test_says_nothing_while_the_target_stays():
    host = a_host(acting(*[lambda s: s.target(1)] * 3, lambda s: s.target(-1)))

    said = [signals(host.on_bar(a_bar(n))) for n in range(4)]

    assert said == [[("A", 1.0)], [], [], [("A", -1.0)]]


def test_the_last_target_of_a_call_wins():
    def undecided(s: Strategy) -> None:
        s.target(1)
        s.target(-1)
        s.target(2)

    host = a_host(acting(undecided, lambda s: (s.target(5), s.target(2))))

    assert [signals(host.on_bar(a_bar(n))) for n in range(2)] == [[("A", 2.0)], []]


def test_lots_and_units_are_different_wishes():
    host = a_host(acting(lambda s: s.target(2), lambda s: s.target_lots(2), lambda s: s.target(2.0)))

    said = [answer.in_lots for n in range(3) for answer in host.on_bar(a_bar(n))]

    assert said == [False, True, False]


@given(wishes=st.lists(st.sampled_from([-1, 0, 1, np.float64(1), -0.0]), max_size=30))
def test_signals_are_the_changes_of_the_wish_numbered_from_one(wishes):
    host = a_host(acting(*[lambda s, x=x: s.target(x) for x in wishes]))

    said = [answer for n in range(len(wishes)) for answer in host.on_bar(a_bar(n))]

    changes = [float(x) for x, before in zip(wishes, [None, *wishes], strict=False) if x != before]
    assert [signal.target for signal in said] == changes
    assert [signal.number for signal in said] == list(range(1, len(changes) + 1))
    assert all(math.copysign(1, signal.target) == 1 for signal in said if signal.target == 0)


@pytest.mark.parametrize("wrong", [math.nan, math.inf, None, "1"])
def test_a_target_that_is_no_finite_number_is_an_error(wrong):
    host = a_host(acting(lambda s: s.target(wrong)))

    with pytest.raises((TypeError, ValueError), match="target"):
        host.on_bar(a_bar())


def test_the_symbol_may_be_left_out_when_there_is_one_only():
    host = a_host(acting(lambda s: s.target(1)), symbols=("A", "B"))

    with pytest.raises(ValueError, match=r"several symbols \(A, B\)"):
        host.on_bar(a_bar())


@pytest.mark.parametrize("symbols", [("A",), ("A", "B")])
def test_a_symbol_outside_the_entry_is_an_error(symbols):
    host = a_host(acting(lambda s: s.target(1, "C")), symbols=symbols)

    with pytest.raises(ValueError, match="does not trade 'C'"):
        host.on_bar(a_bar())


def test_each_symbol_has_its_own_target():
    both = lambda s: (s.target(1, "A"), s.target(2, "B"))  # noqa: E731
    host = a_host(acting(both, both, lambda s: s.target(3, "B")), symbols=("A", "B"))

    said = [signals(host.on_bar(a_bar(n))) for n in range(3)]

    assert said == [[("A", 1.0), ("B", 2.0)], [], [("B", 3.0)]]


def test_a_failed_call_says_nothing_of_what_it_asked_for():
    def dies(s: Strategy) -> None:
        s.target(1)
        s.buy(1)
        sys.exit(3)

    host = a_host(acting(dies, lambda s: s.mark("later")))

    with pytest.raises(SystemExit):
        host.on_bar(a_bar())
    (mark,) = host.on_bar(a_bar(1))
    assert isinstance(mark, Annotated)


def test_buy_and_sell_are_orders_numbered_from_one_and_cancelled_by_number():
    def trades(s: Strategy) -> None:
        assert s.buy(2) == 1
        assert s.sell(3, limit=101.5) == 2
        assert s.sell(1, stop=np.float64(99.0)) == 3
        s.cancel(2)
        s.cancel()

    at = START + MINUTE
    order = {"strategy": "s", "symbol": "A", "ts": at}
    close = a_bar().close

    assert a_host(acting(trades)).on_bar(a_bar()) == (
        PlaceOrder(number=1, lots=2, price=close, **order),
        PlaceOrder(number=2, lots=-3, type=OrderType.LIMIT, limit_price=101.5, price=close, **order),
        PlaceOrder(number=3, lots=-1, type=OrderType.STOP, stop_price=99.0, price=close, **order),
        CancelPlaced(number=2, **order),
        CancelPlaced(**order),
    )


@pytest.mark.parametrize(
    ("act", "complaint"),
    [
        (lambda s: s.buy(0), "above zero"),
        (lambda s: s.sell(-1), "above zero"),
        (lambda s: s.buy(1.5), "whole numbers"),
        (lambda s: s.buy(1, limit=1.0, trail=2.0), "neither a limit nor a stop"),
        (lambda s: s.sell(1, post_only=True), "only a limit order can be post_only"),
        (lambda s: s.buy(1, time_in_force="week"), "gtc, ioc, fok, day, not 'week'"),
        (lambda s: s.buy(1, trail=0.0), "trail price must be above zero"),
        (lambda s: s.amend(1, limit=2.0), "no order of that number"),
        (lambda s: s.amend(s.buy(1)), "nothing is to be changed"),
        (lambda s: s.amend(s.buy(1), lots=0), "lots must be above zero"),
        (lambda s: s.buy(1, limit=0.0), "limit price must be above zero"),
        (lambda s: s.buy(1, stop=math.nan), "finite"),
        (lambda s: s.cancel(1), "no order of that number"),
        (lambda s: s.wake_in(-1), "negative"),
        (lambda s: s.line("stop", math.nan), "finite"),
    ],
)
def test_an_act_that_makes_no_sense_is_an_error(act, complaint):
    with pytest.raises(ValueError, match=complaint):
        a_host(acting(act)).on_bar(a_bar())


def test_an_order_of_several_symbols_is_cancelled_by_its_number_alone():
    host = a_host(acting(lambda s: s.buy(1, "B"), lambda s: s.cancel(1)), symbols=("A", "B"))

    host.on_bar(a_bar())
    (cancel,) = host.on_bar(a_bar(1))

    assert (cancel.symbol, cancel.number) == ("B", 1)


def test_a_target_in_order_mode_first_cancels_the_own_orders_and_is_said_even_if_it_was_said_before():
    host = a_host(acting(lambda s: s.target(1), lambda s: s.buy(1), lambda s: s.target(1), lambda s: s.target(2)))

    kinds = [[type(answer) for answer in host.on_bar(a_bar(n))] for n in range(4)]

    assert kinds == [[Signal], [PlaceOrder], [CancelPlaced, Signal], [Signal]]


def test_history_is_the_last_n_closed_bars_with_the_current_one():
    seen = []
    host = a_host(type("H", (Strategy,), {"warmup": 5, "on_bar": lambda self, bar: seen.append(self.history(3))}))
    bars = [a_bar(n) for n in range(9)]

    for bar in bars:
        host.on_bar(bar)

    assert seen == [tuple(bars[max(0, n - 2) : n + 1]) for n in range(9)]


@pytest.mark.parametrize("n", [0, -1, 6])
def test_history_longer_than_what_is_kept_is_an_error_that_names_warmup(n):
    host = a_host(type("H", (Strategy,), {"warmup": 5, "on_bar": lambda self, bar: self.history(n)}))

    with pytest.raises(ValueError, match=r"keeps 5 bars; set warmup"):
        host.on_bar(a_bar())


def test_position_is_the_sum_of_its_own_parts_each_execution_once():
    fills = []
    host = a_host(type("F", (Strategy,), {"on_fill": lambda self, fill: fills.append(fill)}))

    host.on_fill(a_fill(3))
    host.on_fill(a_fill(3))
    host.on_fill(a_fill(-1, execution_id="e2"))
    host.on_fill(a_fill(9, execution_id="e3", strategy="other"))

    assert host.strategy.position() == 2
    assert [(fill.lots, fill.position, fill.fee_minor) for fill in fills] == [(3, 3, 7), (-1, 2, 7)]


def test_now_follows_what_is_heard_and_never_goes_back():
    host = a_host(acting())

    host.on_bar(a_bar(5))
    host.on_fill(a_fill())
    host.on_bar(a_bar(4))

    assert host.strategy.now == START + 6 * MINUTE


def test_the_price_of_a_signal_is_the_last_one_seen_of_its_symbol():
    acts = {name: lambda self, what: self.target(self.draw()) for name in ("on_bar", "on_tick", "on_quote", "on_book")}
    host = a_host(type("P", (Strategy,), acts | {"draw": lambda self: self.random.random()}))
    stamp = {"symbol": "A", "ts": START, "received": START}

    said = [
        *host.on_tick(Tick(price=1.0, size=1.0, **stamp)),
        *host.on_quote(Quote(bid=2.0, bid_size=1.0, ask=4.0, ask_size=1.0, **stamp)),
        *host.on_order_book(OrderBook(bids=((5.0, 1.0),), asks=(), **stamp)),
        *host.on_bar(a_bar(close=7.0)),
    ]

    assert [signal.price for signal in said] == [1.0, 3.0, 5.0, 7.0]


def test_subscribes_to_what_the_class_overrides_and_to_nothing_else():
    class Ears(Strategy):
        def on_bar_open(self, bar_open: Any) -> None: ...
        def on_tick(self, tick: Any) -> None: ...
        def on_event(self, event: Any) -> None: ...

    entry = StrategyEntry(id="s", strategy=Ears, symbols=("A",), period=MINUTE)

    assert StrategyHost(entry, {}, 1, {}).on_start() == (
        Subscribe(Bar, "A", MINUTE),
        Subscribe(BarOpen, "A", MINUTE),
        Subscribe(Tick, "A"),
        Subscribe(ExternalEvent),
    )


def test_a_strategy_without_bars_and_without_warmup_hears_none():
    class Ticks(Strategy):
        warmup = 0

        def on_tick(self, tick: Any) -> None: ...

    entry = StrategyEntry(id="s", strategy=Ticks, symbols=("A", "B"), period=MINUTE)

    assert StrategyHost(entry, {}, 1, {}).on_start() == (Subscribe(Tick, "A"), Subscribe(Tick, "B"))


def test_an_order_of_its_own_has_the_terms_that_were_asked_for():
    def order(s):
        s.buy(2, limit=101.0, stop=102.0, time_in_force="day")
        s.sell(1, trail=5.0, reduce_only=True)
        s.sell(3, limit=110.0, post_only=True)
        s.amend(3, lots=2, limit=109.5)

    stop_limit, trailing, quoting, amended = a_host(acting(order)).on_bar(a_bar())

    assert (stop_limit.type, stop_limit.time_in_force) == (OrderType.STOP_LIMIT, TimeInForce.DAY)
    assert (stop_limit.limit_price, stop_limit.stop_price) == (101.0, 102.0)
    assert (trailing.type, trailing.trail) == (OrderType.TRAILING_STOP, 5.0)
    assert (trailing.lots, trailing.reduce_only) == (-1, True)
    assert (quoting.type, quoting.post_only) == (OrderType.LIMIT, True)
    assert amended == AmendPlaced(strategy="s", symbol="A", number=3, ts=START + MINUTE, lots=-2, limit_price=109.5)


def test_the_runtime_finds_a_handler_for_every_message_that_is_routed_to_strategies():
    from actors.routes import ROUTES  # noqa: PLC0415

    routed = {route.message for route in ROUTES if route.receiver == "strategy"}

    hearing = a_host(type("O", (Strategy,), {"on_order": lambda self, event: None}))
    orders = {OrderAccepted, OrderRefused, OrderRejected, OrderAmended, AmendRejected, OrderEnded}

    assert routed | {Woke} <= set(handlers_of(hearing))
    assert (routed | {Woke}) - set(handlers_of(a_host(acting()))) == orders


def test_timers_come_back_under_their_name():
    names = []

    class Timed(Strategy):
        def on_bar(self, bar: Bar) -> None:
            self.wake_in(1.5, "soon")
            self.wake_in(timedelta(minutes=1), "minute")
            self.wake_at(START + 5, "then")

        def on_timer(self, name: str) -> None:
            names.append((name, self.now))

    host = a_host(Timed)
    now = START + MINUTE

    assert host.on_bar(a_bar()) == (
        WakeAt(now + 1_500_000_000, "soon"),
        WakeAt(now + MINUTE, "minute"),
        WakeAt(START + 5, "then"),
    )
    host.on_woke(Woke(now + MINUTE, "minute"))
    assert names == [("minute", now + MINUTE)]


def test_what_on_start_asks_for_waits_for_the_first_message_except_absolute_timers():
    class Early(Strategy):
        def on_start(self) -> None:
            self.wake_at(START, "at")
            self.wake_in(60, "in")
            self.target(1)
            self.mark("began")
            with pytest.raises(RuntimeError, match="no time is known"):
                _ = self.now

    entry = StrategyEntry(id="s", strategy=Early, symbols=("A",), period=MINUTE)
    host = StrategyHost(entry, {}, 1, {})

    assert WakeAt(START, "at") in host.on_start()
    wake, signal, mark = host.on_bar(a_bar())
    assert wake == WakeAt(START + 2 * MINUTE, "in")
    assert (signal.target, signal.ts, signal.price) == (1.0, START + MINUTE, 100.0)
    assert (mark.text, mark.ts) == ("began", START + MINUTE)


def test_an_error_in_on_start_passes_through():
    class Broken(Strategy):
        def on_start(self) -> None:
            raise LookupError("no model")

    with pytest.raises(LookupError, match="no model"):
        a_host(Broken)


@pytest.mark.parametrize("text", [float("-inf"), None, 5])
def test_a_mark_whose_text_is_none_is_the_strategys_mistake_and_is_said_to_nobody(text):
    host = a_host(acting(lambda s: s.mark(text)))

    with pytest.raises(TypeError, match="text"):
        host.on_bar(a_bar())


def test_marks_and_lines_are_annotations():
    host = a_host(acting(lambda s: (s.mark("here", 99), s.line("stop", 98.5), s.line("stop", None))))
    common = {"strategy": "s", "symbol": "A", "ts": START + MINUTE}

    assert host.on_bar(a_bar()) == (
        Annotated(kind="mark", name="mark", price=99.0, text="here", **common),
        Annotated(kind="line", name="stop", price=98.5, **common),
        Annotated(kind="line", name="stop", price=None, **common),
    )


def test_order_events_are_heard_as_they_are():
    heard = []
    host = a_host(type("O", (Strategy,), {"on_order": lambda self, event: heard.append(event)}))
    order = Order(account="main", client_id="c", symbol="A", lots=1, owners=(Owner("s", 1),), ts=START)

    host.on_order_accepted(OrderAccepted(order, START))

    assert heard == [OrderAccepted(order, START)]


def test_random_follows_seed_and_id_and_is_each_instances_own():
    def draws(seed: int, strategy_id: str) -> list[float]:
        random = a_host(acting(), seed=seed, strategy_id=strategy_id).strategy.random
        return [random.random() for _ in range(2)]

    assert draws(1, "s") == draws(1, "s")
    assert draws(1, "s")[0] == 0.7685649810136638  # on every machine, whatever PYTHONHASHSEED
    assert draws(1, "s") != draws(2, "s")
    assert draws(1, "s") != draws(1, "t")


def test_knows_its_terms():
    strategy = a_host(acting(), symbols=("A", "B")).strategy

    assert (strategy.id, strategy.symbols) == ("s", ("A", "B"))
    assert strategy.instrument("B") == an_instrument("B")
    assert strategy.starting_cash_minor("A") == 5_000
    assert strategy.params == {}


def test_parameters_that_do_not_fit_are_known_before_anything_starts():
    with pytest.raises(ParameterError, match="no parameter 'n'"):
        a_host(acting(), n=1)


def test_a_warmed_up_heir_holds_the_position_goes_on_counting_and_restates_its_target():
    class Trader(Strategy):
        def on_bar(self, bar: Bar) -> None:
            self.target(1)

        def on_fill(self, fill: Any) -> None:
            raise RuntimeError("dies on its fill")

    entry = StrategyEntry(id="s", strategy=Trader, symbols=("A",), period=MINUTE)
    first = StrategyHost(entry, {}, 1, {})
    first.on_start()
    (said,) = first.on_bar(a_bar())
    with pytest.raises(RuntimeError):
        first.on_fill(a_fill(4))

    heir = StrategyHost(entry, {}, 1, {}, first.heritage())
    heir.on_start()
    heir.on_bar(a_bar())
    heir.warmed_up()

    assert heir.strategy.position() == 4
    (restated,) = heir.on_bar(a_bar(1))
    assert (said.number, restated.number, restated.target) == (1, 2, 1.0)
    assert heir.on_fill(a_fill(4)) == ()
    assert heir.strategy.position() == 4


def test_an_heir_cancels_the_orders_its_predecessor_left():
    heritage = Heritage(orders=3, order_mode=("A",))
    host = a_host(acting(lambda s: s.target(0), lambda s: s.buy(1)), heritage=heritage)

    kinds = [type(answer) for answer in host.on_bar(a_bar())]
    (order,) = host.on_bar(a_bar(1))

    assert kinds == [CancelPlaced, Signal]
    assert order.number == 4


def test_a_relative_timer_of_on_start_outlives_a_warm_up():
    class Timed(Strategy):
        def on_start(self) -> None:
            self.wake_in(90, "t")

    host = a_host(Timed)
    for n in range(3):
        host.on_bar(a_bar(n))
    host.warmed_up()

    assert host.on_bar(a_bar(3)) == (WakeAt(START + 4 * MINUTE + 90 * 10**9, "t"),)


def test_its_address_keeps_the_warm_up_bars_of_each_symbol():
    class Kept(Strategy):
        warmup = 7

    assert a_host(Kept).keeps() == {Bar: 7}
    both = a_host(Kept, symbols=("A", "B")).keeps()
    assert (both, type(both[Bar])) == ({Bar: 7}, PerSymbol)
    assert a_host(type("None_", (Strategy,), {"warmup": 0})).keeps() == {}
