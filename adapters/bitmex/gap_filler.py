"""The trades of all symbols without gaps: live ones, and the questions to a worker for those that were missed."""

from collections.abc import Collection, Iterable
from random import Random
from typing import Final

from adapters.bitmex.answers import Accepted, Answer, RateLimited
from adapters.bitmex.questions import Questions
from adapters.bitmex.retries import Retries, RetryRule
from adapters.bitmex.stream import Stream
from adapters.bitmex.trade_gap import Filled, Filling, TradeLine
from adapters.bitmex.trades import LastTrades, Trade
from messages import NS_PER_SECOND, Message, RequestAnswered, SendRequest, Symbol, UtcNs

_ASK_AGAIN: Final = RetryRule(first=NS_PER_SECOND, longest=30 * NS_PER_SECOND, hourly=1_000)


class GapFiller:
    """A `trade_gap` line each symbol. `stream` knows the contracts; `lasts` and `held`: what was had before."""

    def __init__(
        self,
        symbols: Collection[Symbol],
        questions: Questions,
        stream: Stream,
        random: Random,
        *,
        lasts: Iterable[LastTrades] = (),
        held: Iterable[Trade] = (),
    ) -> None:
        self.questions = questions
        self._stream, self._random = stream, random
        self._retries: dict[Symbol, Retries] = {}
        by_symbol, waiting = {last.symbol: last for last in lasts}, tuple(held)
        self._lines = {
            symbol: TradeLine(symbol, by_symbol.get(symbol), [each for each in waiting if each.tick.symbol == symbol])
            for symbol in symbols
        }

    @property
    def lasts(self) -> tuple[LastTrades, ...]:
        """Where the trades end that were said."""
        return tuple([line.last for line in self._lines.values() if line.last is not None])

    @property
    def held(self) -> tuple[Trade, ...]:
        """Live trades that were not said yet."""
        return tuple([each for line in self._lines.values() for each in line.held])

    def is_filling(self, symbol: Symbol) -> bool:
        """Whether trades that were missed are still to come."""
        return self._lines[symbol].is_filling

    def live(self, symbol: Symbol, venue_time: UtcNs, at: UtcNs) -> None:
        """The subscription is live: ask for what was missed before."""
        line = self._lines[symbol]
        if line.live(venue_time):
            self.questions.put(symbol, line.question.request, at)

    def lost(self, symbol: Symbol) -> None:
        """Live trades are missed from now on; what is under way is asked for again when they are heard again."""
        self.questions.forget(symbol)

    def hear(self, trade: Trade, at: UtcNs) -> tuple[Message, ...]:
        """A live trade, and what is said of it now."""
        line = self._lines[trade.tick.symbol]
        was_filling = line.is_filling
        said = line.hear(trade, at)
        if was_filling and not line.is_filling:
            self.questions.forget(line.symbol)
        return said

    def hear_last(self, trade: Trade, at: UtcNs) -> tuple[Message, ...]:
        """One of the last trades before the subscription was live; without a gap it is old."""
        return self.hear(trade, at) if self.is_filling(trade.tick.symbol) else ()

    def answered(self, message: RequestAnswered, at: UtcNs) -> tuple[Message, ...]:
        """A page came, or did not."""
        answered = self.questions.answered(message)
        return () if answered is None else self._fill(*answered, at)

    def watch(self, at: UtcNs) -> tuple[Message, ...]:
        """What did not come in time."""
        overdue = self.questions.overdue(at)
        return () if overdue is None else self._fill(*overdue, at)

    def due(self, at: UtcNs) -> tuple[SendRequest, ...]:
        """What to ask now."""
        return self.questions.due(at)

    def _fill(self, symbol: Symbol, answer: Answer, at: UtcNs) -> tuple[Message, ...]:
        line = self._lines[symbol]
        if isinstance(answer, Accepted):
            filled = line.answered(answer.rows, at, self._stream.instruments.get(symbol))
        elif isinstance(answer, RateLimited):
            # The budget knows how long; that is nobody's failure.
            filled = Filled(Filling.ASK)
        else:
            filled = line.failed(answer.text, at)
        if filled.then is Filling.DONE:
            self._retries.pop(symbol, None)
        else:
            again = filled.then is Filling.AGAIN
            retries = self._retries.setdefault(symbol, Retries(_ASK_AGAIN, self._random))
            self.questions.put(symbol, line.question.request, retries.next_try(at) if again else at)
        return filled.said
