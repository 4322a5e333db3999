"""Where a live run trades: the venue found, the keys read, the account and its contracts asked for.

All of this is done before there are actors, and ends with an error that says what to change when something is not
right: a start that fails costs nothing, an order in the wrong account does.
"""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import attrs

from adapters.bitmex.client import RestClient
from adapters.bitmex.contracts import instrument
from adapters.bitmex.credentials import Keys, keys_from_environment, keys_from_file
from adapters.bitmex.environment import Environment, Loopback, Mainnet, Testnet
from adapters.bitmex.fields import FieldError, Row
from adapters.bitmex.private import margin
from adapters.configuration import LiveSection
from adapters.errors import InputError
from messages import Instrument, Kind, Minor, Symbol

Redact = Callable[[str], str]


@attrs.frozen(kw_only=True)
class Venue:
    """A venue that can be traded at, or only listened to."""

    environment: Environment
    keys: Keys | None
    """None: the market is heard, and orders go to a simulated venue."""
    account_id: int | None
    """The venue's own number of the account."""
    contracts: Mapping[Symbol, Instrument]
    cash: Mapping[str, Minor]
    """The account's wallet by currency, in minor units; empty on paper."""
    notes: tuple[str, ...] = ()
    exchange: str | None = None
    """Which loopback exchange it is, where an account there is traded: each begins with the same account's number."""

    @property
    def lock_name(self) -> str:
        """What the account's lock is called by: every loopback exchange counts its accounts from one."""
        environment = self.environment
        return f"{environment.name}:{environment.port}" if isinstance(environment, Loopback) else environment.name

    @property
    def is_paper(self) -> bool:
        """Whether no order ever leaves."""
        return self.keys is None


KeyGuard = Callable[[Redact], None]
"""Is told how to take the keys out of a text, before they are used."""


def open_venue(
    live: LiveSection,
    folder: Path,
    symbols: tuple[Symbol, ...],
    *,
    only_heard: tuple[Symbol, ...] = (),
    live_money: bool,
    seed: int,
    guard: KeyGuard,
) -> Venue:
    """Find it, log in, ask. InputError and VenueError say what is wrong; ExchangeFailed what the loopback one said."""
    environment, keys, notes, exchange = _reach(live, folder, live_money=live_money, seed=seed)
    if live.paper:
        keys = exchange = None
    elif keys is None:
        notes = (*notes, f"no keys for {environment.name}: orders go to a simulated venue (paper)")
    if keys is not None:
        guard(keys.conceal)
    with RestClient(environment, keys) as client:
        account_id = None
        if keys is not None:
            account_id = client.account_number()
            _check_account(live, account_id)
            if live.venue != "loopback":
                client.require_no_withdrawals()
        rows = zip(symbols, _rows(client, symbols), strict=True)
        _require_markets(client, only_heard)
        contracts = {symbol: _contract(row, environment, is_paper=keys is None) for symbol, row in rows}
        cash = {} if keys is None else _wallets(client)
    return Venue(
        environment=environment,
        keys=keys,
        account_id=account_id,
        contracts=contracts,
        cash=cash,
        notes=notes,
        exchange=exchange,
    )


def _reach(
    live: LiveSection, folder: Path, *, live_money: bool, seed: int
) -> tuple[Environment, Keys | None, tuple[str, ...], str | None]:
    if live.venue == "loopback":
        # Only this venue needs a process of ours.
        from adapters.live.exchange_process import find_or_start  # noqa: PLC0415

        second = None if live.watchdog is False or live.paper else "order" if live.watchdog_flatten else "cancel"
        found = find_or_start(folder, seed=seed, second_key=second)
        return found.environment, found.keys, (found.note,), f"{found.environment.port} {found.pid}"
    environment: Environment = Testnet()
    if live.venue == "bitmex":
        if live.account_id is None:
            raise InputError("live.account_id: bitmex trades real money, and needs the account's number here")
        environment = Mainnet(live_money=live_money, account=live.account_id)
    keys = keys_from_environment(environment, os.environ) if live.keys is None else keys_from_file(Path(live.keys))
    return environment, keys, (), None


def _rows(client: RestClient, symbols: tuple[Symbol, ...]) -> list[Row]:
    """One for each symbol; InputError names those that the venue has no contract of."""
    rows = {symbol: client.instrument(symbol) for symbol in symbols}
    missing = [symbol for symbol, row in rows.items() if row is None]
    if missing:
        raise InputError(f"strategies: the venue has no contract {', '.join(missing)}; see `symbols`")
    return [row for row in rows.values() if row is not None]


def _require_markets(client: RestClient, symbols: tuple[Symbol, ...]) -> None:
    """InputError for what strategies hear and the venue has no market of: an index has a price there, and no trades."""
    for symbol, row in zip(symbols, _rows(client, symbols), strict=True):
        try:
            found = instrument(row)
        except FieldError as error:
            raise InputError(f"strategies: {symbol} cannot be heard: {error}") from None
        if found is None:
            raise InputError(f"strategies: {symbol} is an index, and live only contracts of the venue are heard")


def _check_account(live: LiveSection, number: int) -> None:
    if live.account_id is not None and live.account_id != number:
        raise InputError(f"live.account_id is {live.account_id}, and these keys are of the account {number}")


def _contract(row: Mapping[str, object], environment: Environment, *, is_paper: bool) -> Instrument:
    try:
        found = instrument(row)
    except FieldError as error:
        raise InputError(f"{environment.name}: the contract {row.get('symbol')!r} cannot be traded: {error}") from None
    if found is None:
        raise InputError(f"{environment.name}: {row.get('symbol')!r} is an index, and cannot be traded")
    if found.kind is Kind.SPOT and not is_paper:
        # What is held of it is a balance and no position, and nothing compares that with the venue yet.
        raise InputError(f"{environment.name}: {found.symbol} is spot, which is traded on paper only (--paper)")
    return found


def _wallets(client: RestClient) -> dict[str, Minor]:
    """What each currency's account holds without open profit: what books begin with."""
    reports = [margin(row) for row in client.margin()]
    return {each.currency: each.wallet_minor or 0 for each in reports}
