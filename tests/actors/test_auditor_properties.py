"""Whatever a venue does and in whatever order threads deliver it, the auditor finds nothing in what the actors do."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import rule

from messages import CancelOrder, CancelRejected, Outcome, SubmitOrder
from tests.actors.test_convergence import NAMES, WISH_MAX, Trading
from tests.audited import SYMBOL, an_auditor, found


class _Told(list):
    """What the venue says, heard by the auditor as it is said."""

    def __init__(self, hear):
        super().__init__()
        self._hear = hear

    def append(self, message):
        self._hear(message)
        super().append(message)


class AuditedTrading(Trading):
    """Executor, guard and a venue that means no good, and an auditor who hears each word before what comes of it."""

    def __init__(self):
        super().__init__()
        self.auditor = an_auditor(position_lots_max={SYMBOL: len(NAMES) * WISH_MAX})
        self.to_us = _Told(self.audit)

    def audit(self, message):
        if isinstance(message, CancelRejected):
            # Which tells nothing of the order.
            return
        assert found(self.auditor, message) == [], message

    def said(self, messages):
        messages = tuple(messages)
        for message in messages:
            if isinstance(message, SubmitOrder | CancelOrder):
                self.audit(message)
            super().said((message,))

    def passed(self, messages):
        messages = tuple(messages)
        for message in messages:
            self.audit(message)
            super().passed((message,))

    @rule(pick=st.integers(0, 1000))
    def the_venue_says_an_end_again(self, pick):
        """As it does after a reconnect."""
        over = [each for each in self.venue.values() if each.over]
        if over:
            known = over[pick % len(over)]
            self.now += 1
            self.end(known, Outcome.CANCELLED if known.left() else Outcome.FILLED)


AuditedTrading.TestCase.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
TestAuditedTrading = AuditedTrading.TestCase
