"""Faults of frames, books, mailboxes and journals do what the catalogue says, and strike when they are at work."""

import json
from collections import Counter

import attrs
import pytest

from adapters.bitmex.codec import TableFrame, parse
from adapters.bitmex.stream import Stream
from adapters.exchange.wire import dumps
from adapters.simulation.batch import judged
from adapters.simulation.elsewhere import differing
from adapters.simulation.faults import data, frames
from adapters.simulation.faults.kinds import KINDS
from adapters.simulation.network import Frame
from adapters.simulation.scenario import scenario
from tests.adapters.bitmex.frames import an_execution_row

AT_WORK = {
    "F11": 4.0, "F12": 4.0, "F13": 4.0, "F15": 8.0, "F20": 60.0, "F21": 4.0, "F22": 8.0, "F23": 8.0, "F49": 4.0,
    "F63": 12.0, "F64": 8.0, "F65": 4.0, "F79": 4.0, "F85": 20.0,
}  # fmt: skip
"""So strong that each strikes within minutes."""


class Blowing:
    """Weather in which everything that may strike does."""

    blows = True

    def __init__(self):
        self.struck = Counter()

    def strikes(self, fault):
        self.struck[fault.code] += 1
        return True


@attrs.define
class Line:
    address: str = "line@main"


@attrs.define(eq=False)
class Socket:
    line: Line = attrs.field(factory=Line)


def a_fault(kind):
    return kind(Blowing(), "1", 1e9)


def on_the_wire(text, table):
    return Frame(socket=Socket(), text=text, table=table, delay=1)


def a_frame(table, action, *rows, **more):
    return dumps({"table": table, "action": action, **more, "data": list(rows)})


def a_fill_frame():
    return a_frame("execution", "insert", an_execution_row(symbol="XBTUSD", account=7))


def test_all_of_them_strike_in_a_run_that_ends_well():
    told = attrs.evolve(scenario(2, kinds=sorted(KINDS)), faults=AT_WORK, minutes=5.0, schedule_seed=1)

    verdict = judged(told)

    assert verdict.violations == ()
    assert [code for code in AT_WORK if not verdict.struck.get(code)] == []


def test_f90_a_run_elsewhere_comes_to_the_same_end():
    told = attrs.evolve(scenario(3, kinds=sorted(KINDS)), faults={"F11": 4.0, "F61": 4.0}, minutes=0.5)

    assert differing(told, 1) == ""


def test_f13_a_strange_fill_has_the_account_compared_with_the_venue():
    fault, audits = a_fault(frames.StrangeFill), []
    for _ in range(40):
        stream = Stream()
        stream.take(parse(a_frame("execution", "partial", keys=[], filter={"account": 7})), 1)
        frame = on_the_wire(a_fill_frame(), "execution")
        fault.frame(frame)
        said = parse(frame.text)
        # What is no table frame is malformed, and malformed are all private tables then.
        audits.append(not isinstance(said, TableFrame) or bool(stream.take(said, 2).audit))

    assert all(audits)


def test_f12_a_partial_is_never_lost_and_a_private_row_is():
    fault = a_fault(frames.PrivateFrameLost)
    partial, row = on_the_wire(a_frame("order", "partial"), "order"), on_the_wire(a_fill_frame(), "execution")
    public = on_the_wire(a_frame("trade", "insert"), "trade")

    for each in (partial, row, public):
        fault.frame(each)

    assert [each.copies for each in (partial, row, public)] == [1, 0, 1]


def test_f79_whatever_a_frame_is_made_into_is_read_without_an_exception():
    fault = a_fault(data.Malformed)
    texts = []
    for _ in range(200):
        frame = on_the_wire(a_fill_frame(), "execution")
        fault.frame(frame)
        texts.append(frame.text)
        parse(frame.text)

    assert len(set(texts)) > 20


@pytest.mark.parametrize("table", ["quote", "trade", "instrument"])
def test_f23_an_absurd_value_is_in_the_frame_and_the_rest_of_it_as_it_was(table):
    row = {"symbol": "XBTUSD", "price": 5.0, "bidPrice": 5.0, "askPrice": 5.5, "markPrice": 5.2, "size": 1}
    fault = a_fault(data.AbsurdValue)
    for _ in range(40):
        frame = on_the_wire(a_frame(table, "insert", row), table)
        fault.frame(frame)

        (said,) = json.loads(frame.text)["data"]
        changed = {name for name in said if said[name] != row.get(name)}
        assert len(changed | ({"indicativeSettlePrice"} & said.keys())) == 1
