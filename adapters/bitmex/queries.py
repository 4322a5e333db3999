"""What to ask over REST, and how to turn its pages: orders, executions, positions, money, instruments, history.

A table's answer holds at most 500 rows (1000 of trades and bars), so whoever wants all of it asks on until a page is
not full. Pages in rising order from a start time do not shift when rows are added; newest first they do.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import attrs

from adapters.bitmex.market import BIN_PERIODS
from adapters.bitmex.requests import Request, query
from messages import NS_PER_MILLISECOND, NS_PER_SECOND, Period, Symbol, UtcNs

PAGE: Final = 500
HISTORY_PAGE: Final = 1000
"""Of trades and of bars."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def venue_time(ts: UtcNs) -> str:
    """A time as the venue writes it, to the millisecond, cut."""
    seconds, ns = divmod(ts, NS_PER_SECOND)
    return (_EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S") + f".{ns // NS_PER_MILLISECOND:03d}Z"


@attrs.frozen(kw_only=True)
class Pages:
    """A question whose answer comes in pages: ask `request`, then go on with `after(rows)` until it is None."""

    path: str
    parameters: tuple[tuple[str, Any], ...]
    size: int = PAGE
    start: int = 0
    """How many rows were had before this page."""

    @property
    def request(self) -> Request:
        """The question for this page."""
        return query(self.path, **dict(self.parameters), count=self.size, start=self.start)

    def after(self, rows: int) -> "Pages | None":
        """The next page, when this one had `rows`; None when it was the last."""
        return attrs.evolve(self, start=self.start + rows) if rows >= self.size else None


def _pages(path: str, size: int, **parameters: Any) -> Pages:
    return Pages(path=path, size=size, parameters=tuple((name, parameters[name]) for name in parameters))


def _time(ts: UtcNs | None) -> str | None:
    return None if ts is None else venue_time(ts)


def open_orders(symbol: Symbol | None = None) -> Pages:
    """Every order that is not over."""
    return _pages("/order", PAGE, symbol=symbol, filter={"open": True})


def orders(symbol: Symbol | None = None, *, since: UtcNs | None = None) -> Pages:
    """Every order that the venue still remembers, oldest first."""
    return _pages("/order", PAGE, symbol=symbol, startTime=_time(since))


def orders_named(client_ids: Sequence[str]) -> Request:
    """The orders of these client ids, at most 500: how an unknown outcome is found out. Newest first."""
    if not 0 < len(client_ids) <= PAGE:
        raise ValueError(f"1 to {PAGE} client ids can be asked for at once, not {len(client_ids)}")
    return query("/order", filter={"clOrdID": list(client_ids)}, count=PAGE, reverse=True)


def executions(symbol: Symbol | None = None, *, since: UtcNs | None = None) -> Pages:
    """Every event of orders and positions, oldest first. Ask from before the last one had, and count each id once."""
    return _pages("/execution", PAGE, symbol=symbol, startTime=_time(since))


def trade_history(symbol: Symbol | None = None, *, since: UtcNs | None = None) -> Pages:
    """Only what changed a position or money: trades, funding, settlement, liquidation; oldest first."""
    return _pages("/execution/tradeHistory", PAGE, symbol=symbol, startTime=_time(since))


def positions() -> Request:
    """All positions of the account, closed ones too."""
    return query("/position", count=PAGE)


def margin(currency: str = "all") -> Request:
    """Margin by the venue's name of the currency (XBt); `all` answers with a list."""
    return query("/user/margin", currency=currency)


def wallet(currency: str = "all") -> Request:
    """Wallet by the venue's name of the currency."""
    return query("/user/wallet", currency=currency)


def account() -> Request:
    """Whose keys these are: the account's number is its `id`."""
    return query("/user")


def commissions() -> Request:
    """The account's own fees by symbol, which go before those of the instruments."""
    return query("/user/commission")


def key_permissions() -> Request:
    """The account's API keys with what each of them may do."""
    return query("/apiKey")


def instruments(symbol: Symbol | None = None) -> Pages:
    """Contracts, settled ones too; of one symbol, that one."""
    return _pages("/instrument", PAGE, symbol=symbol)


def active_instruments() -> Request:
    """Every contract that trades."""
    return query("/instrument/active")


def trades(symbol: Symbol, *, since: UtcNs | None = None, until: UtcNs | None = None) -> Pages:
    """Trades of the market, oldest first."""
    return _pages("/trade", HISTORY_PAGE, symbol=symbol, startTime=_time(since), endTime=_time(until))


def quotes(symbol: Symbol, *, since: UtcNs | None = None, until: UtcNs | None = None) -> Pages:
    """Best bid and ask each time they changed, oldest first."""
    return _pages("/quote", PAGE, symbol=symbol, startTime=_time(since), endTime=_time(until))


def bars(symbol: Symbol, period: Period, *, since: UtcNs | None = None, until: UtcNs | None = None) -> Pages:
    """Closed bars, oldest first; `since` and `until` mean their ends. ValueError for a period not made there."""
    for name, length in BIN_PERIODS.items():
        if length == period:
            return _pages(
                "/trade/bucketed",
                HISTORY_PAGE,
                binSize=name,
                partial=False,
                symbol=symbol,
                startTime=_time(since),
                endTime=_time(until),
            )
    raise ValueError(f"the venue makes bars of {', '.join(BIN_PERIODS)}, not of {period} ns")


def funding(symbol: Symbol, *, since: UtcNs | None = None, until: UtcNs | None = None) -> Pages:
    """Funding rates that were paid, oldest first."""
    return _pages("/funding", PAGE, symbol=symbol, startTime=_time(since), endTime=_time(until))
