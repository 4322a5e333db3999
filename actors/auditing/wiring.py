"""The auditor as an actor of a system: beside the stream, so that a system that loses it trades on."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from actors.auditing.house import Waiting
from actors.auditing.rules import rules_of
from actors.auditing.wire import ReadAnswer, ReadSent
from actors.auditor import AUDITOR, Auditor
from actors.component import Component
from actors.runtime.slot import ActorKind, ActorSpec
from actors.setup import Setup, wanted_bars
from messages import Account, Lots, Symbol


def auditor_spec(
    setup: Setup,
    *,
    positions: Mapping[Account, Mapping[Symbol, Lots]] | None = None,
    orders_before: Mapping[Account, int] | None = None,
    read_sent: ReadSent | None = None,
    read_answer: ReadAnswer | None = None,
    look: Callable[[], Iterable[Waiting]] | None = None,
) -> ActorSpec:
    """Of a system whose routes begin with `AUDIT_ROUTES`. What earlier lives left is told by account."""
    rules = [
        rules_of(
            setup,
            account,
            positions=(positions or {}).get(account),
            orders_before=(orders_before or {}).get(account, 0),
        )
        for account in setup.accounts
    ]

    def factory(heritage: Any) -> Component:
        return Auditor(
            rules,
            setup.instruments,
            setup.run6,
            policy=setup.policy,
            bars=[(each.symbol, each.period) for each in wanted_bars(setup)],
            read_sent=read_sent,
            read_answer=read_answer,
            look=look,
            heritage=heritage,
        )

    return ActorSpec(address=AUDITOR, role=AUDITOR, kind=ActorKind.EDGE, factory=factory, in_order=True)
