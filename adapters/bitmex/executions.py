"""What an execution of the venue's means for the account: fills with their owners, funding, and what is not ours.

Each execution counts once, by its id, whichever way it comes and however often. Money is the venue's own to the minor
unit; where it does not tell, it is computed from the instrument.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from actors.execution.once import Once
from actors.money.values import Arithmetic
from adapters.bitmex.clock_offset import ClockOffset
from adapters.bitmex.holders import OUTSIDE, Holders
from adapters.bitmex.ours import OurOrders
from adapters.bitmex.reports import Execution, ExecutionKind
from adapters.bitmex.unexplained import Unexplained
from messages import (
    Account,
    Fill,
    FillPart,
    ForeignActivity,
    FundingPaid,
    Instrument,
    Liquidity,
    Lots,
    Message,
    Minor,
    PositionAdjusted,
    Quarantined,
    Symbol,
    UtcNs,
)

KNOWN_MAX: Final = 100_000
"""Execution ids that are remembered."""
_ADJUSTMENT: Final = "execution-"
"""How the id of an adjustment begins that is an execution."""


class Executions:
    """One account's. `take` folds what it says into `holders` and into the orders' own accounts.

    What happened before `since` (by our clock) is in what is held already, and says nothing.
    """

    def __init__(
        self,
        account: Account,
        instruments: Mapping[Symbol, Instrument],
        *,
        orders: OurOrders,
        holders: Holders,
        clock: ClockOffset,
        since: UtcNs,
    ) -> None:
        self.holders = holders
        self._clock, self._since = clock, since
        self._account, self._instruments, self._orders = account, instruments, orders
        self._arithmetic = {symbol: Arithmetic(instrument) for symbol, instrument in instruments.items()}
        self._known = Once(KNOWN_MAX)
        self._unexplained = Unexplained()
        self.shown: UtcNs = 0
        """Up to when the last positions that were read hold everything, by the venue's clock."""
        self._doubt = ""

    def know(self, executions: Iterable[str], funding: Iterable[tuple[Symbol, UtcNs]]) -> None:
        """These were said in an earlier life."""
        for execution_id in executions:
            self._known.first(execution_id.removeprefix(_ADJUSTMENT))
        for symbol, ts in funding:
            self._known.first(_funding_name(symbol, ts))

    def take(self, execution: Execution, at: UtcNs) -> tuple[Message, ...]:
        """What it means, the first time."""
        if execution.kind is ExecutionKind.EVENT or execution.ts < self._clock.venue_time(self._since):
            return ()
        if execution.kind is ExecutionKind.UNKNOWN:
            return self._unknown(execution, at)
        if not self._known.first(execution.execution_id):
            return ()
        if execution.symbol not in self._instruments:
            return (self._foreign("fill", execution, "of a symbol that is not traded here", at),)
        lots, price = execution.lots, execution.price
        if not lots or price is None:
            return (self._quarantined(execution, f"{execution.contracts} contracts at {price!r} mean no fill", at),)
        meaning = {ExecutionKind.FUNDING: self._funding, ExecutionKind.TRADE: self._trade}
        return meaning.get(execution.kind, self._befallen)(execution, lots, price, at)

    def take_doubt(self) -> str:
        """Why what is held should be compared with the venue's, once for each fill that could not be believed."""
        doubt, self._doubt = self._doubt, ""
        return doubt

    def fold(self, fill: Fill) -> None:
        """A crossing of two strategies, which the venue knows nothing of."""
        if self._known.first(fill.execution_id):
            for part in fill.parts:
                self.holders.fold(part.strategy, fill.symbol, part.lots)

    def adjust(self, adjusted: PositionAdjusted) -> None:
        """The reconciler's."""
        if self._known.first(f"adjustment {adjusted.adjustment_id}"):
            self.holders.fold(adjusted.strategy, adjusted.symbol, adjusted.lots)
            self._unexplained.book(adjusted, self.shown)

    # Inside.

    def _unknown(self, execution: Execution, at: UtcNs) -> tuple[Message, ...]:
        """The reconciler finds out what it did. By another way the venue may still say it in words that are known."""
        if execution.execution_id in self._known or not self._known.first(f"unknown {execution.execution_id}"):
            return ()
        return (self._foreign("fill", execution, "which nobody here knows the meaning of", at),)

    def _trade(self, execution: Execution, lots: Lots, price: float, at: UtcNs) -> tuple[Message, ...]:
        liquidity = execution.liquidity or Liquidity.TAKER
        value, fee = self._money(execution, lots, price, liquidity)
        ours = self._orders.get(execution.client_id) if execution.client_id else None
        if ours is None or ours.order.symbol != execution.symbol or (ours.order.lots > 0) != (lots > 0):
            return self._outside(execution, lots, value, fee, at)
        doubt = ours.why_doubted(lots, execution.filled, execution.trade_id)
        if doubt:
            return self._not_counted(execution, doubt, at)
        parts = ours.parts(lots, value, fee)
        ours.fold(parts)
        fill = self._fill(execution, parts, price=price, liquidity=liquidity, client_id=execution.client_id)
        return (fill, *self._taken_back(execution, lots, value, at))

    def _taken_back(self, execution: Execution, lots: Lots, value: Minor, at: UtcNs) -> tuple[Message, ...]:
        """Of a difference that was booked before the fill was heard that explains it."""
        back, worth = self._unexplained.explain(execution.symbol, lots, value, execution.ts)
        if not back:
            return ()
        reason = f"execution {execution.execution_id} explains what was booked without a fill"
        return (self._adjusted(execution, f"explained-{execution.execution_id}", (back, worth), reason, at),)

    def _adjusted(
        self, execution: Execution, name: str, worth: tuple[Lots, Minor], reason: str, at: UtcNs
    ) -> PositionAdjusted:
        lots, value = worth
        self.holders.fold(OUTSIDE, execution.symbol, lots)
        return PositionAdjusted(
            account=self._account,
            symbol=execution.symbol,
            strategy=OUTSIDE,
            adjustment_id=name,
            lots=lots,
            value_minor=value,
            ts=at,
            reason=reason,
        )

    def _outside(self, execution: Execution, lots: Lots, value: Minor, fee: Minor, at: UtcNs) -> tuple[Message, ...]:
        """A trade by somebody else, or of an order whose owners nobody remembers."""
        if not self._is_a_step(execution):
            return self._not_counted(execution, "it was told before by another id", at)
        if self._orders.are_ours(execution.client_id):
            kind, why = "orphan", f"of {execution.client_id}, whose owners are not known any more"
        else:
            kind, why = "fill", f"of an order that is not ours ({execution.client_id or execution.order_id or 'no id'})"
        # An adjustment has no fee: it is a part of what was paid for these lots, so that the money is right.
        reason = f"execution {execution.execution_id}, {why}; its fee of {fee} is in its value"
        adjusted = self._adjusted(execution, _ADJUSTMENT + execution.execution_id, (lots, value + fee), reason, at)
        return (adjusted, *self._taken_back(execution, lots, value, at), self._foreign(kind, execution, why, at))

    def _befallen(self, execution: Execution, lots: Lots, price: float, at: UtcNs) -> tuple[Message, ...]:
        """Liquidation or settlement: nobody's order."""
        if not self._is_a_step(execution):
            return self._not_counted(execution, "it was told before by another id", at)
        net = self.holders.net(execution.symbol)
        settled = execution.kind is ExecutionKind.SETTLEMENT
        if settled and net:
            # Its side may be missing, and is then that of the position which it ends.
            lots = -abs(lots) if net > 0 else abs(lots)
        liquidity = Liquidity.SETTLEMENT if settled else Liquidity.LIQUIDATION
        value, fee = self._money(execution, lots, price, liquidity)
        parts = self.holders.closing(execution.symbol, lots, value, fee)
        name = execution.client_id or f"{liquidity.value}-{execution.execution_id}"
        fill = self._fill(execution, parts, price=price, liquidity=liquidity, client_id=name)
        return (fill,) if settled else (fill, self._foreign("liquidation", execution, f"at {price!r}", at))

    def _fill(
        self,
        execution: Execution,
        parts: tuple[FillPart, ...],
        *,
        price: float,
        liquidity: Liquidity,
        client_id: str,
    ) -> Fill:
        for part in parts:
            self.holders.fold(part.strategy, execution.symbol, part.lots)
        return Fill(
            account=self._account,
            currency=self._instruments[execution.symbol].currency,
            symbol=execution.symbol,
            client_id=client_id,
            execution_id=execution.execution_id,
            ts=execution.ts,
            lots=sum([part.lots for part in parts]),
            price=price,
            liquidity=liquidity,
            value_minor=sum([part.value_minor for part in parts]),
            fee_minor=sum([part.fee_minor for part in parts]),
            parts=parts,
        )

    def _money(self, execution: Execution, lots: Lots, price: float, liquidity: Liquidity) -> tuple[Minor, Minor]:
        """(value, fee), with the sign of the side that was taken."""
        arithmetic, deal = self._arithmetic[execution.symbol], self._instruments[execution.symbol]
        computed = arithmetic.exact_value_minor(lots, price)
        said = execution.cost_minor
        # The size of the value is the venue's; its sign follows from the side, which may have been put right here.
        value = computed if said is None else abs(said) if computed > 0 else -abs(said)
        if execution.fee_minor is not None:
            return value, execution.fee_minor
        rate = execution.commission
        if rate is None:
            rates = {Liquidity.MAKER: deal.maker_fee, Liquidity.SETTLEMENT: deal.settlement_fee}
            rate = rates.get(liquidity, deal.taker_fee)
        return value, arithmetic.exact_fee_minor(lots, price, rate)

    def _funding(self, execution: Execution, lots: Lots, price: float, at: UtcNs) -> tuple[Message, ...]:
        """Once for each symbol and time, for so it is named."""
        symbol, rate = execution.symbol, execution.commission
        if rate is None:
            return (self._quarantined(execution, "funding without a rate", at),)
        if not self._known.first(_funding_name(symbol, execution.ts)):
            return ()
        fee = execution.fee_minor
        if fee is None:
            # A long pays a rate above zero, and a short receives it.
            fee = self._arithmetic[symbol].exact_fee_minor(lots, price, rate) * (1 if lots > 0 else -1)
        parts = self.holders.funding(symbol, lots, -fee)
        return (
            FundingPaid(
                account=self._account,
                currency=self._instruments[symbol].currency,
                symbol=symbol,
                ts=execution.ts,
                rate=float(rate),
                price=price,
                lots=sum([part.lots for part in parts]),
                amount_minor=-fee,
                parts=parts,
            ),
        )

    def _is_a_step(self, execution: Execution) -> bool:
        """Whether it is another one than all before: what an order has in all after a trade, it has after no other."""
        if not execution.order_id or execution.filled is None:
            return True
        return self._known.first(f"step {execution.order_id} {execution.filled} {execution.trade_id}")

    def _not_counted(self, execution: Execution, why: str, at: UtcNs) -> tuple[Message, ...]:
        named = execution.client_id or execution.order_id
        self._doubt = f"execution {execution.execution_id} of {named} is not counted: {why}"
        return (self._quarantined(execution, why, at, code="duplicate"),)

    def _quarantined(self, execution: Execution, why: str, at: UtcNs, *, code: str = "malformed") -> Quarantined:
        text = f"execution {execution.execution_id}: {why}"
        return Quarantined(symbol=execution.symbol, received=at, reason=code, text=text)

    def _foreign(self, kind: str, execution: Execution, why: str, at: UtcNs) -> ForeignActivity:
        text = f"{execution.kind_said} {execution.execution_id} of {execution.contracts:+d} contracts, {why}"
        return ForeignActivity(account=self._account, kind=kind, symbol=execution.symbol, text=text, ts=at)


def _funding_name(symbol: Symbol, ts: UtcNs) -> str:
    return f"funding {symbol} {ts}"
