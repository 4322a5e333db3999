"""A file stands under its final name when it is complete, and a place that cannot be written is named at once."""

import errno
from datetime import UTC, datetime

import pytest

from adapters.results import OutputError, RunFolder, new_run_folder

NOW = datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)


def _disk_full_after(text):
    yield text
    raise OSError(errno.ENOSPC, "No space left on device")


def test_files_are_written_as_they_are_given(tmp_path):
    RunFolder(tmp_path / "deep" / "run").write({"a.csv": ["x\n", "ü\n"], "b.json": ["{}"]})

    assert (tmp_path / "deep" / "run" / "a.csv").read_bytes() == "x\nü\n".encode()
    assert sorted(path.name for path in (tmp_path / "deep" / "run").iterdir()) == ["a.csv", "b.json"]


def test_a_full_disk_names_the_file_and_leaves_what_was_there(tmp_path):
    folder = RunFolder(tmp_path)
    folder.write({"a.csv": ["before"], "b.csv": ["before"]})

    with pytest.raises(OutputError, match=r"b\.csv: cannot be written: the disk is full"):
        folder.write({"a.csv": ["after"], "b.csv": _disk_full_after("after")})

    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"a.csv": "before", "b.csv": "before"}


def test_a_bug_while_writing_leaves_nothing_half_written(tmp_path):
    def broken():
        yield "half"
        raise RuntimeError("ours")

    with pytest.raises(RuntimeError):
        RunFolder(tmp_path).write({"a.csv": ["whole"], "b.csv": broken()})

    assert list(tmp_path.iterdir()) == []


def test_files_of_an_earlier_run_that_this_one_has_not_go(tmp_path):
    folder = RunFolder(tmp_path)
    folder.write({"a.csv": ["1"], "bad_rows.csv": ["1"]})

    folder.write({"a.csv": ["2"]}, stale=("a.csv", "bad_rows.csv"))

    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"a.csv": "2"}


def test_a_place_under_a_file_is_refused_before_the_run(tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(OutputError, match=r"run: results cannot be written there: Not a directory"):
        RunFolder(tmp_path / "file" / "run")


def test_two_runs_of_one_second_get_folders_of_their_own(tmp_path):
    names = [new_run_folder("backtest", now=NOW, base=tmp_path).path.name for _ in range(3)]

    assert names == ["20240102T030405Z-backtest", "20240102T030405Z-backtest-2", "20240102T030405Z-backtest-3"]


def test_a_folder_that_the_run_made_and_left_empty_goes_again(tmp_path):
    made = new_run_folder("backtest", now=NOW, base=tmp_path)
    made.discard()
    there = RunFolder(tmp_path)
    there.discard()

    assert not made.path.exists()
    assert tmp_path.exists()
