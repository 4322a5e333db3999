"""The built-in strategies decide what interface and docstring say: judged by slow recomputations."""

import itertools
from collections import Counter
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.strategies import BUILT_IN
from actors.strategies.rolling import AverageTrueRange, RollingHigh
from actors.strategy import ParameterError, make, parameters_of
from actors.strategy_entry import StrategyEntry
from actors.strategy_host import StrategyHost
from messages import Annotated, Bar, Instrument, Kind, Signal

MINUTE = 60 * 10**9
CASH = 1_000_000_00


def a_tape(seed: int, n: int, *, symbol: str = "A", wildness: float = 0.01, grid: float = 0.0) -> list[Bar]:
    """A random walk in bars; on a coarse grid equal prices are frequent."""
    rng = np.random.default_rng(seed)
    closes = 100 * np.exp(np.cumsum(rng.normal(0, wildness, n)))
    if grid:
        closes = np.maximum(np.round(closes / grid), 1) * grid
    bars, before = [], closes[0]
    for i, close in enumerate(closes.tolist()):
        reach = abs(float(rng.normal(0, wildness))) * close * (0 if grid else 1)
        bars.append(
            Bar(
                symbol=symbol,
                period=MINUTE,
                open_ts=i * MINUTE,
                close_ts=(i + 1) * MINUTE,
                received=(i + 1) * MINUTE,
                open=float(before),
                high=max(float(before), close) + reach,
                low=min(float(before), close) - reach / 2,
                close=close,
                volume=1.0,
            )
        )
        before = close
    return bars


def a_host(
    name: str, *, symbols: tuple[str, ...] = ("A",), kind: Kind = Kind.LINEAR, seed: int = 1, **params: Any
) -> StrategyHost:
    entry = StrategyEntry(id="s", strategy=BUILT_IN[name], symbols=symbols, period=MINUTE, params=params)
    instruments = {
        symbol: Instrument(
            symbol=symbol,
            kind=kind,
            tick_size=Decimal("0.01"),
            multiplier=Decimal("2.5"),
            lot_size=Decimal(2),
            currency="USD",
        )
        for symbol in symbols
    }
    host = StrategyHost(entry, instruments, seed, {"USD": CASH})
    host.on_start()
    return host


def wishes(host: StrategyHost, tape: list[Bar]) -> list[float | None]:
    """The target after each bar, None before the first."""
    held: dict[str, float | None] = {}
    after = []
    for bar in tape:
        for answer in host.on_bar(bar):
            if isinstance(answer, Signal):
                assert answer.symbol == bar.symbol
                held[answer.symbol] = answer.target
        after.append(held.get(bar.symbol))
    return after


def ema_oracle(closes: list[float], fast: int, slow: int) -> list[float | None]:
    """Each average as an explicit weighted sum over all closes so far."""
    values = np.array(closes)

    def average(n: int, k: int) -> float:
        alpha = 2 / (n + 1)
        weights = alpha * (1 - alpha) ** np.arange(k, -1, -1)
        weights[0] = (1 - alpha) ** k
        return float(weights @ values[: k + 1])

    wish: float | None = None
    after = []
    for k in range(len(closes)):
        if k >= slow:
            difference = average(fast, k) - average(slow, k)
            if abs(difference) > 1e-9:
                wish = 1.0 if difference > 0 else -1.0
        after.append(wish)
    return after


@pytest.mark.parametrize(("fast", "slow"), [(10, 50), (1, 2), (3, 20)])
def test_ema_cross_agrees_with_averages_written_out_as_sums(fast, slow):
    tape = a_tape(3, 600)

    assert wishes(a_host("ema-cross", fast=fast, slow=slow), tape) == ema_oracle(
        [bar.close for bar in tape], fast, slow
    )


def test_ema_cross_keeps_silent_on_the_first_slow_bars_and_speaks_on_the_next():
    said = wishes(a_host("ema-cross", fast=2, slow=7), a_tape(1, 50, wildness=0.001))
    first = next(i for i, wish in enumerate(said) if wish is not None)

    assert first == 7


def test_ema_cross_on_a_flat_market_wants_nothing():
    flat = a_tape(1, 100, wildness=0.0)

    assert set(wishes(a_host("ema-cross"), flat)) == {None}


@pytest.mark.parametrize("params", [{"fast": 50}, {"fast": 0}, {"fast": 60, "slow": 60}])
def test_ema_cross_wants_the_fast_average_below_the_slow_one(params):
    with pytest.raises(ParameterError, match="fast must be at least 1 and below slow"):
        make(BUILT_IN["ema-cross"], params)


def turtle_oracle(tape: list[Bar], lots: int | None, kind: Kind = Kind.LINEAR) -> list[int | None]:
    """The rules once more, by slices of the whole tape and with every unit of a trade written down on its own."""
    ranges = [
        bar.high - bar.low
        if i == 0
        else max(bar.high - bar.low, abs(bar.high - tape[i - 1].close), abs(bar.low - tape[i - 1].close))
        for i, bar in enumerate(tape)
    ]
    n = [0.0] * len(tape)
    for i in range(19, len(tape)):
        n[i] = sum(ranges[:20]) / 20 if i == 19 else (19 * n[i - 1] + ranges[i]) / 20
    side, size, step, levels = 0, 0, 0.0, []
    after: list[int | None] = []
    for i, bar in enumerate(tape):
        if i < 20:
            after.append(None)
            continue
        twenty, ten = tape[i - 20 : i], tape[i - 10 : i]
        if side == 1 and (bar.close <= levels[-1] - 2 * step or bar.close < min(b.low for b in ten)):
            side, levels = 0, []
        if side == -1 and (bar.close >= levels[-1] + 2 * step or bar.close > max(b.high for b in ten)):
            side, levels = 0, []
        while side and len(levels) < 4 and side * (bar.close - (levels[0] + side * len(levels) * step / 2)) >= 0:
            levels.append(levels[0] + side * len(levels) * step / 2)
        if not side:
            breaks = (
                1 if bar.close > max(b.high for b in twenty) else -1 if bar.close < min(b.low for b in twenty) else 0
            )
            point = 2 * 2.5 * 100 / (bar.close**2 if kind is Kind.INVERSE else 1)
            size = lots if lots is not None else int(0.01 * CASH // (n[i] * point))
            if breaks and size:
                side, step, levels = breaks, n[i], [bar.close]
        after.append(side * size * len(levels))
    return after


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("lots", "kind"), [(None, Kind.LINEAR), (None, Kind.INVERSE), (3, Kind.LINEAR)])
def test_turtle_agrees_with_the_rules_written_out_over_the_whole_tape(seed, lots, kind):
    tape = a_tape(seed, 1500)
    host = a_host("turtle", kind=kind, **({} if lots is None else {"lots": lots}))

    said = wishes(host, tape)

    assert said == turtle_oracle(tape, lots, kind)
    assert {np.sign(wish) for wish in said if wish is not None} == {-1, 0, 1}


def test_turtle_pyramids_to_four_units_and_no_further():
    tape = a_tape(2, 1500)

    sizes = {abs(wish) for wish in wishes(a_host("turtle", lots=3), tape) if wish is not None}

    assert sizes == {0, 3, 6, 9, 12}


def test_turtle_wants_whole_lots_and_draws_its_stop():
    host, tape = a_host("turtle", lots=1), a_tape(5, 300)

    said = [answer for bar in tape for answer in host.on_bar(bar)]

    assert all(signal.in_lots for signal in said if isinstance(signal, Signal))
    stops = [note.price for note in said if isinstance(note, Annotated) and note.name == "stop"]
    assert None in stops
    assert any(isinstance(price, float) for price in stops)


def test_turtle_says_once_that_its_unit_is_less_than_a_lot():
    entry = StrategyEntry(id="s", strategy=BUILT_IN["turtle"], symbols=("A",), period=MINUTE)
    terms = Instrument(symbol="A", kind=Kind.LINEAR, tick_size=Decimal("0.01"), currency="USD")
    host = StrategyHost(entry, {"A": terms}, 1, {"USD": 100})
    host.on_start()

    said = [answer for bar in a_tape(5, 300) for answer in host.on_bar(bar)]

    notes = [answer.text for answer in said if isinstance(answer, Annotated)]
    assert notes == ["no entry: one unit is less than one lot"]
    assert {answer.target for answer in said if isinstance(answer, Signal)} <= {0.0}


@pytest.mark.parametrize("params", [{"entry_bars": 0}, {"units_max": 0}, {"lots": 0}])
def test_turtle_refuses_sizes_below_one(params):
    with pytest.raises(ParameterError, match="must be at least 1"):
        make(BUILT_IN["turtle"], params)


def test_random_is_short_flat_and_long_a_third_of_the_time_each():
    n = 30_000
    counted = Counter(wishes(a_host("random"), a_tape(1, n, wildness=0.0)))

    assert set(counted) == {-1.0, 0.0, 1.0}
    # Five standard deviations of a binomial with p = 1/3: it fails once in a million seeds.
    assert all(abs(count - n / 3) < 5 * (n * 2 / 9) ** 0.5 for count in counted.values())


def test_random_draws_each_bar_anew():
    said = wishes(a_host("random"), a_tape(1, 9_000, wildness=0.0))

    pairs = Counter(itertools.pairwise(said))
    assert len(pairs) == 9
    assert all(abs(count - 1_000) < 5 * 1_000**0.5 for count in pairs.values())


def test_random_follows_its_seed():
    tape = a_tape(1, 50)

    assert wishes(a_host("random", seed=4), tape) == wishes(a_host("random", seed=4), tape)
    assert wishes(a_host("random", seed=4), tape) != wishes(a_host("random", seed=5), tape)


def test_buy_and_hold_buys_once_at_the_first_close():
    host, tape = a_host("buy-and-hold"), a_tape(1, 50)

    assert [len(host.on_bar(bar)) for bar in tape] == [1] + [0] * 49


@pytest.mark.parametrize("name", ["ema-cross", "turtle", "buy-and-hold"])
def test_symbols_do_not_see_each_other(name):
    one, two = a_tape(7, 400), a_tape(8, 400, symbol="B")
    mixed = [bar for pair in zip(one, two, strict=True) for bar in pair]

    both = wishes(a_host(name, symbols=("A", "B")), mixed)

    assert both[0::2] == wishes(a_host(name), one)
    assert both[1::2] == wishes(a_host(name, symbols=("B",)), two)


def test_every_built_in_lists_its_parameters():
    assert {name: list(parameters_of(cls)) for name, cls in BUILT_IN.items()} == {
        "random": [],
        "ema-cross": ["fast", "slow"],
        "turtle": ["entry_bars", "exit_bars", "atr_bars", "units_max", "lots"],
        "buy-and-hold": [],
    }


@given(values=st.lists(st.integers(0, 9), max_size=60), n=st.integers(1, 12), m=st.integers(1, 12))
@settings(max_examples=60)
def test_the_rolling_high_is_the_maximum_of_the_slice(values, n, m):
    high = RollingHigh(max(n, m))

    for i, value in enumerate(values):
        high.add(float(value))

        assert high.of_last(n) == max(values[max(0, i + 1 - n) : i + 1])
        assert high.of_last(m) == max(values[max(0, i + 1 - m) : i + 1])


def test_the_average_true_range_of_an_example_worked_by_hand():
    """True ranges 2, 4, 6 seed n = 3 with 4; the next, 7, moves it to (2 x 4 + 7) / 3 = 5."""
    atr = AverageTrueRange(3)
    for high, low, close in [(10, 8, 9), (13, 10, 12), (18, 14, 15)]:
        assert atr.value == 0.0
        atr.add(high, low, close)

    assert atr.value == 4.0
    atr.add(10, 8, 9)
    assert atr.value == 5.0
