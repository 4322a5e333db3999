"""What a run came to, as far as it is compared: from what its actors said, live or again, to bars, decisions, fills.

Both sides are told by the same function from messages in the order they were said, so that a difference is one of the
runs and not of the telling.
"""

from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias

import attrs

from actors.strategy_entry import StrategyEntry
from messages import (
    ActorFailed,
    ActorQuarantined,
    AmendPlaced,
    Bar,
    CancelPlaced,
    Fill,
    GaveUp,
    HaltTrading,
    Liquidity,
    Lots,
    Message,
    Minor,
    Order,
    OrderRefused,
    OrderRejected,
    Period,
    PlaceOrder,
    PositionAdjusted,
    Quarantined,
    Signal,
    StrategyId,
    SubmitOrder,
    Symbol,
    TradingStateChanged,
    UtcNs,
    VenueLost,
    VenueReady,
)

Said: TypeAlias = tuple[UtcNs, Message]
"""(by its own clock, what)"""
BarKey: TypeAlias = tuple[Symbol, Period, UtcNs]
"""(symbol, period, open_ts)"""
Book: TypeAlias = tuple[StrategyId, Symbol]
_Placing: TypeAlias = Signal | PlaceOrder | AmendPlaced | CancelPlaced
TOLD: Final[tuple[type[Message], ...]] = (
    Bar, Signal, PlaceOrder, AmendPlaced, CancelPlaced, SubmitOrder, OrderRefused, OrderRejected, Fill, GaveUp,
    Quarantined, ActorFailed, ActorQuarantined, HaltTrading, TradingStateChanged, PositionAdjusted, VenueReady,
    VenueLost,
)  # fmt: skip
"""What a story is told from; all else is passed over."""


@attrs.frozen(kw_only=True)
class Decision:
    """What a strategy wanted at a moment."""

    strategy: StrategyId
    symbol: Symbol
    at: UtcNs
    """By the strategy's own time: when what it decided on was received."""
    moment: UtcNs
    """The end of the bar that it decided on, whenever that was heard; else `at`."""
    what: tuple[object, ...]
    text: str
    """In words: `target +1`, `buy 2 limit 100.5`."""


@attrs.frozen(kw_only=True)
class Piece:
    """One strategy's part of an execution."""

    strategy: StrategyId
    symbol: Symbol
    currency: str
    at: UtcNs
    decided: UtcNs
    """When its order was."""
    lots: Lots
    price: float
    fee_minor: Minor
    liquidity: Liquidity
    client_id: str


@attrs.frozen(kw_only=True)
class NotSent:
    """An order that the guard or the venue did not take."""

    strategies: tuple[StrategyId, ...]
    symbol: Symbol
    decided: UtcNs
    at: UtcNs
    reason: str


@attrs.frozen(kw_only=True)
class Happened:
    """Something beside the market that makes a run go otherwise."""

    at: UtcNs
    actor: str
    """Whom it is about: an address, an account or a symbol."""
    text: str


@attrs.define(kw_only=True)
class Story:
    """What a run came to."""

    bars: dict[BarKey, Bar] = attrs.field(factory=dict)
    decisions: dict[Book, list[Decision]] = attrs.field(factory=dict)
    pieces: list[Piece] = attrs.field(factory=list)
    executions: int = 0
    """At the venue: those of several strategies are one."""
    not_sent: list[NotSent] = attrs.field(factory=list)
    late: list[Quarantined] = attrs.field(factory=list)
    """What was set aside, with the reason."""
    happened: list[Happened] = attrs.field(factory=list)


def story_of(said: Iterable[Said], entries: Iterable[StrategyEntry], *, until: UtcNs | None = None) -> Story:
    """The story of what was said, in that order. `until`: what was said later is not told."""
    teller = _Teller({entry.id: entry for entry in entries})
    for at, message in said:
        if until is None or at <= until:
            teller.hear(at, message)
    return teller.story


class _Teller:
    def __init__(self, entries: Mapping[StrategyId, StrategyEntry]) -> None:
        self.story = Story()
        self._entries = entries
        self._ends: dict[tuple[Symbol, Period], dict[UtcNs, UtcNs]] = {}
        """Of built bars, by their reception: their end, and of several the first one's.

        Trades that fill a gap come together, and end several bars at one instant; whether a strategy is heard between
        two of them is the threads' doing.
        """
        self._orders: dict[str, Order] = {}
        self._executions: set[str] = set()

    def hear(self, at: UtcNs, message: Message) -> None:
        story = self.story
        match message:
            case Bar():
                story.bars[message.symbol, message.period, message.open_ts] = message
                self._ends.setdefault((message.symbol, message.period), {}).setdefault(
                    message.received, message.close_ts
                )
            case Signal() | PlaceOrder() | AmendPlaced() | CancelPlaced():
                decision = self._decision(message)
                story.decisions.setdefault((decision.strategy, decision.symbol), []).append(decision)
            case SubmitOrder():
                self._orders.setdefault(message.order.client_id, message.order)
            case OrderRefused() | OrderRejected():
                owners = tuple([owner.strategy for owner in message.order.owners])
                story.not_sent.append(
                    NotSent(
                        strategies=owners,
                        symbol=message.order.symbol,
                        decided=message.order.ts,
                        at=at,
                        reason=message.reason,
                    )
                )
            case Fill():
                self._filled(message)
            case Quarantined():
                story.late.append(message)
            case _:
                told = _told(message)
                if told is not None:
                    story.happened.append(Happened(at=at, actor=told[0], text=told[1]))

    def _decision(self, message: _Placing) -> Decision:
        entry = self._entries.get(message.strategy)
        moment = message.ts
        if entry is not None:
            for symbol in entry.heard_symbols:
                moment = self._ends.get((symbol, entry.period), {}).get(message.ts, moment)
        what, text = _content(message)
        return Decision(
            strategy=message.strategy, symbol=message.symbol, at=message.ts, moment=moment, what=what, text=text
        )

    def _filled(self, fill: Fill) -> None:
        if fill.execution_id in self._executions:
            return
        self._executions.add(fill.execution_id)
        order = self._orders.get(fill.client_id)
        self.story.executions += fill.liquidity is not Liquidity.INTERNAL
        for part in fill.parts:
            self.story.pieces.append(
                Piece(
                    strategy=part.strategy,
                    symbol=fill.symbol,
                    currency=fill.currency,
                    at=fill.ts,
                    decided=fill.ts if order is None else order.ts,
                    lots=part.lots,
                    price=fill.price,
                    fee_minor=part.fee_minor,
                    liquidity=fill.liquidity,
                    client_id=fill.client_id,
                )
            )


def _content(message: _Placing) -> tuple[tuple[object, ...], str]:
    """What of a decision has to be equal, and in words."""
    if isinstance(message, Signal):
        return ("target", message.target, message.in_lots), f"target {message.target:+.10g}{' lots' * message.in_lots}"
    if isinstance(message, CancelPlaced):
        return ("cancel", message.number), "cancel all" if message.number is None else f"cancel {message.number}"
    told = [(name.partition("_")[0], getattr(message, name, None)) for name in ("limit_price", "stop_price", "trail")]
    # The very numbers: those of the words are rounded to be read.
    prices = tuple([(name, value) for name, value in told if value is not None])
    words = "".join([f" {name} {value:.10g}" for name, value in prices])
    if isinstance(message, AmendPlaced):
        lots = "" if message.lots is None else f" {message.lots:+}"
        return ("amend", message.number, message.lots, prices), f"amend {message.number}{lots}{words}"
    terms = (message.type, message.time_in_force, message.post_only, message.reduce_only)
    side = "buy" if message.lots > 0 else "sell"
    return ("place", message.lots, prices, terms), f"{side} {abs(message.lots)}{words}"


def _told(message: Message) -> tuple[str, str] | None:  # noqa: PLR0911 - a row for each class
    """(whom it is about, in words) of what makes a run go otherwise."""
    match message:
        case ActorFailed():
            return message.actor, f"{message.actor} failed: {message.error}"
        case ActorQuarantined():
            return message.actor, f"{message.actor} was given up on"
        case HaltTrading():
            return message.account or "all", f"trading was halted: {message.reason}"
        case TradingStateChanged():
            return message.account, f"trading {message.state.value}: {message.reason}"
        case PositionAdjusted():
            return message.account, f"{message.lots:+} {message.symbol} adjusted: {message.reason}"
        case VenueLost():
            return message.account, f"venue lost: {message.reason}"
        case GaveUp():
            return f"strategy:{message.strategy}", f"{message.algorithm} gave up with {message.lots:+} lots lacking"
    return None
