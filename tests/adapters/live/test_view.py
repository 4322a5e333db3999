"""The screen fits its terminal, says the same as the lines, keeps its places, and never ends a run."""

import io
import os
import re

import pytest
from rich.console import Console

from adapters.live import screen as screens
from adapters.live import words
from adapters.live.screen import Screen
from adapters.live.view import news_lines, render, status_line
from messages import (
    ActorFailed,
    MarketStale,
    OrderRefused,
    RecordingResumed,
    RecordingStopped,
    SubmitOrder,
    TradingState,
    TradingStateChanged,
)
from tests.adapters.live.live_builders import (
    a_busy_state,
    a_live_fill,
    a_live_order,
    a_state,
    said,
)
from tests.builders import MONDAY, SECOND, a_bar

NOW = MONDAY + 23 * SECOND


def _shown(snapshot, *, width=80, height=24, now=NOW):
    console = Console(file=io.StringIO(), width=width, height=height, highlight=False)
    console.print(render(snapshot, now, height=height, width=width))
    return console.file.getvalue().splitlines()


def _full_state():
    """More of everything than there is place for, with names as long as they may be."""
    names = [f"a-long-name-{number:04}" for number in range(9)]
    state = a_state(strategies=[("main", name, "XBTUSD") for name in names])
    for number, name in enumerate(names):
        order = a_live_order(-12_345, 10_000 + number, strategy=name, price=50_000.5)
        said(
            state, SubmitOrder(order), a_live_fill(-12_345, number, strategy=name, value=-98_765_432_100),
            ActorFailed(actor=f"strategy:{name}", epoch=1, during="Bar", error="E" * 300, at=MONDAY),
        )  # fmt: skip
    return said(
        state, a_bar(50_000.5), MarketStale(symbol="XBTUSD", reason="nothing heard for ten seconds", ts=MONDAY),
        TradingStateChanged(account="main", state=TradingState.HALTED, reason="daily loss of main", ts=MONDAY),
    )  # fmt: skip


@pytest.mark.parametrize("make", [a_state, a_busy_state, _full_state])
@pytest.mark.parametrize("height", [24, 40])
def test_it_fits_the_terminal(make, height):
    lines = _shown(make().snapshot(), height=height)

    assert len(lines) < height
    assert max(map(len, lines)) <= 80


def test_it_says_how_everything_stands():
    text = "\n".join(_shown(a_busy_state().snapshot()))

    for words_ in (
        "loopback, account main, run 3f2a1c", "0:00:23", "trading active", "fresh, lag 12 ms", "50,250.2", "orders 14",
        "fills 13", "refused 1", "restarts 1", "foreign 1", "limit 50,100.0", "3 s working", "3f2a1c-ema-cross-13",
        "strategy:random failed during Bar: ZeroDivisionError", "strategy:random is back", "order-size", "by hand",
    ):  # fmt: skip
        assert words_ in text
    assert re.search(r"ema-cross +XBTUSD +-10 +1 +-0\.00001000 +\S+ +-0\.000\d+ XBT", text)


def test_figures_are_not_cut():
    text = "\n".join(_shown(_full_state().snapshot()))

    assert re.search(r"a-long-name-0000 \S* *XBTUSD", text)
    assert "…" not in re.search(r"a-long-name-0000 .*XBT *\n", text)[0]
    assert "and 3 more" in text
    assert "and 6 more" in text


def test_places_are_kept_when_an_order_goes():
    one, none = a_state(), a_state()
    said(one, SubmitOrder(a_live_order(5)))

    before, after = _shown(one.snapshot()), _shown(none.snapshot())

    titles = ("market", "strategy", "open order")
    assert [n for n, line in enumerate(before) if line.startswith(titles)] == [
        n for n, line in enumerate(after) if line.startswith(titles)
    ]


def test_what_happened_last_is_seen():
    state = a_state()
    for number in range(60):
        said(state, a_live_fill(1, number, ts=MONDAY + number * SECOND, price=50_000.0 + number))

    assert "at 50,059.0" in _shown(state.snapshot())[-1]


def test_a_market_that_says_nothing_shows_how_long():
    lines = _shown(a_busy_state().snapshot(), now=MONDAY + 600 * SECOND)

    assert "quiet for 10 min" in "\n".join(lines)


@pytest.mark.parametrize(
    ("ns", "text"),
    [(0, "0 ms"), (-5, "0 ms"), (12_000_000, "12 ms"), (3 * SECOND, "3 s"), (300 * SECOND, "5 min"),
     (9_000 * SECOND, "2.5 h")],
)  # fmt: skip
def test_spans_are_short(ns, text):
    assert words.span(ns) == text


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [(1, "XBT", "+0.00000001"), (-12_345_678_900, "XBT", "-123.456789"), (0, "XBT", "0.00000000"),
     (None, "XBT", "-"), (123_456_789_012, "USD", "+1,234,567,890")],
)  # fmt: skip
def test_money_fits_a_column(minor, currency, text):
    assert words.money(minor, currency) == text


# Lines.


def test_lines_say_what_matters_and_how_it_stands():
    snapshot = a_busy_state().snapshot()

    assert "00:00:20 ! buy 900 XBTUSD of random was refused: order-size" in news_lines(snapshot)
    line = status_line(snapshot, NOW)
    assert line.startswith("00:00:23   active; XBTUSD 50,250.2 fresh, lag 12 ms, lots -10; profit -0.000")
    assert line.endswith("1 open order; 14 orders, 13 fills")


def test_a_recording_that_stopped_is_seen_and_what_it_lost_afterwards():
    stopped = said(a_busy_state(), RecordingStopped("database or disk is full", NOW))
    screen = "\n".join(_shown(stopped.snapshot()))
    line = status_line(stopped.snapshot(), NOW)
    resumed = said(stopped, RecordingResumed(1_234, NOW)).snapshot()

    assert "not recording" in screen
    assert "recording stopped: database or disk is full" in screen
    assert "; not recording: database or disk is full; 1 open order" in line
    assert "unrecorded 1,234" in "\n".join(_shown(resumed))
    assert "! recording goes on; 1,234 items were not kept" in "\n".join(news_lines(resumed))
    assert "not recording" not in status_line(resumed, NOW)


# The screen.


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_without_a_terminal_each_piece_of_news_is_told_once_and_the_status_seldom():
    state, stream = a_state(), io.StringIO()
    with Screen(state, stream) as screen:
        for second in range(25):
            if second == 3:
                said(state, a_live_fill(5))
            for part in range(10):
                screen.draw(MONDAY + second * SECOND + part * SECOND // 10)

    lines = stream.getvalue().splitlines()
    assert sum("bought 5" in line for line in lines) == 1
    assert sum("open orders" in line for line in lines) == 3
    assert len(lines) == 4


def test_a_terminal_is_drawn_seldom_and_left_as_it_was(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    state, stream, drawn = a_busy_state(), Terminal(), []
    monkeypatch.setattr(screens, "render", lambda *told, **size: drawn.append(size) or render(*told, **size))
    with Screen(state, stream) as screen:
        for part in range(100):
            screen.draw(MONDAY + part * SECOND // 100)
        assert "trading" in stream.getvalue()

    assert 2 <= len(drawn) <= 4
    # Nothing is left of it: as many lines are erased as were drawn.
    ends = stream.getvalue().rpartition("\x1b[?25h")[2]
    assert set(re.sub(r"\x1b\[(1A|2K)", "", ends).split()) == set()


@pytest.mark.parametrize("terminal", [True, False])
def test_a_quiet_screen_says_nothing(terminal):
    stream = Terminal() if terminal else io.StringIO()
    with Screen(a_busy_state(), stream, quiet=True) as screen:
        screen.draw(MONDAY)

    assert stream.getvalue() == ""


def test_a_dumb_terminal_has_lines(monkeypatch):
    monkeypatch.setenv("TERM", "dumb")
    stream = Terminal()
    with Screen(a_busy_state(), stream) as screen:
        screen.draw(NOW)

    assert "\x1b" not in stream.getvalue()
    assert "by hand" in stream.getvalue()


def test_a_screen_that_cannot_draw_goes_dark_and_says_so(monkeypatch):
    monkeypatch.setattr(screens, "status_line", lambda *_: 1 / 0)
    stream = io.StringIO()
    with Screen(a_busy_state(), stream) as screen:
        for second in range(3):
            screen.draw(MONDAY + second * SECOND)

    assert stream.getvalue() == "the status is not shown any more: ZeroDivisionError: division by zero\n"


@pytest.mark.skipif(os.name != "posix", reason="asks pipes as POSIX does")
def test_a_pipe_that_nobody_reads_holds_nobody_up_and_is_told_on_when_it_is_read_again():
    ours, theirs = os.pipe()
    with (
        os.fdopen(ours, "rb", buffering=0) as reader, os.fdopen(theirs, "w") as stream,
        Screen(a_busy_state(), stream) as screen,
    ):  # fmt: skip
        for second in range(0, 20_000, 10):
            screen.draw(MONDAY + second * SECOND)
        before = reader.read(1 << 20)
        screen.draw(MONDAY + 20_000 * SECOND)
        after = reader.read(1 << 20)

    assert len(before) > 10_000
    assert len(after) > 10_000
    assert (before + after).endswith(b"\n")


def test_a_stream_that_is_gone_is_nobody_s_trouble():
    class Gone(io.StringIO):
        def write(self, text):
            raise BrokenPipeError

    with Screen(a_busy_state(), Gone()) as screen:
        for second in range(3):
            screen.draw(MONDAY + second * SECOND)


def test_a_refusal_at_every_bar_does_not_fill_the_screen():
    state = a_state()
    for number in range(9):
        order = a_live_order(5, number)
        said(state, OrderRefused(order, "halted", MONDAY + number * SECOND))

    assert "was refused: halted  (9 times)" in _shown(state.snapshot())[-1]
