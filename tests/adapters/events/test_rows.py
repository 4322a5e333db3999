"""A line becomes an event, or says what is wrong with it: nothing is guessed, and nothing is left out."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.events.rows import LINE_MAX, RowError, cell_value, event_time, header_of, json_row, text_of
from tests.builders import MONDAY


def test_a_json_line_is_a_time_a_kind_and_a_payload_in_its_order():
    row = json_row(
        '{"ts": "2024-01-01T00:00:00Z", "kind": "headline", "title": "up", "score": 0.5, "n": 3, "x": null}', "k"
    )

    assert (row.kind, row.ts, row.received) == ("headline", MONDAY, None)
    assert row.payload == (("title", "up"), ("score", 0.5), ("n", 3), ("x", None))


def test_what_says_no_kind_has_that_of_its_source():
    assert json_row('{"ts": 1704067200}', "mood").kind == "mood"
    assert header_of("ts,kind,x").row("1704067200,,1", "mood").kind == "mood"


@pytest.mark.parametrize(
    "written",
    [
        "2024-01-01", "2024-01-01T00:00:00Z", "2024-01-01 00:00:00", "2024-01-01T08:00:00+08:00", 1704067200,
        1704067200000, 1704067200000000, 1704067200000000000, "1704067200", "1704067200.000",
    ],
)  # fmt: skip
def test_a_time_is_told_in_iso_8601_or_in_any_unit_since_1970(written):
    assert event_time(written) == MONDAY


def test_no_nanosecond_is_lost():
    assert event_time("2024-01-01T00:00:00.123456789Z") == MONDAY + 123_456_789
    assert event_time("2024-01-01T01:00:00.5+01:00") == MONDAY + 500_000_000
    assert event_time(1704067200123456789) == MONDAY + 123_456_789
    assert json_row('{"ts": 1704067200.123456789}', "k").ts == MONDAY + 123_456_789


@pytest.mark.parametrize(
    ("text", "field", "reason"),
    [
        ("", "", "not JSON"), ("[1]", "", "must be an object"), ('{"kind": "x"}', "ts", "is missing"),
        ('{"ts": "soon"}', "ts", "is no time"), ('{"ts": 12}', "ts", "is no time"),
        ('{"ts": true}', "ts", "must be a time"),
        ('{"ts": 1704067200, "a": [1]}', "a", "is a list"), ('{"ts": 1704067200, "a": {}}', "a", "is a table"),
        ('{"ts": 1704067200, "a": NaN}', "", "NaN is no number"),
        ('{"ts": 1704067200, "a": 1e999}', "a", "not a finite"),
        ('{"ts": 1704067200, "a": 1, "a": 2}', "a", "told twice"),
        ('{"ts": 1704067200, "kind": 3}', "kind", "must be a text"),
        ('{"ts": 1704067200, "a": 99999999999999999999}', "a", "more than 64 bits"),
        ('{"ts": 1704067200, "received": "x"}', "received", "is no time"), ("[" * 100_000, "", "not JSON"),
        ('{"ts": 1704067200, "": 1}', "", "must be a name"),
        (r'{"ts": 1704067200, "a": "x\ud800"}', "a", "half a character"),
        (r'{"ts": 1704067200, "kind": "\udfff"}', "kind", "half a character"),
        (r'{"ts": 1, "\ud800": 1, "\ud800": 2}', r"\ud800", "told twice"),
        (r'{"ts": 1704067200, "\ud800": 1}', r"\ud800", "half a character"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_field_and_reason(text, field, reason):
    with pytest.raises(RowError, match=reason) as caught:
        json_row(text, "k")

    assert caught.value.field == field


def test_a_csv_row_has_the_payload_that_its_header_names():
    row = header_of("ts, received ,score,title").row('1704067200,1704067201,0.5,"a, b"', "mood")

    assert (row.ts, row.received) == (MONDAY, MONDAY + 10**9)
    assert row.payload == (("score", 0.5), ("title", "a, b"))


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("1", 1), ("-3", -3), ("0.5", 0.5), ("1e3", 1000.0), ("1.0", 1.0), ("", None), ("007", "007"), ("+1", "+1"),
        ("1_000", "1_000"), ("nan", "nan"), ("inf", "inf"), ("1,5", "1,5"), ("true", "true"), (".5", ".5"),
        ("0x1", "0x1"),
        ("1e999", "1e999"), ("\u0661", "\u0661"),
    ],
)  # fmt: skip
def test_a_cell_is_a_number_only_as_json_writes_numbers(cell, value):
    found = cell_value(cell)

    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("header", "line", "reason"),
    [
        ("ts,x", "1704067200", "has 1 columns and the header 2"), ("ts,x", ",1", "ts: is missing"),
        ("ts,x", '1704067200,"a', "not CSV"), ("ts,x", "x,1", "is no time"),
    ],
)  # fmt: skip
def test_a_bad_csv_row_is_named_by_its_reason(header, line, reason):
    with pytest.raises(RowError, match=reason):
        header_of(header).row(line, "k")


@pytest.mark.parametrize("line", ["time,x", "ts,x,x", "ts,,x", ""])
def test_a_header_without_a_time_or_with_a_name_twice_is_refused(line):
    with pytest.raises(RowError):
        header_of(line)


def test_a_line_too_long_or_not_utf_8_is_no_text():
    with pytest.raises(RowError, match="longer than"):
        text_of(b"x" * (LINE_MAX + 1))
    with pytest.raises(RowError, match="not UTF-8 at byte 1"):
        text_of(b"a\xff\n")
    assert text_of(b"\xef\xbb\xbfts\r\n", first=True) == "ts"


SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**63) + 1, 2**63 - 1), st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=30),
)  # fmt: skip


@given(
    payload=st.dictionaries(
        st.text(min_size=1, max_size=20).filter(lambda name: name not in ("ts", "received", "kind")),
        SCALARS,
        max_size=8,
    )
)
def test_whatever_json_can_say_of_scalars_comes_back_equal(payload):
    row = json_row(json.dumps({"ts": 1704067200, **payload}), "k")

    assert dict(row.payload) == payload
    assert [type(value) for _, value in row.payload] == [type(value) for value in payload.values()]


@given(st.binary(max_size=200))
def test_whatever_comes_is_a_row_or_a_row_error(raw):
    for read in (lambda text: json_row(text, "k"), header_of, lambda text: header_of("ts,x").row(text, "k")):
        try:
            read(text_of(raw))
        except RowError as error:
            said = str(error)

            assert said
