"""The page on trading live tells every key of `[live]` with its default, and what it shows can be started."""

import re
import tomllib
from decimal import Decimal
from pathlib import Path

import attrs
import pytest

from adapters.bitmex.credentials import VARIABLES
from adapters.configuration import LiveSection, structured
from adapters.live.latencies import FILE
from adapters.live.settings import LiveOptions, live_settings
from tests.docs_tables import rows, told

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "live.md").read_text(encoding="utf-8")
EXAMPLE = ROOT / "examples" / "live.toml"


def test_every_key_of_live_stands_in_the_table_in_order_with_its_default():
    shown = [tuple(row[:2]) for row in rows(TEXT, "key of `[live]`")]

    assert shown == [(f"`{field.name}`", told(field.default)) for field in attrs.fields(LiveSection)]


def test_the_variables_of_each_venue_are_told():
    shown = {row[0].strip("`"): tuple(re.findall(r"`(.*?)`", row[1])) for row in rows(TEXT, "venue")}

    assert shown == {venue: names for venue, names in VARIABLES.items() if venue != "loopback"}


@pytest.mark.parametrize(
    "name",
    [FILE, "config.toml", "journal.sqlite", "trace.sqlite", "exchange.json", "control.json", "run.lock", "log.txt"],
)
def test_each_file_of_a_live_run_is_said_what_it_is(name):
    assert any(f"`{name}`" in row[0] for row in rows(TEXT, "file"))


def test_the_example_can_be_started_and_is_sound_for_a_backtest_too():
    written = tomllib.loads(EXAMPLE.read_text(encoding="utf-8"), parse_float=Decimal)

    settings = live_settings(LiveOptions(config=EXAMPLE), ROOT / "runs" / "none")

    assert structured(written)[1] == []
    assert [entry.id for entry in settings.entries] == ["trend", "breakout", "idea"]
    assert [entry.account for entry in settings.entries] == ["main", "main", "paper:idea"]


@pytest.mark.parametrize("venue", ["bitmex-testnet", "bitmex"])
def test_the_example_needs_no_more_than_it_says_for_a_real_venue(tmp_path, venue):
    text = EXAMPLE.read_text(encoding="utf-8").replace('venue = "loopback"', f'venue = "{venue}"')
    text = re.sub(r"^# (keys|account_id) ", r"\1 ", text, flags=re.MULTILINE)
    (tmp_path / "live.toml").write_text(text, encoding="utf-8")
    (tmp_path / "breakout.py").write_text((ROOT / "examples" / "breakout.py").read_text(encoding="utf-8"))

    settings = live_settings(LiveOptions(config=tmp_path / "live.toml"), tmp_path / "run")

    assert (settings.live.venue, settings.live.account_id) == (venue, 123456)
