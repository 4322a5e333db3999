"""Venues, symbols and days have one name each in folders, files and beside one another."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.errors import InputError
from adapters.store.names import (
    check_venue,
    day_name,
    day_number,
    folder_of,
    moment_of,
    split_symbol,
    symbol_id,
    symbol_of,
)
from tests.builders import HOUR, MONDAY

SYMBOLS = st.text(min_size=1, max_size=12).filter(lambda text: text.isprintable())


@given(SYMBOLS)
def test_a_symbol_is_its_folders_and_no_folder_leaves_its_place(symbol):
    folder = folder_of(symbol)

    assert symbol_of(folder) == symbol
    assert "/" not in folder
    assert "\\" not in folder
    assert not folder.startswith(".")
    assert not folder.endswith(".")


@given(SYMBOLS, st.from_regex(r"[a-z0-9][a-z0-9-]{0,9}", fullmatch=True))
def test_a_symbol_with_its_venue_is_taken_apart_again(symbol, venue):
    assert split_symbol(symbol_id(venue, symbol)) == (symbol, venue)


@pytest.mark.parametrize("symbol", ["XBTUSD", ".BXBT", "XBT_USDT", "BTC/USDT", "a.b"])
def test_a_plain_symbol_names_no_venue(symbol):
    assert split_symbol(symbol) == (symbol, None)


@pytest.mark.parametrize("venue", ["", "BitMEX", "a/b", "..", "-a", 7])
def test_a_venue_that_could_be_no_folder_is_refused(venue):
    with pytest.raises(InputError, match="must be of lower-case letters"):
        check_venue(venue)


def test_a_day_has_a_name():
    assert day_name(day_number("2024-02-29")) == "2024-02-29"
    assert day_number("2023-02-29") is None


def test_a_time_may_be_written_in_four_ways():
    written = datetime(2024, 1, 1, 9, tzinfo=timezone(timedelta(hours=9)))

    assert moment_of(MONDAY) == MONDAY
    assert moment_of("2024-01-01") == moment_of(datetime(2024, 1, 1)) == moment_of(written)  # noqa: DTZ001 naive is UTC
    assert moment_of(datetime(2024, 1, 1, 1, tzinfo=UTC)) == moment_of("2024-01-01T01:00:00Z")
    assert moment_of("2024-01-01T01:00") - moment_of("2024-01-01") == HOUR
    assert moment_of(None) is None


@pytest.mark.parametrize("written", ["yesterday", 1.5, True, object()])
def test_what_is_no_time_is_refused(written):
    with pytest.raises(InputError, match="start"):
        moment_of(written, "start")
