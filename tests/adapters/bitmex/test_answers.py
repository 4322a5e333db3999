"""An answer says what is now known: done, refused, not reached, too many, not let in, or nothing at all."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.bitmex import queries
from adapters.bitmex.answers import (
    BAN,
    Accepted,
    LoginFailed,
    RateLimited,
    VenueOverloaded,
    VenueRefused,
    VenueSilent,
    cancel_outcomes,
    judged,
    lost,
    not_sent,
    server_time,
)
from adapters.bitmex.requests import cancel, place
from messages import ApprovedCancel, ApprovedOrder
from tests.adapters.bitmex.frames import an_order_row
from tests.adapters.bitmex.test_private import XBTUSD
from tests.builders import MONDAY, SECOND, an_order

PLACE = place(ApprovedOrder(an_order(3)), XBTUSD)
CANCEL = cancel(ApprovedCancel(account="main", client_id="run000-trend-1", symbol="XBTUSD", ts=MONDAY))
ASK = queries.positions()
DATE = {"Date": "Mon, 01 Jan 2024 00:00:00 GMT"}


def an_error(message, name="HTTPError", **more):
    return json.dumps({"error": {"message": message, "name": name, **more}})


def test_an_order_row_is_done():
    answer = judged(PLACE, 200, {}, json.dumps(an_order_row()))

    assert isinstance(answer, Accepted)
    assert answer.rows[0]["clOrdID"] == "run000-trend-1"


@pytest.mark.parametrize(
    ("message", "code", "standing"),
    [
        ("Account has insufficient Available Balance, 5929700 XBt required", "insufficient-margin", True),
        ("Invalid price tickSize", "invalid", True),
        ("Invalid orderQty", "invalid", True),
        ("Invalid ordStatus", "order-over", True),
        ("Invalid orderID", "unknown-order", False),
        ("Executing at order price would lead to immediate liquidation", "immediate-liquidation", True),
        ("Order had execInst of [ReduceOnly] and side of [Buy] but current position is [100]", "reduce-only", True),
        ("Too many open orders", "too-many-orders", False),
        ("Something that nobody has seen", "venue-refused", True),
    ],
)
def test_a_400_is_a_refusal_with_its_words_and_its_class(message, code, standing):
    assert judged(PLACE, 400, {}, an_error(message)) == VenueRefused(code, message, 400, standing)


def test_a_used_client_id_is_not_a_refusal_but_an_order_to_look_up():
    assert isinstance(judged(PLACE, 400, {}, an_error("Duplicate clOrdID")), VenueSilent)


def test_the_overload_text_means_not_reached_and_any_other_5xx_means_nothing():
    overloaded = an_error("The system is currently overloaded. Please try again later.")

    assert judged(PLACE, 503, {}, overloaded) == VenueOverloaded(
        "The system is currently overloaded. Please try again later.", 500_000_000
    )
    unclear = [
        (503, an_error("Service Unavailable")), (503, "<html>"), (503, ""), (500, ""), (502, overloaded), (504, ""),
        (408, ""), (302, ""), (200, "<html>"), (200, ""), (201, "5"), (99, ""), (400, "<html>"), (413, ""),
    ]  # fmt: skip
    for status, body in unclear:
        assert isinstance(judged(PLACE, status, {}, body), VenueSilent), (status, body)


def test_a_lost_answer_and_a_request_that_never_left():
    assert lost(PLACE, "no answer in 5 s") == VenueSilent("POST /api/v1/order: no answer in 5 s")
    assert isinstance(not_sent("connection refused"), VenueOverloaded)


@pytest.mark.parametrize(
    ("headers", "message", "seconds"),
    [
        ({"Retry-After": "7", "X-RateLimit-Reset": "9"}, "Rate limit exceeded, retry in 3 seconds.", 7),
        ({"retry-after": "soon"}, "Rate limit exceeded, retry in 3 seconds.", 3),
        ({**DATE, "x-ratelimit-reset": "1704067212"}, "Rate limit exceeded.", 12),
        ({**DATE, "x-ratelimit-reset": "1704067100"}, "Rate limit exceeded.", 1),
        ({"x-ratelimit-reset": "1704067212"}, "Rate limit exceeded.", 60),
        ({}, "Rate limit exceeded.", 60),
        ({"retry-after": "0"}, "", 1),
        ({"retry-after": "999999"}, "", 3600),
        ({"retry-after": "9" * 5000}, "", 60),
        ({"retry-after": "\u0663"}, "", 60),
    ],
)
def test_f28_a_429_says_how_long_or_is_given_a_minute(headers, message, seconds):
    answer = judged(PLACE, 429, headers, an_error(message))

    assert isinstance(answer, RateLimited)
    assert (answer.pause, answer.banned) == (seconds * SECOND, False)


def test_f28_a_403_that_is_not_the_venue_s_is_a_ban():
    assert judged(ASK, 403, {}, "<html>blocked</html>") == RateLimited(
        "status 403 that is not the venue's", BAN, banned=True
    )


@pytest.mark.parametrize(
    ("status", "message"),
    [(401, "Invalid API Key."), (401, "Signature not valid."), (403, "Access Denied"), (403, "This key is disabled.")],
)
def test_keys_that_are_not_let_in(status, message):
    assert judged(PLACE, status, {}, an_error(message)) == LoginFailed(message, status)


EXPIRED = "This request has expired - `expires` is in the past. Current time: 1728606269"


@pytest.mark.parametrize("status", [400, 401])
def test_f26_a_late_signature_brings_the_venue_s_time(status):
    assert judged(PLACE, status, {}, an_error(EXPIRED)) == LoginFailed(
        EXPIRED, status, expired=True, server_ts=1_728_606_269 * SECOND
    )
    plain = judged(PLACE, status, DATE, an_error("This request has expired"))
    assert (plain.expired, plain.server_ts) == (True, MONDAY)


def test_a_404_to_a_cancel_is_an_order_that_is_not_known_now():
    assert judged(CANCEL, 404, {}, an_error("Not Found")) == VenueRefused("unknown-order", "Not Found", 404, False)
    assert judged(ASK, 404, {}, "nothing").code == "not-found"


def test_a_failing_cancel_is_a_200_with_an_error_in_its_element():
    old = an_order_row(error="Unable to cancel order due to existing state: Filled", ordStatus="Filled")
    new = {"orderID": "o-2", "clOrdID": "run000-trend-2", "error": "Unable to cancel order"}
    done = an_order_row(clOrdID="run000-trend-3", ordStatus="Canceled")

    outcomes = cancel_outcomes(judged(CANCEL, 200, {}, json.dumps([old, new, done, 5])))

    assert [(outcome.client_id, outcome.error) for outcome in outcomes] == [
        ("run000-trend-1", "Unable to cancel order due to existing state: Filled"),
        ("run000-trend-2", "Unable to cancel order"),
        ("run000-trend-3", ""),
    ]


def test_the_date_header_is_the_venue_s_second():
    assert server_time(DATE) == MONDAY
    assert server_time({"date": "Mon, 01 Jan 2024 00:00:00 -0000"}) == MONDAY
    for wrong in ("", "yesterday", "Mon, 99 Jan 2024 00:00:00 GMT", "Mon, 01 Jan 99999999 00:00:00 GMT"):
        assert server_time({"Date": wrong}) is None
    assert server_time({}) is None


bodies = st.one_of(
    st.text(max_size=60),
    st.sampled_from([PLACE.body, an_error(EXPIRED), an_error("x"), '{"error": 5}', '{"error": {"message": []}}', "[]"]),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
        max_leaves=8,
    ).map(json.dumps),
)
names = st.sampled_from(["retry-after", "Date", "x-ratelimit-reset", "X-RateLimit-Remaining"])


@settings(max_examples=400, deadline=None)
@given(st.integers(-1, 700), st.dictionaries(names, st.text(max_size=30)), bodies)
def test_nothing_that_a_venue_may_answer_raises_and_only_2xx_is_done(status, headers, body):
    answer = judged(PLACE, status, headers, body)

    assert not isinstance(answer, Accepted) or 200 <= status < 300
    if isinstance(answer, Accepted):
        cancel_outcomes(answer)
    # What stands for "it was not done" needs the venue's own words or a limit's status.
    if isinstance(answer, VenueOverloaded):
        assert "overloaded" in body
