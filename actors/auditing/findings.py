"""What the auditor finds: an invariant that does not hold, and in which words."""

import attrs


@attrs.frozen
class Finding:
    """One violation."""

    invariant: str
    text: str
