"""Everything that was said is written down beside the stream; what cannot be ends trading, and nobody waits for it."""

import itertools
import sqlite3
import threading
import time
from contextlib import closing

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actors import Strategy, TradingSystem
from actors.live_routes import LIVE_ROUTES
from actors.recorder import Record
from actors.wiring import actor_specs
from adapters.journal import JournalError, Trace, begin_life, journal_spec, trace_spec
from adapters.journal import trace as trace_module
from adapters.journal.batches import BULK, MARKET, pack, pack_handled, unpack, unpack_handled
from adapters.journal.reading import TraceReader, check
from adapters.journal.rerun import rerun
from adapters.journal.store import TRACE_FILE, lives, open_to_write, read_meta, write_meta
from adapters.journal.trace import EVERY_NS, RETRY_NS, TraceWriter
from messages import (
    ALL_MESSAGES,
    WIRE_MESSAGES,
    ActorStarted,
    Envelope,
    HaltTrading,
    Heartbeat,
    SendText,
    SystemStopped,
    Tick,
    WakeAt,
    Woke,
)
from tests.adapters.journal.runs import SYMBOL, changed, entries
from tests.builders import MONDAY, a_bar, a_fill, a_signal, a_tick, an_instrument
from tests.messages.test_codec import any_of


def an_envelope(number, message, *, cause=0, sender="feed", epoch=1):
    return Envelope(number, cause, sender, epoch, MONDAY + number, message)


def a_trace(folder, **options):
    return Trace(folder, life=begin_life(folder, started=MONDAY), **options)


def stretches(folder, life=1):
    with TraceReader(folder) as reader:
        return list(reader.stretches(life))


def said(folder, life=1):
    return [envelope for stretch in stretches(folder, life) for envelope in stretch.said]


@settings(max_examples=40, suppress_health_check=list(HealthCheck), deadline=None)
@given(data=st.data())
def test_every_message_comes_back_as_it_was_said(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("trace")
    classes = [cls for cls in ALL_MESSAGES if cls not in WIRE_MESSAGES]
    picked = data.draw(st.lists(st.sampled_from(classes), min_size=1, max_size=8))
    envelopes = [
        an_envelope(number, data.draw(any_of(cls)), cause=number - 1, sender="risk-guard@main")
        for number, cls in enumerate(picked, 1)
    ]
    trace = a_trace(folder)
    for envelope in envelopes:
        trace.said(envelope)
    trace.close()

    never = {"StartActor", "StopActor", "FenceActor", "Pull"}
    assert said(folder) == [each for each in envelopes if type(each.message).__name__ not in never]
    assert check(folder) == len(said(folder))


@pytest.mark.parametrize("cls", sorted(BULK, key=lambda cls: cls.__name__))
def test_batches_come_back_equal(cls):
    @settings(max_examples=30, deadline=None)
    @given(st.lists(any_of(cls), max_size=4))
    def round_trip(messages):
        envelopes = [an_envelope(number, message) for number, message in enumerate(messages)]

        assert unpack(pack(envelopes)) == envelopes

    round_trip()


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["executor@main", "strategy:a"]), st.integers(1, 9), st.integers(-1, 2**60))))
def test_the_order_of_handling_comes_back_equal(handled):
    assert unpack_handled(pack_handled(handled)) == handled


def test_what_moves_bytes_is_left_out_so_that_no_secret_can_be_there(tmp_path):
    trace = a_trace(tmp_path)
    trace.said(an_envelope(1, SendText(to="line@main", number=1, text="canary-of-a-secret")))
    trace.said(an_envelope(2, a_fill()))
    trace.close()

    assert [each.id for each in said(tmp_path)] == [2]
    assert all(b"canary" not in path.read_bytes() for path in tmp_path.iterdir())


def test_the_order_of_handling_is_kept_for_those_who_can_be_run_again(tmp_path):
    trace = a_trace(tmp_path)
    trace.made("executor@main", 1, warm=False)
    trace.handled("executor@main", 1, 5)
    trace.handled("recorder", 1, 5)
    trace.made("strategy:a", 2, warm=True)
    trace.handled("strategy:a", 2, 4)
    trace.close()

    (stretch,) = stretches(tmp_path)
    assert stretch.handled == (
        ("executor@main", 1, 0), ("executor@main", 1, 5), ("strategy:a", 2, -1), ("strategy:a", 2, 4)
    )  # fmt: skip


def test_timers_of_those_who_cannot_be_run_again_are_left_out(tmp_path):
    trace = a_trace(tmp_path)
    trace.said(an_envelope(1, Woke(MONDAY, "write"), sender="trace"))
    trace.said(an_envelope(2, Woke(MONDAY, "net"), sender="portfolio@main"))
    trace.close()

    assert [each.id for each in said(tmp_path)] == [2]


def test_too_many_waiting_loses_market_data_with_a_count_and_never_a_fact(tmp_path):
    trace = a_trace(tmp_path, market_waiting_max=10, waiting_max=100)
    for number in range(1, 41):
        trace.said(an_envelope(number, a_tick() if number % 2 else a_signal()))
    trace.close()

    (stretch,) = stretches(tmp_path)
    signals = [each for each in stretch.said if type(each.message) not in MARKET]
    assert [each.id for each in signals] == list(range(2, 41, 2))
    assert stretch.gaps == (("market", 40 - len(stretch.said)),)
    assert len(stretch.said) < 40
    assert trace.lost_facts == 0


def test_even_facts_are_bounded_and_losing_one_halts_trading(tmp_path):
    trace = a_trace(tmp_path, market_waiting_max=5, waiting_max=10)
    writer = TraceWriter(trace)
    (first,) = writer.on_start()
    for number in range(1, 21):
        trace.said(an_envelope(number, a_signal()))

    halt, again = writer.on_woke(Woke(MONDAY, first.token))

    assert isinstance(halt, HaltTrading)
    assert "10 messages" in halt.reason
    assert writer.on_woke(Woke(MONDAY, first.token)) == (again,)
    writer.release()
    assert [stretch.gaps for stretch in stretches(tmp_path)] == [(("facts", 10),)]


def test_it_wakes_itself_and_writes_what_has_come(tmp_path):
    trace = a_trace(tmp_path)
    writer = TraceWriter(trace)
    (first,) = writer.on_start()
    trace.said(an_envelope(1, a_fill()))

    assert writer.on_woke(Woke(MONDAY, first.token)) == (WakeAt(MONDAY + EVERY_NS, first.token),)
    assert [each.id for each in said(tmp_path)] == [1]
    assert writer.on_woke(Woke(MONDAY, "of an earlier incarnation")) == ()
    writer.release()


class Ticker(Strategy):
    def on_tick(self, tick):
        self.target(1.0 if tick.price > 100 else -1.0)


def test_a_live_system_is_written_down_while_it_runs(tmp_path):
    trace = a_trace(tmp_path)
    system = TradingSystem(
        strategies=entries(Ticker), instruments=[an_instrument(SYMBOL)], cash={"USD": 10**9}, routes=LIVE_ROUTES,
        tracer=trace, beside=lambda _setup: [journal_spec(tmp_path, life=1), trace_spec(trace)],
    )  # fmt: skip
    system.start()
    try:
        sent, deadline = 0, time.monotonic() + 30
        # An order meets the first trade after it arrived.
        while not {"Fill", "Tick"} <= {type(each.message).__name__ for each in said(tmp_path)}:
            assert time.monotonic() < deadline
            for _ in range(20):
                system.send(a_tick(100.0 + sent % 2, ts=time.time_ns(), symbol=SYMBOL))
                sent += 1
            time.sleep(0.02)
    finally:
        assert system.stop() == ()
        trace.close()

    assert sum(type(each.message) is Tick and each.sender == "outside" for each in said(tmp_path)) == sent
    assert any(isinstance(each.message, SystemStopped) for each in said(tmp_path))
    with TraceReader(tmp_path) as reader:
        again = rerun(reader, 1, actor_specs(system.setup, Record()))
    assert again.is_equal
    assert again.by_actor["strategy:ticker-0", "Signal"] > 0


class Broken:
    def execute(self, *_values):
        raise sqlite3.OperationalError("database or disk is full")

    def close(self):
        pass


def test_a_failed_write_halts_trading_once_and_is_tried_again_on_a_new_connection(tmp_path, monkeypatch):
    trace = a_trace(tmp_path)
    writer = TraceWriter(trace)
    (first,) = writer.on_start()
    writer._connection.close()
    writer._connection = Broken()
    trace.said(an_envelope(1, a_fill()))
    woke, again = Woke(MONDAY, first.token), WakeAt(MONDAY + RETRY_NS, first.token)
    opened = writer._opened
    monkeypatch.setattr(writer, "_opened", Broken)

    halt = HaltTrading(reason="trace: database or disk is full", ts=MONDAY)
    assert writer.on_woke(woke) == (halt, again)
    trace.said(an_envelope(2, a_signal()))
    assert writer.on_woke(woke) == (again,)

    monkeypatch.setattr(writer, "_opened", opened)
    assert writer.on_woke(woke) == (WakeAt(MONDAY + EVERY_NS, first.token),)
    writer.on_stop()
    writer.release()
    assert [each.id for each in said(tmp_path)] == [1, 2]


def test_a_commit_that_failed_and_was_done_all_the_same_is_not_done_twice(tmp_path):
    trace = a_trace(tmp_path)
    trace.said(an_envelope(1, a_fill()))
    with closing(open_to_write(tmp_path, TRACE_FILE)) as connection:
        batch = trace._pending = trace._take()
        trace.write(connection)
        trace._pending = batch
        trace.said(an_envelope(2, a_signal()))

        trace.close()

    assert [each.id for each in said(tmp_path)] == [1, 2]


def test_what_many_threads_say_is_all_there(tmp_path):
    trace = a_trace(tmp_path)
    writer = TraceWriter(trace)
    (first,) = writer.on_start()

    def say(of):
        for number in range(500):
            trace.said(an_envelope(1 + number * 4 + of, a_signal() if number % 2 else a_tick()))
            trace.handled("executor@main", 1, 1 + number * 4 + of)

    threads = [threading.Thread(target=say, args=(of,)) for of in range(4)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        writer.on_woke(Woke(MONDAY, first.token))
    for thread in threads:
        thread.join()
    writer.release()
    trace.close()

    assert sorted(each.id for each in said(tmp_path)) == list(range(1, 2001))
    handled = [number for stretch in stretches(tmp_path) for _, _, number in stretch.handled]
    assert sorted(handled) == list(range(1, 2001))


def test_what_a_message_led_to_is_written_no_later_than_that_it_was_handled(tmp_path, monkeypatch):
    """The runtime says first and counts then; a reader that goes batch by batch relies on the order of draining."""
    trace = a_trace(tmp_path)
    numbers, drained = itertools.count(1), trace_module._drained

    def act_meanwhile(waiting):
        taken = drained(waiting)
        number = next(numbers)
        trace.said(an_envelope(number, a_signal()))
        trace.handled("executor@main", 1, number)
        return taken

    monkeypatch.setattr(trace_module, "_drained", act_meanwhile)
    seen = set()
    for _ in range(5):
        batch = trace._take()
        seen.update(envelope.id for envelope in batch.facts)

        assert seen.issuperset(number for _, _, number in batch.handled)
    assert len(seen) > 5


def _three(folder):
    trace = a_trace(folder)
    for number, message in enumerate((a_fill(), a_tick(), a_bar(), ActorStarted("feed", 1)), 1):
        trace.said(an_envelope(number, message))
    trace.handled("executor@main", 1, 1)
    trace.close()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("UPDATE facts SET body = replace(body, '\"lots\":1', '\"lots\":2') WHERE id = 1", "message 1 of life 1"),
        ("UPDATE facts SET cause = 9 WHERE id = 4", "message 4 of life 1"),
        ("UPDATE facts SET sender = 'venue' WHERE id = 4", "message 4 of life 1"),
        ("UPDATE facts SET body = 'x' WHERE id = 4", "message 4 of life 1"),
        ("UPDATE facts SET batch = 7 WHERE id = 4", "batch 7"),
        ("UPDATE batches SET bulk = x'00'", "batch 1 of life 1"),
        ("UPDATE batches SET handled = zeroblob(20)", "batch 1 of life 1"),
        ("UPDATE batches SET last_id = 9", "batch 1 of life 1"),
    ],
)
def test_a_changed_row_is_noticed_and_named(tmp_path, change, reason):
    _three(tmp_path)
    changed(tmp_path / TRACE_FILE, change)

    with pytest.raises(JournalError, match=reason):
        check(tmp_path)


def test_single_messages_are_found_by_their_id(tmp_path):
    _three(tmp_path)

    with TraceReader(tmp_path) as reader:
        found = [reader.find(1, number) for number in range(1, 6)]

    assert [each and each.message for each in found] == [a_fill(), a_tick(), a_bar(), ActorStarted("feed", 1), None]


@pytest.mark.parametrize("act", [TraceReader, lambda folder: begin_life(folder, started=1)])
def test_a_file_of_a_newer_version_is_refused(tmp_path, act):
    _three(tmp_path)
    changed(tmp_path / TRACE_FILE, "UPDATE meta SET value = '99' WHERE key = 'schema'")

    with pytest.raises(JournalError, match=r"'99'.*newer openoutcry"):
        act(tmp_path)


def test_each_life_has_its_number_and_a_folder_without_one_is_named(tmp_path):
    assert [begin_life(tmp_path, started=MONDAY + number) for number in range(3)] == [1, 2, 3]
    assert [(life.number, life.started) for life in lives(tmp_path)] == [(1, MONDAY), (2, MONDAY + 1), (3, MONDAY + 2)]

    with pytest.raises(JournalError, match="there is no such file"):
        lives(tmp_path / "elsewhere")


def test_facts_of_the_run_are_kept(tmp_path):
    write_meta(tmp_path, {"run6": "ab12cd", "cash": {"XBT": 100_000_000}, "account": 1})
    write_meta(tmp_path, {"account": 2, "config": "[live]\n"})

    assert read_meta(tmp_path) == {"run6": "ab12cd", "cash": {"XBT": 100_000_000}, "account": 2, "config": "[live]\n"}
    with pytest.raises(ValueError, match="schema"):
        write_meta(tmp_path, {"schema": 9})


def test_heartbeats_are_there_though_nobody_looks_for_one(tmp_path):
    beat = Heartbeat(account="main", number=1, ts=MONDAY)
    trace = a_trace(tmp_path)
    trace.said(an_envelope(1, beat, sender="executor@main"))
    trace.close()

    assert [each.message for each in said(tmp_path)] == [beat]


def test_f36_a_file_that_cannot_be_had_at_the_start_halts_trading_and_is_asked_for_again(tmp_path, monkeypatch):
    trace = a_trace(tmp_path)
    writer = TraceWriter(trace)
    opened = writer._opened

    def full():
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(writer, "_opened", full)
    (first,) = writer.on_start()
    woke = Woke(MONDAY, first.token)

    halt, again = writer.on_woke(woke)
    assert halt == HaltTrading(reason="trace: database or disk is full", ts=MONDAY)
    monkeypatch.setattr(writer, "_opened", opened)
    assert writer.on_woke(Woke(again.at, again.token)) == (WakeAt(again.at + EVERY_NS, first.token),)
    writer.release()


def test_nobody_trades_without_it(tmp_path):
    assert trace_spec(a_trace(tmp_path)).is_needed
