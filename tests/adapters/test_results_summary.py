"""The summary is complete, JSON, and equal on every machine but for `seconds` and `versions`."""

import json

import attrs
import pytest

from adapters.results import summary_of
from adapters.results.summary import to_json
from messages import ActorFailed, GaveUp, Liquidity
from tests.adapters.result_builders import a_data_fact, a_fill_row, a_result, a_summary, an_algorithm_row, run_facts
from tests.builders import MONDAY


def test_one_currency_s_figures_stand_at_the_top_too():
    summary = summary_of(a_result(), run_facts())

    assert summary["currency"] == "XBT"
    assert summary["pnl_minor"] == summary["currencies"]["XBT"]["pnl_minor"] == -50
    assert summary["sharpe"] == 1.25


def test_with_two_currencies_the_figures_at_the_top_are_null():
    result = a_result(summaries=(a_summary(), a_summary(currency="USD", pnl_minor=3)))

    summary = summary_of(result, run_facts())

    assert summary["pnl_minor"] is None
    assert summary["currency"] is None
    assert [each["pnl_minor"] for each in summary["currencies"].values()] == [-50, 3]


def test_a_paper_account_beside_the_only_one_takes_nothing_from_the_top():
    result = a_result(summaries=(a_summary(), a_summary(account="paper:dice", pnl_minor=3)))

    summary = summary_of(result, run_facts())

    assert (summary["currency"], summary["pnl_minor"]) == ("XBT", -50)
    assert list(summary["currencies"]) == ["XBT", "XBT@paper:dice"]
    assert summary["currencies"]["XBT@paper:dice"]["pnl_minor"] == 3


def test_execution_stands_by_account_and_algorithm():
    rows = (an_algorithm_row(), an_algorithm_row(account="paper:dice", algorithm="internal", shortfall_minor=None))

    execution = summary_of(a_result(execution=rows), run_facts())["execution"]

    assert execution["XBT"]["chase"] == {
        "orders": 3, "lots_wanted": 30, "lots_filled": 25, "shortfall_minor": 1234, "shortfall_bp": 2.5,
        "fees_minor": 17, "gave_up_lots": 5,
    }  # fmt: skip
    assert execution["XBT@paper:dice"]["internal"]["shortfall_minor"] is None


def test_what_was_amended_given_up_liquidated_or_ended_by_the_venue_is_counted():
    given = GaveUp(account="main", strategy="a", symbol="XBTUSD", algorithm="chase", lots=2, ts=MONDAY)
    fills = (
        a_fill_row(execution_id="q1", liquidity=Liquidity.LIQUIDATION),
        a_fill_row(execution_id="q1", strategy="b", liquidity=Liquidity.LIQUIDATION),
        a_fill_row(execution_id="q2", liquidity=Liquidity.LIQUIDATION),
    )
    result = a_result(gave_up=(given,), amends=4, amend_rejections={"crossing": 2}, fills=fills, venue_ends={"ioc": 3})

    summary = summary_of(result, run_facts())

    assert (summary["gave_up"], summary["liquidations"], summary["venue_ends"]) == (1, 2, {"ioc": 3})
    assert summary["amends"] == {"done": 4, "rejected": {"crossing": 2}}


def test_new_figures_and_conventions_are_there():
    summary = summary_of(a_result(), run_facts())

    promised = "trades hit_rate profit_factor average_trade_minor exposure turnover turnover_year months"
    assert set(promised.split()) <= set(summary["currencies"]["XBT"])
    assert summary["months"] == {"2024-01": -5e-7}
    assert {"slippage_spread", "half_spread_ticks", "volume_cap", "margin"} <= set(summary["conventions"])


def test_fills_count_executions_at_the_venue_and_internal_ones_apart():
    fills = (
        a_fill_row(execution_id="e1"),
        a_fill_row(execution_id="e1", strategy="turtle"),
        a_fill_row(execution_id="i1", liquidity="internal"),
    )

    summary = summary_of(a_result(fills=fills), run_facts())

    assert (summary["fills"], summary["internal_fills"]) == (1, 1)


def test_every_key_that_the_interface_promises_is_there():
    summary = summary_of(a_result(), run_facts())

    promised = (
        "bars ticks orders fills internal_fills first_ts last_ts currencies cash_start_minor cash_end_minor "
        "equity_end_minor pnl_minor fees_minor funding_minor max_drawdown sharpe conventions refusals restarts "
        "quarantined daily_loss_trips seconds versions data"
    )
    assert set(promised.split()) <= set(summary)
    assert {"fill", "stamps", "value_rounding", "funding", "ambiguous_fills"} <= set(summary["conventions"])
    assert {"file", "rows", "sha256"} <= set(summary["data"][0])
    assert summary["conventions"]["stamps"] == {"XBTUSD": "start (assumed)"}


def test_only_seconds_and_versions_differ_between_machines():
    here = summary_of(a_result(), run_facts())
    there = summary_of(a_result(), run_facts(seconds={"load": 9.0}, versions={"python": "3.14"}, notes=("other",)))

    assert {key for key in here if here[key] != there[key]} == {"seconds", "versions"}


def test_a_failure_is_told_without_its_trace_because_traces_hold_paths():
    failed = ActorFailed(
        actor="strategy:a", epoch=1, during="Bar", error="ValueError: no", trace="File /home/me/a.py", at=MONDAY
    )

    text = to_json(summary_of(a_result(failures=(failed,)), run_facts()))

    assert "ValueError: no" in text
    assert "/home/me" not in text


def test_a_generated_market_is_no_file():
    summary = summary_of(a_result(), run_facts(data=(a_data_fact(file="generated", period=None, kind="ticks"),)))

    assert summary["data"][0]["file"] == "generated"
    assert summary["data"][0]["period"] is None


def test_what_json_cannot_hold_is_refused_rather_than_written():
    result = a_result(summaries=(attrs.evolve(a_summary(), sharpe=float("nan")),))

    with pytest.raises(ValueError, match="not JSON compliant"):
        to_json(summary_of(result, run_facts()))


def test_the_text_is_json_that_reads_back_the_same():
    summary = summary_of(a_result(refusals={"order-size": 2, "halted": 1}), run_facts())

    assert json.loads(to_json(summary)) == summary
    assert list(summary["refusals"]) == ["halted", "order-size"]
