"""Every message becomes plain data and comes back equal; what is not a message is refused, with field and reason."""

import json
import typing
from decimal import Decimal
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

import messages
from messages import ALL_MESSAGES, Bar, Instrument, Kind, Message, Order, OrderType, Quarantined, Subscribe, WakeAt
from messages.base import Envelope
from messages.codec import CodecError, decode, decode_envelope, encode, encode_envelope

TEXT = st.text("abcXYZ-09", min_size=1, max_size=8)
PRICES = st.floats(0.5, 1e6)
INTS = st.integers(-(2**62), 2**62)
LOTS = st.integers(1, 10**6) | st.integers(-(10**6), -1)


@st.composite
def orders(draw: st.DrawFn) -> Order:
    shares = draw(st.lists(st.tuples(TEXT, st.integers(1, 1000)), min_size=1, max_size=3))
    kind = draw(st.sampled_from(OrderType))
    return Order(
        account="main",
        client_id="ab12cd-ema-1",
        symbol="XBTUSD",
        lots=sum(lots for _, lots in shares),
        type=kind,
        limit_price=draw(PRICES) if kind in (OrderType.LIMIT, OrderType.STOP_LIMIT) else None,
        stop_price=draw(PRICES) if kind in (OrderType.STOP, OrderType.STOP_LIMIT) else None,
        trail=draw(PRICES) if kind is OrderType.TRAILING_STOP else None,
        post_only=kind is OrderType.LIMIT and draw(st.booleans()),
        time_in_force=draw(st.sampled_from(messages.TimeInForce)),
        decision_price=draw(st.none() | PRICES),
        owners=tuple(messages.Owner(name, lots) for name, lots in shares),
        ts=draw(INTS),
    )


@st.composite
def fills(draw: st.DrawFn) -> messages.Fill:
    parts = draw(st.lists(st.builds(messages.FillPart, TEXT, LOTS, INTS, INTS), min_size=1, max_size=3))
    lots = sum(part.lots for part in parts)
    if lots == 0:
        parts, lots = parts[:1], parts[0].lots
    return messages.Fill(
        account="main",
        currency="XBT",
        symbol="XBTUSD",
        client_id="a-1",
        execution_id=draw(TEXT),
        ts=draw(INTS),
        lots=lots,
        price=draw(PRICES),
        liquidity=draw(st.sampled_from(messages.Liquidity)),
        value_minor=sum(part.value_minor for part in parts),
        fee_minor=sum(part.fee_minor for part in parts),
        parts=tuple(parts),
    )


@st.composite
def funding(draw: st.DrawFn) -> messages.FundingPaid:
    parts = draw(st.lists(st.builds(messages.FundingPart, TEXT, LOTS, INTS), max_size=3))
    return messages.FundingPaid(
        account="main",
        currency="XBT",
        symbol="XBTUSD",
        ts=draw(INTS),
        rate=draw(st.floats(-0.01, 0.01)),
        price=draw(PRICES),
        lots=sum(part.lots for part in parts),
        amount_minor=sum(part.amount_minor for part in parts),
        parts=tuple(parts),
    )


@st.composite
def bars(draw: st.DrawFn) -> Bar:
    low, close, high = sorted(draw(st.tuples(PRICES, PRICES, PRICES)))
    start = draw(INTS)
    return Bar(
        symbol=draw(TEXT),
        period=60,
        open_ts=start,
        close_ts=start + 60,
        received=start + 60,
        open=draw(PRICES),
        high=high,
        low=low,
        close=close,
        volume=draw(st.floats(0, 1e9)),
        turnover=draw(st.none() | st.floats(0, 1e9)),
        ticks=draw(st.none() | st.integers(0, 10**6)),
    )


DECIMALS = st.decimals("0.00000001", "100000", allow_nan=False, allow_infinity=False)
TICKS = st.builds(
    messages.Tick, symbol=TEXT, ts=INTS, received=INTS, price=PRICES, size=PRICES, aggressor=st.sampled_from((-1, 0, 1))
)
SIDES = st.builds(
    messages.VenueSnapshot,
    symbol=TEXT,
    ts=st.none() | INTS,
    last=st.none() | PRICES,
    bid=st.none() | PRICES,
    ask_size=st.none() | PRICES,
)
SPECIAL: dict[type[Message], st.SearchStrategy[Any]] = {
    Bar: bars(),
    messages.Fill: fills(),
    messages.Tick: TICKS,
    messages.TickBlock: st.integers(1, 5).flatmap(
        lambda n: st.builds(
            messages.TickBlock,
            symbol=TEXT,
            received=INTS,
            ts=st.tuples(*[INTS] * n),
            prices=st.tuples(*[PRICES] * n),
            sizes=st.tuples(*[PRICES] * n),
        )
    ),
    messages.Signal: st.builds(
        messages.Signal,
        strategy=TEXT,
        symbol=TEXT,
        number=INTS,
        ts=INTS,
        target=st.floats(-9, 9),
        price=st.none() | PRICES,
    ),
    Instrument: st.builds(
        Instrument,
        symbol=TEXT,
        kind=st.sampled_from([kind for kind in Kind if kind is not Kind.SPOT]),
        expiry=st.none() | INTS,
        initial_margin=st.decimals("0.01", "1"),
        tick_size=DECIMALS,
        lot_size=DECIMALS,
        multiplier=DECIMALS,
        currency=TEXT,
        maker_fee=st.decimals("-0.01", "0.01"),
        sessions=st.none()
        | st.builds(
            messages.Sessions,
            hours=st.sampled_from((((570, 690), (780, 900)), ((0, 1440),))),
            weekdays=st.sampled_from(((0, 1, 2, 3, 4), (6,))),
        ),
    ),
    messages.FundingPaid: funding(),
    messages.Annotated: st.builds(
        messages.Annotated,
        strategy=TEXT,
        symbol=TEXT,
        ts=INTS,
        kind=st.sampled_from(("mark", "line")),
        name=TEXT,
        text=TEXT,
    ),
    Quarantined: st.builds(Quarantined, symbol=TEXT, received=INTS, reason=TEXT, item=st.none() | TICKS),
    Subscribe: st.builds(Subscribe, st.sampled_from(ALL_MESSAGES), st.none() | TEXT, st.none() | st.integers(1, 99)),
    messages.OrderBook: st.lists(st.tuples(PRICES, PRICES), max_size=3).map(
        lambda levels: messages.OrderBook(symbol="X", ts=1, received=2, bids=tuple(levels), asks=tuple(levels[::-1]))
    ),
    messages.BookChange: st.lists(st.tuples(PRICES, PRICES), max_size=3).map(
        lambda levels: messages.BookChange(
            symbol="X", ts=1, received=2, is_snapshot=False, bids=tuple(levels), asks=tuple(levels[::-1])
        )
    ),
    messages.Liquidation: st.builds(
        messages.Liquidation,
        symbol=TEXT,
        ts=INTS,
        received=INTS,
        order_id=TEXT,
        side=st.sampled_from((-1, 0, 1)),
        size=PRICES,
        price=st.none() | PRICES,
    ),
    messages.SpreadSample: st.builds(messages.SpreadSample, name=TEXT, received=INTS, a=SIDES, b=SIDES),
    messages.ExternalEvent: st.builds(
        messages.ExternalEvent,
        source=TEXT,
        kind=TEXT,
        ts=INTS,
        received=INTS,
        payload=st.dictionaries(TEXT, st.none() | TEXT | PRICES | INTS | st.booleans(), max_size=4),
    ),
    messages.TargetShares: st.lists(
        st.builds(messages.Share, TEXT, LOTS, signal_price=st.none() | PRICES), max_size=3
    ).map(lambda shares: messages.TargetShares(account="main", symbol="X", ts=1, shares=tuple(shares))),
    messages.PositionsReported: st.lists(st.tuples(TEXT, TEXT, LOTS), max_size=3).map(
        lambda held: messages.PositionsReported(account="main", number=1, role="executor", positions=tuple(held))
    ),
    messages.Unsubscribe: st.builds(messages.Unsubscribe, st.sampled_from(ALL_MESSAGES)),
    messages.ForeignActivity: st.builds(
        messages.ForeignActivity, account=TEXT, kind=st.sampled_from(("order", "fill", "orphan")), text=TEXT, ts=INTS
    ),
    messages.VenueRead: st.lists(st.tuples(TEXT, LOTS), max_size=3).map(
        lambda held: messages.VenueRead(account="main", number=1, positions=tuple(held), unsettled=("a", "b"), ts=1)
    ),
    messages.RequestAnswered: st.lists(st.tuples(TEXT, TEXT), max_size=3).map(
        lambda headers: messages.RequestAnswered(
            to="venue@main", number=1, status=200, headers=tuple(headers), started=1, sent=2, received=3
        )
    ),
}
BY_TYPE: dict[Any, st.SearchStrategy[Any]] = {
    int: st.integers(1, 2**62),
    float: PRICES,
    str: TEXT,
    bool: st.booleans(),
    Order: orders(),
}


def any_of(cls: type[Message]) -> st.SearchStrategy[Any]:
    if cls in SPECIAL:
        return SPECIAL[cls]
    hints = typing.get_type_hints(cls)
    given_fields = {}
    for field in attrs.fields(cls):  # type: ignore[arg-type]
        hint = hints[field.name]
        if hint in BY_TYPE:
            given_fields[field.name] = BY_TYPE[hint]
    return st.builds(cls, **given_fields)


@pytest.mark.parametrize("cls", ALL_MESSAGES, ids=lambda cls: cls.__name__)
def test_comes_back_equal_through_json(cls: type[Message]) -> None:
    @given(any_of(cls))
    def round_trip(message: Message) -> None:
        text = json.dumps(encode(message), allow_nan=False)

        back = decode(json.loads(text))

        assert back == message
        assert type(back) is cls
        assert json.dumps(encode(back)) == text

    round_trip()


def a_bar() -> Bar:
    return Bar(
        symbol="X", period=60, open_ts=0, close_ts=60, received=60, open=1.0, high=2.0, low=1.0, close=1.5, volume=3.0
    )


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"close": "1.5"}, "must be a number"),
        ({"open_ts": 1.0}, "must be of kind int"),
        ({"open_ts": True}, "must be of kind int"),
        ({"colour": "red"}, "colour"),
        ({"close": 9.0}, "outside"),
    ],
)
def test_refuses_a_wrong_field_and_says_why(change: dict[str, Any], reason: str) -> None:
    data = encode(a_bar())

    with pytest.raises(CodecError, match=reason):
        decode({**data, "fields": {**data["fields"], **change}})


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"message": "Candle"}, "no message class 'Candle'"),
        ({"v": 2}, "newer"),
        ({"v": True}, "version"),
        ({"fields": None}, "Bar"),
        ({"more": 1}, "nothing else"),
    ],
)
def test_refuses_what_is_not_a_message_and_says_why(change: dict[str, Any], reason: str) -> None:
    with pytest.raises(CodecError, match=reason):
        decode({**encode(a_bar()), **change})


def test_names_a_missing_field() -> None:
    data = encode(a_bar())
    del data["fields"]["close"]

    with pytest.raises(CodecError, match="close"):
        decode(data)


def test_an_envelope_comes_back_equal() -> None:
    envelope = Envelope(7, 3, "bar-builder", 2, 1_000, a_bar())

    assert decode_envelope(json.loads(json.dumps(encode_envelope(envelope)))) == envelope


def test_an_envelope_with_a_wrong_field_is_refused() -> None:
    data = encode_envelope(Envelope(7, 3, "bar-builder", 2, 1_000, a_bar()))

    with pytest.raises(CodecError, match=r"Envelope\.epoch"):
        decode_envelope({**data, "epoch": "2"})


def test_decimals_keep_every_digit() -> None:
    instrument = Instrument(symbol="X", kind=Kind.LINEAR, tick_size=Decimal("0.50"), currency="USD")

    back = decode(encode(instrument))

    assert isinstance(back, Instrument)
    assert str(back.tick_size) == "0.50"


def test_enums_become_plain_texts_and_numbers() -> None:
    instrument = encode(Instrument(symbol="X", kind=Kind.LINEAR, tick_size=Decimal(1), currency="USD"))
    timer = encode(WakeAt(5, "net", messages.Step.NETTING))

    assert type(instrument["fields"]["kind"]) is str
    assert type(timer["fields"]["step"]) is int


def test_a_timers_step_keeps_its_class() -> None:
    assert decode(encode(WakeAt(5, "net", messages.Step.NETTING))) == WakeAt(5, "net", messages.Step.NETTING)
