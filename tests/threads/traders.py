"""Strategies that do the same few things in every life and then no more; `done` is a file that they write then."""

from pathlib import Path

from tests.system.live.traders import Timed


class Stepped(Timed):
    """`steps` turns, a tenth of a second apart."""

    steps: int = 6
    done: str = ""

    def on_timer(self, name):
        if self.turn < self.steps:
            super().on_timer(name)
        elif self.is_quiet():
            Path(self.done).touch()
        else:
            self.wake_in(self.every)

    def is_quiet(self):
        return True


class Turns(Stepped):
    """Long, short, long, short, and long in the end: a wish, not orders."""

    def act(self):
        self.target(1.0 if self.turn % 2 else -1.0)
        if self.turn == self.steps:
            self.target(1.0)


class Own(Stepped):
    """Orders of its own, at market, resting, amended, taken back; each is noted in `asked` before it is asked for."""

    asked: str = ""

    def act(self):
        below = float(int(self.quote.bid * 0.9))
        if self.turn == 1:
            self._note(2)
            self.buy(2)
        elif self.turn == 2:
            self._note(1)
            self.resting = self.buy(1, limit=below)
        elif self.turn == 3:
            self.amend(self.resting, limit=below - 1)
        elif self.turn == 4:
            self._note(-1)
            self.sell(1)
        elif self.turn == 5:
            self.cancel(self.resting)
        elif self.turn == 6:
            self._note(1)
            self.buy(1, limit=below)

    def _note(self, lots):
        with Path(self.asked).open("a", encoding="utf-8") as file:
            file.write(f"{lots}\n")
