"""A callback of the host application, as an actor: what it raises ends it, and nobody else."""

from collections.abc import Callable
from typing import Any

from actors.component import Answers, Component
from actors.runtime.slot import ActorKind, ActorSpec
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


class Listeners:
    """Those of one system, in the order in which they were asked for; each is an actor of its own."""

    def __init__(self) -> None:
        self.specs: list[ActorSpec] = []
        self._heard: set[type[Message]] = set()

    def add(self, message_class: type[Message], callback: Callable[[Any], object]) -> ActorSpec:
        """One more; TypeError for what is no message class."""
        if not (isinstance(message_class, type) and issubclass(message_class, Message)):
            raise TypeError(f"subscribe takes a message class, such as messages.Fill, not {message_class!r}")
        spec = ActorSpec(
            address=f"listener:{len(self.specs) + 1}",
            role="listener",
            kind=ActorKind.EDGE,
            factory=lambda _heritage: Listener(message_class, callback),
        )
        self._heard.add(message_class)
        self.specs.append(spec)
        return spec

    def hear(self, message_class: type[Message]) -> bool:
        """Whether one of them does."""
        return message_class in self._heard
