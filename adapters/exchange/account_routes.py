"""Routes that need a key: what an account has, and what it may do."""

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from adapters.exchange import order_commands, position_commands, statements
from adapters.exchange.account import Account
from adapters.exchange.exchange import Exchange
from adapters.exchange.floor import Floor
from adapters.exchange.query import filters_of, query, select
from adapters.exchange.refusals import Refusal, invalid
from adapters.exchange.route import Fields, Handler, Route, merged, needed, table_rows
from adapters.exchange.ticket import word
from adapters.exchange.wire import Row
from messages import Symbol

LEDGER_KINDS: Final = ("Trade", "Funding", "Settlement", "Liquidation")
"""Executions that move money: what tradeHistory shows."""
_ORDER: Final = frozenset({"order"})
_CANCEL: Final = frozenset({"order", "orderCancel"})
_WALLET: Final = 10_000


def _orders(exchange: Exchange, account: Account | None, fields: Fields) -> list[Row]:
    rows = [order.row() for order in needed(account).orders.values()]
    return table_rows(exchange, fields, rows, "order")


def _executions(exchange: Exchange, account: Account | None, fields: Fields, *, ledger: bool) -> list[Row]:
    rows = needed(account).executions
    return table_rows(exchange, fields, (r for r in rows if not ledger or r["execType"] in LEDGER_KINDS), "execution")


def _positions(exchange: Exchange, account: Account | None, fields: Fields) -> list[Row]:
    owner = needed(account)
    rows = [statements.position_row(exchange.floor, owner, position) for position in owner.positions.values()]
    return table_rows(exchange, fields, rows, "position")


def _currency(account: Account, fields: Fields) -> str:
    wanted = word(fields, "currency") or "XBt"
    for name in account.wallets:
        if wanted.lower() == name.lower():
            return name
    raise invalid("currency")


def _margin(exchange: Exchange, account: Account | None, fields: Fields) -> Any:
    owner = needed(account)
    if word(fields, "currency") == "all":
        return [statements.margin_row(exchange.floor, owner, currency) for currency in owner.wallets]
    return statements.margin_row(exchange.floor, owner, _currency(owner, fields))


def _wallet(exchange: Exchange, account: Account | None, fields: Fields) -> Any:
    owner = needed(account)
    if word(fields, "currency") == "all":
        return [statements.wallet_row(exchange.floor, owner, wallet) for wallet in owner.wallets.values()]
    return statements.wallet_row(exchange.floor, owner, owner.wallets[_currency(owner, fields)])


def _wallet_history(_exchange: Exchange, account: Account | None, fields: Fields) -> list[Row]:
    owner = needed(account)
    everything = word(fields, "currency") == "all"
    wallets = owner.wallets.values() if everything else [owner.wallets[_currency(owner, fields)]]
    rows = merged([wallet.transactions for wallet in wallets])
    given = {name: value for name, value in fields.items() if name in ("count", "start")}
    wanted = query(given, count_max=_WALLET, named=_no_symbol, count_default=_WALLET)
    return select(reversed(rows), wanted, ("transactID",))


def _no_symbol(_symbol: object) -> Symbol:
    raise Refusal(400, "Invalid symbol")


def _user(_exchange: Exchange, account: Account | None, _fields: Fields) -> Row:
    number = needed(account).number
    return {
        "id": number, "ownerId": None, "firstname": "", "lastname": "", "username": f"loopback{number}",
        "accountName": "", "isUser": True, "email": "", "phone": "", "created": None, "lastUpdated": None,
        "preferences": {}, "TFAEnabled": "", "affiliateID": "", "country": "", "geoipCountry": "", "geoipRegion": "",
        "firstTradeTimestamp": None, "firstDepositTimestamp": None, "typ": "",
    }  # fmt: skip


def _commission(exchange: Exchange, _account: Account | None, _fields: Fields) -> Row:
    return {
        symbol: {
            "makerFee": float(market.contract.instrument.maker_fee),
            "takerFee": float(market.contract.instrument.taker_fee), "settlementFee": 0,
        }
        for symbol, market in exchange.markets.items()
    }  # fmt: skip


def _keys(exchange: Exchange, account: Account | None, _fields: Fields) -> list[Row]:
    owner = needed(account)
    return [
        {
            "id": key.id, "secret": "", "name": key.id, "nonce": 0, "cidr": "0.0.0.0/0", "cidrs": [],
            "permissions": sorted(key.permissions), "enabled": key.enabled, "userId": owner.number, "created": None,
        }
        for key in exchange.keys.values()
        if key.account == owner.number
    ]  # fmt: skip


# Orders and positions.


def _command(command: Callable[[Floor, Account, Fields], Any]) -> Handler:
    """A command that takes the account and the fields."""

    def handle(exchange: Exchange, account: Account | None, fields: Fields) -> Any:
        return command(exchange.floor, needed(account), fields)

    return handle


def _cancel_all(exchange: Exchange, account: Account | None, fields: Fields) -> list[Row]:
    return order_commands.cancel_all(exchange.floor, needed(account), fields, filters_of(fields))


def _arm(exchange: Exchange, account: Account | None, fields: Fields) -> Row:
    return order_commands.arm(exchange.floor, needed(account), fields.get("timeout"))


def _mine(handle: Handler) -> Route:
    return Route(handle=handle, is_private=True)


def _act(handle: Handler, permissions: frozenset[str] = _ORDER, *, per_second: bool = True) -> Route:
    return Route(handle=handle, is_private=True, permissions=permissions, per_second=per_second)


PRIVATE: Final = {
    ("GET", "/order"): _mine(_orders),
    ("GET", "/execution"): _mine(partial(_executions, ledger=False)),
    ("GET", "/execution/tradeHistory"): _mine(partial(_executions, ledger=True)),
    ("GET", "/position"): _mine(_positions),
    ("GET", "/user"): _mine(_user),
    ("GET", "/user/margin"): _mine(_margin),
    ("GET", "/user/wallet"): _mine(_wallet),
    ("GET", "/user/walletHistory"): _mine(_wallet_history),
    ("GET", "/user/commission"): _mine(_commission),
    ("GET", "/apiKey"): _mine(_keys),
    ("POST", "/order"): _act(_command(order_commands.place)),
    ("PUT", "/order"): _act(_command(order_commands.amend)),
    ("DELETE", "/order"): _act(_command(order_commands.cancel), _CANCEL),
    ("DELETE", "/order/all"): _act(_cancel_all, _CANCEL),
    ("POST", "/order/closePosition"): _act(_command(order_commands.close)),
    ("POST", "/order/cancelAllAfter"): _act(_arm, _CANCEL, per_second=False),
    ("POST", "/position/leverage"): _act(_command(position_commands.set_leverage)),
    ("POST", "/position/isolate"): _act(_command(position_commands.isolate)),
    ("POST", "/position/transferMargin"): _act(_command(position_commands.transfer)),
    ("POST", "/position/riskLimit"): _act(_command(position_commands.set_risk_limit), per_second=False),
}  # fmt: skip
