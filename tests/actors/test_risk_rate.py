"""In no second and no minute, wherever it begins, do more orders pass than may."""

from hypothesis import given
from hypothesis import strategies as st

from actors.risk.rate import Rate
from actors.risk_guard import RiskGuard, RiskLimits, ScopedLimits
from messages import ApprovedOrder, SubmitOrder
from tests.builders import MINUTE, MONDAY, SECOND, an_instrument, an_order

gaps = st.lists(st.sampled_from([0, 1, SECOND // 3, SECOND - 1, SECOND, 20 * SECOND, MINUTE]), min_size=1, max_size=60)
limits = st.none() | st.integers(1, 6)


def most_within(times, window):
    """The largest number of them in any half-open window."""
    return max((sum(start <= each < start + window for each in times) for start in times), default=0)


@given(gaps=gaps, per_second=limits, per_minute=limits)
def test_no_window_holds_more_than_the_limit_and_none_is_refused_that_fits(gaps, per_second, per_minute):
    rate, now, passed = Rate(per_second, per_minute), MONDAY, []
    for gap in gaps:
        now += gap
        full = rate.is_full(now)
        fits = (per_second is None or most_within([*passed, now], SECOND) <= per_second) and (
            per_minute is None or most_within([*passed, now], MINUTE) <= per_minute
        )
        assert full == (not fits)
        if not full:
            rate.note(now)
            passed.append(now)


@given(gaps=gaps, lates=st.lists(st.sampled_from([0, 0, SECOND // 2]), min_size=60, max_size=60),
       whose=st.lists(st.sampled_from(["one", "two"]), min_size=60, max_size=60))  # fmt: skip
def test_each_strategy_has_its_own_rate_within_the_accounts_also_for_orders_that_come_late(gaps, lates, whose):
    guard = RiskGuard(
        "main",
        {"XBTUSD": an_instrument()},
        RiskLimits(orders_per_second=4, orders_per_minute=9),
        scoped=[ScopedLimits(strategy="one", orders_per_second=2, orders_per_minute=5)],
    )
    now, latest, passed = MONDAY, 0, []
    for number, (gap, late, name) in enumerate(zip(gaps, lates, whose, strict=False)):
        now += gap
        order = an_order(owners=((name, 1),), client_id=f"run000-{name}-{number}", ts=now - late)
        # It passes when the guard judges it: no earlier than anything that was heard before.
        latest = max(latest, order.ts)
        (said,) = guard.on_submit_order(SubmitOrder(order))
        if isinstance(said, ApprovedOrder):
            passed.append((latest, name))
        else:
            assert said.reason == "order-rate"

    times, own = [at for at, _ in passed], [at for at, name in passed if name == "one"]
    assert most_within(times, SECOND) <= 4
    assert most_within(times, MINUTE) <= 9
    assert most_within(own, SECOND) <= 2
    assert most_within(own, MINUTE) <= 5
