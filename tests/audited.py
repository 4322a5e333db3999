"""Systems with an auditor, and what it finds in a stream of messages."""

from actors.audit_routes import AUDIT_ROUTES
from actors.auditing.rules import AccountRules
from actors.auditing.wiring import auditor_spec
from actors.auditor import Auditor
from actors.component import handlers_of
from actors.routes import ROUTES
from messages import InvariantViolated
from tests.builders import an_instrument

WITH_AUDITOR = {"routes": (*AUDIT_ROUTES, *ROUTES), "beside": lambda setup: [auditor_spec(setup)]}
"""Settings of a TradingSystem: one that trades at a simulated venue has no auditor by itself."""
SYMBOL = "XBTUSD"


def an_auditor(*, instruments=None, heritage=None, read_sent=None, read_answer=None, look=None, policy=None, **rules):
    """Of one account, whose orders are called `run000-...`."""
    return Auditor(
        [AccountRules(account="main", **rules)],
        instruments or {SYMBOL: an_instrument(SYMBOL)},
        "run000",
        read_sent=read_sent,
        read_answer=read_answer,
        look=look,
        policy=policy,
        heritage=heritage,
    )


def found(auditor, *messages):
    """The names of what the auditor finds in these, in order."""
    handlers = handlers_of(auditor)
    said = [answer for message in messages for answer in handlers[type(message)](message)]
    return [each.invariant for each in said if isinstance(each, InvariantViolated)]
