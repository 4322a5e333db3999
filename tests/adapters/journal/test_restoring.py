"""The next life begins where the last one ended: facts are folded once, counters go on, what was halted stays so."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actors.recorder import Record
from actors.setup import Setup
from adapters.generated import generated_bars
from adapters.journal import AccountRecovery, Journal, Trace, begin_life, rebuild_record, restore
from adapters.journal.orders import FAILED, read_orders
from adapters.journal.restoring import IDS_LOST_MAX
from adapters.journal.store import TRACE_FILE
from messages import (
    AmendRejected,
    ApprovedAmend,
    ApprovedOrder,
    Envelope,
    EquityMarked,
    FundingPaid,
    FundingPart,
    HaltTrading,
    Liquidity,
    OrderEnded,
    OrderRejected,
    Outcome,
    PlaceOrder,
    PositionAdjusted,
    SubmitOrder,
    TradingState,
    TradingStateChanged,
    VenueRead,
)
from tests.adapters.journal.runs import SYMBOL, Crasher, Dice, Placer, a_system, entries, live
from tests.builders import DAY, HOUR, MINUTE, MONDAY, SECOND, a_fill, a_signal, a_target, an_order

ROOT = Path(__file__).parents[3]
NOW = MONDAY + DAY


def a_setup(**options) -> Setup:
    return a_system(entries(Dice, Dice), **options).setup


ONE, OTHER = "dice-0", "dice-1"


def wrote(folder, *said, journalled=()):
    """A life that said these, by whoever: (sender, message), or the message alone."""
    life = begin_life(folder, started=MONDAY)
    journal = Journal(folder, life=life)
    journal.on_start()
    for message in journalled:
        handler = journal.on_approved_order if isinstance(message, ApprovedOrder) else journal.on_approved_amend
        assert handler(message) == (message,)
    journal.release()
    trace = Trace(folder, life=life)
    for number, each in enumerate(said, 1):
        sender, message = each if isinstance(each, tuple) else ("venue@main", each)
        trace.said(Envelope(number, 0, sender, 1, MONDAY + number, message))
    trace.close()
    return life


def restored(folder, setup=None, *, before_life=99, **options):
    return restore(folder, setup or a_setup(), now=NOW, before_life=before_life, **options)


def a_venue_fill(lots, name, *, strategy=ONE, ts=MONDAY):
    return a_fill(execution_id=name, parts=((strategy, lots),), symbol=SYMBOL, ts=ts)


def crossed(lots, number):
    name = f"run000-x-{number}"
    fill = a_fill(execution_id=name, parts=((ONE, lots),), symbol=SYMBOL)
    other = a_fill(execution_id=f"run000-x-{number + 1}", parts=((OTHER, -lots),), symbol=SYMBOL)
    return tuple(
        ("executor@main", attrs.evolve(each, client_id=each.execution_id, liquidity=Liquidity.INTERNAL))
        for each in (fill, other)
    )


def an_adjustment(lots, name="a-1", strategy=ONE):
    return PositionAdjusted(
        account="main", symbol=SYMBOL, strategy=strategy, adjustment_id=name, lots=lots, value_minor=0, ts=MONDAY
    )


def believed(setup, began):
    """What portfolio, executor and guard hold after they were made from what was restored."""
    from actors.account_actors import account_specs  # noqa: PLC0415 - the actors as a run makes them

    nets = {}
    for spec in account_specs(setup, "main", None, None):
        if spec.role not in ("portfolio", "executor", "risk-guard"):
            continue
        component = spec.factory(began.restored.heritage[spec.address])
        component.on_start()
        for message in began.restored.kept[spec.address]:
            name = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in type(message).__name__)
            getattr(component, "on" + name)(message)
        component.warmed_up()
        if spec.role == "portfolio":
            nets[spec.role] = {
                (each.strategy, each.symbol): each.lots for each in component.books_in(SYMBOL) if each.lots
            }
        elif spec.role == "executor":
            nets[spec.role] = {(name, SYMBOL): lots for name, lots in component.lots_in(SYMBOL).items() if lots}
        else:
            nets[spec.role] = component.lots_in(SYMBOL)
    return nets


def folded_by_hand(folder):
    """Lots by (strategy, symbol), by reading the file with nothing but SQL and JSON."""
    held, seen = defaultdict(int), set()
    connection = sqlite3.connect(folder / TRACE_FILE)
    rows = connection.execute("SELECT message, body FROM facts ORDER BY life, id").fetchall()
    connection.close()
    for name, body in rows:
        fields = json.loads(body)["fields"]
        if name == "Fill" and fields["execution_id"] not in seen:
            seen.add(fields["execution_id"])
            for part in fields["parts"]:
                held[part["strategy"], fields["symbol"]] += part["lots"]
        elif name == "PositionAdjusted" and ("adjusted", fields["adjustment_id"]) not in seen:
            seen.add(("adjusted", fields["adjustment_id"]))
            held[fields["strategy"], fields["symbol"]] += fields["lots"]
    return {key: lots for key, lots in held.items() if lots}


def agree(folder, setup, began):
    by_hand = folded_by_hand(folder)
    nets = believed(setup, began)
    known = began.accounts["main"]
    assert known.held == by_hand
    assert known.positions == {SYMBOL: sum(by_hand.values())} or sum(by_hand.values()) == 0
    assert nets["portfolio"] == nets["executor"] == by_hand
    assert nets["risk-guard"] == sum(by_hand.values())


# A first life.


def test_a_first_life_begins_with_nothing(tmp_path):
    life = begin_life(tmp_path, started=MONDAY)

    began = restored(tmp_path, before_life=life)

    assert (began.restored.kept, began.restored.heritage) == ({}, {})
    assert began.accounts == {"main": AccountRecovery(executions_since=MONDAY)}


# Facts.


@st.composite
def _lives(draw):
    lots = st.integers(-5, 5).filter(bool)
    said = []
    for number in range(draw(st.integers(0, 12))):
        kind = draw(st.sampled_from(["fill", "cross", "adjust"]))
        if kind == "fill":
            said.append(a_venue_fill(draw(lots), f"e-{number}", strategy=draw(st.sampled_from([ONE, OTHER]))))
        elif kind == "cross":
            said += crossed(draw(lots), 2 * number + 1)
        else:
            said.append(an_adjustment(draw(lots), f"a-{number}"))
    # The venue repeats itself after a reconnect, within a life and in the next.
    again = draw(st.lists(st.sampled_from(said), max_size=4)) if said else []
    cut = draw(st.integers(0, len(said)))
    return said[:cut], said[cut:] + again


@settings(max_examples=40, suppress_health_check=list(HealthCheck), deadline=None)
@given(_lives())
def test_every_actor_holds_what_a_fold_by_hand_comes_to(tmp_path_factory, both):
    folder = tmp_path_factory.mktemp("run")
    for said in both:
        wrote(folder, *said)
    setup = a_setup()

    began = restored(folder, setup)

    agree(folder, setup, began)
    internal = [m for each in both for s in each if isinstance(s, tuple) for m in [s[1]]]
    numbers = [int(each.execution_id.rsplit("-", 1)[1]) for each in internal]
    assert began.accounts["main"].crossings_made == max(numbers, default=0)


def same(one, other):
    """Equal, but for the simulated venue, which is a fresh one each time."""
    heritages = [{k: v for k, v in each.restored.heritage.items() if k != "venue@main"} for each in (one, other)]
    return heritages[0] == heritages[1] and one.restored.kept == other.restored.kept and one.accounts == other.accounts


def test_restoring_twice_comes_to_the_same_and_so_does_a_life_that_said_nothing(tmp_path):
    wrote(tmp_path, a_venue_fill(3, "e-1"), *crossed(2, 1), ("dice-0", a_signal(strategy=ONE, symbol=SYMBOL)))
    first = restored(tmp_path)
    before = (tmp_path / TRACE_FILE).read_bytes()

    assert same(restored(tmp_path), first)
    assert (tmp_path / TRACE_FILE).read_bytes() == before

    wrote(tmp_path)
    assert same(restored(tmp_path), first)


def test_a_life_can_be_begun_again_as_it_began(tmp_path):
    wrote(tmp_path, a_venue_fill(3, "e-1"))
    wrote(tmp_path, a_venue_fill(4, "e-2"))

    assert restored(tmp_path, before_life=2).accounts["main"].positions == {SYMBOL: 3}
    assert restored(tmp_path, before_life=3).accounts["main"].positions == {SYMBOL: 7}


def test_funding_is_paid_once_and_reaches_the_portfolio_alone(tmp_path):
    paid = FundingPaid(
        account="main", currency="USD", symbol=SYMBOL, ts=MONDAY, rate=0.0001, price=100.0, lots=3, amount_minor=-3,
        parts=(FundingPart(ONE, 3, -3),),
    )  # fmt: skip
    wrote(tmp_path, a_venue_fill(3, "e-1"), paid)
    wrote(tmp_path, paid)

    kept = restored(tmp_path).restored.kept

    assert kept["portfolio@main"] == (a_venue_fill(3, "e-1"), paid)
    assert kept["executor@main"] == (a_venue_fill(3, "e-1"),)
    assert restored(tmp_path).accounts["main"].known_funding == ((SYMBOL, MONDAY),)


def a_read(ts, failure="", account="main"):
    return VenueRead(account=account, number=1, failure=failure, ts=ts)


def test_the_gateway_is_told_what_is_known_and_since_when_to_ask(tmp_path):
    wrote(tmp_path, a_venue_fill(3, "e-1"), a_venue_fill(1, "e-2"), *crossed(1, 1), an_adjustment(2, "execution-9"))
    never_read = restored(tmp_path).accounts["main"]
    wrote(tmp_path, a_read(MONDAY + HOUR), a_read(MONDAY + 2 * HOUR, "no answer"), a_read(MONDAY + 3 * HOUR, "", "b"))

    known = restored(tmp_path).accounts["main"]

    assert known.known_executions == ("e-1", "e-2", "execution-9")
    assert (never_read.executions_since, known.executions_since) == (MONDAY, MONDAY + HOUR - 10 * MINUTE)
    assert known.booked[:2] == (a_venue_fill(3, "e-1"), a_venue_fill(1, "e-2"))


def test_nothing_is_asked_for_from_before_the_first_life(tmp_path):
    wrote(tmp_path, a_read(MONDAY + MINUTE))

    assert restored(tmp_path).accounts["main"].executions_since == MONDAY


def test_a_clock_that_was_set_back_between_two_lives_has_no_fill_to_come_count_as_known(tmp_path):
    wrote(tmp_path, a_read(MONDAY + HOUR))
    set_back = MONDAY - 5 * MINUTE

    known = restore(tmp_path, a_setup(), now=set_back, before_life=99).accounts["main"]

    assert known.executions_since <= set_back


# Orders and counters.


def order_of(number, lots=1, *, strategy=ONE, ts=MONDAY, **fields):
    return an_order(owners=((strategy, lots),), client_id=f"run000-{strategy}-{number}", symbol=SYMBOL, ts=ts, **fields)


def test_orders_whose_end_is_not_known_are_told_as_they_were_last_approved(tmp_path):
    ended, rejected, alive, amended = (order_of(number, limit_price=90.0) for number in range(1, 5))
    refused_amend = order_of(3, 2, limit_price=90.0)
    changed = order_of(4, 2, limit_price=91.0)
    wrote(
        tmp_path,
        OrderEnded(ended, Outcome.CANCELLED, 0, MONDAY),
        OrderRejected(order=rejected, reason="margin", standing=True, ts=MONDAY + SECOND),
        OrderRejected(order=alive, reason="duplicate-client-id", standing=True, ts=MONDAY + SECOND),
        AmendRejected(refused_amend, FAILED, MONDAY),
        journalled=(*map(ApprovedOrder, (ended, rejected, alive, amended)), ApprovedAmend(changed, MONDAY)),
    )

    began = restored(tmp_path)

    assert began.accounts["main"].approved == {each.client_id: each for each in (alive, changed)}


def test_orders_that_are_over_are_told_when_they_were_filled_since_executions_are_asked_for(tmp_path):
    old, new, alive = (
        order_of(1, 3, limit_price=90.0),
        order_of(2, 3, limit_price=90.0),
        order_of(3, 3, limit_price=90.0),
    )
    fills = [
        attrs.evolve(a_venue_fill(lots, name), client_id=order.client_id, ts=ts)
        for lots, name, order, ts in (
            (3, "e-1", old, MONDAY),
            (3, "e-2", new, MONDAY + HOUR),
            (1, "e-3", alive, MONDAY + HOUR),
        )
    ]
    ends = [OrderEnded(each, Outcome.FILLED, 3, MONDAY) for each in (old, new)]
    wrote(tmp_path, *fills, *ends, a_read(MONDAY + HOUR), journalled=tuple(map(ApprovedOrder, (old, new, alive))))

    known = restored(tmp_path).accounts["main"]

    assert (set(known.over), set(known.approved)) == ({new.client_id}, {alive.client_id})
    assert sum(lots for (client_id, _), lots in known.filled.items() if client_id == new.client_id) == 3


def test_an_order_whose_end_tells_of_a_fill_that_was_not_heard_is_looked_into(tmp_path):
    whole, part = order_of(1, 3), order_of(2, 3)
    fills = [
        attrs.evolve(a_venue_fill(lots, name), client_id=order.client_id)
        for order, lots, name in ((whole, 1, "e-1"), (whole, 2, "e-2"), (part, 2, "e-3"))
    ]
    ends = [OrderEnded(each, Outcome.FILLED, 3, MONDAY) for each in (whole, part)]
    wrote(tmp_path, *fills, *ends, journalled=(ApprovedOrder(whole), ApprovedOrder(part)))

    known = restored(tmp_path).accounts["main"]

    assert known.approved == {part.client_id: part}
    assert known.filled[part.client_id, ONE] == 2


def test_an_order_that_was_sent_again_after_its_rejection_may_be_alive(tmp_path):
    again = order_of(1, ts=MONDAY + 2 * SECOND)
    rejection = OrderRejected(order=order_of(1), reason="overload", standing=False, ts=MONDAY + SECOND)
    wrote(tmp_path, rejection, journalled=(ApprovedOrder(order_of(1)), ApprovedOrder(again)))

    assert restored(tmp_path).accounts["main"].approved == {again.client_id: again}


@pytest.mark.parametrize(
    ("said", "journalled"),
    [((41,), (7,)), ((7,), (41,)), ((), (41, 9)), ((41, 9), ())],
)
def test_no_client_id_is_given_twice(tmp_path, said, journalled):
    """Refused orders are in the trace alone; the last approved ones, after a kill, in the journal alone.

    Those that a power loss took are in neither.
    """
    wrote(
        tmp_path,
        *[("executor@main", SubmitOrder(order_of(number))) for number in said],
        journalled=[ApprovedOrder(order_of(number)) for number in journalled],
    )

    assert restored(tmp_path).restored.heritage["executor@main"].intents == 41 + IDS_LOST_MAX


def test_a_strategy_counts_its_signals_and_orders_on(tmp_path):
    placed = PlaceOrder(strategy=ONE, symbol=SYMBOL, number=4, ts=MONDAY, lots=1)
    wrote(
        tmp_path,
        a_signal(strategy=ONE, symbol=SYMBOL, number=7),
        placed,
        a_signal(strategy=OTHER, symbol=SYMBOL, number=3),
        a_venue_fill(2, "e-1"),
    )

    heritage = restored(tmp_path).restored.heritage

    left = heritage[f"strategy:{ONE}"]
    assert (left.signals, left.orders, left.positions) == (7, 4, ((SYMBOL, 2),))
    assert (left.order_mode, left.executions) == ((SYMBOL,), ("e-1",))
    other = heritage[f"strategy:{OTHER}"]
    assert (other.signals, other.orders, other.order_mode, other.executions) == (3, 0, (), ())


def test_the_last_wish_of_each_strategy_and_the_last_target_are_heard_again(tmp_path):
    last = a_signal(2.0, strategy=ONE, symbol=SYMBOL, number=2)
    target = a_target(((ONE, 4),), symbol=SYMBOL)
    wrote(tmp_path, a_signal(strategy=ONE, symbol=SYMBOL), a_target(((ONE, 2),), symbol=SYMBOL), last, target)

    began = restored(tmp_path).restored

    assert began.kept["portfolio@main"] == (last,)
    assert began.kept["executor@main"] == (target,)
    assert began.heritage["portfolio@main"].shares == ((SYMBOL, target.shares[0]),)


def test_nobody_goes_on_with_the_share_of_a_strategy_or_in_a_symbol_that_is_not_traded_any_more(tmp_path):
    target = a_target(((ONE, 4), ("gone", 5)), symbol=SYMBOL)
    wrote(
        tmp_path,
        a_signal(strategy=ONE, symbol=SYMBOL),
        a_signal(strategy=ONE, symbol="LTCUSD", number=2),
        a_signal(strategy="gone", symbol=SYMBOL),
        target,
        a_target(((ONE, 0),), symbol="LTCUSD"),
    )

    began = restored(tmp_path).restored

    assert [each.symbol for each in began.kept["portfolio@main"]] == [SYMBOL]
    assert began.kept["executor@main"] == (attrs.evolve(target, shares=target.shares[:1]),)


def test_a_strategy_that_placed_an_order_has_no_share_though_it_died_before_that_was_said(tmp_path):
    placed = PlaceOrder(strategy=ONE, symbol=SYMBOL, number=1, ts=MONDAY, lots=1)
    wrote(tmp_path, a_signal(strategy=ONE, symbol=SYMBOL), a_target(((ONE, 4), (OTHER, 1)), symbol=SYMBOL), placed)

    (target,) = restored(tmp_path).restored.kept["executor@main"]

    assert [share.strategy for share in target.shares] == [OTHER]


# The trading state.


def a_state(state, reason="told so"):
    return ("risk-guard@main", TradingStateChanged(account="main", state=state, reason=reason, ts=MONDAY))


ACTIVE, HALTED, FLAT = TradingState.ACTIVE, TradingState.HALTED, TradingState.FLATTENING
REDUCE, RECOVERING = TradingState.REDUCE_ONLY, TradingState.RECOVERING
LOSS = "daily loss of 5.00 USD: the day opened with ..."


@pytest.mark.parametrize(
    ("said", "standing", "lost"),
    [
        ((), ACTIVE, ACTIVE),
        ((a_state(HALTED),), HALTED, ACTIVE),
        ((a_state(FLAT),), FLAT, ACTIVE),
        ((a_state(HALTED), a_state(RECOVERING)), HALTED, ACTIVE),
        ((a_state(RECOVERING), a_state(ACTIVE, "the venue is ready")), ACTIVE, ACTIVE),
        ((a_state(REDUCE, LOSS),), ACTIVE, REDUCE),
        ((a_state(REDUCE, LOSS), a_state(RECOVERING), a_state(REDUCE, "the venue is ready")), ACTIVE, REDUCE),
        ((a_state(REDUCE, LOSS), a_state(ACTIVE, "a new day after a daily loss")), ACTIVE, ACTIVE),
        ((a_state(REDUCE, LOSS), a_state(HALTED)), HALTED, REDUCE),
        # While the venue was not ready, a halt changed no state yet; killed before the guard heard it, neither.
        ((a_state(RECOVERING), HaltTrading(reason="operator", flatten=True)), FLAT, ACTIVE),
        ((HaltTrading(reason="operator", account="other"),), ACTIVE, ACTIVE),
        ((HaltTrading(reason="operator"),), HALTED, ACTIVE),
    ],
)
def test_what_was_halted_stays_halted(tmp_path, said, standing, lost):
    wrote(tmp_path, *said)

    left = restored(tmp_path).restored.heritage["risk-guard@main"]

    assert (left.standing, left.lost) == (standing, lost)
    lifted = restored(tmp_path, lift_halt=True).restored.heritage["risk-guard@main"]
    assert (lifted.standing, lifted.lost) == (ACTIVE, ACTIVE)


def test_a_liquidation_halts_the_next_life_too_unless_somebody_lifts_it(tmp_path):
    setup = a_setup()
    fill = attrs.evolve(a_venue_fill(-3, "e-1"), liquidity=Liquidity.LIQUIDATION)
    wrote(tmp_path, fill, a_state(HALTED, "liquidated"))

    def guard_of(began):
        from actors.account_actors import account_specs  # noqa: PLC0415

        (spec,) = [each for each in account_specs(setup, "main", None, None) if each.role == "risk-guard"]
        guard = spec.factory(began.restored.heritage[spec.address])
        for message in began.restored.kept[spec.address]:
            guard.on_fill(message)
        return guard

    assert guard_of(restored(tmp_path, setup)).state is HALTED
    lifted = guard_of(restored(tmp_path, setup, lift_halt=True))
    assert (lifted.state, lifted.lots_in(SYMBOL)) == (ACTIVE, -3)
    # It was lifted, and trading went on: that is not forgotten at the start after.
    wrote(tmp_path, a_state(ACTIVE, "the venue is ready"))
    assert guard_of(restored(tmp_path, setup)).state is ACTIVE


def test_a_liquidation_halts_although_nothing_was_said_of_it_any_more(tmp_path):
    wrote(tmp_path, attrs.evolve(a_venue_fill(-3, "e-1"), liquidity=Liquidity.LIQUIDATION))

    assert restored(tmp_path).restored.heritage["risk-guard@main"].standing is HALTED


def test_the_running_day_opens_with_its_first_mark(tmp_path):
    def marked(ts, equity):
        return ("portfolio@main", EquityMarked(account="main", currency="USD", ts=ts, equity_minor=equity))

    wrote(tmp_path, marked(MONDAY + HOUR, 1), marked(MONDAY + DAY + HOUR, 100), marked(MONDAY + DAY + 2 * HOUR, 90))

    left = restored(tmp_path).restored.heritage["risk-guard@main"]

    assert left.opening == (("USD", (MONDAY + DAY) // DAY, 100),)
    assert left.equity == (("USD", MONDAY + DAY + 2 * HOUR, 90),)


def test_a_live_account_waits_for_its_venue_which_is_not_a_simulated_one(tmp_path):
    wrote(tmp_path, a_venue_fill(3, "e-1"))

    began = restored(tmp_path, a_setup(live_accounts=["main"])).restored

    assert began.heritage["executor@main"].state is RECOVERING
    assert began.heritage["risk-guard@main"].awaits_venue is None
    assert "venue@main" not in began.heritage
    assert restored(tmp_path).restored.heritage["venue@main"].books[SYMBOL].position.lots == 3


# Whole runs.


LATER = MONDAY + 200 * MINUTE
MORE = generated_bars(SYMBOL, bars=120, seed=9, start=LATER, volatility_per_year=3.0)


def test_a_second_life_goes_on_with_what_the_first_held(tmp_path):
    strategies = entries(Dice, Placer, Crasher)
    _, first, setup = live(tmp_path, strategies)
    held = restored(tmp_path, setup).accounts["main"].held
    _, second, _ = live(tmp_path, strategies, feed=MORE, now=LATER)

    began = restored(tmp_path, setup)

    agree(tmp_path, setup, began)
    moved = defaultdict(int, held)
    for fill in second.fills:
        for part in fill.parts:
            moved[part.strategy, fill.symbol] += part.lots
    assert began.accounts["main"].held == {key: lots for key, lots in moved.items() if lots}
    ids = [each.order.client_id for each in (*first.submitted, *second.submitted)]
    assert len(set(ids)) == len(ids) > 100


def test_the_record_of_a_run_is_what_its_recorder_heard(tmp_path):
    _, heard, _ = live(tmp_path, entries(Dice, Placer, Crasher))
    record = Record()

    rebuild_record(tmp_path, record)

    names = [name for name in vars(heard) if name not in ("closes", "unheard_ticks")]
    assert len(heard.fills) > 50
    for name in names:
        there, was = getattr(record, name), getattr(heard, name)
        if isinstance(was, list):
            # Several say these at once: their order in a mailbox is not that of their ids.
            assert sorted(map(repr, there)) == sorted(map(repr, was)), name
        else:
            assert there == was, name


def test_what_the_venue_told_twice_is_recorded_once(tmp_path):
    wrote(tmp_path, a_venue_fill(3, "e-1"))
    wrote(tmp_path, a_venue_fill(3, "e-1"), a_venue_fill(1, "e-2"))
    record = Record()

    rebuild_record(tmp_path, record)

    assert record.booked == [a_venue_fill(3, "e-1"), a_venue_fill(1, "e-2")]


_CHILD = """
import sys, threading
from pathlib import Path
from adapters.generated import generated_bars
from adapters.journal import Trace, begin_life, journal_spec, restore, trace_spec
from actors.live_routes import LIVE_ROUTES
from messages import ApprovedOrder
from tests.adapters.journal.runs import SYMBOL, Dice, Placer, a_system, entries
folder, start = Path(sys.argv[1]), int(sys.argv[2])
life = begin_life(folder, started=start)
feed = generated_bars(SYMBOL, bars=50_000, seed=life, start=start, volatility_per_year=3.0)
strategies = entries(Dice, Placer, Dice)
began = restore(folder, a_system(strategies, feed=feed).setup, now=start, before_life=life)
trace = Trace(folder, life=life)
system = a_system(
    strategies, feed=feed, routes=LIVE_ROUTES, tracer=trace,
    beside=lambda _setup: [journal_spec(folder, life=life), trace_spec(trace)],
)
system.restore(began.restored)
system.start(speed=20_000)
print("up", flush=True)
threading.Event().wait(60)
"""


def test_killed_again_and_again_it_holds_what_its_facts_say_and_sends_no_id_twice(tmp_path):
    setup = a_system(entries(Dice, Placer, Dice)).setup
    for number, seconds in enumerate((0.3, 0.1, 0.6)):
        start = MONDAY + number * DAY * 30
        child = subprocess.Popen(
            [sys.executable, "-c", _CHILD, str(tmp_path), str(start)],
            stdout=subprocess.PIPE, text=True, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        assert child.stdout.readline() == "up\n"
        with pytest.raises(subprocess.TimeoutExpired):
            child.wait(seconds)
        child.send_signal(signal.SIGKILL)
        child.communicate()

        agree(tmp_path, setup, restored(tmp_path, setup))

    approved = [row for row in read_orders(tmp_path) if row.message == "ApprovedOrder"]
    assert len({row.client_id for row in approved}) == len(approved) > 20
    assert {row.life for row in approved} == {1, 2, 3}
