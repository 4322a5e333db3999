"""A request as the exchange reads it: what it asks for, of which order, with numbers to the digit."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import attrs


@attrs.frozen(kw_only=True, eq=False)
class Asked:
    """One request that leaves the process."""

    trip: Any
    """Its way, as the network has it."""
    verb: str
    route: str
    """Path without query and without what all have in common."""
    fields: Mapping[str, Any]
    """Of its body; numbers with a point are Decimals."""

    @property
    def places(self) -> bool:
        """Whether it asks for a new order."""
        return self.verb == "POST" and self.route == "/order"

    @property
    def amends(self) -> bool:
        """Whether it asks for another size or price."""
        return self.verb == "PUT" and self.route == "/order"

    @property
    def only_closes(self) -> bool:
        """Whether the exchange itself sees to it that it makes no position larger."""
        words = str(self.fields.get("execInst") or "").split(",")
        return "ReduceOnly" in words or "Close" in words

    @property
    def client_id(self) -> str:
        """Of the order that it places or amends, or ""."""
        return str(self.fields.get("origClOrdID" if self.amends else "clOrdID") or "")

    @property
    def arms(self) -> bool:
        """Whether it puts off what the exchange does when nobody is heard."""
        return self.route == "/order/cancelAllAfter" and bool(self.fields.get("timeout"))


def asked(trip: Any) -> Asked:
    """Read one."""
    verb, route = trip.route
    body = trip.message.body
    fields = json.loads(body, parse_float=Decimal) if body else {}
    return Asked(trip=trip, verb=verb, route=route, fields=fields if isinstance(fields, dict) else {})
