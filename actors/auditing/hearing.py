"""What the auditor hears of orders, requests and markets, handed to whom it is about; and how findings are said."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

from actors.auditing.account import AuditedAccount
from actors.auditing.findings import Finding
from actors.auditing.house import AuditedHouse
from actors.auditing.rules import AccountRules
from actors.auditing.states import Word
from actors.auditing.wire import AuditedWire, ReadAnswer, ReadSent
from actors.component import Answers, Component
from actors.execution.once import Once
from actors.supervisor import RestartPolicy
from messages import (
    Account,
    ActorQuarantined,
    AmendOrder,
    AmendRejected,
    ApprovedAmend,
    ApprovedCancel,
    ApprovedOrder,
    CancelOrder,
    Fill,
    HaltTrading,
    Heartbeat,
    Instrument,
    InvariantViolated,
    Liquidity,
    MarketFresh,
    MarketStale,
    Message,
    OrderAccepted,
    OrderAmended,
    OrderEnded,
    OrderRefused,
    OrderRejected,
    OrderUnknown,
    PositionAdjusted,
    RequestAnswered,
    SendRequest,
    SubmitOrder,
    Symbol,
    TradingState,
    TradingStateChanged,
    UtcNs,
)

TOLD_MAX: Final = 20
"""So many violations of one invariant are told; trading is halted by then."""
_HAD: Final = "duplicate-client-id"
_STOPPED: Final = (TradingState.HALTED, TradingState.FLATTENING)


class AuditBooks:
    """All that is known, so that it outlives an incarnation."""

    def __init__(
        self, rules: Iterable[AccountRules], instruments: Mapping[Symbol, Instrument], run6: str, policy: RestartPolicy
    ) -> None:
        self.accounts = {each.account: AuditedAccount(each, instruments, run6) for each in rules}
        self.wires = {name: AuditedWire(each, instruments) for name, each in self.accounts.items()}
        self.house = AuditedHouse(policy)
        live = any(each.rules.is_live for each in self.accounts.values())
        self.stale: dict[Symbol, UtcNs] = dict.fromkeys(instruments, 0) if live else {}
        self.told: Counter[str] = Counter()
        self.heard = Once()
        self.now: UtcNs = 0
        self.auditors = 0
        """So many have kept these."""

    def doubt(self) -> None:
        """A word may have been missed: of what is under way now nothing is found any more."""
        for account in self.accounts.values():
            account.doubt()
        for wire in self.wires.values():
            wire.doubt()


class _Telling(Component):
    """Says what was found."""

    _books: AuditBooks

    def _told(self, account: Account | None, found: Iterable[Finding]) -> Answers:
        said: list[Message] = []
        books = self._books
        for finding in found:
            books.told[finding.invariant] += 1
            if books.told[finding.invariant] > TOLD_MAX:
                continue
            name, text = finding.invariant, finding.text
            said.append(InvariantViolated(invariant=name, text=text, account=account, ts=books.now))
            said.append(HaltTrading(reason=f"invariant {name} does not hold: {text}", account=account, ts=books.now))
        return said

    def _at(self, account: Account, ts: UtcNs) -> AuditedAccount | None:
        """The account, at a time of ours."""
        self._books.now = max(self._books.now, ts)
        return self._books.accounts.get(account)


class _Asking(_Telling):
    """Hears SubmitOrder, AmendOrder, CancelOrder, and what the guard says of them."""

    def on_submit_order(self, submit: SubmitOrder) -> Answers:
        """The executor asks."""
        order = submit.order
        audited = self._at(order.account, order.ts)
        return () if audited is None else self._told(order.account, audited.asked(order))

    def on_approved_order(self, approved: ApprovedOrder) -> Answers:
        """The guard lets it through."""
        order, books = approved.order, self._books
        audited = self._at(order.account, order.ts)
        return () if audited is None else self._told(order.account, audited.approved(order, books.now, books.stale))

    def on_order_refused(self, refused: OrderRefused) -> Answers:
        """The guard does not."""
        return self._of_order(refused, Word.REFUSED)

    def on_amend_order(self, amend: AmendOrder) -> Answers:
        """The executor asks for a change."""
        order = amend.order
        audited = self._at(order.account, amend.ts)
        return () if audited is None else self._told(order.account, audited.amend_asked(order))

    def on_approved_amend(self, approved: ApprovedAmend) -> Answers:
        """The guard lets a change through."""
        order, books = approved.order, self._books
        audited = self._at(order.account, approved.ts)
        if audited is None:
            return ()
        return self._told(order.account, audited.amend_approved(order, books.now, books.stale))

    def on_cancel_order(self, cancel: CancelOrder) -> Answers:
        """The executor wants one back."""
        audited = self._at(cancel.account, cancel.ts)
        return () if audited is None else self._told(cancel.account, audited.cancelled(cancel.client_id))

    def on_approved_cancel(self, cancel: ApprovedCancel) -> Answers:
        """The guard passes it on."""
        audited = self._at(cancel.account, cancel.ts)
        return () if audited is None else self._told(cancel.account, audited.cancelled(cancel.client_id))

    def _of_order(self, said: OrderRefused | OrderAccepted | OrderUnknown | OrderRejected, word: Word) -> Answers:
        order = said.order
        audited = self._at(order.account, said.ts)
        return () if audited is None else self._told(order.account, audited.said(order, word))


class _Answering(_Asking):
    """Hears what the venue says of orders and positions."""

    def on_order_accepted(self, accepted: OrderAccepted) -> Answers:
        """It is there."""
        return self._of_order(accepted, Word.ACCEPTED)

    def on_order_unknown(self, unknown: OrderUnknown) -> Answers:
        """Nobody knows."""
        return self._of_order(unknown, Word.UNKNOWN)

    def on_order_rejected(self, rejected: OrderRejected) -> Answers:
        """It is not there."""
        return self._of_order(rejected, Word.HAD if rejected.reason == _HAD else Word.REJECTED)

    def on_order_amended(self, amended: OrderAmended) -> Answers:
        """It is another."""
        audited = self._at(amended.order.account, amended.ts)
        return (
            ()
            if audited is None
            else self._told(amended.order.account, audited.amend_answered(amended.order, Word.AMENDED))
        )

    def on_amend_rejected(self, rejected: AmendRejected) -> Answers:
        """It is as before."""
        audited = self._at(rejected.order.account, rejected.ts)
        return (
            ()
            if audited is None
            else self._told(rejected.order.account, audited.amend_answered(rejected.order, Word.AMEND_REJECTED))
        )

    def on_order_ended(self, ended: OrderEnded) -> Answers:
        """It is over."""
        audited = self._at(ended.order.account, ended.ts)
        return () if audited is None else self._told(ended.order.account, audited.ended(ended))

    def on_fill(self, fill: Fill) -> Answers:
        """An execution, once. A crossing leaves the account as it was."""
        audited = self._books.accounts.get(fill.account)
        if audited is None or fill.liquidity is Liquidity.INTERNAL:
            return ()
        if not self._books.heard.first(f"{fill.account} {fill.execution_id}"):
            return ()
        return self._told(fill.account, audited.filled(fill, self._books.now))

    def on_position_adjusted(self, adjusted: PositionAdjusted) -> Answers:
        """A difference, once."""
        audited = self._at(adjusted.account, adjusted.ts)
        if audited is not None and self._books.heard.first(f"{adjusted.account} adjustment {adjusted.adjustment_id}"):
            audited.moved(adjusted.symbol, adjusted.lots, self._books.now)
        return ()

    def on_trading_state_changed(self, changed: TradingStateChanged) -> Answers:
        """Whether orders on their way may end without a word."""
        audited = self._at(changed.account, changed.ts)
        if audited is not None:
            audited.is_stopped = changed.state in _STOPPED
        return ()

    def on_actor_quarantined(self, quarantined: ActorQuarantined) -> Answers:
        """Without a guard nobody answers what is asked, and nothing passes."""
        role, _, name = quarantined.actor.partition("@")
        audited = self._at(name, quarantined.at) if role == "risk-guard" else None
        if audited is not None:
            audited.is_stopped = True
        return ()


class Hearing(_Answering):
    """Hears requests as they leave, their answers, heartbeats, and whether markets are known."""

    _read_sent: ReadSent | None
    _read_answer: ReadAnswer | None

    def on_send_request(self, sent: SendRequest) -> Answers:
        """Something leaves for a venue."""
        account, wire = self._wire_of(sent.reply_to)
        if wire is None or self._read_sent is None:
            return ()
        read = self._read_sent(sent)
        return () if read is None else self._told(account, wire.sent(sent.number, read))

    def on_request_answered(self, answered: RequestAnswered) -> Answers:
        """An answer."""
        _, wire = self._wire_of(answered.to)
        read = self._read_answer
        if wire is not None and read is not None:
            wire.answered(answered.number, lambda: read(answered))
        return ()

    def on_heartbeat(self, beat: Heartbeat) -> Answers:
        """Sent off, or come back."""
        wire = self._books.wires.get(beat.account)
        if wire is not None:
            wire.beat(beat)
        return ()

    def on_market_stale(self, stale: MarketStale) -> Answers:
        """Nothing may be opened there."""
        self._books.stale.setdefault(stale.symbol, stale.ts)
        return ()

    def on_market_fresh(self, fresh: MarketFresh) -> Answers:
        """It is known again."""
        self._books.stale.pop(fresh.symbol, None)
        return ()

    def _wire_of(self, venue: str) -> tuple[Account, AuditedWire | None]:
        account = venue.removeprefix("venue@")
        return account, self._books.wires.get(account) if account != venue else None
