"""Who may send events is judged by the head of a request alone; a body is heard whole, or refused with a reason."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.events.door import LIST_MAX, Bucket, Door, events_of
from adapters.events.rows import RowError
from adapters.security.control_rules import Asked
from tests.builders import MONDAY, SECOND

TOKEN = "t0ken-of-a-test-ABCDEFGHIJKLMNOPQRSTUVWXYZ-0123456789"
HEAD = {
    "host": "127.0.0.1:8765", "authorization": f"Bearer {TOKEN}", "content-type": "application/json",
    "content-length": "2",
}  # fmt: skip


def a_door(host="127.0.0.1", per_second=20):
    return Door(TOKEN, host=host, port=8765, bytes_max=1_000, per_second=per_second)


def asked(verb="POST", target="/events", **headers):
    told = {**HEAD, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return Asked(verb=verb, target=target, headers=[(name, value) for name, value in told.items() if value is not None])


def status(request, door=None):
    refused = (door or a_door()).judge(request, 0.0)
    return None if refused is None else refused.status


def test_a_right_request_is_let_in():
    assert status(asked()) is None
    assert status(asked(host="localhost:8765", content_type="application/json; charset=utf-8")) is None


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (asked(authorization=None), 401), (asked(authorization="Bearer wrong"), 401),
        (asked(authorization="Bearer "), 401),
        (asked(authorization=f"Basic {TOKEN}"), 401), (asked(authorization=f"Bearer {TOKEN[:-1]}"), 401),
        (asked(authorization="Bearer \udcff"), 401), (asked(host="evil.example:8765"), 403), (asked(host=None), 403),
        (asked(origin="http://127.0.0.1:8765"), 403), (asked(target=f"/events?token={TOKEN}"), 404),
        (asked(target="/"), 404), (asked("GET"), 405), (asked("PUT"), 405), (asked("OPTIONS"), 405),
        (asked(content_type="text/plain"), 415), (asked(content_type=None), 415), (asked(content_length=None), 411),
        (asked(content_length="-1"), 411), (asked(transfer_encoding="chunked"), 411),
        (asked(content_length="1001"), 413),
        (asked(content_length="9" * 30), 413),
    ],
)  # fmt: skip
def test_every_other_request_is_refused(request_, expected):
    assert status(request_) == expected


def test_two_tokens_in_one_request_are_none():
    twice = Asked(verb="POST", target="/events", headers=[*HEAD.items(), ("authorization", f"Bearer {TOKEN}")])

    assert status(twice) == 401


def test_a_name_of_ours_is_asked_for_only_where_we_know_it():
    assert status(asked(host="trader.example:8765"), a_door(host="0.0.0.0")) is None


def test_wrong_tokens_are_slowed_down_and_a_right_one_is_still_heard():
    door = a_door()

    found = [status(asked(authorization="Bearer wrong"), door) for _ in range(7)]

    assert found == [401] * 5 + [429] * 2
    assert status(asked(), door) is None


def test_no_refusal_repeats_what_came():
    refused = a_door().judge(asked(authorization="Bearer my-password", target="/secret"), 0.0)

    assert "my-password" not in refused.reason
    assert "secret" not in refused.reason


def test_more_than_so_many_a_second_are_turned_away():
    door = a_door(per_second=3)

    found = [status(asked(), door) for _ in range(5)]

    assert found == [None] * 3 + [429] * 2
    assert door.judge(asked(), 0.5) is None
    assert door.more(2, 0.5).status == 429
    assert door.more(0, 0.5) is None


@given(
    per_second=st.integers(1, 50),
    asks=st.lists(st.tuples(st.floats(0, 0.5), st.integers(1, 5)), max_size=80),
)
def test_no_second_lets_more_through_than_twice_its_measure(per_second, asks):
    bucket, now, passed = Bucket(per_second), 0.0, []
    for pause, count in asks:
        now += pause
        if bucket.take(count, now):
            passed.append((now, count))

    for begin, _ in passed:
        assert sum(count for at, count in passed if begin <= at < begin + 1) <= 2 * per_second


# Bodies.


def body(found):
    return json.dumps(found).encode()


def test_an_object_is_one_event_and_a_list_several():
    (row,) = events_of(body({"score": 1}), "mood", MONDAY)
    rows = events_of(body([{"ts": 1704067201, "kind": "x"}, {}]), "mood", MONDAY)

    assert (row.kind, row.ts, row.payload) == ("mood", MONDAY, (("score", 1),))
    assert [(each.kind, each.ts) for each in rows] == [("x", MONDAY + SECOND), ("mood", MONDAY)]


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (b"", "not JSON"), (b"3", "must be an object"), (b"[]", "empty"), (b"[{}, 3]", "event 2: must be an object"),
        (body([{}, {"ts": "x"}]), "event 2: 'x' is no time"), (body({"received": 1}), "set here"),
        (body([{}] * (LIST_MAX + 1)), "more than"), (body({"a": {"b": 1}}), "a: is a table"),
        (b"\xff", "UTF-8|not JSON"),
    ],
)  # fmt: skip
def test_a_body_with_a_wrong_event_is_refused_whole(sent, reason):
    with pytest.raises(RowError, match=reason):
        events_of(sent, "mood", MONDAY)
