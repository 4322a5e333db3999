"""The recorder keeps what results are made of, in the order it was said, and answers nothing."""

from actors.recorder import Record, Recorder
from messages import (
    AmendRejected,
    ForeignActivity,
    FundingPaid,
    GaveUp,
    OrderAmended,
    OrderTimed,
    PositionAdjusted,
    ShareSized,
)
from tests.builders import MONDAY, a_fill, an_order


def _paid():
    return FundingPaid(
        account="main",
        currency="USD",
        symbol="XBTUSD",
        ts=MONDAY,
        rate=0.0,
        price=1.0,
        lots=0,
        amount_minor=0,
        parts=(),
    )


def test_fills_and_funding_keep_their_order_among_each_other():
    record = Record()
    recorder = Recorder(record)
    first, second = a_fill(1, execution_id="e1"), a_fill(1, execution_id="e2")

    assert [*recorder.on_fill(first), *recorder.on_funding_paid(_paid()), *recorder.on_fill(second)] == []

    assert record.booked == [first, _paid(), second]
    assert record.fills == [first, second]


def test_amends_are_kept_and_those_that_were_not_made_are_counted_by_reason():
    record = Record()
    recorder = Recorder(record)
    order = an_order(1, limit_price=99.0)

    recorder.on_order_amended(OrderAmended(order, MONDAY))
    for reason in ("crossing", "unknown-order", "crossing"):
        recorder.on_amend_rejected(AmendRejected(order, reason, MONDAY))

    assert [amended.order for amended in record.amended] == [order]
    assert record.amend_rejections == {"crossing": 2, "unknown-order": 1}


def test_sizes_and_what_was_given_up_are_kept():
    record = Record()
    recorder = Recorder(record)
    who = {"account": "main", "strategy": "trend", "symbol": "XBTUSD", "ts": MONDAY}
    sized, given = ShareSized(**who, weight=1.5, lots=2), GaveUp(**who, algorithm="chase", lots=-3)

    recorder.on_share_sized(sized)
    recorder.on_gave_up(given)

    assert (record.sized, record.gave_up) == ([sized], [given])


def _adjusted(number):
    return PositionAdjusted(
        account="main", symbol="XBTUSD", strategy="trend", adjustment_id=f"a{number}", lots=1, value_minor=5, ts=MONDAY
    )


def test_what_a_venue_repeats_is_booked_once():
    record = Record()
    recorder = Recorder(record)
    said = [a_fill(1, execution_id="e1"), _paid(), _adjusted(1)]

    for _ in range(2):
        recorder.on_fill(said[0])
        recorder.on_funding_paid(said[1])
        recorder.on_position_adjusted(said[2])
        recorder = Recorder(record)

    assert record.booked == said
    assert record.adjusted == said[2:]


def test_what_is_not_ours_and_how_long_orders_took_is_kept():
    record = Record()
    recorder = Recorder(record)
    foreign = ForeignActivity(account="main", kind="order", text="an order by hand", ts=MONDAY)
    timed = OrderTimed(
        account="main", client_id="c", symbol="XBTUSD", decided=1, handed=2, sent=3, acknowledged=4,
    )  # fmt: skip

    recorder.on_foreign_activity(foreign)
    recorder.on_order_timed(timed)

    assert (record.foreign, record.timed) == ([foreign], [timed])
