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


CONTRACTS = (
    Contract("XBTUSD", "inverse", 50_000.0, 0.5, 1, 1, "XBT", "per-lot"),
    Contract("XBTEXACT", "inverse", 7_000.0, 0.5, 10, 1, "XBT", "exact"),
    Contract("DOGEUSDT", "linear", 0.3, 0.0001, 1, 0.0037, "USDT", "per-lot"),
    Contract("IF", "linear", 3_900.0, 0.2, 1, 0.333, "CNY", "exact"),
)
STRATEGIES = (
    ("dice-a", "random", "lots = 7"),
    ("dice-b", "random", "lots = 4\nweight = 1.3"),
    ("dice-c", "random", "lots = 5"),
    ("trend", "ema-cross", "lots = 11\nparams = { fast = 3, slow = 9 }"),
    ("maker", "maker.py:Maker", ""),
)
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


def _write_bars(folder, contract, count):
    bars = generated_bars(
        contract.symbol, seed=9, bars=count, price=contract.price, tick_size=contract.tick, volatility_per_year=4.0
    )
    columns = (bars.open_ts // 10**9, bars.open, bars.high, bars.low, bars.close, bars.volume)
    with (folder / f"{contract.symbol}.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["timestamp", "open", "high", "low", "close", "volume"])
        writer.writerows(zip(*(column.tolist() for column in columns), strict=True))


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

[[data]]
symbol = "{contract.symbol}"
file = "{contract.symbol}.csv"
period = "1m"
stamps = "start"
"""
