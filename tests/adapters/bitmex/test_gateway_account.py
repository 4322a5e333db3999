"""The gateway says what happens in the account: readiness, reads, strangers, what befalls positions, heartbeats."""

import json

import pytest

from adapters.bitmex.dead_mans_switch import HeartbeatRules
from messages import (
    Fill,
    FillPart,
    ForeignActivity,
    FundingPaid,
    HaltTrading,
    Heartbeat,
    HeartbeatReturned,
    Liquidity,
    OrderEnded,
    OrderRejected,
    PositionAdjusted,
    Quarantined,
    ReadVenue,
    SendLogin,
    TextReceived,
    VenueConnected,
    VenueLost,
    VenueRead,
)
from tests.adapters.bitmex.frames import a_frame, an_execution_row
from tests.adapters.bitmex.gateway_rig import MS, Fate, Rig, a_fill_told, order, ready
from tests.adapters.bitmex.model_venue import SYMBOL, stamp
from tests.builders import MONDAY, SECOND, a_fill

HELD = {("trend", SYMBOL): 6, ("mean", SYMBOL): 3, ("short", SYMBOL): -3}


def befall(rig, kind, **fields):
    """Something that the venue does to the position."""
    rig.venue.execute(execType=kind, orderID="", clOrdID="", **fields)
    rig.run(1)


# Readiness.


def test_connected_is_said_once_when_everything_private_is_live():
    rig = Rig(reads=False)

    rig.run(3)

    assert len(rig.of(VenueConnected)) == 1
    assert [each for each in rig.lines if isinstance(each, SendLogin)]
    assert not rig.of(VenueLost)


def test_a_log_in_asks_for_a_signature_and_holds_none():
    rig = Rig(reads=False)

    rig.run(1)

    (login,) = [each for each in rig.lines if isinstance(each, SendLogin)]
    assert MONDAY < login.expires * SECOND < MONDAY + 15 * SECOND


def test_a_line_that_breaks_is_said_once_and_connected_again_when_it_is_back():
    rig = ready(reads=True)
    rig.cut("connection reset")

    rig.run(30)

    assert [each.reason for each in rig.of(VenueLost)] == ["connection reset"]
    assert len(rig.of(VenueConnected)) == 2


def test_a_venue_that_cannot_be_reached_at_all_is_said_once():
    rig = Rig(reads=False)
    rig.is_cut = True

    rig.run(50)

    assert [each.reason for each in rig.of(VenueLost)] == ["no route"]
    assert not rig.of(VenueConnected)


def test_what_an_old_connection_left_is_not_heard():
    rig = ready()
    row = an_execution_row(clOrdID="run000-trend-1", symbol=SYMBOL)

    said = rig.tell(TextReceived(to="venue@main", number=99, text=a_frame("execution", "insert", row), at=rig.at))

    assert said == []


def test_a_row_that_cannot_be_understood_has_the_account_compared_anew():
    rig = ready()
    row = an_execution_row(execType="Novelty", symbol=SYMBOL, timestamp=stamp(rig.at), transactTime=stamp(rig.at))
    before = len(rig.of(VenueRead))

    rig.tell(TextReceived(to="venue@main", number=1, text=a_frame("execution", "insert", row), at=rig.at))
    rig.run(2)

    assert len(rig.of(VenueLost)) == 1
    assert len(rig.of(VenueConnected)) == 2
    assert len(rig.of(VenueRead)) == before + 2


def test_what_is_malformed_passes_out():
    rig = ready()

    rig.tell(TextReceived(to="venue@main", number=1, text='{"table":"order","action":"update","data":[7]}', at=rig.at))

    assert rig.of(Quarantined)


def test_refused_keys_halt():
    rig = ready()
    rig.fate_of = lambda request: Fate(status=403, text=json.dumps({"error": {"message": "Access Denied"}}))

    rig.run(120)

    assert len([each for each in rig.of(HaltTrading) if "does not take our keys" in each.reason]) == 1


# Reading.


def test_a_read_tells_positions_marks_balances_and_what_is_unsettled():
    rig = ready()
    rig.approve(order(2, ts=rig.at))
    rig.approve(order(2, "run000-trend-2", ts=rig.at, limit_price=90.0))
    rig.run(1)

    read = next(each for each in rig.read() if isinstance(each, VenueRead))

    assert read.positions == ((SYMBOL, 2),)
    assert read.marks == ((SYMBOL, 100.0),)
    assert read.balances == (("USDT", 1_000_000),)
    assert read.unsettled == ("run000-trend-2",)


def test_fills_that_the_stream_lost_are_said_before_the_read_that_found_them():
    rig = ready()
    rig.frame_fate = lambda table, text: []
    rig.approve(order(2, ts=rig.at))
    rig.run(0.5)

    said = rig.read()

    kinds = [type(each) for each in said if isinstance(each, (Fill, VenueRead))]
    assert kinds == [Fill, VenueRead]


def test_f14_a_fill_that_comes_after_its_difference_was_booked_takes_that_back_in_the_same_breath():
    rig = ready()
    rig.frame_fate = lambda table, text: [(30 * SECOND, text)] if table == "execution" else [(MS, text)]
    rig.fate_of = lambda request: Fate(status=200, text="[]") if "/execution" in request.path else Fate()
    rig.approve(order(2, ts=rig.at))
    rig.run(29)
    (booked,) = rig.of(PositionAdjusted)
    assert booked.lots == 2
    before = len(rig.said)

    rig.run(1.1)

    said = [each for each in rig.said[before:] if isinstance(each, (Fill, PositionAdjusted))]
    assert [(type(each), each.lots) for each in said] == [(Fill, 2), (PositionAdjusted, -2)]
    assert said[1].value_minor == -booked.value_minor
    assert sum(each.lots for each in rig.of(Fill, PositionAdjusted)) == 2


def test_a_fill_after_the_positions_were_shown_takes_nothing_back_of_what_was_booked():
    rig = ready()
    rig.frame_fate = lambda table, text: [] if table == "execution" else [(MS, text)]
    rig.fate_of = lambda request: Fate(status=200, text="[]") if "/execution" in request.path else Fate()
    rig.approve(order(2, ts=rig.at))
    rig.run(29)
    rig.frame_fate, rig.fate_of = lambda table, text: [(MS, text)], lambda request: Fate()

    rig.approve(order(2, "run000-trend-2", ts=rig.at))
    rig.run(0.5)

    assert [each.lots for each in rig.of(Fill)] == [2]
    assert [each.lots for each in rig.of(PositionAdjusted)] == [2]


def test_fills_that_the_stream_lost_are_asked_for_when_their_order_is_over():
    rig = ready()
    rig.frame_fate = lambda table, text: [] if table == "execution" else [(MS, text)]
    rig.approve(order(2, ts=rig.at))
    rig.run(6)

    (lost,) = [each for each in rig.of(VenueLost) if "were not told" in each.reason]
    assert lost.reason == "fills of run000-trend-1 were not told"
    assert [each.lots for each in rig.of(Fill)] == [2]
    assert rig.gateway._parts.missing.next_due() is None


def test_a_fill_whose_word_the_stream_did_not_know_is_booked_when_a_read_says_it_plainly():
    rig = ready()
    rig.frame_fate = lambda table, text: [(MS, text.replace('"Trade"', '"TradeInBlock"'))]
    rig.approve(order(2, ts=rig.at))

    rig.run(6)

    assert len([each for each in rig.of(ForeignActivity) if "nobody here knows the meaning of" in each.text]) == 1
    assert [each.lots for each in rig.of(Fill)] == [2]
    assert rig.of(PositionAdjusted) == []


def test_an_end_that_is_said_again_misses_no_fills():
    rig = ready()
    rig.approve(order(1, ts=rig.at))
    rig.run(3)
    assert len(rig.of(Fill)) == 1

    # A cancel that crossed the fill.
    rig.cancel()
    rig.run(40)

    assert len(rig.of(OrderEnded)) == 2
    assert not rig.of(VenueLost)


def test_fills_that_are_missed_while_the_line_is_down_do_not_have_it_turn_without_end(monkeypatch):
    rig = ready()
    rig.frame_fate = lambda table, text: [] if table == "execution" else [(MS, text)]
    rig.approve(order(1, ts=rig.at))
    rig.run(0.5)
    assert rig.of(OrderEnded)
    assert not rig.of(Fill)
    rig.is_cut = True
    rig.cut()
    woken = []
    heard = rig.gateway.on_woke
    monkeypatch.setattr(rig.gateway, "on_woke", lambda woke: woken.append(woke) or heard(woke))

    rig.run(30)
    assert len(woken) < 100
    rig.is_cut = False
    rig.run(60)

    assert len(rig.of(Fill)) == 1


def test_every_page_is_read(monkeypatch):
    monkeypatch.setattr("adapters.bitmex.queries.PAGE", 3)
    rig = ready()
    rig.frame_fate = lambda table, text: []
    rig.approve(order(50, ts=rig.at, limit_price=99.5))
    rig.run(0.2)
    for _ in range(7):
        rig.venue.fill(rig.venue.open()[0], 2)

    rig.read()

    assert sum(each.lots for each in rig.of(Fill)) == 14


def test_an_answer_that_does_not_come_is_asked_for_again_and_given_up_at_last():
    rig = Rig(reads=False)
    rig.run(1)
    asked = []
    rig.fate_of = lambda request: asked.append(request.path) or Fate(lost="before")

    rig.tell(ReadVenue(account="main", number=5, ts=rig.at))
    rig.run(40)

    (read,) = rig.of(VenueRead)
    assert read.number == 5
    assert "open" in read.failure
    assert len([path for path in asked if path.startswith("/api/v1/order?")]) == 5


def test_without_a_line_a_read_fails_at_once():
    rig = Rig(reads=False)

    rig.tell(ReadVenue(account="main", number=5, ts=rig.at))

    assert [each.failure for each in rig.of(VenueRead)] == ["not connected"]


# Strangers.


def test_a_strangers_order_is_named_once_and_never_touched():
    rig = ready()
    rig.venue.rest_order("theirs-1", 5, 99.0)
    rig.run(1)

    rig.read()

    assert [(each.kind, "theirs-1" in each.text) for each in rig.of(ForeignActivity)] == [("order", True)]
    assert rig.venue.cancels == []
    assert rig.venue.open()


def test_a_strangers_trade_is_an_adjustment_with_its_fee_in_its_value():
    rig = ready()

    rig.venue.execute(clOrdID="theirs-1", side="Buy", lastQty=5, lastPx=100.0, execCost=500, execComm=7)
    rig.run(1)
    rig.read()

    (adjusted,) = rig.of(PositionAdjusted)
    assert (adjusted.strategy, adjusted.lots, adjusted.value_minor) == ("outside", 5, 507)
    assert adjusted.adjustment_id == f"execution-{rig.venue.executions[0]['execID']}"
    assert [each.kind for each in rig.of(ForeignActivity)] == ["fill"]


def test_an_order_with_our_name_that_nobody_approved_is_cancelled_on_sight():
    rig = ready()

    rig.venue.rest_order("run000-ghost-1", 5, 99.0)
    rig.run(3)

    assert [each.kind for each in rig.of(ForeignActivity)] == ["orphan"]
    assert not rig.venue.open()
    assert rig.gateway._desk.unsettled == ()


def test_an_execution_before_the_first_time_that_is_asked_for_is_known_already():
    rig = ready(executions_since=MONDAY)
    old = an_execution_row(symbol=SYMBOL, timestamp=stamp(MONDAY - 120 * SECOND), transactTime=None)

    rig.tell(TextReceived(to="venue@main", number=1, text=a_frame("execution", "insert", old), at=rig.at))

    assert not rig.of(Fill, PositionAdjusted)


# An earlier life.


def test_orders_of_an_earlier_life_are_cancelled_before_the_first_read_is_answered():
    rig = Rig(approved={"run000-trend-1": order(5, limit_price=99.5)})
    rig.venue.rest_order("run000-trend-1", 5, 99.5)

    rig.run(5)

    assert [each.kind for each in rig.of(ForeignActivity)] == ["orphan"]
    assert [each.order.client_id for each in rig.of(OrderEnded)] == ["run000-trend-1"]
    assert rig.said.index(rig.of(OrderEnded)[0]) < rig.said.index(rig.of(VenueRead)[0])


def test_a_read_waits_for_what_must_go():
    rig = Rig(approved={"run000-trend-1": order(5, limit_price=99.5)})
    rig.venue.rest_order("run000-trend-1", 5, 99.5)
    rig.fates["DELETE", "/order"] = Fate(effect=3 * SECOND)

    rig.run(2)
    assert not rig.of(VenueRead)
    rig.run(5)

    assert not rig.venue.open()
    assert rig.said.index(rig.of(OrderEnded)[0]) < rig.said.index(rig.of(VenueRead)[0])


def test_a_read_gives_up_on_what_will_not_go():
    rig = Rig(approved={"run000-trend-1": order(5, limit_price=99.5)})
    rig.venue.rest_order("run000-trend-1", 5, 99.5)
    rig.fate_of = lambda request: Fate(lost="before") if request.verb == "DELETE" else Fate()

    rig.run(63)

    assert rig.of(VenueRead)[0].failure == "the venue did not answer in time"
    assert rig.approve(order(1, "run000-trend-2", ts=rig.at))[0].reason == "venue-not-ready"


def test_a_clock_that_goes_ahead_of_the_venues_loses_no_fill():
    ahead = 300 * SECOND
    rig = Rig(executions_since=MONDAY + ahead)
    rig.at += ahead
    rig.gateway = rig.made()
    rig._timers.clear()
    real = rig.venue.accept
    rig.venue.accept = lambda: [real()[0]]
    rig._do(rig.gateway.on_start())
    rig.run(1)

    stamped = stamp(MONDAY + 2 * SECOND)
    row = an_execution_row(symbol=SYMBOL, clOrdID="theirs", timestamp=stamped, transactTime=stamped)
    rig.tell(TextReceived(to="venue@main", number=1, text=a_frame("execution", "insert", row), at=rig.at))

    assert rig.of(PositionAdjusted)


def test_fills_of_an_earlier_life_have_the_owners_that_were_journalled():
    known = order(owners=(("trend", 2), ("mean", 2)))
    rig = Rig(approved={known.client_id: known}, filled={(known.client_id, "trend"): 2}, positions={SYMBOL: 2})
    placed = rig.venue.rest_order(known.client_id, 4, type_="Market")
    rig.venue.fill(placed, 2)
    rig.venue.fill(placed, 2)
    rig.earlier["known_executions"] = [rig.venue.executions[0]["execID"]]
    rig.gateway = rig.made()
    rig._do(rig.gateway.on_start())

    rig.run(3)

    assert [[(part.strategy, part.lots) for part in each.parts] for each in rig.of(Fill)] == [[("mean", 2)]]
    assert rig.of(OrderEnded)[-1].lots_filled == 4
    assert not rig.of(PositionAdjusted)


def test_an_order_that_was_approved_and_never_sent_is_rejected_and_not_sent_now():
    rig = Rig(approved={"run000-trend-1": order(5, limit_price=99.5)})

    rig.run(100)

    assert [each.reason for each in rig.of(OrderRejected)] == ["not-at-venue"]
    assert rig.venue.posted == []


def test_a_restart_says_lost_first_and_goes_on_with_what_was_under_way():
    rig = ready()
    rig.fates["POST", "/order"] = Fate(back=2 * SECOND)
    rig.approve(order(2, ts=rig.at, limit_price=99.5))

    rig.restart()
    rig.run(5)

    assert rig.of(VenueLost)[0].reason == "the gateway was started again"
    assert len(rig.venue.posted) == 1
    assert rig.of(VenueRead)[-1].unsettled == ("run000-trend-1",)


# What befalls a position.


def test_a_liquidation_leaves_nobody_anything_and_is_named():
    rig = ready(held=HELD, positions={SYMBOL: 6})
    rig.venue.position = 6

    befall(rig, "Liquidation", side="Sell", lastQty=6, lastPx=50.0, execCost=-300, execComm=6)

    (fill,) = rig.of(Fill)
    assert fill.liquidity is Liquidity.LIQUIDATION
    assert fill.parts == (
        FillPart("mean", -3, -150, 2),
        FillPart("short", 3, 150, 1),
        FillPart("trend", -6, -300, 3),
    )
    assert [each.kind for each in rig.of(ForeignActivity)] == ["liquidation"]


def test_a_part_of_a_liquidation_goes_pro_rata_to_those_that_it_takes_from():
    rig = ready(held={("trend", SYMBOL): 4, ("mean", SYMBOL): 2}, positions={SYMBOL: 6})
    rig.venue.position = 6

    befall(rig, "Liquidation", side="Sell", lastQty=3, lastPx=50.0, execCost=-150, execComm=3)

    assert [(part.strategy, part.lots) for part in rig.of(Fill)[0].parts] == [("mean", -1), ("trend", -2)]


def test_a_settlement_without_a_side_ends_the_position():
    rig = ready(held={("trend", SYMBOL): -4}, positions={SYMBOL: -4})

    befall(rig, "Settlement", side="", lastQty=4, lastPx=50.0, execCost=200, execComm=0)

    (fill,) = rig.of(Fill)
    assert (fill.liquidity, fill.lots, fill.value_minor) == (Liquidity.SETTLEMENT, 4, 200)
    assert fill.parts == (FillPart("trend", 4, 200, 0),)


def test_funding_is_paid_once_by_those_who_hold():
    rig = ready(held=HELD, positions={SYMBOL: 6})
    rig.venue.position = 6
    funding = {"side": "Buy", "lastQty": 6, "lastPx": 100.0, "execCost": 600, "execComm": 7, "commission": 0.01}

    befall(rig, "Funding", **funding)
    again = dict(rig.venue.executions[0], execID="another")
    rig.venue._tell("execution", "insert", again)
    rig.run(1)

    (paid,) = rig.of(FundingPaid)
    assert (paid.lots, paid.amount_minor, paid.rate, paid.price) == (6, -7, 0.01, 100.0)
    assert [(part.strategy, part.lots, part.amount_minor) for part in paid.parts] == [
        ("mean", 3, -4), ("short", -3, 4), ("trend", 6, -7),
    ]  # fmt: skip


def test_holders_follow_crossings_and_the_reconcilers_adjustments():
    rig = ready(held={("trend", SYMBOL): 6}, positions={SYMBOL: 6})
    rig.venue.position = 6
    for strategy, lots in (("trend", -2), ("mean", 2)):
        crossed = a_fill(parts=((strategy, lots),), symbol=SYMBOL, execution_id=f"cross-{strategy}")
        rig.tell(crossed)
        rig.tell(crossed)
    adjusted = PositionAdjusted(
        account="main", symbol=SYMBOL, strategy="outside", adjustment_id="main-1", lots=1, value_minor=100, ts=rig.at
    )
    rig.tell(adjusted)
    rig.tell(adjusted)

    befall(rig, "Liquidation", side="Sell", lastQty=7, lastPx=50.0, execCost=-350, execComm=0)

    assert [(part.strategy, part.lots) for part in rig.of(Fill)[0].parts] == [
        ("mean", -2), ("outside", -1), ("trend", -4),
    ]  # fmt: skip


def test_money_that_the_venue_does_not_tell_is_computed():
    rig = ready()
    rig.approve(order(50, ts=rig.at, limit_price=99.5))
    rig.run(0.2)
    row = rig.venue.execute(
        clOrdID="run000-trend-1", side="Buy", lastQty=50, lastPx=99.5, execCost=None, execComm=None, commission=None,
        lastLiquidityInd="AddedLiquidity",
    )  # fmt: skip
    assert row["execCost"] is None

    rig.run(1)

    (fill,) = rig.of(Fill)
    assert (fill.value_minor, fill.fee_minor, fill.liquidity) == (4975, 0, Liquidity.MAKER)


# The heartbeat.


def test_a_heartbeat_is_sent_off_each_five_seconds_and_the_switch_refreshed_when_it_is_back():
    rig = ready()

    rig.run(61)

    beats = rig.of(Heartbeat)
    refreshes = [each for each in rig.requests if each.path == "/api/v1/order/cancelAllAfter"]
    assert [each.number for each in beats] == list(range(1, 14))
    assert len(refreshes) == 5
    assert {each.to for each in refreshes} == {"rest:cancels@main"}
    assert not rig.of(HaltTrading)


def test_without_heartbeats_the_switch_is_not_refreshed_nothing_opens_and_trading_halts():
    rig = ready()
    rig.beats = False

    rig.run(45)
    lost = rig.of(VenueLost)
    rig.run(45)

    assert [each.reason for each in lost] == ["the dead man's switch cannot be refreshed"]
    assert len([each for each in rig.requests if each.path == "/api/v1/order/cancelAllAfter"]) == 1
    assert ["was not refreshed" in each.reason for each in rig.of(HaltTrading)] == [True]


def test_i12_nothing_opens_before_the_venue_has_taken_the_switch():
    rig = Rig(beats=False)
    rig.run(3)
    rig.approve(order(1, ts=rig.at))
    rig.beats = True
    rig.run(6)
    rig.approve(order(1, "run000-trend-2", ts=rig.at))
    rig.run(1)

    opened = [each for each in rig.requests if (each.verb, each.path) == ("POST", "/api/v1/order")]
    assert [each.order.client_id for each in rig.of(OrderRejected)] == ["run000-trend-1"]
    assert ["trend-2" in each.body for each in opened] == [True]


def test_heartbeats_that_are_back_in_time_take_the_loss_back():
    rig = ready()
    rig.beats = False
    rig.run(45)

    rig.beats = True
    rig.run(10)

    assert len(rig.of(VenueConnected)) == 2
    assert not rig.of(HaltTrading)


def test_a_heartbeat_that_comes_back_twice_refreshes_once():
    rig = ready()
    rig.run(20)
    before = len(rig.requests)

    rig.tell(rig.of(Heartbeat)[0])
    rig.tell(Heartbeat(account="main", number=10_000, ts=rig.at))

    assert len(rig.requests) == before


def test_f58_a_refresh_leaves_with_its_heartbeat_or_not_at_all():
    rig = ready()
    text = '{"error": {"message": "Rate limit exceeded, retry in 12 seconds."}}'
    rig.fates["POST", "/order/cancelAllAfter"] = Fate(status=429, text=text)
    while rig.fates:
        rig.run(1)
    refreshes = [each for each in rig.requests if each.path.endswith("cancelAllAfter")]

    rig.run(6)
    rig.beats = False
    rig.run(30)

    assert [each for each in rig.requests if each.path.endswith("cancelAllAfter")] == refreshes


def test_an_old_heartbeat_does_not_stand_for_a_new_one():
    rig = ready()
    rig.run(11)
    rig.fates["POST", "/order/cancelAllAfter"] = Fate(status=503, text="")
    rig.run(5)
    rig.beats = False
    rig.run(5)
    before = len(rig.requests)

    rig.tell(rig.of(Heartbeat)[0])

    assert len(rig.requests) == before


def test_a_switch_that_fires_between_heartbeats_is_refused():
    with pytest.raises(ValueError, match="shorter than twice"):
        HeartbeatRules(switch_ms=30_000)


def test_an_ordered_stop_that_leaves_orders_takes_the_switch_off():
    rig = ready(leave_orders=True)

    rig._do(rig.gateway.on_stop())

    assert (rig.requests[-1].path, rig.requests[-1].body) == ("/api/v1/order/cancelAllAfter", '{"timeout":0}')


def test_an_ordered_stop_with_nothing_of_ours_left_takes_the_switch_off():
    rig = ready()

    rig._do(rig.gateway.on_stop())

    assert (rig.requests[-1].path, rig.requests[-1].body) == ("/api/v1/order/cancelAllAfter", '{"timeout":0}')


def test_the_switch_stays_while_the_end_of_an_order_of_ours_is_not_known():
    rig = ready()
    rig.approve(order(1))
    before = len(rig.requests)

    rig._do(rig.gateway.on_stop())

    assert [each.path for each in rig.requests[before:]] == []


# Fills that cannot be.


def told_again(rig, **fields):
    """The last execution once more, by another id."""
    row = {**rig.venue.executions[-1], "execID": "another", **fields}
    return rig.tell(TextReceived(to="venue@main", number=1, text=a_frame("execution", "insert", row), at=rig.at))


def test_f17_a_fill_that_is_told_again_by_another_id_is_one_fill_and_has_the_account_compared():
    rig = ready()
    rig.approve(order(5, ts=rig.at, limit_price=99.5))
    rig.run(1)
    rig.venue.fill(rig.venue.open()[0], 2)
    rig.run(1)

    told_again(rig)
    rig.run(1)
    rig.venue.fill(rig.venue.open()[0], 3)
    rig.run(5)

    assert [fill.lots for fill in rig.of(Fill)] == [2, 3]
    assert [each.reason for each in rig.of(Quarantined)] == ["duplicate"]
    assert len(rig.of(VenueLost)) == 1
    assert len(rig.of(VenueConnected)) == 2


def test_f17_a_strangers_trade_that_is_told_again_by_another_id_is_booked_once():
    rig = ready()
    trade = {"clOrdID": "theirs-1", "orderID": "order-9", "cumQty": 5, "leavesQty": 0, "ordStatus": "Filled"}
    rig.venue.execute(**trade, side="Buy", lastQty=5, lastPx=100.0, execCost=500, execComm=7)
    rig.run(1)

    told_again(rig)
    rig.run(5)

    assert [each.lots for each in rig.of(PositionAdjusted)] == [5]
    assert [each.reason for each in rig.of(Quarantined)] == ["duplicate"]


def test_f17_a_liquidation_that_is_told_again_by_another_id_closes_nothing_twice():
    rig = ready(held=HELD, positions={SYMBOL: 6})
    rig.venue.position = 6
    fields = {"orderID": "order-9", "cumQty": 6, "lastQty": 6, "lastPx": 90.0, "side": "Sell"}
    rig.venue.execute(execType="Liquidation", **fields, execCost=-540, execComm=1)
    rig.run(1)

    told_again(rig)
    rig.run(1)

    assert [fill.lots for fill in rig.of(Fill)] == [-6]
    assert [each.reason for each in rig.of(Quarantined)] == ["duplicate"]


def test_f17_a_fill_of_an_earlier_life_that_is_told_again_by_another_id_is_not_counted():
    rig = ready(approved={"run000-trend-1": order(5)}, filled={("run000-trend-1", "trend"): 2})
    resting = rig.venue.rest_order("run000-trend-1", 5, 99.5)
    resting.update(cumQty=2, leavesQty=3)

    rig.tell(a_fill_told(rig, 2, 2))

    assert not rig.of(Fill)
    assert [each.reason for each in rig.of(Quarantined)] == ["duplicate"]


def test_f17_a_fill_of_an_order_that_was_over_in_an_earlier_life_is_not_counted_again_by_another_id():
    rig = ready(over={"run000-trend-1": order(5)}, filled={("run000-trend-1", "trend"): 5})

    rig.tell(a_fill_told(rig, 2, 2))

    assert not rig.of(PositionAdjusted)
    assert not rig.of(Fill)
    assert [each.reason for each in rig.of(Quarantined)] == ["duplicate"]


def test_f17_more_than_was_filled_of_an_order_that_was_over_in_an_earlier_life_is_its_owners():
    rig = ready(over={"run000-trend-1": order(5)}, filled={("run000-trend-1", "trend"): 5})

    rig.tell(a_fill_told(rig, 1, 6))

    assert [[(part.strategy, part.lots) for part in fill.parts] for fill in rig.of(Fill)] == [[("trend", 1)]]


def test_f17_more_than_was_asked_for_is_counted_when_the_venue_says_that_so_much_is_filled():
    rig = ready()
    rig.approve(order(1, ts=rig.at, limit_price=99.5))
    rig.run(1)
    resting = rig.venue.open()[0]
    rig.venue.fill(resting, 1)
    rig.run(1)

    resting["leavesQty"] = 1
    rig.venue.fill(resting, 1)
    rig.run(1)

    assert [fill.lots for fill in rig.of(Fill)] == [1, 1]
    assert not rig.of(Quarantined)


def test_f16_one_match_of_two_of_our_orders_is_two_fills():
    rig = ready()
    for name, lots in (("run000-trend-1", 1), ("run000-mean-1", -1)):
        rig.approve(order(lots, name, ts=rig.at, limit_price=99.5))
    rig.run(1)

    for resting in rig.venue.open():
        rig.venue.fill(resting, 1, trdMatchID="one")
    rig.run(1)

    assert sorted(fill.lots for fill in rig.of(Fill)) == [-1, 1]


def test_each_heartbeat_that_is_back_is_said_once_with_the_switch_or_without():
    for wait in (0, 60_000):
        rig = ready(heartbeat=HeartbeatRules(switch_ms=wait))
        rig.run(31)

        rig.tell(rig.of(Heartbeat)[0])
        rig.tell(Heartbeat(account="main", number=10_000, ts=rig.at))

        assert [each.number for each in rig.of(HeartbeatReturned)] == list(range(1, 8))


def test_a_heartbeat_that_is_not_back_is_not_said_to_be():
    rig = ready()
    rig.beats = False

    rig.run(31)

    assert len(rig.of(Heartbeat)) == 7
    # What was back before.
    assert [each.number for each in rig.of(HeartbeatReturned)] == [1]
