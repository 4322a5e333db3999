"""The report says what ran, what came of it and what went wrong: 100 columns at most, plain off a terminal."""

import io
import re

import numpy as np
import pytest

from adapters.report import console_for, print_report
from adapters.report_words import amount
from adapters.sparkline import BLOCKS, PLAIN, sparkline
from messages import ActorFailed, GaveUp, Liquidity, TradingState, TradingStateChanged
from tests.adapters.result_builders import (
    a_curve,
    a_data_fact,
    a_fill_row,
    a_result,
    a_signal,
    a_strategy_row,
    a_summary,
    an_algorithm_row,
    an_order_row,
    conventions,
    run_facts,
)
from tests.builders import DAY, MONDAY


def _report(result, facts=None, folder=None):
    stream = io.StringIO()
    print_report(result, facts or run_facts(), console_for(stream), folder=folder)
    return stream.getvalue()


def _words(text):
    """Without line breaks and indents."""
    return " ".join(text.split())


def test_it_says_what_ran_on_what_and_how():
    text = _words(_report(a_result(), run_facts(notes=("stamps: assumed to be the starts of bars",))))

    assert "3 bars" in text
    assert "bitmex_XBTUSD_1m.csv.gz, 3 1m bars, 2024-01-01 00:00 .. 2024-01-01 00:03, stamps start (assumed)" in text
    assert "ema-cross fast=10 slow=50" in text
    assert "next-open" in text
    assert "stamps: assumed to be the starts of bars" in text


def test_it_says_what_came_of_it():
    text = _report(a_result())

    assert "-0.00000050" in text
    assert "from 1.00000000 to 0.99999950" in text
    assert "Sharpe 1.25" in text
    assert "Sortino -" in text


def test_this_close_is_called_optimistic():
    assert "this-close (optimistic)" in _report(a_result(conventions=conventions(fill="this-close")))


def test_restarts_quarantines_and_halts_are_said_in_words():
    failed = ActorFailed(actor="strategy:a", epoch=1, during="Bar", error="ValueError: no", at=MONDAY)
    result = a_result(
        restarts={"strategy:a": 2},
        quarantined={"strategy:a": "3 failures in 600 s"},
        failures=(failed,),
        halted="daily loss",
        refusals={"order-size": 4},
        unused_callbacks={"a": ("on_tick",)},
    )

    text = _report(result)

    assert "Trading was halted at the end: daily loss." in text
    assert "strategy:a failed and was restarted 2 times." in text
    assert "strategy:a was taken out of the run: 3 failures in 600 s." in text
    assert "during Bar: ValueError: no" in text
    assert "order-size 4" in text
    assert "a defines on_tick, which these data never call." in text


@pytest.mark.parametrize(
    ("changes", "facts", "why"),
    [
        ({}, {}, "the data may be too short"),
        ({}, {"stopped": "SIGTERM"}, "stopped before any strategy gave a signal"),
        ({"unused_callbacks": {"a": ("on_tick",)}}, {}, "wait for callbacks that these data never call"),
    ],
)
def test_a_run_without_signals_looks_for_the_reason(changes, facts, why):
    assert why in _words(
        _report(a_result(signals=(), orders=(), fills=(), strategies=(), **changes), run_facts(**facts))
    )


def test_a_run_without_signals_explains_itself():
    text = _report(a_result(signals=(), orders=(), fills=(), strategies=()))

    assert "Nothing was traded." in text
    assert "No strategy gave a signal" in text


def test_a_run_whose_signals_came_to_nothing_says_why():
    text = _report(a_result(signals=(a_signal(), a_signal()), orders=(), fills=(), refusals={"rounded-to-zero": 2}))

    assert "Signals: ema-cross 2." in text
    assert "None became an order: rounded-to-zero 2." in text


def test_a_stopped_run_says_so_first():
    assert "stopped early: SIGINT" in _report(a_result(), run_facts(stopped="SIGINT")).partition("XBT\n")[0]


def test_large_figures_still_fit_a_hundred_columns_and_nothing_is_coloured():
    rows = tuple(
        a_strategy_row(
            strategy=f"a-strategy-no-{n:03}"[:16], realised_minor=-(10**15), pnl_minor=-(10**15), currency="USD"
        )
        for n in range(3)
    )
    summary = a_summary(currency="USD", cash_start_minor=10**15, equity_end_minor=-(10**15), pnl_minor=-2 * 10**15)
    result = a_result(
        strategies=rows, summaries=(summary,), curves=(a_curve(range(1, 5000), currency="USD", digits=2),)
    )

    text = _report(result, run_facts(data=(a_data_fact(file="x" * 30 + ".csv"),)))

    assert max(len(line) for line in text.splitlines()) <= 100
    assert "\x1b" not in text


def test_names_in_brackets_are_not_taken_for_markup():
    assert "a[bold]b.csv" in _report(a_result(), run_facts(data=(a_data_fact(file="a[bold]b.csv"),)))


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (123_456_789, "XBT", "1.23456789"),
        (-5, "XBT", "-0.00000005"),
        (123_456_789, "USD", "1,234,567.89"),
        (5, "JPY", "5"),
        (0, "USD", "0.00"),
    ],
)
def test_money_is_shown_exactly(minor, currency, text):
    assert amount(minor, currency) == text


def test_a_gain_may_carry_its_sign():
    assert (amount(5, "USD", sign=True), amount(-5, "USD", sign=True), amount(0, "USD", sign=True)) == (
        "+0.05", "-0.05", "0.00",
    )  # fmt: skip


def test_a_curve_that_rises_climbs_from_the_lowest_block_to_the_highest():
    assert sparkline(np.arange(8), width=8) == BLOCKS


def test_a_long_curve_keeps_its_first_and_last_value_and_its_width():
    line = sparkline(np.arange(10_000), width=60)

    assert (len(line), line[0], line[-1]) == (60, BLOCKS[0], BLOCKS[-1])


def test_a_flat_or_missing_curve_is_no_error():
    assert sparkline(np.array([5, 5, 5])) == BLOCKS[4] * 3
    assert sparkline(np.array([])) == ""


def test_a_terminal_without_blocks_gets_plain_characters():
    assert re.fullmatch(f"[{re.escape(PLAIN)}]+", sparkline(np.arange(20), blocks=PLAIN))


def test_equity_below_zero_is_called_what_it_is():
    text = _words(_report(a_result(curves=(a_curve((100, -5, 7)),))))

    assert "XBT equity was not above zero at 2024-01-01 00:01 for the first time" in text


def test_orders_that_were_never_filled_are_no_riddle():
    text = _report(a_result(orders=(an_order_row(status="working", lots_filled=0),), fills=(), strategies=()))

    assert "1 signal, 1 order, 0 executions" in text
    assert "No order was filled: working 1" in text


@pytest.mark.parametrize("width", [60, 80])
def test_a_narrow_terminal_is_shown_fewer_columns_and_no_figure_is_cut(width):
    rows = (a_strategy_row(realised_minor=-(10**15), pnl_minor=123_456_789_012_345, unrealised_minor=9 * 10**14),)
    stream = io.StringIO()
    console = console_for(stream)
    console.width = width
    print_report(a_result(strategies=rows), run_facts(), console, folder=None)

    assert "…" not in stream.getvalue()
    assert "+1,234,567.9 " in stream.getvalue()


def test_a_run_of_a_few_minutes_has_no_yearly_figures():
    summaries = (a_summary(annual_return=3.0, calmar=9.0),)
    short = _words(_report(a_result(summaries=summaries)))
    days = np.arange(3) * 30 * 86_400 * 10**9
    long = _words(_report(a_result(summaries=summaries, curves=(a_curve(ts=days),))))

    assert "yearly -" in short
    assert "Calmar -" in short
    assert "yearly +300.00 %" in long


def test_what_a_strategy_that_was_given_up_on_still_holds_is_said():
    row = a_strategy_row(strategy="boom", position_lots=-3)
    text = _words(_report(a_result(quarantined={"strategy:boom": "too many failures"}, strategies=(row,))))

    assert "It still holds -3 XBTUSD, which nobody looks after." in text


def test_a_liquidation_is_said_plainly_and_in_place_of_what_would_have_been():
    row = a_fill_row(liquidity=Liquidity.LIQUIDATION, price=12_345.5)
    text = _words(_report(a_result(fills=(row,), curves=(a_curve((100, -5, 7)),))))

    assert "XBTUSD of account main was liquidated on 2024-01-01 00:01 at 12,345.5." in text
    assert "equity was not above zero" not in text


def test_daily_losses_are_told_with_their_times():
    stops = tuple(
        TradingStateChanged(account="main", state=TradingState.HALTED, reason="daily loss of 5", ts=MONDAY + n * DAY)
        for n in range(7)
    )

    text = _words(_report(a_result(daily_loss_stops=stops)))

    assert "The daily loss limit stopped trading 7 times: 2024-01-01 00:00 (main), " in text
    assert "and 2 more times." in text


def test_what_was_given_up_amended_in_vain_or_ended_by_the_venue_is_said():
    given = tuple(
        GaveUp(account="main", strategy="a", symbol="XBTUSD", algorithm="chase", lots=lots, ts=MONDAY)
        for lots in (2, -3)
    )
    result = a_result(gave_up=given, amend_rejections={"price-band": 2}, venue_ends={"ioc": 3})

    text = _words(_report(result))

    assert "Given up 2 times, lots by algorithm: chase 5." in text
    assert "Amends that were not made: price-band 2 (price-band: a price is too far from the last price" in text
    assert "Ended by the venue unasked: ioc 3 (ioc: what was not filled at once was taken back)." in text


def test_execution_is_a_table_once_there_is_more_to_say_than_market_orders():
    plain = _report(a_result(execution=(an_algorithm_row(algorithm="market", shortfall_minor=None),)))
    told = _report(a_result(execution=(an_algorithm_row(),)))

    assert "shortfall" not in plain
    assert re.search(r"chase +3 +30 +25 +5 +0.00000017 +0.00001234 +2.50 +XBT", told)


def test_a_paper_account_is_called_so_and_accounts_are_told_apart():
    result = a_result(
        summaries=(a_summary(), a_summary(account="paper:dice"), a_summary(account="paper:dice", currency="USD")),
        strategies=(a_strategy_row(), a_strategy_row(account="paper:dice", strategy="dice")),
    )

    text = _report(result)

    assert "XBT of account main\n" in text
    assert "XBT of account paper:dice (paper)\n" in text
    assert "USD of account paper:dice (paper): nothing traded" in text
    assert re.search(r"dice +XBTUSD +paper:dice", text)


def test_months_are_a_table_of_years_when_there_are_three_of_them():
    months = {"2023-12": 0.1, "2024-01": -0.05, "2024-02": None}

    assert "% by month" not in _report(a_result(summaries=(a_summary(months={"2024-01": 0.1, "2024-02": 0.1}),)))
    lines = _report(a_result(summaries=(a_summary(months=months),))).splitlines()
    first = next(number for number, line in enumerate(lines) if "% by month" in line)
    assert lines[first + 1].split() == ["2023", "10.0", "10.0"]
    assert lines[first + 2].split() == ["2024", "-5.0", "-", "-"]


@pytest.mark.parametrize("width", [60, 80, 100])
def test_no_table_is_wider_than_its_terminal_and_no_figure_is_cut(width):
    months = {f"20{year}-{month:02}": -0.999 for year in range(10, 25) for month in range(1, 13)}
    result = a_result(
        summaries=(a_summary(months=months), a_summary(account="paper:a-long-name-it-is", months=months)),
        execution=tuple(
            an_algorithm_row(account=name, lots_wanted=10**9) for name in ("main", "paper:a-long-name-it-is")
        ),
        strategies=(a_strategy_row(account="paper:a-long-name-it-is", realised_minor=10**13, pnl_minor=10**13),),
    )
    stream = io.StringIO()
    console = console_for(stream)
    console.width = width
    print_report(result, run_facts(), console, folder=None)

    text = stream.getvalue()
    assert "…" not in text
    assert max(map(len, text.splitlines())) <= width
    assert "+100,000.000 " in text


def test_conventions_that_were_set_are_named():
    told = conventions(slippage_spread=0.5, half_spread_ticks=2, volume_cap=0.1, margin=True, funding="0.0001 each 8h")
    text = _words(_report(a_result(conventions=told)))

    assert "no slippage and 0.5 of the spread" in text
    assert "half a spread of 2 ticks, at most 10.00 % of a bar's volume, margin asked for" in text
    assert "funding 0.0001 each 8h" in text


def test_funding_has_a_column_where_there_was_any():
    with_funding = _report(a_result(strategies=(a_strategy_row(funding_minor=-12),)))

    assert "-0.00000012" in with_funding
    assert not re.search(r"fees +funding", _report(a_result()))
