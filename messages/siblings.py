"""openoutcry is three packages with common names: this tells early, in words, when one of them is somebody else's."""

from importlib.util import find_spec
from pathlib import Path

PACKAGES = ("messages", "actors", "adapters")


def check_siblings() -> None:
    """ImportError when `messages`, `actors` or `adapters` would be imported from elsewhere than beside this package."""
    home = Path(__file__).resolve().parent.parent
    for name in PACKAGES:
        spec = find_spec(name)
        found = None if spec is None or spec.origin is None else Path(spec.origin).resolve().parent
        if found != home / name:
            where = "is a folder without __init__.py" if spec is not None and found is None else f"is {found}"
            raise ImportError(
                f"openoutcry needs its own package {name!r} from {home / name}, "
                f"but what Python finds under that name {where}. "
                f"Rename the other {name!r}, or move it behind openoutcry on sys.path."
            )
