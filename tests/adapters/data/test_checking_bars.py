"""A check of bars finds each fault, says where, and calls nothing a fault that is a market's way."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.data.gaps import MissingBars
from messages import NS_PER_DAY
from tests.adapters.data.data_builders import (
    MINUTE,
    NEW_YEAR,
    SHARED,
    a_file,
    bar_columns,
    bar_text,
    checked,
    findings,
)

CALM = [10.0, 10.1, 10.0, 9.9, 10.0, 10.1, 10.2, 10.1, 10.0, 10.1]


def faults(*chunks, **settings):
    return {code for code, finding in findings("bars-1m", *chunks, **settings).items() if not finding.is_note}


def changed(**changes):
    """Calm bars, of which one row has other values."""
    bars = bar_columns(CALM)
    for name, value in changes.items():
        bars[name][4] = value
    return bars


def test_sound_bars_have_no_fault():
    assert findings("bars-1m", bar_columns(CALM)) == {}


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("high-below-low", {"high": 9.0, "low": 9.5}),
        ("close-outside", {"high": 9.95}),
        ("open-outside", {"open": 12.0}),
        ("values", {"close": 0.0, "low": 0.0}),
        ("values", {"volume": -1.0}),
        ("values", {"open": np.nan}),
        ("vwap-outside", {"turnover": 11.0}),
        ("time-back", {"open_ts": NEW_YEAR}),
        ("duplicates", {"open_ts": NEW_YEAR + 3 * MINUTE}),
        ("jumps", {"close": 12.0, "high": 12.0}),
        ("values", {"turnover": -1.0}),
        ("spikes", {"high": 12.0}),
        ("spikes", {"low": 8.0}),
        ("received-early", {"received": NEW_YEAR + 4 * MINUTE + 1}),
    ],
)
def test_each_fault_is_found_in_its_row(code, changes):
    found = findings("bars-1m", changed(**changes))

    assert not found[code].is_note
    assert found[code].count == (2 if code == "jumps" else 1)
    assert found[code].examples[0].ts == int(changed(**changes)["open_ts"][4])


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("received-late", {"received": NEW_YEAR + 6 * MINUTE + 1}),
        ("turnover-apart", {"turnover": 0.0}),
        ("turnover-apart", {"volume": 0.0, "turnover": 11.0}),
    ],
)
def test_what_may_have_its_reason_is_a_note(code, changes):
    found = findings("bars-1m", changed(**changes))

    assert found[code].is_note
    assert found[code].count == 1
    assert found[code].examples[0].ts == NEW_YEAR + 4 * MINUTE


@pytest.mark.parametrize("rows", [1, 2, 3, 7])
def test_chunks_of_any_size_find_the_same(rows):
    minutes = [0, 1, 2, 2, 4, 5, 9, 8, 9, 10, *range(11, 23)]
    volumes = [0, 0, 0, 1, 0, 0, 1] + [0] * 15
    bars = bar_columns([*CALM, 14.0, 14.1, *CALM], minutes=minutes, volume=volumes)
    bars["open"][3] = 99
    chunks = [{name: array[i : i + rows] for name, array in bars.items()} for i in range(0, len(CALM) * 2 + 2, rows)]

    whole, apart = findings("bars-1m", bars), findings("bars-1m", *chunks)

    assert {"time-back", "duplicates", "missing-bars", "jumps", "no-volume", "open-outside"} <= whole.keys()
    assert apart == whole


def test_an_open_at_the_previous_close_is_a_convention_and_no_fault():
    bars = bar_columns(CALM)
    bars["low"][6] = bars["high"][6] = bars["close"][6]

    found = findings("bars-1m", bars)

    assert found["open-at-previous-close"].count == 1
    assert found["open-at-previous-close"].is_note
    assert faults(bars) == set()


def test_a_turnover_that_lacks_its_multiplier_is_told_as_such():
    bars = bar_columns(CALM)
    bars["turnover"] = bars["close"] * bars["volume"] * 300

    assert "about 300 x price x volume" in findings("bars-1m", bars)["vwap-outside"].meaning


def test_bars_without_volume_are_counted_with_their_runs():
    flat = bar_columns([10.0] * 8, volume=[1, 0, 0, 0, 1, 0, 1, 0])

    found = findings("bars-1m", flat)["no-volume"]

    assert found.count == 5
    assert "5 bars without volume (5 of them flat) in 3 runs, the longest 3" in found.text
    assert found.examples[0].ts == NEW_YEAR + MINUTE
    assert "no-volume" not in findings("bars-1m", bar_columns([10.0] * 8, volume=[1, 0, 1, 0, 1, 1, 1, 1]))


def test_a_jump_is_more_than_the_fraction_told():
    bars = bar_columns([*CALM, 11.5, *CALM])

    assert "jumps" not in faults(bars, jump=0.2)
    assert "jumps" in faults(bars, jump=0.1)


def test_what_a_wild_market_does_every_day_is_no_jump():
    wild = 10 * np.cumprod(np.resize([1.2, 0.8], 30))

    assert "jumps" not in faults(bar_columns(wild))


def test_a_gap_is_found_with_its_length():
    bars = bar_columns(CALM, minutes=[0, 1, 2, 5, 6, 7, 8, 20, 21, 22])

    found = findings("bars-1m", bars)["missing-bars"]

    assert found.count == 2 + 11
    assert "13 bars missing in 2 gaps, the longest 11 (0:11:00)" in found.text
    assert [each.ts for each in found.examples] == [NEW_YEAR + 3 * MINUTE, NEW_YEAR + 9 * MINUTE]


@given(st.sets(st.integers(1, 400), max_size=60))
def test_of_a_market_that_never_closes_each_bar_that_was_taken_away_is_missing(away):
    minutes = np.array([minute for minute in range(402) if minute not in away])
    bars = MissingBars(MINUTE)
    for part in np.array_split(NEW_YEAR + minutes * MINUTE, 3):
        bars.add(part)

    assert bars.total()[0] == len(away)


def sessions(days=30, *, hours=((9 * 60, 11 * 60 + 30), (13 * 60, 15 * 60)), step=5, weekend=True):
    """Opens of bars of a market with a break at noon, day by day; 2024-01-01 is a Monday."""
    found = []
    for day in range(days):
        if weekend and day % 7 in (5, 6):
            continue
        found.append([day * 1440 + minute for begin, end in hours for minute in range(begin, end, step)])
    return found


def missing_of(days, *, period=5 * MINUTE):
    bars = MissingBars(period)
    bars.add(NEW_YEAR + np.concatenate([np.array(day) for day in days]) * MINUTE)
    return {finding.code: finding for finding in bars.findings()}


def test_nights_breaks_weekends_and_holidays_are_no_gaps():
    days = sessions()
    del days[7:10]

    found = missing_of(days)

    assert found.keys() == {"hours"}
    assert "54 bars a day, open Mon, Tue, Wed, Thu, Fri; 3 such days have none" in found["hours"].text


def test_in_a_market_that_closes_a_hole_inside_its_hours_is_a_gap():
    days = sessions()
    del days[8][10:13]
    del days[12][0]

    found = missing_of(days)["missing-bars"]

    assert found.count == 4
    assert found.examples[0].ts == NEW_YEAR + (10 * 1440 + 9 * 60 + 50) * MINUTE


def test_a_clock_that_changes_in_spring_makes_no_gap():
    winter, summer = sessions(), sessions(hours=((8 * 60, 10 * 60 + 30), (12 * 60, 14 * 60)))

    found = missing_of([*winter[:12], *summer[12:]])

    assert found.keys() == {"hours"}


def test_a_market_of_days_closes_at_weekends_only():
    days = [[day * 1440] for day in range(40) if day % 7 not in (5, 6) and day != 17]

    found = missing_of(days, period=NS_PER_DAY)

    assert found.keys() == {"hours"}
    assert "1 such days have none" in found["hours"].text
    assert missing_of([[day * 1440] for day in range(40) if day != 17], period=NS_PER_DAY)["missing-bars"].count == 1


def test_a_file_is_judged_before_it_is_imported(tmp_path):
    text = bar_text([0, 1, 2, 2, 1, 5, 6]).replace(",10,12,9,12,3", ",10,x,9,12,3", 1)

    (found,) = checked(a_file(tmp_path, text))

    codes = {finding.code: finding.count for finding in found.findings}
    assert codes["unreadable"] == 1
    assert codes["time-back"] == 1
    assert codes["missing-bars"] == 2
    assert (found.rows, found.kind, found.symbol) == (7, "bars-1m", "file")
    assert [(fact.name, fact.how) for fact in found.facts][:2] == [("period", "inferred"), ("stamps", "assumed")]


@pytest.mark.skipif(not SHARED.is_dir(), reason="the folder ../shared/data with recorded data is absent")
@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("bitmex_XBTUSD_1d.csv", {"open-at-previous-close": 31}),
        ("bitmex_XBTUSD_1h.csv", {"open-at-previous-close": 4_528, "missing-bars": 2}),
        ("bitmex_XBTUSD_5m.csv.gz", {"open-at-previous-close": 76_123, "missing-bars": 10}),
        ("bitmex_XBTUSD_1m.csv.gz", {"open-at-previous-close": 20_832}),
        ("ftx_BTC-PERP_1m_20220101_20220201.csv.gz", {}),
    ],
)
def test_the_recorded_bars_have_what_is_known_of_them(name, counts):
    (found,) = checked(SHARED / name)

    codes = {finding.code: finding.count for finding in found.findings}
    assert {code: codes.pop(code, 0) for code in counts} == counts
    assert not codes.keys() - {"no-volume", "jumps", "spikes"}
    assert codes.get("spikes", 0) < 200


@pytest.mark.skipif(not SHARED.is_dir(), reason="the folder ../shared/data with recorded data is absent")
def test_the_recorded_bars_of_china_have_what_is_known_of_them():
    (found,) = checked(SHARED / "IF.csv", stamps="end", timezone="Asia/Shanghai", multiplier=300.0)

    codes = {finding.code: finding for finding in found.findings}
    assert found.rows == 7_178
    assert codes["no-volume"].count == 624
    assert "(624 of them flat)" in codes["no-volume"].text
    assert "133 days with bars, 54 bars a day" in codes["hours"].text
    assert codes.keys() == {"no-volume", "hours", "vwap-outside"}
    assert codes["vwap-outside"].count == 9
