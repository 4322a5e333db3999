"""The bulk path: bars and ticks from columns that were checked as a whole, without checking each once more.

A frozen attrs class sets its fields through `object.__setattr__`, which costs more than everything else that is done
with a bar. So a plain twin with the same slots is filled and its class then switched: the result is an ordinary frozen
instance. The twin's layout is the frozen class's, held by a test, and nothing but columns may be read this way.
"""

from collections.abc import Callable
from typing import Any

import attrs

from messages.base import Message
from messages.market import Bar, BarOpen, Tick


def _twin(message_class: type[Message]) -> Callable[..., Any]:
    names = [field.name for field in attrs.fields(message_class)]
    body = "\n    ".join(f"self.{name} = {name}" for name in names)
    source = f"def fill(self, {', '.join(names)}):\n    {body}\n    self.__class__ = frozen\n"
    namespace: dict[str, Any] = {"frozen": message_class}
    exec(compile(source, f"<bulk {message_class.__name__}>", "exec"), namespace)  # noqa: S102 - from our own field names
    twin = type(
        f"_{message_class.__name__}Twin",
        (Message,),
        {"__slots__": tuple(names), "__init__": namespace["fill"]},
    )
    return twin


bulk_bar: Callable[..., Bar] = _twin(Bar)
"""symbol, period, open_ts, close_ts, received, open, high, low, close, volume, turnover, ticks: in this order."""
bulk_bar_open: Callable[..., BarOpen] = _twin(BarOpen)
"""symbol, period, ts, received, price."""
bulk_tick: Callable[..., Tick] = _twin(Tick)
"""symbol, ts, received, price, size, aggressor."""
