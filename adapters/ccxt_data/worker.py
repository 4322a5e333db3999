"""The actor that asks an exchange through ccxt and waits for the answer, in its own thread; it decides nothing."""

import json
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from actors.component import Component
from adapters.ccxt_data.public import ExchangeTrouble, PublicExchange
from adapters.errors import InputError
from messages import Message, RequestAnswered, SendRequest, UtcNs

VERB: Final = "READ"
MARKET: Final = "market"
TRADES: Final = "trades"
BEST: Final = "best"
DONE, REFUSED, LIMITED, UNAVAILABLE = 200, 400, 429, 503
"""What came of it, as HTTP would say it."""
TIMEOUT_S: Final = 5.0
"""Of one HTTP request: loading the markets can be four of them."""


class CcxtWorker(Component):
    """Asks one exchange, one question at a time.

    Hears SendRequest: `path` is `market` (is there such a market?), `trades` or `best` (bid and ask), `body` the
    arguments as JSON: {"symbol": as ccxt writes it, "since": ms or null}. Says RequestAnswered once for each: 200 with
    rows as `public` gives them, 429 and 503 for what may be had later (`retry-after`: seconds), 400 for what may not.
    Blocks while the library waits, for the answer and for the exchange's pace. `clock` gives ns UTC.
    """

    def __init__(
        self,
        exchange: str,
        *,
        origin: str | None = None,
        clock: Callable[[], UtcNs] = time.time_ns,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self._name, self._origin, self._clock, self._timeout_s = exchange, origin, clock, timeout_s
        self._exchange: PublicExchange | None = None

    def on_send_request(self, message: SendRequest) -> tuple[Message, ...]:
        """Ask it."""
        started = self._clock()
        status, headers, body = self._asked(message)
        answered = RequestAnswered(
            to=message.reply_to, number=message.number, status=status, headers=headers, body=body,
            started=started, sent=started, received=max(started, self._clock()),
        )  # fmt: skip
        return (answered,)

    def _asked(self, message: SendRequest) -> tuple[int, tuple[tuple[str, str], ...], str]:
        try:
            if self._exchange is None:
                self._exchange = PublicExchange(self._name, origin=self._origin, timeout_s=self._timeout_s)
            return DONE, (), json.dumps(_answer(self._exchange, message.path, json.loads(message.body)))
        except ExchangeTrouble as trouble:
            status = LIMITED if trouble.limited else UNAVAILABLE if trouble.again else REFUSED
            return status, (("retry-after", str(trouble.pause_s)),) if trouble.pause_s else (), str(trouble)
        except InputError as error:
            return REFUSED, (), str(error)

    def release(self) -> None:
        """Close the connections."""
        if self._exchange is not None:
            self._exchange.close()


def _answer(exchange: PublicExchange, path: str, arguments: Mapping[str, Any]) -> Any:
    symbol = arguments["symbol"]
    if path == MARKET:
        exchange.check(symbol)
        return True
    if path == TRADES:
        return exchange.trades(symbol, arguments["since"], None)
    if path == BEST:
        return exchange.best(symbol)
    raise ExchangeTrouble(f"there is no question {path!r}", again=False)
