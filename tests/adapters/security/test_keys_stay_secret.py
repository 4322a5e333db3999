"""Keys are where they are used and nowhere else: not in arguments, environment or children, in no message."""

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import attrs
import pytest

from adapters.bitmex import credentials, environment
from adapters.bitmex.credentials import VARIABLES, LoopbackKeys, MainnetKeys, keys_from_environment
from adapters.bitmex.environment import Loopback, Mainnet
from messages import ALL_MESSAGES, codec
from tests.adapters.security.leaky import KEY, SECRET

ROOT = Path(__file__).parents[3]
TELLING = ("secret", "signature", "api_key", "apikey", "credential", "password", "keys", "authorization")
"""Of a field that would hold keys or what was signed with them."""

LOOKS = """
    import json, os, subprocess, sys
    from pathlib import Path
    from adapters.bitmex.credentials import keys_from_environment, keys_from_file
    from adapters.bitmex.environment import Testnet
    if sys.argv[1] == "file":
        keys = keys_from_file(Path(sys.argv[2]))
    else:
        keys = keys_from_environment(Testnet(), os.environ)
    child = subprocess.run(["env"], capture_output=True, text=True, check=True)
    seen = {"environ": dict(os.environ), "child": child.stdout, "argv": sys.argv}
    ours = Path("/proc/self")
    if ours.exists():
        seen["cmdline"] = (ours / "cmdline").read_text()
        seen["start"] = (ours / "environ").read_text()
    print(json.dumps([len(keys.headers("GET", "/", 5, "")), seen]))
"""


def looked(*arguments, **environment):
    """What a process that has read its keys shows of itself."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(LOOKS), *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    headers, seen = json.loads(done.stdout)
    assert headers == 3, "it has them"
    return seen


@pytest.mark.skipif(os.name != "posix", reason="file modes and env are POSIX")
def test_s01_keys_of_a_file_are_in_no_list_of_processes_and_no_environment(tmp_path):
    path = tmp_path / "keys.toml"
    path.write_text(f'venue = "bitmex-testnet"\nkey = "{KEY}"\nsecret = "{SECRET}"\n')
    path.chmod(0o600)

    seen = json.dumps(looked("file", path))

    assert str(path) in seen
    assert KEY not in seen
    assert SECRET not in seen


@pytest.mark.skipif(os.name != "posix", reason="env is POSIX")
def test_s01_keys_of_the_environment_are_taken_out_of_it_and_no_child_has_them():
    seen = looked("environment", **dict(zip(VARIABLES["bitmex-testnet"], (KEY, SECRET), strict=True)))
    # What the system keeps of the start is beyond us, and only this user's to see.
    seen.pop("start", None)

    assert KEY not in json.dumps(seen)
    assert SECRET not in json.dumps(seen)


def test_s13_only_the_keys_of_the_venue_that_is_traded_are_taken():
    variables = {name: f"{name}-value" for pair in VARIABLES.values() for name in pair}

    keys = keys_from_environment(environment.Testnet(), variables)

    assert type(keys) is credentials.TestnetKeys
    assert set(variables) == {*VARIABLES["bitmex"], *VARIABLES["loopback"]}
    assert type(keys_from_environment(Mainnet(live_money=True, account=7), variables)) is MainnetKeys
    assert type(keys_from_environment(Loopback(port=1), variables)) is LoopbackKeys
    assert variables == {}
    assert keys_from_environment(environment.Testnet(), variables) is None


@pytest.mark.parametrize("given", [0, 1])
def test_s01_half_of_a_pair_is_taken_out_too(given):
    name = VARIABLES["bitmex"][given]
    variables = {name: SECRET}

    with pytest.raises(Exception, match="must both be set"):
        keys_from_environment(Mainnet(live_money=True, account=7), variables)
    assert variables == {}


@pytest.mark.parametrize("message", ALL_MESSAGES)
def test_s02_no_message_has_a_place_for_keys(message):
    names = [field.name for field in attrs.fields(message)]

    assert [name for name in names if any(word in name for word in TELLING)] == []
    assert "Keys" not in " ".join(str(field.type) for field in attrs.fields(message))


@pytest.mark.parametrize("message", [kind for kind in ALL_MESSAGES if attrs.fields(kind)])
def test_s02_what_smuggles_keys_into_a_message_cannot_write_them(message):
    keys = LoopbackKeys(KEY, SECRET)
    smuggled = object.__new__(message)
    for field in attrs.fields(message):
        object.__setattr__(smuggled, field.name, keys)

    try:
        written = json.dumps(codec.encode(smuggled))
    except Exception as error:
        written = f"{error!r} {error.__notes__ if hasattr(error, '__notes__') else ''}"
    for text in (written, repr(smuggled)):
        assert KEY not in text
        assert SECRET not in text
