"""The defects q8, q9, q15 and q18 of the system that this one follows: those about orders."""

import re
from decimal import Decimal

import attrs
import pytest

from actors import Strategy, StrategyEntry, TradingSystem
from actors.simulated_venue import SimulatedVenue
from actors.strategies import BuyAndHold, RandomPositions
from actors.venue.matching import Match
from adapters.generated import generated_bars
from messages import (
    Fill,
    Instrument,
    Kind,
    Liquidity,
    OrderRejected,
    Outcome,
    Signal,
    SubmitOrder,
)
from tests.builders import MINUTE

XBTUSD = Instrument(symbol="XBTUSD", kind=Kind.LINEAR, tick_size=Decimal("0.5"), currency="USD")


class _Reluctant(SimulatedVenue):
    """Rejects the first few orders, as an overloaded venue does."""

    rejections = 5

    def on_approved_order(self, approved):
        if self.rejections:
            self.rejections -= 1
            return (OrderRejected(order=approved.order, reason="overload", standing=False, ts=approved.order.ts),)
        return super().on_approved_order(approved)


def _venue(cls):
    return lambda account, instruments: cls(account, instruments, None, dict.fromkeys(instruments, MINUTE))


def test_q8_a_rejected_order_is_tried_again_until_the_target_is_reached():
    system = TradingSystem(
        feed=generated_bars("XBTUSD", bars=30), strategies=[BuyAndHold], instruments=[XBTUSD], venue=_venue(_Reluctant)
    )

    result = system.backtest()

    assert result.refusals == {"overload": 5}
    assert [row.position_lots for row in result.strategies] == [1]
    assert len({row.client_id for row in result.orders}) == 1


class _FillsWhileCancelling(SimulatedVenue):
    """An order that is being cancelled is filled first."""

    def on_approved_cancel(self, cancel):
        resting = self._live[cancel.client_id]
        book = self._books[cancel.symbol]
        return self._fill(book, resting, _match(resting.order.reference_price), cancel.ts)


def _match(price):
    return Match(price, Liquidity.TAKER)


def test_q9_a_fill_under_way_while_cancelling_is_counted_before_the_next_order():
    class ChangesItsMind(Strategy):
        def on_bar_open(self, bar_open):
            # Sent inside the bar, it waits for the close; ten seconds later something else is wanted.
            self.target_lots(5 if self.position() <= 0 else -3)
            self.wake_in(10)

        def on_timer(self, name):
            self.target_lots(2)

    system = TradingSystem(
        feed=generated_bars("XBTUSD", bars=60), strategies=[ChangesItsMind], instruments=[XBTUSD],
        venue=_venue(_FillsWhileCancelling),
    )  # fmt: skip
    said = []
    for message_class in (Signal, Fill, SubmitOrder):
        system.subscribe(message_class, said.append)

    result = system.backtest()

    position, most = 0, 0
    for message in said:
        if isinstance(message, Fill):
            position += message.lots
            most = max(most, abs(position))
    assert most <= 5
    assert sum(row.status == Outcome.FILLED for row in result.orders) > 50
    assert result.strategies[0].position_lots == position == 2
    assert result.halted is None


def test_q15_client_ids_tell_run_owner_and_intent_and_stay_through_retries():
    def ids(cls=SimulatedVenue):
        entries = [
            StrategyEntry(id=name, strategy=RandomPositions, symbols=("XBTUSD",), period=MINUTE)
            for name in ("one", "two")
        ]
        system = TradingSystem(
            feed=generated_bars("XBTUSD", bars=100), strategies=entries, instruments=[XBTUSD], venue=_venue(cls)
        )
        sent = []
        system.subscribe(SubmitOrder, sent.append)
        system.backtest()
        return [submit.order.client_id for submit in sent]

    calm, retried = ids(), ids(_Reluctant)
    assert all(re.fullmatch(r"[0-9a-f]{6}-(one|two|net)-\d+", name) for name in calm)
    assert len(set(calm)) == len(calm) > 50
    assert calm == ids()
    assert retried.count(retried[0]) >= 2


def test_q18_orders_are_sent_for_differences_only():
    bars = generated_bars("XBTUSD", bars=500)

    result = TradingSystem(feed=bars, strategies=[RandomPositions], instruments=[XBTUSD]).backtest()

    position, wished = 0, 0
    fills = {row.ts: row.lots for row in result.fills}
    assert len(fills) == len(result.fills)
    targets = {signal.ts: int(signal.target) for signal in result.signals}
    for ts in bars.close_ts.tolist()[:-1]:
        wished = targets.get(ts, wished)
        assert fills.get(ts, 0) == wished - position
        position = wished
    assert 0 not in fills.values()
    with pytest.raises(ValueError, match="other than zero"):
        attrs.evolve(next(iter(_orders(bars))), lots=0, owners=())


def _orders(bars):
    system = TradingSystem(feed=bars, strategies=[RandomPositions], instruments=[XBTUSD])
    sent = []
    system.subscribe(SubmitOrder, sent.append)
    system.backtest()
    return [submit.order for submit in sent]
