"""Any text becomes a frame or a reason; numbers stay exact; nothing a venue may send raises."""

import json
from decimal import Decimal

import attrs
import pytest

from adapters.bitmex.codec import (
    DEPTH_MAX,
    FRAME_BYTES_MAX,
    Acknowledged,
    CommandFailed,
    Malformed,
    Pong,
    SwitchArmed,
    TableFrame,
    Welcome,
    decoded,
    parse,
)
from tests.adapters.bitmex.frames import WELCOME, a_partial, a_refusal, a_trade_row, an_ack
from tests.builders import MONDAY, SECOND


def test_pong_is_text_and_not_json():
    assert parse("pong") == Pong()


def test_a_welcome_of_today_and_of_2019():
    old = WELCOME.replace('"2.0.0"', '"2019-11-22T00:24:37.000Z"').replace('"heartbeatEnabled": false, ', "")

    assert parse(WELCOME) == Welcome("2.0.0", MONDAY, 719)
    assert parse(old) == Welcome("2019-11-22T00:24:37.000Z", MONDAY, 719)
    assert parse('{"info": "hello", "timestamp": "yesterday", "limit": 5, "version": 2}') == Welcome(None, None, None)


def test_acknowledgements_name_what_was_done():
    assert parse(an_ack("trade:XBTUSD")) == Acknowledged("subscribe", "trade:XBTUSD")
    assert parse(an_ack("trade:XBTUSD", "unsubscribe")) == Acknowledged("unsubscribe", "trade:XBTUSD")
    assert parse('{"success": true, "request": {"op": "authKeyExpires", "args": ["k", 1, "s"]}}') == Acknowledged(
        "authKeyExpires"
    )


def test_an_error_keeps_its_text_and_its_topics_and_no_signature():
    limited = a_refusal("Rate limit exceeded, retry in 3 seconds.", args=["trade"], status=429, meta={"retryAfter": 1})
    login = a_refusal("Signature not valid.", op="authKeyExpires", args=["the-key", 1, "the-signature"], status=401)

    assert parse(limited) == CommandFailed(
        "subscribe", 429, "Rate limit exceeded, retry in 3 seconds.", ("trade",), SECOND
    )
    assert parse(limited.replace('{"retryAfter": 1}', "null")).retry_after == 3 * SECOND
    assert parse(login) == CommandFailed("authKeyExpires", 401, "Signature not valid.")
    assert "the-key" not in repr(parse(login))


def test_the_dead_man_s_switch_is_on_or_off():
    on = '{"now": "2024-01-01T00:00:00.000Z", "cancelTime": "2024-01-01T00:01:00.000Z", "request": {}}'

    assert parse(on) == SwitchArmed(MONDAY, MONDAY + 60 * SECOND)
    assert parse('{"now": "2024-01-01T00:00:00.000Z", "cancelTime": 0}') == SwitchArmed(MONDAY, None)


def test_a_partial_brings_keys_and_filter_with_or_without_types():
    frame = parse(a_partial("trade", a_trade_row(), account=7))

    assert isinstance(frame, TableFrame)
    assert (frame.table, frame.action, frame.keys) == ("trade", "partial", ())
    assert frame.filter == (("account", 7), ("symbol", "XBTUSD"))
    assert len(frame.rows) == 1


@pytest.mark.parametrize("text", ["0.1", "97893.7", "2.0301299999999998", "0.00000001", "123456789012345678.125"])
def test_numbers_are_the_decimals_of_the_text(text):
    assert decoded(text) == Decimal(text)


@pytest.mark.parametrize(
    "text",
    ["NaN", "Infinity", "-Infinity", "1e999999999", "1E+41", "1e-41", "9" * 41, "0." + "1" * 40, "1e" + "9" * 30],
)
def test_a_number_beyond_all_sense_is_no_number_and_costs_only_itself(text):
    value = decoded(f'{{"price": {text}, "size": 1}}')

    assert value["price"].is_nan()
    assert value["size"] == 1


def test_ten_megabytes_of_digits_are_turned_away():
    assert isinstance(parse("1" * 10_000_000), Malformed)
    assert decoded("[" + "1" * 1_000_000 + "]")[0].is_nan()


@pytest.mark.parametrize("inside", ["x" * FRAME_BYTES_MAX, "é" * (FRAME_BYTES_MAX // 2)])
def test_a_frame_is_at_most_four_mebibytes(inside):
    assert "longer than" in parse(f'{{"table": "{inside}"}}').reason


@pytest.mark.parametrize("depth", [DEPTH_MAX + 1, 500, 100_000])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_a_frame_is_at_most_so_deep(depth, opening, closing):
    with pytest.raises(ValueError, match="levels"):
        decoded(opening * depth + "1" + closing * depth)

    assert decoded(opening * DEPTH_MAX + "1" + closing * DEPTH_MAX)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not JSON"), ("{", "not JSON"), ("ping", "not JSON"), ("5", "a frame is an object"), ("[]", "a frame is"),
        ("null", "a frame is an object"), ("{}", "neither a table"), ('{"success": false}', "neither"),
        ('{"table": null, "action": "insert", "data": []}', "table is missing"),
        ('{"table": 5, "action": "insert", "data": []}', "table must be"),
        ('{"table": "trade", "data": []}', "action must be"),
        ('{"table": "trade", "action": "upsert", "data": []}', "action must be"),
        ('{"table": "trade", "action": "insert"}', "data must be"),
        ('{"table": "trade", "action": "insert", "data": {}}', "data must be"),
        ('{"table": "trade", "action": "partial", "data": [], "keys": 5}', "keys must be"),
        ('{"table": "trade", "action": "partial", "data": [], "keys": [5]}', "keys must be"),
        ('{"table": "trade", "action": "partial", "data": [], "keys": ["\\ud800"]}', "keys must be"),
        ('{"table": "trade", "action": "partial", "data": [], "filter": {"symbol": ["a"]}}', "filter must"),
        ('{"table": "\\ud800", "action": "insert", "data": []}', "can be written"),
        ('{"table": "a\\u001bb", "action": "insert", "data": []}', "must be a name"),
        ('{"table": "' + "x" * 41 + '", "action": "insert", "data": []}', "must be a name"),
        ('{"subscribe": 5}', "subscribe must be"),
        ('{"cancelTime": "soon"}', "cancelTime must be"),
    ],
)  # fmt: skip
def test_a_malformed_frame_is_a_reason(text, reason):
    frame = parse(text)

    assert isinstance(frame, Malformed)
    assert reason in frame.reason


def test_what_cannot_be_written_is_in_no_frame():
    names = json.dumps({"table": "x", "action": "y"}).replace('"x"', '"\\ud800"')
    texts = [names, '{"error": "\\ud800 no", "status": 400}', WELCOME.replace("2.0.0", "\\ud800")]

    for text in texts:
        said = [value for value in attrs.astuple(parse(text)) if isinstance(value, str)]
        assert "".join(said).encode().decode() == "".join(said)


def test_the_reason_never_quotes_a_frame_that_could_hold_a_signature():
    torn = json.dumps({"request": {"op": "authKeyExpires", "args": ["the-key", 1, "the-signature"]}})[:-3]

    frame = parse(torn)

    assert isinstance(frame, Malformed)
    assert "the-" not in frame.reason
