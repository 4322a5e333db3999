"""An effective configuration is read back as what it was, and written again as the same bytes."""

import tomllib
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from adapters.configuration import (
    AccountSection,
    BacktestSection,
    Configuration,
    DataSection,
    GeneratedSection,
    InstrumentSection,
    LimitSection,
    LiveSection,
    PortfolioSection,
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

moments = st.sampled_from(["2024-03-29", "2024-03-29T12:00:00+00:00"])
margins = st.decimals(min_value="0.001", max_value=1, places=3)
files = texts.map(lambda text: f"{text}.csv".strip())
"""What is neither a rate nor `none`."""


@st.composite
def hours(draw):
    """Sessions in order, none of which meets another."""
    edges = draw(
        st.lists(st.integers(0, 1439), min_size=2, max_size=6, unique=True).filter(lambda each: len(each) % 2 == 0)
    )
    clocks = [f"{edge // 60:02d}:{edge % 60:02d}" for edge in sorted(edges)]
    return tuple(f"{opens}-{closes}" for opens, closes in zip(clocks[::2], clocks[1::2], strict=True))


@st.composite
def instruments_of_any_kind(draw):
    """An entry whose keys go together."""
    kind = draw(st.sampled_from(["linear", "inverse", "quanto", "spot"]))
    keys = {}
    if kind != "spot":
        keys |= draw(
            st.sampled_from(["leverage", "initial_margin", None]).flatmap(
                lambda key: st.just({}) if key is None else st.fixed_dictionaries(
                    {key: st.decimals(1, 200, places=1) if key == "leverage" else margins}
                )
            )
        )  # fmt: skip
        keys |= draw(st.sampled_from([{}, {"mark_prices": "marks.csv"}]))
        if draw(st.booleans()):
            keys |= draw(
                st.fixed_dictionaries(
                    {"expiry": moments, "settlement_price": st.none() | floats, "settlement_fee": st.none() | rates}
                )
            )
        else:
            keys["funding"] = draw(st.just("none") | rates | files)
            keys["funding_interval"] = draw(st.sampled_from([None, "1h", "8h"]))
            if not isinstance(keys["funding"], str):
                keys["funding_at"] = draw(st.sampled_from([None, "04:00"]))
    if draw(st.booleans()):
        keys["sessions"] = draw(hours())
        keys["sessions_timezone"] = draw(st.sampled_from([None, "UTC", "Asia/Shanghai"]))
        keys["sessions_days"] = draw(st.sampled_from([None, ("mon", "tue"), ("sun",)]))
    return InstrumentSection(
        symbol=draw(symbols),
        kind=kind,
        tick_size=draw(st.none() | numbers),
        lot_size=draw(numbers),
        multiplier=draw(numbers),
        currency=draw(st.none() | st.just("XBT")),
        value_rounding=draw(st.sampled_from(["exact", "per-lot"])),
        maker_fee=draw(rates),
        taker_fee=draw(rates),
        **keys,
    )


sizings = st.one_of(
    st.sampled_from([{}, {"sizing": "fixed"}]),
    st.fixed_dictionaries(
        {"sizing": st.just("risk-parity")},
        optional={
            "target_volatility": floats,
            "volatility_halflife": st.integers(1, 500),
            "scale_min": st.floats(0, 5),
            "rebalance_band": st.floats(0, 0.99),
        },
    ),
    st.fixed_dictionaries({"sizing": st.just("equity-fraction")}, optional={"fraction": floats}),
)
counts = st.none() | st.integers(1, 10**9)
limits = st.builds(
    LimitSection,
    account=st.none() | texts,
    strategy=names,
    symbol=st.none() | symbols,
    order_lots_max=st.integers(1, 10**9),
    position_notional_max=st.none() | numbers,
    orders_per_minute=counts,
)
risks = st.builds(
    RiskSection,
    order_lots_max=counts,
    order_notional_max=st.none() | numbers,
    leverage_max=st.none() | numbers,
    open_orders_max=counts,
    actions=st.none()
    | st.dictionaries(st.sampled_from(["order-rate", "leverage"]), st.sampled_from(["halt", "flatten"])),
    limits=st.lists(limits, max_size=3, unique=True).map(tuple),
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
    execution=st.sampled_from(["market", "chase", {"algorithm": "chase", "seconds": 30.0}]),
    mode=st.sampled_from(["live", "paper"]),
    weight=floats,
    lots=st.none() | st.integers(1, 1000),
)
lives = st.one_of(
    st.builds(LiveSection, account=names, on_stop=st.sampled_from(["cancel", "leave", "flatten"]), paper=st.booleans()),
    st.builds(
        LiveSection,
        venue=st.sampled_from(["bitmex", "bitmex-testnet"]),
        account_id=st.integers(1, 10**9),
        keys=st.none() | texts,
        sync=st.sampled_from(["normal", "full"]),
        netting_window_ms=st.integers(0, 10_000),
        dead_mans_switch_s=st.sampled_from([0, 40, 60, 3600]),
        books=st.none() | st.lists(symbols, min_size=1, max_size=3, unique=True).map(tuple),
        warm_up=st.booleans(),
        watchdog=st.none() | st.just(False),
        watchdog_keys=st.none() | texts.map("its-{}".format),
        watchdog_silence_s=st.integers(3, 3600),
        watchdog_flatten=st.booleans(),
        watchdog_lost=st.sampled_from(["alarm", "halt"]),
    ),
)
configurations = st.builds(
    Configuration,
    instruments=st.lists(instruments_of_any_kind(), max_size=3, unique_by=lambda each: each.symbol).map(tuple),
    data=st.lists(data, max_size=3).map(tuple),
    strategies=st.lists(sections, max_size=3, unique_by=lambda each: each.id).map(tuple),
    accounts=st.lists(
        st.builds(
            lambda name, cash, keys: AccountSection(name=name, cash=cash, **keys),
            texts,
            st.none() | st.dictionaries(st.sampled_from(["XBT", "USD"]), numbers),
            sizings.filter(bool),
        ),
        max_size=2,
        unique_by=lambda each: each.name,
    ).map(tuple),
    portfolio=sizings.map(lambda keys: PortfolioSection(**keys)),
    risk=st.none() | risks,
    backtest=st.builds(
        BacktestSection,
        cash=st.dictionaries(st.sampled_from(["XBT", "USD"]), numbers),
        begin=st.sampled_from([None, "2018-01-01"]),
        warm_up=st.none() | st.booleans(),
        slippage_spread=st.none() | floats,
        volume_cap=st.none() | st.floats(0.001, 1),
    ),
    live=st.none() | lives,
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
