"""The trading state that a life ended in, from what was said of it: what was halted stays so."""

from collections.abc import Iterable
from typing import Final

from actors.risk.daily_loss import DAILY_LOSS, NEW_DAY
from messages import Account, Fill, HaltTrading, Liquidity, Message, TradingState, TradingStateChanged

_ACTIVE: Final = TradingState.ACTIVE
_ORDER: Final = (TradingState.ACTIVE, TradingState.REDUCE_ONLY, TradingState.FLATTENING, TradingState.HALTED)
STOPPED_BY: Final = "stopped by "
"""How the reason of a halt begins with which a run is stopped in order: it is no trouble, and is not carried over."""


def is_own_halt(reason: str) -> bool:
    """Whether a trading state's reason is that the run was stopped, and nothing that went wrong."""
    return reason.startswith(STOPPED_BY)


def standing_of(account: Account, facts: Iterable[Message]) -> tuple[TradingState, TradingState]:
    """(what stands for good, what a lost day led to), from the halts and changes of state in the order they were said.

    That the venue was not ready is not kept: the next life has to find out for itself. A halt counts although no change
    of state tells of it: while the venue was not ready it changed nothing yet. So does a liquidation, until trading has
    gone on after it.
    """
    standing = lost = _ACTIVE
    liquidated: set[str] = set()
    for fact in facts:
        if isinstance(fact, Fill):
            is_news = fact.liquidity is Liquidity.LIQUIDATION and fact.execution_id not in liquidated
            if is_news and fact.account == account:
                liquidated.add(fact.execution_id)
                standing = TradingState.HALTED
            continue
        if isinstance(fact, HaltTrading | TradingStateChanged) and is_own_halt(fact.reason):
            continue
        if isinstance(fact, HaltTrading) and fact.account in (None, account):
            standing = max(standing, TradingState.FLATTENING if fact.flatten else TradingState.HALTED, key=_ORDER.index)
        if not isinstance(fact, TradingStateChanged) or fact.account != account:
            continue
        state = fact.state
        if state is TradingState.RECOVERING:
            continue
        if state is _ACTIVE:
            standing = lost = _ACTIVE
        elif fact.reason.startswith(DAILY_LOSS):
            lost = state
        else:
            lost = _ACTIVE if fact.reason == NEW_DAY else lost
            if state is not lost:
                standing = state
    return standing, lost
