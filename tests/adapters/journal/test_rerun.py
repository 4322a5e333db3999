"""A life that was written down decides the same again; where it does not, the first difference says what led to it."""

import io
import json
import socket
import sqlite3

import attrs
import pytest

from actors import Strategy, TradingSystem
from actors.recorder import Record
from actors.setup import wanted_bars
from actors.wiring import actor_specs, closes_of
from adapters.generated import generated_bars, generated_quotes, generated_ticks
from adapters.journal import Given, Trace, begin_life, rebuild_record, write_given
from adapters.journal.batches import fact_checksum
from adapters.journal.reading import TraceReader
from adapters.journal.store import TRACE_FILE
from adapters.replay_command import replay
from messages import Bar, Envelope, HaltTrading, Signal
from tests.adapters.journal.runs import INSTRUMENT, SYMBOL, Crasher, Dice, Placer, a_system, changed, entries, live
from tests.builders import MINUTE, MONDAY, a_bar

STRATEGIES = (Dice, Placer, Crasher, Dice)
LATER = MONDAY + 200 * MINUTE
MORE = generated_bars(SYMBOL, bars=120, seed=9, start=LATER, volatility_per_year=3.0)


def answer(folder, setup, *, life=None, as_json=True, **options):
    """(exit code, what was printed, what was printed as an error)."""
    out, err = io.StringIO(), io.StringIO()
    code = replay(folder, lambda _folder: setup, life=life, as_json=as_json, out=out, err=err, **options)
    return code, json.loads(out.getvalue()) if as_json and out.getvalue() else out.getvalue(), err.getvalue()


def altered(folder, where, change):
    """Change one fact in the file, checksum and all: what the run then seems to have decided."""
    connection = sqlite3.connect(folder / TRACE_FILE)
    row = list(connection.execute(f"SELECT * FROM facts WHERE {where} ORDER BY id LIMIT 1").fetchone())
    body = json.loads(row[9])
    change(body["fields"])
    row[9] = json.dumps(body)
    row[10] = fact_checksum(row[0], row[1:10])
    connection.execute("UPDATE facts SET body = ?, crc = ? WHERE life = ? AND id = ?", (row[9], row[10], *row[:2]))
    connection.commit()
    connection.close()
    return row[1]


@pytest.fixture(scope="module")
def two_lives(tmp_path_factory):
    """(folder, set-up) of a run with crashes that was started twice."""
    folder = tmp_path_factory.mktemp("run")
    _, first, setup = live(folder, entries(*STRATEGIES))
    live(folder, entries(*STRATEGIES), feed=MORE, now=LATER)
    assert len(first.failures) == 4
    return folder, setup


@pytest.mark.parametrize("life", [1, 2, None])
def test_each_life_decides_the_same_again(two_lives, life):
    folder, setup = two_lives

    code, said, _ = answer(folder, setup, life=life)

    assert (code, said["equal"], said["first_difference"], said["missing"]) == (0, True, None, 0)
    assert said["life"] == (life or 2)
    # The crasher fails in the same way until it is given up on.
    assert said["failures"] == 4
    assert said["decisions"] == said["decisions_equal"] > 200
    by_actor = said["by_actor"]
    assert {"executor@main", "portfolio@main", "risk-guard@main", "strategy:dice-0"} <= by_actor.keys()
    for actor, name in (("executor@main", "SubmitOrder"), ("risk-guard@main", "ApprovedOrder")):
        assert by_actor[actor][name]["equal"] == by_actor[actor][name]["all"] > 20


class Ticker(Strategy):
    """Trades on ticks, and sets timers."""

    def on_tick(self, tick):
        if self.random.random() < 0.05:
            self.target(float(self.random.randint(-2, 2)))
            self.wake_in(7, "later")

    def on_timer(self, name):
        self.target(0.0)


def test_ticks_and_quotes_filtered_and_built_into_bars_decide_the_same_again(tmp_path, monkeypatch):
    ticks = generated_ticks(SYMBOL, ticks=1500, seed=3, start=MONDAY)
    quotes = generated_quotes(SYMBOL, ticks=1500, seed=3, start=MONDAY)
    strategies = entries(Ticker, Dice, accounts=["main", "second"])
    _, record, setup = live(tmp_path, strategies, feed=(ticks, quotes))

    code, said, _ = answer(tmp_path, setup)

    assert (code, said["missing"], said["not_run"]) == (0, 0, [])
    assert record.fills
    assert said["by_actor"]["tick-filter"]["Tick"]["equal"] == 1500
    assert said["by_actor"]["bar-builder"]["Bar"]["equal"] > 3
    assert {"executor@main", "executor@second"} <= said["by_actor"].keys()


class Follower(Strategy):
    """Looks at what it remembers."""

    warmup = 5

    def on_bar(self, bar):
        self.target(float(len(self.history(5)) + int(bar.close) % 2))


def test_what_a_life_was_given_at_its_start_is_given_again(tmp_path):
    history = {
        "strategy:follower-0": tuple(a_bar(100.0, open_ts=MONDAY - n * MINUTE, symbol=SYMBOL) for n in (3, 2, 1))
    }
    _, record, setup = live(tmp_path, entries(Follower), given=history)
    assert record.signals[0].target >= 4

    assert answer(tmp_path, setup)[0] == 0

    write_given(tmp_path, 1, {})
    assert answer(tmp_path, setup)[1]["first_difference"]["actor"] == "strategy:follower-0"


def test_a_halt_that_was_lifted_is_lifted_again(tmp_path):
    _, _, setup = live(tmp_path, entries(Dice))
    trace = Trace(tmp_path, life=begin_life(tmp_path, started=MONDAY))
    trace.said(Envelope(1, 0, "outside", 1, MONDAY, HaltTrading(reason="operator")))
    trace.close()
    _, lifted, _ = live(tmp_path, entries(Dice), feed=MORE, now=LATER, lift_halt=True)
    assert lifted.fills

    assert answer(tmp_path, setup, life=3)[0] == 0

    write_given(tmp_path, 3, {})
    assert answer(tmp_path, setup, life=3)[1]["first_difference"]["actor"] == "risk-guard@main"


def test_actors_that_the_set_up_does_not_say_are_made_by_who_knows_them(tmp_path):
    _, _, setup = live(tmp_path, entries(Dice), given={})
    told = []

    def make_specs(setup, given):
        told.append(given)
        return [spec for spec in actor_specs(setup, Record()) if spec.role != "strategy"]

    code, said, _ = answer(tmp_path, setup, make_specs=make_specs)

    assert (code, said["not_run"]) == (1, ["strategy:dice-0"])
    assert told == [Given(facts={"lift_halt": False})]


def test_a_changed_gift_is_named(tmp_path):
    _, _, setup = live(tmp_path, entries(Follower), given={"strategy:follower-0": (a_bar(symbol=SYMBOL),)})
    changed(tmp_path / TRACE_FILE, "UPDATE given SET facts = '{\"lift_halt\": true}'")

    code, _, error = answer(tmp_path, setup)

    assert code == 2
    assert "what life 1 was given" in error


def test_one_altered_answer_is_the_first_difference_told_with_its_chain(tmp_path):
    _, _, setup = live(tmp_path, entries(Dice))
    number = altered(tmp_path, "message = 'TargetShares'", lambda fields: fields["shares"][0].update(lots=77))

    code, said, _ = answer(tmp_path, setup)

    first = said["first_difference"]
    assert (code, said["equal"]) == (1, False)
    assert first["actor"] == "portfolio@main"
    assert first["then"][0]["fields"]["shares"][0]["lots"] == 77
    assert first["now"][0]["fields"]["shares"][0]["lots"] != 77
    # From the timer that netted it, by the signal, back to the bar.
    assert [each["message"]["message"] for each in first["chain"]] == ["Woke", "Signal", "Bar"]
    assert first["chain"][-1]["sender"] == "feed"
    # The executor was given what the portfolio seems to have said, and differs at that. Nobody else does.
    portfolio, strategy = said["by_actor"]["portfolio@main"]["TargetShares"], said["by_actor"]["strategy:dice-0"]
    assert portfolio["all"] - portfolio["equal"] == 1
    assert said["by_actor"]["executor@main"]["SubmitOrder"]["equal"] < portfolio["equal"]
    assert strategy["Signal"]["equal"] == strategy["Signal"]["all"]
    with TraceReader(tmp_path) as reader:
        assert reader.find(1, number).message.shares[0].lots == 77


def test_the_same_in_words(tmp_path):
    _, _, setup = live(tmp_path, entries(Dice))
    altered(tmp_path, "message = 'Signal'", lambda fields: fields.update(target=9.0))

    code, said, _ = answer(tmp_path, setup, as_json=False)

    lines = said.splitlines()
    assert code == 1
    assert lines[0].startswith("life 1 of 1: ")
    assert any(line.startswith("  strategy:dice-0: Signal ") for line in lines)
    place = lines.index("  then:")
    assert "strategy:dice-0 (incarnation 1)" in lines[place - 1]
    assert "target=9.0" in lines[place + 1]
    assert lines[place + 2] == "  now:"
    assert "target=9.0" not in lines[place + 3]
    assert "Bar(" in lines[-1]


def test_an_answer_that_is_not_there_is_a_difference(tmp_path):
    _, _, setup = live(tmp_path, entries(Dice))
    last = "(SELECT max(id) FROM facts WHERE message = 'EquityMarked')"
    changed(tmp_path / TRACE_FILE, f"DELETE FROM facts WHERE message = 'EquityMarked' AND id = {last}")

    code, said, _ = answer(tmp_path, setup)

    # The guard handled it too, and cannot be given it.
    assert (code, said["differences"], said["missing"]) == (1, 2, 1)
    assert (said["first_difference"]["then"], len(said["first_difference"]["now"])) == ([], 1)


def test_a_message_that_was_handled_and_is_not_there_is_named(tmp_path):
    _, _, setup = live(tmp_path, entries(Dice))
    changed(tmp_path / TRACE_FILE, "DELETE FROM facts WHERE message = 'OrderAccepted'")

    code, said, _ = answer(tmp_path, setup)

    assert code == 1
    assert said["missing"] > 10
    assert "not in the trace" in said["first_difference"]["note"]


class Reformed(Crasher):
    """What the crasher became after somebody mended it."""

    def on_bar(self, bar):
        self.bars = 0
        super().on_bar(bar)


def test_a_failure_that_does_not_come_again_is_named(tmp_path):
    live(tmp_path, entries(Crasher))
    strategies = entries(Reformed)
    setup = a_system([attrs.evolve(strategies[0], id="crasher-0")]).setup

    code, said, _ = answer(tmp_path, setup)

    assert code == 1
    assert said["first_difference"]["actor"] == "strategy:crasher-0"
    assert "crashed as told" in said["first_difference"]["note"]


def test_another_configuration_differs_where_it_decides_otherwise(tmp_path):
    live(tmp_path, entries(Dice))
    setup = TradingSystem(
        feed=[MORE], strategies=[attrs.evolve(entries(Dice)[0], lots=3)], instruments=[INSTRUMENT],
        cash={"USD": 10**9}, live_marks=True, run_id="run000",
    ).setup  # fmt: skip

    code, said, _ = answer(tmp_path, setup)

    assert code == 1
    assert said["first_difference"]["actor"] == "portfolio@main"
    assert (
        said["by_actor"]["strategy:dice-0"]["Signal"]["equal"] == said["by_actor"]["strategy:dice-0"]["Signal"]["all"]
    )


def test_an_actor_that_is_not_in_the_set_up_is_named(tmp_path):
    live(tmp_path, entries(Dice, Placer))

    code, said, _ = answer(tmp_path, a_system(entries(Dice)).setup)

    assert code == 1
    assert said["not_run"] == ["strategy:placer-1"]


def test_no_network_is_opened(two_lives, monkeypatch):
    def refused(*_arguments, **_options):
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refused)
    folder, setup = two_lives

    assert answer(folder, setup)[0] == 0


def test_the_closes_and_the_bad_items_of_a_run_are_in_its_record_too(tmp_path):
    ticks = generated_ticks(SYMBOL, ticks=1500, seed=3, start=MONDAY)
    prices = ticks.price.copy()
    prices[700] *= 5
    _, heard, setup = live(tmp_path, entries(Dice), feed=attrs.evolve(ticks, price=prices))
    record = Record()

    rebuild_record(tmp_path, record, closes_of=closes_of(wanted_bars(setup)))

    assert len(record.closes[SYMBOL][0]) > 3
    assert record.closes == heard.closes
    assert (record.bad_items, record.bad_item_counts) == (heard.bad_items, heard.bad_item_counts)
    # On a busy machine others are too late for their bar.
    assert [each.reason for each in record.bad_items].count("off-band") == 1
    assert record.unheard_ticks == heard.unheard_ticks


def test_what_is_no_run_is_told_with_exit_code_2(tmp_path, two_lives):
    folder, setup = two_lives

    code, said, error = answer(tmp_path / "nothing", setup)
    assert (code, said) == (2, "")
    assert "trace.sqlite: there is no such file" in error

    code, _, error = answer(folder, setup, life=9)
    assert code == 2
    assert error == f"{folder}: there is no life 9: it has 1, 2\n"


def test_a_damaged_file_is_told_with_exit_code_2(tmp_path):
    _, _, setup = live(tmp_path, entries(Dice))
    changed(tmp_path / TRACE_FILE, "UPDATE facts SET body = replace(body, 'XYZ', 'x') || ' ' WHERE message = 'Fill'")

    code, _, error = answer(tmp_path, setup)

    assert code == 2
    assert "message" in error
    assert "not what was written" in error


def test_market_data_are_in_the_trace_in_full(two_lives):
    folder, _ = two_lives
    with TraceReader(folder) as reader:
        said = [envelope for stretch in reader.stretches(2) for envelope in stretch.said]

    bars = [each.message.close for each in said if isinstance(each.message, Bar) and each.sender == "feed"]
    assert bars == MORE.close.tolist()
    assert any(isinstance(each.message, Signal) for each in said)
