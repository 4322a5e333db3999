"""What a source says in a test, and the time by which it says it."""

from adapters.events.teller import Teller
from messages import ExternalEvent, Quarantined, SourceFresh, SourceStale
from tests.builders import MONDAY, SECOND


class Ear:
    """Hears one source; its clock goes on when the test says so."""

    def __init__(self, source="mood", **settings):
        self.now, self.heard = MONDAY, []
        self.teller = Teller(source, self.heard.append, lambda: self.now, **settings)

    def later(self, seconds):
        self.now += round(seconds * SECOND)

    def of(self, kind):
        return [each for each in self.heard if isinstance(each, kind)]

    @property
    def events(self):
        return self.of(ExternalEvent)

    @property
    def payloads(self):
        return [dict(event.payload) for event in self.events]

    @property
    def malformed(self):
        return [each.text for each in self.of(Quarantined)]

    @property
    def states(self):
        """Why it was stale, "" for fresh, in order."""
        return [getattr(each, "reason", "") for each in self.heard if isinstance(each, SourceStale | SourceFresh)]
