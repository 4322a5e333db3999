"""A replay has one total order: the steps of an instant, then the order of saying; a seed permutes only what may be."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.component import Component
from actors.feed import Feed
from actors.runtime.schedule import GoingInCirclesError
from adapters.generated import generated_bars
from messages import (
    Bar,
    BarOpen,
    HaltTrading,
    Step,
    Subscribe,
    TargetShares,
    TradingState,
    TradingStateChanged,
    WakeAt,
)
from tests.builders import MINUTE, MONDAY, SECOND, a_bar, a_fill, a_signal, a_target
from tests.house import House, Toy, an_event


class Noting(Component):
    """Notes (minute, address, what) for everything it hears, and answers as told."""

    def __init__(self, log, address, wishes=(), answers=None):
        self.log, self.address, self.wishes, self.answers = log, address, wishes, answers or {}

    def on_start(self):
        return self.wishes

    def on_message(self, message):
        ts = next(
            (getattr(message, name) for name in ("close_ts", "at", "ts", "received") if hasattr(message, name)), 0
        )
        symbol = getattr(message, "symbol", "")
        self.log.append(((ts - MONDAY) // SECOND, self.address, type(message).__name__, symbol))
        answer = self.answers.get(type(message))
        return answer(message) if answer else ()


SAY = an_event("say")
XBT, ETH = ("XBTUSD", MINUTE), ("ETHUSD", MINUTE)


def _full_house(log, *, bars=3, schedule_seed=None):
    """Feed, venue, guard, executor, portfolio and two strategies that signal at each bar and wake at each bar's end."""
    house = House(threads=False)
    house.schedule_seed = schedule_seed

    def add(address, wishes=(), answers=None, **more):
        house.add(address, lambda: Noting(log, address, wishes, answers), **more)

    add("venue@main", (Subscribe(Bar, *XBT), Subscribe(Bar, *ETH), Subscribe(BarOpen, *XBT)))
    add("risk-guard@main", (Subscribe(Bar, *XBT),))
    add("executor@main")

    def net(signal):
        return (WakeAt(signal.ts, "net", Step.NETTING),)

    add("portfolio@main", (Subscribe(Bar, *XBT),), {type(a_signal()): net})

    def react(name):
        def answer(bar):
            return (
                a_signal(strategy=name, ts=bar.close_ts),
                WakeAt(bar.close_ts, "now"),
                WakeAt(bar.close_ts + MINUTE),
            )

        return answer

    for name in "ab":
        add(f"strategy:{name}", (Subscribe(Bar, *XBT), Subscribe(BarOpen, *XBT)), {Bar: react(name)})
    add("strategy:c", (Subscribe(Bar, *ETH), Subscribe(Bar, *XBT)))
    feed = [generated_bars(symbol, bars=bars, start=MONDAY) for symbol, _ in (XBT, ETH)]
    house.add("feed", lambda: Feed(feed))
    return house


def test_one_instant_runs_in_the_documented_steps():
    log = []
    _full_house(log).play()

    instant = [(address, what, symbol) for at, address, what, symbol in log if at == 60]

    assert instant == [
        # 1. Bars to the venue, by symbol.
        ("venue@main", "Bar", "ETHUSD"), ("venue@main", "Bar", "XBTUSD"),
        # 2. Marks, the portfolio last: what it says of the equity is acted on at these very prices.
        ("risk-guard@main", "Bar", "XBTUSD"), ("portfolio@main", "Bar", "XBTUSD"),
        # 3. Bars to strategies by period, symbol, id; what they say follows; timers; then netting.
        ("strategy:c", "Bar", "ETHUSD"),
        ("strategy:a", "Bar", "XBTUSD"), ("strategy:b", "Bar", "XBTUSD"), ("strategy:c", "Bar", "XBTUSD"),
        ("portfolio@main", "Signal", "XBTUSD"), ("portfolio@main", "Signal", "XBTUSD"),
        ("strategy:a", "Woke", ""), ("strategy:b", "Woke", ""),
        ("portfolio@main", "Woke", ""), ("portfolio@main", "Woke", ""),
        # 4. Opens: venue, then strategies.
        ("venue@main", "BarOpen", "XBTUSD"), ("strategy:a", "BarOpen", "XBTUSD"), ("strategy:b", "BarOpen", "XBTUSD"),
    ]  # fmt: skip


def test_a_lone_series_is_played_in_the_same_order_as_among_others():
    """A single series takes a shorter way through the runtime, which must not be seen."""
    logs = []
    for symbols in ((XBT,), (XBT, ("ZZZUSD", MINUTE))):
        log = []
        house = _full_house(log)
        house._specs.pop()
        feed = [generated_bars(symbol, bars=5, start=MONDAY) for symbol, _ in symbols]
        house.add("feed", lambda feed=feed: Feed(feed))
        house.play()
        logs.append(log)

    assert logs[0] == logs[1]
    assert len(logs[0]) > 50


def test_the_same_inputs_give_the_same_deliveries():
    logs = [[], []]
    for log in logs:
        _full_house(log, bars=50).play()

    assert logs[0] == logs[1]
    assert len(logs[0]) > 500


def _by_receiver_and_class(log):
    ordered = {}
    for at, address, what, symbol in log:
        ordered.setdefault((address, what, symbol), []).append(at)
    return ordered


def test_a_schedule_seed_repeats_itself_and_different_seeds_differ():
    logs = {}
    for seed in (1, 2, 3, 1):
        log = []
        _full_house(log, bars=20, schedule_seed=seed).play()
        logs.setdefault(seed, []).append(log)

    assert logs[1][0] == logs[1][1]
    assert logs[1][0] != logs[2][0] != logs[3][0]


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32))
def test_whatever_the_schedule_nothing_is_lost_and_each_senders_order_is_kept(seed):
    plain, shuffled = [], []
    _full_house(plain, bars=10).play()
    _full_house(shuffled, bars=10, schedule_seed=seed).play()

    heard = _by_receiver_and_class(shuffled)
    for key in (k for k in heard if k[1] in ("Bar", "BarOpen", "Signal")):
        assert sorted(heard[key]) == sorted(_by_receiver_and_class(plain)[key]), key
    for key in (k for k in heard if k[1] in ("Bar", "BarOpen")):
        assert heard[key] == sorted(heard[key]), key


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32))
def test_order_is_kept_per_sender_and_lane_while_senders_interleave(seed):
    """Two strategies and the outside send to one portfolio; control may overtake, and nothing else of one sender."""
    house = House(threads=False)
    house.schedule_seed = seed
    heard = []

    class Portfolio(Component):
        def on_signal(self, signal):
            heard.append((signal.strategy, signal.number))
            return ()

        def on_trading_state_changed(self, changed):
            heard.append((changed.reason, changed.ts))
            return ()

    for name in "ab":
        house.toy(
            f"strategy:{name}",
            {"say": lambda _t, _e, name=name: tuple(a_signal(strategy=name, number=n) for n in range(10))},
        )
    house.toy(
        "risk-guard@main",
        {
            "say": lambda _t, _e: tuple(
                TradingStateChanged(account="main", state=TradingState.HALTED, reason="r", ts=n) for n in range(10)
            )
        },
    )
    house.add("portfolio@main", Portfolio)
    house.start()
    for address in ("strategy:a", "strategy:b", "risk-guard@main"):
        house.runtime.tell(address, SAY)
    house.settle()

    for sender in ("a", "b", "r"):
        assert [number for who, number in heard if who == sender] == list(range(10))
    house.close()


def test_a_schedule_really_interleaves_senders():
    orders = set()
    for seed in range(6):
        house = House(threads=False)
        house.schedule_seed = seed
        heard = []

        class Portfolio(Component):
            def on_signal(self, signal, heard=heard):
                heard.append(signal.strategy)
                return ()

        for name in "ab":
            house.toy(f"strategy:{name}", {"say": lambda _t, _e, n=name: tuple(a_signal(strategy=n) for _ in range(5))})
        house.add("portfolio@main", Portfolio)
        house.start()
        for name in "ab":
            house.runtime.tell(f"strategy:{name}", SAY)
        house.settle()
        orders.add("".join(heard))

    assert len(orders) >= 4
    assert all(sorted(order) == sorted("aaaaabbbbb") for order in orders)


class Circling(Toy):
    def on_target_shares(self, _shares: TargetShares):
        return (a_fill(),)

    def on_fill(self, _fill):
        return (a_target(),)


@pytest.mark.parametrize("schedule_seed", [None, 1])
def test_actors_that_answer_each_other_for_ever_end_the_run_by_name(schedule_seed):
    house = House(threads=False)
    house.schedule_seed = schedule_seed
    for address in ("executor@main", "portfolio@main"):
        house.add(address, lambda address=address: Circling(house, address))
    house.start()

    with pytest.raises(
        GoingInCirclesError, match=r"at one instant, lately (Fill to portfolio|TargetShares to executor)@main"
    ):
        house.tell("executor@main", a_target())


def test_an_actor_that_wakes_itself_for_ever_at_one_instant_ends_the_run_by_name():
    class Restless(Toy):
        def on_woke(self, woke):
            return (WakeAt(woke.at, woke.token),)

    house = House(threads=False)
    house.add("venue@main", lambda: Restless(house, "venue@main", {"wake": lambda _t, _e: (WakeAt(MONDAY),)}))
    house.start()

    with pytest.raises(GoingInCirclesError, match="Woke to venue@main"):
        house.tell("venue@main", "wake")


def test_a_message_for_a_later_step_waits_for_it_and_one_for_an_earlier_step_does_not():
    house, log = House(threads=False), []
    for address, wish in (("venue@main", Bar), ("strategy:a", Bar), ("portfolio@main", Bar)):
        house.add(address, lambda a=address, w=wish: Noting(log, a, (Subscribe(w),)))
    house.add("risk-guard@main", lambda: Noting(log, "risk-guard@main"))
    house.start()

    house.runtime.say("outside", a_bar(), sender="outside")
    house.runtime.say("outside", HaltTrading(reason="now", ts=MONDAY), sender="outside")
    house.settle()

    assert [(address, what) for _, address, what, _ in log] == [
        ("venue@main", "Bar"), ("risk-guard@main", "HaltTrading"), ("portfolio@main", "Bar"), ("strategy:a", "Bar"),
    ]  # fmt: skip
