"""Who failed, who came back, who was given up."""

from adapters.live.news import Kind, NewsPaper
from messages import ActorFailed, ActorHung, ActorLagging, ActorQuarantined, ActorStarted, Address, StrategyId


class Actors:
    """Restarts, and strategies that are not there."""

    def __init__(self, news: NewsPaper) -> None:
        self._news = news
        self.restarts = 0
        self.down: dict[StrategyId, str] = {}
        """`down` or `given up`, by strategy; nothing, or empty, for one that is up."""

    def on_actor_failed(self, failed: ActorFailed) -> None:
        """It raised."""
        self._is_now(failed.actor, "down")
        self._news.add(Kind.TROUBLE, f"{failed.actor} failed during {failed.during}: {failed.error}", failed.at)

    def on_actor_hung(self, hung: ActorHung) -> None:
        """It does not come back from a handler."""
        self._is_now(hung.actor, "down")
        text = f"{hung.actor} has been inside one {hung.during} for {hung.seconds:.0f} s"
        self._news.add(Kind.TROUBLE, text, hung.at)

    def on_actor_quarantined(self, quarantined: ActorQuarantined) -> None:
        """It is not started again."""
        self._is_now(quarantined.actor, "given up")
        self._news.add(Kind.TROUBLE, f"{quarantined.actor} was given up: {quarantined.reason}", quarantined.at)

    def on_actor_started(self, started: ActorStarted) -> None:
        """A second incarnation, or a later one, is up; the first ones are no news."""
        if started.epoch > 1:
            self._is_now(started.actor, "")
            self.restarts += 1
            # The message has no time of its own; it comes after what was heard last.
            self._news.add(Kind.GOOD, f"{started.actor} is back", self._news.latest)

    def on_actor_lagging(self, lagging: ActorLagging) -> None:
        """It was told more than it can hear."""
        self._news.add(Kind.TROUBLE, f"{lagging.actor} lags: {lagging.waiting:,} messages wait", lagging.at)

    def _is_now(self, actor: Address, how: str) -> None:
        role, _, strategy = actor.partition(":")
        if role == "strategy":
            self.down[strategy] = how
