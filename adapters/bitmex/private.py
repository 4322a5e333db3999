"""Rows of an account's tables as the values of `reports`. FieldError names what a row cannot mean."""

from typing import Final

from adapters.bitmex.contracts import CURRENCIES
from adapters.bitmex.fields import QUANTITY_MAX, Row, flag, moment, needed, number, price, whole, word, wrong
from adapters.bitmex.market import symbol_of
from adapters.bitmex.reports import (
    Execution,
    ExecutionKind,
    MarginReport,
    OrderReport,
    PositionReport,
    WalletReport,
)
from messages import Instrument, Liquidity, Lots

_NO_ID: Final = "00000000-0000-0000-0000-000000000000"
_SIGNS: Final = {"Buy": 1, "Sell": -1}
_LIQUIDITY: Final = {"AddedLiquidity": Liquidity.MAKER, "RemovedLiquidity": Liquidity.TAKER}
_KINDS: Final = {
    "Trade": ExecutionKind.TRADE,
    "Funding": ExecutionKind.FUNDING,
    "Settlement": ExecutionKind.SETTLEMENT,
    "Liquidation": ExecutionKind.LIQUIDATION,
    "Bankruptcy": ExecutionKind.LIQUIDATION,
    **dict.fromkeys(
        (
            "New", "Canceled", "Replaced", "Rejected", "CancelReject", "AmendReject", "Suspended", "Released",
            "TriggeredOrActivatedBySystem", "Restated", "Expired",
        ),
        ExecutionKind.EVENT,
    ),
}  # fmt: skip


def lots_of(contracts: int | None, instrument: Instrument | None) -> Lots | None:
    """Whole lots, or None where that is not what the contracts are."""
    if contracts is None or instrument is None:
        return None
    lots, rest = divmod(contracts, instrument.lot_size)
    return None if rest else int(lots)


def _id(row: Row, name: str) -> str:
    value = word(row, name) or ""
    return "" if value == _NO_ID else value


def _sign(row: Row, *, may_lack: bool) -> int:
    side = word(row, "side")
    if side is None and may_lack:
        return 1
    if side not in _SIGNS:
        raise wrong("side", side, "Buy or Sell")
    return _SIGNS[side]


def _count(row: Row, name: str) -> int | None:
    value = whole(row, name, limit=QUANTITY_MAX)
    if value is not None and value < 0:
        raise wrong(name, value, "zero or above")
    return value


def _currency(row: Row) -> str:
    said = needed(word(row, "currency"), "currency")
    return CURRENCIES.get(said, said)


def _any_price(row: Row, name: str) -> float | None:
    """A price that the venue reckoned: 0 stands for none."""
    value = number(row, name)
    return None if value is None or value <= 0 else float(value)


def order_report(row: Row, instrument: Instrument | None = None) -> OrderReport:
    """A row of `order`, or the answer to placing, amending or asking for one. FieldError as everywhere here."""
    sign = _sign(row, may_lack=False)
    total, filled = _count(row, "orderQty"), _count(row, "cumQty") or 0
    left = _count(row, "leavesQty")
    contracts = sign * (total if total is not None else filled + (left or 0))
    return OrderReport(
        order_id=needed(word(row, "orderID"), "orderID"),
        client_id=word(row, "clOrdID") or "",
        account=whole(row, "account"),
        symbol=symbol_of(row),
        contracts=contracts,
        filled=sign * filled,
        left=sign * (abs(contracts) - filled if left is None else left),
        lots=lots_of(contracts, instrument),
        filled_lots=lots_of(sign * filled, instrument),
        price=price(row, "price"),
        stop_price=price(row, "stopPx"),
        average_price=_any_price(row, "avgPx"),
        status=needed(word(row, "ordStatus"), "ordStatus"),
        working=flag(row, "workingIndicator") or False,
        triggered=word(row, "triggered") or "",
        text=word(row, "text") or "",
        ts=needed(moment(row, "timestamp"), "timestamp"),
    )


def execution(row: Row, instrument: Instrument | None = None) -> Execution:
    """A row of `execution` or of `/execution/tradeHistory`."""
    said = needed(word(row, "execType"), "execType")
    kind = _KINDS.get(said, ExecutionKind.UNKNOWN)
    quantity = 0 if kind is ExecutionKind.EVENT else _count(row, "lastQty") or 0
    # Funding and settlement may come without a side: the sign is then the venue's position, which a fill never is.
    contracts = quantity * _sign(row, may_lack=kind is not ExecutionKind.TRADE) if quantity else 0
    at = price(row, "lastPx")
    if kind is ExecutionKind.TRADE:
        if not contracts:
            raise wrong("lastQty", row.get("lastQty"), "above zero for a trade")
        needed(at, "lastPx")
    return Execution(
        execution_id=needed(word(row, "execID"), "execID"),
        kind=kind,
        kind_said=said,
        order_id=_id(row, "orderID"),
        client_id=word(row, "clOrdID") or "",
        account=whole(row, "account"),
        symbol=symbol_of(row),
        contracts=contracts,
        lots=lots_of(contracts, instrument),
        price=at,
        cost_minor=whole(row, "execCost"),
        fee_minor=whole(row, "execComm"),
        commission=number(row, "commission"),
        liquidity=_LIQUIDITY.get(word(row, "lastLiquidityInd") or ""),
        filled=_count(row, "cumQty"),
        left=_count(row, "leavesQty"),
        status=word(row, "ordStatus") or "",
        trade_id=_id(row, "trdMatchID"),
        text=word(row, "text") or "",
        ts=needed(moment(row, "transactTime") or moment(row, "timestamp"), "timestamp"),
    )


def position(row: Row, instrument: Instrument | None = None) -> PositionReport:
    """A row of `position`; one that is closed stays, with 0 contracts."""
    contracts = whole(row, "currentQty", limit=QUANTITY_MAX)
    if contracts is None:
        # A position that never was open may come without a quantity, an open one may not.
        contracts = needed(None if flag(row, "isOpen") else 0, "currentQty")
    return PositionReport(
        account=whole(row, "account"),
        symbol=symbol_of(row),
        currency=_currency(row),
        contracts=contracts,
        lots=lots_of(contracts, instrument),
        entry_price=_any_price(row, "avgEntryPrice"),
        mark_price=_any_price(row, "markPrice"),
        liquidation_price=_any_price(row, "liquidationPrice"),
        bankrupt_price=_any_price(row, "bankruptPrice"),
        cost_minor=whole(row, "unrealisedCost"),
        realised_minor=whole(row, "realisedPnl"),
        unrealised_minor=whole(row, "unrealisedPnl"),
        leverage=number(row, "leverage"),
        is_cross=flag(row, "crossMargin"),
        ts=moment(row, "timestamp"),
    )


def margin(row: Row) -> MarginReport:
    """A row of `margin`, or of `/user/margin`."""
    return MarginReport(
        account=whole(row, "account"),
        currency=_currency(row),
        wallet_minor=whole(row, "walletBalance"),
        margin_minor=whole(row, "marginBalance"),
        available_minor=whole(row, "availableMargin"),
        initial_minor=whole(row, "initMargin"),
        maintenance_minor=whole(row, "maintMargin"),
        realised_minor=whole(row, "realisedPnl"),
        unrealised_minor=whole(row, "unrealisedPnl"),
        ts=moment(row, "timestamp"),
    )


def wallet(row: Row) -> WalletReport:
    """A row of `wallet`, or of `/user/wallet`."""
    return WalletReport(
        account=whole(row, "account"),
        currency=_currency(row),
        amount_minor=needed(whole(row, "amount"), "amount"),
        ts=moment(row, "timestamp"),
    )
