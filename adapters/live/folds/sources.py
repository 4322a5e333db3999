"""Sources of external events: when each was heard last, and what stands against it."""

from collections.abc import Iterable

import attrs

from adapters.live.news import Kind, NewsPaper
from adapters.live.snapshot import SourceView
from messages import ActorQuarantined, ExternalEvent, Quarantined, SourceFresh, SourceStale


class Sources:
    """Every source of the configuration. Events themselves are no news: their strategies say what comes of them."""

    def __init__(self, sources: Iterable[str], news: NewsPaper) -> None:
        self._news = news
        self.views: dict[str, SourceView] = {source: SourceView(source=source) for source in sources}

    def on_external_event(self, event: ExternalEvent) -> None:
        """One more was heard."""
        view = self.views.get(event.source)
        if view is not None:
            self.views[event.source] = attrs.evolve(view, events=view.events + 1, received=event.received)

    def on_source_stale(self, stale: SourceStale) -> None:
        """It is not heard."""
        self._is_now(stale.source, stale=stale.reason)
        self._news.add(Kind.TROUBLE, f"events of {stale.source}: {stale.reason}", stale.ts)

    def on_source_fresh(self, fresh: SourceFresh) -> None:
        """It is heard."""
        view = self.views.get(fresh.source)
        if view is not None and view.stale:
            self._news.add(Kind.GOOD, f"events of {fresh.source} are heard again", fresh.ts)
        self._is_now(fresh.source, stale="")

    def on_quarantined(self, quarantined: Quarantined) -> None:
        """Something of a source could not be read."""
        view = self.views.get(quarantined.symbol)
        if view is not None:
            self.views[quarantined.symbol] = attrs.evolve(view, malformed=view.malformed + 1)
            text = f"events of {quarantined.symbol}: {quarantined.reason}: {quarantined.text}"
            self._news.add(Kind.TROUBLE, text, quarantined.received)

    def on_actor_quarantined(self, quarantined: ActorQuarantined) -> None:
        """Its actor is not started again."""
        self._is_now(quarantined.actor.removeprefix("events:"), stale=f"given up: {quarantined.reason}")

    def _is_now(self, source: str, **changes: object) -> None:
        view = self.views.get(source)
        if view is not None:
            self.views[source] = attrs.evolve(view, **changes)  # type: ignore[arg-type]
