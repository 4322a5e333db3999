"""Live segments and Parquet days are one stream: no row is missing at the seam and none is there twice, ever."""

import os
import sqlite3
import threading
from collections import Counter
from contextlib import suppress
from pathlib import Path

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.errors import InputError
from adapters.security.lock import LockedError
from adapters.store import Store
from adapters.store import listing as listing_module
from adapters.store import rolling as rolling_module
from adapters.store.names import day_name, day_of
from adapters.store.rows import messages_of, rows_of
from adapters.store.segment import segment_paths
from adapters.store.segment_writer import SegmentWriter
from adapters.store.writing import writing
from tests.adapters.store.store_builders import (
    DAY,
    ITEMS,
    SYMBOL,
    VENUE,
    a_segment,
    in_order,
    pieces_of,
    read,
    ticks,
)
from tests.builders import MONDAY, a_tick

ANY = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


class Killed(BaseException):
    """The process ends here."""


def counted(items):
    return Counter(map(repr, items))


def chunked(store, kind, rows=3):
    return [item for chunk in store.chunks(VENUE, SYMBOL, kind, rows=rows) for item in messages_of(kind, SYMBOL, chunk)]


def test_what_came_at_one_instant_has_one_order_in_every_range_and_whatever_was_rolled(tmp_path):
    # The segments have rows of the day before, and so begin before the day's file does.
    store, instant = Store(tmp_path), MONDAY + DAY
    one, two, three, four = (a_tick(price, ts=instant, received=instant) for price in (4.0, 3.0, 2.0, 1.0))
    store.write(VENUE, SYMBOL, "ticks", rows_of("ticks", [three]))
    a_segment(tmp_path, [a_tick(ts=MONDAY, received=MONDAY), one], [four])
    a_segment(tmp_path, [a_tick(ts=MONDAY, received=MONDAY + 5), two], started=MONDAY + DAY)

    orders = [
        [item for item in read(store, "ticks", start=start) if item.received == instant]
        for start in (None, MONDAY + 3, instant)
    ]
    orders.append([item for item in chunked(store, "ticks", rows=1) if item.received == instant])
    store.roll()
    orders.append([item for item in read(store, "ticks") if item.received == instant])

    assert orders == [[three, one, four, two]] * 5


@ANY
@given(data=st.data())
def test_segments_and_days_are_read_as_one_whatever_was_rolled_and_when(data, tmp_path_factory):
    name = data.draw(st.sampled_from(sorted(ITEMS)))
    lists = st.lists(ITEMS[name], min_size=1, max_size=4)
    segments = data.draw(st.lists(st.lists(lists, max_size=3), min_size=1, max_size=3))
    store = Store(tmp_path_factory.mktemp("store"))
    known = []

    for batches in segments:
        a_segment(store.root, *batches)
        known += [item for batch in batches for item in batch]
        assert counted(read(store, name)) == counted(known)
        if data.draw(st.booleans()):
            rolled = store.roll()
            assert (rolled.open, segment_paths(store.root / "live")) == (0, [])

        found = read(store, name)
        assert [item.received for item in found] == sorted(item.received for item in known)
        assert counted(found) == counted(known)
        assert chunked(store, name) == found
        rows = sum(len(rows_of(name, [item])["received"]) for item in known)
        assert sum(series.rows for series in store.series()) == rows


def test_rows_that_are_equal_and_come_in_several_batches_are_as_many_afterwards(tmp_path):
    """What a rolling moves was recorded: it is not compared with what is there."""
    store = Store(tmp_path)
    a_segment(tmp_path, [a_tick()], [a_tick(), a_tick()])
    store.write(VENUE, SYMBOL, "ticks", rows_of("ticks", [a_tick()]))

    before = read(store, "ticks")
    store.roll()

    assert before == read(store, "ticks") == [a_tick()] * 4


def steps_of_a_rolling(monkeypatch, at):
    """Let the rolling die at its so-many-th touch of a file; gives the count of touches."""
    touched = [0]

    def dying(function):
        def touch(*arguments, **options):
            touched[0] += 1
            if touched[0] == at:
                raise Killed
            return function(*arguments, **options)

        return touch

    for owner, name in ((Path, "replace"), (Path, "unlink"), (os, "fsync"), (rolling_module, "remove")):
        monkeypatch.setattr(owner, name, dying(getattr(owner, name)))
    return touched


def test_a_rolling_that_is_killed_anywhere_is_done_again_and_nobody_sees_it(tmp_path, monkeypatch):
    batches = [ticks(3), ticks(3, first=MONDAY + 1), ticks(2, first=MONDAY + DAY)]
    known = in_order([item for batch in batches for item in batch])
    for at in range(1, 100):
        root = tmp_path / str(at)
        store = Store(root)
        a_segment(root, *batches)
        with monkeypatch.context() as dying:
            touched = steps_of_a_rolling(dying, at)
            with suppress(Killed):
                store.roll()

        assert counted(read(store, "ticks")) == counted(known)
        assert counted(chunked(store, "ticks")) == counted(known)
        store.roll()
        assert counted(read(store, "ticks")) == counted(known)
        assert segment_paths(root / "live") == []
        assert not list(root.rglob("*writing*"))
        if touched[0] < at:
            break
    else:
        pytest.fail("the rolling never came to its end")
    assert at > 8


@pytest.mark.parametrize("rows", [1, 4, 1_000])
@pytest.mark.parametrize("taken", [1, 2, 5])
def test_who_reads_goes_on_undisturbed_while_what_he_reads_is_rolled_and_written(tmp_path, rows, taken):
    store = Store(tmp_path)
    known = ticks(12, step=1)
    store.write(VENUE, SYMBOL, "ticks", rows_of("ticks", known[:4]))
    a_segment(tmp_path, known[4:7], known[7:12])

    reading = store.chunks(VENUE, SYMBOL, "ticks", rows=rows)
    begun = [chunk for _, chunk in zip(range(taken), reading, strict=False)]
    store.roll()
    store.write(VENUE, SYMBOL, "ticks", rows_of("ticks", ticks(5, price=7.0)))
    a_segment(tmp_path, ticks(3, price=9.0))
    chunks = [*begun, *reading]

    assert [item for chunk in chunks for item in messages_of("ticks", SYMBOL, chunk)] == known


def test_a_reader_beside_a_writer_and_a_roller_sees_every_batch_that_was_written_before_and_none_twice(tmp_path):
    store, written, over = Store(tmp_path), [0], threading.Event()
    (tmp_path / "live").mkdir()

    def record():
        number = 0
        while not over.is_set():
            writer = SegmentWriter(tmp_path / "live", started=MONDAY)
            for _ in range(4):
                writer.write(pieces_of(*ticks(3, first=MONDAY + number)))
                number += 3
                written[0] = number
            writer.close()
            store.roll()

    thread = threading.Thread(target=record)
    thread.start()
    try:
        for turn in range(60):
            before = written[0]
            found = read(store, "ticks") if turn % 2 else chunked(store, "ticks", rows=5)
            stamps = [tick.received - MONDAY for tick in found]
            assert stamps == list(range(len(stamps)))
            assert before <= len(stamps)
            assert len(stamps) % 3 == 0
    finally:
        over.set()
        thread.join()


def test_a_segment_that_is_being_written_is_left(tmp_path):
    store = Store(tmp_path)
    writer = a_segment(tmp_path, ticks(3), open_=True)

    assert (store.roll().open, len(read(store, "ticks"))) == (1, 3)
    writer.write(pieces_of(*ticks(2, first=MONDAY + 10)))
    writer.close()
    rolled = store.roll()

    assert (rolled.segments, rolled.rows, rolled.open) == (1, 5, 0)
    assert len(read(store, "ticks")) == 5


def test_only_days_that_are_over_are_rolled_where_that_is_asked_for(tmp_path):
    store = Store(tmp_path)
    a_segment(tmp_path, ticks(3))
    a_segment(tmp_path, ticks(2, first=MONDAY + DAY), started=MONDAY + DAY)

    rolled = store.roll(until_day=day_name(day_of(MONDAY + DAY)))

    assert (rolled.segments, rolled.days) == (1, (day_name(day_of(MONDAY)),))
    assert len(segment_paths(tmp_path / "live")) == 1
    with pytest.raises(InputError, match="must be written like"):
        store.roll(until_day="today")


def test_a_rolling_beside_a_writer_of_files_is_refused(tmp_path):
    a_segment(tmp_path, ticks(3))

    with writing(tmp_path), pytest.raises(LockedError):
        Store(tmp_path).roll()
    assert len(read(Store(tmp_path), "ticks")) == 3


# The segment itself.


def test_a_batch_whose_commit_failed_and_was_done_all_the_same_is_not_written_twice(tmp_path):
    writer = a_segment(tmp_path, open_=True)
    writer.write(pieces_of(*ticks(2)))
    real = writer._connection

    class Unsure:
        """Says that it failed although it did not."""

        def execute(self, statement, *arguments):
            done = real.execute(statement, *arguments)
            if statement == "COMMIT":
                raise sqlite3.OperationalError("disk I/O error")
            return done

        in_transaction = False

    writer._connection = Unsure()
    with pytest.raises(sqlite3.OperationalError):
        writer.write(pieces_of(*ticks(2, first=MONDAY + 5)))
    writer._connection = real
    writer.write(pieces_of(*ticks(2, first=MONDAY + 5)))
    writer.write(pieces_of(*ticks(2, first=MONDAY + 7)))
    writer.close()

    assert [tick.received - MONDAY for tick in read(Store(tmp_path), "ticks")] == [0, 1, 5, 6, 7, 8]


def test_a_segment_whose_writer_died_before_its_first_batch_is_empty_and_goes(tmp_path):
    (tmp_path / "live").mkdir()
    (tmp_path / "live" / "2024-01-01-x.sqlite").write_bytes(b"")
    store = Store(tmp_path)

    assert (read(store, "ticks"), store.series()) == ([], ())
    assert store.roll().segments == 1
    assert segment_paths(tmp_path / "live") == []


def test_a_damaged_segment_is_named_and_does_not_keep_the_others(tmp_path):
    a_segment(tmp_path, ticks(3), started=MONDAY)
    a_segment(tmp_path, ticks(3, first=MONDAY + DAY), started=MONDAY + DAY)
    first, second = segment_paths(tmp_path / "live")
    connection = sqlite3.connect(first)
    connection.execute("UPDATE pieces SET records = zeroblob(length(records))")
    connection.commit()
    connection.close()
    store = Store(tmp_path)

    with pytest.raises(InputError, match=f"{first}: damaged: batch 1 does not have its checksum"):
        store.roll()
    with pytest.raises(InputError, match=str(first)):
        read(store, "ticks")
    assert segment_paths(tmp_path / "live") == [first]
    assert not second.exists()
    assert len(read(store, "ticks", start=MONDAY + DAY)) == 3


@pytest.mark.parametrize("content", [b"no database at all, of no kind whatsoever" * 30, None])
def test_what_is_no_segment_is_named(tmp_path, content):
    (tmp_path / "live").mkdir()
    path = tmp_path / "live" / "2024-01-01-x.sqlite"
    if content is None:
        connection = sqlite3.connect(path)
        connection.execute("CREATE TABLE other (x)")
        connection.close()
    else:
        path.write_bytes(content)

    with pytest.raises(InputError, match=str(path)):
        Store(tmp_path).series()


def test_a_writer_whose_file_somebody_removed_says_so(tmp_path):
    writer = a_segment(tmp_path, ticks(1), open_=True)
    writer.path.unlink()

    with pytest.raises(FileNotFoundError, match="somebody has removed it"):
        writer.write(pieces_of(*ticks(1)))
    writer.close()


def test_series_of_several_kinds_are_rolled_each_into_its_own_days(tmp_path):
    store = Store(tmp_path)
    writer = a_segment(tmp_path, open_=True)
    writer.write([*pieces_of(*ticks(2)), *pieces_of(attrs.evolve(a_tick(), symbol="ETHUSD"), symbol="ETHUSD")])
    writer.close()

    before = [attrs.evolve(series, bytes=0) for series in store.series()]
    rolled = store.roll()

    assert [(series.symbol, series.rows) for series in before] == [("ETHUSD", 1), ("XBTUSD", 2)]
    assert rolled.rows == 3
    assert [attrs.evolve(series, bytes=0) for series in store.series()] == before


@pytest.mark.parametrize("step", ["_series_files", "_add_files", "_not_rolled"])
def test_a_list_that_a_rolling_crosses_counts_every_row_once(tmp_path, monkeypatch, step):
    store = Store(tmp_path)
    store.write(VENUE, SYMBOL, "ticks", rows_of("ticks", ticks(2)))
    a_segment(tmp_path, ticks(3, price=7.0))
    real, rolled = getattr(listing_module, step), []

    def crossed(*arguments):
        found = real(*arguments)
        if not rolled:
            rolled.append(store.roll())
        return found

    monkeypatch.setattr(listing_module, step, crossed)

    (series,) = store.series()
    assert (series.rows, rolled[0].rows) == (5, 3)
