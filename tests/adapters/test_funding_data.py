"""Funding and marks come from files or from a rate, within the range of their symbol's data."""

import hashlib

import pytest

from actors.columns import FundingColumns, MarkColumns
from adapters.configuration import to_toml
from adapters.configuration.typed import BacktestOptions
from adapters.errors import InputError
from adapters.preparation import prepare
from messages import iso_utc
from tests.builders import DAY, HOUR, MONDAY

TWO_DAYS = '[[data]]\nsymbol = "A"\ngenerated = { count = 48 }\n'
"""48 bars of an hour from a Monday's midnight."""


def _prepare(folder, text, **options):
    config = folder / "run.toml"
    config.write_text(text)
    return prepare(BacktestOptions(config=config, **options))


def _instrument(**keys):
    return "[[instruments]]\n" + "".join(f"{key} = {value!r}\n" for key, value in {"symbol": "A", **keys}.items())


def _events(ready, kind):
    return [each for each in ready.columns if isinstance(each, kind)]


def _rates(path, *rows):
    path.write_text("".join(["time,rate\n", *(f"{iso_utc(ts)},{rate}\n" for ts, rate in rows)]))
    return path


def test_a_rate_is_paid_at_its_times_of_day_after_the_data_begin_and_up_to_their_end(tmp_path):
    ready = _prepare(tmp_path, TWO_DAYS + _instrument(funding=0.0001, funding_at="04:00"))

    (funding,) = _events(ready, FundingColumns)
    assert funding.symbol == "A"
    assert ((funding.ts - MONDAY) / HOUR).tolist() == [4, 12, 20, 28, 36, 44]
    assert (funding.received == funding.ts).all()
    assert set(funding.rate.tolist()) == {0.0001}
    assert ready.funding_words == {"A": "0.0001 each 8h from 04:00"}
    assert [fact.kind for fact in ready.data] == ["bars"]


def test_the_end_of_the_data_is_within_and_their_beginning_is_not(tmp_path):
    ready = _prepare(tmp_path, TWO_DAYS + _instrument(funding="-0.01", funding_interval="1d"))

    (funding,) = _events(ready, FundingColumns)
    assert funding.ts.tolist() == [MONDAY + DAY, MONDAY + 2 * DAY]
    assert funding.rate.tolist() == [-0.01, -0.01]
    assert ready.funding_words == {"A": "-0.01 each 1d from 00:00"}


def test_a_file_is_found_beside_the_configuration_cut_to_the_data_and_listed(tmp_path):
    rows = [(MONDAY - HOUR, 0.5), (MONDAY, 0.001), (MONDAY + 2 * DAY, -0.002), (MONDAY + 2 * DAY + 1, 0.5)]
    path = _rates(tmp_path / "rates.csv", *rows)

    ready = _prepare(tmp_path, TWO_DAYS + _instrument(funding="rates.csv"))

    (funding,) = _events(ready, FundingColumns)
    assert funding.ts.tolist() == [MONDAY, MONDAY + 2 * DAY]
    assert funding.rate.tolist() == [0.001, -0.002]
    assert ready.funding_words == {"A": "rates.csv"}
    fact = ready.data[-1]
    assert (fact.kind, fact.symbol, fact.file, fact.rows, fact.used) == ("funding", "A", "rates.csv", 4, 2)
    assert (fact.period, fact.stamps) == (None, None)
    assert fact.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_marks_come_beside_funding(tmp_path):
    (tmp_path / "marks.csv").write_text(f"time,price\n{iso_utc(MONDAY + HOUR)},100.5\n")

    ready = _prepare(tmp_path, TWO_DAYS + _instrument(mark_prices="marks.csv", funding=0.1))

    (marks,) = _events(ready, MarkColumns)
    assert (marks.ts.tolist(), marks.price.tolist()) == ([MONDAY + HOUR], [100.5])
    assert len(_events(ready, FundingColumns)) == 1
    assert [fact.kind for fact in ready.data] == ["bars", "marks"]


def test_the_range_asked_for_cuts_funding_too(tmp_path):
    ready = _prepare(tmp_path, TWO_DAYS + _instrument(funding=0.0001), begin="2024-01-01T09:00:00Z", end="2024-01-02")

    assert _events(ready, FundingColumns)[0].ts.tolist() == [MONDAY + 16 * HOUR, MONDAY + 24 * HOUR]


def test_the_command_line_s_rate_or_file_takes_the_place_of_the_configuration_s(tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    _rates(tmp_path / "here" / "r.csv", (MONDAY + HOUR, 0.25))
    monkeypatch.chdir(tmp_path / "here")
    text = TWO_DAYS + _instrument(funding=0.0001, funding_at="04:00")

    assert _prepare(tmp_path, text, funding="0.5").funding_words == {"A": "0.5 each 8h from 04:00"}
    assert _events(_prepare(tmp_path, text, funding="r.csv"), FundingColumns)[0].rate.tolist() == [0.25]
    assert _prepare(tmp_path, text, funding="none").funding_words == {}
    for told in ("0.5", "r.csv", "none"):
        written = to_toml(_prepare(tmp_path, text, funding=told).configuration)
        assert to_toml(_prepare(tmp_path, written).configuration) == written


def test_a_file_that_covers_only_a_part_of_the_data_is_said(tmp_path):
    _rates(tmp_path / "rates.csv", (MONDAY + HOUR, 0.1))

    said = [
        note for note in _prepare(tmp_path, TWO_DAYS + _instrument(funding="rates.csv")).notes if "rates.csv" in note
    ]

    assert said == [
        "funding: rates.csv goes from 2024-01-01T01:00:00Z to 2024-01-01T01:00:00Z, the data of A from "
        "2024-01-01T00:00:00Z to 2024-01-03T00:00:00Z"
    ]


def test_a_contract_without_funding_is_mentioned_only_beside_others_that_have_it(tmp_path):
    other = TWO_DAYS.replace('"A"', '"B"')
    spot = TWO_DAYS.replace('"A"', '"C"') + '[[instruments]]\nsymbol = "C"\nkind = "spot"\n'

    def said(text):
        return [note for note in _prepare(tmp_path, text).notes if "none told" in note]

    assert said(TWO_DAYS + other) == []
    assert said(TWO_DAYS + _instrument(funding=0.1) + spot) == []
    assert said(TWO_DAYS + other + _instrument(funding=0.1)) == [
        "funding: none told for B; perpetual contracts pay it every 8 h"
    ]


def test_what_is_wrong_with_a_file_is_told_with_its_line_or_that_it_is_not_there(tmp_path):
    (tmp_path / "rates.csv").write_text("time,rate\n2024-01-01,0.1\n2024-01-02,2\n")
    text = TWO_DAYS + _instrument(funding="rates.csv")

    with pytest.raises(InputError, match=r"rates\.csv: line 3, column rate: rate 2 is not a fraction"):
        _prepare(tmp_path, text)
    kept = _prepare(tmp_path, text, bad_rows="quarantine")
    with pytest.raises(InputError, match=r"none\.csv: there is no such file"):
        _prepare(tmp_path, TWO_DAYS + _instrument(mark_prices="none.csv"))

    assert [row.line for row in kept.bad_rows] == [3]


def test_neither_spot_nor_a_dated_contract_takes_a_rate_from_the_command_line(tmp_path):
    for keys, reason in (({"kind": "spot"}, "spot has neither"), ({"expiry": "2024-01-02"}, "an expiry or funding")):
        with pytest.raises(InputError, match=reason):
            _prepare(tmp_path, TWO_DAYS + _instrument(**keys), funding="0.1")


def test_the_run_s_id_follows_the_rates_and_not_where_their_file_lies(tmp_path):
    ids = {}
    for name, rate in (("a", 0.1), ("b", 0.1), ("c", 0.2)):
        (tmp_path / name).mkdir()
        _rates(tmp_path / name / f"{name}.csv", (MONDAY + HOUR, rate))
        (tmp_path / name / "marks.csv").write_text(f"time,price\n{iso_utc(MONDAY)},5\n")
        keys = {"funding": f"{name}.csv", "mark_prices": "marks.csv"}
        ids[name] = _prepare(tmp_path / name, TWO_DAYS + _instrument(**keys)).run_id

    assert ids["a"] == ids["b"] != ids["c"]


def test_the_effective_configuration_names_the_file_from_anywhere(tmp_path):
    _rates(tmp_path / "rates.csv", (MONDAY + HOUR, 0.1))
    ready = _prepare(tmp_path, TWO_DAYS + _instrument(funding="rates.csv"))
    (tmp_path / "deep").mkdir()

    again = _prepare(tmp_path / "deep", to_toml(ready.configuration))

    assert again.configuration == ready.configuration
    assert again.run_id == ready.run_id
