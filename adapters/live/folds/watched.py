"""Whether a second process watches this one."""

from adapters.live.news import Kind, NewsPaper
from adapters.live.snapshot import WatchdogView
from messages import WatchdogChanged


class Watched:
    """The watchdog, as far as somebody should look at it."""

    def __init__(self, news: NewsPaper) -> None:
        self._news = news
        self.view = WatchdogView()

    def on_watchdog_changed(self, changed: WatchdogChanged) -> None:
        """It is there, or gone."""
        was_lost = self.view.is_there is False
        self.view = WatchdogView(is_there=changed.is_there, text=changed.text)
        good = Kind.GOOD if was_lost else Kind.STATE
        self._news.add(good if changed.is_there else Kind.TROUBLE, changed.text, changed.ts)
