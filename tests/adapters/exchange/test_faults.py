"""Faults strike where, when and as often as their rules say, and the same seed strikes the same."""

import pytest

from adapters.errors import InputError
from adapters.exchange.faults import Faults, Rule, load_faults


def strikes(faults, *kinds, times=10, **where):
    return [faults.strike(*kinds, **where) is not None for _ in range(times)]


def test_a_rule_skips_counts_and_then_rests():
    faults = Faults(Rule(kind="503", skip=2, count=3))

    assert strikes(faults, "503", times=7) == [False, False, True, True, True, False, False]


def test_a_rule_speaks_of_a_verb_a_path_a_table_and_a_moment():
    faults = Faults(
        Rule(kind="503", verb="POST", path="/order", when="after"),
        Rule(kind="drop", table="trade"),
    )

    assert faults.strike("503", verb="POST", path="/order", when="after")
    assert faults.strike("503", verb="POST", path="/order/all", when="after")
    assert not faults.strike("503", verb="POST", path="/orderBook/L2", when="after")
    assert not faults.strike("503", verb="GET", path="/order", when="after")
    assert not faults.strike("503", verb="POST", path="/order", when="before")
    assert faults.strike("drop", "late", table="trade")
    assert not faults.strike("drop", "late", table="quote")


def test_chance_is_seeded():
    def drawn(seed):
        return strikes(Faults(Rule(kind="drop", probability=0.5), seed=seed), "drop", times=50)

    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)
    assert 10 < sum(drawn(1)) < 40


def test_a_file_says_it_all(tmp_path):
    path = tmp_path / "faults.toml"
    path.write_text('seed = 3\nskew_s = 2.5\n[[fault]]\nkind = "timeout"\nwhen = "after"\nverb = "POST"\nms = 20\n')

    faults = load_faults(path)

    rule = faults.strike("timeout", verb="POST", when="after")
    assert (faults.skew_s, rule.seconds) == (2.5, 0.02)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[fault]]\nkind = 'explode'", "fault 1: a fault is one of"),
        ("[[fault]]\nkind = 'drop'\nprobability = 2", "probability"),
        ("[[fault]]\nkind = 'drop'\nodds = 2", "unknown key odds"),
        ("[[fault]]\nkind = 'drop'\ncount = -1", "count"),
        ("[[fault]]\nkind = '503'\nwhen = 'during'", "before or after"),
        ("speed = 3", "unknown key speed"),
        ("=", "faults.toml"),
    ],
)
def test_what_a_file_cannot_mean_is_said_with_its_name(tmp_path, text, said):
    path = tmp_path / "faults.toml"
    path.write_text(text)

    with pytest.raises(InputError, match=r"faults\.toml") as caught:
        load_faults(path)
    assert said in str(caught.value)
