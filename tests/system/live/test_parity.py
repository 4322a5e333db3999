"""A live run that was recorded decides the same again as a backtest, and every fill that differs has its reason.

What was changed in the recording afterwards is found, and named.
"""

import io
import json
import os
import signal

import pytest

from adapters.parity_command import parity
from adapters.store import Store
from messages import Fill
from tests.system.commands import run_command, run_here
from tests.system.live.lives import TRADERS as STRATEGIES
from tests.system.live.lives import Life, Process, a_folder, a_strategy
from tests.system.live.venue import SYMBOL, a_venue, until


def _entry(name, strategy, period, *, lots=1, **params):
    told = ", ".join(f"{key} = {json.dumps(value)}" for key, value in params.items())
    return (
        f'[[strategies]]\nid = "{name}"\nstrategy = "{strategy}"\nsymbols = ["{SYMBOL}"]\nperiod = "{period}"\n'
        f"lots = {lots}\nparams = {{ {told} }}\n"
    )


TRADERS = (
    _entry("dice", "random", "1s", lots=3),
    _entry("cross", "ema-cross", "2s", lots=2, fast=2, slow=3),
    _entry("turtle", "turtle", "1s", entry_bars=3, exit_bars=2, atr_bars=2),
)


def _judged(folder, **options):
    """(exit code, what it says as data, on a page, and on stderr)"""
    told = {"life": None, "store": None, "from_trace": False, **options}
    data, page, err = io.StringIO(), io.StringIO(), io.StringIO()
    code = parity(folder, as_json=True, out=data, err=err, **told)
    assert parity(folder, as_json=False, out=page, err=io.StringIO(), **told) == code
    return code, json.loads(data.getvalue() or "{}"), page.getvalue(), err.getvalue()


def _a_run(tmp_path, venue, seconds=5, *, live="warm_up = true\n"):
    """A run's folder after its first life."""
    folder, config = a_folder(tmp_path, venue, *TRADERS, live=live)
    with Life(folder, config) as life:
        began = life.run.clock.now()
        until(lambda: life.run.clock.now() > began + seconds * 10**9, life.story)
    return folder, config


@pytest.fixture(scope="module")
def a_run(tmp_path_factory):
    """One recorded run for all tests that only look at it, or at a copy of its store."""
    place = tmp_path_factory.mktemp("parity")
    os.environ["XDG_STATE_HOME"] = str(place / "state")
    with a_venue() as venue:
        yield _a_run(place, venue, 6)[0]


def test_a_recorded_run_decides_the_same_again_bar_for_bar(a_run):
    code, told, page, err = _judged(a_run)

    assert (code, err) == (0, ""), page
    (life,) = told["lives"]
    assert life["data"]["equal"]
    assert life["data"]["heard"] == sum(life["data"]["recorded"].values())
    assert life["bars"]["equal"] == life["bars"]["all"] >= 8
    assert life["decisions"]["equal"] == life["decisions"]["all"] >= 3
    assert set(life["bars"]["by"]) == {f"{SYMBOL} 1s", f"{SYMBOL} 2s"}
    assert life["first_difference"] is None
    assert "first difference: none in data, bars and decisions" in page


def test_each_other_fill_has_its_reason_and_the_sums_are_those_of_the_books(a_run):
    _, told, page, _ = _judged(a_run)

    (life,) = told["lives"]
    fills = life["fills"]
    assert fills["live"] > 0
    assert fills["backtest"] > 0
    assert all(each["reason"] for each in fills["differences"]), page
    summary = json.loads((a_run / "summary.json").read_text())
    (cash,) = life["cash"]
    money = summary["currencies"]["XBT"]
    assert cash["live"]["change"] == money["cash_end_minor"] - money["cash_start_minor"]
    assert cash["live"]["fees"] == fills["currencies"]["XBT"]["live"]["fees_minor"] == money["fees_minor"]
    assert cash["backtest"]["fees"] == fills["currencies"]["XBT"]["backtest"]["fees_minor"]


def test_the_trace_alone_will_do_where_nothing_was_recorded(a_run):
    code, told, page, _ = _judged(a_run, from_trace=True)

    assert code == 0, page
    assert told["lives"][0]["data"] is None


def _copied(store, place, change):
    """A store with the same ticks and quotes, but for what `change(kind, columns)` does to them."""
    copy = Store(place)
    for info in store.series():
        columns = {name: value.copy() for name, value in _columns(store, info).items()}
        change(info.kind, columns)
        copy.write(info.venue, info.symbol, info.kind, columns)
    return place


def _columns(store, info):
    table = store.table(info.venue, info.symbol, info.kind)
    return {name: table[name] for name in table.columns}


def test_a_price_that_was_changed_in_the_recording_is_found_and_named(a_run, tmp_path):
    altered = {}

    def change(kind, columns):
        if kind == "ticks":
            row = len(columns["price"]) // 2
            altered["then"] = float(columns["price"][row])
            columns["price"][row] += 50.0
            altered["ts"] = int(columns["ts"][row])

    store = _copied(Store(a_run / "data"), tmp_path / "altered", change)
    code, told, page, _ = _judged(a_run, store=store)

    (life,) = told["lives"]
    first = life["first_difference"]
    assert code == 1
    assert (life["data"]["altered"], life["data"]["missing"], life["data"]["extra"]) == (1, 0, 0)
    assert first["level"] == "data"
    assert f"price {altered['then']!r} heard, {altered['then'] + 50.0!r} recorded" in first["text"]
    assert life["bars"]["equal"] < life["bars"]["all"]
    assert "NOT EQUAL" in page
    # What follows from it says so, too.
    bars = [each for each in life["differences"] if each["level"] == "bars"]
    assert all("the recording was altered" in each["cause"] for each in bars), bars


def test_kinds_that_were_left_out_of_the_recording_are_counted_and_make_no_difference(a_run, tmp_path):
    store, ticks = Store(a_run / "data"), Store(tmp_path / "ticks")
    (info,) = [each for each in store.series() if each.kind == "ticks"]
    ticks.write(info.venue, info.symbol, "ticks", _columns(store, info))

    code, told, page, _ = _judged(a_run, store=ticks.root)

    assert code == 0, page
    assert told["lives"][0]["data"]["unrecorded"]["Quote"] > 0
    assert "and no Quote" in page


def test_a_hole_in_the_recording_is_found_and_named(a_run, tmp_path):
    def change(kind, columns):
        if kind == "ticks":
            middle = len(columns["price"]) // 2
            for name in columns:
                columns[name] = [*columns[name][: middle - 20], *columns[name][middle + 20 :]]

    store = _copied(Store(a_run / "data"), tmp_path / "holed", change)
    code, told, _, _ = _judged(a_run, store=store)

    (life,) = told["lives"]
    assert code == 1
    assert life["data"]["missing"] == 40
    assert "gap in the recorded data" in life["first_difference"]["text"]


def test_what_is_no_run_or_was_not_recorded_is_said_with_how_to_record(a_run, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()

    assert _judged(tmp_path)[::3] == (
        2,
        f"{tmp_path}/trace.sqlite: there is no such file: not a run's folder, or nothing was journalled\n",
    )
    code, _, _, err = _judged(a_run, store=empty)
    assert code == 2
    assert "was recorded while life 1 went on" in err
    assert "[recording]" in err
    code, _, _, err = _judged(a_run, store=tmp_path / "nowhere")
    assert code == 2
    assert "there is no recorded market" in err


def test_the_command_prints_the_page_or_one_object_and_exits_by_what_it_found(a_run, tmp_path):
    page = run_command("parity", a_run, cwd=tmp_path).stdout
    data = run_here("parity", a_run, "--life", 1, "--json", cwd=tmp_path).stdout

    assert page.splitlines()[0] == f"parity of {a_run}, life 1 of 1: equal"
    assert json.loads(data)["equal"] is True
    assert "not a run's folder" in run_here("parity", tmp_path, cwd=tmp_path, code=2).stderr
    assert "there is no life 7" in run_here("parity", a_run, "--life", 7, cwd=tmp_path, code=2).stderr
    assert "--trace" in run_here("parity", a_run, "--trace", "--store", tmp_path, cwd=tmp_path, code=2).stderr


def test_lives_are_compared_each_for_itself_a_killed_one_too(tmp_path, venue):
    folder, config = a_folder(tmp_path, venue, *TRADERS, live="warm_up = true\n")
    with Process(folder, "--quiet", config=config) as process:
        process.until(lambda: len(venue.trades()) >= 3)
        process.signal(signal.SIGKILL)
        process.wait()
    with Life(folder) as life:
        life.ready()
        began = life.run.clock.now()
        until(lambda: life.run.clock.now() > began + 3 * 10**9, life.story)

    code, told, page, err = _judged(folder)

    assert (code, err) == (0, ""), page
    assert [each["life"] for each in told["lives"]] == [1, 2]
    assert all(each["decisions"]["all"] and each["bars"]["all"] for each in told["lives"]), page
    assert told["decisions"]["equal"] == told["decisions"]["all"]
    only = _judged(folder, life=2)[1]["lives"]
    assert only == [told["lives"][1]]


def test_a_line_that_is_cut_and_trades_that_fill_the_gap_change_nothing(tmp_path, venue):
    folder, config = a_folder(tmp_path, venue, *TRADERS, live="warm_up = true\n")
    with Life(folder, config) as life:
        life.ready()
        for times in (2, 3):
            until(venue.trades, life.story)
            venue.cut()
            life.ready(times)
        traded = len(venue.trades())
        until(lambda: len(venue.trades()) > traded, life.story)

    code, told, page, _ = _judged(folder)

    assert code == 0, page
    (life,) = told["lives"]
    assert life["bars"]["equal"] == life["bars"]["all"] > 4
    assert "venue lost" in page


def test_a_market_that_is_only_heard_and_events_are_run_again_too(tmp_path, venue):
    file = tmp_path / "news.jsonl"
    file.touch()
    follows = (
        f'[[strategies]]\nid = "follows"\nstrategy = "{STRATEGIES}:Follows"\nsymbols = ["{SYMBOL}"]\n'
        'hears = ["XBTUSD.OTHER"]\nperiod = "1s"\n'
    )
    listens = (
        f'[[strategies]]\nid = "listens"\nstrategy = "{STRATEGIES}:Listens"\nsymbols = ["{SYMBOL}"]\nperiod = "1s"\n'
        'events = ["news"]\n'
    )
    with a_venue(seed=2) as other:
        more = (
            f'[[feeds]]\nvenue = "loopback"\nname = "other"\nport = {other.port}\nsymbols = ["XBTUSD"]\n'
            f'[[events]]\nsource = "news"\nfile = "{file}"\n'
        )
        folder, config = a_folder(tmp_path, venue, follows, listens, more=more)
        with Life(folder, config) as life:
            life.ready()
            for want in (1.0, -1.0, 2.0):
                with file.open("a", encoding="utf-8") as lines:
                    lines.write(json.dumps({"kind": "word", "ts": "2026-01-01T00:00:00Z", "want": want}) + "\n")
                traded = len(venue.trades())
                until(lambda: len(venue.trades()) > traded, life.story)  # noqa: B023 - it is waited for here
            until(lambda: len(life.of(Fill)) >= 4, life.story)

    code, told, page, err = _judged(folder)

    assert (code, err) == (0, ""), page
    (life,) = told["lives"]
    assert life["decisions"]["by"]["listens"]["equal"] >= 2
    assert life["decisions"]["by"]["follows"]["equal"] >= 1
    assert set(life["bars"]["by"]) == {f"{SYMBOL} 1s", "XBTUSD.OTHER 1s"}


def test_a_strategy_that_failed_live_and_not_again_is_the_cause_that_is_named(tmp_path, venue):
    done = tmp_path / "done"
    folder, config = a_folder(tmp_path, venue, a_strategy("Forgets", name="bad", done=str(done)), TRADERS[0])
    with Life(folder, config) as life:
        until(lambda: len(venue.trades()) >= 3, life.story)
        done.with_name("go").touch()
        until(lambda: life.failures_of("strategy:bad"), life.story)
        traded = len(venue.trades())
        until(lambda: len(venue.trades()) >= traded + 6, life.story)

    code, told, page, _ = _judged(folder)

    (life,) = told["lives"]
    assert code == 1, page
    assert life["decisions"]["by"]["dice"]["equal"] == life["decisions"]["by"]["dice"]["all"]
    wrong = [each for each in life["differences"] if each["level"] == "decisions"]
    assert wrong
    assert any("strategy:bad failed: ZeroDivisionError" in each["cause"] for each in wrong), page
    assert "live       " in page
