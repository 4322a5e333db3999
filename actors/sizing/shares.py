"""What each strategy of an account shall hold: its wish in whole lots, sized again when its symbol's scale moves."""

from collections.abc import Iterable, Mapping
from typing import Final

import attrs

from actors.execution.rules import ShareRule, whole_lots
from actors.sizing.scales import Scales
from messages import (
    Account,
    Bar,
    Lots,
    Message,
    Share,
    ShareRounded,
    ShareSized,
    Signal,
    StrategyId,
    Symbol,
    UtcNs,
)

_NO_SHORT: Final = "no-short"


def share_of(signal: Signal, rule: ShareRule, factor: float, *, short: bool = True) -> tuple[Lots, float]:
    """(lots, lots before rounding) that a signal is worth; `factor` is its symbol's multiplier times its scale.

    Without `short` no share is below 0: such a wish sells what there is.
    """
    if signal.in_lots:
        exact, lots = signal.target, int(signal.target)
    else:
        exact = signal.target * rule.lots * rule.weight * factor
        lots = whole_lots(exact)
    if lots < 0 and not short:
        return 0, exact
    largest = rule.lots_max(signal.symbol)
    if largest is not None and abs(lots) > largest:
        lots = largest if lots > 0 else -largest
    return lots, exact


class Shares:
    """The shares of an account. A share follows from its own strategy's signal and its symbol's scale, and no other.

    Without `scales` a wish is sized once, when it is said. With them it is held as well: its share is 0 while the scale
    of its symbol is not known, and is sized again with each new scale. Who places orders of its own, and who was given
    up on, is left alone. In `spot` symbols nobody is short, so that no strategy sells another's, at the market or by
    crossing; a wish to be is told as `no-short`, once.
    """

    def __init__(
        self,
        account: Account,
        rules: Iterable[ShareRule],
        symbol_multiplier: Mapping[Symbol, float],
        scales: Scales | None = None,
        spot: Iterable[Symbol] = (),
    ) -> None:
        self.rules = {rule.strategy: rule for rule in rules}
        self._account = account
        self._multiplier = symbol_multiplier
        self._scales = scales
        self._spot = frozenset(spot)
        self._of: dict[Symbol, dict[StrategyId, Share]] = {}
        self._wishes: dict[tuple[StrategyId, Symbol], Signal] = {}
        """Where shares are sized again."""
        self._apart: set[tuple[StrategyId, Symbol]] = set()
        """Who is left alone."""

    def of(self, symbol: Symbol) -> tuple[Share, ...]:
        """All shares of a symbol, by strategy id: who spoke first is the runtime's order, and crossing looks at it."""
        shares = self._of[symbol]
        return tuple(shares.values()) if len(shares) < 2 else tuple([shares[strategy] for strategy in sorted(shares)])

    def wish(self, signal: Signal) -> tuple[Message, ...]:
        """A strategy's new wish takes the place of its last."""
        strategy, symbol = signal.strategy, signal.symbol
        if self._scales is not None:
            return self._hold(signal, self._scales)
        rule = self.rules[strategy]
        spot = symbol in self._spot
        lots, exact = share_of(signal, rule, self._multiplier.get(symbol, 1.0), short=not spot)
        self._of.setdefault(symbol, {})[strategy] = Share(strategy, lots, rule.algorithm, signal.price)
        if lots or exact == 0:
            return ()
        return (self._rounded(signal, exact, signal.ts, _NO_SHORT if spot and exact < 0 else "share-rounds-to-zero"),)

    def leave(self, strategy: StrategyId, symbol: Symbol) -> bool:
        """The strategy places its own orders until its next signal; True when it had a share."""
        self._set_apart(strategy, symbol)
        shares = self._of.get(symbol)
        return shares is not None and shares.pop(strategy, None) is not None

    def give_up(self, strategy: StrategyId) -> tuple[Symbol, ...]:
        """The strategy is given up on: its shares stay as they are, or go, as its rule says; where they go."""
        rule = self.rules[strategy]
        for symbol in rule.symbols:
            self._set_apart(strategy, symbol)
        if rule.on_quarantine != "flatten":
            return ()
        for symbol in rule.symbols:
            self._of.setdefault(symbol, {})[strategy] = Share(strategy, 0, rule.algorithm)
        return rule.symbols

    def on_close(self, bar: Bar, equity_minor: int) -> tuple[list[Message], bool]:
        """What a marked bar changes: what is to be said of it, and whether a share of the symbol has changed."""
        scales, symbol = self._scales, bar.symbol
        if scales is None or not scales.moved(symbol, bar.close, equity_minor):
            return [], False
        said: list[Message] = []
        changed = False
        for strategy, rule in sorted(self.rules.items()):
            if symbol not in rule.symbols or (strategy, symbol) in self._apart:
                continue
            wish, share = self._wishes.get((strategy, symbol)), None
            if wish is not None:
                share, rounded = self._sized(wish, scales, bar.received, again=True)
                before = self._of[symbol][strategy]
                if share.lots != before.lots:
                    changed = True
                    # The decision is this bar's: what it costs is measured from its close.
                    self._of[symbol][strategy] = attrs.evolve(share, signal_price=bar.close)
                said.extend(rounded)
            said.append(self._told(rule, symbol, scales, bar.received, 0 if share is None else share.lots))
        return said, changed

    def left(self) -> tuple[tuple[Symbol, Share], ...]:
        """The shares, for a successor: where wishes are sized once, it finds them by itself."""
        if self._scales is None:
            return ()
        return tuple([(symbol, share) for symbol, shares in sorted(self._of.items()) for share in shares.values()])

    def inherit(self, left: Iterable[tuple[Symbol, Share]]) -> None:
        """Whoever has a share has it as it was: some were sized by a scale, or at a close, that is not in use now."""
        for symbol, share in left:
            shares = self._of.get(symbol, {})
            if share.strategy in shares:
                shares[share.strategy] = share

    def _hold(self, signal: Signal, scales: Scales) -> tuple[Message, ...]:
        strategy, symbol = key = signal.strategy, signal.symbol
        self._wishes[key] = signal
        share, rounded = self._sized(signal, scales, signal.ts)
        self._of.setdefault(symbol, {})[strategy] = share
        if key not in self._apart:
            return rounded
        self._apart.discard(key)
        if scales.in_use(symbol) is None:
            return rounded
        # While it was left alone nothing was said of its weight.
        return (*rounded, self._told(self.rules[strategy], symbol, scales, signal.ts, share.lots))

    def _sized(
        self, signal: Signal, scales: Scales, ts: UtcNs, *, again: bool = False
    ) -> tuple[Share, tuple[Message, ...]]:
        rule, symbol = self.rules[signal.strategy], signal.symbol
        multiplier, scale, spot = self._multiplier.get(symbol, 1.0), scales.in_use(symbol), symbol in self._spot
        lots, exact = share_of(signal, rule, multiplier * (scale or 0.0), short=not spot)
        share = Share(signal.strategy, lots, rule.algorithm, signal.price)
        if lots:
            return share, ()
        # A wish that only its scale makes nothing of is told too, or a run without orders would not explain itself.
        _, unscaled = share_of(signal, rule, multiplier)
        if unscaled == 0:
            return share, ()
        if spot and unscaled < 0:
            # No other scale makes anything else of it.
            return share, () if again else (self._rounded(signal, exact or unscaled, ts, _NO_SHORT),)
        if scale is None:
            return share, (self._rounded(signal, unscaled, ts, "scale-unknown"),)
        return share, (self._rounded(signal, exact, ts, "share-rounds-to-zero" if scale else "no-equity"),)

    def _set_apart(self, strategy: StrategyId, symbol: Symbol) -> None:
        if self._scales is not None:
            self._apart.add((strategy, symbol))

    def _rounded(self, signal: Signal, wanted: float, ts: UtcNs, reason: str) -> ShareRounded:
        return ShareRounded(
            account=self._account,
            strategy=signal.strategy,
            symbol=signal.symbol,
            wanted=wanted,
            ts=ts,
            reason=reason,
        )

    def _told(self, rule: ShareRule, symbol: Symbol, scales: Scales, ts: UtcNs, lots: Lots) -> ShareSized:
        factor = self._multiplier.get(symbol, 1.0) * (scales.in_use(symbol) or 0.0)
        return ShareSized(
            account=self._account,
            strategy=rule.strategy,
            symbol=symbol,
            ts=ts,
            weight=rule.lots * rule.weight * factor,
            volatility=scales.volatility(symbol),
            lots=lots,
        )
