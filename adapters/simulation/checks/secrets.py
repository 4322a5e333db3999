"""I11: what proves who we are is in no message, no exception's text and no file."""

from typing import Any

from adapters.simulation.checks.check import Check


class Canaries(Check):
    """Looks for them in every text that comes from outside or goes there, in what failed, and in all files."""

    def _told(self, what: str, *texts: str) -> None:
        for secret in self.facts.secrets:
            if any(secret in text for text in texts):
                self.violated("I11", f"a key is in {what}")

    def on_TextReceived(self, envelope: Any) -> None:  # noqa: N802 named as the message is
        """A frame."""
        self._told("a frame", envelope.message.text)

    def on_RequestAnswered(self, envelope: Any) -> None:  # noqa: N802 named as the message is
        """An answer."""
        answer = envelope.message
        self._told("an answer", answer.body, answer.failure, *[value for _, value in answer.headers])

    def on_SendRequest(self, envelope: Any) -> None:  # noqa: N802 named as the message is
        """A request."""
        self._told("a request", envelope.message.path, envelope.message.body)

    def on_SendText(self, envelope: Any) -> None:  # noqa: N802 named as the message is
        """A frame that we send."""
        self._told("a frame that is sent", envelope.message.text)

    def on_ActorFailed(self, envelope: Any) -> None:  # noqa: N802 named as the message is
        """An exception."""
        failed = envelope.message
        self._told(f"what {failed.actor} failed with", failed.error, failed.trace)

    def on_Quarantined(self, envelope: Any) -> None:  # noqa: N802 named as the message is
        """What could not be read."""
        self._told("what was quarantined", repr(envelope.message))

    def on_HaltTrading(self, envelope: Any) -> None:  # noqa: N802 named as the message is
        """A reason."""
        self._told("why trading halts", envelope.message.reason)

    def over(self) -> None:
        """All files of the run."""
        secrets = [secret.encode() for secret in self.facts.secrets]
        for path in sorted(self.facts.folder.rglob("*")):
            if path.is_file():
                text = path.read_bytes()
                if any(secret in text for secret in secrets):
                    self.violated("I11", f"a key is in {path.name}")


CHECKS = (Canaries,)
