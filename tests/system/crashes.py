"""Actors of the core and the venue that fail where we want it, and an eye on what is traded meanwhile."""

from collections import defaultdict

from messages import Fill, Liquidity, OrderAmended, SubmitOrder, TargetShares


def crashes(monkeypatch, owner, name, *, at, account="main", after=False):
    """Have a handler, or what handlers call, raise at its `at`-th call for an account: before or after its work.

    `owner` is a class or a module. Returns a list that is filled when it has happened.
    """
    honest = getattr(owner, name)
    done, count = [], [0]

    def fails(*args, **keywords):
        if next(each.account for each in args if hasattr(each, "account")) == account:
            count[0] += 1
        else:
            return honest(*args, **keywords)
        due = count[0] >= at and not done
        if due:
            done.append(count[0])
        if due and not after:
            raise RuntimeError("crashed as told")
        answers = honest(*args, **keywords)
        if due:
            raise RuntimeError("crashed as told, with its work done and nothing said")
        return answers

    monkeypatch.setattr(owner, name, fails)
    return done


class Watch:
    """Folds a system's fills by itself, and holds each against what its strategy wanted.

    A fill brings its strategy nearer to a share that the portfolio has said since the order was sent, and not past it.
    """

    def __init__(self, system):
        self.positions, self.wanted = defaultdict(int), defaultdict(lambda: [0])
        self.too_much, self.twice, self.fills, self.too_large = [], [], [], []
        self._executions, self._sent, self._lots, self._filled = set(), {}, {}, defaultdict(int)
        system.subscribe(TargetShares, self._on_target)
        system.subscribe(SubmitOrder, self._on_submit)
        system.subscribe(OrderAmended, lambda amended: self._lots.update({amended.order.client_id: amended.order.lots}))
        system.subscribe(Fill, self._on_fill)

    def lacking(self, but=()):
        """(strategy, symbol) -> lots, where the last share is not what is held."""
        return {
            key: shares[-1] - self.positions[key]
            for key, shares in self.wanted.items()
            if key[0] not in but and shares[-1] != self.positions[key]
        }

    def _on_target(self, target):
        for share in target.shares:
            self.wanted[share.strategy, target.symbol].append(share.lots)

    def _on_submit(self, submit):
        order = submit.order
        self._lots[order.client_id] = order.lots
        for owner in order.owners:
            key = (owner.strategy, order.symbol)
            self._sent.setdefault((order.client_id, owner.strategy), len(self.wanted[key]) - 1)

    def _on_fill(self, fill):
        if (fill.account, fill.execution_id) in self._executions:
            self.twice.append(fill)
            return
        self._executions.add((fill.account, fill.execution_id))
        self.fills.append(fill)
        self._filled[fill.client_id] += fill.lots
        is_order = fill.liquidity in (Liquidity.MAKER, Liquidity.TAKER)
        if is_order and abs(self._filled[fill.client_id]) > abs(self._lots[fill.client_id]):
            self.too_large.append(fill)
        for part in fill.parts:
            key = (part.strategy, fill.symbol)
            before = self.positions[key]
            self.positions[key] = after = before + part.lots
            since = self.wanted[key][self._sent.get((fill.client_id, part.strategy), -1) :]
            ends = (before, min(since), max(since))
            if not min(ends) <= after <= max(ends):
                self.too_much.append((part.strategy, before, after, since, fill))
