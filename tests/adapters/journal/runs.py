"""Lives of a run on threads, written down: what tests of restoring and replaying begin with."""

import sqlite3
from contextlib import closing

import attrs

from actors import Strategy, StrategyEntry, TradingSystem
from actors.live_routes import LIVE_ROUTES
from adapters.generated import generated_bars
from adapters.journal import Trace, begin_life, journal_spec, restore, trace_spec, write_given
from tests.builders import MINUTE, MONDAY, an_instrument

SYMBOL = "ETHUSD"
BARS = generated_bars(SYMBOL, bars=120, seed=4, volatility_per_year=3.0)
INSTRUMENT = an_instrument(SYMBOL)


class Dice(Strategy):
    """Wants something else at nearly every bar."""

    def on_bar(self, bar):
        if self.random.random() < 0.6:
            self.target(float(self.random.randint(-3, 3)))


class Placer(Strategy):
    """Places orders of its own, and takes them back."""

    def on_bar(self, bar):
        if self.random.random() < 0.3:
            self.buy(1, limit=bar.close - 5.0)
        elif self.random.random() < 0.3:
            self.sell(1)
        elif self.random.random() < 0.2:
            self.cancel()


class Crasher(Dice):
    """Raises at its twentieth bar, in each incarnation."""

    bars = 0

    def on_bar(self, bar):
        self.bars += 1
        if self.bars == 20:
            raise ValueError("crashed as told")
        super().on_bar(bar)


def entries(*classes, accounts=None):
    return [
        StrategyEntry(
            id=f"{cls.__name__.lower()}-{number}", strategy=cls, symbols=(SYMBOL,), period=MINUTE, lots=2,
            account="main" if accounts is None else accounts[number],
        )
        for number, cls in enumerate(classes)
    ]  # fmt: skip


def a_system(strategies=None, *, feed=BARS, **options):
    return TradingSystem(
        feed=list(feed) if isinstance(feed, tuple) else [feed],
        strategies=entries(Dice, Dice) if strategies is None else strategies, instruments=[INSTRUMENT],
        cash={"USD": 10**9}, live_marks=True, run_id="run000", **options,
    )  # fmt: skip


def live(folder, strategies=None, *, feed=BARS, now=MONDAY, given=None, lift_halt=False, **options):
    """One life on the folder, after the earlier ones: (its number, what it recorded, its set-up).

    `given`: by address, what is heard there first.
    """
    life = begin_life(folder, started=now)
    setup = a_system(strategies, feed=feed, **options).setup
    began = restore(folder, setup, now=now, before_life=life, lift_halt=lift_halt)
    write_given(folder, life, given or {}, {"lift_halt": lift_halt})
    trace = Trace(folder, life=life)
    system = a_system(
        strategies, feed=feed, routes=LIVE_ROUTES, tracer=trace,
        beside=lambda _setup: [journal_spec(folder, life=life), trace_spec(trace)], **options,
    )  # fmt: skip
    system.restore(attrs.evolve(began.restored, kept={**began.restored.kept, **(given or {})}))
    # Not faster, for orders have to meet the market while it is there, on a busy machine too.
    system.start(speed=10_000)
    try:
        assert system.wait_until_idle(60), system.status()
    finally:
        assert system.stop() == ()
        trace.close()
    return life, system.record, system.setup


def changed(file, statement):
    """One of a run's files, as somebody changed it by hand."""
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(statement)
