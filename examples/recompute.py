"""Recompute a run's money from the files it wrote, with the standard library alone: python recompute.py RUN_DIR

Values, fees, funding and profit follow from lots, prices and rates; nothing is taken from the program but the rows of
`fills.csv` and `funding.csv` and the terms in `config.toml`. Exit code 1 when an account differs by a minor unit.
"""

import csv
import gzip
import json
import sys
import tomllib
from collections import defaultdict
from decimal import Decimal
from fractions import Fraction
from itertools import groupby
from pathlib import Path

DIGITS = {"XBT": 8, "BTC": 8, "ETH": 9, "USDT": 6, "USDC": 6}


def nearest(x):
    """To the nearest integer, halves away from zero."""
    return (abs(x) + Fraction(1, 2)).__floor__() * (1 if x > 0 else -1)


def exact(terms, lots, price):
    """Signed value in minor units: profit is the value sold less the value bought, for every kind."""
    point = Fraction(terms["lot_size"]) * Fraction(terms["multiplier"]) * 10 ** DIGITS.get(terms["currency"], 2)
    one = -point / Fraction(price) if terms["kind"] == "inverse" else point * Fraction(price)
    return lots * (nearest(one) if terms["value_rounding"] == "per-lot" else one)


def last_close(section, end):
    """The last close of a file of bars at or before the run's end, in ns."""
    opened = gzip.open if section["file"].endswith(".gz") else open
    with opened(section["file"], "rt") as file:
        names = next(reader := csv.reader(file))
        last = None
        for row in reader:
            if end <= row[0].replace(" ", "T"):
                break
            last = row[names.index("close")]
    return last


folder = Path(sys.argv[1])
config = tomllib.loads((folder / "config.toml").read_text(), parse_float=Decimal)
summary = json.loads((folder / "summary.json").read_text())
contracts = {each["symbol"]: each for each in config["instruments"]}
# A generated market and a live one left no file of prices: open profit is recomputed where nothing is held at the end.
files = [each for each in config.get("data", []) if "file" in each]
closes = {each["symbol"]: last_close(each, summary["last_ts"][:19]) for each in files}
books = defaultdict(lambda: [0, 0, 0])  # lots, cost, realised, by (account, strategy, symbol)
fees, funding, total = defaultdict(int), defaultdict(int), defaultdict(int)


def execution(row):
    """One execution's rows stand together; so do one side's of a crossing, whose value is split like a fill's."""
    crossing = (row["ts_ns"], row["symbol"], row["side"], row["price"])
    return row["account"], crossing if row["liquidity"] == "internal" else row["execution_id"]


with (folder / "fills.csv").open() as file:
    fills = list(csv.DictReader(file))
# Where strategies held nothing together, the venue had no position to close or settle, and no fee to take.
nets = defaultdict(int)
for row in fills:
    nets[row["account"], row["client_id"]] += int(row["lots"]) * (1 if row["side"] == "buy" else -1)
for _, group in groupby(fills, execution):
    rows = list(group)
    terms, where, kind = (
        contracts[rows[0]["symbol"]],
        (rows[0]["account"], rows[0]["currency"]),
        rows[0]["liquidity"],
    )
    signed = [int(row["lots"]) * (1 if row["side"] == "buy" else -1) for row in rows]
    value = exact(terms, sum(signed), rows[0]["price"])
    rate = {"internal": 0, "maker": terms["maker_fee"], "settlement": terms.get("settlement_fee", 0)}
    closes_all = kind in ("settlement", "liquidation")
    if nets[rows[0]["account"], rows[0]["client_id"]] == 0:
        rate["settlement"] = rate["liquidation"] = 0
    fees[where] += nearest(abs(value) * Fraction(rate.get(kind, terms["taker_fee"])))
    given = running = 0
    for row, lots in zip(rows, signed, strict=True):
        running += lots
        # A close that nobody asked for counts its parts by their own values, an order's parts divide one value.
        upto = exact(terms, running, row["price"]) if closes_all else Fraction(nearest(value) * running, sum(signed))
        part = nearest(upto) - given
        given += part
        book = books[row["account"], row["strategy"], row["symbol"]]
        held, cost, _ = book
        if held * lots >= 0:
            opening, gain = part, 0
        elif abs(lots) <= abs(held):
            opening = -nearest(Fraction(cost * abs(lots), abs(held)))
            gain = -part + opening
        else:
            closing = nearest(Fraction(part * abs(held), abs(lots)))
            opening, gain = part - closing - cost, -closing - cost
        book[:] = held + lots, cost + opening, book[2] + gain
        total[where] += gain
if (folder / "funding.csv").exists():
    with (folder / "funding.csv").open() as file:
        payments = groupby(csv.DictReader(file), lambda row: (row["ts_ns"], row["account"], row["symbol"]))
        for (_, account, symbol), group in payments:
            rows = list(group)
            held = sum(int(row["lots"]) for row in rows)
            value = abs(exact(contracts[symbol], held, rows[0]["mark_price"])) * (1 if held > 0 else -1)
            funding[account, contracts[symbol]["currency"]] -= nearest(value * Fraction(rows[0]["rate"]))

wrong = 0
for name, told in summary["currencies"].items():
    currency, _, account = name.partition("@")
    where = (account or "main", currency)
    held = [
        (symbol, lots, cost)
        for (owner, _, symbol), (lots, cost, _) in books.items()
        if lots and (owner, contracts[symbol]["currency"]) == where
    ]
    # Spot was bought with cash: what is held of it is not there.
    paid = sum(cost for symbol, _, cost in held if contracts[symbol]["kind"] == "spot")
    cash = told["cash_start_minor"] + total[where] - fees[where] + funding[where] - paid
    found = {
        "cash_end_minor": cash, "fees_minor": fees[where], "funding_minor": funding[where],
        "realised_minor": total[where],
    }  # fmt: skip
    if all(symbol in closes for symbol, _, _ in held):
        open_profit = sum(nearest(exact(contracts[symbol], lots, closes[symbol])) - cost for symbol, lots, cost in held)
        found["pnl_minor"] = cash + paid + open_profit - told["cash_start_minor"]
    for key, value in found.items():
        wrong += value != told[key]
        print(f"{name:<24} {key:<16} {value:>20,} {'as told' if value == told[key] else f'TOLD {told[key]:,}'}")
sys.exit(1 if wrong else 0)
