"""What is larger than the largest order is cut; a wish beyond all measure keeps its executor busy for a moment only."""

from actors.execution.rules import ShareRule
from actors.execution.slices import SLICES_MAX, sliced
from actors.executor import Executor
from messages import OrderEnded, Outcome, Owner, SubmitOrder
from tests.builders import MONDAY, a_bar, a_fill, a_target, an_instrument


def test_no_more_slices_than_so_many_are_made_of_one_decision_however_large_it_is():
    slices = sliced([Owner("a", 10**18), Owner("b", 5)], 20)

    assert slices == [(Owner("a", 20),)] * SLICES_MAX


def test_what_is_lacking_behind_the_last_slice_is_sent_when_these_are_filled():
    rule = ShareRule(strategy="trend", symbols=("XBTUSD",))
    executor = Executor("main", {"XBTUSD": an_instrument()}, "run000", [rule], order_lots_max=1)
    said = [*executor.on_bar(a_bar()), *executor.on_target_shares(a_target((("trend", SLICES_MAX + 1),)))]
    first = [message.order for message in said if isinstance(message, SubmitOrder)]

    # However often it is decided on meanwhile.
    assert executor.on_target_shares(a_target((("trend", SLICES_MAX + 2),))) == ()
    assert executor.on_target_shares(a_target((("trend", SLICES_MAX + 1),))) == ()
    later = []
    for order in first:
        later += executor.on_fill(a_fill(order=order))
        later += executor.on_order_ended(OrderEnded(order, Outcome.FILLED, 1, MONDAY))

    assert len(first) == SLICES_MAX
    assert [message.order.lots for message in later if isinstance(message, SubmitOrder)] == [1]
