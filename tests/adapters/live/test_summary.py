"""A live run's files and its report say what a backtest's do, and what only a live run has."""

import io
import json

import pytest

from actors.recorder import Record, Recorder
from adapters.live.latencies import TimedOrder
from adapters.live.summary import (
    LiveFacts,
    live_facts,
    live_result,
    live_summary,
    print_live_report,
    write_live_results,
)
from adapters.report import console_for
from adapters.results import RunFolder
from adapters.results.summary import to_json
from messages import (
    ForeignActivity,
    OrderTimed,
    PositionAdjusted,
    SubmitOrder,
    TradingState,
    TradingStateChanged,
)
from tests.adapters.result_builders import a_result, run_facts
from tests.builders import MONDAY, SECOND, a_bar, a_signal, an_order

MS = 1_000_000
FOREIGN = ForeignActivity(account="main", kind="order", symbol="XBTUSD", text="buy 1\x1b[2J by hand", ts=MONDAY)
ADJUSTED = PositionAdjusted(
    account="main", symbol="XBTUSD", strategy="random", adjustment_id="a1", lots=2, value_minor=-4, ts=MONDAY
)
TIMED = tuple(
    TimedOrder("main", "XBTUSD", f"c{n}", MONDAY, MONDAY + MS, MONDAY + 2 * MS, MONDAY + 3 * MS, MONDAY + 9 * MS)
    for n in range(3)
)


def facts(**changes):
    told = {
        "venue": "loopback", "account": "main", "paper": False, "started": MONDAY, "ended": MONDAY + 312 * SECOND,
        "ended_by": "SIGINT", "exit_code": 130, **changes,
    }  # fmt: skip
    return LiveFacts(**told)


def _report(live, result=None):
    stream = io.StringIO()
    print_live_report(result or a_result(), run_facts(command="live"), live, console_for(stream), folder=None)
    return stream.getvalue()


def test_the_summary_is_a_backtest_s_with_what_live_has_besides():
    live = facts(lives=2, reconnects=3, foreign=(FOREIGN,), adjusted=(ADJUSTED,), timed=TIMED, troubles=("x",))

    summary = live_summary(a_result(), run_facts(command="live"), live)

    told = json.loads(to_json(summary))["live"]
    assert summary["pnl_minor"] == -50
    assert (told["venue"], told["lives"], told["reconnects"], told["ended_by"]) == ("loopback", 2, 3, "SIGINT")
    assert (told["exit_code"], told["adjustments"], told["troubles"]) == (130, 1, ["x"])
    assert told["latencies"]["decided_to_sent"] == {
        "orders": 3, "p50_us": 2_000.0, "p90_us": 2_000.0, "p99_us": 2_000.0, "max_us": 2_000.0,
    }  # fmt: skip
    assert told["foreign"][0]["text"].isprintable()


def test_how_a_simulation_fills_is_told_only_where_there_was_one():
    live = live_summary(a_result(), run_facts(), facts())["conventions"]
    paper = live_summary(a_result(), run_facts(), facts(paper=True))["conventions"]

    assert (live["fill"], live["slippage_ticks"]) == ("at the venue", None)
    assert live["value_rounding"] == paper["value_rounding"]
    assert paper["fill"] == "next-open"


def test_what_was_recorded_becomes_facts():
    record = Record()
    recorder = Recorder(record)
    order = an_order(client_id="c1", ts=MONDAY + 5)
    recorder.on_signal(a_signal(ts=MONDAY))
    recorder.on_submit_order(SubmitOrder(order))
    recorder.on_order_timed(
        OrderTimed(account="main", client_id="c1", symbol="XBTUSD", decided=MONDAY + 5, handed=MONDAY + 6,
                   sent=MONDAY + 7, acknowledged=MONDAY + 8)
    )  # fmt: skip
    recorder.on_foreign_activity(FOREIGN)
    recorder.on_position_adjusted(ADJUSTED)

    live = live_facts(
        record, venue="loopback", account="main", paper=False, started=1, ended=2, ended_by="--for", exit_code=0
    )

    assert [(row.tick, row.sent) for row in live.timed] == [(MONDAY, MONDAY + 7)]
    assert (live.foreign, live.adjusted) == ((FOREIGN,), (ADJUSTED,))


def test_a_result_is_of_when_it_ran_and_our_own_stop_is_no_halt():
    record = Record()
    recorder = Recorder(record)
    recorder.on_bar(a_bar())
    stop = TradingStateChanged(account="main", state=TradingState.HALTED, reason="stopped by SIGINT", ts=MONDAY)
    recorder.on_trading_state_changed(stop)
    bare = a_result(halted="stopped by SIGINT", first_ts=None, last_ts=None, bars=0)

    result = live_result(bare, record, started=MONDAY, ended=MONDAY + 9)

    assert (result.first_ts, result.last_ts, result.bars, result.halted) == (MONDAY, MONDAY + 9, 1, None)


def test_the_folder_holds_a_run_s_files_and_the_four_times_of_each_order(tmp_path):
    folder = RunFolder(tmp_path)
    (tmp_path / "config.toml").write_text("# kept")

    summary = write_live_results(folder, a_result(), run_facts(command="live"), facts(timed=TIMED))

    assert json.loads((tmp_path / "summary.json").read_text()) == json.loads(to_json(summary))
    assert len((tmp_path / "orders_timed.csv").read_text().splitlines()) == 4
    assert {"fills.csv", "orders.csv", "ledger.csv", "equity.csv", "signals.csv"} <= {
        path.name for path in tmp_path.iterdir()
    }
    assert (tmp_path / "config.toml").read_text() == "# kept"
    assert "write" in summary["seconds"]


def test_the_report_says_where_how_long_and_how_it_ended():
    text = _report(facts(lives=2, reconnects=1))

    assert "Live on loopback, account main: 1 strategy for 0:05:12, run" in text
    assert "life 2 of this run, 1 reconnect" in text
    assert "SIGINT, exit code 130" in text
    assert "from 1.00000000 to 0.99999950" in text
    assert "next-open" not in text
    assert "Backtest" not in text


def test_the_report_says_what_somebody_should_know():
    foreign = [FOREIGN] * 7

    text = _report(facts(foreign=tuple(foreign), adjusted=(ADJUSTED,), troubles=("1 order was not known to be gone",)))

    for sentence in (
        "! At the end 1 order was not known to be gone.",
        "! Booked 1 difference to the venue: +2 XBTUSD (random); see ledger.csv.",
        "! Not ours, at 2024-01-01T00:00:00Z: order in XBTUSD: buy 1 [2J by hand",
        "! ... and 2 more that was not ours; see summary.json.",
    ):
        assert sentence in text
    assert "\x1b" not in text


def test_latencies_are_told_in_milliseconds():
    text = _report(facts(timed=TIMED))

    (line,) = [line for line in text.splitlines() if "sent to the venue's answer" in line]
    assert line.split()[-5:] == ["3", "6.00", "6.00", "6.00", "6.00"]
    assert "latency" not in _report(facts())


@pytest.mark.parametrize("live", [facts(), facts(timed=TIMED, foreign=(FOREIGN,), adjusted=(ADJUSTED,) * 9, lives=3)])
def test_no_line_is_wider_than_a_report_s(live):
    assert max(map(len, _report(live).splitlines())) <= 100
