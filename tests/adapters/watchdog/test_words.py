"""What trader and watchdog say and write down comes through whole, one line each, and nothing else is believed."""

import dataclasses
import json
import os
import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.watchdog.keys import KeysUnreadable, read_keys
from adapters.watchdog.record import Act, Log, read_act, write_act
from adapters.watchdog.setup import Setup, setup_of
from adapters.watchdog.words import LINE_MAX, Lines, Word, line

SETUP = Setup(
    trader=77, life=2, folder="/a", origin="https://www.bitmex.com", authorities=None, keys="/a/keys",
    account_lock=None, silence_s=30.0, start_s=90.0, stop_s=40.0, budget_s=600.0, symbols=("XBTUSD",),
    restart=("python", "run.py"),
)  # fmt: skip
ACT = Act(life=2, trader=77, verdict="silent", reason="no heartbeat", began="2026-01-02T03:04:05.678Z", killed=True)

# Over the pipe.


@given(
    st.lists(st.tuples(st.sampled_from(Word), st.text(max_size=40)), max_size=20),
    st.lists(st.integers(1, 50), max_size=40),
)
def test_lines_come_through_however_they_are_cut(said, cuts):
    data = b"".join(line(word, rest) for word, rest in said)
    lines, heard = Lines(), []
    for cut in cuts:
        heard += lines.take(data[:cut])
        data = data[cut:]
    heard += lines.take(data)

    assert [word for word, _ in heard] == [word.value for word, _ in said]
    assert all(rest.isprintable() for _, rest in heard)


def test_who_never_ends_a_line_fills_no_memory():
    lines = Lines()
    for _ in range(101):
        assert lines.take(b"x" * (LINE_MAX - 1)) == []

    assert len(lines._rest) < LINE_MAX
    assert lines.take(b"\nbye\n")[-1] == ("bye", "")


def test_a_setup_comes_through_equal():
    assert setup_of(SETUP.to_line()) == SETUP


@pytest.mark.parametrize(
    "changes",
    [{"trader": 1}, {"trader": "77"}, {"trader": True}, {"silence_s": None}, {"unknown": 1}, {"symbols": None}],
)
def test_what_is_no_setup_is_refused(changes):
    told = {**dataclasses.asdict(SETUP), **changes}

    with pytest.raises(ValueError, match="something else"):
        setup_of(json.dumps(told).encode())


@pytest.mark.parametrize("told", [b"", b"[]", b"\xff", b"null", b"{"])
def test_what_is_no_object_is_no_setup(told):
    with pytest.raises(ValueError, match="something else"):
        setup_of(told)


# Keys.


def _keys(path, text='venue = "loopback"\nkey = "a-key"\nsecret = "a-secret"\n', mode=0o600):
    path.write_text(text)
    path.chmod(mode)
    return str(path)


def test_keys_sign_and_are_not_shown(tmp_path):
    keys = read_keys(_keys(tmp_path / "keys"))

    headers = keys.headers("GET", "/api/v1/order", 1_518_064_236, "")
    assert (headers["api-key"], headers["api-expires"]) == ("a-key", "1518064236")
    assert repr(keys) == "Keys(***)"
    assert keys.redact("Invalid key a-key for a-secret.") == "Invalid key *** for ***."


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.chmod(0o640), lambda path: path.unlink(), lambda path: path.write_text('key = "a-key"'),
        lambda path: path.write_text("a-secret"), lambda path: path.write_text('key = "a-key"\nsecret = "é"'),
        lambda path: path.write_text('key = ""\nsecret = "a-secret"'), lambda path: path.write_bytes(b"\xff"),
        lambda path: path.write_text('key = 5\nsecret = "a-secret"'),
    ],
)  # fmt: skip
def test_keys_that_are_not_as_they_should_be_are_refused_without_showing_them(tmp_path, spoil):
    path = tmp_path / "keys"
    _keys(path)
    spoil(path)

    with pytest.raises(KeysUnreadable, match="keys") as refused:
        read_keys(str(path))
    assert "a-secret" not in str(refused.value)


def test_keys_are_not_read_through_a_link_or_from_a_pipe(tmp_path):
    _keys(tmp_path / "keys")
    (tmp_path / "link").symlink_to(tmp_path / "keys")
    os.mkfifo(tmp_path / "pipe", 0o600)

    for name in ("link", "pipe"):
        with pytest.raises(KeysUnreadable, match=name):
            read_keys(str(tmp_path / name))


# In the folder.


def test_an_act_is_kept_for_the_next_life_and_for_nobody_else_to_read(tmp_path):
    assert read_act(str(tmp_path)) is None
    assert write_act(str(tmp_path), ACT) == ""

    assert read_act(str(tmp_path)) == ACT
    (path,) = tmp_path.iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"life": 1}', "x" * 100_000])
def test_what_is_no_act_is_none(tmp_path, text):
    (tmp_path / "watchdog.json").write_text(text)

    assert read_act(str(tmp_path)) is None


def test_an_act_with_a_field_of_another_type_is_none(tmp_path):
    told = {**dataclasses.asdict(ACT), "life": "2"}
    (tmp_path / "watchdog.json").write_text(json.dumps(told))

    assert read_act(str(tmp_path)) is None


def test_where_nothing_can_be_written_that_is_said_and_nothing_more(tmp_path):
    gone = str(tmp_path / "gone")
    Log(gone).say("nobody reads it")

    assert "No such file" in write_act(gone, ACT)


def test_the_log_has_one_line_for_each_thing_whatever_was_in_it(tmp_path):
    Log(str(tmp_path)).say("one\ntwo\x1b[31m")

    (told,) = (tmp_path / "watchdog.log").read_text().splitlines()
    assert told.endswith("] one two [31m")
    assert stat.S_IMODE((tmp_path / "watchdog.log").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"is_clean": True, "cancelled": 2}, "2 orders cancelled; nothing is left open at the venue"),
        ({"failure": "given up after 600 s"}, "0 orders cancelled; given up after 600 s"),
        ({"closes": 1, "is_clean": True}, "0 orders cancelled, 1 sent to close positions; nothing is left open"),
        ({"killed": False}, "the watchdog looked after the orders of the run at 2026-01-02T03:04:05.678Z"),
        ({}, "it did not come to its end"),
    ],
)
def test_an_act_is_told_in_words(changes, words):
    assert words in dataclasses.replace(ACT, **changes).words
