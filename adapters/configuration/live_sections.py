"""`[live]` and `[recording]`: where a live run trades, and what it keeps of the market; a backtest reads past both."""

from typing import Literal

import attrs

from adapters.configuration.account_sections import MAIN
from adapters.configuration.value_types import (
    AccountName,
    Filled,
    PositiveInt,
    SilenceSeconds,
    SwitchSeconds,
    SymbolName,
    Truth,
    WholeFromZero,
)


@attrs.frozen(kw_only=True)
class LiveSection:
    """`[live]`: where `live` trades, and how; a backtest reads past it, so that one file serves both commands."""

    venue: Literal["loopback", "bitmex-testnet", "bitmex"] = "loopback"
    """loopback is an exchange on this machine that `live` starts itself; bitmex is real money."""
    account: AccountName = MAIN
    """Our name of it. Strategies that trade there have the same `account`."""
    account_id: PositiveInt | None = None
    """BitMEX's own number of the account, which the keys must turn out to be of. bitmex needs it."""
    keys: Filled | None = None
    """A file that nobody else can read, with `venue`, `key` and `secret`; None is the environment's two variables."""
    paper: Truth = False
    """The venue's market, and a simulated venue for the orders."""
    on_stop: Literal["cancel", "leave", "flatten"] = "cancel"
    """What an ordered stop does with the account: working orders are cancelled, or left, or positions closed too."""
    sync: Literal["normal", "full"] = "normal"
    """How the journal commits: normal survives the end of the process at any moment, full the loss of power as well."""
    netting_window_ms: WholeFromZero = 0
    """So long a portfolio waits for other strategies' signals before it nets them."""
    dead_mans_switch_s: SwitchSeconds = 60
    """So long after our last sign of life the venue cancels all orders by itself; 0 is never."""
    books: tuple[SymbolName, ...] | None = None
    """Symbols whose order books are heard; None is those that a strategy asks for."""
    warm_up: Truth = True
    """Strategies are fed the market's history before they trade."""
    watchdog: Truth | None = None
    """Whether a second process watches the run, and takes its orders back when it is gone or silent; None: where that
    process has keys of its own."""
    watchdog_keys: Filled | None = None
    """A file as `keys` is, with a second pair for the same account, which need do no more than cancel."""
    watchdog_silence_s: SilenceSeconds = 45
    """So long without a heartbeat, and the run is ended. Longer than `handler_seconds`: the run itself comes first."""
    watchdog_flatten: Truth = False
    """Whether the watchdog closes positions, too; its keys must then be allowed to order."""
    watchdog_restart: Literal["never", "once"] = "never"
    """Whether the watchdog starts the run again; once: unless the one that ended was itself started so."""
    watchdog_lost: Literal["alarm", "halt"] = "alarm"
    """What becomes of trading when there is no watchdog any more."""


@attrs.frozen(kw_only=True)
class RecordingSection:
    """`[recording]`: what `live` keeps of what the market says; a backtest reads past it."""

    enabled: Truth = True
    store: Filled | None = None
    """The store's folder; None is `data` in the run's own."""
    kinds: tuple[Filled, ...] | None = None
    """Such as ticks, quotes, books; None is all."""
    l2: tuple[SymbolName, ...] | None = None
    """Symbols of which every change of the book's 25 best levels is kept; None is none."""
    batch_ms: PositiveInt = 100
    """So often what came is written; a killed process loses no more."""
    on_failure: Literal["trade", "halt"] = "trade"
    """What becomes of trading when nothing can be written."""
