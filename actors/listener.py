"""A callback of the host application, as an actor: what it raises ends it, and nobody else."""

from collections.abc import Callable

from actors.component import Answers, Component
from messages import Message, Subscribe


class Listener(Component):
    """Hears one message class, whoever says it; says nothing. The callback runs where this actor runs."""

    def __init__(self, message_class: type[Message], callback: Callable[[Message], object]) -> None:
        self._message_class = message_class
        self._callback = callback

    def on_start(self) -> Answers:
        """Subscribe."""
        return (Subscribe(self._message_class),)

    def on_message(self, message: Message) -> Answers:
        """Call back."""
        self._callback(message)
        return ()
