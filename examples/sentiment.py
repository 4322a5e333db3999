"""What is heard beside the market: a sentiment series, and an index that nobody trades. From the project's folder:

python run.py backtest --config examples/sentiment.toml
"""

from actors import Strategy
from messages import NS_PER_SECOND, Bar, ExternalEvent

_HOUR = 3_600 * NS_PER_SECOND


class Sentiment(Strategy):
    """Long while the mood is good and the dollar is weak, short while both are the other way round, else flat.

    A score counts from the moment that it was received, and for so many hours: an old mood is none.
    """

    events = ("sentiment",)

    index: str = "DOLLAR"
    bars: int = 12
    mood: float = 0.1
    hours: int = 36

    def check(self) -> None:
        """Keep as many bars as are looked back on."""
        if self.bars < 2:
            raise ValueError(f"bars must be at least 2, not {self.bars}")
        self.warmup = self.bars

    def on_start(self) -> None:
        """Nothing is known yet."""
        self._score = 0.0
        self._heard = 0

    def on_event(self, event: ExternalEvent) -> None:
        """A new score, said of a day that has passed; the market is judged at the next close."""
        score = event.get("score")
        if isinstance(score, int | float):
            self._score, self._heard = float(score), event.received
            self.mark(f"mood {score:+.2f}")

    def on_bar(self, bar: Bar) -> None:
        """Bars of the index are heard like any other; what is traded is decided on its own."""
        if bar.symbol == self.index:
            return
        closes = [each.close for each in self.history(self.bars, self.index)]
        if len(closes) < self.bars or self.now - self._heard > self.hours * _HOUR:
            self.target(0)
            return
        dollar = closes[-1] - sum(closes) / len(closes)
        if self._score > self.mood and dollar < 0:
            self.target(1)
        elif self._score < -self.mood and dollar > 0:
            self.target(-1)
        else:
            self.target(0)
