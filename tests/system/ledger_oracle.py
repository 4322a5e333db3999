"""An oracle for money: recomputes a run's books from its written files alone, with fractions. Standard library only.

    python -I ledger_oracle.py RUN_FOLDER

Prints every difference it finds and exits with 1, or prints what it checked and exits with 0. It knows the rules as
docs/conventions.md states them and shares no code with what it judges.
"""

import csv
import json
import sys
import tomllib
from collections import defaultdict
from fractions import Fraction
from pathlib import Path

MINOR_DIGITS = {"XBT": 8, "BTC": 8, "ETH": 9, "USDT": 6, "USDC": 6, "JPY": 0}
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


class Contract:
    """One instrument as the configuration states it."""

    def __init__(self, section):
        self.kind, self.currency = section["kind"], section["currency"]
        self.per_lot = section["value_rounding"] == "per-lot"
        digits = MINOR_DIGITS.get(self.currency, 2)
        self.point = Fraction(section["lot_size"]) * Fraction(section["multiplier"]) * 10**digits
        self.fees = {"maker": Fraction(section["maker_fee"]), "taker": Fraction(section["taker_fee"])}

    def _lot(self, price):
        exact = -self.point / price if self.kind == "inverse" else self.point * price
        return Fraction(rounded(exact)) if self.per_lot else exact

    def value(self, lots, price):
        return rounded(lots * self._lot(price))

    def fee(self, lots, price, liquidity):
        return rounded(abs(lots * self._lot(price)) * self.fees[liquidity]) if liquidity in self.fees else 0


class Book:
    """Average cost, and beside it the plain sum of values, which at flat must be minus the profit."""

    def __init__(self):
        self.lots = self.cost = self.realised = self.fees = self.fills = self.values = 0

    def apply(self, lots, value, fee):
        before, after = self.lots, self.lots + lots
        gain = 0
        if before == 0 or (before > 0) == (lots > 0):
            self.cost += value
        elif after == 0 or (after > 0) == (before > 0):
            released = rounded(Fraction(self.cost * abs(lots), abs(before)))
            gain = -value - released
            self.cost -= released
        else:
            closing, opening = split(value, [abs(before), abs(after)])
            gain = -closing - self.cost
            self.cost = opening
        self.lots, self.values = after, self.values + value
        self.realised += gain
        self.fees += fee
        self.fills += 1
        return gain


class Oracle:
    def __init__(self, folder):
        self.folder, self.problems = folder, []
        self.config = tomllib.loads((folder / "config.toml").read_text("utf-8"), parse_float=Fraction)
        self.contracts = {section["symbol"]: Contract(section) for section in self.config["instruments"]}
        self.summary = json.loads((folder / "summary.json").read_text("utf-8"))
        self.fills, self.ledger = self.rows("fills.csv"), self.rows("ledger.csv")
        self.books = defaultdict(Book)
        self.history = defaultdict(list)
        self.expected_ledger = []

    def rows(self, name):
        with (self.folder / name).open(encoding="utf-8", newline="") as stream:
            return list(csv.DictReader(stream))

    def same(self, what, told, expected):
        if told != expected:
            self.problems.append(f"{what}: told {told}, should be {expected}")

    def judge(self):
        for group in self.executions():
            self.judge_execution(group)
        columns = ("ts_ns", "account", "strategy", "symbol", "kind", "amount_minor", "ref")
        told = [tuple(row[name] for name in columns) for row in self.ledger]
        self.same("ledger.csv", told, self.expected_ledger)
        self.closes = {section["symbol"]: closes_of(section) for section in self.config["data"] if "file" in section}
        self.judge_summary()
        self.judge_strategies()
        self.judge_equity()
        return self.problems

    def executions(self):
        """Rows of one execution; the rows of one side of an internal crossing stand together."""
        groups, last = [], None
        for row in self.fills:
            internal = row["liquidity"] == "internal"
            key = (row["ts_ns"], row["symbol"], row["price"], row["side"]) if internal else row["execution_id"]
            if (internal, key) != last:
                groups.append([])
            groups[-1].append(row)
            last = (internal, key)
        return groups

    def judge_execution(self, group):
        contract, first = self.contracts[group[0]["symbol"]], group[0]
        sign = 1 if first["side"] == "buy" else -1
        lots = [int(row["lots"]) for row in group]
        price = Fraction(first["price"])
        value = contract.value(sign * sum(lots), price)
        fee = contract.fee(sum(lots), price, first["liquidity"])
        parts = zip(group, lots, split(value, lots), split(fee, lots), strict=True)
        self.same(f"fee of {first['execution_id']}", sum(int(row["fee_minor"]) for row in group), fee)
        for row, count, value_part, fee_part in parts:
            where = f"fills.csv, {row['execution_id']} of {row['strategy']}"
            key = (row["account"], row["strategy"], row["symbol"])
            book = self.books[key]
            gain = book.apply(sign * count, value_part, fee_part)
            self.same(f"{where}: currency", row["currency"], contract.currency)
            self.same(f"{where}: fee_minor", int(row["fee_minor"]), fee_part)
            self.same(f"{where}: realised_minor", int(row["realised_minor"]), gain)
            self.same(f"{where}: position_lots", int(row["position_lots"]), book.lots)
            if book.lots == 0:
                self.same(f"{where}: profit at flat", book.realised, -book.values)
            self.history[key].append((int(row["ts_ns"]), book.lots, book.cost, book.realised - book.fees))
            for kind, amount in (("realised", gain), ("fee", -fee_part)):
                if amount:
                    self.expected_ledger.append((row["ts_ns"], *key, kind, str(amount), row["execution_id"]))

    def judge_summary(self):
        internal = defaultdict(int)
        for row in self.fills:
            if row["liquidity"] == "internal":
                key = (row["ts_ns"], row["account"], row["symbol"], row["price"])
                internal[key] += int(row["lots"]) * (1 if row["side"] == "buy" else -1)
        self.same("crossings that do not cancel out", [key for key, lots in internal.items() if lots], [])
        executions = {row["execution_id"] for row in self.fills if row["liquidity"] != "internal"}
        self.same("summary.json: fills", self.summary["fills"], len(executions))
        for name, told in self.summary["currencies"].items():
            currency, _, account = name.partition("@")
            where = (currency, account or "main")
            amounts = [int(r["amount_minor"]) for r in self.ledger if (r["currency"], r["account"]) == where]
            start = Fraction(self.config["backtest"]["cash"][currency]) * 10 ** MINOR_DIGITS.get(currency, 2)
            self.same(f"{name}: cash_start_minor", told["cash_start_minor"], start)
            self.same(f"{name}: ledger sum", sum(amounts), told["cash_end_minor"] - told["cash_start_minor"])
            self.same(f"{name}: pnl_minor", told["pnl_minor"], told["equity_end_minor"] - told["cash_start_minor"])

    def judge_strategies(self):
        totals = defaultdict(lambda: [0, 0])
        rows = self.rows("strategies.csv")
        keys = sorted((row["account"], row["strategy"], row["symbol"]) for row in rows)
        self.same("strategies.csv: books", keys, sorted(self.books))
        for row in rows:
            key = (row["account"], row["strategy"], row["symbol"])
            book, contract = self.books[key], self.contracts[row["symbol"]]
            unrealised = contract.value(book.lots, self.closes[row["symbol"]][-1][1]) - book.cost if book.lots else 0
            expected = (book.fills, book.fees, 0, book.realised, unrealised, book.realised + unrealised - book.fees)
            names = ("fills", "fees_minor", "funding_minor", "realised_minor", "unrealised_minor", "pnl_minor")
            self.same(f"strategies.csv, {key}", tuple(int(row[name]) for name in names), expected)
            total = totals[row["currency"]]
            total[0] += int(row["pnl_minor"])
            total[1] += int(row["fees_minor"])
        for currency, (profit, fees) in totals.items():
            told = self.summary["currencies"][currency]
            self.same(f"strategies.csv: totals in {currency}", (profit, fees), (told["pnl_minor"], told["fees_minor"]))

    def judge_equity(self):
        rows = self.rows("equity.csv")
        last, peak = {}, {}
        for row in rows:
            currency, now = row["currency"], int(row["ts_ns"])
            start = self.summary["currencies"][currency]["cash_start_minor"]
            cash, value = start, 0
            for (account, _, symbol), changes in self.history.items():
                contract = self.contracts[symbol]
                state = next((change for change in reversed(changes) if change[0] <= now), None)
                if state is None or contract.currency != currency or account != row["account"]:
                    continue
                cash += state[3]
                close = next((price for ts, price in reversed(self.closes[symbol]) if ts <= now), None)
                if state[1] and close is not None:
                    value += contract.value(state[1], close) - state[2]
            told = tuple(int(row[name]) for name in ("cash_minor", "position_value_minor", "equity_minor"))
            self.same(f"equity.csv at {row['ts']} in {currency}", told, (cash, value, cash + value))
            peak[currency] = max(peak.get(currency, start), cash + value)
            fall = (peak[currency] - cash - value) / peak[currency]
            if abs(float(row["drawdown"]) - fall) > 1e-12:
                self.problems.append(f"equity.csv at {row['ts']}: drawdown {row['drawdown']}, should be {fall}")
            last[currency] = cash + value
        samples = sorted({ts for closes in self.closes.values() for ts, _ in closes})
        self.same("equity.csv: samples", sorted({int(row["ts_ns"]) for row in rows}), samples)
        ends = {currency: figures["equity_end_minor"] for currency, figures in self.summary["currencies"].items()}
        self.same("equity at the end", ends, last)


def closes_of(section):
    """(close time in ns, close) of a file of bars stamped with their starts, in seconds."""
    period = int(section["period"][:-1]) * SECONDS[section["period"][-1]]
    with Path(section["file"]).open(encoding="utf-8", newline="") as stream:
        return [((int(row["timestamp"]) + period) * 10**9, Fraction(row["close"])) for row in csv.DictReader(stream)]


if __name__ == "__main__":
    oracle = Oracle(Path(sys.argv[1]))
    found = oracle.judge()
    print(*found[:20], sep="\n")
    print(
        f"{len(found)} problems in {len(oracle.fills)} fills, {len(oracle.ledger)} entries, {len(oracle.books)} books"
    )
    sys.exit(1 if found else 0)
