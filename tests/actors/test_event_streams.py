"""External events are heard when they were received, never when they happened, and nothing of the future is heard."""

import attrs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors import Strategy, TradingSystem
from actors.columns import BarColumns, TickColumns
from actors.event_streams import ExternalColumns, external_columns, external_streams
from actors.strategy_entry import StrategyEntry
from messages import ExternalEvent
from tests.builders import MINUTE, MONDAY, SECOND
from tests.system.runs import on_threads


def some_bars(count=10, *, symbol="XBTUSD", price=100.0):
    opens = MONDAY + np.arange(count) * MINUTE
    closes = price + np.arange(count) % 7
    return BarColumns(
        symbol=symbol, period=MINUTE, open_ts=opens, close_ts=opens + MINUTE, open=closes, high=closes + 2,
        low=closes - 2, close=closes + 0.5, volume=np.ones(count),
    )  # fmt: skip


def some_ticks(times):
    ones = np.ones(len(times))
    prices = 100.0 + np.arange(len(times)) % 5
    return TickColumns(symbol="XBTUSD", ts=times, received=times, price=prices, size=ones)


def an_event(received, *, ts=MONDAY, source="mood", **payload):
    return ExternalEvent(source=source, kind="score", ts=ts, received=received, payload=payload)


def events(*told, source="mood"):
    return external_columns(source, told)


def run(feed, strategy, *, threads=False, **entry):
    """The result, and what the strategy noted."""
    strategy.log = []
    entry = StrategyEntry(id="s", strategy=strategy, symbols="XBTUSD", period=MINUTE, **entry)
    system = TradingSystem(feed=feed, strategies=[entry])
    result = on_threads(system) if threads else system.backtest()
    assert not result.failures, result.failures
    return result, strategy.log


class Notes(Strategy):
    """Writes down what it hears, and when."""

    def on_bar(self, bar):
        self.log.append(("bar", bar.close_ts, self.now))

    def on_bar_open(self, bar_open):
        self.log.append(("open", bar_open.ts, self.now))

    def on_event(self, event):
        self.log.append((event.source, event.get("n"), self.now))


@pytest.mark.parametrize("threads", [False, True])
def test_an_event_is_heard_when_it_was_received_and_not_when_it_happened(threads):
    told = an_event(MONDAY + 3 * MINUTE + 1, ts=MONDAY, n=1)

    _, log = run([some_bars(), events(told)], Notes, threads=threads)

    place = log.index(("mood", 1, MONDAY + 3 * MINUTE + 1))
    assert [when for _, _, when in log] == sorted(when for _, _, when in log)
    assert ("bar", MONDAY + 3 * MINUTE, MONDAY + 3 * MINUTE) in log[:place]
    assert ("bar", MONDAY + 4 * MINUTE, MONDAY + 4 * MINUTE) in log[place:]


def test_of_an_instant_closes_and_opens_are_heard_before_its_events():
    at = MONDAY + 2 * MINUTE

    _, log = run([some_bars(), events(an_event(at, n=1))], Notes)

    assert [what for what, _, when in log if when == at] == ["bar", "open", "mood"]


def test_of_several_sources_at_one_instant_the_first_by_name_is_heard_first():
    at = MONDAY + 2 * MINUTE + 5
    zebra = events(an_event(at, source="zebra", n=1), source="zebra")
    mood = events(an_event(at, n=2), an_event(at, n=1))
    alpha = events(an_event(at, source="alpha", n=7), source="alpha")

    _, log = run([some_bars(), zebra, mood, alpha], Notes)

    assert [(what, n) for what, n, when in log if when == at] == [("alpha", 7), ("mood", 2), ("mood", 1), ("zebra", 1)]


def test_sources_are_streams_in_the_order_of_their_names_for_threads_too():
    sources = [events(source=name) for name in ("zebra", "alpha", "mood")]

    assert [stream.topic for stream in external_streams(sources)] == [("alpha", None), ("mood", None), ("zebra", None)]


def test_events_are_put_in_the_order_of_their_receipt():
    late, early = an_event(MONDAY + 9, ts=MONDAY, n=1), an_event(MONDAY + 5, ts=MONDAY + 4, n=2)

    columns = events(late, early)

    assert columns.received.tolist() == [MONDAY + 5, MONDAY + 9]
    assert columns.payloads == ((("n", 2),), (("n", 1),))


class Mood(Strategy):
    """Wants what the last event says."""

    def on_event(self, event):
        self.target(event.get("want"))


class MoodOnTicks(Mood):
    """Hears every tick besides, so that none is said in a block."""

    def on_tick(self, tick):
        pass


def test_ticks_said_in_blocks_and_one_by_one_meet_an_event_alike():
    times = MONDAY + np.array([0, 10, 20, 20, 30, 40, 50]) * SECOND
    told = events(an_event(MONDAY + 20 * SECOND, want=1), an_event(MONDAY + 35 * SECOND, want=-1))

    in_blocks, _ = run([some_ticks(times), told], Mood)
    singly, _ = run([some_ticks(times), told], MoodOnTicks)

    fills = [(fill.ts, fill.lots, fill.price) for fill in in_blocks.fills]
    assert fills == [(fill.ts, fill.lots, fill.price) for fill in singly.fills]
    assert fills == [(MONDAY + 30 * SECOND, 1, 104.0), (MONDAY + 40 * SECOND, -2, 100.0)]


# What is subscribed to.


class OnlyNews(Notes):
    """By its class it hears one source."""

    events = ("news",)


TWO = (
    events(an_event(MONDAY + 90 * SECOND, n=1)),
    events(an_event(MONDAY + 91 * SECOND, source="news"), source="news"),
)


@pytest.mark.parametrize(
    ("strategy", "told", "heard"),
    [
        (Notes, {}, ["mood", "news"]),
        (Notes, {"events": ("mood",)}, ["mood"]),
        (OnlyNews, {}, ["news"]),
        (OnlyNews, {"events": ("mood",)}, ["mood"]),
    ],
)
def test_a_strategy_hears_the_sources_that_entry_or_class_name_or_all(strategy, told, heard):
    _, log = run([some_bars(), *TWO], strategy, **told)

    assert [what for what, _, _ in log if what in ("mood", "news")] == heard


def test_a_source_that_the_feed_has_not_is_an_error_that_names_it():
    entry = StrategyEntry(id="s", strategy=OnlyNews, symbols="XBTUSD", period=MINUTE)

    with pytest.raises(ValueError, match="s hears the events of news: there are mood"):
        TradingSystem(feed=[some_bars(), TWO[0]], strategies=[entry])


def test_a_source_that_is_given_twice_is_an_error():
    with pytest.raises(ValueError, match="given twice"):
        TradingSystem(feed=[some_bars(), TWO[0], TWO[0]], strategies=[Notes])


def test_columns_that_go_back_or_differ_in_length_are_refused():
    fields = {"source": "mood", "ts": [1, 2], "kinds": ["a", "a"], "payloads": [(), ()]}

    with pytest.raises(ValueError, match="received goes back"):
        ExternalColumns(received=[2, 1], **fields)
    with pytest.raises(ValueError, match="differ in length"):
        ExternalColumns(received=[2], **fields)
    with pytest.raises(ValueError, match="events of news among them"):
        external_columns("mood", [an_event(1, source="news")])


# No look-ahead.


class Decides(Strategy):
    """Wants something that depends on all it has heard."""

    def on_start(self):
        self.seen = 0

    def on_event(self, event):
        self.seen = (self.seen * 31 + event.get("n")) % 7
        self.target(self.seen - 3)

    def on_bar(self, bar):
        self.target(self.seen - 2)


@settings(max_examples=40, deadline=None)
@given(
    told=st.lists(
        st.tuples(st.integers(0, 600), st.integers(-10_000, 600), st.integers(0, 99), st.sampled_from(["a", "b"])),
        max_size=25,
    ),
    cut=st.integers(0, 600),
    poison=st.integers(100, 999),
)
def test_a_poisoned_future_changes_nothing_that_was_decided_before_it_was_received(told, cut, poison):
    def feed(change):
        made = [
            change(an_event(MONDAY + at * SECOND, ts=MONDAY + ts * SECOND, source=source, n=n))
            for at, ts, n, source in told
        ]
        return [
            some_bars(), *[events(*[e for e in made if e.source == name], source=name) for name in ("a", "b")]
        ]  # fmt: skip

    def poisoned(event):
        if event.received <= MONDAY + cut * SECOND:
            return event
        return attrs.evolve(event, ts=MONDAY, payload={"n": poison})

    clean, _ = run(feed(lambda event: event), Decides)
    dirty, _ = run(feed(poisoned), Decides)

    before = [each for each in clean.signals if each.ts <= MONDAY + cut * SECOND]
    assert before == [each for each in dirty.signals if each.ts <= MONDAY + cut * SECOND]


def test_the_same_events_give_the_same_name_of_the_run_and_others_another():
    def name(*told):
        return TradingSystem(feed=[some_bars(), events(*told)], strategies=[Notes]).setup.run6

    one = an_event(MONDAY + MINUTE, n=1)

    assert name(one) == name(one)
    assert len({name(one), name(attrs.evolve(one, payload={"n": 2})), name(attrs.evolve(one, ts=MONDAY + 1))}) == 3


class Fails(Notes):
    """Fails at one bar, and knows what it has heard."""

    failed = []  # noqa: RUF012 - of the class, so that only its first incarnation fails

    def on_start(self):
        self.texts = []

    def on_bar(self, bar):
        self.log.append(tuple(self.texts))
        if bar.close_ts == MONDAY + 4 * MINUTE and not self.failed:
            self.failed.append(bar)
            raise RuntimeError("failed by the test")

    def on_bar_open(self, bar_open):
        pass

    def on_event(self, event):
        self.texts.append(event.get("n"))


def test_a_strategy_that_restarts_hears_its_last_events_again():
    Fails.log = log = []
    told = events(an_event(MONDAY + 90 * SECOND, n=1), an_event(MONDAY + 91 * SECOND, n=2))
    entry = StrategyEntry(id="s", strategy=Fails, symbols="XBTUSD", period=MINUTE)

    result = TradingSystem(feed=[some_bars(), told], strategies=[entry]).backtest()

    assert [failure.error for failure in result.failures] == ["RuntimeError: failed by the test"]
    assert log[-1] == (1, 2)
