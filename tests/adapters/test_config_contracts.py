"""Margins, funding, expiry, sessions: an instrument's entry is judged whole, and the instrument is what it says."""

import tomllib
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.configuration import InstrumentSection, structured
from adapters.contracts import instrument_from
from messages import Instrument, Kind, Sessions, parse_period

WHOLE_WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def _entry(text: str, kind: str = "linear"):
    raw = f"[[instruments]]\nsymbol = 'A'\nkind = '{kind}'\n{text}"
    return structured(tomllib.loads(raw, parse_float=Decimal))


def _problems(text: str, kind: str = "linear") -> dict[str, str]:
    return {path.removeprefix("instruments[0]."): reason for path, reason in _entry(text, kind)[1]}


def _instrument(text: str, kind: str = "linear") -> Instrument:
    configuration, problems = _entry(f"tick_size = 0.5\ncurrency = 'USD'\n{text}", kind)
    assert problems == []
    made = instrument_from(configuration.instruments[0], problems)
    assert problems == []
    assert made is not None
    return made


def test_leverage_is_another_word_for_the_initial_margin():
    assert _instrument("leverage = 10") == _instrument("initial_margin = 0.1")
    assert _instrument("leverage = 1").initial_margin == 1
    assert _instrument("").initial_margin == 0


def test_a_perpetual_contract_has_an_interval_when_it_has_funding():
    assert _instrument("funding = 0.0001").funding_interval == parse_period("8h")
    assert _instrument("funding = 'rates.csv'\nfunding_interval = '1h'").funding_interval == parse_period("1h")
    assert _instrument("funding_interval = '1h'").funding_interval is None


@pytest.mark.parametrize("written", ["0.0001", "'0.0001'", "1e-4", "' 0.00010 '"])
def test_a_rate_is_a_number_however_it_is_written(written):
    assert _entry(f"funding = {written}")[0].instruments[0].funding == Decimal("0.0001")


def test_what_is_no_rate_is_a_file():
    assert _entry("funding = 'rates.csv'")[0].instruments[0].funding == "rates.csv"


def test_a_dated_contract_settles():
    made = _instrument("expiry = 2024-03-29T12:00:00Z\nsettlement_price = 70000\nsettlement_fee = 0.0005")

    assert (made.expiry, made.settlement_price, made.settlement_fee) == (
        1_711_713_600 * 10**9, 70_000.0, Decimal("0.0005"),
    )  # fmt: skip


def test_sessions_are_hours_of_days_in_a_zone():
    made = _instrument("sessions = ['09:30-11:30', '13:00 - 15:00']\nsessions_timezone = 'Asia/Shanghai'")

    assert made.sessions == Sessions(timezone="Asia/Shanghai", hours=((570, 690), (780, 900)), weekdays=(0, 1, 2, 3, 4))
    assert _instrument("").sessions is None
    assert _instrument("sessions = ['00:00-24:00']").sessions == Sessions(hours=((0, 1440),))


@pytest.mark.parametrize(
    ("days", "meant"),
    [
        ("'mon-fri'", WHOLE_WEEK[:5]),
        ("'sat-mon'", ("mon", "sat", "sun")),
        ("'Wed'", ("wed",)),
        ("['fri', 'mon-tue', 'tue']", ("mon", "tue", "fri")),
        ("'mon-sun'", WHOLE_WEEK),
    ],
)
def test_days_are_ranges_or_lists_of_them(days, meant):
    configuration, problems = _entry(f"sessions = ['09:00-10:00']\nsessions_days = {days}")

    assert problems == []
    assert configuration.instruments[0].sessions_days == meant


@given(st.integers(0, 6), st.integers(0, 6))
def test_a_range_of_days_goes_on_from_its_first_to_its_last(first, last):
    days = f"'{WHOLE_WEEK[first]}-{WHOLE_WEEK[last]}'"

    section = _entry(f"sessions = ['09:00-10:00']\nsessions_days = {days}")[0].instruments[0]

    walked = {first}
    while first != last:
        first = (first + 1) % 7
        walked.add(first)
    assert section.sessions_days == tuple(WHOLE_WEEK[day] for day in sorted(walked))


@pytest.mark.parametrize(
    ("text", "key", "reason"),
    [
        ("leverage = 10\ninitial_margin = 0.1", "leverage", "give one of them"),
        ("leverage = 0.5", "leverage", "must be 1 or above"),
        ("initial_margin = 1.5", "initial_margin", "at most 1"),
        ("initial_margin = 0", "initial_margin", "above 0"),
        ("leverage = 100\nmaintenance_margin = 0.05", "maintenance_margin", "than opening it, 0.01"),
        ("funding = 1.5", "funding", "must be a fraction between"),
        ("funding = true", "funding", "must be 'none', a rate or the name of a file"),
        ("funding = ''", "funding", "must not be empty"),
        ("funding = 'r.csv'\nfunding_at = '04:00'", "funding_at", "a file says its own times"),
        ("funding_at = '04:00'", "funding_at", "belongs to a funding rate"),
        ("funding = 0.1\nfunding_at = '4:00'", "funding_at", "must be a time of day"),
        ("settlement_price = 5", "settlement_price", "belongs to a contract with an expiry"),
        ("settlement_fee = 0.1", "settlement_fee", "belongs to a contract with an expiry"),
        ("expiry = 2024-03-29\nfunding = 0.1", "funding", "an expiry or funding, not both"),
        ("expiry = 2024-03-29\nfunding_interval = '8h'", "funding_interval", "an expiry or funding, not both"),
        ("sessions_timezone = 'UTC'", "sessions_timezone", "belongs to sessions"),
        ("sessions_days = 'mon'", "sessions_days", "belongs to sessions"),
        ("sessions = []", "sessions", "must not be empty"),
        ("sessions = ['9:30-11:30']", "sessions[0]", "must be hours such as 09:30-11:30"),
        ("sessions = ['22:00-02:00']", "sessions[0]", "over midnight is written as two"),
        ("sessions = ['13:00-15:00', '09:30-11:30']", "sessions[1]", "must begin after 13:00-15:00 has ended"),
        ("sessions = ['09:00-10:00']\nsessions_days = 'mno'", "sessions_days", "did you mean mon?"),
        ("sessions = ['09:00-10:00']\nsessions_days = []", "sessions_days", "must not be empty"),
        ("sessions = ['09:00-10:00']\nsessions_timezone = 'Mars'", "sessions_timezone", "is not known"),
        ("expiry = 'soon'", "expiry", "is no time"),
    ],
)
def test_a_mistake_is_named_by_key_and_reason(text, key, reason):
    problems = _problems(text)

    assert list(problems) == [key]
    assert reason in problems[key]


def test_spot_has_nothing_that_belongs_to_contracts_and_all_of_it_is_told_at_once():
    told = {
        "initial_margin": "0.1", "maintenance_margin": "0.05", "leverage": "10", "funding": "0.0001",
        "funding_interval": "'8h'", "funding_at": "'04:00'", "mark_prices": "'m.csv'", "expiry": "2024-01-01",
        "settlement_price": "5", "settlement_fee": "0.1",
    }  # fmt: skip

    problems = _problems("\n".join(f"{key} = {value}" for key, value in told.items()), "spot")

    assert problems.keys() == told.keys()
    assert _problems("maker_fee = 0.001\nlot_size = 0.01", "spot") == {}
    assert _instrument("sessions = ['09:00-10:00']", "spot").kind is Kind.SPOT


def test_a_section_made_of_nothing_but_its_defaults_is_an_instrument_without_any_of_it():
    section = InstrumentSection(symbol="A", tick_size=Decimal(1), currency="USD")

    assert instrument_from(section, []) == Instrument(
        symbol="A", kind=Kind.LINEAR, tick_size=Decimal(1), currency="USD"
    )
