"""Notes of a download: a page and the note of it are one thing, and rows wait until the store has them."""

import sqlite3

import numpy as np
import pytest

from adapters.download import notes as noting
from adapters.download.notes import Notes
from adapters.errors import InputError


def rows(*received, text=None):
    columns = {"received": np.array(received, dtype=np.int64), "price": np.array([0.1, np.nan][: len(received)])}
    if text is not None:
        columns["text"] = np.array([text] * len(received), dtype=object)
    return columns


@pytest.fixture
def path(tmp_path):
    return tmp_path / "downloads" / "bitmex" / "XBTUSD" / "ticks.sqlite"


def brought(notes, days=()):
    """What waits, as it is given to the store."""
    found = []
    notes.bring(lambda kind, columns: found.append((kind, columns)) or days)
    return found


def test_a_page_and_how_far_it_goes_are_there_again_after_a_restart(path):
    with Notes(path) as notes:
        notes.keep((10, 20), {"ticks": rows(11, 12, text="a \ud83d\ude00 b")})
        notes.keep((20, 30), {"ticks": rows()})
        notes.keep((40, 50), {"ticks": rows(41)})

    with Notes(path) as notes:
        assert notes.had == ((10, 30), (40, 50))
        assert notes.waiting == 3


def test_what_waits_comes_back_bit_for_bit_and_is_forgotten_when_the_store_has_it(path):
    page = rows(11, 12, text="a\n\u00e9")
    with Notes(path) as notes:
        notes.keep((10, 20), {"ticks": page})

        ((kind, columns),) = brought(notes, days=[3, 3, 4])

        assert kind == "ticks"
        for name, array in page.items():
            assert columns[name].dtype == array.dtype
            assert columns[name].tolist() == array.tolist() or np.array_equal(columns[name], array, equal_nan=True)
        assert (notes.waiting, brought(notes), notes.days) == (0, [], (3, 4))


def test_what_the_store_did_not_take_still_waits(path):
    def full(_kind, _columns):
        raise InputError("no space")

    with Notes(path) as notes:
        notes.keep((10, 20), {"ticks": rows(11)})
        with pytest.raises(InputError, match="no space"):
            notes.bring(full)

    with Notes(path) as notes:
        assert notes.waiting == 1


def test_many_pages_go_to_the_store_in_parts(path, monkeypatch):
    monkeypatch.setattr(noting, "_BATCH_ROWS", 4)
    with Notes(path) as notes:
        for at in range(5):
            notes.keep((at, at + 1), {"ticks": rows(at, at)})

        parts = brought(notes)

    assert [columns["received"].tolist() for _, columns in parts] == [[0, 0, 1, 1], [2, 2, 3, 3], [4, 4]]


def test_spans_can_be_forgotten(path):
    with Notes(path) as notes:
        notes.keep((10, 50), {})
        notes.forget([(20, 30)], [])

        assert notes.had == ((10, 20), (30, 50))


def test_a_second_download_of_the_same_series_is_refused(path):
    with Notes(path), pytest.raises(InputError, match="another download of this series is running"):
        Notes(path)


def test_a_file_that_is_no_notes_is_named(path):
    path.parent.mkdir(parents=True)
    path.write_bytes(b"something else entirely, and long enough to be read as a header" * 20)

    with pytest.raises(InputError, match=r"ticks.sqlite: these are no notes of a download"):
        Notes(path)


def test_notes_of_another_version_are_refused(path):
    Notes(path).close()
    database = sqlite3.connect(path)
    database.execute("UPDATE facts SET value = 99")
    database.commit()
    database.close()

    with pytest.raises(InputError, match=r"another version \(99"):
        Notes(path)
