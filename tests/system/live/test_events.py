"""Live, what is posted and what is appended to a file is heard by a strategy, which trades on it at the exchange."""

import json

import requests

from actors.event_streams import ExternalStream
from adapters.configuration import EventsSection
from adapters.events.loading import load_external
from adapters.live.status import status_of
from messages import ActorStarted, ExternalEvent
from tests.adapters.events.test_endpoint import a_free_port
from tests.system.live.agreement import assert_agree, rows, summary
from tests.system.live.lives import Life, a_folder, a_strategy
from tests.system.live.venue import a_venue, until


class News:
    """A life with an endpoint and a file, and what is sent to it."""

    def __init__(self, place, venue, *, hears=""):
        self.port, self.file = a_free_port(), place / "mood.jsonl"
        self.file.write_text('{"ts": 1704067200, "want": 9}\n')
        sources = (
            f'[[events]]\nsource = "news"\nlisten = {{ port = {self.port} }}\n'
            f'[[events]]\nsource = "mood"\nfile = "{self.file}"\n'
        )
        self.folder, config = a_folder(place, venue, a_strategy("Listens", name="s") + hears, more=sources)
        self.life = Life(self.folder, config)
        self.events = []
        self.life.system.subscribe(ExternalEvent, self.events.append)

    def __enter__(self):
        self.life.__enter__()
        return self

    def __exit__(self, *_):
        self.life.stop()

    def post(self, token=None, **payload):
        token = token or (self.folder / "events.token").read_text().strip()
        return requests.post(
            f"http://127.0.0.1:{self.port}/events",
            json=payload,
            headers={"Authorization": f"Bearer {token}"},
            timeout=5,
        ).status_code

    def append(self, text):
        with self.file.open("a") as file:
            file.write(text + "\n")

    def listens(self):
        until(self._is_up, self.life.story)

    def follows(self):
        """The file is open: what is appended from now on is heard."""
        slot = self.life.slot("events:mood")
        until(lambda: slot.component and slot.component.heritage().identity is not None, self.life.story)

    def _is_up(self):
        try:
            return self.post(token="x" * 50) in (401, 429)
        except requests.ConnectionError:
            return False

    def sources(self):
        return {each["source"]: each for each in status_of(self.life.run, self.life.system)["sources"]}


def test_events_that_are_posted_and_appended_are_heard_and_traded_on(tmp_path, venue):
    with News(tmp_path, venue) as news:
        news.life.ready()
        news.listens()
        news.follows()
        assert news.post(want=2) == 200
        until(lambda: venue.position() and venue.position()["currentQty"] == 2 * 100, news.life.story)
        news.append(json.dumps({"ts": "2024-01-01T00:00:00Z", "want": -1}))
        until(lambda: venue.position()["currentQty"] == -100, news.life.story)
        news.append("rubbish")
        until(lambda: news.sources()["mood"]["malformed"] == 1, news.life.story)
        seen = news.sources()

    heard = [(event.source, event.get("want")) for event in news.events]
    assert heard == [("news", 2), ("mood", -1)]
    assert all(event.received > 1_704_067_200 * 10**9 for event in news.events)
    assert (seen["news"]["events"], seen["mood"]["events"]) == (1, 1)
    assert (seen["news"]["stale"], seen["mood"]["stale"]) == ("", "")
    assert_agree(news.folder, venue)
    assert any("mood.jsonl: line 3: not JSON" in row["text"] for row in rows(news.folder, "bad_items.csv"))
    assert summary(news.folder)["restarts"] == {}
    assert _recorded(news.folder, "news") + _recorded(news.folder, "mood") == news.events
    token = (news.folder / "events.token").read_text().strip()
    assert token not in (news.folder / "log.txt").read_text() + (news.folder / "config.toml").read_text()


def _recorded(folder, source):
    """What a backtest hears of a source over the run's own store."""
    section = EventsSection(source=source, store=str(folder / "data"))
    (columns,) = load_external([section], first=0, last=2**62, bad_rows="fail").columns
    stream = ExternalStream(columns)
    return [stream.take() for _ in range(len(columns))]


def test_a_source_that_fails_comes_back_repeats_nothing_and_halts_nothing(tmp_path, venue):
    with News(tmp_path, venue) as news:
        news.life.ready()
        news.follows()
        news.append('{"ts": 1704067200, "want": 1}')
        until(lambda: len(news.events) == 1, news.life.story)
        worker = news.life.slot("events:mood").component._worker
        worker._hear = None
        news.append('{"ts": 1704067200, "want": 3}')
        until(lambda: [each for each in news.life.of(ActorStarted) if each.epoch == 2], news.life.story)
        until(lambda: venue.position() and venue.position()["currentQty"] == 3 * 100, news.life.story)

    assert [event.get("want") for event in news.events] == [1, 3]
    assert summary(news.folder)["restarts"] == {"events:mood": 1}
    assert summary(news.folder)["halted"] is None


def test_another_contract_is_heard_and_not_traded(tmp_path):
    with a_venue(symbols=("XBTUSD", "ETHUSD")) as venue, News(tmp_path, venue, hears='hears = ["ETHUSD"]\n') as news:
        news.life.ready()
        until(lambda: {"XBTUSD", "ETHUSD"} <= set(_bars_of(news)), news.life.story)

    assert {row["symbol"] for row in rows(news.folder, "strategies.csv")} <= {"XBTUSD"}
    assert '[[instruments]]\nsymbol = "ETHUSD"' not in (news.folder / "config.toml").read_text()


def _bars_of(news):
    host = news.life.slot("strategy:s").component
    return [symbol for symbol, bars in host._desk.histories.items() if bars]
