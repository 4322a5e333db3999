"""A recording whose market the test says itself."""

from adapters.recording import Recording, RecordingTap
from messages import Envelope
from tests.builders import MONDAY

VENUE = "loopback"


class NoRoller:
    """Rolls nothing."""

    def look(self, now):
        pass

    def close(self):
        pass


def a_tap(**options):
    return RecordingTap({"feed": VENUE, "feed:other": "other"}, venue=VENUE, **options)


def a_recording(root, *, roller=None, **options):
    return Recording(root, a_tap(**options), roller=roller or NoRoller(), busy_s=0.05)


def say(tap, *messages, sender="feed"):
    for number, message in enumerate(messages):
        tap.said(Envelope(number, 0, sender, 1, MONDAY, message))
