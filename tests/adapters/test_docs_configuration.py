"""The configuration that the documentation shows is read without a complaint, and shows every key that there is."""

import re
import tomllib
from decimal import Decimal
from pathlib import Path

import attrs
import pytest

from adapters.configuration import Configuration, schema, structured

DOCUMENT = Path(__file__).parents[2] / "docs" / "running.md"
EVENTS = DOCUMENT.with_name("events.md")


def _blocks_of(document):
    return re.findall(r"^```toml\n(.*?)^```", document.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


BLOCKS, EVENT_BLOCKS = _blocks_of(DOCUMENT), _blocks_of(EVENTS)
NOT_FOR_USERS = {
    "folder": "written by the program, so that a strategy is found again",
    "live": "belongs to a command that has a page of its own",
    "feeds": "stand on the page about several venues",
    "spreads": "stand on the page about several venues",
    "recording": "belongs to the same command, and stands on the page about the store",
}


@pytest.mark.parametrize("block", [*BLOCKS, *EVENT_BLOCKS])
def test_each_block_is_a_sound_configuration(block):
    assert structured(tomllib.loads(block, parse_float=Decimal))[1] == []


def _keys(section):
    return {schema.KEY_OF.get(field.name, field.name) for field in attrs.fields(section)} - NOT_FOR_USERS.keys()


def _shown(table):
    return {name for block in BLOCKS for each in tomllib.loads(block).get(table, []) for name in each}


def _shown_in(table):
    return {name for block in BLOCKS for name in tomllib.loads(block).get(table, {})}


def test_every_section_and_every_key_of_it_is_shown():
    named = {key for block in BLOCKS for key in tomllib.loads(block)}
    assert named == {field.name for field in attrs.fields(Configuration)} - NOT_FOR_USERS.keys()

    assert _shown("instruments") == _keys(schema.InstrumentSection)
    assert _shown("strategies") == _keys(schema.StrategySection)
    assert _shown("data") | {"generated"} == _keys(schema.DataSection)
    assert _shown_in("risk") == _keys(schema.RiskSection)
    assert _shown_in("backtest") == _keys(schema.BacktestSection)
    # An account is sized by the same keys; together they show every sizing.
    assert _shown_in("portfolio") | _shown("accounts") == _keys(schema.PortfolioSection) | _keys(schema.AccountSection)


def test_every_key_of_a_source_is_shown_on_its_page():
    entries = [each for block in EVENT_BLOCKS for each in tomllib.loads(block)["events"]]

    assert {name for each in entries for name in each} == _keys(schema.EventsSection)
    assert {name for each in entries for name in each.get("listen", {})} == _keys(schema.ListenSection)
    assert {name for each in entries for name in each.get("poll", {})} == _keys(schema.PollSection)
