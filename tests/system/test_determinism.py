"""Equal inputs give equal bytes, whatever surrounds the process; and where order is free, no order breaks a promise."""

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest

from actors import Strategy, StrategyEntry, TradingSystem
from actors.strategies import EmaCross, RandomPositions
from adapters.generated import generated_bars, generated_ticks
from adapters.results import result_files
from messages import ApprovedOrder, Fill, HaltTrading, Instrument, Kind, OrderAccepted, SubmitOrder, TradingStateChanged
from tests.builders import MINUTE
from tests.system.commands import ROOT, contents, run_command, run_here
from tests.system.contracts import prepare_accounts, prepare_folder

SURROUNDINGS = [
    {"PYTHONHASHSEED": "0", "TZ": "UTC", "LC_ALL": "C"},
    {"PYTHONHASHSEED": "1", "TZ": "America/St_Johns", "LC_ALL": "de_DE.UTF-8"},
    {"PYTHONHASHSEED": "4242", "TZ": "Asia/Kathmandu", "LC_ALL": "C.UTF-8", "PYTHONUTF8": "0"},
]


FRAIL = '''
from actors import Strategy


class Frail(Strategy):
    """Fails at every fortieth bar, and trades on."""

    def on_bar(self, bar):
        if bar.open_ts // 60_000_000_000 % 40 == 0:
            raise RuntimeError("crashed as told")
        self.target(float(self.random.randint(-1, 1)), bar.symbol)
'''


def _old(folder):
    """Every kind of contract, five strategies in one account."""
    return prepare_folder(folder, bars=150), 0


def _new(folder):
    """Algorithms, three accounts, paper, funding, expiry, a liquidation; sizes that move; and one that fails."""
    prepare_accounts(folder, bars=250)
    (folder / "frail.py").write_text(FRAIL)
    with (folder / "run.toml").open("a") as stream:
        stream.write(
            '\n[[strategies]]\nid = "frail"\nstrategy = "frail.py:Frail"\nsymbols = ["XBTUSD", "DOGEUSDT"]\n'
            'period = "1m"\nlots = 9\naccount = "frail"\nexecution = { algorithm = "chase", seconds = 90 }\n'
            '\n[[accounts]]\nname = "frail"\nsizing = "risk-parity"\ntarget_volatility = 3.0\n'
            'volatility_window = 12\n\n[risk]\ndaily_loss_max = 0.5\n[[risk.limits]]\nstrategy = "dice-b"\n'
            "position_lots_max = 5\n"
        )
    return folder, 3


@pytest.fixture(scope="module", params=[_old, _new])
def runs(request, tmp_path_factory):
    """One configuration, run from three folders in three surroundings: their out folders."""
    base, code = request.param(tmp_path_factory.mktemp("base"))
    folders = [shutil.copytree(base, tmp_path_factory.mktemp("moved") / "here") for _ in SURROUNDINGS]

    def run(number):
        options = ("--config", "run.toml", "--out", "out", "--quiet")
        run_command("backtest", *options, cwd=folders[number], code=code, **SURROUNDINGS[number])
        return folders[number] / "out"

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(run, range(len(folders))))


def test_hash_seed_time_zone_locale_and_folder_do_not_change_a_byte(runs):
    first, *others = [_placeless(contents(out), out) for out in runs]

    assert first["fills.csv"].count(b"\n") > 500
    for other in others:
        assert first.keys() == other.keys()
        assert [name for name in first if first[name] != other[name]] == []


def _placeless(files, out):
    """The effective configuration names its files by absolute paths; everything else knows no folder."""
    place = str(out.parent).encode()
    assert [name for name, content in files.items() if place in content] == ["config.toml"]
    return {name: content.replace(place, b"") for name, content in files.items()}


def test_running_the_written_configuration_again_gives_the_same_bytes(runs, tmp_path):
    code = 3 if b'"frail"' in (runs[0] / "config.toml").read_bytes() else 0
    options = ("--config", runs[0] / "config.toml", "--out", "again", "--quiet")
    run_here("backtest", *options, cwd=tmp_path, code=code)

    assert contents(tmp_path / "again") == contents(runs[0])


def test_a_generated_market_is_the_same_in_every_process(tmp_path):
    (tmp_path / "run.toml").write_text('[[data]]\nsymbol = "XBTUSD"\ngenerated = { seed = 3, count = 1000 }\n')
    options = ("backtest", "--config", "run.toml", "--strategy", "random", "--strategy", "turtle", "--quiet")
    run_command(*options, "--out", "one", cwd=tmp_path, PYTHONHASHSEED="7")
    run_here(*options, "--out", "two", cwd=tmp_path)
    run_here(*options, "--out", "other", "--seed", "2", cwd=tmp_path)

    one, two, other = (contents(tmp_path / name) for name in ("one", "two", "other"))
    assert one == two
    assert one["signals.csv"] != other["signals.csv"]
    assert one["orders.csv"].splitlines()[1].split(b",")[5] != other["orders.csv"].splitlines()[1].split(b",")[5]


# In process.


class Bracket(Strategy):
    """Own orders, timers and marks, so that every road is travelled."""

    def on_bar(self, bar):
        self.wake_in(30, "later")
        if self.random.random() < 0.2:
            self.cancel(symbol=bar.symbol)
            self.buy(1, bar.symbol, stop=bar.close + 10)
            self.sell(1, bar.symbol, limit=bar.close + 15)

    def on_timer(self, name):
        self.mark(f"{name} {self.position('XBTUSD')}", symbol="XBTUSD")


def _system(seed=1, **settings):
    symbols = ("XBTUSD", "ETHUSD")
    feed = [generated_bars("XBTUSD", bars=150), generated_ticks("ETHUSD", ticks=1500, mean_gap_ns=6 * 10**9)]
    strategies = [
        ("dice-a", RandomPositions, symbols, "main"), ("dice-b", RandomPositions, symbols, "main"),
        ("dice-c", RandomPositions, symbols, "second"), ("trend", EmaCross, ("XBTUSD",), "second"),
        ("bracket", Bracket, symbols, "main"),
    ]  # fmt: skip
    entries = [
        StrategyEntry(id=name, strategy=cls, symbols=of, period=MINUTE, account=account, lots=3)
        for name, cls, of, account in strategies
    ]
    instruments = [
        Instrument(symbol=s, kind=Kind.LINEAR, tick_size=Decimal("0.5"), currency="USD", taker_fee=Decimal("0.001"))
        for s in symbols
    ]
    return TradingSystem(feed=feed, strategies=entries, instruments=instruments, seed=seed, **settings)


def _bytes(result):
    return {name: "".join(chunks) for name, chunks in result_files(result).items()}


def test_two_runs_in_one_process_are_the_same():
    one, two = _system().backtest(), _system().backtest()

    assert len(one.fills) > 200
    assert _bytes(one) == _bytes(two)


def test_another_seed_changes_what_is_random():
    one, two = _system(seed=1).backtest(), _system(seed=2).backtest()

    assert [s for s in one.signals if s.strategy == "dice-a"] != [s for s in two.signals if s.strategy == "dice-a"]
    assert {row.client_id[:6] for row in one.orders} != {row.client_id[:6] for row in two.orders}


CRASHED = """
import hashlib, pytest
from actors import executor, portfolio, simulated_venue
from adapters.results import result_files
from tests.system.crashes import crashes
from tests.system.test_crashes import system

patch = pytest.MonkeyPatch()
for owner, name, at in (
    (simulated_venue.SimulatedVenue, "on_bar", 20), (executor.Executor, "on_bar", 31),
    (portfolio.Portfolio, "on_signal", 60), (simulated_venue, "wrong_order", 90),
):
    crashes(patch, owner, name, at=at)
result = system().backtest()
assert len(result.failures) == 4, result.failures
print(len(result.fills), sorted(result.restarts.items()))
text = "".join(chunk for chunks in result_files(result).values() for chunk in chunks)
print(hashlib.sha256(text.encode()).hexdigest())
"""


def test_a_run_in_which_core_and_venue_crash_and_restart_is_the_same_in_every_process():
    def run(seed):
        done = subprocess.run(
            [sys.executable, "-c", CRASHED], cwd=ROOT, check=False, capture_output=True, text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": str(seed)},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    with ThreadPoolExecutor(2) as pool:
        one, two = pool.map(run, (1, 4242))

    assert one == two
    assert "venue@main" in one


def _interleaved(seed):
    """(result, everything heard about orders, in order) of a run whose deliveries are shuffled by a seed."""
    heard = []
    system = _system(schedule_seed=seed)
    for message_class in (SubmitOrder, ApprovedOrder, OrderAccepted, Fill, HaltTrading, TradingStateChanged):
        system.subscribe(message_class, heard.append)
    return system.backtest(), heard


@pytest.mark.parametrize("seeds", [range(6), range(6, 12)], ids=str)
def test_no_interleaving_that_threads_could_produce_breaks_a_promise(seeds):
    for seed in seeds:
        result, heard = _interleaved(seed)

        assert result.failures == ()
        assert result.halted is None
        assert not [message for message in heard if isinstance(message, HaltTrading | TradingStateChanged)]
        assert len(result.fills) > 100
        _positions_equal_the_fold(result)
        _ledger_adds_up(result)
        _no_order_without_approval(heard)


def _positions_equal_the_fold(result):
    folded = {}
    for row in result.fills:
        key = row.account, row.strategy, row.symbol
        folded[key] = folded.get(key, 0) + row.lots
        assert row.position_lots == folded[key]
    assert {(row.account, row.strategy, row.symbol): row.position_lots for row in result.strategies} == folded
    assert len({(row.account, row.execution_id, row.strategy) for row in result.fills}) == len(result.fills)


def _ledger_adds_up(result):
    for summary in result.summaries:
        entries = [entry.amount_minor for entry in result.ledger if entry.account == summary.account]
        assert sum(entries) == summary.cash_end_minor - summary.cash_start_minor
        books = [row.pnl_minor for row in result.strategies if row.account == summary.account]
        assert sum(books) == summary.pnl_minor


def _no_order_without_approval(heard):
    approved = {message.order.client_id for message in heard if isinstance(message, ApprovedOrder)}
    submitted = {message.order.client_id for message in heard if isinstance(message, SubmitOrder)}
    accepted = {message.order.client_id for message in heard if isinstance(message, OrderAccepted)}
    filled = {message.client_id for message in heard if isinstance(message, Fill) and message.liquidity != "internal"}
    assert approved <= submitted
    assert accepted <= approved
    assert filled <= accepted


def test_schedule_seeds_give_different_orders_and_each_its_own_again():
    orders = [[type(message).__name__ for message in _interleaved(seed)[1]] for seed in (1, 2, 3, 1)]

    assert orders[0] != orders[1] or orders[0] != orders[2]
    assert orders[0] == orders[3]
