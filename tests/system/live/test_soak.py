"""What watches a run for hours notices what grows; a run of seconds is watched from its beginning to agreement."""

import pytest

from tests.soak import Sample, has_grown, slope_an_hour, soaked


def samples(values, every_s=10.0):
    return [Sample(number * every_s, float(each), int(each), int(each)) for number, each in enumerate(values)]


def test_the_slope_is_that_of_a_line_without_its_warm_up():
    # 1 MB in 10 s, after a warm-up that was steeper.
    line = [0, 300, 300, *range(400, 409)]

    assert slope_an_hour(samples(line), "rss_mb") == pytest.approx(360.0)


def test_what_goes_up_and_down_has_not_grown_and_what_stays_up_has():
    assert not has_grown(samples([9, 9, 5, 7, 6, 7, 5, 7]), "files")
    assert has_grown(samples([9, 9, 5, 6, 6, 7, 8, 9]), "files")


def test_a_run_of_seconds_is_watched_and_agrees(tmp_path):
    soak, _ = soaked(tmp_path, 4.0, every_s=0.5, say=lambda _text: None)

    assert soak.wrong == []
    assert soak.code == 143
    assert len(soak.seen["trader"]) == len(soak.seen["exchange"]) >= 4
    assert all(each.rss_mb > 20 and each.threads > 1 and each.files > 4 for each in soak.seen["trader"])
    assert soak.orders() > 0
