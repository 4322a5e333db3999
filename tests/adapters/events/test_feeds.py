"""Answers of an address become items: JSON by paths, RSS and Atom by their elements, and nothing of it is ever run."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.configuration import PollSection
from adapters.events.feeds import ITEMS_MAX, read_feed, read_json, seconds_until
from adapters.events.rows import RowError
from tests.builders import HOUR, MONDAY, SECOND

URL = "https://example.org/x"


def json_of(found, **section):
    return read_json(json.dumps(found).encode(), PollSection(url=URL, **section), "mood")


def test_items_are_found_by_their_paths():
    found = {"data": {"items": [{"key": 7, "at": 1704067200, "mood": {"score": 0.5}, "sort": "daily", "x": [1]}]}}

    answer = json_of(
        found, items="data.items", id="key", ts="at", kind="sort", fields={"score": "mood.score", "first": "x.0"}
    )

    (item,) = answer.items
    assert (item.id, item.row.kind, item.row.ts) == ("7", "daily", MONDAY)
    assert item.row.payload == (("score", 0.5), ("first", 1))


def test_without_paths_an_answer_is_one_item_of_its_plain_values():
    answer = json_of({"score": 1, "more": {"a": 1}, "label": None})

    assert answer.items[0].row.payload == (("score", 1), ("label", None))
    assert answer.items[0].row.ts is None
    assert answer.items[0].id == json_of({"label": None, "more": {"a": 1}, "score": 1}).items[0].id
    assert answer.items[0].id != json_of({"score": 2, "more": {"a": 1}, "label": None}).items[0].id


def test_an_item_that_cannot_be_read_is_named_and_the_others_are_heard():
    answer = json_of([{"id": 1, "v": 1}, {"v": 2}, 3, {"id": True, "v": 4}, {"id": 5, "v": 5}], id="id")

    assert [item.id for item in answer.items] == ["1", "5"]
    assert [text.split(":")[0] for text in answer.malformed] == ["item 2", "item 3", "item 4"]


def test_more_items_than_are_read_are_told():
    answer = json_of([{"id": n} for n in range(ITEMS_MAX + 3)], id="id")

    assert len(answer.items) == ITEMS_MAX
    assert answer.malformed == (f"{ITEMS_MAX + 3} items, of which {ITEMS_MAX} are read",)


@pytest.mark.parametrize("body", [b"<html>", b'{"a": 1', b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_json_is_a_row_error(body):
    with pytest.raises(RowError):
        read_json(body, PollSection(url=URL), "mood")


def test_items_that_are_not_where_they_should_be_are_a_row_error():
    with pytest.raises(RowError, match="the answer has no such part"):
        json_of({"items": []}, items="data.items")


RSS = b"""<?xml version="1.0"?>
<rss version="2.0" xmlns:media="http://search.yahoo.com/mrss/"><channel><title>All</title>
<item><title>Up &amp; away</title><link>https://example.org/1</link><guid>g1</guid>
<pubDate>Mon, 01 Jan 2024 01:00:00 +0100</pubDate><media:thumb><title>no</title></media:thumb>
<description><![CDATA[<b>bold</b>  news]]></description></item>
<item><title>Second</title><link>https://example.org/2</link></item>
<item><pubDate>Mon, 01 Jan 2024 00:00:00 GMT</pubDate></item>
<item><guid>g4</guid><pubDate>yesterday</pubDate></item>
</channel></rss>"""
ATOM = b"""<feed xmlns="http://www.w3.org/2005/Atom"><title>All</title>
<entry><id>a1</id><title>Up</title><link rel="self" href="no"/><link href="https://example.org/1"/>
<published>2024-01-01T00:00:00Z</published><updated>2024-01-02T00:00:00Z</updated><summary>S</summary></entry></feed>"""


def test_an_rss_feed_is_read_by_its_elements():
    answer = read_feed(RSS, "news")

    first, second = answer.items
    assert (first.id, first.row.kind, first.row.ts) == ("g1", "news", MONDAY)
    assert dict(first.row.payload) == {
        "title": "Up & away", "link": "https://example.org/1", "summary": "<b>bold</b> news"
    }  # fmt: skip
    assert (second.id, second.row.ts) == ("https://example.org/2", None)
    assert [text.split(":")[0] for text in answer.malformed] == ["item 3", "item 4"]


def test_an_atom_feed_is_read_by_its_elements():
    (item,) = read_feed(ATOM, "news").items

    assert (item.id, item.row.ts) == ("a1", MONDAY)
    assert dict(item.row.payload) == {"title": "Up", "link": "https://example.org/1", "summary": "S"}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"<html><item/></html>", "neither an RSS nor an Atom feed"), (b"no xml", "not XML"), (b"<rss>", "not XML"),
        (b'<!DOCTYPE rss [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><rss><item>&b;</item></rss>', "document type"),
        (b'<!DOCTYPE rss SYSTEM "file:///etc/passwd"><rss/>', "document type"),
        (b"<rss>" + b"<a>" * 1000, "deep"),
    ],
)  # fmt: skip
def test_what_is_no_feed_or_brings_entities_is_refused(body, reason):
    with pytest.raises(RowError, match=reason):
        read_feed(body, "news")


@pytest.mark.parametrize("encoding", ["shift_jis", "utf-7", "nonsense", "base64", "idna", "punycode", "undefined"])
def test_an_encoding_that_cannot_be_read_is_said_and_ends_nothing(encoding):
    body = f'<?xml version="1.0" encoding="{encoding}"?><rss><item><guid>1</guid></item></rss>'.encode()

    with pytest.raises(RowError, match="in an encoding that is not read"):
        read_feed(body, "news")


def test_a_date_beyond_all_bounds_makes_its_item_malformed():
    far = "Mon, 99999999999999999999999 Jan 2024 00:00:00 GMT"
    body = f"<rss><item><guid>1</guid><pubDate>{far}</pubDate></item><item><guid>2</guid></item></rss>".encode()

    answer = read_feed(body, "news")

    assert [item.id for item in answer.items] == ["2"]
    assert answer.malformed[0].startswith("item 1: date:")
    assert seconds_until(far, MONDAY) is None


@given(st.binary(max_size=300))
def test_whatever_comes_is_an_answer_or_a_row_error(body):
    for read in (lambda: read_feed(body, "k"), lambda: read_json(body, PollSection(url=URL), "k")):
        try:
            found = read()
        except RowError:
            continue
        assert found is not None


def test_retry_after_is_seconds_or_a_date():
    assert seconds_until("120", MONDAY) == 120
    assert seconds_until("Mon, 01 Jan 2024 01:00:00 GMT", MONDAY) == HOUR / SECOND
    assert seconds_until("Mon, 01 Jan 2023 01:00:00 GMT", MONDAY) == 1
    assert seconds_until("soon", MONDAY) is None
    assert seconds_until(None, MONDAY) is None
