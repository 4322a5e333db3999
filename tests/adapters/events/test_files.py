"""A file of events is heard at `received`; where it does not say that, it is assumed and told; bad rows are named."""

import gzip

import pytest

from adapters.configuration import EventsSection, PollSection
from adapters.errors import InputError
from adapters.events.files import load_events_file
from adapters.events.loading import load_external
from adapters.store import Store
from adapters.store.names import EXTERNAL
from adapters.store.rows import rows_of
from messages import ExternalEvent
from tests.builders import MONDAY, SECOND


def a_file(place, text, name="mood.jsonl"):
    path = place / name
    if name.endswith(".gz"):
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text, encoding="utf-8", newline="")
    return path


def load(path, bad_rows="fail", **section):
    return load_events_file(path, EventsSection(source="mood", file=str(path), **section), bad_rows=bad_rows)


TWO = '{"ts": 1704067200, "received": 1704067209, "score": 1}\n{"ts": 1704067201, "received": 1704067205, "score": 2}\n'


@pytest.mark.parametrize("name", ["mood.jsonl", "mood.jsonl.gz", "mood.ndjson"])
def test_events_stand_in_the_order_of_their_receipt(tmp_path, name):
    found = load(a_file(tmp_path, TWO, name))

    assert found.columns.received.tolist() == [MONDAY + 5 * SECOND, MONDAY + 9 * SECOND]
    assert found.columns.payloads == ((("score", 2),), (("score", 1),))
    assert found.notes == ()


def test_receipt_that_a_file_does_not_tell_is_assumed_and_said(tmp_path):
    text = '{"ts": 1704067200}\n{"ts": 1704067201, "received": 1704067202}\n'

    found = load(a_file(tmp_path, text), delay_s=60)

    assert found.columns.received.tolist() == [MONDAY + 2 * SECOND, MONDAY + 60 * SECOND]
    assert found.notes == (
        "events mood: 1 of 2 rows do not say when they were received, so receipt is assumed 60 s after its ts "
        "(delay_s) [mood.jsonl]",
    )
    assert "assumed at its ts" in load(a_file(tmp_path, '{"ts": 1704067200}')).notes[0]


def test_a_csv_file_says_which_columns_were_numbers(tmp_path):
    text = "ts,received,score,label,code\n1704067200,1704067200,0.5,up,7\n1704067201,1704067201,1,,A1\n"

    found = load(a_file(tmp_path, text, "mood.csv.gz"))

    assert found.columns.payloads[1] == (("score", 1), ("label", None), ("code", "A1"))
    assert found.notes == ("events mood: score number, label text, code 1 numbers and 1 texts [mood.csv.gz]",)


BAD = '{"ts": 1704067200}\nrubbish\n\n{"ts": "never"}\n' + "x" * 70_000 + '\n{"ts": 1704067201}\n'


def test_bad_rows_fail_and_are_named_by_line_and_reason(tmp_path):
    with pytest.raises(InputError) as caught:
        load(a_file(tmp_path, BAD))

    text = str(caught.value)
    assert "mood.jsonl: line 2, column -: not JSON" in text
    assert "line 4, column ts: 'never' is no time" in text
    assert "line 5, column -: the line is longer than 65536 bytes" in text
    assert "3 bad rows" in text


def test_bad_rows_are_set_aside_where_that_is_wanted(tmp_path):
    found = load(a_file(tmp_path, BAD), bad_rows="quarantine")

    assert len(found.columns) == 2
    assert [(row.line, row.column) for row in found.bad_rows] == [(2, "-"), (4, "ts"), (5, "-")]
    assert found.rows == 5


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("mood.txt", "x", "read from .jsonl or .csv files"), ("mood.jsonl", "\n", "no event in it"),
        ("mood.csv", "time,x\n1,2\n", "line 1: ts: the header names no such column"),
        ("mood.csv", "ts,x\n", "no event"),
    ],
)  # fmt: skip
def test_a_file_that_is_none_is_an_error_that_names_it(tmp_path, name, text, reason):
    with pytest.raises(InputError, match=reason) as caught:
        load(a_file(tmp_path, text, name))

    assert name in str(caught.value)


def test_a_gzip_file_that_is_broken_is_an_error_that_names_it(tmp_path):
    path = a_file(tmp_path, TWO, "mood.jsonl.gz")
    path.write_bytes(path.read_bytes()[:-9])

    with pytest.raises(InputError, match=r"mood.jsonl.gz: cannot be read"):
        load(path)


def test_even_with_bad_rows_set_aside_a_file_without_a_good_one_fails(tmp_path):
    with pytest.raises(InputError, match="none of its 1 rows can be used"):
        load(a_file(tmp_path, "rubbish\n"), bad_rows="quarantine")


# All sources of a backtest.


def test_what_was_received_outside_the_market_data_is_told_and_not_heard(tmp_path):
    section = EventsSection(source="mood", file=str(a_file(tmp_path, TWO)))

    found = load_external([section], first=MONDAY, last=MONDAY + 6 * SECOND, bad_rows="fail")

    assert found.columns[0].payloads == ((("score", 2),),)
    assert "events mood: 1 of 2 were received before or after the market data" in found.notes[0]
    assert (found.facts[0].rows, found.facts[0].used, found.facts[0].kind) == (2, 1, "events")


def test_a_poll_has_no_past_and_says_so():
    section = EventsSection(source="mood", poll=PollSection(url="https://example.org/x"))

    found = load_external([section], first=0, last=1, bad_rows="fail")

    assert len(found.columns[0]) == 0
    assert found.notes == ("events mood: poll has no past; a backtest hears nothing of it without a store or a file",)


def test_all_files_that_cannot_be_read_are_named(tmp_path):
    sections = [
        EventsSection(source=name, file=str(a_file(tmp_path, "rubbish", f"{name}.jsonl"))) for name in ("one", "two")
    ]

    with pytest.raises(InputError) as caught:
        load_external(sections, first=0, last=1, bad_rows="fail")

    assert "one.jsonl" in str(caught.value)
    assert "two.jsonl" in str(caught.value)


def test_what_a_store_has_recorded_is_heard_as_it_was(tmp_path):
    told = [
        ExternalEvent(
            source="mood",
            kind="k",
            ts=MONDAY,
            received=MONDAY + n * SECOND,
            payload={"n": n, "x": None, "b": True, "t": "é"},
        )
        for n in range(5)
    ]
    Store(str(tmp_path)).write(EXTERNAL, "mood", "events", rows_of("events", told))
    section = EventsSection(source="mood", store=str(tmp_path))

    found = load_external([section], first=MONDAY + SECOND, last=MONDAY + 3 * SECOND, bad_rows="fail")

    assert found.columns[0].received.tolist() == [MONDAY + n * SECOND for n in (1, 2, 3)]
    assert found.columns[0].payloads == tuple(each.payload for each in told[1:4])
    assert found.notes == ()
