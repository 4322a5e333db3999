"""What a client may ask of its positions: leverage, isolation, transfers of margin. Each may raise Refusal."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from adapters.exchange import clockwork, statements
from adapters.exchange.account import Account
from adapters.exchange.floor import Floor
from adapters.exchange.margins import standing
from adapters.exchange.refusals import insufficient, invalid
from adapters.exchange.ticket import number, whole
from adapters.exchange.wire import Row
from messages import Minor

_LEVERAGE: Final = (Decimal("0.01"), Decimal(100))


def set_leverage(floor: Floor, account: Account, fields: Mapping[str, Any]) -> Row:
    """POST /position/leverage: 0 is cross."""
    wanted = number(fields, "leverage")
    if wanted is None:
        raise invalid("leverage")
    leverage = Decimal(repr(wanted))
    if leverage and not _LEVERAGE[0] <= leverage <= _LEVERAGE[1]:
        raise invalid("leverage")
    return _changed_margin(floor, account, fields, leverage, None)


def isolate(floor: Floor, account: Account, fields: Mapping[str, Any]) -> Row:
    """POST /position/isolate."""
    enabled = fields.get("enabled", True)
    isolated = enabled not in (False, "false", "False", 0, "0")
    position = account.position(floor.market_named(fields.get("symbol")).contract)
    leverage = position.leverage or 1 / position.contract.instrument.initial_margin
    return _changed_margin(floor, account, fields, leverage if isolated else Decimal(0), None)


def transfer(floor: Floor, account: Account, fields: Mapping[str, Any]) -> Row:
    """POST /position/transferMargin: into an isolated position, or back."""
    amount = whole(fields, "amount")
    position = account.position(floor.market_named(fields.get("symbol")).contract)
    if amount is None or position.is_cross or not position.lots or position.transferred + amount < 0:
        raise invalid("amount")
    return _changed_margin(floor, account, fields, position.leverage, position.transferred + amount)


def set_risk_limit(floor: Floor, account: Account, fields: Mapping[str, Any]) -> Row:
    """POST /position/riskLimit: it is kept and shown; requirements do not follow it here."""
    limit = whole(fields, "riskLimit")
    position = account.position(floor.market_named(fields.get("symbol")).contract)
    if limit is None or limit <= 0:
        raise invalid("riskLimit")
    position.risk_limit = limit
    return statements.position_row(floor, account, position)


def _changed_margin(
    floor: Floor, account: Account, fields: Mapping[str, Any], leverage: Decimal, transferred: Minor | None
) -> Row:
    """Another leverage or transfer, taken back when what is available does not cover it."""
    market = floor.market_named(fields.get("symbol"))
    position, currency = account.position(market.contract), market.contract.settles
    before = position.leverage, position.transferred
    free = standing(floor, account, currency).available
    position.leverage = leverage
    position.transferred = 0 if leverage == 0 else before[1] if transferred is None else transferred
    left = standing(floor, account, currency).available
    if left < 0 and left < free:
        position.leverage, position.transferred = before
        raise insufficient(free - left, currency)
    position.changed = floor.now
    floor.outbox.held(account, market.symbol, currency)
    clockwork.settle(floor)
    return statements.position_row(floor, account, position)
