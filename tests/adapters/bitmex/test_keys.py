"""Requests are signed as BitMEX publishes, keys are read from private files only, and nothing shows them."""

import copy
import os
import pickle
import traceback

import attrs
import pytest

from adapters.bitmex import credentials, environment
from adapters.bitmex.credentials import (
    VARIABLES,
    Access,
    LoopbackKeys,
    MainnetKeys,
    keys_from_environment,
    keys_from_file,
)
from adapters.bitmex.environment import Loopback, Mainnet
from adapters.bitmex.events import Send
from adapters.bitmex.signing import expires_at, signature
from adapters.errors import InputError
from tests.builders import SECOND

KEY, SECRET = "LAqUlngMIQkIUjXMUreyu3qn", "chNOOS4KvNXR_Xq4k4c9qsfoKWvnDecLATCRlcBwyKDYnWgO"
ORDER = '{"symbol":"XBTM15","price":219.0,"clOrdID":"mm_bitmex_1a/oemUeQ4CAJZgP3fjHsA","orderQty":98}'
INSTRUMENT, PLACE = "/api/v1/instrument", "/api/v1/order"
FILTERED = "/api/v1/instrument?filter=%7B%22symbol%22%3A+%22XBTM15%22%7D"
MAINNET = Mainnet(live_money=True, account=7)
KINDS = [credentials.TestnetKeys, MainnetKeys, LoopbackKeys]


@pytest.mark.parametrize(
    ("verb", "path", "expires", "data", "published"),
    [
        ("GET", INSTRUMENT, 1518064236, "", "c7682d435d0cfe87c16098df34ef2eb5a549d4c5a3c2b1f0f77b8af73423bf00"),
        ("GET", FILTERED, 1518064237, "", "e2f422547eecb5b3cb29ade2127e21b858b235b386bfa45e1c1756eb3383919f"),
        ("post", PLACE, 1518064238, ORDER, "1749cd2ccae4aa49048ae09f0b95110cee706e0944e6a14ad0b3a8cb45bd336b"),
        ("GET", "/realtime", 1518064236, "", "6d459dc02866d35a2b965edeecc68063d488e296b77982235fc6eca24b934945"),
    ],
)  # fmt: skip
def test_signs_as_the_published_vectors(verb, path, expires, data, published):
    assert signature(SECRET, verb, path, expires, data) == published
    assert credentials.TestnetKeys(KEY, SECRET).headers(verb, path, expires, data) == {
        "api-key": KEY,
        "api-expires": str(expires),
        "api-signature": published,
    }


def test_a_log_in_signs_the_bare_path_of_the_socket():
    text = credentials.TestnetKeys(KEY, SECRET).login(1518064236)

    assert text == (
        f'{{"op": "authKeyExpires", "args": ["{KEY}", 1518064236, '
        '"6d459dc02866d35a2b965edeecc68063d488e296b77982235fc6eca24b934945"]}'
    )


@pytest.mark.parametrize(("now", "second"), [(0, 5), (1, 6), (SECOND - 1, 6), (SECOND, 6), (SECOND + 1, 7)])
def test_an_expiry_is_never_earlier_than_its_lead(now, second):
    assert expires_at(now, 5 * SECOND) == second


# Nothing shows them.


@attrs.frozen
class Holder:
    keys: object
    note: str = "x"


@pytest.mark.parametrize("kind", KINDS)
def test_s02_no_way_of_writing_keys_shows_them(kind):
    keys = kind(KEY, SECRET)
    holder = Holder(keys)

    written = [
        repr(keys), str(keys), f"{keys}", f"{keys!r:>50}", repr([keys]), repr(holder), repr(attrs.asdict(holder)),
        repr(attrs.astuple(holder)), repr(Send(keys.login(1), secret=True)), repr(getattr(keys, "__dict__", {})),
    ]  # fmt: skip

    assert not any(KEY in text or SECRET in text for text in written)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("write", [pickle.dumps, copy.copy, copy.deepcopy, lambda keys: keys.__getstate__()])
def test_s02_keys_are_neither_pickled_nor_copied(kind, write):
    with pytest.raises(TypeError) as refused:
        write(kind(KEY, SECRET))

    assert KEY not in str(refused.value)
    assert SECRET not in str(refused.value)


def test_s03_what_the_venue_repeats_is_made_unreadable():
    keys = credentials.TestnetKeys(KEY, SECRET)

    assert keys.redact(f"unknown key {KEY} {SECRET}") == "unknown key *** ***"


@pytest.mark.parametrize("bad", ["", "a b", "ключ", "line\nbreak", "tab\t", 5, None])
def test_s02_keys_that_no_header_can_carry_are_refused_without_being_shown(bad):
    with pytest.raises(ValueError, match="printable ASCII") as refused:
        credentials.TestnetKeys(KEY, bad)

    assert KEY not in str(refused.value)
    assert not bad or str(bad) not in str(refused.value)


# Where they come from.


def a_key_file(folder, text=None, *, mode=0o600, venue="bitmex-testnet"):
    path = folder / "keys.toml"
    path.write_text(f'venue = "{venue}"\nkey = "{KEY}"\nsecret = "{SECRET}"\n' if text is None else text)
    path.chmod(mode)
    return path


@pytest.mark.parametrize(
    ("venue", "kind"),
    [("bitmex-testnet", credentials.TestnetKeys), ("bitmex", MainnetKeys), ("loopback", LoopbackKeys)],
)
def test_s01_s13_a_private_file_gives_keys_of_the_venue_that_it_names(tmp_path, venue, kind):
    keys = keys_from_file(a_key_file(tmp_path, venue=venue))

    assert type(keys) is kind
    assert keys.headers("GET", "/api/v1/instrument", 1518064236, "")["api-key"] == KEY


def refusal_of(path):
    """The whole traceback, as a log would have it."""
    with pytest.raises(InputError) as refused:
        keys_from_file(path)

    assert str(path) in str(refused.value)
    return "".join(traceback.format_exception(refused.value))


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX")
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o601])
def test_s01_a_file_that_others_can_read_is_refused_by_its_path(tmp_path, mode):
    said = refusal_of(a_key_file(tmp_path, mode=mode))

    assert "chmod 600" in said
    assert SECRET not in said


@pytest.mark.skipif(os.name != "posix", reason="symbolic links are POSIX here")
def test_s01_a_link_a_folder_and_a_missing_file_are_refused(tmp_path):
    real = a_key_file(tmp_path)
    link = tmp_path / "link.toml"
    link.symlink_to(real)

    assert "cannot be read" in refusal_of(link)
    assert "not a plain file" in refusal_of(tmp_path) or "cannot be read" in refusal_of(tmp_path)
    assert "cannot be read" in refusal_of(tmp_path / "nothing.toml")


@pytest.mark.parametrize(
    "text",
    [
        f"{SECRET} = = =",
        f'venue = "bitmex"\nkey = "{KEY}"\nsecret = "{SECRET}',
        f'venue = "bitmex"\nkey = "{KEY}"',
        f'venue = "bitmex"\nkey = "{KEY}"\nsecret = "{SECRET}"\nmore = 1',
        f'venue = "{SECRET}"\nkey = "{KEY}"\nsecret = "{SECRET}"',
        f'venue = ["bitmex"]\nkey = "{KEY}"\nsecret = "{SECRET}"',
        f'venue = "bitmex"\nkey = 5\nsecret = "{SECRET}"',
        f'venue = "bitmex"\nkey = "{KEY}"\nsecret = "{SECRET} {SECRET}"',
        f"# {SECRET}\n" * 200,
    ],
)
def test_s01_a_file_with_anything_else_in_it_is_refused_and_not_quoted(tmp_path, text):
    said = refusal_of(a_key_file(tmp_path, text))

    assert SECRET not in said
    assert KEY not in said


def test_s13_the_environment_s_variables_differ_by_venue():
    names = [name for pair in VARIABLES.values() for name in pair]
    variables = dict(zip(VARIABLES["bitmex-testnet"], (KEY, SECRET), strict=True))

    assert len(set(names)) == 6
    assert type(keys_from_environment(environment.Testnet(), variables)) is credentials.TestnetKeys
    assert keys_from_environment(MAINNET, variables) is None


def test_s01_one_variable_of_two_is_refused():
    with pytest.raises(InputError, match="must both be set") as refused:
        keys_from_environment(environment.Testnet(), {VARIABLES["bitmex-testnet"][1]: SECRET})

    assert SECRET not in str(refused.value)


# Testnet and mainnet are apart.

ENVIRONMENTS = {credentials.TestnetKeys: environment.Testnet(), MainnetKeys: MAINNET, LoopbackKeys: Loopback(port=8080)}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("home", KINDS)
def test_s13_q7_keys_and_environment_of_two_venues_are_refused(kind, home):
    keys, place = kind(KEY, SECRET), ENVIRONMENTS[home]

    if kind is home:
        assert Access(place, keys).keys is keys
    else:
        with pytest.raises(InputError, match="these keys are for"):
            Access(place, keys)


def test_s13_both_addresses_come_from_one_environment():
    assert (environment.Testnet().rest, environment.Testnet().socket) == (
        "https://testnet.bitmex.com",
        "wss://ws.testnet.bitmex.com/realtime",
    )
    assert (MAINNET.rest, MAINNET.socket) == ("https://www.bitmex.com", "wss://ws.bitmex.com/realtime")
    assert (Loopback(port=1).rest, Loopback(port=1).socket) == ("http://127.0.0.1:1", "ws://127.0.0.1:1/realtime")
    assert Loopback(host="::1", port=1).rest == "http://[::1]:1"


@pytest.mark.parametrize("host", ["10.0.0.1", "127.0.0.1.evil", "0.0.0.0", "", "www.bitmex.com"])
def test_s12_plain_text_is_spoken_to_this_machine_only(host):
    with pytest.raises(InputError, match="on this machine"):
        Loopback(host=host, port=80)


@pytest.mark.parametrize("port", [0, -1, 65536, True, "80", None])
def test_a_port_is_a_port(port):
    with pytest.raises(InputError, match="port"):
        Loopback(port=port)


@pytest.mark.parametrize(
    ("live_money", "account"), [(False, 7), (1, 7), (True, 0), (True, -1), (True, "7"), (True, True)]
)
def test_s13_real_money_needs_the_word_and_the_account(live_money, account):
    with pytest.raises(InputError, match="real money"):
        Mainnet(live_money=live_money, account=account)
