"""What was traded: the last trades, quotes, and bars of every size, with the sums of the last 24 hours."""

from collections import deque
from typing import Final

import attrs

from adapters.exchange.contracts import SCALES, Contract
from adapters.exchange.wire import Row, iso, plain
from messages import Kind, Lots, Minor, Period, UtcNs, parse_period

BINS: Final[dict[str, Period]] = {name: parse_period(name) for name in ("1m", "5m", "1h", "1d")}
TRADES_MAX: Final = 20_000
QUOTES_MAX: Final = 5_000
BARS_MAX: Final = 11_000
DAY_MINUTES: Final = 1_440


@attrs.define(kw_only=True, eq=False)
class Bin:
    """A bar that is being traded."""

    open: float
    """The close of the one before, as BitMEX opens its bars."""
    high: float
    low: float
    close: float
    trades: int = 0
    lots: Lots = 0
    last_lots: Lots = 0
    turnover: Minor = 0
    weighted: float = 0.0
    """Sum of lots x price."""

    def add(self, price: float, lots: Lots, value: Minor) -> None:
        """Count a trade."""
        if not self.trades:
            self.high = self.low = price
        self.high, self.low, self.close = max(self.high, price), min(self.low, price), price
        self.trades += 1
        self.lots += lots
        self.last_lots = lots
        self.turnover += value
        self.weighted += lots * price

    def merge(self, later: "Bin") -> None:
        """Count a shorter bar that lies within this one."""
        first = not self.trades
        self.high = later.high if first else max(self.high, later.high)
        self.low = later.low if first else min(self.low, later.low)
        self.open = later.open if first else self.open
        self.close = later.close
        self.trades += later.trades
        self.lots += later.lots
        self.last_lots = later.last_lots
        self.turnover += later.turnover
        self.weighted += later.weighted


class Tape:
    """One symbol's history, oldest first everywhere."""

    def __init__(self, contract: Contract, price: float) -> None:
        self.contract = contract
        self.trades: deque[Row] = deque(maxlen=TRADES_MAX)
        self.quotes: deque[Row] = deque(maxlen=QUOTES_MAX)
        self.bars: dict[str, deque[Row]] = {name: deque(maxlen=BARS_MAX) for name in BINS}
        self.last = price
        self.direction = "ZeroPlusTick"
        self.total_lots: Lots = 0
        self.total_turnover: Minor = 0
        self._minutes: deque[tuple[Lots, Minor, float, float, float]] = deque(maxlen=DAY_MINUTES)
        self._bins = {name: Bin(open=price, high=price, low=price, close=price) for name in BINS}

    def trade(self, at: UtcNs, lots: Lots, price: float, value: Minor, match_id: str) -> Row:
        """A trade of lots with its taker's sign, and its (unsigned) value; returns its row."""
        side, lots = "Buy" if lots > 0 else "Sell", abs(lots)
        if price > self.last:
            self.direction = "PlusTick"
        elif price < self.last:
            self.direction = "MinusTick"
        elif not self.direction.startswith("Zero"):
            self.direction = f"Zero{self.direction}"
        self.last = price
        self.total_lots += lots
        self.total_turnover += value
        for bin_ in self._bins.values():
            bin_.add(price, lots, value)
        home, foreign = notionals(self.contract, lots, price, value)
        row = {
            "timestamp": iso(at), "symbol": self.contract.symbol, "side": side,
            "size": lots * self.contract.lot, "price": plain(price), "tickDirection": self.direction,
            "trdMatchID": match_id, "grossValue": value, "homeNotional": home, "foreignNotional": foreign,
            "trdType": "Regular",
        }  # fmt: skip
        self.trades.append(row)
        return row

    def close_bin(self, name: str, end: UtcNs) -> Row:
        """The bar that ends now; the next one opens at its close. Stamped by its end, as BitMEX stamps bars."""
        done = self._bins[name]
        self._bins[name] = Bin(open=done.close, high=done.close, low=done.close, close=done.close)
        if name == "1m":
            self._minutes.append((done.lots, done.turnover, done.weighted, done.high, done.low))
        return self.keep_bar(name, end, done)

    def keep_bar(self, name: str, end: UtcNs, done: Bin) -> Row:
        """Note a bar that is over; also one from before the exchange began."""
        lot, mean = self.contract.lot, done.weighted / done.lots if done.lots else None
        home, foreign = notionals(self.contract, done.lots, mean or done.close, done.turnover)
        row = {
            "timestamp": iso(end), "symbol": self.contract.symbol, "open": plain(done.open), "high": plain(done.high),
            "low": plain(done.low), "close": plain(done.close), "trades": done.trades, "volume": done.lots * lot,
            "vwap": None if mean is None else plain(round(mean, 4)), "lastSize": done.last_lots * lot or None,
            "turnover": done.turnover, "homeNotional": home, "foreignNotional": foreign,
        }  # fmt: skip
        self.bars[name].append(row)
        return row

    def bar_so_far(self, name: str, end: UtcNs) -> Row:
        """The bar that is being traded, as it stands; it will end at `end`."""
        row = self.keep_bar(name, end, self._bins[name])
        self.bars[name].pop()
        return row

    def keep_minute(self, end: UtcNs, done: Bin) -> None:
        """A minute from before the exchange began; longer bars are made of it."""
        self.keep_bar("1m", end, done)
        self._minutes.append((done.lots, done.turnover, done.weighted, done.high, done.low))
        self.last = done.close
        self.total_lots += done.lots
        self.total_turnover += done.turnover
        for name, longer in self._bins.items():
            if name != "1m":
                longer.merge(done)
                if end % BINS[name] == 0:
                    self.close_bin(name, end)
        self._bins["1m"] = Bin(open=done.close, high=done.close, low=done.close, close=done.close)

    def day(self) -> Row:
        """The `_24h` fields of the instrument's row."""
        running = self._bins["1m"]
        minutes = [*self._minutes, (running.lots, running.turnover, running.weighted, running.high, running.low)]
        lots = sum(minute[0] for minute in minutes)
        turnover = sum(minute[1] for minute in minutes)
        weighted = sum(minute[2] for minute in minutes)
        past = self.bars["1m"]
        before: float = past[max(-DAY_MINUTES, -len(past))]["open"] if past else running.open
        mean = weighted / lots if lots else self.last
        home, foreign = notionals(self.contract, lots, mean, turnover)
        lot = self.contract.lot
        return {
            "totalVolume": self.total_lots * lot, "volume": running.lots * lot, "volume24h": lots * lot,
            "prevTotalTurnover": self.total_turnover - running.turnover, "totalTurnover": self.total_turnover,
            "turnover": running.turnover, "turnover24h": turnover, "homeNotional24h": home,
            "foreignNotional24h": foreign, "prevPrice24h": before, "vwap": plain(round(mean, 4)),
            "highPrice": plain(max(minute[3] for minute in minutes)),
            "lowPrice": plain(min(minute[4] for minute in minutes)), "lastPrice": plain(self.last),
            "lastPriceProtected": plain(self.last), "lastTickDirection": self.direction,
            "lastChangePcnt": round(self.last / before - 1, 4), "prevClosePrice": before,
        }  # fmt: skip


def notionals(contract: Contract, lots: Lots, price: float, value: Minor) -> tuple[float, float]:
    """(home, foreign) of a trade, unsigned.

    Inverse: the value in XBT, and the contracts, which are dollars. Linear: contracts / multiplier of the underlying,
    and that at the price. Quanto: the value in XBT, and the contracts.
    """
    contracts = lots * contract.lot
    if contract.instrument.kind is Kind.LINEAR and contract.position_multiplier:
        home = contracts / contract.position_multiplier
        return home, round(home * price, SCALES[contract.settles])
    return value / 10 ** SCALES[contract.settles], contracts
