"""The tick filter lets believable data through untouched and names what it sets aside, one by one or in blocks."""

import math
from itertools import cycle

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.tick_filter import FilterSettings, TickFilter
from messages import Heartbeat, MarketFresh, MarketStale, Quarantined, TickBlock
from tests.builders import MONDAY, SECOND, a_block, a_book, a_quote, a_tick


def reason_of(answers):
    (answer,) = answers
    return answer.reason if isinstance(answer, Quarantined) else None


def a_filter_at(price=100.0, count=5, **changes):
    """A filter that has accepted `count` trades at a price, all at MONDAY."""
    tick_filter = TickFilter(FilterSettings(**changes))
    for _ in range(count):
        tick_filter.on_tick(a_tick(price))
    return tick_filter


def test_a_believable_tick_is_said_on_as_the_same_object():
    tick = a_tick()

    (said,) = TickFilter().on_tick(tick)

    assert said is tick


def test_a_rejected_tick_becomes_a_quarantine_message_that_carries_it():
    tick = a_tick(1000.0, received=MONDAY + 7)

    (said,) = a_filter_at(100.0).on_tick(tick)

    assert said == Quarantined(symbol="XBTUSD", received=MONDAY + 7, reason="off-band", item=tick)


@pytest.mark.parametrize(("price", "reason"), [(80.0, None), (79.9, "off-band"), (120.0, None), (120.1, "off-band")])
def test_the_band_reaches_from_the_median_to_both_sides(price, reason):
    assert reason_of(a_filter_at(100.0).on_tick(a_tick(price))) == reason


def test_the_first_prices_are_believed():
    tick_filter = a_filter_at(100.0, count=4)

    assert reason_of(tick_filter.on_tick(a_tick(1.0))) is None
    assert reason_of(tick_filter.on_tick(a_tick(1.0))) == "off-band"


def test_a_band_of_none_accepts_any_price():
    assert reason_of(a_filter_at(100.0, band=None).on_tick(a_tick(1e9))) is None


def test_one_wild_price_does_not_move_the_band():
    tick_filter = a_filter_at(100.0)
    tick_filter.on_tick(a_tick(1000.0))

    assert reason_of(tick_filter.on_tick(a_tick(101.0))) is None


def test_after_a_jump_the_tenth_price_that_agrees_is_accepted_and_so_are_later_ones():
    tick_filter = a_filter_at(100.0, count=31)
    reasons = [reason_of(tick_filter.on_tick(a_tick(200.0 + n))) for n in range(12)]

    assert reasons == ["off-band"] * 9 + [None] * 3


def test_after_a_jump_the_old_price_is_off_band():
    tick_filter = a_filter_at(100.0, count=31)
    for _ in range(10):
        tick_filter.on_tick(a_tick(200.0))

    assert reason_of(tick_filter.on_tick(a_tick(100.0))) == "off-band"


def test_wild_prices_that_do_not_agree_never_move_the_band():
    tick_filter = a_filter_at(100.0)
    reasons = {reason_of(tick_filter.on_tick(a_tick(200.0 if n % 2 else 500.0))) for n in range(50)}

    assert reasons == {"off-band"}


def test_a_price_within_the_band_ends_a_row_of_wild_ones():
    tick_filter = a_filter_at(100.0, count=31)
    for price in [200.0] * 9 + [100.0]:
        tick_filter.on_tick(a_tick(price))

    assert reason_of(tick_filter.on_tick(a_tick(200.0))) == "off-band"


def test_a_trade_may_lie_a_second_before_the_latest_and_no_more():
    tick_filter = a_filter_at(100.0)

    assert reason_of(tick_filter.on_tick(a_tick(ts=MONDAY - SECOND))) is None
    assert reason_of(tick_filter.on_tick(a_tick(ts=MONDAY - SECOND - 1))) == "out-of-order"


def test_a_trade_from_the_future_is_set_aside_before_it_makes_all_others_old():
    tick_filter = a_filter_at(100.0)
    ahead = tick_filter.on_tick(a_tick(ts=MONDAY + 61 * SECOND, received=MONDAY))

    assert reason_of(ahead) == "ahead"
    assert reason_of(tick_filter.on_tick(a_tick())) is None


def test_a_stale_trade_is_set_aside_when_asked_to():
    old = a_tick(ts=MONDAY, received=MONDAY + 11)

    assert reason_of(TickFilter(FilterSettings(stale_ns=10)).on_tick(old)) == "stale"
    assert reason_of(a_filter_at(stale_ns=10).on_tick(old)) == "stale"
    assert reason_of(a_filter_at(stale_ns=11).on_tick(old)) is None
    assert reason_of(TickFilter().on_tick(old)) is None


def test_equal_trades_are_duplicates_only_when_asked_to():
    assert reason_of(a_filter_at(count=1).on_tick(a_tick())) is None
    assert reason_of(a_filter_at(count=1, duplicate_ticks=True).on_tick(a_tick())) == "duplicate"
    assert reason_of(a_filter_at(count=1, duplicate_ticks=True).on_tick(a_tick(aggressor=1))) is None
    assert reason_of(a_filter_at(count=1, duplicate_ticks=True).on_tick(a_tick(size=2.0))) is None


def test_a_trade_that_equals_the_last_of_a_block_is_a_duplicate_when_asked_for():
    tick_filter = a_filter_at(duplicate_ticks=True)
    tick_filter.on_tick_block(a_block(a_tick(ts=MONDAY + 1), a_tick(ts=MONDAY + 2)))

    assert reason_of(tick_filter.on_tick(a_tick(ts=MONDAY + 2))) == "duplicate"


def test_symbols_do_not_disturb_one_another():
    tick_filter = a_filter_at(100.0)

    assert reason_of(tick_filter.on_tick(a_tick(3.0, symbol="ETHUSD", ts=MONDAY - 99 * SECOND))) is None


def test_quotes_and_trades_do_not_disturb_one_another():
    tick_filter = a_filter_at(100.0)

    assert reason_of(tick_filter.on_quote(a_quote(1.0, 2.0, ts=MONDAY - 99 * SECOND))) is None
    assert reason_of(tick_filter.on_order_book(a_book(((5.0, 1.0),), ((6.0, 1.0),), ts=MONDAY - SECOND))) is None


def test_a_good_quote_and_a_good_book_are_said_on_as_the_same_objects():
    quote, book = a_quote(), a_book()

    assert TickFilter().on_quote(quote)[0] is quote
    assert TickFilter().on_order_book(book)[0] is book


@pytest.mark.parametrize("bid", [100.5, 101.0])
def test_a_quote_or_book_is_crossed_when_its_bid_is_not_below_its_ask(bid):
    assert reason_of(TickFilter().on_quote(a_quote(bid, 100.5))) == "crossed"
    assert reason_of(TickFilter().on_order_book(a_book(((bid, 1.0),), ((100.5, 1.0),)))) == "crossed"


def test_an_older_quote_does_not_overwrite_a_newer_one():
    tick_filter = TickFilter()
    tick_filter.on_quote(a_quote(ts=MONDAY))

    assert reason_of(tick_filter.on_quote(a_quote(ts=MONDAY - 1))) == "out-of-order"
    assert reason_of(tick_filter.on_quote(a_quote(ts=MONDAY))) is None


def test_an_equal_quote_or_book_is_a_duplicate_only_when_asked_to():
    for asked, reason in ((False, None), (True, "duplicate")):
        tick_filter = TickFilter(FilterSettings(duplicate_quotes=asked))
        tick_filter.on_quote(a_quote())
        tick_filter.on_order_book(a_book())

        assert reason_of(tick_filter.on_quote(a_quote(received=MONDAY + 1))) == reason
        assert reason_of(tick_filter.on_order_book(a_book(received=MONDAY + 1))) == reason
        assert reason_of(tick_filter.on_quote(a_quote(ts=MONDAY + 1))) is None


def test_a_quote_whose_mid_leaves_the_band_of_earlier_mids_is_off_band():
    tick_filter = TickFilter()
    for _ in range(5):
        tick_filter.on_quote(a_quote())
        tick_filter.on_order_book(a_book())

    assert reason_of(tick_filter.on_quote(a_quote(1.0, 100.5))) == "off-band"
    assert reason_of(tick_filter.on_order_book(a_book(asks=((500.0, 1.0),)))) == "off-band"


LEVEL = (100.5, 1.0)


@pytest.mark.parametrize(
    ("bids", "asks", "reason"),
    [
        ((), (LEVEL,), "empty-side"),
        (((99.0, 1.0),), (), "empty-side"),
        (((99.0, 1.0), (99.5, 1.0)), (LEVEL,), "not-sorted"),
        (((99.0, 1.0), (99.0, 1.0)), (LEVEL,), "not-sorted"),
        (((99.0, 1.0),), (LEVEL, (100.0, 1.0)), "not-sorted"),
        (((math.nan, 1.0),), (LEVEL,), "not-finite"),
        (((99.0, math.inf),), (LEVEL,), "not-finite"),
        (((99.0, 1.0), (-1.0, 1.0)), (LEVEL,), "not-positive"),
        (((99.0, -1.0),), (LEVEL,), "not-positive"),
        (((99.0, 0.0), (98.0, 1.0)), (LEVEL, (101.0, 2.0)), None),
    ],
)
def test_a_malformed_book_is_set_aside_by_name(bids, asks, reason):
    assert reason_of(TickFilter().on_order_book(a_book(bids, asks))) == reason


def test_a_clean_block_is_said_on_as_the_same_object():
    block = a_block(*[a_tick(100.0 + n, ts=MONDAY + n) for n in range(60)])

    (said,) = TickFilter().on_tick_block(block)

    assert said is block


def test_a_block_loses_its_wild_members_and_nothing_else():
    good = [a_tick(100.0 + n, ts=MONDAY + n, received=MONDAY + 6) for n in range(6)]
    wild = a_tick(9.0, ts=MONDAY + 5, received=MONDAY + 6)

    answers = a_filter_at(100.0).on_tick_block(a_block(*good[:3], wild, *good[3:]))

    assert answers == (
        a_block(*good),
        Quarantined(symbol="XBTUSD", received=MONDAY + 6, reason="off-band", item=wild),
    )


def reasons_in_block(tick_filter, *ticks, received):
    answers = tick_filter.on_tick_block(a_block(*ticks, received=received))
    return [(answer.reason, answer.item.ts - MONDAY) for answer in answers if isinstance(answer, Quarantined)]


@pytest.mark.parametrize("wild", [[], [a_tick(9.0)]])
def test_of_a_block_only_the_last_member_can_be_stale(wild):
    def reasons(received):
        ticks = [*wild, a_tick(), a_tick(ts=MONDAY + 50)]
        return reasons_in_block(a_filter_at(100.0, stale_ns=10), *ticks, received=MONDAY + received)

    off_band = [("off-band", 0)] * len(wild)
    assert reasons(60) == off_band
    assert reasons(61) == [*off_band, ("stale", 50)]


def test_a_member_is_ahead_when_it_is_ahead_of_its_block():
    ticks = [a_tick(), a_tick(ts=MONDAY + 11), a_tick(ts=MONDAY + 12)]

    assert reasons_in_block(TickFilter(FilterSettings(ahead_ns=10)), *ticks, received=MONDAY + 1) == [("ahead", 12)]


def test_a_block_within_the_tolerance_does_not_set_the_latest_time_back():
    tick_filter = a_filter_at(100.0)
    tick_filter.on_tick_block(a_block(a_tick(ts=MONDAY - SECOND), a_tick(ts=MONDAY - SECOND + 1)))

    assert reason_of(tick_filter.on_tick(a_tick(ts=MONDAY - SECOND - 1))) == "out-of-order"


def test_a_block_of_wild_members_only_is_not_said_on():
    answers = a_filter_at(100.0).on_tick_block(a_block(a_tick(9.0), a_tick(9.0)))

    assert [type(answer) for answer in answers] == [Quarantined, Quarantined]


@pytest.mark.parametrize(
    ("price", "size", "reason"),
    [
        (math.nan, 1.0, "not-finite"),
        (math.inf, 1.0, "not-finite"),
        (100.0, math.nan, "not-finite"),
        (0.0, 1.0, "not-positive"),
        (-1.0, 1.0, "not-positive"),
        (100.0, -1.0, "not-positive"),
    ],
)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_block_member_that_is_no_trade_at_all_is_named_in_words(price, size, reason, place):
    rows = [(MONDAY, 100.0, 1.0)] * 2
    rows.insert(place, (MONDAY, price, size))
    ts, prices, sizes = zip(*rows, strict=True)

    answers = TickFilter().on_tick_block(TickBlock(symbol="XBTUSD", received=MONDAY, ts=ts, prices=prices, sizes=sizes))

    assert tuple(answers[0].prices) == (100.0, 100.0)
    assert (answers[1].reason, answers[1].item) == (reason, None)
    assert repr(price) in answers[1].text


def test_settings_that_make_no_sense_are_refused():
    for wrong in ({"band": 0.0}, {"band": math.nan}, {"stale_ns": -1}, {"window": 0}, {"needed": 9, "window": 8}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            FilterSettings(**wrong)


# Few distinct values, close to the band's edges, so that rules meet each other often.
PRICES = st.one_of(st.floats(99, 101), st.sampled_from([70.0, 80.0, 100.0, 120.0, 121.0, 150.0, 179.0, 180.0, 300.0]))
TRADES = st.lists(
    st.tuples(st.integers(-3, 4), PRICES, st.sampled_from([1.0, 2.0]), st.sampled_from([1, 1, 2])), max_size=60
)
"""(ns after the one before, price, size, how many times)"""
SETTINGS = st.builds(
    FilterSettings,
    band=st.sampled_from([None, 0.01, 0.2, 1.5]),
    window=st.integers(3, 9),
    needed=st.integers(1, 3),
    jump=st.integers(1, 4),
    tick_back_ns=st.sampled_from([None, 0, 2]),
    duplicate_ticks=st.booleans(),
)


def ticks_of(trades):
    now, ticks = MONDAY, []
    for step, price, size, times in trades:
        now += step
        ticks += [a_tick(price, size, ts=now, received=now)] * times
    return ticks


def decisions_of_the_textbook(ticks, rules):
    """The filter again, written for the reader: whole histories, no bounds, no proofs."""
    accepted, window, row, reasons = [], [], [], []
    for tick in ticks:
        median = sorted(window)[len(window) // 2] if len(window) >= rules.needed else None
        if rules.tick_back_ns is not None and accepted and tick.ts < max(t.ts for t in accepted) - rules.tick_back_ns:
            reasons.append("out-of-order")
            continue
        if (
            rules.duplicate_ticks
            and accepted
            and attrs.evolve(tick, received=0) == attrs.evolve(accepted[-1], received=0)
        ):
            reasons.append("duplicate")
            continue
        far = rules.band is not None and median is not None
        if far and not median * (1 - rules.band) <= tick.price <= median * (1 + rules.band):
            row = [*row, tick.price]
            if max(row) > min(row) * (1 + rules.band):
                row = [tick.price]
            if len(row) < rules.jump:
                reasons.append("off-band")
                continue
            window = row
        else:
            window = [*window, tick.price]
        window, row = window[-rules.window :], []
        accepted.append(tick)
        reasons.append(None)
    return reasons


@given(TRADES, SETTINGS)
@settings(max_examples=400, deadline=None)
def test_the_shortcuts_decide_as_the_textbook_does(trades, rules):
    tick_filter, ticks = TickFilter(rules), ticks_of(trades)

    reasons = [reason_of(tick_filter.on_tick(tick)) for tick in ticks]

    assert reasons == decisions_of_the_textbook(ticks, rules)


@given(TRADES, SETTINGS, st.lists(st.tuples(st.integers(1, 8), st.booleans()), min_size=1, max_size=8))
@settings(max_examples=400, deadline=None)
def test_blocks_decide_as_single_ticks_do_wherever_they_are_cut(trades, rules, cuts):
    ticks = ticks_of(trades)
    by_blocks, one_by_one = TickFilter(rules), TickFilter(rules)
    kept, aside = [], []
    at = 0
    for length, singly in cycle(cuts):
        part = ticks[at : at + length]
        at += length
        if not part:
            break
        if singly:
            answers = [answer for tick in part for answer in by_blocks.on_tick(tick)]
        else:
            answers = by_blocks.on_tick_block(a_block(*part))
        for answer in answers:
            if isinstance(answer, Quarantined):
                aside.append((answer.reason, answer.item.ts, answer.item.price))
            elif isinstance(answer, TickBlock):
                kept += zip(answer.ts, answer.prices, answer.sizes, strict=True)
            else:
                kept.append((answer.ts, answer.price, answer.size))

    expected_kept, expected_aside = [], []
    for tick in ticks:
        reason = reason_of(one_by_one.on_tick(tick))
        if reason is None:
            expected_kept.append((tick.ts, tick.price, tick.size))
        else:
            expected_aside.append((reason, tick.ts, tick.price))
    assert kept == expected_kept
    assert aside == expected_aside


# What goes through in its place.


def test_a_heartbeat_and_a_market_s_readiness_are_passed_on():
    tick_filter = TickFilter()
    beat = Heartbeat(account="main", number=3, ts=MONDAY)
    stale = MarketStale(symbol="XBTUSD", reason="line down", ts=MONDAY)
    fresh = MarketFresh(symbol="XBTUSD", ts=MONDAY)

    assert tick_filter.on_heartbeat(beat) == (beat,)
    assert tick_filter.on_market_stale(stale) == (stale,)
    assert tick_filter.on_market_fresh(fresh) == (fresh,)


def test_trades_that_fill_a_gap_are_believed_however_late_they_are_heard():
    tick_filter = TickFilter()
    tick_filter.on_tick(a_tick(ts=MONDAY))
    filled = [a_tick(ts=MONDAY + n * SECOND, received=MONDAY + 3600 * SECOND) for n in range(3)]

    assert [tick_filter.on_tick(tick) for tick in filled] == [(tick,) for tick in filled]
