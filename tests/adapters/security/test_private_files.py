"""What is private is private from its first moment, whatever the umask and whatever stands in its place already."""

import os
import sqlite3
import stat

import pytest

from adapters.errors import InputError
from adapters.security import private_files
from adapters.security.private_files import (
    create_private,
    make_private,
    open_private,
    private_folder,
    read_private,
    write_private_atomically,
)

pytestmark = pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX")


@pytest.fixture(params=[0o000, 0o022, 0o777], ids=oct)
def umask(request):
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def mode(path):
    return stat.S_IMODE(path.lstat().st_mode)


def test_s18_a_new_file_is_its_owners_alone_under_every_umask(tmp_path, umask):
    with create_private(tmp_path / "created") as file:
        assert mode(tmp_path / "created") == 0o600
        file.write("ü\n")
    with open_private(tmp_path / "opened") as file:
        file.write("one\n")
    with open_private(tmp_path / "opened") as file:
        file.write("two\n")
    make_private(tmp_path / "made")
    write_private_atomically(tmp_path / "written", "text\r\n")

    assert {path.name: mode(path) for path in tmp_path.iterdir()} == dict.fromkeys(
        ("created", "opened", "made", "written"), 0o600
    )
    assert read_private(tmp_path / "created", 10) == "ü\n".encode()
    assert read_private(tmp_path / "opened", 10) == b"one\ntwo\n"
    assert read_private(tmp_path / "written", 10) == b"text\r\n"


def test_s18_folders_are_their_owners_alone_under_every_umask_those_above_too(tmp_path, umask):
    assert private_folder(tmp_path / "a" / "b" / "c") == tmp_path / "a" / "b" / "c"

    assert [mode(tmp_path / part) for part in ("a", "a/b", "a/b/c")] == [0o700] * 3
    assert private_folder(tmp_path / "a" / "b" / "c").is_dir(), "again is the same"


def test_s18_a_file_is_private_before_anything_is_in_it(tmp_path, monkeypatch):
    seen = []
    opened = os.open

    def watched(path, *arguments, **more):
        handle = opened(path, *arguments, **more)
        seen.append(stat.S_IMODE(os.fstat(handle).st_mode) & 0o077)
        return handle

    before = os.umask(0)
    monkeypatch.setattr(private_files.os, "open", watched)
    create_private(tmp_path / "a").close()
    open_private(tmp_path / "b").close()
    os.umask(before)

    assert seen == [0, 0]


@pytest.mark.parametrize("given", [0o755, 0o750, 0o775, 0o711, 0o500])
def test_s18_a_folder_of_ours_is_closed_to_others(tmp_path, given):
    folder = tmp_path / "run"
    folder.mkdir()
    folder.chmod(given)

    assert mode(private_folder(folder)) == 0o700


@pytest.mark.parametrize("given", [0o777, 0o702, 0o1777])
def test_s18_a_folder_that_everybody_can_write_to_is_refused(tmp_path, given):
    folder = tmp_path / "run"
    folder.mkdir()
    folder.chmod(given)

    with pytest.raises(InputError, match=r"run: everybody can write"):
        private_folder(folder)
    assert mode(folder) == given


def test_s18_a_link_a_file_and_a_place_under_a_file_are_no_folders(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    (tmp_path / "file").touch()

    for name, reason in [
        ("link", "link"),
        ("dangling", "link"),
        ("file", "not a folder"),
        ("file/x", "not a folder"),
    ]:
        with pytest.raises(InputError, match=reason):
            private_folder(tmp_path / name)
    assert not (tmp_path / "nowhere").exists()


def test_s18_another_users_folder_and_file_are_refused(tmp_path, monkeypatch):
    make_private(tmp_path / "file")
    us = os.getuid()
    monkeypatch.setattr(private_files.os, "getuid", lambda: us + 1)

    with pytest.raises(InputError, match="another user"):
        private_folder(tmp_path)
    with pytest.raises(InputError, match="another user"):
        read_private(tmp_path / "file", 10)
    with pytest.raises(InputError, match="another user"):
        open_private(tmp_path / "file")


def test_s18_nothing_is_created_over_a_file_or_through_a_link(tmp_path):
    (tmp_path / "file").write_text("kept")
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")

    for name in ("file", "link"):
        with pytest.raises(FileExistsError):
            create_private(tmp_path / name)
    with pytest.raises(InputError, match="link"):
        open_private(tmp_path / "link")
    with pytest.raises(InputError, match="link"):
        read_private(tmp_path / "link", 10)
    assert (tmp_path / "file").read_text() == "kept"
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("given", [0o644, 0o640, 0o620, 0o602, 0o601])
def test_s18_a_file_that_others_can_open_is_refused_and_not_quoted(tmp_path, given):
    path = tmp_path / "file"
    path.write_text("canary")
    path.chmod(given)

    for opens in (open_private, make_private, lambda path: read_private(path, 10)):
        with pytest.raises(InputError, match=r"file: others can .* chmod 600") as refused:
            opens(path)
        assert "canary" not in str(refused.value)
    assert path.read_text() == "canary"


def test_s18_what_is_no_plain_file_is_refused_and_waits_for_nobody(tmp_path):
    os.mkfifo(tmp_path / "pipe", 0o600)

    for path in (tmp_path / "pipe", tmp_path):
        with pytest.raises(InputError, match=r"plain file|directory|No such device"):
            read_private(path, 10)
        with pytest.raises(InputError):
            open_private(path)


def test_a_file_that_is_too_long_is_refused(tmp_path):
    write_private_atomically(tmp_path / "file", "x" * 11)

    with pytest.raises(InputError, match="longer than 10 bytes"):
        read_private(tmp_path / "file", 10)


def test_an_atomic_write_replaces_a_link_and_not_what_it_points_to(tmp_path):
    (tmp_path / "target").write_text("kept")
    (tmp_path / "link").symlink_to(tmp_path / "target")

    write_private_atomically(tmp_path / "link", "new")

    assert (tmp_path / "target").read_text() == "kept"
    assert read_private(tmp_path / "link", 10) == b"new"


def test_an_atomic_write_that_fails_leaves_what_was_there_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "file"
    write_private_atomically(path, "old")

    def full(_handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(private_files.os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_private_atomically(path, "new")

    assert [found.name for found in tmp_path.iterdir()] == ["file"]
    assert path.read_text() == "old"


def test_s18_a_database_s_companions_are_private_when_it_is(tmp_path):
    before = os.umask(0)
    try:
        make_private(tmp_path / "journal.sqlite")
        database = sqlite3.connect(tmp_path / "journal.sqlite")
        database.execute("pragma journal_mode = wal")
        database.execute("create table t (x)")
        found = {path.name: mode(path) for path in tmp_path.iterdir()}
        database.close()
    finally:
        os.umask(before)

    assert len(found) == 3
    assert set(found.values()) == {0o600}


def test_s18_a_folder_that_cannot_be_closed_to_others_is_refused(tmp_path, monkeypatch):
    folder = tmp_path / "run"
    folder.mkdir()
    folder.chmod(0o755)

    def denied(_handle, _mode):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(private_files.os, "fchmod", denied)
    with pytest.raises(InputError, match="run: the folder cannot be closed to others"):
        private_folder(folder)
