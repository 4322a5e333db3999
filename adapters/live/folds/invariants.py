"""What the auditor found: somebody has to look."""

from adapters.live.news import Kind, NewsPaper
from messages import InvariantViolated


class Invariants:
    """How many violations were told, and the last of them."""

    def __init__(self, news: NewsPaper) -> None:
        self._news = news
        self.count = 0
        self.last = ""

    def on_invariant_violated(self, violated: InvariantViolated) -> None:
        """One more."""
        self.count += 1
        self.last = f"{violated.invariant}: {violated.text}"
        self._news.add(Kind.TROUBLE, f"invariant {self.last}", violated.ts)
