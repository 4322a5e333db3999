"""What must fit together within a section: each value may be sound by itself, and the whole still make no sense."""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

from adapters.configuration import schema
from adapters.configuration.compounds import NO_FUNDING, session_minutes
from adapters.configuration.market_sections import FeedSection, SpreadSection

Mistake = tuple[str, str]
"""Rest of the key path, and the reason."""

_NOT_OF_SPOT = (
    *("initial_margin", "maintenance_margin", "leverage", "funding", "funding_interval", "funding_at"),
    *("mark_prices", "expiry", "settlement_price", "settlement_fee"),
)
LOOPBACK = ("127.0.0.1", "::1")
"""Addresses that only this machine reaches."""
SCOPES = ("account", "strategy", "symbol")
_OF_DATED = ("settlement_price", "settlement_fee")
_OF_PERPETUAL = ("funding", "funding_interval", "funding_at")


def mistakes(section: Any) -> list[Mistake]:
    """Everything in a section that contradicts something else in it."""
    judge = _JUDGES.get(type(section))
    return [] if judge is None else judge(section)


def _data(section: schema.DataSection) -> list[Mistake]:
    if (section.file is None) == (section.generated is None):
        return [("", "must have either a file or generated = { ... }")]
    if section.file is None:
        told = [name for name in ("venue", "kind") if getattr(section, name) is not None]
        return [(f".{name}", "belongs to a store's folder") for name in told]
    if section.kind not in (None, "bars") and section.period is not None:
        return [(".period", f"belongs to bars, not to {section.kind}")]
    return []


def _events(section: schema.EventsSection) -> list[Mistake]:
    live = [name for name in ("file", "listen", "poll") if getattr(section, name) is not None]
    if len(live) > 1:
        return [("", f"comes from one place: a file, listen or poll, not {' and '.join(live)}")]
    if not live and section.store is None:
        return [("", "must have a file, listen = { ... }, poll = { ... } or a store")]
    wrong = []
    if section.file is not None and section.store is not None:
        wrong.append((".store", "a backtest would read both: give the file or the store"))
    if section.delay_s is not None and section.file is None:
        wrong.append((".delay_s", "belongs to a file; what comes otherwise has its time of receipt"))
    if section.listen is not None:
        wrong += _listen(section.listen)
    if section.poll is not None:
        wrong += _poll(section.poll)
    return wrong


def _listen(section: schema.ListenSection) -> list[Mistake]:
    wrong = []
    if section.host not in LOOPBACK and not section.allow_remote:
        reason = f"others could reach {section.host}: say allow_remote = true as well, or listen on 127.0.0.1"
        wrong.append((".listen.host", reason))
    if section.token_file is not None and section.token_env is not None:
        wrong.append((".listen.token_env", "the token comes from a file or from the environment, not from both"))
    return wrong


def _poll(section: schema.PollSection) -> list[Mistake]:
    wrong = []
    if section.every_s < 1:
        wrong.append((".poll.every_s", f"must be at least 1 second, not {section.every_s:g}"))
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9-]{0,63}", section.key_header):
        wrong.append((".poll.key_header", f"{section.key_header!r} is no name of a header"))
    parts = urlsplit(section.url)
    if section.key_env is not None and parts.scheme != "https" and parts.hostname not in (*LOOPBACK, "localhost"):
        wrong.append((".poll.url", "a key is sent over https alone, or on this machine"))
    if section.format == "rss":
        told = [name for name in ("items", "id", "ts", "kind") if getattr(section, name) is not None]
        told += ["fields"] if section.fields else []
        wrong += [(f".poll.{name}", "belongs to format = 'json'; a feed says it by itself") for name in told]
    return wrong


def _instrument(section: schema.InstrumentSection) -> list[Mistake]:
    told = {key for key, value in schema.values_of(section).items() if value is not None and value != NO_FUNDING}
    if section.kind == "spot":
        wrong = [
            (f".{key}", "spot has neither margin, funding, marks nor an expiry") for key in _NOT_OF_SPOT if key in told
        ]
        return wrong + _sessions(section)
    if section.expiry is None:
        wrong = [(f".{key}", "belongs to a contract with an expiry") for key in _OF_DATED if key in told]
    else:
        wrong = [(f".{key}", "a contract has an expiry or funding, not both") for key in _OF_PERPETUAL if key in told]
    if section.funding_at is not None and not isinstance(section.funding, Decimal):
        wrong.append((".funding_at", "belongs to a funding rate; a file says its own times"))
    return wrong + _margins(section) + _sessions(section)


def _margins(section: schema.InstrumentSection) -> list[Mistake]:
    if section.leverage is not None and section.initial_margin is not None:
        return [(".leverage", "is the initial margin told another way: give one of them")]
    opening, keeping = initial_margin(section), section.maintenance_margin
    if keeping is not None and opening is not None and keeping > opening:
        reason = f"keeping a position cannot take more margin than opening it, {opening.normalize():f}"
        return [(".maintenance_margin", reason)]
    return []


def initial_margin(section: schema.InstrumentSection) -> Decimal | None:
    """The fraction that opening a position takes, however it was told; None when it was not."""
    return section.initial_margin if section.leverage is None else 1 / section.leverage


def _sessions(section: schema.InstrumentSection) -> list[Mistake]:
    if section.sessions is None:
        return [
            (f".{key}", "belongs to sessions = [...]")
            for key in ("sessions_timezone", "sessions_days")
            if getattr(section, key) is not None
        ]
    hours = [session_minutes(each) for each in section.sessions]
    return [
        (f".sessions[{number}]", f"must begin after {section.sessions[number - 1]} has ended")
        for number, (earlier, later) in enumerate(pairwise(hours), start=1)
        if later[0] <= earlier[1]
    ]


def _strategy(section: schema.StrategySection) -> list[Mistake]:
    both = [symbol for symbol in section.hears or () if symbol in (section.symbols or ())]
    if both:
        return [(".hears", f"{', '.join(both)}: stands in symbols already, and what is traded is heard")]
    if section.mode == "paper" and section.account != schema.MAIN:
        return [(".account", "a paper strategy has an account of its own, and takes no other")]
    if section.account.startswith(schema.PAPER):
        return [(".account", f"accounts that begin with {schema.PAPER!r} are those of strategies with mode = 'paper'")]
    return []


def _risk(section: schema.RiskSection) -> list[Mistake]:
    wrong = []
    if section.daily_loss_state is not None and section.daily_loss_max is None:
        wrong.append((".daily_loss_state", "belongs to a daily_loss_max"))
    for number, limit in enumerate(section.limits):
        told = {key for key, value in schema.values_of(limit).items() if value is not None}
        if not told & set(SCOPES):
            wrong.append((f".limits[{number}]", "names no account, strategy or symbol; what holds for all is [risk]'s"))
        if not told - set(SCOPES):
            wrong.append((f".limits[{number}]", "limits nothing"))
    return wrong


def _live(section: schema.LiveSection) -> list[Mistake]:
    wrong = []
    if section.venue == "bitmex" and section.account_id is None:
        wrong.append((".account_id", "must be given: bitmex trades real money, and only in the account that is named"))
    if section.venue == "loopback" and section.keys is not None:
        wrong.append((".keys", "belongs to a venue at BitMEX; a loopback exchange makes its own"))
    return wrong + _watchdog(section)


def _watchdog(section: schema.LiveSection) -> list[Mistake]:
    wrong = []
    is_loopback = section.venue == "loopback"
    if is_loopback and section.watchdog_keys is not None:
        wrong.append((".watchdog_keys", "belongs to a venue at BitMEX; a loopback exchange makes its own"))
    if section.watchdog and not is_loopback and not section.paper and section.watchdog_keys is None:
        wrong.append((".watchdog_keys", "must be given: a watchdog has keys of its own"))
    if section.watchdog_keys is not None and section.watchdog_keys == section.keys:
        wrong.append((".watchdog_keys", "is the same as keys: a watchdog has keys of its own"))
    if section.watchdog_restart != "never" and not is_loopback and section.keys is None:
        wrong.append((".watchdog_restart", "needs keys in a file: a run that is started again has no environment's"))
    return wrong


def _feed(section: FeedSection) -> list[Mistake]:
    wrong = []
    is_loopback = section.venue == "loopback"
    if is_loopback and section.port is None:
        wrong.append((".port", "must be given: start an exchange with `python run.py exchange --port N`"))
    if not is_loopback and section.port is not None:
        wrong.append((".port", "belongs to a loopback exchange"))
    wrong += [
        (f".books[{number}]", f"{symbol!r} is none of the feed's symbols")
        for number, symbol in enumerate(section.books or ())
        if symbol not in section.symbols
    ]
    return wrong


def _spread(section: SpreadSection) -> list[Mistake]:
    return [(".b", "is the same as a")] if section.a == section.b else []


def _recording(section: schema.RecordingSection) -> list[Mistake]:
    from adapters.store.kinds import KINDS  # noqa: PLC0415 a store knows its kinds, and most commands need none

    return [
        (f".kinds[{number}]", f"there is no kind {kind!r}; there are {', '.join(KINDS)}")
        for number, kind in enumerate(section.kinds or ())
        if kind not in KINDS
    ]


_JUDGES: Mapping[type, Callable[[Any], list[Mistake]]] = {
    schema.DataSection: _data,
    schema.EventsSection: _events,
    schema.InstrumentSection: _instrument,
    schema.StrategySection: _strategy,
    schema.RiskSection: _risk,
    schema.LiveSection: _live,
    FeedSection: _feed,
    SpreadSection: _spread,
    schema.RecordingSection: _recording,
}
