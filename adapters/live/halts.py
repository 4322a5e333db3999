"""Which accounts are halted, told the moment a guard says so: the last gate before an order leaves asks.

A halt reaches whoever has an order in hand only after that; what it was about to do with it must not be done any more.
"""

from messages import Account, Address, Envelope, TradingState, TradingStateChanged


class Halts:
    """A tracer that keeps nothing but that. Asked by threads of workers; sets change in one step."""

    def __init__(self) -> None:
        self._halted: frozenset[Account] = frozenset()

    def may_open(self, account: Account) -> bool:
        """Whether its guard lets anything pass but cancels."""
        return account not in self._halted

    def said(self, envelope: Envelope) -> None:
        """Of all that is said, what guards stand by."""
        if envelope[5].__class__ is TradingStateChanged:
            changed = envelope.message
            assert isinstance(changed, TradingStateChanged)
            account = frozenset((changed.account,))
            is_halted = changed.state is TradingState.HALTED
            self._halted = self._halted | account if is_halted else self._halted - account

    def handled(self, address: Address, epoch: int, message_id: int) -> None:
        """See Tracer."""

    def made(self, address: Address, epoch: int, *, warm: bool) -> None:
        """See Tracer."""
