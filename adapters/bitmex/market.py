"""What a row of a market table says, as messages: trades, quotes, books, bars, marks, funding.

Each function takes one row and the time it was received, and raises FieldError (which names the field) for a row that
cannot be meant. Prices of an instrument that is known must stand on its grid; marks, indices and averages need not.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Final

import attrs

from adapters.bitmex.fields import (
    PRICE_MAX,
    QUANTITY_MAX,
    FieldError,
    Row,
    moment,
    needed,
    number,
    price,
    size,
    whole,
    word,
    wrong,
)
from messages import (
    Bar,
    FundingRate,
    IndexPrice,
    Instrument,
    Level,
    Liquidation,
    MarkPrice,
    OrderBook,
    Period,
    Quarantined,
    Quote,
    Symbol,
    Tick,
    UtcNs,
    parse_period,
)

BIN_PERIODS: Final[dict[str, Period]] = {name: parse_period(name) for name in ("1m", "5m", "1h", "1d")}
"""Every bar length that the venue makes."""
_AGGRESSORS: Final = {"Buy": 1, "Sell": -1, None: 0}
NO_SYMBOL: Final = "*"
"""Stands in a Quarantined where the row named none."""


@attrs.frozen(kw_only=True)
class LiquidationOrder:
    """An order with which the venue closes somebody's position."""

    symbol: Symbol
    order_id: str
    side: int
    """+1 when the venue buys, -1 when it sells."""
    contracts: int
    """Signed, what is left of it; 0 when it is gone."""
    price: float | None
    received: UtcNs

    @property
    def message(self) -> Liquidation:
        """As strategies hear it. The table tells no time of its own."""
        return Liquidation(
            symbol=self.symbol, ts=self.received, received=self.received, order_id=self.order_id, side=self.side,
            size=float(abs(self.contracts)), price=self.price,
        )  # fmt: skip


@attrs.frozen(kw_only=True)
class InstrumentState:
    """Whether a contract trades: Open, Closed, Settled, Unlisted, Expired, Cleared, Delisted."""

    symbol: Symbol
    state: str
    received: UtcNs


@attrs.frozen(kw_only=True)
class UpcomingFunding:
    """The rate that will be applied at `ts` as far as is known; it is paid when a FundingRate says so."""

    symbol: Symbol
    ts: UtcNs
    rate: float
    received: UtcNs


def symbol_of(row: Row) -> Symbol:
    """The row's symbol."""
    return needed(word(row, "symbol"), "symbol")


def quarantined(row: Any, received: UtcNs, error: FieldError, table: str) -> Quarantined:
    """A row set aside, by its symbol where it names one."""
    named = row.get("symbol") if isinstance(row, dict) else None
    symbol = named if isinstance(named, str) and 0 < len(named) <= 40 and named.isascii() else NO_SYMBOL
    return Quarantined(symbol=symbol, received=received, reason="malformed", text=f"{table}: {error}")


def grid_price(row: Row, name: str, instrument: Instrument | None) -> float:
    """A price that must be there, and on the grid where the grid is known."""
    value = needed(price(row, name), name)
    if instrument is not None:
        exact = number(row, name, limit=PRICE_MAX)
        if exact is not None and exact % instrument.tick_size:
            raise wrong(name, row[name], f"a multiple of {instrument.tick_size}")
    return value


def tick(row: Row, received: UtcNs, instrument: Instrument | None = None) -> Tick:
    """A row of `trade`. An index's have the size 0 and no grid."""
    symbol = symbol_of(row)
    side = word(row, "side")
    if side not in _AGGRESSORS:
        raise wrong("side", side, "Buy or Sell")
    return Tick(
        symbol=symbol,
        ts=needed(moment(row, "timestamp"), "timestamp"),
        received=received,
        price=grid_price(row, "price", instrument),
        size=needed(size(row, "size"), "size"),
        aggressor=_AGGRESSORS[side],
    )


def quote(row: Row, received: UtcNs, instrument: Instrument | None = None) -> Quote:
    """A row of `quote`. A market with one side only has no quote: FieldError names the side that is missing."""
    return Quote(
        symbol=symbol_of(row),
        ts=needed(moment(row, "timestamp"), "timestamp"),
        received=received,
        bid=grid_price(row, "bidPrice", instrument),
        bid_size=needed(size(row, "bidSize"), "bidSize"),
        ask=grid_price(row, "askPrice", instrument),
        ask_size=needed(size(row, "askSize"), "askSize"),
    )


def _levels(row: Row, name: str, instrument: Instrument | None) -> Iterable[Level]:
    levels = row.get(name)
    if not isinstance(levels, list):
        raise wrong(name, levels, "a list of levels")
    for level in levels:
        if not isinstance(level, list) or len(level) != 2:
            raise wrong(name, level, "pairs of price and size")
        pair = {"price": level[0], "size": level[1]}
        yield grid_price(pair, "price", instrument), needed(size(pair, "size"), "size")


def book10(row: Row, received: UtcNs, instrument: Instrument | None = None) -> OrderBook:
    """A row of `orderBook10`: the ten best levels of both sides."""
    return OrderBook(
        symbol=symbol_of(row),
        ts=needed(moment(row, "timestamp"), "timestamp"),
        received=received,
        bids=tuple(_levels(row, "bids", instrument)),
        asks=tuple(_levels(row, "asks", instrument)),
    )


def bar(period: Period, row: Row, received: UtcNs, instrument: Instrument | None = None) -> Bar | None:
    """A row of `tradeBin*` or of bucketed trades; None for an interval without trades, which is no bar here.

    The row's timestamp is the END of the bar, and its open is the close of the bar before.
    """
    symbol, end = symbol_of(row), needed(moment(row, "timestamp"), "timestamp")
    volume = needed(size(row, "volume"), "volume")
    trades = whole(row, "trades", limit=QUANTITY_MAX)
    if trades is not None and trades < 0:
        raise wrong("trades", trades, "a count")
    if volume == 0 or trades == 0:
        return None
    open_, high, low, close = (grid_price(row, name, instrument) for name in ("open", "high", "low", "close"))
    if not low <= close <= high:
        raise FieldError(f"close {close} lies outside low {low} to high {high}")
    average = price(row, "vwap")
    return Bar(
        symbol=symbol,
        period=period,
        open_ts=end - period,
        close_ts=end,
        received=received,
        open=open_,
        high=high,
        low=low,
        close=close,
        volume=volume,
        # The venue's own turnover is in the settlement currency; ours is price x size.
        turnover=None if average is None else average * volume,
        ticks=trades,
    )


def mark_price(row: Row, received: UtcNs) -> MarkPrice:
    """The mark in a row of `instrument`; no multiple of the tick."""
    return MarkPrice(
        symbol=symbol_of(row),
        ts=needed(moment(row, "timestamp"), "timestamp"),
        received=received,
        price=needed(price(row, "markPrice"), "markPrice"),
    )


def index_price(row: Row, received: UtcNs) -> IndexPrice:
    """The index that the contract of a row of `instrument` follows; no multiple of the tick."""
    return IndexPrice(
        symbol=symbol_of(row),
        ts=needed(moment(row, "timestamp"), "timestamp"),
        received=received,
        price=needed(price(row, "indicativeSettlePrice"), "indicativeSettlePrice"),
    )


def funding_rate(row: Row, received: UtcNs) -> FundingRate:
    """A row of `funding`: what was paid at its timestamp."""
    return FundingRate(
        symbol=symbol_of(row),
        ts=needed(moment(row, "timestamp"), "timestamp"),
        received=received,
        rate=_rate(row, "fundingRate"),
    )


def upcoming_funding(row: Row, received: UtcNs) -> UpcomingFunding | None:
    """What a row of `instrument` says of the next funding; None for a contract without."""
    ts = moment(row, "fundingTimestamp")
    if ts is None or number(row, "fundingRate") is None:
        return None
    return UpcomingFunding(symbol=symbol_of(row), ts=ts, rate=_rate(row, "fundingRate"), received=received)


def _rate(row: Row, name: str) -> float:
    """The float whose shortest text is the venue's decimal; a rate is far below 1."""
    value: Decimal = needed(number(row, name), name)
    if abs(value) >= 1:
        raise wrong(name, row[name], "a fraction within -1..1")
    return float(value)


def liquidation(row: Row, received: UtcNs, *, gone: bool) -> LiquidationOrder:
    """A row of `liquidation`; `gone` when it was deleted."""
    side = word(row, "side")
    if side not in ("Buy", "Sell"):
        raise wrong("side", side, "Buy or Sell")
    left = 0 if gone else needed(whole(row, "leavesQty", limit=QUANTITY_MAX), "leavesQty")
    return LiquidationOrder(
        symbol=symbol_of(row),
        order_id=needed(word(row, "orderID"), "orderID"),
        side=_AGGRESSORS[side],
        contracts=left if side == "Buy" else -left,
        price=price(row, "price"),
        received=received,
    )


def instrument_state(row: Row, received: UtcNs) -> InstrumentState:
    """Whether the contract of a row of `instrument` trades."""
    return InstrumentState(symbol=symbol_of(row), state=needed(word(row, "state"), "state"), received=received)
