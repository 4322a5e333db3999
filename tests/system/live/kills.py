"""A run that is killed with -9 at random moments and started again on the same folder, as often as is wanted.

    python -m tests.system.live.kills --kills 10 [--seed 1]

Moments are of all kinds: while it starts, while it recovers, while orders are on their way, while it trades. In the end
executions, positions and open orders are the exchange's, no client id was ever posted twice, and what a killed life had
left at the venue was gone before the next one sent its first order.
"""

import argparse
import os
import random
import signal
import tempfile
import time
from pathlib import Path

from tests.system.live.agreement import assert_agree, summary
from tests.system.live.lives import Process, a_folder, a_strategy
from tests.system.live.venue import a_venue

TRADERS = (a_strategy("Flipper", lots=3), a_strategy("Mixed"))
_LATEST_S = 1.5
"""After what was waited for."""


def killed_again_and_again(place, venue, kills, seed, say=lambda _text: None):
    """The whole story; returns the folder. AssertionError when anything does not agree."""
    chance = random.Random(seed)
    folder, config = a_folder(place, venue, *TRADERS)
    for number in range(kills):
        _a_killed_life(folder, config, venue, chance)
        say(f"kill {number + 1}: {len(venue.trades())} executions, {len(venue.open_orders())} orders open")
    before = len(venue.asked)
    with Process(folder, "--quiet", config=config) as process:
        process.until(lambda: sum(map(venue.is_post, venue.asked[before:])) >= 4)
        process.signal(signal.SIGTERM)
        assert process.wait() == 143, process.said()
    assert_nothing_old_beside_new(venue)
    assert_agree(folder, venue)
    return folder


def _a_killed_life(folder, config, venue, chance):
    before = len(venue.asked)

    def anything():
        return True

    def first_words():
        return len(venue.asked) > before

    def orders():
        return sum(map(venue.is_post, venue.asked[before:])) >= 3

    moment = chance.choice((anything, first_words, orders, orders))
    with Process(folder, "--quiet", config=config) as process:
        process.until(moment)
        time.sleep(chance.uniform(0, _LATEST_S))
        process.signal(signal.SIGKILL)
        process.wait()


def assert_nothing_old_beside_new(venue):
    """No order was ever sent while one of an earlier life rested: their numbers go on, and ours begin anew above."""
    posts = [each for each in venue.asked if venue.is_post(each)]
    life, lives = 0, []
    for each in venue.asked:
        if (each.verb, each.path) == ("GET", "/user"):
            life += 1
        elif venue.is_post(each):
            lives.append((life, each))
    of_life = {each.body["clOrdID"]: number for number, each in lives}
    for number, each in lives:
        old = [client_id for client_id in each.open if of_life.get(client_id, 0) < number]
        assert not old, f"{each.body['clOrdID']} was sent while {old} of an earlier life were open"
    assert posts


def main():
    """As often as is wanted, and say so."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=time.time_ns())
    told = parser.parse_args()
    print(f"seed {told.seed}")
    with tempfile.TemporaryDirectory() as place, a_venue() as venue:
        os.environ["XDG_STATE_HOME"] = place
        folder = killed_again_and_again(Path(place), venue, told.kills, told.seed, print)
        live = summary(folder)["live"]
        print(
            f"{live['lives']} lives, {len(venue.trades())} executions, {len(venue.posts())} orders: all agree; "
            f"{len(live['foreign'])} named as not ours, {live['adjustments']} adjustments"
        )


if __name__ == "__main__":
    main()
