"""BitMEX's tables: their keys and columns with types, as a partial states them."""

from typing import Final

import attrs

_TYPES: Final = {
    "s": "symbol", "l": "long", "f": "float", "b": "boolean", "t": "timestamp", "g": "guid", "i": "timespan",
}  # fmt: skip
_WIDE: Final = {
    "order": """orderID:g clOrdID:s clOrdLinkID:s account:l symbol:s side:s orderQty:l price:f displayQty:l stopPx:f
        pegOffsetValue:f pegPriceType:s currency:s settlCurrency:s ordType:s timeInForce:s execInst:s contingencyType:s
        ordStatus:s triggered:s workingIndicator:b ordRejReason:s leavesQty:l cumQty:l avgPx:f text:s transactTime:t
        timestamp:t""",
    "execution": """execID:g orderID:g clOrdID:s clOrdLinkID:s account:l symbol:s side:s lastQty:l lastPx:f
        lastLiquidityInd:s orderQty:l price:f displayQty:l stopPx:f pegOffsetValue:f pegPriceType:s currency:s
        settlCurrency:s execType:s ordType:s timeInForce:s execInst:s contingencyType:s ordStatus:s triggered:s
        workingIndicator:b ordRejReason:s leavesQty:l cumQty:l avgPx:f commission:f feeType:s tradePublishIndicator:s
        text:s trdMatchID:g execCost:l execComm:l homeNotional:f foreignNotional:f realisedPnl:l transactTime:t
        timestamp:t""",
    "position": """account:l symbol:s currency:s underlying:s quoteCurrency:s commission:f initMarginReq:f
        maintMarginReq:f riskLimit:l leverage:f crossMargin:b deleveragePercentile:f rebalancedPnl:l prevRealisedPnl:l
        prevUnrealisedPnl:l openingQty:l openOrderBuyQty:l openOrderBuyCost:l openOrderBuyPremium:l openOrderSellQty:l
        openOrderSellCost:l openOrderSellPremium:l currentQty:l currentCost:l currentComm:l realisedCost:l
        unrealisedCost:l grossOpenPremium:l isOpen:b markPrice:f markValue:l riskValue:l homeNotional:f
        foreignNotional:f posState:s posCost:l posInit:l posCross:l posComm:l posLoss:l posMargin:l posMaint:l
        initMargin:l maintMargin:l realisedPnl:l unrealisedPnl:l unrealisedPnlPcnt:f unrealisedRoePcnt:f
        avgCostPrice:f avgEntryPrice:f breakEvenPrice:f marginCallPrice:f liquidationPrice:f bankruptPrice:f
        timestamp:t""",
    "margin": """account:l currency:s riskLimit:l prevState:s state:s action:s amount:l pendingCredit:l pendingDebit:l
        confirmedDebit:l prevRealisedPnl:l prevUnrealisedPnl:l grossComm:l grossOpenCost:l grossOpenPremium:l
        grossExecCost:l grossMarkValue:l riskValue:l taxableMargin:l initMargin:l maintMargin:l sessionMargin:l
        targetExcessMargin:l varMargin:l realisedPnl:l unrealisedPnl:l indicativeTax:l unrealisedProfit:l
        syntheticMargin:l walletBalance:l marginBalance:l marginBalancePcnt:f marginLeverage:f marginUsedPcnt:f
        excessMargin:l excessMarginPcnt:f availableMargin:l withdrawableMargin:l makerFeeDiscount:f takerFeeDiscount:f
        timestamp:t grossLastValue:l commission:f""",
    "wallet": """account:l currency:s prevDeposited:l prevWithdrawn:l prevTransferIn:l prevTransferOut:l prevAmount:l
        prevTimestamp:t deltaDeposited:l deltaWithdrawn:l deltaTransferIn:l deltaTransferOut:l deltaAmount:l deposited:l
        withdrawn:l transferIn:l transferOut:l amount:l pendingCredit:l pendingDebit:l confirmedDebit:l timestamp:t
        addr:s script:s withdrawalLock:s""",
    "instrument": """symbol:s rootSymbol:s state:s typ:s listing:t front:t expiry:t settle:t listedSettle:t
        positionCurrency:s underlying:s quoteCurrency:s underlyingSymbol:s reference:s referenceSymbol:s calcInterval:i
        publishInterval:i publishTime:i maxOrderQty:l maxPrice:f lotSize:l tickSize:f multiplier:l settlCurrency:s
        underlyingToPositionMultiplier:l underlyingToSettleMultiplier:l quoteToSettleMultiplier:l isQuanto:b isInverse:b
        initMargin:f maintMargin:f riskLimit:l riskStep:l limit:f taxed:b deleverage:b makerFee:f takerFee:f
        settlementFee:f fundingBaseSymbol:s fundingQuoteSymbol:s fundingPremiumSymbol:s fundingTimestamp:t
        fundingInterval:i fundingRate:f indicativeFundingRate:f rebalanceTimestamp:t rebalanceInterval:i
        openingTimestamp:t closingTimestamp:t sessionInterval:i prevClosePrice:f limitDownPrice:f limitUpPrice:f
        totalVolume:l volume:l volume24h:l prevTotalTurnover:l totalTurnover:l turnover:l turnover24h:l
        homeNotional24h:f foreignNotional24h:f prevPrice24h:f vwap:f highPrice:f lowPrice:f lastPrice:f
        lastPriceProtected:f lastTickDirection:s lastChangePcnt:f bidPrice:f midPrice:f askPrice:f impactBidPrice:f
        impactMidPrice:f impactAskPrice:f hasLiquidity:b openInterest:l openValue:l fairMethod:s fairBasisRate:f
        fairBasis:f fairPrice:f markMethod:s markPrice:f indicativeSettlePrice:f settledPriceAdjustmentRate:f
        settledPrice:f instantPnl:b minTick:f timestamp:t""",
    "trade": """timestamp:t symbol:s side:s size:l price:f tickDirection:s trdMatchID:g grossValue:l homeNotional:f
        foreignNotional:f trdType:s""",
    "quote": "timestamp:t symbol:s bidSize:l bidPrice:f askPrice:f askSize:l",
    "tradeBin": """timestamp:t symbol:s open:f high:f low:f close:f trades:l volume:l vwap:f lastSize:l turnover:l
        homeNotional:f foreignNotional:f""",
    "orderBookL2": "symbol:s id:l side:s size:l price:f timestamp:t transactTime:t",
    "orderBook10": "symbol:s bids:s asks:s timestamp:t",
    "funding": "timestamp:t symbol:s fundingInterval:i fundingRate:f fundingRateDaily:f",
    "liquidation": "orderID:g symbol:s side:s price:f leavesQty:l",
    "settlement": """timestamp:t symbol:s settlementType:s settledPrice:f optionStrikePrice:f optionUnderlyingPrice:f
        bankrupt:l taxBase:l taxRate:f""",
    "insurance": "currency:s timestamp:t walletBalance:l",
    "announcement": "id:l link:s title:s content:s date:t",
    "transact": """transactID:g account:l currency:s network:s transactType:s amount:l fee:l transactStatus:s address:s
        tx:s text:s transactTime:t timestamp:t walletBalance:l""",
}  # fmt: skip


@attrs.frozen
class Table:
    """One table as a partial states it."""

    name: str
    keys: tuple[str, ...]
    types: dict[str, str]
    is_private: bool
    has_symbol: bool = True


def _table(name: str, keys: str = "", *, like: str = "", private: bool = False, symbol: bool = True) -> Table:
    columns = dict(part.split(":") for part in _WIDE[like or name].split())
    types = {column: _TYPES[code] for column, code in columns.items()}
    return Table(name, tuple(keys.split()), types, private, symbol)


TABLES: Final = {
    table.name: table
    for table in (
        _table("instrument", "symbol"),
        _table("trade"),
        _table("quote"),
        _table("orderBookL2", "symbol id side"),
        _table("orderBookL2_25", "symbol id side", like="orderBookL2"),
        _table("orderBook10", "symbol"),
        _table("funding", "timestamp symbol"),
        _table("liquidation", "orderID"),
        _table("settlement", "timestamp symbol"),
        _table("insurance", "currency timestamp", symbol=False),
        _table("announcement", "id", symbol=False),
        *(_table(f"tradeBin{name}", like="tradeBin") for name in ("1m", "5m", "1h", "1d")),
        *(_table(f"quoteBin{name}", like="quote") for name in ("1m", "5m", "1h", "1d")),
        _table("order", "orderID", private=True),
        _table("execution", private=True),
        _table("position", "account symbol currency", private=True),
        _table("margin", "account currency", private=True, symbol=False),
        _table("wallet", "account currency", private=True, symbol=False),
        _table("transact", "transactID", private=True, symbol=False),
    )
}
"""By name."""
EMPTY: Final = frozenset({"settlement", "insurance", "announcement"})
"""Tables that exist, and in which nothing ever happens here."""
