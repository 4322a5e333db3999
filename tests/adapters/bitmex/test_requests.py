"""Requests say our messages exactly: quantities in contracts, prices as decimals of the grid, the side as a word."""

import hmac
import json
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.bitmex import queries, requests
from adapters.bitmex.credentials import LoopbackKeys
from adapters.bitmex.requests import Purpose
from messages import (
    ApprovedAmend,
    ApprovedCancel,
    ApprovedOrder,
    CancelAll,
    OrderType,
    TimeInForce,
)
from tests.adapters.bitmex.test_private import XBTUSD
from tests.builders import DAY, HOUR, MINUTE, MONDAY, an_instrument, an_order

FIELDS = {"symbol": "XBTUSD", "clOrdID": "run000-trend-1"}


def placed(*args, instrument=XBTUSD, **fields):
    request = requests.place(ApprovedOrder(an_order(*args, **fields)), instrument)

    assert (request.verb, request.path) == ("POST", "/api/v1/order")
    assert (request.purpose, request.per_second, request.repeatable) == (Purpose.OPEN, True, False)
    assert request.client_id == "run000-trend-1"
    return json.loads(request.body)


@pytest.mark.parametrize(
    ("lots", "fields", "said"),
    [
        (3, {}, {"side": "Buy", "orderQty": 300, "ordType": "Market"}),
        (-3, {}, {"side": "Sell", "orderQty": 300, "ordType": "Market"}),
        (
            1,
            {"limit_price": 42000.1},
            {"side": "Buy", "orderQty": 100, "ordType": "Limit", "price": 42000.1, "timeInForce": "GoodTillCancel"},
        ),
        (
            1,
            {"limit_price": 42000.1, "post_only": True, "reduce_only": True, "time_in_force": TimeInForce.DAY},
            {
                "side": "Buy", "orderQty": 100, "ordType": "Limit", "price": 42000.1, "timeInForce": "Day",
                "execInst": "ParticipateDoNotInitiate,ReduceOnly",
            },
        ),
        (
            1,
            {"limit_price": 42000.1, "time_in_force": TimeInForce.IOC},
            {
                "side": "Buy", "orderQty": 100, "ordType": "Limit", "price": 42000.1,
                "timeInForce": "ImmediateOrCancel",
            },
        ),
        (2, {"time_in_force": TimeInForce.FOK},
         {"side": "Buy", "orderQty": 200, "ordType": "Market", "timeInForce": "FillOrKill"}),
        (-1, {"stop_price": 41000.5},
         {"side": "Sell", "orderQty": 100, "ordType": "Stop", "stopPx": 41000.5, "execInst": "LastPrice"}),
        (
            -1,
            {"type": OrderType.STOP_LIMIT, "stop_price": 41000.5, "limit_price": 40999.5, "reduce_only": True},
            {
                "side": "Sell", "orderQty": 100, "ordType": "StopLimit", "stopPx": 41000.5, "price": 40999.5,
                "timeInForce": "GoodTillCancel", "execInst": "ReduceOnly,LastPrice",
            },
        ),
        (
            -1,
            {"type": OrderType.TRAILING_STOP, "trail": 50.0},
            {
                "side": "Sell", "orderQty": 100, "ordType": "Stop", "execInst": "LastPrice",
                "pegPriceType": "TrailingStopPeg", "pegOffsetValue": -50,
            },
        ),
        (
            1,
            {"type": OrderType.TRAILING_STOP, "trail": 50.0},
            {
                "side": "Buy", "orderQty": 100, "ordType": "Stop", "execInst": "LastPrice",
                "pegPriceType": "TrailingStopPeg", "pegOffsetValue": 50,
            },
        ),
    ],
)  # fmt: skip
def test_every_kind_of_order(lots, fields, said):
    assert placed(lots, **fields) == {**FIELDS, **said}


@given(st.integers(1, 10**8), st.sampled_from(["0.5", "0.1", "0.00001", "2.5", "0.00000001"]))
def test_a_price_is_written_as_the_exact_decimal_of_its_tick(ticks, tick_size):
    instrument = an_instrument(tick_size=Decimal(tick_size))
    exact = ticks * Decimal(tick_size)
    request = requests.place(ApprovedOrder(an_order(limit_price=float(exact))), instrument)

    written = request.body.partition('"price":')[2].partition(",")[0]
    assert Decimal(written) == exact
    assert "e" not in written.lower()


@pytest.mark.parametrize("price", [42000.13, 42000.05, 1e-9])
def test_i22_a_price_off_the_grid_is_never_sent(price):
    with pytest.raises(ValueError, match="grid"):
        requests.place(ApprovedOrder(an_order(limit_price=price)), XBTUSD)


def test_a_lot_that_is_no_whole_number_of_contracts_is_never_sent():
    with pytest.raises(ValueError, match="contracts"):
        requests.place(ApprovedOrder(an_order(1)), an_instrument(lot_size=Decimal("0.5")))


def test_an_amend_names_the_order_by_our_id_and_gives_the_new_total():
    request = requests.amend(ApprovedAmend(an_order(4, limit_price=42000.2), MONDAY), XBTUSD)

    assert (request.verb, request.path, request.repeatable) == ("PUT", "/api/v1/order", False)
    assert json.loads(request.body) == {"origClOrdID": "run000-trend-1", "orderQty": 400, "price": 42000.2}


def test_cancels_travel_in_the_body_and_many_are_one_request():
    one = requests.cancel(ApprovedCancel(account="main", client_id="a-1", symbol="XBTUSD", ts=MONDAY))
    many = requests.cancel_many([f"a-{number}" for number in range(150)])

    assert (one.verb, one.path, one.body) == ("DELETE", "/api/v1/order", '{"clOrdID":"a-1"}')
    assert (one.purpose, one.repeatable, one.client_id) == (Purpose.CANCEL, True, "a-1")
    assert [len(json.loads(request.body)["clOrdID"]) for request in many] == [100, 50]
    assert requests.cancel_many([]) == ()


def test_the_account_wide_kill_and_its_switch():
    everything = requests.cancel_all(CancelAll(account="main", ts=MONDAY))

    assert (everything.verb, everything.path, everything.body) == ("DELETE", "/api/v1/order/all", "{}")
    assert requests.cancel_all(CancelAll(account="main", ts=MONDAY), "XBTUSD").body == '{"symbol":"XBTUSD"}'
    assert requests.dead_mans_switch(60_000).body == '{"timeout":60000}'
    assert requests.dead_mans_switch(0).path == "/api/v1/order/cancelAllAfter"
    for wrong in (1, 60, 4_999, -1):
        with pytest.raises(ValueError, match="dead man"):
            requests.dead_mans_switch(wrong)


def test_closing_names_a_side_and_no_quantity():
    request = requests.close("XBTUSD", 5, "kill-1")

    assert json.loads(request.body) == {
        "symbol": "XBTUSD", "side": "Sell", "ordType": "Market", "clOrdID": "kill-1", "execInst": "Close",
    }  # fmt: skip
    assert request.purpose is Purpose.CANCEL
    assert not request.repeatable
    assert json.loads(requests.close("XBTUSD", -5, "kill-2").body)["side"] == "Buy"


def test_leverage_within_its_range():
    assert requests.leverage("XBTUSD", Decimal("2.5")).body == '{"symbol":"XBTUSD","leverage":2.5}'
    assert requests.leverage("XBTUSD", Decimal(0)).body == '{"symbol":"XBTUSD","leverage":0}'
    assert requests.isolate("XBTUSD", enabled=False).body == '{"symbol":"XBTUSD","enabled":false}'
    for wrong in ("0.001", "101", "-1"):
        with pytest.raises(ValueError, match="leverage"):
            requests.leverage("XBTUSD", Decimal(wrong))


def test_a_request_is_signed_as_it_is_sent():
    request = requests.cancel(ApprovedCancel(account="main", client_id="a-1", symbol="XBTUSD", ts=MONDAY))
    headers = requests.signed_headers(request, LoopbackKeys("key", "secret"), 1704067205)

    whole = b'DELETE/api/v1/order1704067205{"clOrdID":"a-1"}'
    assert headers["api-signature"] == hmac.new(b"secret", whole, "sha256").hexdigest()
    assert (headers["api-key"], headers["api-expires"]) == ("key", "1704067205")
    assert headers["content-type"] == "application/json"


# Questions.


def asked(request):
    parts = urlsplit(request.path)
    assert (request.verb, request.body, request.purpose, request.per_second) == ("GET", "", Purpose.QUERY, False)
    return parts.path.removeprefix("/api/v1"), {name: value for name, (value,) in parse_qs(parts.query).items()}


def test_open_orders_are_asked_for_by_the_filter():
    assert asked(queries.open_orders("XBTUSD").request) == (
        "/order",
        {"symbol": "XBTUSD", "filter": '{"open":true}', "count": "500", "start": "0"},
    )


def test_an_unknown_outcome_is_looked_up_by_client_id():
    path, parameters = asked(queries.orders_named(["a-1", "a-2"]))

    assert path == "/order"
    assert json.loads(parameters["filter"]) == {"clOrdID": ["a-1", "a-2"]}
    for wrong in ([], ["x"] * 501):
        with pytest.raises(ValueError, match="client ids"):
            queries.orders_named(wrong)


def test_bars_are_asked_for_by_their_ends_a_thousand_at_a_time():
    path, parameters = asked(queries.bars("XBTUSD", MINUTE, since=MONDAY, until=MONDAY + HOUR).request)

    assert path == "/trade/bucketed"
    assert parameters == {
        "binSize": "1m", "partial": "false", "symbol": "XBTUSD", "startTime": "2024-01-01T00:00:00.000Z",
        "endTime": "2024-01-01T01:00:00.000Z", "count": "1000", "start": "0",
    }  # fmt: skip
    with pytest.raises(ValueError, match="bars of"):
        queries.bars("XBTUSD", 2 * MINUTE)


def test_every_other_question():
    assert asked(queries.executions(since=MONDAY).request)[1]["startTime"] == "2024-01-01T00:00:00.000Z"
    assert asked(queries.trade_history().request)[0] == "/execution/tradeHistory"
    assert asked(queries.orders(since=MONDAY).request)[0] == "/order"
    assert asked(queries.trades("XBTUSD").request)[1]["count"] == "1000"
    assert asked(queries.funding("XBTUSD", since=MONDAY - DAY).request)[0] == "/funding"
    assert asked(queries.instruments("XBTUSD").request)[1]["symbol"] == "XBTUSD"
    assert asked(queries.positions())[0] == "/position"
    assert asked(queries.margin()) == ("/user/margin", {"currency": "all"})
    assert asked(queries.wallet("XBt")) == ("/user/wallet", {"currency": "XBt"})
    paths = (queries.account(), queries.commissions(), queries.key_permissions(), queries.active_instruments())
    assert [asked(request)[0] for request in paths] == ["/user", "/user/commission", "/apiKey", "/instrument/active"]


@given(st.integers(0, 2500))
def test_pages_bring_every_row_once_and_then_end(total):
    everything, had, pages = list(range(total)), [], queries.executions()
    while pages is not None:
        _, parameters = asked(pages.request)
        start = int(parameters["start"])
        rows = everything[start : start + int(parameters["count"])]
        had += rows
        pages = pages.after(len(rows))

    assert had == everything
