"""The long command counts what was done, tells what was violated and how to see it again, and says so in its table."""

from tests.threads.__main__ import LONG, PARTS, QUICK, Round


def test_every_part_is_in_both_profiles():
    assert tuple(LONG) == tuple(QUICK) == PARTS


def test_what_does_not_hold_is_a_violation_and_its_folder_is_kept(tmp_path, capsys):
    round_ = Round(7, keep=tmp_path)

    def bad(place, _venue):
        (place / "left").touch()
        raise AssertionError("two orders of one client id")

    told = round_.run("kills", "a bad one", bad)
    counted = round_.run("kills", "a good one", lambda place, venue: {"kills": 3})
    table = list(round_.table())

    assert (told, counted) == ({}, {"kills": 3})
    (violation,) = round_.violations
    assert violation.startswith("kills, a bad one: two orders of one client id")
    assert "python -m tests.threads --only kills --seed 7" in violation
    assert (tmp_path / "kills-1" / "left").exists()
    assert table[-1].split() == ["all", "2", "3", "0", "0", "0", "0", "1"]
    assert "VIOLATION: two orders" in capsys.readouterr().out
