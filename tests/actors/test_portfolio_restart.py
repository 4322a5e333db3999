"""A successor goes on where a portfolio stopped: books and wishes from facts, scales and prices from its heritage."""

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.component import Component
from actors.execution.rules import ShareRule
from actors.feed import Feed
from actors.portfolio import Portfolio, PortfolioHeritage
from actors.sizing.marks import Prices
from actors.sizing.sizing import Sizing
from adapters.generated import generated_bars
from messages import (
    ActorQuarantined,
    Bar,
    Fill,
    FundingPaid,
    FundingPart,
    PlaceOrder,
    ShareSized,
    Signal,
    Subscribe,
    TargetShares,
    WakeAt,
    Woke,
)
from tests.builders import MINUTE, MONDAY, a_bar, a_fill, a_signal, an_instrument
from tests.house import House

XBT, ETH = "XBTUSD", "ETHUSD"
RISK = Sizing(method="risk-parity", target_volatility=100.0, volatility_window=2, scale_max=50.0, rebalance_band=0.05)
SIZINGS = [
    RISK,
    attrs.evolve(RISK, volatility_halflife=3),
    Sizing(method="equity-fraction", rebalance_band=0.05),
    Sizing(),
    None,
]
RULES = (
    ShareRule(strategy="one", symbols=(XBT, ETH), lots=10),
    ShareRule(strategy="two", symbols=(XBT, ETH), lots=7, weight=1.5),
)
FACTS = (Signal, PlaceOrder, Fill, FundingPaid, ActorQuarantined)


def a_portfolio(sizing, heritage=None, rules=RULES, symbols=(XBT, ETH)):
    return Portfolio(
        "main",
        {symbol: an_instrument(symbol) for symbol in symbols},
        rules,
        marks=tuple((symbol, MINUTE) for symbol in symbols),
        cash_minor={"USD": 5_000_000},
        sizing=sizing,
        heritage=heritage,
    )


HANDLERS = {
    Signal: "on_signal",
    PlaceOrder: "on_place_order",
    Fill: "on_fill",
    FundingPaid: "on_funding_paid",
    ActorQuarantined: "on_actor_quarantined",
    Bar: "on_bar",
}


def tell(portfolio, message):
    return tuple(getattr(portfolio, HANDLERS[type(message)])(message))


def a_message(number, event):
    what, symbol, name, value = event
    ts = MONDAY + number * MINUTE
    if what == "signal":
        return a_signal(value - 100.0, strategy=name, symbol=symbol, ts=ts)
    if what == "order":
        return PlaceOrder(strategy=name, symbol=symbol, number=number, ts=ts, lots=1)
    if what == "fill":
        lots = round(value) - 100 or 1
        return a_fill(parts=((name, lots),), symbol=symbol, execution_id=f"e{number}", price=100.0, fee_minor=3)
    if what == "funding":
        part = FundingPart(name, 1, round(value))
        return FundingPaid(
            account="main", currency="USD", symbol=symbol, ts=ts, rate=0.001, price=100.0, lots=1,
            amount_minor=part.amount_minor, parts=(part,),
        )  # fmt: skip
    if what == "quarantine":
        return ActorQuarantined(f"strategy:{name}", "budget spent", ts)
    return a_bar(value, open_ts=ts - MINUTE, symbol=symbol)


some_events = st.lists(
    st.tuples(
        st.sampled_from(["bar"] * 6 + ["signal"] * 3 + ["fill"] * 2 + ["order", "funding", "quarantine"]),
        st.sampled_from([XBT, ETH]),
        st.sampled_from(["one", "two"]),
        st.floats(90.0, 110.0),
    ),
    max_size=50,
)


def closing(number):
    """Bars of both symbols: after them all that was filled has been marked."""
    return [a_bar(100.0 + number % 7, open_ts=MONDAY + number * MINUTE, symbol=symbol) for symbol in (XBT, ETH)]


class Life:
    """A portfolio whose instants are netted at their end, and what came of it."""

    def __init__(self, portfolio):
        self.portfolio = portfolio
        self.said = []
        self.shares = {}

    def live(self, messages):
        for message in messages:
            timers = self.say(tell(self.portfolio, message))
            for timer in timers:
                # What is sized once all is marked asks for the netting.
                timers += self.say(self.portfolio.on_woke(Woke(timer.at, timer.token))) if timer.token != "net" else []
            if any(timer.token == "net" for timer in timers):
                self.net()

    def say(self, answers):
        """What it asked for is left; the rest was said."""
        self.said.extend(answer for answer in answers if not isinstance(answer, WakeAt))
        return [answer for answer in answers if isinstance(answer, WakeAt)]

    def net(self):
        for target in self.portfolio.on_woke(Woke(MONDAY, "net")):
            self.shares[target.symbol] = target.shares


def successor(sizing, portfolio, facts):
    heir = a_portfolio(sizing, portfolio.heritage())
    for fact in facts:
        tell(heir, fact)
    heir.warmed_up()
    return heir


@pytest.mark.parametrize("sizing", SIZINGS, ids=["window", "halflife", "equity", "fixed", "none"])
@given(before=some_events, after=some_events)
def test_a_successor_says_what_the_portfolio_itself_would_have_said(sizing, before, after):
    past = [a_message(number, event) for number, event in enumerate(before)] + closing(len(before))
    future = [a_message(number, event) for number, event in enumerate(after, start=len(before) + 1)]
    life = Life(a_portfolio(sizing))
    life.live(past)
    heir = Life(successor(sizing, life.portfolio, [each for each in past if isinstance(each, FACTS)]))
    heir.shares = dict(life.shares)
    heir.net()
    shares_at_the_restart, life.said = dict(life.shares), []

    assert heir.shares == shares_at_the_restart
    assert heir.portfolio.books == life.portfolio.books

    for each in (life, heir):
        each.live(future)

    assert (heir.said, heir.shares) == (life.said, life.shares)


@given(some_events)
def test_a_successor_that_dies_while_it_hears_the_facts_passes_on_what_it_was_left(events):
    past = [a_message(number, event) for number, event in enumerate(events)] + closing(len(events))
    facts = [each for each in past if isinstance(each, FACTS)]
    life = Life(a_portfolio(RISK))
    life.live(past)
    half = a_portfolio(RISK, life.portfolio.heritage())
    for fact in facts[: len(facts) // 2]:
        tell(half, fact)

    heirs = [Life(successor(RISK, portfolio, facts)) for portfolio in (life.portfolio, half)]
    for heir in heirs:
        heir.net()
        heir.live([a_message(len(past), ("bar", XBT, "", 93.0))])

    assert (heirs[0].said, heirs[0].shares) == (heirs[1].said, heirs[1].shares)


def test_shares_that_were_sized_and_not_yet_netted_are_netted_by_the_successor_at_its_first_bar():
    portfolio = a_portfolio(RISK)
    wish = a_signal(1.0, strategy="one")
    tell(portfolio, wish)
    portfolio.on_woke(Woke(MONDAY, "net"))
    for number, close in enumerate((100.0, 110.0, 95.0)):
        tell(portfolio, a_bar(close, open_ts=MONDAY + number * MINUTE))

    heir = successor(RISK, portfolio, [wish])
    said = tell(heir, a_bar(50.0, open_ts=MONDAY + 3 * MINUTE, symbol=ETH))

    assert [message.token for message in said] == ["marked", "net"]
    (target,) = heir.on_woke(Woke(MONDAY + 4 * MINUTE, "net"))
    assert target.symbol == XBT
    assert target.shares[0].lots > 0


def test_bars_that_were_marked_and_not_yet_sized_by_are_sized_by_in_the_successor():
    """It dies between an instant's marks and what they come to; the instant's timer is heard by the successor."""
    portfolio = a_portfolio(Sizing(method="equity-fraction"))
    wish = a_signal(1.0, strategy="one")
    tell(portfolio, wish)
    for symbol in (XBT, ETH):
        tell(portfolio, a_bar(100.0, symbol=symbol))

    heir = successor(Sizing(method="equity-fraction"), portfolio, [wish])
    said = heir.on_woke(Woke(MONDAY + MINUTE, "marked"))

    assert [(type(each), each.symbol) for each in said if not isinstance(each, WakeAt)] == [
        (ShareSized, XBT), (ShareSized, XBT), (ShareSized, ETH), (ShareSized, ETH),
    ]  # fmt: skip
    assert heir.on_woke(Woke(MONDAY + MINUTE, "marked")) == ()
    (target,) = heir.on_woke(Woke(MONDAY + MINUTE, "net"))
    assert target.shares[0].lots == 5000


class Noting(Component):
    """Notes what it hears; fails at the n-th message, once in all its incarnations."""

    def __init__(self, log, failing=None):
        self.log, self.failing = log, failing

    def on_target_shares(self, target):
        return self._note(target)

    def on_share_sized(self, sized):
        return self._note(sized)

    def _note(self, message):
        self.log.append(message)
        if len(self.log) == self.failing:
            raise ValueError("crashed as told")
        return ()


class Wishing(Component):
    """Wants one unit from its first bar on, and two from its fortieth."""

    def __init__(self):
        self.heard = 0

    def on_start(self):
        return (Subscribe(Bar, XBT, MINUTE),)

    def on_bar(self, bar):
        self.heard += 1
        if self.heard not in (1, 40):
            return ()
        return (a_signal(1.0 if self.heard == 1 else 2.0, ts=bar.close_ts, price=bar.close),)


def a_run(failing=None):
    """A replay of sixty bars: (weights said, shares told to the executor)."""
    sized, targets, house = [], [], House(threads=False)
    rules = (ShareRule(strategy="trend", symbols=(XBT,), lots=100),)
    sizing = Sizing(method="risk-parity", target_volatility=0.8, volatility_window=10)
    house.add(
        "portfolio@main",
        lambda heritage: a_portfolio(sizing, heritage, rules, (XBT,)),
        keeps=dict.fromkeys(FACTS),
    )
    house.add("executor@main", lambda: Noting(targets, failing))
    house.add("recorder", lambda: Noting(sized))
    house.add("strategy:trend", Wishing)
    house.add("feed", lambda: Feed([generated_bars(XBT, bars=60, start=MONDAY)]))
    house.play()
    house.close()
    return sized, [target for target in targets if isinstance(target, TargetShares)]


def test_in_a_replay_shares_are_netted_in_the_very_instant_that_sized_them():
    sized, targets = a_run()

    lots = [target.shares[0].lots for target in targets]
    times = [target.ts for target in targets]
    assert len(targets) > 5
    assert lots[0] == 0
    assert times == sorted(set(times))
    assert times[1] == MONDAY + 11 * MINUTE  # ten returns
    assert set(times) - {message.ts for message in sized} <= {MONDAY + MINUTE, MONDAY + 40 * MINUTE}
    assert {(message.ts, message.lots) for message in sized} & set(zip(times, lots, strict=True))


def test_in_a_replay_a_core_that_failed_and_came_back_goes_on_with_the_same_weights_and_shares():
    sized, targets = a_run()
    sized_again, targets_again = a_run(failing=4)

    def changes(said):
        shares = [target.shares for target in said]
        return [each for number, each in enumerate(shares) if number == 0 or each != shares[number - 1]]

    assert sized_again == sized
    assert changes(targets_again) == changes(targets)


# The next life of a run: books of earlier lives, and no price yet.


def a_second_life(heritage=None):
    """Long 10 in each symbol from 100.00; XBT has lost 500.00 before, and ETH has won 800.00."""
    portfolio = a_portfolio(None, heritage=heritage or PortfolioHeritage(prices=Prices({}, {}), begins=True))
    for symbol, won in ((XBT, -500), (ETH, 800)):
        portfolio.on_fill(a_fill(10, symbol=symbol, price=100.0, execution_id=f"{symbol}-1"))
        portfolio.on_fill(a_fill(-10, symbol=symbol, price=100.0 + won / 10, execution_id=f"{symbol}-2"))
        portfolio.on_fill(a_fill(10, symbol=symbol, price=100.0, execution_id=f"{symbol}-3"))
    portfolio.warmed_up()
    return portfolio


def equities(portfolio, *bars):
    said = []
    for bar in bars:
        for timer in portfolio.on_bar(bar):
            said += portfolio.on_woke(Woke(timer.at, timer.token))
    return [each.equity_minor for each in said]


@pytest.mark.parametrize("restarts", [False, True])
def test_no_equity_is_said_before_all_that_an_earlier_life_holds_has_a_price(restarts):
    portfolio = a_second_life()

    assert equities(portfolio, a_bar(101.0, symbol=XBT)) == []
    if restarts:
        portfolio = a_second_life(portfolio.heritage())
    # 50,000.00 - 500.00 + 800.00, and 10.00 and 20.00 of what is open.
    assert equities(portfolio, a_bar(102.0, symbol=ETH)) == [5_000_000 - 50_000 + 80_000 + 1_000 + 2_000]


def test_what_an_earlier_life_won_where_it_holds_nothing_any_more_counts_from_the_beginning():
    portfolio = a_portfolio(None, heritage=PortfolioHeritage(prices=Prices({}, {}), begins=True))
    portfolio.on_fill(a_fill(10, symbol=ETH, price=100.0, execution_id="1"))
    portfolio.on_fill(a_fill(-10, symbol=ETH, price=180.0, execution_id="2"))
    portfolio.warmed_up()

    assert equities(portfolio, a_bar(101.0, symbol=XBT)) == [5_000_000 + 80_000]
