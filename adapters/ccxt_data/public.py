"""One exchange through ccxt, without keys: nothing passes but GET requests of the interfaces that it calls public."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from importlib import import_module
from typing import Any, Final
from urllib.parse import urlsplit

from adapters.errors import InputError

_THIS_MACHINE: Final = ("127.0.0.1", "localhost", "::1")
_MS_PER_S: Final = 1_000
PAGE_USUAL: Final = 500
"""Candles in an answer of an exchange of which the library knows no limit."""
_MALFORMED: Final = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError)
"""What the library's readers stumble with over an answer that is not what it should be."""
_SHOWN: Final = 300
MARKETS_SHOWN: Final = 5


class ExchangeTrouble(Exception):  # noqa: N818 - it is the exchange's
    """An answer was not had. `again`: it may be had later; `pause_s`: what the exchange asks for before that, or 0."""

    def __init__(self, text: str, *, again: bool, limited: bool = False, pause_s: int = 0) -> None:
        super().__init__(text)
        self.again, self.limited, self.pause_s = again, limited, pause_s


class NotPublic(Exception):  # noqa: N818 - it says what was tried
    """Somebody tried to send what is not public. It did not leave."""


def library() -> Any:
    """ccxt. InputError where it is not installed."""
    try:
        return import_module("ccxt")
    except ImportError:
        raise InputError("this needs the library ccxt: pip install openoutcry[ccxt]") from None


def is_public(api: object, method: str) -> bool:
    """Whether a request of that interface may leave: it reads, and the exchange calls the interface public."""
    parts = [api] if isinstance(api, str) else list(api) if isinstance(api, (list, tuple)) else []
    names = [part.lower() for part in parts if isinstance(part, str)]
    return method == "GET" and not any("private" in name for name in names) and any("public" in name for name in names)


def _guarded(exchange: type[Any]) -> type[Any]:
    """The exchange's class with a gate at both places where a request can leave."""

    def sign(self: Any, path: Any, api: Any = "public", method: str = "GET", *rest: Any, **named: Any) -> Any:
        if not is_public(api, method):
            raise NotPublic(f"{method} {path} of the interface {api!r}")
        return exchange.sign(self, path, api, method, *rest, **named)

    def fetch(self: Any, url: str, method: str = "GET", headers: Any = None, body: Any = None) -> Any:
        if method != "GET" or body:
            raise NotPublic(f"{method} {urlsplit(url).path}")
        return exchange.fetch(self, url, method, headers, body)

    return type(exchange.__name__, (exchange,), {"sign": sign, "fetch": fetch})


class PublicExchange:
    """What anybody may read at an exchange; for one thread. Times are in ms UTC, as the library has them.

    `name`: as the library calls it (binance, kraken). `origin`: scheme, host and port of a server that speaks like it,
    instead of its own. InputError for an exchange that is not known, or an origin that is neither TLS nor this machine.
    Every answer that is not had raises ExchangeTrouble.
    """

    def __init__(self, name: str, *, origin: str | None = None, timeout_s: float = 10.0) -> None:
        ccxt = library()
        if name not in ccxt.exchanges:
            raise InputError(f"ccxt {ccxt.__version__} knows no exchange {name!r}{_hint(name, ccxt.exchanges)}")
        self.name = name
        self._errors = ccxt
        self._exchange = _guarded(getattr(ccxt, name))(
            {"enableRateLimit": True, "enableLastJsonResponse": True, "timeout": round(timeout_s * _MS_PER_S)}
        )
        if origin is not None:
            self._exchange.urls = {**self._exchange.urls, "api": _moved(self._exchange.urls["api"], _checked(origin))}

    def check(self, symbol: str) -> None:
        """InputError when the exchange has no such market; ExchangeTrouble when it does not tell."""
        markets = self._ask("load_markets")
        if symbol not in markets:
            hint = _hint(symbol, markets)
            raise InputError(f"{self.name} has no market {symbol!r}{hint} (ccxt writes them like BTC/USDT)")

    def time_frame(self, period_s: int) -> str:
        """The exchange's name of a length of candle. InputError names those that it has."""
        frames: Mapping[str, Any] = self._exchange.timeframes or {}
        for name in frames:
            if self._exchange.parse_timeframe(name) == period_s:
                return str(name)
        raise InputError(f"{self.name} has no candles of {period_s} s: {', '.join(frames) or 'none at all'}")

    @property
    def candles_max(self) -> int:
        """In one answer."""
        told = ((self._exchange.features or {}).get("spot") or {}).get("fetchOHLCV") or {}
        limit = told.get("limit")
        return min(limit, 1_000) if isinstance(limit, int) and limit > 0 else PAGE_USUAL

    def time(self) -> int | None:
        """The exchange's clock; None where it shows none."""
        return int(self._ask("fetch_time")) if self._exchange.has.get("fetchTime") is True else None

    def candles(self, symbol: str, frame: str, since: int | None, limit: int) -> list[Any]:
        """[time, open, high, low, close, volume] each, from `since` on."""
        return list(self._read("fetch_ohlcv", symbol, frame, since, limit))

    def trades(self, symbol: str, since: int | None, limit: int | None) -> list[Any]:
        """[time, price, size, taker's side] each, from `since` on, or the latest."""
        return [
            [row.get("timestamp"), row.get("price"), row.get("amount"), row.get("side")]
            for row in self._read("fetch_trades", symbol, since, limit)
        ]

    def best(self, symbol: str) -> list[Any]:
        """[time or None, bid, its size, ask, its size] from the order book; None for a side that is empty."""
        book = self._read("fetch_order_book", symbol)
        bid, ask = ((*side[0][:2],) if side else (None, None) for side in (book["bids"], book["asks"]))
        return [book.get("timestamp"), *bid, *ask]

    def _read(self, function: str, *arguments: Any) -> Any:
        """An answer that was JSON: the library takes any other text for an answer without rows, or letters for rows."""
        answer = self._ask(function, *arguments)
        if not isinstance(self._exchange.last_json_response, dict | list):
            raise ExchangeTrouble(f"{self.name}: {function}: malformed answer: it is no JSON", again=True)
        return answer

    def _ask(self, function: str, *arguments: Any) -> Any:
        errors = self._errors
        try:
            return getattr(self._exchange, function)(*arguments)
        except (errors.RateLimitExceeded, errors.DDoSProtection) as error:
            raise ExchangeTrouble(self._said(error), again=True, limited=True, pause_s=self._pause_s()) from None
        except errors.OperationFailed as error:
            raise ExchangeTrouble(self._said(error), again=True, pause_s=self._pause_s()) from None
        except errors.BaseError as error:
            raise ExchangeTrouble(self._said(error), again=False) from None
        except NotPublic as error:
            raise ExchangeTrouble(f"{self.name}: {function} is not public there: {error}", again=False) from None
        except _MALFORMED as error:
            raise ExchangeTrouble(
                f"{self.name}: {function}: malformed answer: {type(error).__name__}: {error}"[:_SHOWN], again=True
            ) from None

    def _pause_s(self) -> int:
        headers = self._exchange.last_response_headers or {}
        told = next((str(value) for name, value in headers.items() if str(name).lower() == "retry-after"), "")
        return int(told) if told.isascii() and told.isdigit() and len(told) <= 6 else 0

    def _said(self, error: BaseException) -> str:
        text = " ".join(str(error).split()) or "no answer"
        return f"{type(error).__name__}: {text}"[:_SHOWN]

    def close(self) -> None:
        """Close its connections."""
        session = getattr(self._exchange, "session", None)
        if session is not None:
            session.close()


def _hint(name: str, known: Iterable[str]) -> str:
    near = get_close_matches(name, list(known), MARKETS_SHOWN)
    return f"; did you mean {', '.join(near)}?" if near else ""


def _checked(origin: str) -> str:
    parts = urlsplit(origin)
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _THIS_MACHINE)
    if is_safe and parts.username is None and parts.hostname:
        return f"{parts.scheme}://{parts.netloc}"
    raise InputError(f"{parts.scheme}://{parts.hostname}: only TLS, or this very machine, is spoken to")


def _moved(urls: Any, origin: str) -> Any:
    """The same addresses at another origin."""
    if isinstance(urls, Mapping):
        return {name: _moved(url, origin) for name, url in urls.items()}
    return origin + urlsplit(urls).path if isinstance(urls, str) else urls
