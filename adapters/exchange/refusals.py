"""What the exchange refuses, in its exact words: clients match on them.

Each is made anew: an exception that is raised again and again would keep the frames of every time.
"""

from typing import Any

import attrs


@attrs.frozen
class Refusal(Exception):  # noqa: N818 it is no error of ours
    """A request that gets an error body instead of an answer."""

    status: int
    message: str
    name: str = "HTTPError"
    details: str | None = None
    """A code that some errors carry since 2022."""
    retry_after: int | None = None
    """Seconds."""

    def __str__(self) -> str:
        return self.message

    def body(self) -> dict[str, Any]:
        """As it is sent."""
        error = {"message": self.message, "name": self.name}
        if self.details is not None:
            error["details"] = self.details
        return {"error": error}


def invalid(field: str) -> Refusal:
    """A parameter that cannot be."""
    return Refusal(400, f"Invalid {field}")


def insufficient(needed: int, currency: str) -> Refusal:
    """The margin check of a new or larger order."""
    message = f"Account has insufficient Available Balance, {needed} {currency} required"
    return Refusal(400, message, "CodedHTTPError", "19000")


def rate_limited(seconds: int) -> Refusal:
    """Too many requests."""
    return Refusal(429, f"Rate limit exceeded, retry in {seconds} seconds.", "RateLimitError", retry_after=seconds)


def overloaded() -> Refusal:
    """Load was shed: the request has not reached the engine."""
    return Refusal(503, "The system is currently overloaded. Please try again later.")


def not_found() -> Refusal:
    """No such route, or no such order to cancel."""
    return Refusal(404, "Not Found")


def invalid_key() -> Refusal:
    """A key that nobody has, or none where one is needed."""
    return Refusal(401, "Invalid API Key.")


def access_denied() -> Refusal:
    """The key may not do this."""
    return Refusal(403, "Access Denied")
