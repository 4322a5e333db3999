"""Timers on both runtimes: due means due, past means now, and a dead strategy's timers die with it."""

from typing import ClassVar

from messages import WakeAt
from tests.builders import HOUR, MONDAY, SECOND
from tests.house import Toy, crash


class Sleeper(Toy):
    wishes: ClassVar = {
        "later": WakeAt(MONDAY + 10 * SECOND, "later"),
        "sooner": WakeAt(MONDAY + 5 * SECOND, "sooner"),
        "now": WakeAt(MONDAY, "now"),
        "past": WakeAt(MONDAY - HOUR, "past"),
    }

    def on_external_event(self, event):
        super().on_external_event(event)
        return (self.wishes[event.get("text")],) if event.get("text") in self.wishes else ()

    def on_woke(self, woke):
        self.house.note(self.address, f"woke {woke.token} at {(woke.at - MONDAY) // SECOND}")
        return ()


def test_timers_fire_when_due_in_order_of_time(house):
    house.add("venue@main", lambda: Sleeper(house, "venue@main"))
    house.start()
    house.tell("venue@main", "later", "sooner")
    house.until(lambda: house.heard("venue@main") == ["later", "sooner"])

    house.advance(4)
    house.tell("venue@main", "still asleep")
    house.until(lambda: house.heard("venue@main") == ["later", "sooner", "still asleep"])
    house.advance(2)
    house.until(lambda: len(house.heard("venue@main")) == 4)
    house.advance(20)

    house.until(lambda: len(house.heard("venue@main")) == 5)
    sooner, later = house.heard("venue@main")[3:]
    assert sooner.startswith("woke sooner at ")
    assert later.startswith("woke later at ")
    assert 5 <= int(sooner.split()[-1]) <= 6
    assert 10 <= int(later.split()[-1]) <= 26


def test_a_timer_for_now_or_for_the_past_fires_as_soon_as_possible(house):
    house.add("venue@main", lambda: Sleeper(house, "venue@main"))
    house.start()

    house.tell("venue@main", "now", "past")

    house.until(lambda: len(house.heard("venue@main")) == 4)
    assert set(house.heard("venue@main")) == {"now", "past", "woke now at 0", "woke past at 0"}


def test_a_dead_strategys_timers_die_with_it_and_anybody_elses_do_not(house):
    house.add("venue@main", lambda: Sleeper(house, "venue@main", {"poison": crash}))
    house.add("strategy:a", lambda: Sleeper(house, "strategy:a", {"poison": crash}))
    house.start()
    for address in ("venue@main", "strategy:a"):
        house.tell(address, "sooner", "poison", "alive")
        house.until(lambda address=address: house.heard(address) == ["sooner", "alive"])

    house.advance(60)

    house.until(lambda: len(house.heard("venue@main")) == 3)
    house.tell("strategy:a", "end")
    house.until(lambda: house.heard("strategy:a") == ["sooner", "alive", "end"])
