"""The picture of a pair shows every extreme and every gap, in a file that needs nothing else."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.errors import InputError
from adapters.store import Store
from adapters.store_plots.chart import LEFT, PIXELS
from adapters.store_plots.spread_plot import plot_spread
from adapters.store_plots.thinning import Thinned
from tests.builders import HOUR, MONDAY, SECOND

SVG = "{http://www.w3.org/2000/svg}"


def _samples(store, times, last=100.0, **columns):
    received = np.asarray(times, dtype=np.int64) + MONDAY
    count = len(received)
    names = np.empty(count, dtype=object)
    rows = {"received": received}
    for side, level in (("a", last), ("b", 99.0)):
        names = np.empty(count, dtype=object)
        names[:] = f"{side.upper()}&.X<"
        rows |= {f"{side}_symbol": names, f"{side}_ts": received - SECOND, f"{side}_last": np.full(count, level)}
        rows |= {
            f"{side}_bid": np.full(count, level - 1), f"{side}_bid_size": np.ones(count),
            f"{side}_ask": np.full(count, level + 1), f"{side}_ask_size": np.ones(count),
        }  # fmt: skip
    rows.update(columns)
    store.write("spreads", "pair", "spreads", rows)
    return rows


def _drawn(tmp_path, name="pair.svg", **span):
    store = Store(tmp_path / "data")
    out = tmp_path / name
    plot_spread(store, "pair", out, **span)
    return ElementTree.fromstring(out.read_text("utf-8"))


def _texts(picture):
    return [each.text for each in picture.iter(f"{SVG}text")]


def test_axes_have_names_times_and_values_and_what_is_drawn_is_called_by_its_name(tmp_path):
    _samples(Store(tmp_path / "data"), [at * SECOND for at in range(0, 3600, 5)])

    texts = _texts(_drawn(tmp_path))

    assert {"price", "price difference", "seconds", "UTC", "00:10", "2024-01-01", "A&.X<", "B&.X<"} <= set(texts)
    assert "A&.X< less B&.X<" in texts
    assert any(re.fullmatch(r"720 samples, every 5 s, .*; 0 missing \(.*\)\. .*", text) for text in texts)


def test_a_gap_is_shaded_and_no_line_goes_through_it(tmp_path):
    _samples(Store(tmp_path / "data"), [at * SECOND for at in range(3600) if not 1200 <= at < 2400])

    picture = _drawn(tmp_path)

    gaps = [each for each in picture.iter(f"{SVG}rect") if each.get("class") == "gap"]
    assert len(gaps) == 4
    left, width = float(gaps[0].get("x")), float(gaps[0].get("width"))
    assert left == pytest.approx(LEFT + PIXELS / 3, abs=2)
    assert width == pytest.approx(PIXELS / 3, abs=2)
    for path in picture.iter(f"{SVG}path"):
        pieces = [[float(x) for x in re.findall(r"[ML]([0-9.]+) ", piece)] for piece in path.get("d").split("M")[1:]]
        assert len(pieces) == 2
        assert max(pieces[0]) <= left + 1
        assert min(pieces[1]) >= left + width - 1


def test_a_time_in_which_a_side_was_old_is_shaded(tmp_path):
    times = np.arange(3600) * SECOND + MONDAY
    heard = np.where((times >= MONDAY + 900 * SECOND) & (times < MONDAY + 1800 * SECOND), MONDAY + 899 * SECOND, times)
    _samples(Store(tmp_path / "data"), times - MONDAY, b_ts=heard)

    shaded = [each for each in _drawn(tmp_path).iter(f"{SVG}rect") if each.get("class") == "stale"]

    assert len(shaded) == 4
    assert float(shaded[0].get("x")) == pytest.approx(LEFT + PIXELS * 910 / 3600, abs=2)
    assert float(shaded[0].get("width")) == pytest.approx(PIXELS * 890 / 3600, abs=2)


def test_a_spike_of_one_sample_is_seen_in_a_long_time(tmp_path):
    last = np.full(50_000, 100.0)
    last[33_333] = 150.0
    _samples(Store(tmp_path / "data"), np.arange(50_000) * SECOND, a_last=last)

    picture = _drawn(tmp_path)

    assert "140" in _texts(picture)


def test_a_side_of_which_nothing_is_known_is_said_to_be_so(tmp_path):
    nothing = np.full(100, np.nan)
    _samples(Store(tmp_path / "data"), np.arange(100) * SECOND, b_last=nothing, b_bid=nothing, b_ask=nothing)

    texts = _texts(_drawn(tmp_path))

    assert texts.count("nothing known in this time") == 2


def test_a_page_is_complete_in_itself(tmp_path):
    _samples(Store(tmp_path / "data"), np.arange(100) * SECOND)
    out = tmp_path / "pair.html"

    plot_spread(Store(tmp_path / "data"), "pair", out)

    text = out.read_text("utf-8")
    assert "<svg" in text
    assert not re.search(r"<script|src=|<link|url\(", text)


def test_a_part_of_the_time_can_be_drawn(tmp_path):
    _samples(Store(tmp_path / "data"), np.arange(0, 7200, 10) * SECOND)

    texts = _texts(_drawn(tmp_path, start=MONDAY + HOUR, end=MONDAY + HOUR + 600 * SECOND))

    assert any(text.startswith("60 samples") for text in texts)


@pytest.mark.parametrize(
    ("name", "out", "start", "what"),
    [
        ("other", "x.svg", None, "no samples of a pair 'other'; there are pair"),
        ("pair", "x.png", None, r"one of \.svg, \.html"),
        ("pair", "x.svg", "2030-01-01", "the samples of pair are from 2024-01-01"),
    ],
)
def test_what_cannot_be_drawn_is_named(tmp_path, name, out, start, what):
    store = Store(tmp_path / "data")
    _samples(store, np.arange(10) * SECOND)

    with pytest.raises(InputError, match=what):
        plot_spread(store, name, tmp_path / out, start)


@given(
    st.lists(st.tuples(st.integers(1, 50), st.floats(-1e6, 1e6)), min_size=1, max_size=80),
    st.integers(1, 40),
    st.integers(1, 5),
)
def test_thinning_loses_no_extreme_whatever_pieces_the_samples_come_in(samples, columns, pieces):
    times = np.cumsum([step for step, _ in samples])
    values = np.array([value for _, value in samples])
    data = Thinned(int(times[0]), int(times[-1]), columns, ("x",))

    for part in np.array_split(np.arange(len(times)), pieces):
        data.add(times[part], {"x": values[part]})

    assert data.samples.sum() == len(samples)
    assert data.range_of("x") == (values.min(), values.max())
    seen = [column for piece in data.runs("x") for column in piece]
    assert min(low for _, low, _ in seen) == values.min()
    assert max(high for *_, high in seen) == values.max()
    assert [column for column, *_ in seen] == sorted({column for column, *_ in seen})
