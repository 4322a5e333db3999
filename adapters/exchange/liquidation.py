"""Positions that the mark price no longer lets anybody keep: orders are canceled, the insurance fund takes over."""

from actors.money.liquidation import bankruptcy_price, is_liquidated
from adapters.exchange.account import Account, Position
from adapters.exchange.clearing import take_over
from adapters.exchange.floor import Floor
from adapters.exchange.margins import Standing, maintenance_of, margin_of, positions_in, standing, unrealised
from adapters.exchange.market import Market
from adapters.exchange.trading import end
from adapters.exchange.wire import plain
from messages import Minor


def check(floor: Floor, currency: str) -> tuple[Market, ...]:
    """Take over what has too little behind it; returns the markets where the fund now holds something more."""
    taken: list[Market] = []
    for account in floor.clients():
        if any(position.lots for _market, position in positions_in(floor, account, currency)):
            taken += _check_account(floor, account, currency)
    return tuple(taken)


def _check_account(floor: Floor, account: Account, currency: str) -> list[Market]:
    taken: list[Market] = []
    for market, position in list(positions_in(floor, account, currency)):
        if position.lots and not position.is_cross and _isolated_is_lost(market, position):
            _liquidate(floor, account, market, isolated_balance(market, position))
            taken.append(market)
    # One position after the other, the worst first, until what is left can be kept.
    while True:
        held = [
            (unrealised(market, position), market, position)
            for market, position in positions_in(floor, account, currency)
            if position.lots and position.is_cross
        ]
        stands = standing(floor, account, currency)
        kept = sum(maintenance_of(position) for _gain, _market, position in held)
        if not held or not is_liquidated(stands.shared, kept):
            return taken
        _gain, market, position = min(held, key=lambda entry: (entry[0], entry[1].symbol))
        _liquidate(floor, account, market, cross_balance(market, position, stands))
        taken.append(market)


def isolated_balance(market: Market, position: Position) -> Minor:
    """What an isolated position has behind it, without its own value."""
    return margin_of(market, position).margin_minor - position.book.cost_minor


def cross_balance(market: Market, position: Position, stands: Standing) -> Minor:
    """What the account has behind a cross position, without that position's own value."""
    return stands.shared - market.mark_value(position.lots)


def _isolated_is_lost(market: Market, position: Position) -> bool:
    left = isolated_balance(market, position) + market.mark_value(position.lots)
    return is_liquidated(left, maintenance_of(position))


def _liquidate(floor: Floor, account: Account, market: Market, balance: Minor) -> None:
    lots, deal = account.lots(market.symbol), market.contract.instrument
    price = bankruptcy_price(market.arithmetic, lots, balance, deal.taker_fee)
    liquidate(floor, account, market, market.arithmetic.grid.round_nearest(market.mark) if price is None else price)


def liquidate(floor: Floor, account: Account, market: Market, price: float) -> None:
    """Take a position over at a price, whatever is behind it."""
    for order in account.open_in(market.symbol):
        end(floor, order, "Canceled: Position in liquidation")
    lots = account.lots(market.symbol)
    row = take_over(floor, market, account, price)
    table = {
        "orderID": row["orderID"], "symbol": market.symbol, "side": "Sell" if lots > 0 else "Buy",
        "price": plain(price), "leavesQty": abs(lots) * market.contract.lot,
    }  # fmt: skip
    market.liquidations[row["orderID"]] = table
    floor.outbox.public("liquidation", "insert", table)
