"""An oracle for money: recomputes a run's books from its written files alone, with fractions. Standard library only.

    python -I ledger_oracle.py RUN_FOLDER

Prints every difference it finds and exits with 1, or prints what it checked and exits with 0. It knows the rules as
docs/conventions.md states them and shares no code with what it judges.
"""

import csv
import json
import sys
import tomllib
from bisect import bisect_right
from collections import Counter, defaultdict
from fractions import Fraction
from pathlib import Path

# -I leaves out the script's own folder.
sys.path.insert(0, str(Path(__file__).parent))

from oracle_books import Book, Contract, closes_of, cumulative, execution_key, grouped, minor, purse, signed, split

VENUE_S_OWN = ("liquidation", "settlement")


class Oracle:
    def __init__(self, folder):
        self.folder, self.problems = folder, []
        self.config = tomllib.loads((folder / "config.toml").read_text("utf-8"), parse_float=Fraction)
        self.contracts = {section["symbol"]: Contract(section) for section in self.config["instruments"]}
        self.summary = json.loads((folder / "summary.json").read_text("utf-8"))
        self.fills, self.ledger = self.rows("fills.csv"), self.rows("ledger.csv")
        self.payments = self.rows("funding.csv") if (folder / "funding.csv").exists() else []
        self.books, self.nets = {}, {}
        self.expected_ledger, self.expected_funding = [], []

    def rows(self, name):
        with (self.folder / name).open(encoding="utf-8", newline="") as stream:
            return list(csv.DictReader(stream))

    def same(self, what, told, expected):
        if told != expected:
            self.problems.append(f"{what}: told {told}, should be {expected}")

    def judge(self):
        self.judge_money()
        columns = ("ts_ns", "account", "strategy", "symbol", "kind", "amount_minor", "ref")
        told = [tuple(row[name] for name in columns) for row in self.ledger]
        self.same("ledger.csv", [row for row in told if row[4] != "funding"], self.expected_ledger)
        paid = [row[:-1] for row in told if row[4] == "funding"]
        self.same("ledger.csv: funding", paid, self.expected_funding)
        self.closes = {section["symbol"]: closes_of(section) for section in self.config["data"] if "file" in section}
        self.judge_summary()
        self.judge_strategies()
        self.judge_trades()
        self.judge_execution_rows()
        self.judge_equity()
        return self.problems

    # Money, as it moved.

    def judge_money(self):
        """Fills in their order; a payment before the first fill after it, where what was held is what it was paid on.

        Within one instant files do not tell which came first, a fill or a payment: what was held does.
        """
        waiting = defaultdict(list)
        for group in grouped(self.payments, lambda row: (row["ts_ns"], row["account"], row["symbol"])):
            waiting[group[0]["account"], group[0]["symbol"]].append(group)
        for group in grouped(self.fills, execution_key):
            key = group[0]["account"], group[0]["symbol"]
            now, due = int(group[0]["ts_ns"]), waiting[key]
            while due and (int(due[0][0]["ts_ns"]) < now or (int(due[0][0]["ts_ns"]) == now and self.holds(due[0]))):
                self.judge_payment(due.pop(0))
            self.judge_execution(group)
        for due in waiting.values():
            for group in due:
                self.judge_payment(group)
        for book in self.books.values():
            assert book.times == sorted(book.times), "fills.csv is not in order of time"
        self.expected_funding.sort(key=lambda entry: int(entry[0]))
        order = {(row["ts_ns"], row["account"], row["symbol"]): number for number, row in enumerate(self.payments)}
        self.expected_funding.sort(key=lambda entry: order[entry[0], entry[1], entry[3]])

    def holds(self, payment):
        where = payment[0]["account"], payment[0]["symbol"]
        held = {key[1]: book.lots for key, book in self.books.items() if (key[0], key[2]) == where and book.lots}
        return held == {row["strategy"]: int(row["lots"]) for row in payment}

    def judge_payment(self, group):
        first = group[0]
        where = f"funding.csv, {first['ts']} of {first['account']} in {first['symbol']}"
        contract = self.contracts[first["symbol"]]
        self.same(f"{where}: what was held", self.holds(group), True)
        price, rate = Fraction(first["mark_price"]), Fraction(first["rate"])
        self.same(
            f"{where}: order of strategies", [row["strategy"] for row in group], sorted(r["strategy"] for r in group)
        )
        parts = cumulative(lambda lots: contract.funding(lots, price, rate), [int(row["lots"]) for row in group])
        for row, amount in zip(group, parts, strict=True):
            self.same(
                f"{where}: {row['strategy']}", (int(row["amount_minor"]), row["currency"]), (amount, contract.currency)
            )
            key = row["account"], row["strategy"], row["symbol"]
            if key in self.books and self.books[key].trades:
                self.books[key].pay(int(row["ts_ns"]), amount)
            if amount:
                self.expected_funding.append((row["ts_ns"], *key, "funding", str(amount)))

    def judge_execution(self, group):
        contract, first = self.contracts[group[0]["symbol"]], group[0]
        lots, price, liquidity = [signed(row) for row in group], Fraction(first["price"]), first["liquidity"]
        weights, total = [abs(each) for each in lots], sum(lots)
        fee = contract.fee(total, price, liquidity)
        if liquidity in VENUE_S_OWN:
            # What offsets within the account is nothing at the venue, and costs nothing.
            held = {key: book.lots for key, book in self.books.items()}
            net = sum(each for key, each in held.items() if (key[0], key[2]) == (first["account"], first["symbol"]))
            fee = fee if self.nets.setdefault((first["account"], first["client_id"]), net) else 0
            values = cumulative(lambda each: contract.value(each, price), lots)
        else:
            values = split(contract.value(total, price), weights)
        self.same(f"fee of {first['execution_id']}", sum(int(row["fee_minor"]) for row in group), fee)
        for row, count, value, part in zip(group, lots, values, split(fee, weights), strict=True):
            self.judge_part(row, count, value, part)

    def judge_part(self, row, lots, value, fee):
        where = f"fills.csv, {row['execution_id']} of {row['strategy']}"
        key = (row["account"], row["strategy"], row["symbol"])
        contract = self.contracts[row["symbol"]]
        book = self.books.setdefault(key, Book(contract))
        cost = book.cost
        gain = book.apply(int(row["ts_ns"]), lots, value, fee)
        self.same(f"{where}: currency", row["currency"], contract.currency)
        self.same(f"{where}: fee_minor", int(row["fee_minor"]), fee)
        self.same(f"{where}: realised_minor", int(row["realised_minor"]), gain)
        self.same(f"{where}: position_lots", int(row["position_lots"]), book.lots)
        if book.lots == 0:
            self.same(f"{where}: profit at flat", book.realised, -book.values)
        if row["liquidity"] in VENUE_S_OWN:
            self.same(f"{where}: what the venue left", book.lots, 0)
        if book.spot:
            self.same(f"{where}: spot that was sold and not held", book.lots < 0, False)
        realised = "settlement" if row["liquidity"] == "settlement" else "realised"
        moved = cost - book.cost if book.spot else 0
        for kind, amount in (("transfer", moved), (realised, gain), ("fee", -fee)):
            if amount:
                self.expected_ledger.append((row["ts_ns"], *key, kind, str(amount), row["execution_id"]))

    # What was made of it.

    def cash_start(self, account, currency):
        own = {each["name"]: each.get("cash") for each in self.config.get("accounts", ())}.get(account)
        return minor((own or self.config["backtest"]["cash"]).get(currency, 0), currency)

    def judge_summary(self):
        internal = Counter()
        for row in self.fills:
            if row["liquidity"] == "internal":
                internal[row["ts_ns"], row["account"], row["symbol"], row["price"]] += signed(row)
        self.same("crossings that do not cancel out", [key for key, lots in internal.items() if lots], [])
        executions = {(row["account"], row["execution_id"]) for row in self.fills if row["liquidity"] != "internal"}
        self.same("summary.json: fills", self.summary["fills"], len(executions))
        gone = {(r["account"], r["execution_id"]) for r in self.fills if r["liquidity"] == "liquidation"}
        self.same("summary.json: liquidations", self.summary["liquidations"], len(gone))
        for name, told in self.summary["currencies"].items():
            where = purse(name)
            amounts = [int(r["amount_minor"]) for r in self.ledger if (r["account"], r["currency"]) == where]
            self.same(f"{name}: cash_start_minor", told["cash_start_minor"], self.cash_start(*where))
            self.same(f"{name}: ledger sum", sum(amounts), told["cash_end_minor"] - told["cash_start_minor"])
            self.same(f"{name}: pnl_minor", told["pnl_minor"], told["equity_end_minor"] - told["cash_start_minor"])

    def judge_strategies(self):
        totals = defaultdict(Counter)
        rows = self.rows("strategies.csv")
        keys = sorted((row["account"], row["strategy"], row["symbol"]) for row in rows)
        self.same("strategies.csv: books", keys, sorted(self.books))
        names = ("fees_minor", "funding_minor", "realised_minor", "unrealised_minor", "pnl_minor")
        for row in rows:
            key = (row["account"], row["strategy"], row["symbol"])
            book, contract = self.books[key], self.contracts[row["symbol"]]
            open_profit = contract.value(book.lots, self.closes[row["symbol"]][1][-1]) - book.cost if book.lots else 0
            profit = book.realised + open_profit - book.fees + book.funding
            expected = (book.fills, book.fees, book.funding, book.realised, open_profit, profit)
            self.same(f"strategies.csv, {key}", tuple(int(row[name]) for name in ("fills", *names)), expected)
            for name in names:
                totals[row["account"], row["currency"]][name] += int(row[name])
        for name, told in self.summary["currencies"].items():
            for figure in set(names) - {"unrealised_minor"}:
                self.same(f"strategies.csv: {figure} in {name}", totals[purse(name)][figure], told[figure])

    def judge_trades(self):
        columns = ("entry_ts_ns", "exit_ts_ns", "lots", "realised_minor", "fees_minor", "funding_minor")
        told, closed = defaultdict(list), defaultdict(list)
        for row in self.rows("trades.csv"):
            entry, leaves, lots, *money = (row[name] for name in columns)
            trade = [int(entry), int(leaves) if leaves else "", int(lots) * (1 if row["side"] == "long" else -1)]
            told[row["account"], row["strategy"], row["symbol"]].append(trade + list(map(int, money)))
        for key, book in self.books.items():
            self.same(f"trades.csv, {key}", told[key], book.trades)
            closed[key[0], self.contracts[key[2]].currency] += [t[3] - t[4] + t[5] for t in book.trades if t[1]]
        for name, figures in self.summary["currencies"].items():
            nets = closed[purse(name)]
            won, lost = (sum(net for net in nets if net * sign > 0) for sign in (1, -1))
            hits = sum(net > 0 for net in nets) / len(nets) if nets else None
            expected = (len(nets), hits, -won / lost if lost else None, sum(nets) / len(nets) if nets else None)
            names = ("trades", "hit_rate", "profit_factor", "average_trade_minor")
            self.same(f"{name}: figures of trades", tuple(figures[each] for each in names), expected)

    def judge_execution_rows(self):
        orders = {(row["account"], row["client_id"]): row for row in self.rows("orders.csv")}
        sums = defaultdict(Counter)
        for order in orders.values():
            place = order["account"], self.contracts[order["symbol"]].currency, order["algorithm"]
            sums[place].update(orders=1, lots_wanted=int(order["lots"]))
        for group in grouped(self.fills, execution_key):
            first, lots = group[0], sum(map(signed, group))
            if first["liquidity"] in VENUE_S_OWN:
                continue
            crossed = first["liquidity"] == "internal"
            order = {"algorithm": "internal"} if crossed else orders[first["account"], first["client_id"]]
            found = sums[first["account"], first["currency"], order["algorithm"]]
            found.update(lots_filled=abs(lots), fees_minor=sum(int(row["fee_minor"]) for row in group))
            found.update(lots_wanted=abs(lots) if crossed else 0)
            if order.get("decision_price"):
                value_at = self.contracts[first["symbol"]].value
                decided = value_at(lots, Fraction(order["decision_price"]))
                found.update(decided=abs(decided), shortfall_minor=value_at(lots, Fraction(first["price"])) - decided)
        for row in self.rows("execution.csv"):
            found = sums[row["account"], row["currency"], row["algorithm"]]
            for name in ("orders", "lots_wanted", "lots_filled", "fees_minor"):
                self.same(f"execution.csv, {row['algorithm']}: {name}", int(row[name]), found[name])
            expected = str(found["shortfall_minor"]) if found["decided"] else ""
            self.same(f"execution.csv, {row['algorithm']}: shortfall", row["shortfall_minor"], expected)

    def judge_equity(self):
        rows = self.rows("equity.csv")
        last, peak, samples = {}, {}, defaultdict(list)
        by_purse = defaultdict(list)
        for key, book in self.books.items():
            by_purse[key[0], self.contracts[key[2]].currency].append((key[2], book))
        for row in rows:
            where, now = (row["account"], row["currency"]), int(row["ts_ns"])
            samples[where].append(now)
            start = cash = int(self.cash_start(*where))
            value = 0
            for symbol, book in by_purse[where]:
                lots, cost, moved = book.at(now)
                cash += moved
                times, prices = self.closes[symbol]
                known = bisect_right(times, now)
                if lots:
                    worth = self.contracts[symbol].value(lots, prices[known - 1]) if known else cost
                    value += worth if book.spot else worth - cost
            told = tuple(int(row[name]) for name in ("cash_minor", "position_value_minor", "equity_minor"))
            self.same(f"equity.csv at {row['ts']} of {where}", told, (cash, value, cash + value))
            peak[where] = max(peak.get(where, start), cash + value)
            fall = (peak[where] - cash - value) / peak[where] if peak[where] > 0 else 0
            if abs(float(row["drawdown"]) - fall) > 1e-12:
                self.problems.append(f"equity.csv at {row['ts']}: drawdown {row['drawdown']}, should be {fall}")
            last[where] = cash + value
        for (account, currency), its in samples.items():
            wanted = {ts for symbol, (times, _) in self.closes.items() for ts in times
                      if self.contracts[symbol].currency == currency}  # fmt: skip
            self.same(f"equity.csv: samples of {account} in {currency}", its, sorted(wanted))
        ends = {purse(name): figures["equity_end_minor"] for name, figures in self.summary["currencies"].items()}
        self.same("equity at the end", ends, last)


if __name__ == "__main__":
    oracle = Oracle(Path(sys.argv[1]))
    found = oracle.judge()
    print(*found[:20], sep="\n")
    print(
        f"{len(found)} problems in {len(oracle.fills)} fills, {len(oracle.payments)} payments, {len(oracle.ledger)} "
        f"entries, {len(oracle.books)} books"
    )
    sys.exit(1 if found else 0)
