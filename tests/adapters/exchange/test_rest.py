"""REST answers as BitMEX does: signatures over raw bytes, permissions, limits with their headers, table queries."""

import hashlib
import hmac
import json
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.exchange.account import Key
from adapters.exchange.limits import LimitRules, Limits
from adapters.exchange.refusals import Refusal, overloaded
from adapters.exchange.rest import Request
from adapters.exchange.signatures import signed_by
from tests.adapters.exchange.house import Caller, a_market, an_exchange, order
from tests.builders import MINUTE, MONDAY

SECRET = "chNOOS4KvNXR_Xq4k4c9qsfoKWvnDecLATCRlcBwyKDYnWgO"
PUBLISHED = Key(id="LAqUlngMIQkIUjXMUreyu3qn", secret=SECRET, account=1)
ORDER = b'{"symbol":"XBTM15","price":219.0,"clOrdID":"mm_bitmex_1a/oemUeQ4CAJZgP3fjHsA","orderQty":98}'
VECTORS = [
    ("GET", b"/api/v1/instrument", 1518064236, b"", "c7682d435d0cfe87c16098df34ef2eb5a549d4c5a3c2b1f0f77b8af73423bf00"),
    (
        "GET", b"/api/v1/instrument?filter=%7B%22symbol%22%3A+%22XBTM15%22%7D", 1518064237, b"",
        "e2f422547eecb5b3cb29ade2127e21b858b235b386bfa45e1c1756eb3383919f",
    ),
    ("POST", b"/api/v1/order", 1518064238, ORDER, "1749cd2ccae4aa49048ae09f0b95110cee706e0944e6a14ad0b3a8cb45bd336b"),
]  # fmt: skip


@pytest.fixture
def exchange():
    return an_exchange("XBTUSD", "XBTUSDT")


@pytest.fixture
def caller(exchange):
    a_market(exchange)
    return Caller(exchange)


def message(answer):
    status, _, body = answer
    return status, body["error"]["message"]


# Signatures.


def judge(verb, path, expires, body, signature, now_s=1518064230.0):
    return signed_by(
        {PUBLISHED.id: PUBLISHED}, key_id=PUBLISHED.id, expires=str(expires), signature=signature, verb=verb, path=path,
        body=body, now_s=now_s,
    )  # fmt: skip


@pytest.mark.parametrize(("verb", "path", "expires", "body", "signature"), VECTORS)
def test_the_published_signatures_are_accepted_and_no_other_byte_is(verb, path, expires, body, signature):
    assert judge(verb, path, expires, body, signature) is PUBLISHED
    assert judge(verb, path, expires, body, signature.upper()) is PUBLISHED
    for wrong in (
        (verb, path + b"&", expires, body, signature),
        (verb, path, expires + 1, body, signature),
        (verb, path, expires, body + b" ", signature),
        ("PUT", path, expires, body, signature),
        (verb, path, expires, body, "0" + signature[1:] if signature[0] != "0" else "1" + signature[1:]),
        (verb, path, expires, body, ""),
        (verb, path, expires, body, "é" * 64),
    ):
        with pytest.raises(Refusal, match=r"Signature not valid\."):
            judge(*wrong)


def test_an_expired_request_is_told_the_time():
    verb, path, expires, body, signature = VECTORS[0]

    with pytest.raises(Refusal) as caught:
        judge(verb, path, expires, body, signature, now_s=expires + 3.7)

    assert caught.value.message == (f"This request has expired - `expires` is in the past. Current time: {expires + 3}")


def test_the_body_is_signed_as_it_was_sent_not_as_it_reads(caller):
    text = '{ "orderQty" : 100,\n"symbol":"XBTUSD", "price": 49000.0 }'
    headers = caller.headers("POST", "/api/v1/order", text)

    response = caller.rest.answer(
        Request(verb="POST", target=b"/api/v1/order", headers=headers, body=text.encode()), caller.now_s
    )

    assert response.status == 200
    assert json.loads(response.body)["orderQty"] == 100


def test_a_form_is_read_too(caller):
    text = "symbol=XBTUSD&orderQty=100&price=49000&side=Buy"
    headers = caller.headers("POST", "/api/v1/order", text)
    headers["content-type"] = "application/x-www-form-urlencoded"

    response = caller.rest.answer(
        Request(verb="POST", target=b"/api/v1/order", headers=headers, body=text.encode()), caller.now_s
    )

    assert (response.status, json.loads(response.body)["price"]) == (200, 49_000)


def test_who_is_not_known_is_told_so(exchange, caller):
    assert message(caller.ask("GET", "/order", signed=False)) == (401, "Invalid API Key.")
    assert message(caller.ask("GET", "/order", lead=-5))[1].startswith("This request has expired")
    exchange.keys[caller.key] = Key(id=caller.key, secret="other", account=caller.account.number)
    assert message(caller.ask("GET", "/order")) == (401, "Signature not valid.")
    exchange.keys[caller.key] = Key(id=caller.key, secret="hush", account=caller.account.number, enabled=False)
    assert message(caller.ask("GET", "/order")) == (403, "This key is disabled.")
    del exchange.keys[caller.key]
    assert message(caller.ask("GET", "/instrument")) == (401, "Invalid API Key.")


def test_a_key_does_what_it_may(exchange):
    a_market(exchange)
    account = exchange.open_account()
    reader = Caller(exchange, (), account=account)
    canceler = Caller(exchange, ("orderCancel",), account=account)
    terms = {"symbol": "XBTUSD", "orderQty": 100, "price": 49_000}

    assert reader.get("/order") == []
    for who in (reader, canceler):
        assert message(who.ask("POST", "/order", terms)) == (403, "Access Denied")
        assert message(who.ask("POST", "/position/leverage", {"symbol": "XBTUSD", "leverage": 3}))[0] == 403
    assert message(reader.ask("DELETE", "/order/all", {}))[0] == 403
    assert canceler.ask("DELETE", "/order/all", {})[0] == 200
    assert canceler.ask("POST", "/order/cancelAllAfter", {"timeout": 60_000})[0] == 200


def test_secrets_are_shown_to_nobody(exchange, caller):
    (row,) = caller.get("/apiKey")

    assert row["id"] == caller.key
    assert "hush" not in json.dumps(row) + repr(exchange.keys)


# Errors.


def test_errors_have_bitmexs_body(caller):
    assert caller.ask("GET", "/nothing")[::2] == (404, {"error": {"message": "Not Found", "name": "HTTPError"}})
    assert caller.ask("PATCH", "/order")[0] == 404
    assert message(caller.ask("PUT", "/order", {"orderID": "x", "orderQty": 100})) == (400, "Invalid orderID")
    assert message(caller.ask("DELETE", "/order", {"orderID": "x"})) == (404, "Not Found")
    assert message(caller.ask("GET", "/trade", count=1_001))[1].startswith("Maximum result count is 1000")
    assert message(caller.ask("GET", "/order", count=501))[1].startswith("Maximum result count is 500")
    assert message(caller.ask("GET", "/order", filter="{")) == (400, "Invalid filter")
    assert message(caller.ask("GET", "/order", filter="[" * 5_000)) == (400, "Invalid filter")
    assert message(caller.ask("GET", "/trade", startTime="yesterday")) == (400, "Invalid startTime")


@given(body=st.binary(max_size=60), query=st.text(max_size=30), verb=st.sampled_from(["GET", "POST", "PUT", "DELETE"]))
def test_no_bytes_bring_a_request_to_anything_but_an_answer(body, query, verb):
    exchange = an_exchange()
    caller = Caller(exchange)
    for path in ("/api/v1/order", "/api/v1/trade", "/api/v1/position/leverage", "/api/v1", "/"):
        target = f"{path}?{query}".encode("utf-8", "surrogatepass")
        expires = str(int(caller.now_s) + 5)
        key = exchange.keys[caller.key]
        signed = hmac.new(key.secret.encode(), verb.encode() + target + expires.encode() + body, hashlib.sha256)
        headers = {"api-key": key.id, "api-expires": expires, "api-signature": signed.hexdigest()}
        response = caller.rest.answer(Request(verb=verb, target=target, headers=headers, body=body), caller.now_s)

        assert response.status in (200, 400, 401, 404)
        json.loads(response.body)


FIELDS = {
    "symbol": ["XBTUSD", "xbtusd", "XBTUSDT"], "side": ["Buy", "Sell"], "orderQty": [100, -100, "200", 1e3],
    "price": [49_000, 50_001.0, "49999.5"], "stopPx": [49_000, 52_000], "clOrdID": ["a", "b"], "orderID": ["x"],
    "ordType": ["Limit", "Market", "Stop", "StopLimit", "MarketIfTouched", "LimitIfTouched", "Pegged"],
    "timeInForce": ["Day", "GoodTillCancel", "ImmediateOrCancel", "FillOrKill"], "leavesQty": [100, 0],
    "execInst": ["Close", "ReduceOnly", "ParticipateDoNotInitiate", "LastPrice", "Fixed,LastPrice"],
    "pegPriceType": ["TrailingStopPeg", "PrimaryPeg", "MarketPeg"], "pegOffsetValue": [-10, 10.5],
    "clOrdLinkID": ["pair"], "contingencyType": ["OneCancelsTheOther"], "origClOrdID": ["a", "b"], "text": ["hm"],
    "displayQty": [0], "leverage": [0, 3, 100], "enabled": [True, False, "false"], "amount": [1_000, -1_000],
    "timeout": [0, 60_000], "filter": ['{"side":"Buy"}', {"side": "Sell"}], "riskLimit": [1],
}  # fmt: skip
anything = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5)
    | st.lists(st.integers() | st.text(max_size=3), max_size=2)
    | st.dictionaries(st.text(max_size=2), st.none(), max_size=1)
)
bodies = st.fixed_dictionaries(
    {"symbol": st.sampled_from(FIELDS["symbol"])},
    optional={
        name: st.sampled_from(values) if name == "symbol" else st.one_of(*[st.sampled_from(values)] * 4, anything)
        for name, values in FIELDS.items()
        if name != "symbol"
    },
)
COMMANDS = [
    ("POST", "/order"), ("PUT", "/order"), ("DELETE", "/order"), ("DELETE", "/order/all"),
    ("POST", "/order/closePosition"), ("POST", "/order/cancelAllAfter"), ("POST", "/position/leverage"),
    ("POST", "/position/isolate"), ("POST", "/position/transferMargin"), ("POST", "/position/riskLimit"),
]  # fmt: skip


@settings(max_examples=150)
@given(st.lists(st.tuples(st.sampled_from(COMMANDS[:1] * 10 + COMMANDS), bodies), min_size=1, max_size=12))
def test_no_parameters_bring_a_command_to_anything_but_an_answer(commands):
    exchange = an_exchange("XBTUSD", "XBTUSDT")
    a_market(exchange)
    caller = Caller(exchange)

    for (verb, path), body in commands:
        status, _, answer = caller.ask(verb, path, body)

        assert status in (200, 400, 404)
        assert status == 200 or set(answer) == {"error"}
    for path in ("/order", "/execution", "/position", "/user/margin"):
        caller.get(path)


# Limits.


def test_every_answer_tells_what_is_left(exchange):
    caller = Caller(exchange, limits=Limits())

    _, first, _ = caller.ask("GET", "/instrument")
    _, second, _ = caller.ask("POST", "/order", {"symbol": "XBTUSD"})
    _, third, _ = caller.ask("GET", "/nothing")

    assert (first["x-ratelimit-limit"], first["x-ratelimit-remaining"]) == ("120", "119")
    assert int(first["x-ratelimit-reset"]) >= caller.now_s
    assert "x-ratelimit-remaining-1s" not in first
    assert (second["x-ratelimit-remaining"], second["x-ratelimit-remaining-1s"]) == ("118", "9")
    assert third["x-ratelimit-remaining"] == "117"


def test_the_eleventh_order_of_a_second_waits(exchange):
    caller = Caller(exchange, limits=Limits())
    for _ in range(10):
        assert caller.ask("DELETE", "/order/all", {})[0] == 200

    status, headers, body = caller.ask("DELETE", "/order/all", {})
    assert (status, body["error"]["message"]) == (429, "Rate limit exceeded, retry in 1 seconds.")
    assert (headers["retry-after"], headers["x-ratelimit-remaining-1s"]) == ("1", "0")
    caller.now_s += 1
    assert caller.ask("DELETE", "/order/all", {})[0] == 200


def test_without_a_key_there_are_thirty_a_minute(exchange):
    caller = Caller(exchange, limits=Limits())
    for _ in range(30):
        assert caller.ask("GET", "/instrument", signed=False)[0] == 200

    assert caller.ask("GET", "/instrument", signed=False)[0] == 429
    assert caller.ask("GET", "/instrument")[0] == 200
    caller.now_s += 2
    assert caller.ask("GET", "/instrument", signed=False)[0] == 200


def test_shed_load_has_no_effect_and_counts_all_the_same(exchange):
    caller = Caller(exchange, limits=Limits())
    body = '{"symbol":"XBTUSD","orderQty":100,"price":49000}'
    request = Request(
        verb="POST", target=b"/api/v1/order", headers=caller.headers("POST", "/api/v1/order", body), body=body.encode()
    )

    response = caller.rest.answer(request, caller.now_s, overloaded())

    assert response.status == 503
    assert json.loads(response.body)["error"]["message"] == (
        "The system is currently overloaded. Please try again later."
    )
    assert (response.headers["x-ratelimit-remaining"], response.headers["x-ratelimit-remaining-1s"]) == ("119", "9")
    assert not caller.account.orders


def test_guessing_keys_is_counted(exchange):
    caller = Caller(exchange, limits=Limits(LimitRules(per_minute_without_key=2)))
    exchange.keys.clear()

    assert [caller.ask("GET", "/order")[0] for _ in range(3)] == [401, 401, 429]


# Table queries.


@pytest.fixture
def traded(exchange, caller):
    for minute in range(6):
        exchange.advance(MONDAY + minute * MINUTE)
        order(exchange, caller.account, 100 * (minute + 1))
    return caller


def test_trades_are_paged_reversed_and_bounded_by_time(traded):
    def sizes(**query):
        return [row["size"] for row in traded.get("/trade", symbol="XBTUSD", **query)]

    assert sizes() == [100, 200, 300, 400, 500, 600]
    assert sizes(count=2) == [100, 200]
    assert sizes(count=2, start=3) == [400, 500]
    assert sizes(count=2, reverse="true") == [600, 500]
    assert sizes(startTime="2024-01-01T00:02:00Z", endTime="2024-01-01 00:03") == [300, 400]
    assert sizes(startTime="2024-01-01T02:02:00+02:00", count=1) == [300]
    assert sizes(filter='{"startTime":"2024-01-01T00:04:00.000Z"}') == [500, 600]
    assert sizes(filter='{"size":[200,600]}') == [200, 600]
    assert sizes(filter='{"timestamp.minute":"2024-01-01T00:02"}') == [300]


def test_key_columns_come_back_unasked(traded):
    (row,) = traded.get("/trade", symbol="XBTUSD", count=1, columns='["price"]')
    (other,) = traded.get("/trade", symbol="xbtusd", count=1, columns="price,size")

    assert set(row) == {"timestamp", "symbol", "price"}
    assert set(other) == {"timestamp", "symbol", "price", "size"}


def test_bars_are_stamped_by_their_ends_and_open_at_the_close_before(traded):
    bars = traded.get("/trade/bucketed", binSize="1m", symbol="XBTUSD")

    assert [bar["timestamp"] for bar in bars[:2]] == ["2024-01-01T00:01:00.000Z", "2024-01-01T00:02:00.000Z"]
    assert [bar["volume"] for bar in bars] == [100, 200, 300, 400, 500]
    assert all(later["open"] == before["close"] for before, later in pairwise(bars))
    so_far = traded.get("/trade/bucketed", binSize="5m", symbol="XBTUSD", partial="true")
    assert [bar["volume"] for bar in so_far] == [1_500, 600]


def test_orders_are_filtered_to_open_ones(exchange, traded):
    order(exchange, traded.account, 100, 49_000, clOrdID="mine")

    for wanted in ('{"open": true}', '{"ordStatus.isTerminated": false}', '{"clOrdID": ["mine", "x"]}'):
        assert [row["clOrdID"] for row in traded.get("/order", filter=wanted)] == ["mine"]
    assert len(traded.get("/order")) == 7


def test_executions_are_every_event_or_what_moved_money(exchange, traded):
    order(exchange, traded.account, 100, 49_000)

    assert [row["execType"] for row in traded.get("/execution", reverse="true", count=2)] == ["New", "Trade"]
    assert {row["execType"] for row in traded.get("/execution/tradeHistory")} == {"Trade"}


def test_the_book_comes_sells_first_with_prices_falling(exchange, caller):
    order(exchange, caller.account, 100, 49_998)

    found = caller.get("/orderBook/L2", symbol="XBTUSD", depth=0)

    assert [(row["side"], row["price"]) for row in found] == [("Sell", 50_001), ("Buy", 49_999), ("Buy", 49_998)]
    assert len(caller.get("/orderBook/L2", symbol="XBTUSD", depth=1)) == 2
    assert len({row["id"] for row in found}) == 3


def test_margin_and_wallet_come_for_one_currency_or_for_all(caller):
    assert caller.get("/user/margin")["currency"] == "XBt"
    assert caller.get("/user/margin", currency="USDt")["currency"] == "USDt"
    assert [row["currency"] for row in caller.get("/user/margin", currency="all")] == ["XBt", "USDt"]
    assert [row["currency"] for row in caller.get("/user/wallet", currency="all")] == ["XBt", "USDt"]
    (deposit,) = caller.get("/user/walletHistory", currency="XBt")
    assert (deposit["transactType"], deposit["amount"]) == ("Deposit", 10_000_000_000)


def test_a_bare_root_is_its_perpetual(caller):
    assert {row["symbol"] for row in caller.get("/instrument", symbol="XBT")} == {"XBTUSD"}
    assert {row["symbol"] for row in caller.get("/instrument", symbol="XBT:perpetual")} == {"XBTUSD"}
    assert {row["typ"] for row in caller.get("/instrument/indices")} == {"MRCXXX"}
