"""The hot loop of single ticks and the slow way are one run, whatever strategies do at whatever falls together."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors import Strategy
from actors.columns import FundingColumns, QuoteColumns, TickColumns
from actors.event_streams import external_columns
from actors.runtime.tick_run import TickRun
from messages import ExternalEvent
from tests.actors.test_tick_run import outcome
from tests.builders import MONDAY, SECOND

GAPS = st.sampled_from([0, 0, 1, 1_000_000, SECOND // 2, 2 * SECOND, 20 * SECOND])
STEPS = st.sampled_from([0.0, 0.0, 0.5, -0.5, 1.0, -1.0, 3.0, -3.0])
ACTS = st.sampled_from(["target", "limit", "stop", "cancel", "market", "timer", "fail", "timer", *[""] * 8])


class Acting(Strategy):
    """Does what a list tells it, one thing at each item that it hears; `heard` is everything, in its order."""

    acts = ()

    def on_start(self):
        self.at = 0

    def on_tick(self, tick):
        self.act(tick, tick.symbol, tick.price)

    def on_quote(self, quote):
        self.act(quote, quote.symbol, quote.bid)

    def on_bar(self, bar):
        self.act(bar, bar.symbol, bar.close)

    def on_timer(self, name):
        self.act(name, name, 100.0)

    def on_event(self, event):
        self.act(event, "XBTUSD", 100.0)

    def act(self, item, symbol, price):
        self.heard.append((self.id, self.now, item, self.position(symbol)))
        act = self.acts[self.at % len(self.acts)]
        self.at += 1
        if act == "target":
            self.target(self.at % 5 - 2, symbol)
        elif act == "limit":
            self.buy(1, symbol, limit=price - 0.5 * (self.at % 4))
        elif act == "stop":
            self.sell(1, symbol, stop=price - 0.5 * (self.at % 4))
        elif act == "cancel":
            self.cancel(symbol=symbol)
        elif act == "market":
            self.sell(2, symbol)
        elif act == "timer":
            self.wake_in((0.0, 0.001, 0.5, 0.001, 20.0)[self.at % 5], symbol)
        elif act == "fail":
            raise ValueError("told to")


class Slow(Acting):
    """Hears bars, and single ticks only while an order of its account looks at them."""

    on_tick, on_quote = Strategy.on_tick, Strategy.on_quote


def a_tape(data, symbol, count):
    received = MONDAY + np.cumsum(data.draw(st.lists(GAPS, min_size=count, max_size=count)))
    price = np.maximum(100.0 + np.cumsum(data.draw(st.lists(STEPS, min_size=count, max_size=count))), 1.0)
    return TickColumns(symbol=symbol, ts=received, received=received, price=price, size=np.ones(count))


@given(data=st.data())
@settings(max_examples=25, deadline=None)
def test_whatever_strategies_do_at_whatever_falls_together(data):
    ticks, others = a_tape(data, "XBTUSD", 60), a_tape(data, "ETHUSD", 40)
    columns = [ticks]
    if data.draw(st.booleans()):
        columns.append(others)
    if data.draw(st.booleans()):
        columns.append(
            QuoteColumns(
                symbol="XBTUSD", ts=ticks.ts, received=ticks.received, bid=ticks.price - 0.5, ask=ticks.price + 0.5,
                bid_size=ticks.size, ask_size=ticks.size,
            )
        )  # fmt: skip
    rates = ticks.received[::13]
    if data.draw(st.booleans()):
        columns.append(FundingColumns(symbol="XBTUSD", ts=rates, received=rates, rate=np.full(len(rates), 0.001)))
    if data.draw(st.booleans()):
        news = [ExternalEvent(source="news", kind="k", ts=0, received=int(at)) for at in ticks.received[::7]]
        columns.append(external_columns("news", news))
    heard = []
    lists = st.lists(ACTS, min_size=1, max_size=12).map(tuple)
    plans = data.draw(st.lists(st.tuples(st.sampled_from([Acting, Slow]), lists), min_size=1, max_size=3))
    strategies = [type(base.__name__, (base,), {"acts": acts, "heard": heard}) for base, acts in plans]
    live_marks = data.draw(st.booleans())

    def run(with_loop):
        heard.clear()
        with pytest.MonkeyPatch.context() as patched:
            if not with_loop:
                patched.setattr(TickRun, "run", lambda run: False)
            return outcome(columns, strategies, live_marks=live_marks), list(heard)

    assert run(with_loop=True) == run(with_loop=False)
