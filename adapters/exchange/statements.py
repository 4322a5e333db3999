"""What an account is told: rows of `position`, `margin` and `wallet`."""

from decimal import Decimal
from typing import Final

from actors.money.liquidation import bankruptcy_price, isolated_inverse_prices, liquidation_price
from actors.money.profit import average_price
from adapters.exchange.account import Account, Position, Wallet
from adapters.exchange.clearing import is_inverse
from adapters.exchange.floor import Floor
from adapters.exchange.liquidation import cross_balance, isolated_balance
from adapters.exchange.margins import maintenance_of, margin_of, offers_of, opening, standing, unrealised
from adapters.exchange.market import Market
from adapters.exchange.tape import notionals
from adapters.exchange.wire import Row, iso, plain
from messages import Minor

NO_PRICE: Final = 100_000_000
"""The liquidation price of what is never liquidated."""
POSITION_ALWAYS: Final = (
    "account", "symbol", "currency", "currentQty", "markPrice", "liquidationPrice", "timestamp",
)  # fmt: skip
MARGIN_ALWAYS: Final = ("account", "currency", "timestamp")


def position_row(floor: Floor, account: Account, position: Position) -> Row:
    """A row of `position`: every field; prices are null when nothing is held."""
    contract, book = position.contract, position.book
    market = floor.markets[contract.symbol]
    gain, margin = unrealised(market, position), margin_of(market, position)
    opens = opening(market, position.lots, offers_of(account, market))
    value = market.mark_value(position.lots)
    orders = opens.margin(position)
    home, foreign = notionals(contract, abs(position.lots), market.mark, abs(value))
    sign = 1 if position.lots >= 0 else -1
    entry = average_price(market.arithmetic, book) if position.lots else None
    liquidated, bankrupt = _adverse_prices(floor, account, market, position)
    cost = abs(book.cost_minor)
    at = position.changed or floor.now
    return {
        "account": account.number, "symbol": contract.symbol, "currency": contract.settles,
        "underlying": contract.underlying, "quoteCurrency": contract.quoted,
        "commission": float(contract.instrument.taker_fee), "initMarginReq": float(position.initial),
        "maintMarginReq": float(contract.instrument.maintenance_margin), "riskLimit": position.risk_limit,
        "leverage": float(round(1 / position.initial, 2)), "crossMargin": position.is_cross,
        "deleveragePercentile": 1 if position.lots else None, "rebalancedPnl": position.prev_realised,
        "prevRealisedPnl": position.prev_realised, "prevUnrealisedPnl": 0,
        "openingQty": position.opening * contract.lot, "openOrderBuyQty": opens.buy_lots * contract.lot,
        "openOrderBuyCost": opens.buy_cost, "openOrderBuyPremium": 0,
        "openOrderSellQty": opens.sell_lots * contract.lot, "openOrderSellCost": opens.sell_cost,
        "openOrderSellPremium": 0, "currentQty": position.lots * contract.lot,
        "currentCost": book.cost_minor - book.realised_minor, "currentComm": book.fees_minor - book.funding_minor,
        "realisedCost": -book.realised_minor, "unrealisedCost": book.cost_minor, "grossOpenPremium": 0,
        "isOpen": position.lots != 0, "markPrice": plain(market.mark) if position.lots else None, "markValue": value,
        "riskValue": abs(value) + max(opens.buy_cost, opens.sell_cost), "homeNotional": sign * home,
        "foreignNotional": -sign * foreign, "posState": "", "posCost": book.cost_minor, "posInit": margin.init_minor,
        "posCross": margin.cross_minor, "posComm": margin.comm_minor, "posLoss": margin.loss_minor,
        "posMargin": margin.margin_minor, "posMaint": margin.maint_minor,
        "initMargin": orders, "maintMargin": margin.margin_minor + gain,
        "realisedPnl": position.realised, "unrealisedPnl": gain,
        "unrealisedPnlPcnt": round(gain / cost, 4) if cost else 0,
        "unrealisedRoePcnt": round(gain / margin.init_minor, 4) if margin.init_minor else 0,
        "avgCostPrice": _rounded(entry), "avgEntryPrice": _rounded(entry),
        "breakEvenPrice": plain(market.arithmetic.grid.round_nearest(entry)) if entry else None,
        "marginCallPrice": plain(liquidated), "liquidationPrice": plain(liquidated), "bankruptPrice": plain(bankrupt),
        "timestamp": iso(at),
    }  # fmt: skip


def _rounded(price: float | None) -> float | None:
    return None if price is None else plain(round(price, 4))


def _adverse_prices(
    floor: Floor, account: Account, market: Market, position: Position
) -> tuple[float | None, float | None]:
    """(liquidation, bankruptcy) as the position shows them; 100000000 for a short that has none."""
    if not position.lots:
        return None, None
    grid, lots = market.arithmetic.grid, position.lots
    if is_inverse(market) and not position.is_cross:
        prices = isolated_inverse_prices(market.arithmetic, margin_of(market, position))
        return prices.liquidation or NO_PRICE, prices.bankruptcy or NO_PRICE
    if position.is_cross:
        balance = cross_balance(market, position, standing(floor, account, position.contract.settles))
    else:
        balance = isolated_balance(market, position)
    liquidated = liquidation_price(market.arithmetic, lots, balance, maintenance_of(position))
    bankrupt = bankruptcy_price(market.arithmetic, lots, balance, Decimal(0))
    none = NO_PRICE if lots < 0 else float(grid.tick_size)
    return (
        none if liquidated is None or liquidated > NO_PRICE else grid.round_nearest(liquidated),
        none if bankrupt is None or bankrupt > NO_PRICE else bankrupt,
    )


def margin_row(floor: Floor, account: Account, currency: str) -> Row:
    """A row of `margin`."""
    stands = standing(floor, account, currency)
    wallet = account.wallets[currency]
    books = [held.book for held in account.positions.values() if held.contract.settles == currency]
    balance = stands.balance
    return {
        "account": account.number, "currency": currency, "riskLimit": 1_000_000_000_000, "prevState": "", "state": "",
        "action": "", "amount": stands.amount, "pendingCredit": 0, "pendingDebit": 0, "confirmedDebit": 0,
        "prevRealisedPnl": wallet.prev_realised, "prevUnrealisedPnl": 0,
        "grossComm": sum(book.fees_minor - book.funding_minor for book in books), "grossOpenCost": stands.open_cost,
        "grossOpenPremium": 0, "grossExecCost": sum(abs(book.cost_minor) for book in books),
        "grossMarkValue": stands.mark_value, "riskValue": stands.mark_value + stands.open_cost, "taxableMargin": 0,
        "initMargin": stands.orders, "maintMargin": stands.positions, "sessionMargin": 0, "targetExcessMargin": 0,
        "varMargin": 0, "realisedPnl": stands.realised, "unrealisedPnl": stands.unrealised, "indicativeTax": 0,
        "unrealisedProfit": 0, "syntheticMargin": None, "walletBalance": stands.wallet, "marginBalance": balance,
        "marginBalancePcnt": 1, "marginLeverage": _ratio(stands.mark_value, balance),
        "marginUsedPcnt": _ratio(stands.orders + stands.positions, balance), "excessMargin": stands.available,
        "excessMarginPcnt": 1, "availableMargin": stands.available, "withdrawableMargin": max(0, stands.available),
        "makerFeeDiscount": None, "takerFeeDiscount": None, "timestamp": iso(floor.now), "grossLastValue": 0,
        "commission": None,
    }  # fmt: skip


def _ratio(part: Minor, whole: Minor) -> float:
    return round(part / whole, 4) if whole > 0 else 0


def wallet_row(floor: Floor, account: Account, wallet: Wallet) -> Row:
    """A row of `wallet`: what the last session's end left."""
    return {
        "account": account.number, "currency": wallet.currency, "prevDeposited": wallet.deposited, "prevWithdrawn": 0,
        "prevTransferIn": 0, "prevTransferOut": 0, "prevAmount": wallet.amount - wallet.prev_realised,
        "prevTimestamp": iso(floor.now), "deltaDeposited": 0, "deltaWithdrawn": 0, "deltaTransferIn": 0,
        "deltaTransferOut": 0, "deltaAmount": wallet.prev_realised, "deposited": wallet.deposited, "withdrawn": 0,
        "transferIn": 0, "transferOut": 0, "amount": wallet.amount, "pendingCredit": 0, "pendingDebit": 0,
        "confirmedDebit": 0, "timestamp": iso(floor.now), "addr": "", "script": "", "withdrawalLock": [],
    }  # fmt: skip
