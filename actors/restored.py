"""What an earlier life of a run left, as it was read from a journal: given to the actors of the next at their start."""

from collections.abc import Mapping
from typing import Any

import attrs

from messages import Address, Message


@attrs.frozen(kw_only=True)
class Restored:
    """By address. A first incarnation is made and fed with it as a restarted one is with what its address kept."""

    kept: Mapping[Address, tuple[Message, ...]] = attrs.field(factory=dict)
    """Heard again, in this order, before anything else; what is answered to them is thrown away."""
    heritage: Mapping[Address, Any] = attrs.field(factory=dict)
    """Given to the factory, as a predecessor's would be."""
