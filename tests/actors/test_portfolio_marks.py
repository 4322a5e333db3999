"""The portfolio's equity is cash and what the books have won at the last marks, funding included, to the minor unit."""

import math
from collections import defaultdict
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.execution.rules import ShareRule
from actors.portfolio import Portfolio
from messages import (
    EquityMarked,
    Fill,
    FillPart,
    FundingPaid,
    FundingPart,
    Kind,
    Liquidity,
    MarkPrice,
    Step,
    WakeAt,
    Woke,
)
from tests.builders import MINUTE, MONDAY, a_bar, a_fill, an_instrument

XBT, ETH = "XBTUSD", "ETHUSD"
LINEAR = an_instrument(ETH, multiplier=Decimal(2))
INVERSE = an_instrument(XBT, kind=Kind.INVERSE, currency="XBT", multiplier=Decimal(1))
ALL_MARKED = Woke(MONDAY + MINUTE, "marked")
CASH = {"USD": 1_000_000, "XBT": 100_000_000}


def a_portfolio(*, marks=((XBT, MINUTE), (ETH, MINUTE)), strategies=("one", "two"), **settings):
    rules = [ShareRule(strategy=name, symbols=(XBT, ETH)) for name in strategies]
    return Portfolio("main", {XBT: INVERSE, ETH: LINEAR}, rules, marks=marks, cash_minor=CASH, **settings)


def all_marked(portfolio, said):
    """What the portfolio has said, and where that was a timer for the instant's end, what it says then."""
    timers = [each for each in said if isinstance(each, WakeAt)]
    assert [timer.token for timer in timers] in ([], ["marked"])
    return portfolio.on_woke(Woke(timers[0].at, "marked")) if timers else said


def at_bar(portfolio, *values, **named):
    return all_marked(portfolio, portfolio.on_bar(a_bar(*values, **named)))


def at_mark(portfolio, *values, **named):
    return all_marked(portfolio, portfolio.on_mark_price(a_mark(*values, **named)))


def a_mark(price, symbol=ETH, ts=MONDAY):
    return MarkPrice(symbol=symbol, ts=ts, received=ts, price=price)


def funding(amounts, *, symbol=ETH, ts=MONDAY, lots=1):
    """A payment in (strategy, amount) parts."""
    currency = {XBT: "XBT", ETH: "USD"}[symbol]
    return FundingPaid(
        account="main", currency=currency, symbol=symbol, ts=ts, rate=0.0001, price=100.0, lots=lots * len(amounts),
        amount_minor=sum(amount for _, amount in amounts),
        parts=tuple(FundingPart(strategy, lots, amount) for strategy, amount in amounts),
    )  # fmt: skip


def equity(usd, ts=MONDAY):
    return (EquityMarked(account="main", currency="USD", ts=ts, equity_minor=1_000_000 + usd),)


def test_funding_counts_from_the_next_mark_and_once_however_often_it_is_heard():
    portfolio = a_portfolio()
    for payment in (funding([("one", -30), ("two", 5)]), funding([("one", -30), ("two", 5)])):
        assert portfolio.on_funding_paid(payment) == ()
    portfolio.on_funding_paid(funding([("one", -4)], ts=MONDAY + 1))

    assert at_bar(portfolio, 100.0, symbol=ETH) == equity(-29, MONDAY + MINUTE)
    assert {key: book.funding_minor for key, book in portfolio.books.items()} == {("one", ETH): -34, ("two", ETH): 5}


def test_a_mark_price_is_the_mark_from_then_on_and_the_close_no_more():
    portfolio = a_portfolio()
    portfolio.on_fill(a_fill(3, price=200.0, symbol=ETH))  # bought for 600.00; a point of a lot is 2.00

    assert at_bar(portfolio, 110.0, symbol=ETH) == equity(6_000, MONDAY + MINUTE)
    assert at_mark(portfolio, 105.0) == equity(3_000)
    assert at_bar(portfolio, 120.0, symbol=ETH) == equity(3_000, MONDAY + MINUTE)


def test_a_mark_price_is_not_said_where_it_changes_nothing_that_is_open():
    portfolio = a_portfolio()
    assert at_mark(portfolio, 90.0) == ()
    portfolio.on_fill(a_fill(3, price=200.0, symbol=ETH))
    assert at_mark(portfolio, 90.0) == equity(-6_000)
    assert at_mark(portfolio, 90.0) == ()
    assert at_mark(portfolio, 100.0, symbol="SOLUSD") == ()
    portfolio.on_fill(a_fill(-3, price=170.0, symbol=ETH, execution_id="out"))

    assert at_mark(portfolio, 95.0) == ()
    assert at_bar(portfolio, 99.0, symbol=ETH) == equity(-9_000, MONDAY + MINUTE)


def test_a_liquidation_that_takes_from_one_and_gives_to_another_folds_as_it_is():
    portfolio = a_portfolio()
    portfolio.on_fill(a_fill(parts=(("one", 5), ("two", -2)), price=200.0, symbol=ETH))
    portfolio.on_fill(a_fill(parts=(("one", -5), ("two", 2)), price=190.0, symbol=ETH, execution_id="liquidation-1"))

    assert [book.lots for book in portfolio.books.values()] == [0, 0]
    assert at_bar(portfolio, 50.0, symbol=ETH) == equity(3 * -1_000, MONDAY + MINUTE)


def rounded(value):
    """Half away from zero."""
    return int(math.copysign(math.floor(abs(value) + Fraction(1, 2)), value))


def worth(symbol, lots, price):
    """In minor units: two dollars a point, or minus a dollar's worth of coin."""
    price = Fraction(str(price))
    return rounded(lots * price * 200) if symbol == ETH else rounded(-lots * 10**8 / price)


def an_execution(number, symbol, strategy, lots, price):
    value = worth(symbol, lots, price)
    return Fill(
        account="main", currency={XBT: "XBT", ETH: "USD"}[symbol], symbol=symbol, client_id="run000-net-1",
        execution_id=f"e{number}", ts=MONDAY, lots=lots, price=price, liquidity=Liquidity.TAKER, value_minor=value,
        fee_minor=7, parts=(FillPart(strategy, lots, value, 7),),
    )  # fmt: skip


a_price = st.integers(150, 250).map(lambda ticks: ticks / 2)
a_fair_price = st.integers(75_000, 125_000).map(lambda thousandths: thousandths / 1_000)
some_events = st.lists(
    st.one_of(
        st.tuples(
            st.just("fill"),
            st.sampled_from([XBT, ETH]),
            st.tuples(st.sampled_from(["one", "two"]), st.integers(-5, 5).filter(bool), a_price),
        ),
        st.tuples(st.just("funding"), st.sampled_from([XBT, ETH]), st.integers(-999, 999)),
        st.tuples(st.just("mark"), st.sampled_from([XBT, ETH]), a_fair_price),
        st.tuples(st.just("bar"), st.sampled_from([XBT, ETH]), a_price),
    ),
    max_size=40,
)


@given(some_events)
def test_equity_is_what_fills_fees_funding_and_marks_come_to(events):
    """Oracle: cash less the values of all fills and their fees, funding, and what each strategy's lots are worth."""
    portfolio = a_portfolio()
    lots, flow, closes, marks = defaultdict(int), defaultdict(int), {}, {}

    for number, (what, symbol, value) in enumerate(events):
        currency = {XBT: "XBT", ETH: "USD"}[symbol]
        said = ()
        if what == "fill":
            strategy, traded, price = value
            portfolio.on_fill(an_execution(number, symbol, strategy, traded, price))
            lots[strategy, symbol] += traded
            flow[symbol] -= worth(symbol, traded, price) + 7
        elif what == "funding":
            portfolio.on_funding_paid(funding([("one", value)], symbol=symbol, ts=MONDAY + number))
            flow[symbol] += value
        elif what == "mark":
            marks[symbol] = value
            said = at_mark(portfolio, value, symbol)
        else:
            closes[symbol] = value
            said = at_bar(portfolio, value, symbol=symbol)
            assert len(said) == 1
        if said:
            mark = marks.get(symbol, closes.get(symbol))
            held = sum(worth(symbol, each, mark) for (_, where), each in lots.items() if where == symbol)
            assert [(each.currency, each.equity_minor) for each in said] == [
                (currency, CASH[currency] + flow[symbol] + held)
            ]


@pytest.mark.parametrize("marked", [False, True])
def test_a_successor_values_what_is_open_at_the_prices_that_were_known(marked):
    """Two symbols of one currency: the bar of one must not say that the other's profit is gone."""
    marks = ((ETH, MINUTE), ("SOLUSD", MINUTE))
    instruments = {ETH: LINEAR, "SOLUSD": an_instrument("SOLUSD")}
    rules = [ShareRule(strategy="one", symbols=(ETH, "SOLUSD"))]
    fill = a_fill(3, price=200.0, symbol=ETH)
    first = Portfolio("main", instruments, rules, marks=marks, cash_minor=CASH)
    first.on_fill(fill)
    first.on_bar(a_bar(110.0, symbol=ETH))
    if marked:
        first.on_mark_price(a_mark(120.005))

    second = Portfolio("main", instruments, rules, marks=marks, cash_minor=CASH, heritage=first.heritage())
    second.on_fill(fill)
    second.warmed_up()

    second.on_bar(a_bar(50.0, symbol="SOLUSD"))
    assert second.on_woke(ALL_MARKED) == equity(12_003 if marked else 6_000, MONDAY + MINUTE)


def test_the_equity_of_several_symbols_is_said_once_an_instant_after_all_of_them():
    """Of every currency, in the order of their first marks. Mark prices and bars of an instant are marks alike."""
    marks = ((ETH, MINUTE), ("SOLUSD", MINUTE), (XBT, MINUTE))
    instruments = {ETH: LINEAR, "SOLUSD": an_instrument("SOLUSD"), XBT: INVERSE}
    portfolio = Portfolio("main", instruments, [], marks=marks, cash_minor=CASH)
    portfolio.on_fill(a_fill(3, price=200.0, symbol=ETH))  # a point of a lot is 2.00, of the other one 1.00
    portfolio.on_fill(a_fill(parts=(("one", -6),), price=100.0, symbol="SOLUSD", execution_id="short"))
    portfolio.on_bar(a_bar(100.0, symbol=ETH))
    portfolio.on_bar(a_bar(100.0, symbol="SOLUSD"))
    assert portfolio.on_woke(ALL_MARKED) == equity(0, MONDAY + MINUTE)

    said = [
        portfolio.on_mark_price(a_mark(80.0, ts=MONDAY + 2 * MINUTE)),
        portfolio.on_bar(a_bar(80.0, symbol="SOLUSD", open_ts=MONDAY + MINUTE)),
        portfolio.on_bar(a_bar(80.0, symbol=XBT, open_ts=MONDAY + MINUTE)),
        portfolio.on_bar(a_bar(90.0, symbol=ETH, open_ts=MONDAY + MINUTE)),
    ]

    assert said == [(WakeAt(MONDAY + 2 * MINUTE, "marked", Step.MARKED),), (), (), ()]
    in_dollars, in_coin = portfolio.on_woke(ALL_MARKED)
    assert (in_dollars,) == equity(0, MONDAY + 2 * MINUTE)
    assert (in_coin.currency, in_coin.equity_minor) == ("XBT", CASH["XBT"])
    assert portfolio.on_woke(ALL_MARKED) == ()
