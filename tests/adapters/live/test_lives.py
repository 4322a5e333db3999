"""A life begins with what is still there: what an earlier one traded and held must be looked after, or it is said."""

import json
import os

import pytest

from adapters.errors import InputError
from tests.system.live.lives import Life, Process, a_folder
from tests.system.live.venue import a_venue, until

OTHER = """
[[strategies]]
id = "{name}"
strategy = "buy-and-hold"
symbols = ["{symbol}"]
period = "1s"
lots = 3
"""
ENDED = "the loopback exchange that this run traded at has ended"

pytestmark = pytest.mark.skipif(os.name != "posix", reason="ends a process as POSIX does")


@pytest.fixture(autouse=True)
def _own_locks(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def a_life(folder, name, symbol):
    """The configuration of a life in that folder, whatever the one before traded."""
    config = folder.with_name(f"{name}-{symbol}.toml")
    config.write_text(OTHER.format(name=name, symbol=symbol) + "[live]\nwarm_up = false\n")
    return config


def bought(folder, config, venue):
    """A life that has bought three lots and is ended in order."""
    with Life(folder, config) as life:
        until(lambda: venue.position()["currentQty"] == 300, life.story)
    assert life.code == 143


def test_another_exchange_is_not_taken_for_the_one_that_was_traded_at(tmp_path):
    with a_venue() as venue:
        folder, config = a_folder(tmp_path, venue, OTHER.format(name="one", symbol="XBTUSD"))
        bought(folder, config, venue)
    before = (folder / "exchange.json").read_text()

    try:
        with Process(folder, "--quiet", config=config) as process:
            code = process.wait()
        another = json.loads((folder / "exchange.json").read_text())
        with pytest.raises(InputError, match=ENDED):
            Life(folder, config)
    finally:
        if (folder / "exchange.json").read_text() != before:
            os.kill(json.loads((folder / "exchange.json").read_text())["pid"], 9)

    assert code == 2
    assert ENDED in process.said()
    # Nor does it become the one that was traded at by having been started.
    assert json.loads((folder / "exchange.json").read_text()) == another != json.loads(before)


def test_what_is_held_and_not_traded_any_more_is_said(tmp_path):
    with a_venue(symbols=("XBTUSD", "ETHUSD")) as venue:
        folder, config = a_folder(tmp_path, venue, OTHER.format(name="one", symbol="XBTUSD"))
        bought(folder, config, venue)
        with Process(folder, "--for", 1, config=a_life(folder, "two", "XBTUSD")) as process:
            code = process.wait()
        with pytest.raises(InputError, match="this run has traded XBTUSD, and its strategies do not any more"):
            Life(folder, a_life(folder, "two", "ETHUSD"))

    assert code == 0, process.said()
    # As it begins, and among the results.
    assert "one holds +3 XBTUSD of an earlier life, which nobody looks after" in process.said()
    assert "- one holds +3 XBTUSD of an earlier life" in process.said()
