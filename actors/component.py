"""The contract of everything that decides: given one message, a component answers with messages.

It sends nothing, starts no thread, reads no clock and logs nothing. Time comes in messages (`WakeAt` is answered by
`Woke`), randomness comes as a seeded generator through the constructor, and what it says is what its handler returns.
So a test needs no thread and no mock: call the handler, look at the answer.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from messages import ALL_MESSAGES, Message, Period, Symbol

if TYPE_CHECKING:
    from actors.tape import Calm
    from actors.tick_span import Spared

Answers: TypeAlias = Iterable[Message]
Handler: TypeAlias = Callable[[Any], Answers]


class NotWarmYet(Exception):  # noqa: N818 - while it warms up it is nobody's error
    """Raised by a handler for want of what was before. While an incarnation warms up it ends that handler alone."""


class PerSymbol(int):
    """So many of each symbol: one that says much does not push out another that says little."""


class Component:
    """One actor's decisions. Subclasses add `on_<message>` for each message class they hear.

    A handler returns the messages it says, in order; an empty tuple says nothing. An exception from a handler ends
    this incarnation: the runtime reports it to the supervisor, and only the message being handled is lost.
    """

    hears_again: frozenset[type[Message]] = frozenset()
    """What a successor hears again when its predecessor failed on it, as if it had not been said before.

    Nobody heard what the failed one answered; what it had done with it by then may be in its heritage.
    """

    def on_start(self) -> Answers:
        """Said before anything is heard. Called in the actor's own thread."""
        return ()

    def on_stop(self) -> Answers:
        """Said last, at an ordered stop. Not called after a failure: what must always happen stands in `release`."""
        return ()

    def keeps(self) -> Mapping[type[Message], int]:
        """Message classes of which the address shall keep the last n, to feed the next incarnation with.

        A PerSymbol: so many of each symbol.
        """
        return {}

    def heritage(self) -> Any:
        """What the next incarnation's factory is given of this one when it is over."""
        return None

    def begins(self, message: Message) -> None:
        """It is about to hear this. For who has to know, when it has failed, what it was doing then."""

    def died_on(self, message: Message) -> Answers:
        """The last incarnation failed on this message, and nobody heard what it answered: what is to be said of it.

        Asked when this one has started. It is heard again where `hears_again` says so, else it is lost.
        """
        if type(message) not in self.hears_again:
            return self.lost(message)
        hear: Handler = getattr(self, handler_name(type(message)))
        return hear(message)

    def lost(self, message: Message) -> Answers:  # noqa: ARG002 - for who overrides it
        """It is not heard again: where somebody waits for an answer to it, nobody else gives it."""
        return ()

    def calm(self, symbol: Symbol, period: Period | None) -> "Calm | None":  # noqa: ARG002 - for who overrides it
        """What a replay may look at to spare this component bars of a topic; None: it hears every bar."""
        return None

    def shortcut(self, message_class: type[Message], symbol: Symbol) -> Callable[[Any], bool] | None:  # noqa: ARG002
        """What a replay may ask in place of the handler, or None. True: that was all; False: it has to be heard.

        That was all: it is remembered, and nothing is said, or what is heard is said on as it is by whom everything
        passes. It raises nothing, and does nothing where it says False.
        """
        return None

    def spared(self, symbol: Symbol) -> "Spared | None":  # noqa: ARG002 - for who overrides it
        """As the shortcut for ticks, for many at once: what a replay may ask before it says a stretch of them."""
        return None

    def warmed_up(self) -> None:
        """The kept messages have been heard, and what was answered to them thrown away. From now on it counts."""

    def release(self) -> None:
        """Give back sockets, files and threads. Called once at the end of an incarnation, however it ended."""


def handler_name(message_class: type[Message]) -> str:
    """`SubmitOrder` is heard by `on_submit_order`."""
    return "on_" + re.sub(r"(?<!^)(?=[A-Z])", "_", message_class.__name__).lower()


_MESSAGE_OF_HANDLER = {handler_name(cls): cls for cls in ALL_MESSAGES}
_LIFE_CYCLE = frozenset({"on_start", "on_stop", "on_message"})


def handlers_of(component: Component) -> dict[type[Message], Handler]:
    """The component's handlers by message class; TypeError names a handler that no message class belongs to.

    `on_message`, if there is one, hears every class that has no handler of its own.
    """
    handlers: dict[type[Message], Handler] = {}
    catch_all = getattr(component, "on_message", None)
    if catch_all is not None:
        handlers = dict.fromkeys(ALL_MESSAGES, catch_all)
    for name in dir(component):
        if name.startswith("on_") and name not in _LIFE_CYCLE:
            message_class = _MESSAGE_OF_HANDLER.get(name)
            if message_class is None:
                raise TypeError(f"{type(component).__name__}.{name} hears no message class: there is no such message")
            handlers[message_class] = getattr(component, name)
    return handlers
