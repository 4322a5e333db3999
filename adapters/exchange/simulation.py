"""A running market: an exchange, its crowds, and the history that it begins with."""

import heapq
import math
from collections.abc import Sequence
from typing import Final

import attrs

from adapters.exchange.contracts import CONTRACTS, EIGHT_HOURS, Contract
from adapters.exchange.crowd import Crowd, PriceSource, Walk
from adapters.exchange.exchange import Exchange
from adapters.exchange.market import Market, next_funding
from adapters.exchange.tape import DAY_MINUTES, Bin
from adapters.exchange.wire import interval, iso, seeded
from adapters.generated import generated_bars
from messages import NS_PER_SECOND, UtcNs

_MINUTE: Final = 60 * NS_PER_SECOND
_PAUSE: Final = NS_PER_SECOND // 8
"""Mean time between two moments in which a crowd does something, on the wall's clock whatever the speed."""
_FILE_PAUSE: Final = NS_PER_SECOND // 2
HISTORY_MINUTES: Final = 3 * DAY_MINUTES
WARM_UP_S: Final = 300
"""So long the crowds trade before anybody is let in, so that there are trades to look back on."""
_UNSEEN: Final = 4
"""While nobody looks they act so much less often: a client should not have to wait for the past."""


@attrs.define(eq=False)
class Simulation:
    """Crowds act in the order of their times; between their acts it is the clients' turn."""

    exchange: Exchange
    crowds: list[Crowd]
    _queue: list[tuple[UtcNs, int]] = attrs.field(factory=list)

    def __attrs_post_init__(self) -> None:
        self._queue = [(crowd.due, number) for number, crowd in enumerate(self.crowds)]
        heapq.heapify(self._queue)

    def step(self, to: UtcNs, acts_max: int) -> bool:
        """Let crowds act up to an instant, at most so often; whether the instant was reached."""
        for _ in range(acts_max):
            due, number = self._queue[0]
            if due > to:
                break
            crowd = self.crowds[number]
            self.exchange.advance(due)
            crowd.act(due)
            heapq.heapreplace(self._queue, (crowd.due, number))
        else:
            return self._queue[0][0] > to
        self.exchange.advance(to)
        return True


def generated_market(
    *,
    seed: int,
    now: UtcNs,
    speed: float = 1.0,
    contracts: Sequence[Contract] = tuple(CONTRACTS.values()),
    history_minutes: int = HISTORY_MINUTES,
    warm_up_s: int = WARM_UP_S,
) -> Simulation:
    """A market of wandering prices with a past: bars of days, trades of minutes. Equal arguments give equal markets."""
    begins = now - round(warm_up_s * max(1.0, speed)) * NS_PER_SECOND
    histories = {contract.symbol: _history(contract, seed, history_minutes, begins) for contract in contracts}
    prices = [
        (contract, histories[contract.symbol][-1].close if history_minutes else contract.price)
        for contract in contracts
    ]
    exchange = Exchange(prices, now=begins, seed=seed)
    exchange.floor.speed = speed
    crowds = []
    for contract, price in prices:
        market, name = exchange.markets[contract.symbol], f"{contract.symbol}:{seed}"
        _remember(market, histories[contract.symbol], begins)
        walk = Walk(price, seeded(f"walk:{name}"))
        crowds.append(
            Crowd(
                exchange=exchange, market=market, source=walk, random=seeded(f"crowd:{name}"),
                pause=round(_UNSEEN * _PAUSE * max(1.0, speed)), due=begins, price=price,
                rung=_rung(contract, speed),
            )
        )  # fmt: skip
    simulation = Simulation(exchange, crowds)
    while not simulation.step(now, 1_000):
        pass
    exchange.changes()
    for crowd in crowds:
        crowd.pause //= _UNSEEN
    return simulation


def market_of(
    contract: Contract, source: PriceSource, price: float, *, seed: int, now: UtcNs, speed: float
) -> Simulation:
    """A market of one contract that goes where a source says."""
    exchange = Exchange([(contract, price)], now=now, seed=seed)
    exchange.floor.speed = speed
    crowd = Crowd(
        exchange=exchange, market=exchange.markets[contract.symbol], source=source,
        random=seeded(f"crowd:{contract.symbol}:{seed}"), pause=round(_FILE_PAUSE * max(1.0, speed)), due=now,
        price=price, rung=contract.rung,
    )  # fmt: skip
    simulation = Simulation(exchange, [crowd])
    simulation.step(now, 1)
    exchange.changes()
    return simulation


def _rung(contract: Contract, speed: float) -> int:
    """Between two acts a walk goes as far as the root of the time that passed."""
    return round(contract.rung * math.sqrt(max(1.0, speed)))


def _history(contract: Contract, seed: int, minutes: int, end: UtcNs) -> list[Bin]:
    """Minutes that nobody saw."""
    if not minutes:
        return []
    bars = generated_bars(
        contract.symbol,
        seed=seed,
        bars=minutes,
        price=contract.price,
        tick_size=float(contract.instrument.tick_size),
        volatility_per_year=0.6,
        start=end - end % _MINUTE - minutes * _MINUTE,
    )
    found: list[Bin] = []
    before = float(bars.open[0])
    for high, low, close, volume in zip(
        bars.high.tolist(), bars.low.tolist(), bars.close.tolist(), bars.volume.tolist(), strict=True
    ):
        lots = max(1, round(volume * contract.clip_lots))
        # The bar before closed elsewhere than this one opened; BitMEX opens at that close.
        done = Bin(open=before, high=high, low=low, close=close, trades=max(1, lots // contract.clip_lots), lots=lots)
        done.last_lots = min(lots, contract.clip_lots)
        done.weighted = lots * (high + low + close) / 3
        found.append(done)
        before = close
    return found


def _remember(market: Market, minutes: list[Bin], begins: UtcNs) -> None:
    end = begins - begins % _MINUTE
    first = end - len(minutes) * _MINUTE
    for number, done in enumerate(minutes, 1):
        done.turnover = abs(market.arithmetic.value_minor(done.lots, done.weighted / done.lots))
        market.tape.keep_minute(first + number * _MINUTE, done)
    paid = next_funding(first)
    while minutes and paid <= begins:
        rate = market.funding_rate
        market.fundings.append(
            {
                "timestamp": iso(paid), "symbol": market.symbol, "fundingInterval": interval(EIGHT_HOURS),
                "fundingRate": rate, "fundingRateDaily": round(rate * 3, 8),
            }
        )  # fmt: skip
        paid += EIGHT_HOURS
