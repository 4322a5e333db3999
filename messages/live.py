"""What an account at a real venue needs besides: readiness, comparing with the venue, strangers, heartbeat, latency.

A backtest says none of these. Sizes are signed whole lots.
"""

import attrs

from messages.base import Message, filled, frozen_tuple, whole
from messages.units import Account, Lots, Minor, Symbol, UtcNs


@attrs.frozen(kw_only=True)
class VenueConnected(Message):
    """The gateway reaches the venue: logged in, and everything that it tells of the account is heard."""

    account: Account = attrs.field(validator=filled)
    ts: UtcNs = attrs.field(validator=whole)


@attrs.frozen(kw_only=True)
class VenueReady(Message):
    """The reconciler has found account and venue to agree: orders may go."""

    account: Account = attrs.field(validator=filled)
    ts: UtcNs = attrs.field(validator=whole)


@attrs.frozen(kw_only=True)
class VenueLost(Message):
    """The venue cannot be reached, or account and venue do not agree: nothing is sent but cancels until VenueReady."""

    account: Account = attrs.field(validator=filled)
    reason: str = attrs.field(validator=filled)
    ts: UtcNs = attrs.field(validator=whole)


@attrs.frozen(kw_only=True)
class ReadVenue(Message):
    """The reconciler asks the gateway how the account stands at the venue."""

    account: Account = attrs.field(validator=filled)
    number: int = attrs.field(validator=whole)
    """Comes back in the answer."""
    ts: UtcNs = attrs.field(validator=whole)


@attrs.frozen(kw_only=True)
class VenueRead(Message):
    """The answer to ReadVenue. Fills that the venue told of while it was read have been said before it."""

    account: Account = attrs.field(validator=filled)
    number: int = attrs.field(validator=whole)
    failure: str = ""
    """Why the venue could not be read; what else stands here says nothing then."""
    positions: tuple[tuple[Symbol, Lots], ...] = attrs.field(default=(), validator=frozen_tuple)
    """Of every symbol that the account trades, in order; 0 where nothing is held."""
    marks: tuple[tuple[Symbol, float], ...] = attrs.field(default=(), validator=frozen_tuple)
    """The venue's fair prices, of symbols where it tells one: what a difference is booked at."""
    unsettled: tuple[str, ...] = attrs.field(default=(), validator=frozen_tuple)
    """Client ids of our orders that the venue works, or of which nobody knows yet."""
    balances: tuple[tuple[str, Minor], ...] = attrs.field(default=(), validator=frozen_tuple)
    """The wallet by currency, in its minor unit."""
    ts: UtcNs = attrs.field(validator=whole)


@attrs.frozen(kw_only=True)
class ForeignActivity(Message):
    """Something in the account that is not this system's: named, for somebody has to know of it."""

    account: Account = attrs.field(validator=filled)
    kind: str = attrs.field(validator=attrs.validators.in_(("order", "fill", "liquidation", "position", "orphan")))
    """`orphan`: an order of ours that this run did not expect to be alive."""
    symbol: Symbol | None = None
    text: str = attrs.field(validator=filled)
    ts: UtcNs = attrs.field(validator=whole)


@attrs.frozen(kw_only=True)
class MarketStale(Message):
    """What is known of a symbol's market cannot be trusted: nothing that raises risk in it passes until MarketFresh."""

    symbol: Symbol = attrs.field(validator=filled)
    reason: str = attrs.field(validator=filled)
    ts: UtcNs = attrs.field(validator=whole)


@attrs.frozen(kw_only=True)
class MarketFresh(Message):
    """A symbol's market is heard, complete up to now."""

    symbol: Symbol = attrs.field(validator=filled)
    ts: UtcNs = attrs.field(validator=whole)


@attrs.frozen(kw_only=True)
class SourceStale(Message):
    """A source of external events cannot be heard, or has been silent for too long. Trading goes on without it."""

    source: str = attrs.field(validator=filled)
    reason: str = attrs.field(validator=filled)
    ts: UtcNs = attrs.field(validator=whole)


@attrs.frozen(kw_only=True)
class SourceFresh(Message):
    """A source of external events is heard."""

    source: str = attrs.field(validator=filled)
    ts: UtcNs = attrs.field(validator=whole)


@attrs.frozen(kw_only=True)
class Heartbeat(Message):
    """Goes once around the whole path of an order, from hand to hand: back at the gateway it proves that all live."""

    account: Account = attrs.field(validator=filled)
    number: int = attrs.field(validator=whole)
    ts: UtcNs = attrs.field(validator=whole)
    """When the gateway sent it off."""


@attrs.frozen(kw_only=True)
class HeartbeatReturned(Message):
    """A heartbeat has come back at the gateway, for the first time and not too late to count: all on its way live."""

    account: Account = attrs.field(validator=filled)
    number: int = attrs.field(validator=whole)
    ts: UtcNs = attrs.field(validator=whole)
    """When it was back."""


@attrs.frozen(kw_only=True)
class WatchdogChanged(Message):
    """Whether a second process watches this one, and would take its orders back."""

    is_there: bool
    text: str = attrs.field(validator=filled)
    """What has happened, for a person."""
    ts: UtcNs = attrs.field(validator=whole)


@attrs.frozen(kw_only=True)
class OrderTimed(Message):
    """How long an order took: its own times, in ns UTC. What its strategy had heard is its Signal's `ts`."""

    account: Account = attrs.field(validator=filled)
    client_id: str = attrs.field(validator=filled)
    symbol: Symbol = attrs.field(validator=filled)
    decided: UtcNs = attrs.field(validator=whole)
    """The order's `ts`."""
    handed: UtcNs = attrs.field(validator=whole)
    """When the gateway handed its request to a worker."""
    sent: UtcNs = attrs.field(validator=whole)
    """When the last byte of it was written."""
    acknowledged: UtcNs = attrs.field(validator=whole)
    """When the venue's answer was had."""
