"""Whether what the market says is kept."""

import attrs

from adapters.live.news import Kind, NewsPaper
from adapters.live.snapshot import RecordingView
from messages import RecordingResumed, RecordingStopped


class Recorded:
    """The recording, as far as somebody should look at it."""

    def __init__(self, news: NewsPaper) -> None:
        self._news = news
        self.view = RecordingView()

    def on_recording_stopped(self, stopped: RecordingStopped) -> None:
        """Nothing can be written."""
        self.view = attrs.evolve(self.view, stopped=stopped.reason)
        self._news.add(Kind.TROUBLE, f"recording stopped: {stopped.reason}", stopped.ts)

    def on_recording_resumed(self, resumed: RecordingResumed) -> None:
        """It can again."""
        self.view = RecordingView(lost=self.view.lost + resumed.lost)
        lost = f"; {resumed.lost:,} items were not kept" if resumed.lost else ", nothing is missing"
        self._news.add(Kind.TROUBLE if resumed.lost else Kind.GOOD, f"recording goes on{lost}", resumed.ts)
