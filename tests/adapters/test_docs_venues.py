"""The page on several venues tells every key, with a configuration that is sound and live takes."""

import re
import tomllib
from decimal import Decimal
from pathlib import Path

import attrs

from adapters.configuration import FeedSection, SpreadSection, structured
from adapters.live.settings import LiveOptions, live_settings

TEXT = (Path(__file__).parents[2] / "docs" / "venues.md").read_text(encoding="utf-8")
(BLOCK,) = re.findall(r"^```toml\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)


def test_every_key_of_a_feed_stands_in_the_table_in_order():
    table = re.search(r"\| key of `\[\[feeds\]\]`.*\n((?:\|.*\n)+)", TEXT)[1].splitlines()[1:]

    assert [row.split("|")[1].strip(" `") for row in table] == [field.name for field in attrs.fields(FeedSection)]


def test_the_configuration_shows_every_key_of_a_spread_and_is_taken(tmp_path):
    config = tmp_path / "run.toml"
    config.write_text(BLOCK, encoding="utf-8")

    shown = tomllib.loads(BLOCK, parse_float=Decimal)

    assert set(shown["spreads"][0]) == {field.name for field in attrs.fields(SpreadSection)}
    assert structured(shown)[1] == []
    settings = live_settings(LiveOptions(config=config), tmp_path)
    assert settings.side_symbols == ("XBTUSD.BITMEX", "BTC/USD:BTC.BINANCE-COINM")
