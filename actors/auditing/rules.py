"""What one account is audited by: its limits, and what there was before this life."""

from collections.abc import Mapping

import attrs

from actors.setup import Setup
from messages import Account, Lots, Symbol


@attrs.frozen(kw_only=True)
class AccountRules:
    """Limits in lots, by symbol where there are any, and the state of things at the beginning."""

    account: Account
    position_lots_max: Mapping[Symbol, Lots] = attrs.field(factory=dict)
    order_lots_max: Mapping[Symbol, Lots] = attrs.field(factory=dict)
    is_live: bool = False
    """At a real venue: no market is fresh before somebody says so."""
    positions: Mapping[Symbol, Lots] = attrs.field(factory=dict)
    """What earlier lives left."""
    orders_before: int = 0
    """So many orders earlier lives have numbered."""


def rules_of(
    setup: Setup, account: Account, *, positions: Mapping[Symbol, Lots] | None = None, orders_before: int = 0
) -> AccountRules:
    """An account's, from the configured limits that hold for the account or one of its symbols as a whole."""
    rows = [setup.risk, *[row for row in setup.scoped_limits if row.account in (None, account) and not row.strategy]]

    def least(name: str) -> dict[Symbol, Lots]:
        found: dict[Symbol, Lots] = {}
        for symbol in setup.instruments:
            told = [
                limit
                for row in rows
                if getattr(row, "symbol", None) in (None, symbol) and (limit := getattr(row, name)) is not None
            ]
            if told:
                found[symbol] = min(told)
        return found

    return AccountRules(
        account=account,
        position_lots_max=least("position_lots_max"),
        order_lots_max=least("order_lots_max"),
        is_live=account in setup.live_accounts,
        positions=positions or {},
        orders_before=orders_before,
    )
