"""A folder with data, a strategy and a configuration of every kind of contract, for runs that are looked at whole."""

import csv
from typing import NamedTuple

from adapters.generated import generated_bars


class Contract(NamedTuple):
    symbol: str
    kind: str
    price: float
    tick: float
    lot: int
    multiplier: float
    currency: str
    rounding: str
    terms: str = ""
    """Further lines of the instrument's section."""


CONTRACTS = (
    Contract("XBTUSD", "inverse", 50_000.0, 0.5, 1, 1, "XBT", "per-lot"),
    Contract("XBTEXACT", "inverse", 7_000.0, 0.5, 10, 1, "XBT", "exact"),
    Contract("DOGEUSDT", "linear", 0.3, 0.0001, 1, 0.0037, "USDT", "per-lot"),
    Contract("IF", "linear", 3_900.0, 0.2, 1, 0.333, "CNY", "exact"),
)
MINUTES_TO_EXPIRY = 200
PERPETUALS = (
    CONTRACTS[0]._replace(terms='funding = 0.0003\nfunding_interval = "15m"\nmark_prices = "marks.csv"'),
    CONTRACTS[2]._replace(terms='funding = -0.0001\nfunding_interval = "1h"'),
    CONTRACTS[3]._replace(
        terms='settlement_fee = 0.0002\nsettlement_price = 3_912.637\nexpiry = "2024-01-01T03:20:00Z"'
    ),
    Contract("COIN", "spot", 25.0, 0.01, 1, 1, "USDT", "exact"),
    Contract("LEVER", "linear", 800.0, 0.1, 1, 1, "EUR", "exact", "leverage = 20\nmaintenance_margin = 0.02"),
)
"""With funding, expiry at minute 200, spot, and a contract on which an account is liquidated.

Marks and the settlement price stand between two ticks.
"""
STRATEGIES = (
    ("dice-a", "random", "lots = 7"),
    ("dice-b", "random", "lots = 4\nweight = 1.3"),
    ("dice-c", "random", "lots = 5"),
    ("trend", "ema-cross", "lots = 11\nparams = { fast = 3, slow = 9 }"),
    ("maker", "maker.py:Maker", ""),
)
EXECUTED = (
    (
        "dice-a",
        "random",
        'symbols = ["XBTUSD", "DOGEUSDT", "IF"]\nlots = 7\nexecution = { algorithm = "twap", minutes = 5 }',
    ),
    ("dice-b", "random", 'symbols = ["XBTUSD", "DOGEUSDT", "IF"]\nlots = 4\nexecution = "opponent"'),
    ("trend", "ema-cross", 'symbols = ["XBTUSD", "IF"]\nlots = 11\nparams = { fast = 3, slow = 9 }'),
    ("saver", "saver.py:Saver", 'symbols = ["COIN"]'),
    ("gambler", "buy-and-hold", 'symbols = ["LEVER"]\nlots = 100\naccount = "casino"'),
    ("paper-dice", "random", 'symbols = ["XBTUSD", "DOGEUSDT"]\nlots = 3\nmode = "paper"'),
)
"""Several algorithms, several accounts, one of them paper."""
SAVER = '''
from actors import Strategy


class Saver(Strategy):
    """Holds a coin, more or less of it, and never less than nothing."""

    def on_bar(self, bar):
        self.target_lots(2 + round(bar.close * 100) % 7)
'''
MAKER = '''
from actors import Strategy


class Maker(Strategy):
    """Rests on both sides, so that fills come from limits and stops as well."""

    def on_bar(self, bar):
        tick = float(self.instrument(bar.symbol).tick_size)
        self.cancel(symbol=bar.symbol)
        if abs(self.position(bar.symbol)) > 20:
            self.target_lots(0, bar.symbol)
            return
        self.buy(3, bar.symbol, limit=self._on_grid(bar.close - 2 * tick, tick))
        self.sell(5, bar.symbol, limit=self._on_grid(bar.close + 3 * tick, tick))
        self.sell(2, bar.symbol, stop=self._on_grid(bar.close - 8 * tick, tick))

    def _on_grid(self, price, tick):
        return round(round(price / tick) * tick, 6)
'''


def prepare_folder(folder, *, fill="next-open", bars=250, seed=1):
    """Write data, strategy and `run.toml`; strategies share orders and cross, with fees, rebates and slippage."""
    text = f'[backtest]\nslippage_ticks = 1\nfill = "{fill}"\nseed = {seed}\n'
    text += "cash = { XBT = 2.5, USDT = 1000, CNY = 50000 }\n"
    for contract in CONTRACTS:
        _write_bars(folder, contract, bars)
        text += _sections(contract)
    for name, strategy, extra in STRATEGIES:
        text += f'\n[[strategies]]\nid = "{name}"\nstrategy = "{strategy}"\nperiod = "1m"\n{extra}\n'
    (folder / "maker.py").write_text(MAKER)
    (folder / "run.toml").write_text(text)
    return folder


def prepare_accounts(folder, *, bars=300):
    """Write a run of `PERPETUALS` by `EXECUTED`: everything that moves money, in three accounts."""
    text = "[backtest]\nhalf_spread_ticks = 1\nseed = 3\ncash = { XBT = 2.5, USDT = 1000, CNY = 50000, EUR = 9000 }\n"
    text += '\n[[accounts]]\nname = "casino"\ncash = { EUR = 4400 }\n'
    for contract in PERPETUALS:
        _write_bars(folder, contract, bars)
        text += _sections(contract)
    _write_marks(folder, PERPETUALS[0])
    for name, strategy, extra in EXECUTED:
        text += f'\n[[strategies]]\nid = "{name}"\nstrategy = "{strategy}"\nperiod = "1m"\n{extra}\n'
    (folder / "saver.py").write_text(SAVER)
    (folder / "run.toml").write_text(text)
    return folder


def _write_bars(folder, contract, count):
    bars = generated_bars(
        contract.symbol, seed=9, bars=count, price=contract.price, tick_size=contract.tick, volatility_per_year=4.0
    )
    columns = (bars.open_ts // 10**9, bars.open, bars.high, bars.low, bars.close, bars.volume)
    with (folder / f"{contract.symbol}.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["timestamp", "open", "high", "low", "close", "volume"])
        writer.writerows(zip(*(column.tolist() for column in columns), strict=True))


def _write_marks(folder, contract):
    """A fair price at each bar's start, with more decimals than the tick has."""
    with (folder / f"{contract.symbol}.csv").open(newline="") as stream:
        rows = [(row["timestamp"], f"{float(row['open']) + 0.0123:.4f}") for row in csv.DictReader(stream)]
    with (folder / "marks.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows([("time", "price"), *rows])


def _sections(contract):
    return f"""
[[instruments]]
symbol = "{contract.symbol}"
kind = "{contract.kind}"
tick_size = {contract.tick}
lot_size = {contract.lot}
multiplier = {contract.multiplier}
currency = "{contract.currency}"
value_rounding = "{contract.rounding}"
maker_fee = -0.00025
taker_fee = 0.00075
{contract.terms}

[[data]]
symbol = "{contract.symbol}"
file = "{contract.symbol}.csv"
period = "1m"
stamps = "start"
"""
