"""Feed and worker as a live run has them: on threads, by its routes, at an exchange that comes and goes."""

import time

import pytest

from actors.component import Component
from actors.live_routes import LIVE_ROUTES
from actors.runtime.clocks import WallClock
from actors.runtime.slot import ActorKind, ActorSpec
from actors.runtime.threaded import ThreadedRuntime
from actors.supervisor import ChildSpec, Supervisor
from adapters.ccxt_data.feed_spec import ccxt_feed_specs
from messages import MarketFresh, MarketStale, Tick
from tests.adapters.bitmex.wire_servers import answer
from tests.adapters.ccxt_data.exchanges import Binance, on_port
from tests.builders import SECOND
from tests.waiting import until

pytestmark = pytest.mark.usefixtures("ccxt")
MS = 1_000_000


class Ear(Component):
    """Stands where the tick filter stands."""

    def __init__(self):
        self.heard = []

    def on_tick(self, tick):
        self.heard.append(tick)
        return ()

    on_market_fresh = on_market_stale = on_tick

    def of(self, kind):
        return [each for each in self.heard if isinstance(each, kind)]


def test_a_market_is_heard_lost_and_heard_again():
    exchange, ear = Binance(), Ear()
    with on_port(exchange) as origin:
        specs = [
            *ccxt_feed_specs(
                "binance", "binance", {"BTC/USDT.BINANCE": "BTC/USDT"}, origin=origin, every=SECOND // 10,
                answer_max=SECOND,
            ),
            ActorSpec(address="tick-filter", role="tick-filter", kind=ActorKind.MARKET, factory=lambda _: ear),
        ]  # fmt: skip
        children = [ChildSpec(address=spec.address, kind=spec.kind, account=None, rank=0) for spec in specs]
        runtime = ThreadedRuntime(clock=WallClock(), routes=LIVE_ROUTES)
        runtime.add(
            ActorSpec(
                address="supervisor", role="supervisor", kind=ActorKind.ROOT,
                factory=lambda _: Supervisor(children, seed=1, policy=None),
            )
        )  # fmt: skip
        for spec in specs:
            runtime.add(spec)
        runtime.start()
        try:
            until(lambda: ear.of(MarketFresh))
            exchange.trades.append([time.time_ns() // MS, 100.0, 1.0, "buy", 1])
            until(lambda: ear.of(Tick))

            exchange.faults = [answer(b"<html>", status="503 Busy")] * 1_000
            until(lambda: ear.of(MarketStale))
            exchange.trades.append([time.time_ns() // MS, 101.0, 1.0, "buy", 2])
            exchange.faults = []
            until(lambda: len(ear.of(MarketFresh)) == 2 and len(ear.of(Tick)) == 2)
        finally:
            assert runtime.stop(10) == ()

    assert [tick.price for tick in ear.of(Tick)] == [100.0, 101.0]
    assert "503" in ear.of(MarketStale)[0].reason
