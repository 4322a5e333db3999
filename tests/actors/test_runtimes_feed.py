"""Playing a feed on both runtimes: everything once and in order, whoever fails meanwhile, the feed itself included."""

import itertools
import threading

import pytest

from actors.component import Component
from actors.feed import CHUNK, Feed
from actors.runtime import timed
from actors.runtime.clocks import FeedClock
from actors.tape import Batch
from adapters.generated import generated_bars
from messages import Bar, Envelope, FeedEnded, Pull, StopSystem, Subscribe, Tick
from tests.builders import MINUTE, MONDAY, a_bar
from tests.house import House, Toy


class OneByOne:
    """A source of given messages."""

    kind = Bar
    optional = False
    topic = ("XBTUSD", MINUTE)

    def __init__(self, bars):
        self._bars = iter(bars)

    def take(self, _at):
        return next(self._bars)


def some_bars(count, first=0):
    return [a_bar(100.0 + number, open_ts=MONDAY + (first + number) * MINUTE) for number in range(count)]


def a_batch(bars, **more):
    source = OneByOne(bars)
    return Batch([(bar.close_ts, 10, source) for bar in bars], **more)


class ToyFeed(Component):
    """Answers each Pull with what its house's list holds next: a batch, or an exception to raise."""

    def __init__(self, script):
        self.script = script

    def on_pull(self, pull):
        if not self.script:
            return (FeedEnded(pull.at),)
        what = self.script.pop(0)
        if isinstance(what, Exception):
            raise what
        return what


class Hearer(Toy):
    """Notes the minute of each bar."""

    fails_at: tuple[int, ...] = ()
    fails_to_start = 0

    def on_start(self):
        if self.number <= self.fails_to_start:
            raise OSError("not yet")
        return (Subscribe(Bar, "XBTUSD", MINUTE),)

    def on_bar(self, bar):
        minute = (bar.open_ts - MONDAY) // MINUTE
        if minute in self.fails_at:
            raise ValueError(f"cannot stand minute {minute}")
        self.house.note(self.address, minute)
        return ()


def a_hearer(house, address, *, fails_at=(), fails_to_start=0):
    def make():
        hearer = Hearer(house, address)
        hearer.fails_at, hearer.fails_to_start = fails_at, fails_to_start
        return hearer

    house.add(address, make)


def minutes(house, address):
    return [what for where, what in house.log if where == address and isinstance(what, int)]


def test_every_bar_is_heard_once_and_in_order_by_everybody(house):
    house.add("feed", lambda: Feed([generated_bars("XBTUSD", bars=3_000, start=MONDAY)]))
    a_hearer(house, "strategy:a")
    a_hearer(house, "strategy:b")

    house.play()

    assert minutes(house, "strategy:a") == minutes(house, "strategy:b") == list(range(3_000))
    assert house.runtime.dead_letter_counts == {}


def test_a_strategy_that_fails_misses_only_the_bar_it_died_on_and_the_others_none(house):
    house.add("feed", lambda: Feed([generated_bars("XBTUSD", bars=500, start=MONDAY)]))
    a_hearer(house, "strategy:a", fails_at=(3, 200))
    a_hearer(house, "strategy:b")

    house.play()

    assert minutes(house, "strategy:b") == list(range(500))
    assert minutes(house, "strategy:a") == [minute for minute in range(500) if minute not in (3, 200)]


@pytest.mark.parametrize("failures", [1, 3, 10])
def test_a_strategy_that_fails_to_start_costs_the_others_nothing(house, failures):
    house.add("feed", lambda: ToyFeed([a_batch(some_bars(20)), a_batch(some_bars(20, 20), last=True)]))
    a_hearer(house, "strategy:a", fails_to_start=failures)
    a_hearer(house, "strategy:b")

    house.play()

    assert minutes(house, "strategy:b") == list(range(40))
    if failures == 10:
        assert house.status("strategy:a").state == "quarantined"


def test_the_core_may_take_several_starts_before_anything_is_played(house):
    house.add("feed", lambda: ToyFeed([a_batch(some_bars(10)), a_batch(some_bars(10, 10), last=True)]))
    a_hearer(house, "portfolio@main", fails_to_start=3)
    a_hearer(house, "strategy:a")

    house.play()

    assert minutes(house, "portfolio@main") == minutes(house, "strategy:a") == list(range(20))


def test_on_threads_idle_means_that_restarts_are_over_too(threads_house):
    house = threads_house
    house.clock = FeedClock(MONDAY)
    house.add("feed", lambda: ToyFeed([a_batch(some_bars(10), last=True)]))
    a_hearer(house, "strategy:a", fails_at=(7, 8, 9))
    house.start()
    house.until_quiet()

    assert (house.status("strategy:a").state, house.status("strategy:a").epoch) == ("up", 4)


def test_a_feed_that_fails_at_its_first_pull_is_asked_again(house):
    house.add("feed", lambda: ToyFeed(script))
    script = [OSError("not yet"), a_batch(some_bars(5), last=True)]
    a_hearer(house, "strategy:a")

    house.play()

    assert minutes(house, "strategy:a") == list(range(5))


@pytest.mark.parametrize("failures", [1, 2, 3])
def test_a_feed_that_fails_is_asked_again_and_no_batch_is_lost_or_played_twice(house, failures):
    script = [a_batch(some_bars(5)), *[OSError("no") for _ in range(failures)], a_batch(some_bars(5, 5), last=True)]
    house.add("feed", lambda: ToyFeed(script))
    a_hearer(house, "strategy:a")

    house.play()

    assert minutes(house, "strategy:a") == list(range(10))
    assert house.status("feed").restarts == failures


def test_a_feed_that_never_recovers_ends_the_run_instead_of_hanging_it(replay_house):
    script = [a_batch(some_bars(5)), *[OSError("no") for _ in range(4)], a_batch(some_bars(5, 5), last=True)]
    replay_house.add("feed", lambda: ToyFeed(script))
    a_hearer(replay_house, "strategy:a")

    replay_house.play()

    assert minutes(replay_house, "strategy:a") == list(range(5))
    assert replay_house.status("feed").state == "quarantined"


def test_on_threads_a_feed_waits_while_too_much_is_on_its_way(threads_house, monkeypatch):
    house = threads_house
    monkeypatch.setattr(timed, "UNFINISHED_MAX", 50)
    block, most = house.block(), []

    class Slow(Hearer):
        def on_bar(self, bar):
            block.wait()
            most.append(len(self.house.slot(self.address).mailbox))
            return super().on_bar(bar)

    house.clock = FeedClock(MONDAY)
    house.add("feed", lambda: Feed([generated_bars("XBTUSD", bars=1_000, start=MONDAY)]))
    house.add("strategy:a", lambda: Slow(house, "strategy:a"))
    house.start()
    house.until(lambda: len(house.slot("strategy:a").mailbox) >= 45)
    block.set()
    house.until_quiet()

    assert minutes(house, "strategy:a") == list(range(1_000))
    assert max(most) <= 52


def test_a_restart_put_off_does_not_wait_for_a_feed_that_waits_for_it(threads_house, monkeypatch):
    house = threads_house
    monkeypatch.setattr(timed, "UNFINISHED_MAX", 20)
    house.add("feed", lambda: ToyFeed([a_batch([a_bar(open_ts=MONDAY + n, period=1) for n in range(200)], last=True)]))
    heard = []

    class Fails(Component):
        def on_start(self):
            return (Subscribe(Bar),)

        def on_bar(self, bar):
            heard.append(bar.open_ts - MONDAY)
            if bar.open_ts - MONDAY in (5, 6):
                raise ValueError("down for a while")
            return ()

    monkeypatch.setattr(OneByOne, "topic", ("XBTUSD", 1))
    house.add("strategy:a", Fails)

    house.play()

    assert heard == list(range(200))


def test_a_stop_does_not_wait_for_the_end_of_a_batch_that_is_played_slowly(threads_house):
    house = threads_house
    house.clock, house.speed = FeedClock(MONDAY), 1.0
    house.add("feed", lambda: Feed([generated_bars("XBTUSD", bars=1_000, start=MONDAY)]))
    a_hearer(house, "strategy:a")
    house.toy("executor@main")
    house.start()
    house.until(lambda: isinstance(house.slot("feed").host.handling, Envelope))

    assert house.stop(timeout=10.0) == ()

    assert ("executor@main", "on_stop") in house.log
    assert len(minutes(house, "strategy:a")) < 5


def test_a_replay_can_be_asked_to_stop_in_the_middle_and_stops_in_order(replay_house):
    house = replay_house
    house.add("feed", lambda: Feed([generated_bars("XBTUSD", bars=1_000, start=MONDAY)]))

    class Stops(Hearer):
        def on_bar(self, bar):
            super().on_bar(bar)
            if len(minutes(self.house, self.address)) == 10:
                self.house.runtime.request_stop("enough")
            return ()

    house.add("strategy:a", lambda: Stops(house, "strategy:a"))
    house.toy("executor@main")

    house.play()

    assert minutes(house, "strategy:a") == list(range(10))
    assert [address for address, text in house.log if text == "on_stop"] == ["strategy:a", "executor@main"]


def test_a_listener_may_end_the_system_with_a_message(threads_house):
    house = threads_house
    house.toy("executor@main")
    house.start()

    house.send(StopSystem("operator"))

    house.until(lambda: ("executor@main", "on_stop") in house.log)


def test_several_systems_play_at_once_without_seeing_each_other():
    houses = [House(threads=True) for _ in range(3)]
    for number, house in enumerate(houses):
        house.clock = FeedClock(MONDAY)
        house.add("feed", lambda n=number: Feed([generated_bars("XBTUSD", bars=100 * (n + 1), start=MONDAY)]))
        a_hearer(house, "strategy:a")
    players = [threading.Thread(target=house.play) for house in houses]
    for player in players:
        player.start()
    for player in players:
        player.join()

    assert [len(minutes(house, "strategy:a")) for house in houses] == [100, 200, 300]
    for house in houses:
        house.close()


def test_nobody_hears_ticks_that_the_feed_does_not_have(house):
    house.add("feed", lambda: ToyFeed([a_batch(some_bars(3), last=True)]))

    class Patient(Hearer):
        def on_start(self):
            return (Subscribe(Tick), *super().on_start())

    house.add("strategy:a", lambda: Patient(house, "strategy:a"))

    house.play()

    assert minutes(house, "strategy:a") == list(itertools.islice(itertools.count(), 3))


def test_a_feeds_successor_goes_on_where_it_stopped():
    columns = generated_bars("XBTUSD", seed=1, bars=CHUNK + 10)
    first = Feed([columns])
    first.on_pull(Pull(0))

    batch = Feed([columns], heritage=first.heritage()).on_pull(Pull(0))

    assert isinstance(batch, Batch)
    assert batch.run is not None
    assert [bar.close_ts for _, _, bar in batch.run.rows] == columns.close_ts[CHUNK:].tolist()
