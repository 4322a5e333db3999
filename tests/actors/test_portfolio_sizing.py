"""A sized portfolio holds wishes and sizes them again as the market moves: by its settings, and by nothing else."""

import math
from decimal import Decimal

import attrs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.execution.rules import ShareRule
from actors.portfolio import Portfolio
from actors.sizing.sizing import Sizing
from messages import (
    ActorQuarantined,
    EquityMarked,
    Kind,
    PlaceOrder,
    Share,
    ShareRounded,
    ShareSized,
    Step,
    TargetShares,
    WakeAt,
    Woke,
)
from tests.builders import DAY, MINUTE, MONDAY, a_bar, a_fill, a_signal, an_instrument

YEAR = 365 * DAY
XBT, ETH = "XBTUSD", "ETHUSD"
WILD = (100.0, 110.0, 95.0, 120.0, 100.0)
"""Closes after which a window of two returns is known from the third on."""
RISK = Sizing(method="risk-parity", target_volatility=100.0, volatility_window=2, scale_max=50.0, rebalance_band=0.0)


def a_rule(strategy="trend", symbols=(XBT,), **fields):
    return ShareRule(strategy=strategy, symbols=symbols, **fields)


def a_portfolio(*rules, sizing=RISK, symbols=(XBT,), instrument=None, **settings):
    fields = instrument or {}
    return Portfolio(
        "main",
        {symbol: an_instrument(symbol, **fields) for symbol in symbols},
        rules or (a_rule(lots=10),),
        marks=tuple((symbol, MINUTE) for symbol in symbols),
        sizing=sizing,
        **settings,
    )


def at(number):
    return MONDAY + number * MINUTE


def a_close(close, number, symbol=XBT):
    """The bar that ends at minute `number`."""
    return a_bar(close, open_ts=at(number - 1), symbol=symbol)


def hear(portfolio, closes, first=1, symbol=XBT):
    """What the portfolio says at these closes, marks left out."""
    said = []
    for number, close in enumerate(closes, start=first):
        said.extend(close_of(portfolio, a_close(close, number, symbol)))
    return [message for message in said if not isinstance(message, EquityMarked)]


def close_of(portfolio, *bars):
    """What the portfolio says at the bars of an instant, and once all of them were marked."""
    said = [message for bar in bars for message in portfolio.on_bar(bar)]
    timers = [message for message in said if isinstance(message, WakeAt) and message.token == "marked"]
    assert len(timers) <= 1
    rest = [message for message in said if message not in timers]
    return [*rest, *[message for each in timers for message in portfolio.on_woke(Woke(each.at, each.token))]]


def volatility_of(*closes):
    return float(np.std(np.diff(np.log(closes)), ddof=1) * math.sqrt(YEAR / MINUTE))


def shares_of(portfolio, ts=MONDAY):
    return {target.symbol: target.shares for target in portfolio.on_woke(Woke(ts, "net"))}


def test_a_wish_waits_for_the_first_volatility_and_says_that_it_comes_to_nothing_until_then():
    portfolio = a_portfolio(a_rule(lots=10, weight=0.5), symbol_multiplier={XBT: 3.0})
    hear(portfolio, WILD[:2])

    said = portfolio.on_signal(a_signal(2.0, ts=at(2)))

    assert said == (
        ShareRounded(account="main", strategy="trend", symbol=XBT, wanted=30.0, ts=at(2), reason="scale-unknown"),
        WakeAt(at(2), "net", Step.NETTING),
    )
    assert shares_of(portfolio) == {XBT: (Share("trend", 0, "market", 100.0),)}


def test_a_wish_is_sized_at_the_close_that_makes_the_volatility_known():
    portfolio = a_portfolio(a_rule(lots=10, weight=0.5), symbol_multiplier={XBT: 3.0})
    portfolio.on_signal(a_signal(2.0))
    shares_of(portfolio)

    said = hear(portfolio, WILD[:3])

    volatility = volatility_of(*WILD[:3])
    weight = 10 * 0.5 * 3.0 * 100.0 / volatility
    lots = round(2 * weight)
    sized, waking = said
    assert attrs.asdict(sized) == {
        "account": "main",
        "strategy": "trend",
        "symbol": XBT,
        "ts": at(3),
        "weight": pytest.approx(weight, rel=1e-12),
        "volatility": pytest.approx(volatility, rel=1e-12),
        "lots": lots,
    }
    assert waking == WakeAt(at(3), "net", Step.NETTING)
    assert shares_of(portfolio) == {XBT: (Share("trend", lots, "market", WILD[2]),)}


def test_a_wish_that_comes_once_the_volatility_is_known_is_sized_at_once_and_at_its_own_price():
    portfolio = a_portfolio()
    hear(portfolio, WILD[:3])

    assert portfolio.on_signal(a_signal(-2.0, ts=at(3))) == (WakeAt(at(3), "net", Step.NETTING),)

    lots = -round(20 * 100.0 / volatility_of(*WILD[:3]))
    assert shares_of(portfolio) == {XBT: (Share("trend", lots, "market", 100.0),)}


def test_lots_are_scaled_by_nothing_and_need_no_volatility():
    portfolio = a_portfolio()
    portfolio.on_signal(a_signal(7, in_lots=True))
    before = shares_of(portfolio)

    said = hear(portfolio, WILD)

    assert before == {XBT: (Share("trend", 7, "market", 100.0),)}
    assert [(type(message), message.lots) for message in said] == [(ShareSized, 7)] * 3
    assert shares_of(portfolio) == {}


def test_a_strategys_own_limit_clips_what_sizing_makes_of_its_wish():
    portfolio = a_portfolio(a_rule(lots=1000, share_lots_max=4))
    portfolio.on_signal(a_signal(-2.0))
    hear(portfolio, WILD)

    assert shares_of(portfolio) == {XBT: (Share("trend", -4, "market", WILD[2]),)}


@pytest.mark.parametrize("known", [0, len(WILD)], ids=["before a scale is known", "after"])
def test_in_spot_a_wish_to_be_short_is_told_once_and_comes_to_nothing_at_any_scale(known):
    portfolio = a_portfolio(a_rule(lots=1000), instrument={"kind": Kind.SPOT})
    hear(portfolio, WILD[:known])

    told, _ = portfolio.on_signal(a_signal(-1.0))
    later = hear(portfolio, WILD, first=known + 1)

    assert told.reason == "no-short"
    assert told.wanted < 0
    assert {type(message) for message in later} == {ShareSized}
    assert {message.lots for message in later} == {0}
    assert shares_of(portfolio)[XBT][0].lots == 0


def test_a_wish_that_another_scale_brings_below_one_lot_is_reported():
    portfolio = a_portfolio(a_rule(lots=1), sizing=attrs.evolve(RISK, target_volatility=10.0))
    portfolio.on_signal(a_signal(1.0))

    rounded, sized = hear(portfolio, WILD[:3])

    assert rounded == ShareRounded(account="main", strategy="trend", symbol=XBT, wanted=sized.weight, ts=at(3))
    assert 0 < sized.weight < 0.5
    assert sized.lots == 0


def test_a_strategy_that_places_its_own_orders_is_left_alone_and_told_its_weight_when_it_comes_back():
    portfolio = a_portfolio()
    portfolio.on_signal(a_signal(1.0))
    portfolio.on_place_order(PlaceOrder(strategy="trend", symbol=XBT, number=1, ts=MONDAY, lots=1))

    alone = hear(portfolio, WILD)
    assert shares_of(portfolio) == {XBT: ()}
    sized, _ = portfolio.on_signal(a_signal(1.0, ts=at(5)))

    assert alone == []
    assert sized.weight == pytest.approx(10 * 100.0 / volatility_of(*WILD[2:]), rel=1e-12)
    assert sized.lots == round(sized.weight)
    assert shares_of(portfolio) == {XBT: (Share("trend", sized.lots, "market", 100.0),)}
    again, _ = hear(portfolio, (101.0,), first=6)
    assert again.weight == pytest.approx(10 * 100.0 / volatility_of(*WILD[3:], 101.0), rel=1e-12)


@pytest.mark.parametrize(("on_quarantine", "kept"), [("hold", True), ("flatten", False)])
def test_a_strategy_that_was_given_up_on_is_not_sized_again(on_quarantine, kept):
    portfolio = a_portfolio(a_rule(lots=10, on_quarantine=on_quarantine))
    portfolio.on_signal(a_signal(1.0))
    hear(portfolio, WILD[:3])
    (before,) = shares_of(portfolio)[XBT]
    portfolio.on_actor_quarantined(ActorQuarantined("strategy:trend", "budget spent", at(3)))

    assert hear(portfolio, WILD[3:], first=4) == []
    assert shares_of(portfolio) == ({} if kept else {XBT: (Share("trend", 0),)})
    assert before.lots > 0


def test_weights_are_said_of_every_strategy_of_the_symbol_by_id_also_while_it_wants_nothing():
    portfolio = a_portfolio(
        a_rule("two", lots=2, symbols=(XBT, ETH)), a_rule("one"), a_rule("other", symbols=(ETH,)), symbols=(XBT, ETH)
    )

    said = hear(portfolio, WILD[:3])

    assert [(message.strategy, message.symbol, message.lots) for message in said] == [("one", XBT, 0), ("two", XBT, 0)]
    assert said[1].weight == pytest.approx(2 * said[0].weight, rel=1e-12)


def test_a_bar_and_the_signals_that_follow_it_are_netted_once():
    portfolio = a_portfolio(a_rule("one", lots=10), a_rule("two", lots=10))
    portfolio.on_signal(a_signal(1.0, strategy="one"))
    portfolio.on_signal(a_signal(1.0, strategy="two"))
    shares_of(portfolio)

    *_, waking = hear(portfolio, WILD[:3])
    second = portfolio.on_signal(a_signal(2.0, strategy="two", ts=at(3), price=WILD[2]))

    lots = 10 * 100.0 / volatility_of(*WILD[:3])
    assert (waking, second) == (WakeAt(at(3), "net", Step.NETTING), ())
    assert shares_of(portfolio) == {
        XBT: (Share("one", round(lots), "market", WILD[2]), Share("two", round(2 * lots), "market", WILD[2]))
    }


def test_a_scale_that_changes_no_share_by_a_lot_is_said_and_not_netted():
    portfolio = a_portfolio(a_rule(lots=1), sizing=attrs.evolve(RISK, target_volatility=10.0, rebalance_band=0.01))
    portfolio.on_signal(a_signal(1.0))
    shares_of(portfolio)

    assert {type(message) for message in hear(portfolio, WILD)} == {ShareRounded, ShareSized}
    assert shares_of(portfolio) == {}


def test_a_market_that_stands_still_is_sized_at_the_upper_cap():
    portfolio = a_portfolio(sizing=attrs.evolve(RISK, scale_max=3.0))
    portfolio.on_signal(a_signal(1.0))

    (sized,) = hear(portfolio, (100.0, 100.0, 100.0, 100.0))

    assert (sized.weight, sized.volatility, sized.lots) == (30.0, 0.0, 30)


def test_without_bars_of_a_symbol_that_is_traded_a_sizing_is_refused():
    rule = a_rule(symbols=(XBT, ETH))

    with pytest.raises(ValueError, match="sizing risk-parity needs bars that mark ETHUSD, and there are none"):
        Portfolio("main", {XBT: an_instrument()}, (rule,), marks=((XBT, MINUTE),), sizing=RISK)


def test_fixed_sizing_says_what_no_sizing_says():
    answers = []
    for sizing in (None, Sizing(rebalance_band=0.5)):
        portfolio = a_portfolio(sizing=sizing)
        said = [*portfolio.on_signal(a_signal(0.01)), *portfolio.on_signal(a_signal(0.35))]
        said += hear(portfolio, WILD)
        answers.append((said, shares_of(portfolio)))

    assert answers[0] == answers[1]
    assert answers[0][1] == {XBT: (Share("trend", 4, "market", 100.0),)}


# By equity.


@pytest.mark.parametrize(
    ("instrument", "cash", "weight"),
    [
        # Linear: 10,000.00 USD, half of it, at 100 a contract of 2 per point.
        ({"multiplier": Decimal(2)}, {"USD": 1_000_000}, 5_000 / 200),
        # Spot in lots of a millionth: one is worth a hundredth of a cent, and that is not nothing.
        ({"kind": Kind.SPOT, "lot_size": Decimal("0.000001")}, {"USD": 1_000_000}, 5_000 / 0.0001),
        # Inverse: 2 XBT, half of it, at 1 / 100 XBT a contract.
        ({"kind": Kind.INVERSE, "currency": "XBT"}, {"XBT": 200_000_000}, 100.0),
        ({}, {"USD": -5}, 0.0),
        ({}, {}, 0.0),
    ],
)
def test_one_unit_of_signal_is_worth_a_fraction_of_the_equity_at_the_close(instrument, cash, weight):
    sizing = Sizing(method="equity-fraction", fraction=0.5)
    portfolio = a_portfolio(a_rule(), sizing=sizing, instrument=instrument, cash_minor=cash)

    (sized,) = hear(portfolio, (100.0,))

    assert sized.weight == pytest.approx(weight, rel=1e-12)
    assert sized.volatility is None


def test_shares_follow_the_equity_out_of_the_band_and_go_when_it_is_gone():
    """10,000 USD at 100 pay for 100 lots; three times as many are held. Then: what they have won by a close."""
    sizing = Sizing(method="equity-fraction", rebalance_band=0.1)
    portfolio = a_portfolio(a_rule(), sizing=sizing, cash_minor={"USD": 1_000_000})
    hear(portfolio, (100.0,))
    portfolio.on_signal(a_signal(3.0, ts=at(1)))
    first = shares_of(portfolio)
    portfolio.on_fill(a_fill(300, price=100.0))

    assert first[XBT][0].lots == 300
    assert hear(portfolio, (104.0,), first=2) == []  # 11,200 / 104 = 107.7, within a tenth of 100
    assert hear(portfolio, (106.0,), first=3)[0].lots == 334  # 3 x 11,800 / 106
    gone = hear(portfolio, (60.0,), first=4)  # -2,000
    assert [type(message) for message in gone] == [ShareRounded, ShareSized]
    assert (gone[1].weight, gone[1].lots) == (0.0, 0)
    assert hear(portfolio, (120.0,), first=5)[0].lots == 400  # 3 x 16,000 / 120
    assert shares_of(portfolio) == {XBT: (Share("trend", 400, "market", 120.0),)}


def test_a_fraction_of_the_equity_is_one_of_what_all_symbols_of_the_instant_come_to():
    """Long in one and short in the other of two that move as one: the equity stays at 10,000, and so do the shares."""
    portfolio = a_portfolio(
        a_rule(symbols=(XBT, ETH)), sizing=Sizing(method="equity-fraction", rebalance_band=0.0), symbols=(XBT, ETH),
        cash_minor={"USD": 1_000_000},
    )  # fmt: skip
    portfolio.on_signal(a_signal(1.0))
    portfolio.on_fill(a_fill(500, price=100.0))
    portfolio.on_fill(a_fill(-500, price=100.0, symbol=ETH, execution_id="short"))

    said = [close_of(portfolio, a_close(close, n, ETH), a_close(close, n)) for n, close in enumerate((100.0, 80.0), 1)]

    assert [(each.symbol, each.weight) for instant in said for each in instant if isinstance(each, ShareSized)] == [
        (ETH, 100.0), (XBT, 100.0), (ETH, 125.0), (XBT, 125.0),
    ]  # fmt: skip
    assert shares_of(portfolio)[XBT][0].lots == 125


@given(
    st.lists(st.tuples(st.sampled_from([XBT, ETH]), st.floats(50.0, 200.0)), min_size=1, max_size=60),
    st.floats(0.0, 0.9),
    st.integers(2, 5),
)
def test_weights_change_when_the_scale_leaves_the_band_around_the_one_in_use_and_never_else(closes, band, window):
    """Oracle: numpy's deviation of each symbol's last returns, and one scale in use per symbol."""
    sizing = attrs.evolve(RISK, rebalance_band=band, volatility_window=window, scale_min=0.001)
    portfolio = a_portfolio(a_rule(symbols=(XBT, ETH)), sizing=sizing, symbols=(XBT, ETH))
    seen, in_use = {XBT: [], ETH: []}, {}

    for number, (symbol, close) in enumerate(closes, start=1):
        said = hear(portfolio, (close,), first=number, symbol=symbol)
        seen[symbol].append(close)
        if len(seen[symbol]) <= window:
            assert said == []
            continue
        volatility = volatility_of(*seen[symbol][-window - 1 :])
        scale = min(max(100.0 / volatility, 0.001), 50.0) if volatility > 1e-9 else 50.0
        change = abs(scale / in_use[symbol] - 1) if symbol in in_use else math.inf
        # On the edge of the band the last digits decide: there, what was decided counts.
        changes = bool(said) if abs(change - band) < 1e-6 else change > band
        assert [(message.symbol, message.weight) for message in said] == (
            [(symbol, pytest.approx(scale, rel=1e-6))] if changes else []
        )
        if changes:
            in_use[symbol] = said[0].weight


@settings(max_examples=50)
@given(st.integers(0, 10**6), st.floats(0.001, 0.02), st.floats(0.001, 0.02))
def test_two_symbols_of_different_volatility_carry_the_same_risk_up_to_half_a_lot(seed, calm, wild):
    sizing = Sizing(method="risk-parity", target_volatility=0.5, volatility_window=30, scale_max=1e6, rebalance_band=0)
    portfolio = a_portfolio(a_rule(symbols=(XBT, ETH), lots=1_000), sizing=sizing, symbols=(XBT, ETH))
    numbers, lots, volatility = np.random.default_rng(seed), {}, {}
    for symbol, step in ((XBT, calm), (ETH, wild)):
        portfolio.on_signal(a_signal(1.0, symbol=symbol))
        closes = [float(close) for close in 100.0 * np.exp(np.cumsum(numbers.normal(0, step, 40)))]
        hear(portfolio, closes, symbol=symbol)
        volatility[symbol] = volatility_of(*closes[-31:])
    for symbol, shares in shares_of(portfolio).items():
        lots[symbol] = shares[0].lots

    risks = [lots[symbol] * volatility[symbol] for symbol in (XBT, ETH)]

    for symbol, risk in zip((XBT, ETH), risks, strict=True):
        assert abs(risk - 1_000 * 0.5) <= 0.5 * volatility[symbol] * (1 + 1e-9)


some_events = st.lists(
    st.one_of(
        st.tuples(st.just("bar"), st.sampled_from([XBT, ETH]), st.floats(80.0, 120.0)),
        st.tuples(st.sampled_from(["one", "two"]), st.sampled_from([XBT, ETH]), st.floats(-3.0, 3.0)),
        st.tuples(st.just("order"), st.sampled_from([XBT, ETH]), st.sampled_from(["one", "two"])),
    ),
    max_size=60,
)


def play(events, rules, sizing=RISK):
    """Everything that a portfolio says, event by event, the netting at the end of each included."""
    portfolio = a_portfolio(*rules, sizing=sizing, symbols=(XBT, ETH), cash_minor={"USD": 5_000_000})
    said = []
    for number, event in enumerate(events, start=1):
        if event is None:
            continue
        what, symbol, value = event
        if what == "bar":
            answers = close_of(portfolio, a_close(value, number, symbol))
        elif what == "order":
            answers = portfolio.on_place_order(
                PlaceOrder(strategy=value, symbol=symbol, number=number, ts=at(number), lots=1)
            )
        else:
            answers = portfolio.on_signal(a_signal(value, strategy=what, symbol=symbol, ts=at(number)))
        said.append([*answers, *portfolio.on_woke(Woke(at(number), "net"))])
    return said


ONE, TWO = a_rule("one", symbols=(XBT, ETH), lots=10), a_rule("two", symbols=(XBT, ETH), lots=7, weight=1.5)


@given(some_events)
def test_a_share_depends_on_its_own_strategy_alone(events):
    def of_one(said):
        found, last = [], {}
        for message in [message for answers in said for message in answers]:
            if isinstance(message, TargetShares):
                # What the other one changes is said of this one too, unchanged.
                share = next((share for share in message.shares if share.strategy == "one"), None)
                if share != last.get(message.symbol):
                    found.append((message.symbol, share))
                last[message.symbol] = share
            elif isinstance(message, ShareSized | ShareRounded) and message.strategy == "one":
                found.append(message)
        return found

    together = play(events, (ONE, TWO))
    alone = play([None if "two" in event else event for event in events], (ONE,))

    assert of_one(together) == of_one(alone)


@given(some_events, st.integers(0, 60), st.sampled_from(["risk-parity", "equity-fraction"]))
def test_what_is_said_up_to_a_time_does_not_change_with_what_comes_after_it(events, cut, method):
    sizing = attrs.evolve(RISK, method=method)
    later = [(what, symbol, 1.0 if what == "bar" else value) for what, symbol, value in events[cut:]]
    corrupted = [*events[:cut], *later]

    assert play(corrupted, (ONE, TWO), sizing)[:cut] == play(events, (ONE, TWO), sizing)[:cut]
