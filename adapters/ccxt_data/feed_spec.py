"""The actors of one exchange's live feed: `feed:NAME`, and `rest:NAME` which asks for it."""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from actors.component import Component
from actors.runtime.slot import ActorKind, ActorSpec
from adapters.ccxt_data.feed import CcxtFeed
from adapters.ccxt_data.public import PublicExchange
from adapters.ccxt_data.worker import CcxtWorker
from messages import NS_PER_SECOND, Period, Symbol, UtcNs


def ccxt_feed_specs(
    name: str,
    exchange: str,
    symbols: Mapping[Symbol, str],
    *,
    clock: Callable[[], UtcNs] = time.time_ns,
    every: Period = 2 * NS_PER_SECOND,
    answer_max: Period = 20 * NS_PER_SECOND,
    quiet_max: Period = 120 * NS_PER_SECOND,
    origin: str | None = None,
) -> Iterable[ActorSpec]:
    """A worker and a feed, in that order: the ones to start beside others, with the routes of a live system.

    `name`: of the feed among others. `exchange`: as ccxt calls it (binance). `symbols`: what the system calls each
    (`BTC/USDT.BINANCE`) -> what ccxt calls it (`BTC/USDT`). `clock`: the run's. `every`, `answer_max`, `quiet_max`: as
    CcxtFeed has them, in ns. `origin`: a server that speaks like the exchange. InputError, before anything is started,
    when ccxt is not installed or does not know the exchange.
    """
    PublicExchange(exchange, origin=origin).close()
    feed, worker = f"feed:{name}", f"rest:{name}"

    def make_feed(heritage: Any) -> Component:
        return CcxtFeed(
            address=feed, worker=worker, markets=symbols, every=every, answer_max=answer_max, quiet_max=quiet_max,
            heritage=heritage,
        )  # fmt: skip

    return (
        ActorSpec(
            address=worker,
            role="rest",
            kind=ActorKind.MARKET,
            factory=lambda _heritage: CcxtWorker(exchange, origin=origin, clock=clock),
        ),
        ActorSpec(address=feed, role="feed", kind=ActorKind.MARKET, factory=make_feed),
    )
