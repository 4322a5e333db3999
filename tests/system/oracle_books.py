"""What the ledger oracle reckons with: contracts, books, rows of files. Standard library only, fractions throughout."""

import csv
import gzip
from bisect import bisect_right
from datetime import UTC, datetime
from fractions import Fraction
from itertools import pairwise

MINOR_DIGITS = {"XBT": 8, "BTC": 8, "ETH": 9, "USDT": 6, "USDC": 6, "JPY": 0, "KRW": 0}
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def rounded(exact):
    """Half away from zero."""
    whole, rest = divmod(abs(exact), 1)
    whole += rest >= Fraction(1, 2)
    return int(whole if exact >= 0 else -whole)


def split(total, weights):
    """Parts of an amount: the rounded running share, less what was given before."""
    parts, running = [], 0
    for weight in weights:
        running += weight
        parts.append(rounded(Fraction(total * running, sum(weights))) - sum(parts))
    return parts


def cumulative(amount_of, lots):
    """Parts by strategy of what a net position is worth or pays: up to each, less up to the one before."""
    upto, running = [0], 0
    for each in lots:
        running += each
        upto.append(amount_of(running))
    return [after - before for before, after in pairwise(upto)]


def signed(row):
    return int(row["lots"]) * (1 if row["side"] == "buy" else -1)


def minor(amount, currency):
    return Fraction(amount) * 10 ** MINOR_DIGITS.get(currency, 2)


class Contract:
    """One instrument as the configuration states it."""

    def __init__(self, section):
        self.kind, self.currency = section["kind"], section["currency"]
        self.per_lot = section["value_rounding"] == "per-lot"
        self.point = minor(Fraction(section["lot_size"]) * Fraction(section["multiplier"]), self.currency)
        taker = Fraction(section["taker_fee"])
        self.fees = {"maker": Fraction(section["maker_fee"]), "taker": taker, "liquidation": taker}
        self.fees["settlement"] = Fraction(section.get("settlement_fee", 0))

    def _lot(self, price):
        exact = -self.point / price if self.kind == "inverse" else self.point * price
        return Fraction(rounded(exact)) if self.per_lot else exact

    def value(self, lots, price):
        return rounded(lots * self._lot(price))

    def fee(self, lots, price, liquidity):
        return rounded(abs(lots * self._lot(price)) * self.fees.get(liquidity, 0))

    def funding(self, lots, price, rate):
        """What the holder of net `lots` receives: a long pays a rate above zero, whatever the contract."""
        paid = rounded(abs(lots * self._lot(price)) * rate)
        return -paid if lots > 0 else paid


class Book:
    """Average cost, and beside it the plain sum of values, which at flat must be minus the profit."""

    def __init__(self, contract):
        self.spot = contract.kind == "spot"
        self.lots = self.cost = self.realised = self.fees = self.funding = self.fills = self.values = 0
        self.trades, self.history, self.times = [], [], []

    def apply(self, ts, lots, value, fee):
        before, after = self.lots, self.lots + lots
        gain, closing_fee = 0, fee
        if before == 0 or (before > 0) == (lots > 0):
            self.cost, closing_fee = self.cost + value, 0
        elif after == 0 or (after > 0) == (before > 0):
            released = rounded(Fraction(self.cost * abs(lots), abs(before)))
            gain = -value - released
            self.cost -= released
        else:
            (closing, opening), (closing_fee, _) = (split(each, [abs(before), abs(after)]) for each in (value, fee))
            gain = -closing - self.cost
            self.cost = opening
        self.lots, self.values = after, self.values + value
        self.realised += gain
        self.fees += fee
        self.fills += 1
        self._trade(ts, before, after, gain, closing_fee, fee - closing_fee)
        self.note(ts)
        return gain

    def _trade(self, ts, before, after, gain, closing_fee, opening_fee):
        """[entry, exit, most lots, realised, fees, funding] of each round trip."""
        if before:
            now = self.trades[-1]
            now[3], now[4] = now[3] + gain, now[4] + closing_fee
            if before * after <= 0:
                now[1] = ts
        if before * after <= 0 and after:
            self.trades.append([ts, "", 0, 0, 0, 0])
        if after:
            now = self.trades[-1]
            now[2], now[4] = max(now[2], after, key=abs), now[4] + opening_fee

    def pay(self, ts, amount):
        self.funding += amount
        self.trades[-1][5] += amount
        self.note(ts)

    def note(self, ts):
        self.times.append(ts)
        cash = self.realised - self.fees + self.funding - (self.cost if self.spot else 0)
        self.history.append((self.lots, self.cost, cash))

    def at(self, ts):
        """(lots, cost, cash) after everything up to a time."""
        number = bisect_right(self.times, ts)
        return self.history[number - 1] if number else (0, 0, 0)


def purse(name):
    """`XBT@paper:a` is the account paper:a, `XBT` the account main."""
    currency, _, account = name.partition("@")
    return account or "main", currency


def grouped(rows, key):
    """Neighbours of one key."""
    groups, last = [], None
    for row in rows:
        if key(row) != last:
            groups.append([])
        groups[-1].append(row)
        last = key(row)
    return groups


def execution_key(row):
    """Rows of one execution; the rows of one side of an internal crossing stand together."""
    if row["liquidity"] == "internal":
        return row["account"], row["ts_ns"], row["symbol"], row["price"], row["side"]
    return row["account"], row["execution_id"]


def closes_of(section):
    """(close times in ns, closes) of a file of bars stamped with their starts, in seconds or as dates of UTC."""
    period = int(section["period"][:-1]) * SECONDS[section["period"][-1]]
    packed = section["file"].endswith(".gz")
    with (gzip.open if packed else open)(section["file"], "rt", encoding="utf-8", newline="") as stream:
        rows = [((stamp(row["timestamp"]) + period) * 10**9, Fraction(row["close"])) for row in csv.DictReader(stream)]
    return [ts for ts, _ in rows], [close for _, close in rows]


def stamp(text):
    """Seconds since 1970."""
    if text.isdigit():
        return int(text)
    when = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return int((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp())
