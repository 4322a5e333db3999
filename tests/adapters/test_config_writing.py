"""An effective configuration is read back as what it was, and written again as the same bytes."""

import tomllib
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from adapters.configuration import (
    BacktestSection,
    Configuration,
    DataSection,
    GeneratedSection,
    InstrumentSection,
    LiveSection,
    RiskSection,
    StrategySection,
    structured,
    to_toml,
)

texts = st.text(st.characters(exclude_categories=("Cs",)), min_size=1).filter(str.strip)
numbers = st.decimals(min_value="1e-12", max_value="1e12", allow_nan=False, allow_infinity=False, places=12).filter(
    bool
)
rates = st.decimals(min_value="-0.999", max_value="0.999", places=6)
floats = st.floats(min_value=1e-9, max_value=1e18)
symbols = st.from_regex(r"[A-Z0-9]{1,8}", fullmatch=True)
names = st.from_regex(r"[a-z0-9-]{1,16}", fullmatch=True).filter(lambda name: name != "net")
params = st.dictionaries(
    st.from_regex(r"[a-z_]{1,8}", fullmatch=True),
    st.one_of(st.integers(-(10**12), 10**12), st.floats(allow_nan=False, allow_infinity=False), st.booleans(), st.text(
        st.characters(exclude_categories=("Cs",))
    )),
)  # fmt: skip

instruments = st.builds(
    InstrumentSection,
    symbol=symbols,
    kind=st.sampled_from(["linear", "inverse", "quanto"]),
    tick_size=st.none() | numbers,
    lot_size=numbers,
    multiplier=numbers,
    currency=st.none() | st.just("XBT"),
    value_rounding=st.sampled_from(["exact", "per-lot"]),
    maker_fee=rates,
    taker_fee=rates,
)
data = st.one_of(
    st.builds(DataSection, symbol=symbols, file=texts, stamps=st.sampled_from([None, "start", "end"])),
    st.builds(
        DataSection,
        symbol=symbols,
        generated=st.builds(GeneratedSection, seed=st.integers(0, 99), price=floats, tick_size=st.none() | numbers),
        period=st.sampled_from(["1m", "1h"]),
    ),
)
sections = st.builds(
    StrategySection,
    id=names,
    strategy=texts,
    folder=st.none() | texts,
    symbols=st.none() | st.lists(symbols, min_size=1, max_size=3, unique=True).map(tuple),
    params=params,
    weight=floats,
    lots=st.none() | st.integers(1, 1000),
)
configurations = st.builds(
    Configuration,
    instruments=st.lists(instruments, max_size=3, unique_by=lambda each: each.symbol).map(tuple),
    data=st.lists(data, max_size=3).map(tuple),
    strategies=st.lists(sections, max_size=3, unique_by=lambda each: each.id).map(tuple),
    risk=st.none() | st.builds(RiskSection, order_lots_max=st.none() | st.integers(1, 10**9)),
    backtest=st.builds(
        BacktestSection,
        cash=st.dictionaries(st.sampled_from(["XBT", "USD"]), numbers),
        begin=st.sampled_from([None, "2018-01-01"]),
    ),
    live=st.none() | st.just(LiveSection()),
)


@given(configurations)
def test_what_was_written_is_read_back_and_written_again_the_same(configuration):
    text = to_toml(configuration)

    again, problems = structured(tomllib.loads(text, parse_float=Decimal))

    assert problems == []
    assert again == configuration
    assert to_toml(again) == text


def test_assumed_stamps_stay_assumed_so_that_a_second_run_says_it_too():
    text = to_toml(Configuration(data=(DataSection(symbol="A", file="a.csv"),)))

    assert "stamps" not in tomllib.loads(text)["data"][0]
    assert "# stamps" in text


def test_numbers_are_written_one_way_however_they_came():
    one = InstrumentSection(symbol="A", tick_size=Decimal("0.50"), multiplier=Decimal("1E+2"))
    other = InstrumentSection(symbol="A", tick_size=Decimal("0.5"), multiplier=Decimal(100))

    assert to_toml(Configuration(instruments=(one,))) == to_toml(Configuration(instruments=(other,)))
