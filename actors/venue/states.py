"""The life of an order at the simulated venue, declared: what may happen to it in which state, and what it is then.

A cancel that was asked for has not happened yet: until the venue says that the order is over, a fill is legal.
"""

import enum
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final


class OrderState(enum.StrEnum):
    """Where an order stands at the venue."""

    ARRIVED = "arrived"
    """Not judged yet."""
    WORKING = "working"
    TRIGGERED = "triggered"
    """A stop was touched: from now on it is a market or a limit order."""
    PARTLY_FILLED = "partly-filled"
    CANCELLING = "cancelling"
    """Asked to end, and not over yet."""
    FILLED = "filled"
    CANCELLED = "cancelled"
    REJECTED = "rejected"


class OrderEvent(enum.StrEnum):
    """What can happen to an order."""

    ACCEPT = "accept"
    REJECT = "reject"
    TRIGGER = "trigger"
    AMEND = "amend"
    FILL_PART = "fill-part"
    FILL_REST = "fill-rest"
    """The last lots; or an amend that leaves no more than what was filled."""
    ASK_CANCEL = "ask-cancel"
    CANCEL = "cancel"


_S, _E = OrderState, OrderEvent
_ENDS = {_E.FILL_REST: _S.FILLED, _E.CANCEL: _S.CANCELLED}
_WORKS = {_E.FILL_PART: _S.PARTLY_FILLED, _E.ASK_CANCEL: _S.CANCELLING, **_ENDS}

EDGES: Mapping[OrderState, Mapping[OrderEvent, OrderState]] = MappingProxyType(
    {
        _S.ARRIVED: {_E.ACCEPT: _S.WORKING, _E.REJECT: _S.REJECTED},
        _S.WORKING: {_E.TRIGGER: _S.TRIGGERED, _E.AMEND: _S.WORKING, **_WORKS},
        _S.TRIGGERED: {_E.AMEND: _S.TRIGGERED, **_WORKS},
        _S.PARTLY_FILLED: {_E.AMEND: _S.PARTLY_FILLED, **_WORKS},
        _S.CANCELLING: {_E.FILL_PART: _S.CANCELLING, **_ENDS},
        _S.FILLED: {},
        _S.CANCELLED: {},
        _S.REJECTED: {},
    }
)
"""Every legal edge: state -> event -> next state. The last three are ends."""

# A tuple, for it is asked at every order: comparing by identity costs less than hashing.
OVER: Final = (_S.FILLED, _S.CANCELLED)
"""An accepted order in one of these is no more."""


def step(state: OrderState, event: OrderEvent) -> OrderState:
    """The state after an event; ValueError when the event cannot happen in this state."""
    after = EDGES[state].get(event)
    if after is None:
        raise ValueError(f"an order that is {state} cannot {event}")
    return after
