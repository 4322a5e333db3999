"""A live run is put together from parts that know the same time."""

from contextlib import closing
from queue import SimpleQueue
from types import SimpleNamespace

import attrs

from adapters.bitmex.credentials import LoopbackKeys
from adapters.bitmex.environment import Loopback
from adapters.exchange.contracts import XBTUSD
from adapters.live.assembly import _account, _market, make_system
from adapters.live.beginning import new_life
from adapters.live.recorded import recording_of
from adapters.live.settings import LiveOptions, live_settings
from adapters.live.venue import Venue
from adapters.store import Store
from messages import LineClosed, OpenLine, Quarantined, RequestAnswered, SendRequest
from tests.adapters.recording.recording_builders import say
from tests.builders import MONDAY

NOBODY_LISTENS = 1


def test_what_moves_bytes_tells_the_time_of_the_run_and_not_the_machines(tmp_path):
    """A machine that slept, or whose clock was set, would have the gateway wait for timers that come minutes late."""
    keys = LoopbackKeys("k" * 20, "s" * 40)
    venue = Venue(
        environment=Loopback(port=NOBODY_LISTENS),
        keys=keys,
        account_id=1,
        contracts={"XBTUSD": XBTUSD.instrument},
        cash={"XBT": 7},
    )
    run = new_life(tmp_path, live_settings(LiveOptions(), tmp_path), venue, lambda _redact: None)
    said = SimpleQueue()
    with closing(run.trace):
        run = attrs.evolve(run, clock=SimpleNamespace(now=lambda: MONDAY))
        setup = make_system(run).setup
        system = SimpleNamespace(gate_is_open=True, voice=lambda _address: said.put)
        specs = [*_market(system, run, setup), *_account(system, run, setup, "main")]
        workers = [each for each in specs if each.role == "rest"]
        lines = [each for each in specs if each.role == "line"]
        assert (len(workers), len(lines)) == (4, 2)

        for spec in workers:
            worker = spec.factory(None)
            request = SendRequest(to=spec.address, reply_to="feed", number=1, verb="GET", path="/api/v1/trade")
            (answer,) = worker.on_send_request(request)
            worker.release()
            assert isinstance(answer, RequestAnswered)
            assert (answer.started, answer.received) == (MONDAY, MONDAY)
        for spec in lines:
            line = spec.factory(None)
            line.on_open_line(OpenLine(to=spec.address, number=1))
            closed = said.get(timeout=30)
            line.release()
            assert isinstance(closed, LineClosed)
            assert closed.at == MONDAY


def asked_for(config):
    """The tables that a run's feed subscribes to, and whether the run records."""
    venue = Venue(
        environment=Loopback(port=NOBODY_LISTENS), keys=LoopbackKeys("k" * 20, "s" * 40), account_id=1,
        contracts={"XBTUSD": XBTUSD.instrument}, cash={"XBT": 7},
    )  # fmt: skip
    run = new_life(config.parent, live_settings(LiveOptions(config=config), config.parent), venue, lambda _redact: None)
    with closing(run.trace):
        system = SimpleNamespace(gate_is_open=True, voice=lambda _address: None)
        (spec,) = [each for each in _market(system, run, make_system(run).setup) if each.role == "feed"]
        wanted = {topic.table for topic in spec.factory(None)._session.feed.subscriptions._states}
    return wanted, run.recording is not None


def test_a_strategy_hears_liquidations_whether_they_are_recorded_or_not(tmp_path):
    (tmp_path / "vulture.py").write_text(
        "from actors import Strategy\n\n\nclass Vulture(Strategy):\n"
        "    def on_liquidation(self, liquidation):\n        self.target(0)\n",
        encoding="utf-8",
    )
    for told in ("", "kinds = ['ticks']\n", "enabled = false\n"):
        config = tmp_path / "told.toml"
        config.write_text(
            "[[strategies]]\nstrategy = 'vulture.py:Vulture'\nsymbols = ['XBTUSD']\nperiod = '1s'\n"
            f"[recording]\n{told}",
            encoding="utf-8",
        )

        assert "liquidation" in asked_for(config)[0]


def test_a_feed_is_asked_for_what_is_only_kept_where_that_is_recorded(tmp_path):
    for number, (told, tables) in enumerate(
        (
            ("[recording]\nl2 = ['XBTUSD']\n", {"liquidation", "orderBookL2_25"}),
            ("[recording]\nl2 = ['XBTUSD']\nkinds = ['ticks']\n", set()),
            ("[recording]\nenabled = false\nl2 = ['XBTUSD']\n", set()),
        )
    ):
        folder = tmp_path / str(number)
        folder.mkdir()
        config = folder / "told.toml"
        config.write_text(
            f"[[strategies]]\nstrategy = 'random'\nsymbols = ['XBTUSD']\nperiod = '1s'\n{told}", encoding="utf-8"
        )
        wanted, is_recorded = asked_for(config)

        assert wanted & {"liquidation", "orderBookL2_25"} == tables
        assert is_recorded == ("false" not in told)


def test_what_a_source_of_events_sets_aside_is_kept_beside_its_events_and_not_as_a_market(tmp_path):
    config = tmp_path / "told.toml"
    config.write_text(
        "[[strategies]]\nstrategy = 'random'\nsymbols = ['XBTUSD']\nperiod = '1s'\n"
        "[[events]]\nsource = 'news'\nfile = 'news.jsonl'\n",
        encoding="utf-8",
    )
    venue = Venue(
        environment=Loopback(port=NOBODY_LISTENS), keys=LoopbackKeys("k" * 20, "s" * 40), account_id=1,
        contracts={"XBTUSD": XBTUSD.instrument}, cash={"XBT": 7},
    )  # fmt: skip
    recording = recording_of(live_settings(LiveOptions(config=config), tmp_path), tmp_path, venue)
    of_news = Quarantined(symbol="news", received=MONDAY, reason="malformed")
    of_market = Quarantined(symbol="XBTUSD", received=MONDAY, reason="crossed")

    say(recording.tap, of_news, sender="events:news")
    say(recording.tap, of_market, sender="tick-filter")
    recording.close(MONDAY)

    kept = [(each.venue, each.symbol, each.kind) for each in Store(recording.root).series()]
    assert kept == [("external", "news", "quarantine"), ("loopback", "XBTUSD", "quarantine")]
