"""The accounts of a run: who trades in which, their starting cash, and how each is sized."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

import attrs

from actors.sizing.sizing import Sizing
from adapters.configuration import Configuration, Problem
from adapters.configuration.schema import PAPER, AccountSection, StrategySection
from adapters.configuration.sizing_keys import complete, keys_of, sizing_of, told
from adapters.contracts import COINS
from messages import Account, Instrument, Kind, Minor, StrategyId, Symbol

DEFAULT_CASH = Decimal(10_000_000)
DEFAULT_CASH_COIN = Decimal(1)
"""Of XBT or BTC, or of whatever an inverse contract settles in."""

Amounts = dict[str, Decimal]
"""Starting cash by currency."""


def account_of(section: StrategySection, identity: StrategyId) -> Account:
    """Where a strategy trades: a paper strategy for itself."""
    return f"{PAPER}{identity}" if section.mode == "paper" else section.account


def unused(sections: Sequence[AccountSection], used: Iterable[Account]) -> list[Problem]:
    """An account in which nobody trades is a mistake in its name."""
    known = dict.fromkeys(used)
    return [
        (f"accounts[{number}].name", f"no strategy trades in {section.name!r}; they trade in {', '.join(known)}")
        for number, section in enumerate(sections)
        if section.name not in known
    ]


@attrs.frozen(kw_only=True)
class Cash:
    """What the accounts start with."""

    common: Amounts
    """Of every account that tells none of its own."""
    own: Mapping[Account, Amounts]

    def minor(self, instruments: Sequence[Instrument]) -> dict[str, Minor]:
        """The common amounts in minor units."""
        return _minor(self.common, instruments)

    def own_minor(self, instruments: Sequence[Instrument]) -> dict[Account, dict[str, Minor]]:
        """Each account's own amounts in minor units."""
        return {account: _minor(amounts, instruments) for account, amounts in self.own.items()}


def cash_of(
    configuration: Configuration,
    instruments: Sequence[Instrument],
    traded: Mapping[Account, Iterable[Symbol]],
    problems: list[Problem],
) -> Cash:
    """Starting cash of each currency that an account's symbols settle in. `traded`: the symbols of each account."""
    by_symbol = {instrument.symbol: instrument for instrument in instruments}
    own: dict[Account, Amounts] = {}
    apart: set[Symbol] = set()
    for number, section in enumerate(configuration.accounts):
        if section.cash is not None and section.name in traded:
            symbols = dict.fromkeys(traded[section.name])
            path = f"accounts[{number}].cash"
            own[section.name] = _amounts(section.cash, [by_symbol[symbol] for symbol in symbols], path, problems)
            apart.update(symbols)
    shared = {symbol for account, symbols in traded.items() if account not in own for symbol in symbols}
    rest = [each for each in instruments if each.symbol in shared or each.symbol not in apart]
    return Cash(common=_amounts(configuration.backtest.cash, rest, "backtest.cash", problems), own=own)


def _amounts(told_cash: Amounts, instruments: Sequence[Instrument], path: str, problems: list[Problem]) -> Amounts:
    found: Amounts = {}
    for instrument in instruments:
        currency = instrument.currency
        if "" in told_cash:
            amount = told_cash[""]
        elif currency in told_cash:
            amount = told_cash[currency]
        elif told_cash:
            problems.append((path, f"no amount of {currency}, in which {instrument.symbol} settles"))
            continue
        else:
            coin = currency in COINS or instrument.kind is Kind.INVERSE
            amount = DEFAULT_CASH_COIN if coin else DEFAULT_CASH
        amount = found.setdefault(currency, amount)
        if amount.scaleb(instrument.minor_digits) % 1:
            reason = f"{amount} {currency} is no whole number of its minor unit, 1e-{instrument.minor_digits}"
            problems.append((f"{path}.{currency}", reason))
    return found


def _minor(amounts: Amounts, instruments: Sequence[Instrument]) -> dict[str, Minor]:
    digits = {instrument.currency: instrument.minor_digits for instrument in instruments}
    return {currency: int(amount.scaleb(digits[currency])) for currency, amount in amounts.items()}


def with_amounts(configuration: Configuration, cash: Cash) -> Configuration:
    """The configuration with all amounts told, and every sizing with all its parameters."""
    return attrs.evolve(
        configuration,
        backtest=attrs.evolve(configuration.backtest, cash=cash.common),
        portfolio=complete(configuration.portfolio),
        accounts=tuple(
            attrs.evolve(_complete(section), cash=cash.own.get(section.name)) for section in configuration.accounts
        ),
    )


def _complete(section: AccountSection) -> AccountSection:
    completed: AccountSection = section if section.sizing is None else complete(section)
    return completed


def sizings_of(configuration: Configuration) -> tuple[Sizing | None, dict[Account, Sizing]]:
    """How all accounts are sized (None: fixed), and those that tell something of their own."""
    common = sizing_of(told(configuration.portfolio))
    own = {
        section.name: sizing_of(keys_of(section, configuration.portfolio))
        for section in configuration.accounts
        if told(section)
    }
    return (common if common.moves else None), own
