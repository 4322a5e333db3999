"""The reconciler lets nobody trade before account and venue agree, and books by name what no fill explains."""

from hypothesis import given, settings
from hypothesis import strategies as st

from actors.reconciler import Reconciler
from messages import (
    ActorLagging,
    ForeignActivity,
    HaltTrading,
    PositionAdjusted,
    ReadVenue,
    VenueConnected,
    VenueLost,
    VenueRead,
    VenueReady,
    WakeAt,
    Woke,
)
from tests.builders import MINUTE, MONDAY, SECOND, a_fill, an_instrument

XBT = "XBTUSD"


class House:
    """A reconciler, a time, and what it said."""

    def __init__(self, held=0, **settings_):
        self.at, self.said = MONDAY, []
        instruments = {XBT: an_instrument(), "ETHUSD": an_instrument("ETHUSD")}
        self.make = lambda **more: Reconciler("main", instruments, {XBT: held}, **settings_, **more)
        self.actor = self.make()

    def tell(self, said):
        self.said += said
        return [each for each in said if not isinstance(each, (WakeAt, ReadVenue))]

    def connect(self):
        return self.tell(self.actor.on_venue_connected(VenueConnected(account="main", ts=self.at)))

    @property
    def asked(self):
        return [each.number for each in self.said if isinstance(each, ReadVenue)]

    def read(self, lots=0, *, failure="", number=None, marks=((XBT, 100.0),), wait=0):
        """The answer to the last question."""
        self.at += wait
        positions = () if failure else (("ETHUSD", 0), (XBT, lots))
        answer = VenueRead(
            account="main", number=number or self.asked[-1], failure=failure, positions=positions,
            marks=() if failure else marks, ts=self.at,
        )  # fmt: skip
        return self.tell(self.actor.on_venue_read(answer))

    def wake(self, wait):
        self.at += wait
        return self.tell(self.actor.on_woke(Woke(self.at, "reconcile")))

    def alarm(self):
        """The last timer goes off."""
        at = [each.at for each in self.said if isinstance(each, WakeAt)][-1]
        return self.wake(max(0, at - self.at))

    def fill(self, lots, name):
        return self.tell(self.actor.on_fill(a_fill(lots, execution_id=name, price=90.0)))

    def of(self, *classes):
        return [each for each in self.said if isinstance(each, classes)]


def ready(**fields):
    house = House(**fields)
    house.connect()
    house.read(fields.get("held", 0))
    house.read(fields.get("held", 0))
    assert house.of(VenueReady)
    return house


def test_two_reads_in_a_row_that_agree_make_the_venue_ready():
    house = House(held=3)
    house.connect()

    first = house.read(3)
    second = house.read(3)

    assert first == []
    assert second == [VenueReady(account="main", ts=house.at)]
    assert len(set(house.asked)) == 2


def test_nothing_is_read_before_the_venue_is_connected():
    house = House()

    house.tell(house.actor.on_start())
    house.wake(MINUTE)

    assert house.said == []


def test_a_fill_between_two_reads_begins_the_comparison_anew():
    house = House()
    house.connect()
    house.read(0)
    house.fill(2, "a")

    assert house.read(2) == []
    assert house.read(2) == [VenueReady(account="main", ts=house.at)]


def test_an_answer_to_another_question_is_not_heard():
    house = House()
    house.connect()

    house.read(0, number=5)
    house.read(0, number=5)

    assert len(house.asked) == 1


def test_a_difference_that_stands_in_two_reads_is_booked_at_the_venues_mark_and_named():
    house = House(held=3)
    house.connect()
    assert house.read(5) == []
    house.alarm()

    said = house.read(5)

    adjusted, foreign = said
    assert isinstance(adjusted, PositionAdjusted)
    assert (adjusted.strategy, adjusted.symbol, adjusted.lots, adjusted.value_minor) == ("outside", XBT, 2, 20_000)
    assert (foreign.kind, foreign.symbol) == ("position", XBT)
    house.alarm()
    assert house.read(5) == []
    assert house.read(5) == [VenueReady(account="main", ts=house.at)]
    assert len(house.of(PositionAdjusted)) == 1


def test_a_difference_is_booked_at_the_last_fill_where_the_venue_tells_no_mark_and_at_nothing_without():
    values = []
    for fills in (0, 1):
        house = House()
        house.connect()
        for number in range(fills):
            house.fill(1, f"fill-{number}")
        house.read(4, marks=())
        house.alarm()
        house.read(4, marks=())
        values.append([(each.lots, each.value_minor) for each in house.of(PositionAdjusted)])

    assert values == [[(4, 0)], [(3, 27_000)]]
    assert "at 90.0" in house.of(PositionAdjusted)[0].reason


def test_a_difference_that_a_fill_explains_before_the_second_read_is_not_booked():
    house = House()
    house.connect()
    house.read(2)
    house.fill(2, "late")
    house.alarm()

    house.read(2)
    house.read(2)

    assert not house.of(PositionAdjusted, ForeignActivity)
    assert house.actor.is_ready


def test_a_difference_that_changes_between_two_reads_is_not_booked():
    house = House()
    house.connect()

    for lots in (2, 3, 2, 3):
        house.read(lots)
        house.alarm()

    assert not house.of(PositionAdjusted)
    assert not house.actor.is_ready


def test_fills_and_adjustments_that_are_heard_twice_count_once():
    house = House()
    house.connect()
    adjusted = PositionAdjusted(
        account="main", symbol=XBT, strategy="outside", adjustment_id="execution-1", lots=1, value_minor=5, ts=MONDAY
    )
    for _ in range(2):
        house.fill(2, "a")
        house.tell(house.actor.on_position_adjusted(adjusted))

    house.read(3)

    assert house.read(3) == [VenueReady(account="main", ts=house.at)]


def test_a_connection_that_its_predecessor_died_on_is_not_missed():
    house = House()

    heir = house.actor = house.make(heritage=house.actor.heritage())
    house.tell([*heir.on_start(), *heir.died_on(VenueConnected(account="main", ts=house.at))])
    house.read(0)

    assert house.read(0) == [VenueReady(account="main", ts=house.at)]


# On the timer.


def test_while_all_is_well_one_read_a_minute_is_enough():
    house = ready()

    house.wake(59 * SECOND)
    before = len(house.asked)
    house.wake(SECOND)

    assert len(house.asked) == before + 1
    assert house.read(0) == []
    assert house.actor.is_ready


def test_one_read_that_differs_or_fails_does_not_end_readiness_and_a_second_does():
    for wrong in ({"lots": 2}, {"failure": "no answer"}):
        house = ready()
        house.alarm()
        first = house.read(**wrong)
        house.wake(SECOND)
        second = house.read(**({"lots": 3} if "lots" in wrong else wrong))

        assert first == []
        assert [type(each) for each in second] == [VenueLost]
        assert not house.actor.is_ready


def test_after_a_difference_was_booked_two_reads_must_agree_again():
    house = ready()
    house.alarm()
    house.read(2)
    house.alarm()

    said = house.read(2)

    assert [type(each) for each in said] == [PositionAdjusted, ForeignActivity, VenueLost]
    house.alarm()
    house.read(2)
    assert [type(each) for each in house.read(2)] == [VenueReady]


# Failing.


def test_a_venue_that_cannot_be_reconciled_halts_trading_once_after_all_tries():
    house = House(tries_max=4)
    house.connect()

    for _ in range(9):
        house.read(failure="HTTP 502")
        house.alarm()

    (halt,) = house.of(HaltTrading)
    assert halt.account == "main"
    assert halt.reason == (
        "could not reconcile the account with the venue in 4 tries: the venue could not be read: HTTP 502"
    )
    assert not house.of(VenueReady)


def test_tries_back_off_and_halt_within_two_minutes():
    house = House()
    house.connect()
    waits = []
    while not house.of(HaltTrading):
        before = house.at
        house.read(failure="HTTP 502")
        house.alarm()
        waits.append((house.at - before) // SECOND)

    assert waits == [1, 2, 4, 8, 15, 15, 15, 15, 15, 15]


def test_a_question_that_is_never_answered_is_asked_again():
    house = House()
    house.connect()

    house.wake(119 * SECOND)
    assert len(house.asked) == 1
    house.wake(SECOND)
    house.alarm()

    assert len(set(house.asked)) == 2


def test_a_venue_that_was_lost_is_compared_from_the_beginning():
    house = ready()
    number = house.asked[-1]

    house.tell(house.actor.on_venue_lost(VenueLost(account="main", reason="line", ts=house.at)))
    house.read(0, number=number)
    house.wake(5 * MINUTE)
    assert len(house.of(VenueReady)) == 1
    house.connect()
    house.read(0)
    house.read(0)

    assert len(house.of(VenueReady)) == 2


def test_a_successor_says_lost_and_compares_anew_with_the_same_fold():
    house = ready()
    house.fill(2, "a")
    house.actor = house.make(heritage=house.actor.heritage())
    before = len(house.of(VenueReady))

    assert [type(each) for each in house.tell(house.actor.on_start())] == [VenueLost]
    house.wake(0)
    house.fill(2, "a")
    house.read(2)
    house.read(2)

    assert len(house.of(VenueReady)) == before + 1
    assert not house.of(PositionAdjusted)


def test_a_fill_that_a_predecessor_failed_on_is_no_difference():
    house = ready()
    house.actor = house.make(heritage=house.actor.heritage())
    house.tell(house.actor.on_start())
    house.tell(house.actor.died_on(a_fill(2, execution_id="a", price=90.0)))

    house.wake(0)
    house.read(2)
    house.read(2)

    assert not house.of(PositionAdjusted)
    assert len(house.of(VenueReady)) == 2


def test_who_was_not_told_everything_books_no_difference():
    house = ready()
    house.tell(house.actor.on_actor_lagging(ActorLagging(actor="feed", waiting=1, at=house.at)))
    house.tell(house.actor.on_actor_lagging(ActorLagging(actor="reconciler@main", waiting=1, at=house.at)))
    house.actor = house.make(heritage=house.actor.heritage())
    house.tell(house.actor.on_start())

    for _ in range(11):
        house.alarm()
        house.read(2)

    assert not house.of(PositionAdjusted)
    assert len(house.of(HaltTrading)) == 1


def test_adjustments_of_different_lives_have_different_ids():
    names = []
    for life in range(2):
        house = House()
        house.at = MONDAY + life * MINUTE
        house.connect()
        for lots in (1, 2):
            house.read(lots)
            house.alarm()
            house.read(lots)
            house.alarm()
        names += [each.adjustment_id for each in house.of(PositionAdjusted)]

    assert len(set(names)) == len(names) == 4


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("trade"), st.integers(-3, 3).filter(bool)),
            st.tuples(st.just("stranger"), st.integers(-3, 3).filter(bool)),
            st.tuples(st.sampled_from(("hear", "read", "fail", "lose", "wake")), st.just(0)),
        ),
        max_size=40,
    )
)
def test_whatever_happens_it_ends_ready_with_the_venues_position_and_books_no_fill(steps):
    """The model: the venue's position, and fills on their way that a read brings before its answer."""
    house, position, strangers, late, number = House(tries_max=1000), 0, 0, [], 0
    house.connect()

    def hear():
        nonlocal late
        for lots, name in late:
            house.fill(lots, name)
        late = []

    for step, lots in (*steps, *[("wake", 0), ("read", 0)] * 8):
        if step == "trade":
            position, number = position + lots, number + 1
            late.append((lots, f"fill-{number}"))
        elif step == "stranger":
            position, strangers = position + lots, strangers + lots
        elif step == "hear":
            hear()
        elif step == "read" and house.asked:
            hear()
            house.read(position)
        elif step == "fail":
            house.read(failure="HTTP 502")
        elif step == "lose":
            house.tell(house.actor.on_venue_lost(VenueLost(account="main", reason="line", ts=house.at)))
            house.connect()
        elif step == "wake":
            house.alarm()

    assert house.actor.is_ready
    assert sum(each.lots for each in house.of(PositionAdjusted)) == strangers
    assert dict(house.actor.heritage().positions).get(XBT, 0) == position
