"""The courier sends what the budget holds, cancels first, each to its worker, and knows what came of each."""

import json

import pytest

from adapters.bitmex.answers import Accepted, RateLimited, VenueOverloaded, VenueSilent
from adapters.bitmex.budget import Budget
from adapters.bitmex.clock_offset import ClockOffset
from adapters.bitmex.courier import Courier, Job, JobKind
from adapters.bitmex.ours import OurOrder, OurOrders, Stage
from adapters.bitmex.queries import positions
from adapters.bitmex.requests import Purpose, Request
from messages import RequestAnswered
from tests.adapters.bitmex.gateway_rig import WORKERS
from tests.adapters.bitmex.model_venue import INSTRUMENT
from tests.builders import MONDAY, SECOND, an_order

OPEN = Request(verb="POST", path="/order", body="{}", purpose=Purpose.OPEN, per_second=True, repeatable=False)
CANCEL = Request(verb="DELETE", path="/order", body="{}", purpose=Purpose.CANCEL, per_second=True)
PLACE = Job(JobKind.PLACE, ("a-1",))


def a_courier():
    return Courier("venue@main", WORKERS, ClockOffset(), Budget(MONDAY))


def an_answer(number, at=MONDAY, **fields):
    return RequestAnswered(to="venue@main", number=number, started=at, sent=at, received=at, **fields)


def test_after_a_pause_cancels_go_first():
    courier = a_courier()
    courier.send(OPEN, PLACE, MONDAY)
    refused = an_answer(1, status=429, headers=(("retry-after", "1"),), body=json.dumps({"error": {"message": "x"}}))
    courier.answered(refused, MONDAY)

    waiting = [courier.send(each, Job(kind), MONDAY) for each, kind in (
        (positions(), JobKind.READ), (OPEN, JobKind.PLACE), (CANCEL, JobKind.CANCEL),
    )]  # fmt: skip
    due = courier.next_due(MONDAY)
    said = courier.pump(MONDAY + 60 * SECOND)

    assert waiting == [(), (), ()]
    assert MONDAY < due <= MONDAY + 2 * SECOND
    assert [each.to for each in said] == ["rest:cancels@main", "rest:orders@main", "rest:queries@main"]


def test_only_what_opens_says_so_and_has_an_end():
    courier = a_courier()

    (opens,) = courier.send(OPEN, PLACE, MONDAY)
    (cancels,) = courier.send(CANCEL, Job(JobKind.CANCEL), MONDAY)
    (asks,) = courier.send(positions(), Job(JobKind.READ), MONDAY)

    assert (opens.opens, opens.not_after) == (True, MONDAY + 5 * SECOND)
    assert (cancels.opens, cancels.not_after) == (False, None)
    assert opens.asked == cancels.asked == MONDAY
    assert [each.to for each in (opens, cancels, asks)] == [
        "rest:orders@main",
        "rest:cancels@main",
        "rest:queries@main",
    ]


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ({"status": 200, "body": "[]"}, Accepted),
        ({"status": 200, "body": "<html>"}, VenueSilent),
        ({"failure": "timed out"}, VenueSilent),
        ({"failure": "no route", "reached": False}, VenueOverloaded),
    ],
)
def test_what_an_answer_means(answer, kind):
    courier = a_courier()
    courier.send(OPEN, PLACE, MONDAY)

    outcome = courier.answered(an_answer(1, **answer), MONDAY)

    assert (outcome.job, type(outcome.answer)) == (PLACE, kind)
    assert courier.answered(an_answer(1, **answer), MONDAY) is None


def test_an_answer_shows_the_venues_clock():
    courier = a_courier()
    courier.send(OPEN, PLACE, MONDAY)

    courier.answered(an_answer(1, status=200, body="[]", headers=(("Date", "Mon, 01 Jan 2024 00:00:30 GMT"),)), MONDAY)
    (next_one,) = courier.send(OPEN, PLACE, MONDAY)

    assert 30 * SECOND <= next_one.clock_offset <= 31 * SECOND


def test_orders_that_wait_too_long_and_answers_that_never_come_are_overdue():
    courier = a_courier()
    said = [courier.send(OPEN, Job(JobKind.PLACE, (f"a-{number}",)), MONDAY) for number in range(12)]
    sent = sum(len(each) for each in said)

    early = courier.overdue(MONDAY + 2 * SECOND)
    late = courier.overdue(MONDAY + 60 * SECOND)

    assert sent == 7
    assert [type(each.answer) for each in early] == [RateLimited] * 5
    assert [type(each.answer) for each in late] == [VenueSilent] * 7
    assert not courier.is_busy(JobKind.PLACE)


def test_orders_whose_end_is_known_are_forgotten_at_last_and_others_never(monkeypatch):
    monkeypatch.setattr("adapters.bitmex.ours.FINISHED_MAX", 3)
    orders = OurOrders("run000-")
    known = [OurOrder(an_order(client_id=f"run000-a-{number}"), INSTRUMENT) for number in range(6)]
    for ours in known:
        orders.add(ours)

    for ours in known[1:]:
        ours.stage = Stage.OVER
        orders.note(ours)

    assert [orders.get(each.order.client_id) is not None for each in known] == [True, False, False, True, True, True]
    assert list(orders.unsettled()) == known[:1]
