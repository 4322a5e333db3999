"""Strategies that look at everything they can see, and trade on a hash of it: whatever reaches them shows."""

from actors import Strategy


class Prober(Strategy):
    """Notes everything it can see at every callback, and trades on a hash of it."""

    warmup = 20

    def on_start(self):
        self.seen = 0

    def on_bar(self, bar):
        last = self.history(8, bar.symbol)
        self._note("bar", bar.symbol, bar, [each.close for each in last], sum(each.volume for each in last))
        self.wake_in(20, f"inside {bar.symbol}")
        self.wake_in(60, f"boundary {bar.symbol}")
        self.wake_in(95, f"later {bar.symbol}")
        self.target(float(self.seen % 5 - 2), bar.symbol)

    def on_bar_open(self, bar_open):
        self._note("open", bar_open.symbol, bar_open, self.history(3, bar_open.symbol))
        if self.seen % 4 == 0:
            self.target(float(self.seen % 7 - 3), bar_open.symbol)

    def on_timer(self, name):
        symbol = name.split()[1]
        self._note(name, symbol, self.history(5, symbol))
        if self.seen % 3 == 0:
            self.target(float(self.seen % 3 - 1), symbol)

    def on_fill(self, fill):
        self._note("fill", fill.symbol, fill)

    def on_order(self, event):
        self._note("order", event.order.symbol, event)

    def _note(self, what, symbol, *seen):
        text = f"{what} {self.now} {self.position(symbol)} {seen!r}"
        self.seen = sum(text.encode()) % 1009
        self.mark(text, symbol=symbol)


class TickProber(Prober):
    """Hears single ticks as well."""

    def on_tick(self, tick):
        self._note("tick", tick.symbol, tick)
        if self.seen % 50 == 0:
            self.target(float(self.seen % 3 - 1), tick.symbol)


class BookProber(TickProber):
    """Hears quotes, books and the index too."""

    def on_quote(self, quote):
        self._note("quote", quote.symbol, quote)

    def on_book(self, book):
        self._note("book", book.symbol, book)
        if self.seen % 60 == 0:
            self.target(float(self.seen % 3 - 1), book.symbol)

    def on_index(self, index):
        self._note("index", index.symbol, index)


class Orders(Prober):
    """Works with limits and stops of its own."""

    def on_bar(self, bar):
        self._note("bar", bar.symbol, bar)
        self.cancel(symbol=bar.symbol)
        if self.position(bar.symbol) <= 0:
            self.buy(2, bar.symbol, limit=bar.close - 5.0)
            self.buy(1, bar.symbol, stop=bar.close + 20.0)
        else:
            self.sell(2, bar.symbol, limit=bar.close + 5.0)
            self.sell(1, bar.symbol, stop=bar.close - 20.0)


class EveryOrder(Prober):
    """Works with orders of every kind, and changes and takes back what works."""

    def on_start(self):
        super().on_start()
        self.last = None

    def on_bar(self, bar):
        self._note("bar", bar.symbol, bar)
        close, symbol = bar.close, bar.symbol
        if self.last is not None and self.last[1] == symbol:
            self.amend(self.last[0], lots=1 + self.seen % 4, limit=close - 30.0 + self.seen % 50)
        if self.seen % 5 == 0:
            self.cancel(symbol=symbol)
        sign = 1 if self.position(symbol) <= 0 else -1
        place = self.buy if sign > 0 else self.sell
        kinds = (
            {"limit": close - sign * 60.0, "post_only": True, "time_in_force": "day"},
            {"stop": close + sign * 40.0, "limit": close + sign * 90.0},
            {"trail": 70.0},
            {"limit": close + sign * 5.0, "time_in_force": "ioc"},
            {"limit": close + sign * 10.0, "time_in_force": "fok"},
            {"limit": close - sign * 90.0},
            {"stop": close + sign * 600.0, "time_in_force": "day"},
            {"reduce_only": True},
        )
        for turn in (self.seen, self.seen // 8):
            terms = kinds[turn % 8]
            number = place(2, symbol, **terms)
            if terms.keys() == {"limit"} or "post_only" in terms:
                self.last = (number, symbol)

    def on_bar_open(self, bar_open):
        self._note("open", bar_open.symbol, bar_open)
