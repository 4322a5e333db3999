"""A generated market is a market: sound bars on the grid, volatility in clusters, ticks that agree with quotes."""

import subprocess
import sys
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.columns import Columns
from adapters.generated import DEFAULT_START, generated_bars, generated_quotes, generated_ticks

MINUTE = 60 * 10**9
BAR_FIELDS = ("open_ts", "close_ts", "open", "high", "low", "close", "volume", "turnover")

markets = st.fixed_dictionaries(
    {
        "seed": st.integers(0, 2**64),
        "price": st.floats(1e-6, 1e6),
        "tick_size": st.sampled_from([0.5, 0.1, 0.2, 0.01, 0.05, 1.0, 25.0, 1e-8]),
        "volatility_per_year": st.floats(0.001, 20.0),
    }
)


def on_grid(prices: np.ndarray, tick_size: float) -> bool:
    """Written out in decimals, as an exchange would read them."""
    return all(Decimal(repr(price)) % Decimal(repr(tick_size)) == 0 for price in prices.tolist())


def same(left: Columns, right: Columns, *names: str) -> bool:
    return all(getattr(left, name).tobytes() == getattr(right, name).tobytes() for name in names)


@settings(max_examples=60, deadline=None)
@given(markets, st.integers(1, 60), st.sampled_from([1, 60, 3600, 86_400]))
def test_bars_are_sound_and_on_the_grid(market, bars, seconds):
    columns = generated_bars("X", bars=bars, period=seconds * 10**9, **market)

    assert len(columns) == bars
    assert columns.open_ts[0] == DEFAULT_START
    assert (columns.close_ts - columns.open_ts == seconds * 10**9).all()
    assert (columns.open_ts[1:] == columns.close_ts[:-1]).all()
    assert (columns.low > 0).all()
    assert (columns.low <= np.minimum(columns.open, columns.close)).all()
    assert (columns.high >= np.maximum(columns.open, columns.close)).all()
    assert (columns.volume >= 1).all()
    vwap = columns.turnover / columns.volume
    assert (vwap >= columns.low * (1 - 1e-12)).all()
    assert (vwap <= columns.high * (1 + 1e-12)).all()
    for name in ("open", "high", "low", "close"):
        assert on_grid(getattr(columns, name), market["tick_size"])


@settings(max_examples=60, deadline=None)
@given(markets, st.integers(1, 60), st.integers(2, 10**10))
def test_every_tick_trades_at_the_quote_before_it(market, ticks, mean_gap_ns):
    trades = generated_ticks("X", ticks=ticks, mean_gap_ns=mean_gap_ns, **market)
    quotes = generated_quotes("X", ticks=ticks, mean_gap_ns=mean_gap_ns, **market)

    assert (quotes.bid < quotes.ask).all()
    assert (quotes.bid > 0).all()
    assert set(trades.aggressor.tolist()) <= {-1, 1}
    assert (trades.price == np.where(trades.aggressor == 1, quotes.ask, quotes.bid)).all()
    merged = np.stack([quotes.received, trades.received], axis=1).ravel()
    assert merged[0] > DEFAULT_START
    assert (np.diff(merged) > 0).all()
    assert (trades.size >= 1).all()
    assert (quotes.bid_size >= 1).all()
    assert (quotes.ask_size >= 1).all()
    assert on_grid(quotes.bid, market["tick_size"])
    assert on_grid(quotes.ask, market["tick_size"])


def test_the_same_seed_gives_the_same_bytes_in_another_process():
    code = (
        "import hashlib; from adapters.generated import generated_bars; b = generated_bars('XBTUSD', seed=7, bars=500);"
        f"print(hashlib.sha256(b''.join(getattr(b, n).tobytes() for n in {BAR_FIELDS!r})).hexdigest())"
    )
    runs = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }

    assert len(runs) == 1


def test_seeds_and_symbols_give_different_markets():
    one = generated_bars("A", seed=1, bars=50)

    assert same(one, generated_bars("A", seed=1, bars=50), *BAR_FIELDS)
    assert not same(one, generated_bars("A", seed=2, bars=50), "close")
    assert not same(one, generated_bars("B", seed=1, bars=50), "close")


def test_volatility_is_what_was_asked_for_and_comes_in_clusters():
    returns = np.diff(np.log(generated_bars("X", bars=200_000, volatility_per_year=0.8, tick_size=0.01).close))
    size = np.abs(returns)

    assert returns.std() * np.sqrt(365.25 * 1440) == pytest.approx(0.8, rel=0.08)
    assert abs(np.corrcoef(returns[1:], returns[:-1])[0, 1]) < 0.02
    assert np.corrcoef(size[1:], size[:-1])[0, 1] > 0.1
    assert np.corrcoef(size[50:], size[:-50])[0, 1] > 0.03
    assert (returns**4).mean() / returns.var() ** 2 > 4


def test_a_bar_opens_near_the_close_before_it():
    columns = generated_bars("X", bars=10_000, tick_size=0.01)

    jumps = np.abs(columns.open[1:] - columns.close[:-1])
    assert jumps.mean() < 0.2 * np.abs(np.diff(columns.close)).mean()
    assert jumps.max() > 0


def test_trades_come_at_the_mean_gap():
    trades = generated_ticks("X", ticks=20_000, mean_gap_ns=250_000_000)

    assert np.diff(trades.ts).mean() == pytest.approx(250_000_000, rel=0.05)


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ({"bars": 0}, "bars"),
        ({"price": 0.0}, "price"),
        ({"tick_size": float("nan")}, "tick_size"),
        ({"volatility_per_year": -1.0}, "volatility_per_year"),
        ({"period": 0}, "period"),
    ],
)
def test_refuses_arguments_out_of_range(arguments, name):
    with pytest.raises(ValueError, match=f"{name} must be above zero"):
        generated_bars("X", **arguments)
