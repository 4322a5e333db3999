"""A live run is told by a file, by its own folder or by nobody, and every mistake is found before anything starts."""

import re
import tomllib
from decimal import Decimal

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.configuration import structured, to_toml
from adapters.contracts import instrument_from
from adapters.errors import InputError
from adapters.exchange.contracts import CONTRACTS
from adapters.limits import risk_limits
from adapters.live.default import default_configuration
from adapters.live.settings import (
    LiveOptions,
    instrument_section,
    live_settings,
    with_instruments,
    write_configuration,
)
from messages import NS_PER_SECOND, Instrument, Kind, Sessions, parse_period

RANDOM = "[[strategies]]\nstrategy = 'random'\nsymbols = ['XBTUSD']\nperiod = '1s'\n"


def _settings(folder, text=None, **options):
    config = None
    if text is not None:
        (folder / "told").mkdir(exist_ok=True)
        config = folder / "told" / "run.toml"
        config.write_text(text, encoding="utf-8")
    return live_settings(LiveOptions(config=config, **options), folder)


def _refused(folder, text, **options):
    with pytest.raises(InputError) as refused:
        _settings(folder, text, **options)
    return str(refused.value)


# Without a configuration.


def test_nobody_says_anything_and_two_strategies_trade_on_loopback(tmp_path):
    settings = _settings(tmp_path)

    assert settings.live.venue == "loopback"
    assert settings.symbols == ("XBTUSD",)
    assert [(entry.id, entry.period) for entry in settings.entries] == [
        ("random", parse_period("1s")),
        ("ema-cross", parse_period("5s")),
    ]


def test_the_default_s_sizes_fit_its_own_limits():
    configuration = default_configuration()
    limits = risk_limits(configuration.risk)

    # From one side to the other: what netting may ask for at once.
    most = 2 * sum(section.lots for section in configuration.strategies)
    assert most <= limits.order_lots_max
    assert most / 2 <= limits.position_lots_max


def test_a_folder_goes_on_with_what_it_was_told(tmp_path):
    first = _settings(tmp_path, seed=9, on_stop="leave")
    write_configuration(tmp_path, first.configuration)

    again = _settings(tmp_path)

    assert again.configuration == first.configuration
    assert (again.live.on_stop, again.configuration.backtest.seed) == ("leave", 9)
    assert again.entries == first.entries


def test_a_file_that_is_told_takes_the_folder_s_place_and_it_is_said(tmp_path):
    write_configuration(tmp_path, _settings(tmp_path).configuration)

    settings = _settings(tmp_path, RANDOM)

    assert [entry.id for entry in settings.entries] == ["random"]
    assert "takes the place" in settings.notes[0]


# A file.


def test_paths_start_from_the_file_s_folder(tmp_path):
    text = RANDOM + "[live]\nvenue = 'bitmex-testnet'\nkeys = 'my.keys'\n[risk]\n"

    assert _settings(tmp_path, text).live.keys == str(tmp_path / "told" / "my.keys")


def test_a_real_venue_without_a_risk_section_is_refused(tmp_path):
    text = RANDOM + "[live]\nvenue = 'bitmex-testnet'\n"

    assert "[risk]" in _refused(tmp_path, text)
    assert _settings(tmp_path, text + "[risk]\n").live.venue == "bitmex-testnet"
    # On paper nothing of it reaches the venue.
    assert _settings(tmp_path, text, paper=True).live.paper


def test_real_money_needs_the_account_s_number(tmp_path):
    text = RANDOM + "[risk]\n[live]\nvenue = 'bitmex'\n"

    assert "live.account_id: must be given" in _refused(tmp_path, text)
    assert _settings(tmp_path, text + "account_id = 7\n").live.account_id == 7
    assert "live.account_id: must be given" in _refused(tmp_path, RANDOM + "[risk]\n", venue="bitmex")


@pytest.mark.parametrize(
    ("keys", "key", "reason"),
    [
        ("watchdog = true", "watchdog_keys", "must be given"),
        ("keys = 'my.keys'\nwatchdog_keys = 'my.keys'", "watchdog_keys", "the same as keys"),
        ("watchdog_keys = 'its.keys'\nwatchdog_restart = 'once'", "watchdog_restart", "keys in a file"),
    ],
)
def test_a_watchdog_at_a_real_venue_needs_keys_of_its_own(tmp_path, keys, key, reason):
    text = f"{RANDOM}[risk]\n[live]\nvenue = 'bitmex-testnet'\n"

    assert f"live.{key}: " in (said := _refused(tmp_path, text + keys + "\n"))
    assert reason in said


def test_a_watchdog_s_keys_stand_beside_the_file_too(tmp_path):
    keys = "keys = 'my.keys'\nwatchdog = true\nwatchdog_keys = 'its.keys'\nwatchdog_restart = 'once'\n"
    text = f"{RANDOM}[risk]\n[live]\nvenue = 'bitmex-testnet'\n{keys}"

    live = _settings(tmp_path, text).live

    assert live.watchdog_keys == str(tmp_path / "told" / "its.keys")
    # On paper nobody is watched, and that is no mistake.
    assert _settings(tmp_path, text.replace("watchdog_keys = 'its.keys'", "paper = true")).live.paper


def test_every_mistake_is_told_at_once(tmp_path):
    text = RANDOM + "params = { speed = 3 }\n[live]\nvenue = 'kraken'\npaper = 1\non_stopp = 'leave'\n"

    said = _refused(tmp_path, text, on_stop="burn")

    for word in ("speed", "live.venue", "live.paper", "live.on_stopp", "did you mean on_stop", "--on-stop"):
        assert word in said
    assert len(said.splitlines()) == len(set(said.splitlines()))


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("[[strategies]]\nstrategy = 'random'\n", "strategies[0].symbols"),
        (RANDOM + "account = 'other'\n", "strategies[0].account"),
        (RANDOM + "[live]\nbooks = ['ETHUSD']\n", "live.books[0]"),
        ("[risk]\n", "strategies"),
    ],
)
def test_what_cannot_be_traded_is_refused_by_its_key(tmp_path, text, key):
    assert f": {key}: " in f": {_refused(tmp_path, text).split('run.toml: ')[1]}"


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("dead_mans_switch_s", "39", "0 (off) or from 40"),
        ("dead_mans_switch_s", "true", "whole number"),
        ("account", "'Main account'", "no name of an account"),
        ("account_id", "0", "at least 1"),
        ("keys", "'my.keys'", "loopback"),
        ("netting_window_ms", "-1", "zero or above"),
        ("sync", "'off'", "normal or full"),
        ("books", "[]", "empty"),
        ("warm_up", "'yes'", "true or false"),
        ("watchdog", "1", "true or false"),
        ("watchdog_silence_s", "2", "from 3 to 3600"),
        ("watchdog_keys", "'my.keys'", "loopback"),
        ("watchdog_restart", "'always'", "never or once"),
        ("watchdog_lost", "'die'", "alarm or halt"),
    ],
)
def test_each_key_of_live_is_judged(tmp_path, key, value, reason):
    said = _refused(tmp_path, f"{RANDOM}[live]\n{key} = {value}\n")

    assert f"live.{key}: " in said
    assert reason in said


# What is kept of the market.


def test_everything_is_recorded_into_the_runs_own_folder_where_nobody_says_otherwise(tmp_path):
    told = _settings(tmp_path).recording

    assert (told.enabled, told.store, told.kinds, told.l2) == (True, None, None, None)
    assert (told.batch_ms, told.on_failure) == (100, "trade")


def test_the_command_line_says_where_or_that_nothing_is_recorded(tmp_path):
    text = RANDOM + "[recording]\nstore = 'kept'\nenabled = false\n"

    assert _settings(tmp_path, text).recording.store == str(tmp_path / "told" / "kept")
    into = _settings(tmp_path, text, record=tmp_path / "other").recording
    assert (into.enabled, into.store) == (True, str(tmp_path / "other"))
    assert not _settings(tmp_path, RANDOM, no_record=True).recording.enabled
    assert "--no-record: says the opposite of --record" in _refused(tmp_path, RANDOM, no_record=True, record=tmp_path)


def test_what_is_recorded_is_written_down_and_read_again(tmp_path):
    text = RANDOM + "[recording]\nkinds = ['ticks', 'l2']\nl2 = ['XBTUSD']\nbatch_ms = 50\non_failure = 'halt'\n"
    settings = _settings(tmp_path, text)
    write_configuration(tmp_path, settings.configuration)

    assert _settings(tmp_path).recording == settings.recording
    assert (settings.recording.kinds, settings.recording.on_failure) == (("ticks", "l2"), "halt")


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("kinds[1]", "['ticks', 'trades']", "there is no kind 'trades'; there are ticks, quotes"),
        ("l2[0]", "['ETHUSD']", "no strategy trades 'ETHUSD'"),
        ("batch_ms", "0", "at least 1"),
        ("on_failure", "'stop'", "trade or halt"),
        ("enabled", "1", "true or false"),
    ],
)
def test_each_key_of_recording_is_judged(tmp_path, key, value, reason):
    said = _refused(tmp_path, f"{RANDOM}[recording]\n{key.partition('[')[0]} = {value}\n")

    assert f"recording.{key}: " in said
    assert reason in said


# What it is for a backtest.


def test_a_lost_day_halts_live_until_somebody_says_otherwise(tmp_path):
    text = RANDOM + "[risk]\ndaily_loss_max = 0.05\n"
    backtest, _ = structured({"risk": {"daily_loss_max": Decimal("0.05")}})

    live = _settings(tmp_path, text).configuration.risk
    told = _settings(tmp_path, text + "daily_loss_action = 'until-next-day'\n").configuration.risk

    assert risk_limits(backtest.risk).daily_loss_action == "until-next-day"
    assert risk_limits(live).daily_loss_action == "halt"
    assert risk_limits(told).daily_loss_action == "until-next-day"
    assert _settings(tmp_path).configuration.risk.daily_loss_action == "halt"


def test_no_secret_can_stand_in_what_is_written():
    text = to_toml(default_configuration())

    assert not re.search("secret|api.?key", text, re.IGNORECASE)


instruments = st.one_of(
    st.sampled_from([contract.instrument for contract in CONTRACTS.values()]),
    st.builds(
        Instrument,
        symbol=st.just("XBTH27"),
        kind=st.sampled_from([Kind.INVERSE, Kind.LINEAR, Kind.QUANTO]),
        tick_size=st.sampled_from([Decimal("0.5"), Decimal(1)]),
        currency=st.just("XBT"),
        expiry=st.integers(1_700_000_000, 1_900_000_000).map(lambda seconds: seconds * NS_PER_SECOND),
        settlement_price=st.none() | st.just(50_000.5),
        settlement_fee=st.sampled_from([Decimal(0), Decimal("0.0005")]),
        maintenance_margin=st.sampled_from([Decimal(0), Decimal("0.01")]),
        sessions=st.none() | st.just(Sessions(timezone="UTC", hours=((0, 60), (90, 1440)), weekdays=(0, 6))),
    ),
    st.builds(
        Instrument, symbol=st.just("XBT_USDT"), kind=st.just(Kind.SPOT), tick_size=st.just(Decimal("0.5")),
        lot_size=st.just(Decimal("0.001")), currency=st.just("USDT"),
    ),
)  # fmt: skip


@given(instruments)
def test_a_contract_that_was_written_is_read_back_but_for_its_funding(instrument):
    written = to_toml(with_instruments(default_configuration(), (instrument,)))

    configuration, problems = structured(tomllib.loads(written, parse_float=Decimal))
    (section,) = configuration.instruments
    again = instrument_from(section, problems)

    assert problems == []
    assert section == instrument_section(instrument)
    assert again == attrs.evolve(instrument, funding_interval=None)
