"""A fill moves money and positions; funding and the end of a session do too. Nothing else does."""

from typing import Final

from actors.money.funding import funding_of
from adapters.exchange.account import Account, Position, Wallet
from adapters.exchange.floor import Floor
from adapters.exchange.market import Market
from adapters.exchange.order import Order, execution
from adapters.exchange.tape import notionals
from adapters.exchange.wire import Row, iso, plain
from messages import Kind, Lots, Minor

MAKER: Final = "AddedLiquidity"
TAKER: Final = "RemovedLiquidity"


def settle_fill(floor: Floor, order: Order, lots: Lots, price: float, *, liquidity: str, match_id: str) -> None:
    """One side of a fill (lots above zero): position, fee, order and its rows."""
    market, account = floor.market_of(order), floor.owner(order)
    deal = market.contract.instrument
    rate = deal.maker_fee if liquidity == MAKER else deal.taker_fee
    fee = market.arithmetic.fee_minor(lots, price, rate)
    value = move(floor, account, market, order.sign * lots, price, fee=fee)
    order.fill(lots, price, floor.now)
    if not order.is_open:
        order.working = False
        account.open.pop(order.number, None)
    if account.is_crowd:
        return
    row = execution(order.row(), "Trade", floor.guid(), floor.now)
    row.update(traded_fields(market, order.sign * lots, price, value, fee))
    row.update(lastLiquidityInd=liquidity, commission=float(rate), feeType="", trdMatchID=match_id)
    row.update(tradePublishIndicator="PublishTrade" if liquidity == TAKER else "DoNotPublishTrade")
    account.note(row)
    floor.outbox.execution(row)
    floor.outbox.order(order)


def move(floor: Floor, account: Account, market: Market, lots: Lots, price: float, *, fee: Minor) -> Minor:
    """Change a position by signed lots; the fee goes to the house. Returns the signed value."""
    position = account.position(market.contract)
    value = market.arithmetic.value_minor(lots, price)
    long_before = max(0, position.lots)
    before = position.lots
    position.book.apply(lots, value, fee)
    if before * position.lots <= 0:
        # A position that was closed or turned round is backed by nothing that the old one was given.
        position.transferred = 0
    position.changed = floor.now
    market.open_lots += max(0, position.lots) - long_before
    floor.collect(market.contract.settles, fee)
    floor.outbox.held(account, market.symbol, market.contract.settles)
    return value


def traded_fields(market: Market, lots: Lots, price: float, value: Minor, fee: Minor) -> Row:
    """The fields of an execution that traded. Signs as BitMEX has them: a buy's home is above, its foreign below 0."""
    sign = 1 if lots > 0 else -1
    home, foreign = notionals(market.contract, abs(lots), price, abs(value))
    return {
        "lastQty": abs(lots) * market.contract.lot,
        "lastPx": plain(price),
        "execCost": value,
        "execComm": fee,
        "homeNotional": sign * home,
        "foreignNotional": -sign * foreign,
    }


def take_over(floor: Floor, market: Market, account: Account, price: float) -> Row:
    """A liquidated position goes to the insurance fund at a price; returns the account's execution."""
    position = account.position(market.contract)
    lots, deal = -position.lots, market.contract.instrument
    fee = market.arithmetic.fee_minor(lots, price, deal.taker_fee)
    value = move(floor, account, market, lots, price, fee=fee)
    move(floor, floor.insurance, market, -lots, price, fee=0)
    row = bare_execution(floor, market, account, "Liquidation", 1 if lots > 0 else -1)
    row.update(traded_fields(market, lots, price, value, fee))
    row.update(orderQty=abs(lots) * market.contract.lot, cumQty=abs(lots) * market.contract.lot, price=plain(price))
    row.update(avgPx=plain(price), commission=float(deal.taker_fee), lastLiquidityInd=TAKER, ordType="Limit")
    account.note(row)
    floor.outbox.execution(row)
    return row


def reduce(floor: Floor, market: Market, account: Account, lots: Lots, price: float, *, kind: str, text: str) -> Row:
    """Signed lots are taken from a position, by the insurance fund and without an order: a row that says why."""
    value = move(floor, account, market, lots, price, fee=0)
    move(floor, floor.insurance, market, -lots, price, fee=0)
    row = bare_execution(floor, market, account, kind, 1 if lots > 0 else -1)
    return _without_order(floor, market, {**row, "text": text}, lots, price, value)


def settle_contract(floor: Floor, market: Market, price: float) -> None:
    """Everybody's position ends at a price."""
    for account in floor.accounts.values():
        lots = -account.lots(market.symbol)
        if lots:
            value = move(floor, account, market, lots, price, fee=0)
            if not account.is_crowd:
                row = bare_execution(floor, market, account, "Settlement", 1 if lots > 0 else -1)
                _without_order(floor, market, row, lots, price, value)


def _without_order(floor: Floor, market: Market, row: Row, lots: Lots, price: float, value: Minor) -> Row:  # noqa: PLR0917 as in `move`
    size = abs(lots) * market.contract.lot
    row.update(traded_fields(market, lots, price, value, 0))
    row.update(orderQty=size, cumQty=size, price=plain(price), avgPx=plain(price), commission=0.0, ordType="Limit")
    floor.accounts[row["account"]].note(row)
    floor.outbox.execution(row)
    return row


def pay_funding(floor: Floor, market: Market) -> None:
    """Everybody who holds something pays or receives; what rounding leaves goes to the house."""
    rate = market.funding_rate
    for account in floor.accounts.values():
        position = account.positions.get(market.symbol)
        if position is None or position.lots == 0:
            continue
        received, _parts = funding_of(market.marks, {position.book.account: position.lots}, market.mark, rate)
        position.book.add_funding(received)
        floor.collect(market.contract.settles, -received)
        floor.outbox.held(account, market.symbol, market.contract.settles)
        if account.is_crowd:
            continue
        row = bare_execution(floor, market, account, "Funding", 1 if position.lots > 0 else -1)
        row.update(traded_fields(market, position.lots, market.mark, market.mark_value(position.lots), -received))
        row.update(orderQty=abs(position.lots) * market.contract.lot, commission=rate, price=plain(market.mark))
        row.update(ordType="Limit", timeInForce="AtTheClose", ordStatus="Filled")
        account.note(row)
        floor.outbox.execution(row)


def bare_execution(floor: Floor, market: Market, account: Account, kind: str, sign: int) -> Row:
    """A row of `execution` without an order of anybody's behind it."""
    contract = market.contract
    order_row = {
        "orderID": floor.guid(), "clOrdID": "", "clOrdLinkID": "", "account": account.number, "symbol": market.symbol,
        "side": "Buy" if sign > 0 else "Sell", "orderQty": None, "price": None, "displayQty": None, "stopPx": None,
        "pegOffsetValue": None, "pegPriceType": "", "currency": contract.quoted, "settlCurrency": contract.settles,
        "ordType": "", "timeInForce": "ImmediateOrCancel", "execInst": "", "contingencyType": "",
        "ordStatus": "Filled", "triggered": "", "workingIndicator": False, "ordRejReason": "", "leavesQty": 0,
        "cumQty": None, "avgPx": None, "text": kind, "transactTime": "", "timestamp": "",
    }  # fmt: skip
    return execution(order_row, kind, floor.guid(), floor.now)


def end_session(floor: Floor) -> None:
    """Noon: what was realised since the last noon becomes wallet, and every count begins anew."""
    for account in floor.accounts.values():
        for position in account.positions.values():
            _roll(floor, account, position)


def _roll(floor: Floor, account: Account, position: Position) -> None:
    realised, book = position.realised, position.book
    position.prev_realised, position.opening = realised, position.lots
    book.realised_minor = book.fees_minor = book.funding_minor = 0
    wallet = account.wallets.get(position.contract.settles)
    if wallet is None or account.is_crowd:
        floor.collect(f"settled:{position.contract.settles}", realised)
        return
    wallet.amount += realised
    wallet.prev_realised = realised
    if realised:
        wallet.transactions.append(transaction(floor, account.number, wallet, "RealisedPNL", realised))
    floor.outbox.held(account, position.contract.symbol, position.contract.settles)


def transaction(floor: Floor, account: int, wallet: Wallet, kind: str, amount: Minor) -> Row:
    """A row of `/user/walletHistory`; the wallet holds the amount already."""
    return {
        "transactID": floor.guid(), "account": account, "currency": wallet.currency, "network": "",
        "transactType": kind, "amount": amount, "fee": 0, "transactStatus": "Completed", "address": "", "tx": "",
        "text": "", "transactTime": iso(floor.now), "timestamp": iso(floor.now), "walletBalance": wallet.amount,
    }  # fmt: skip


def is_inverse(market: Market) -> bool:
    """Whether a market's value runs against its price."""
    return market.contract.instrument.kind is Kind.INVERSE
