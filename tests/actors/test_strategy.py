"""A strategy's class declares its parameters, and says clearly what is wrong with what it is given."""

from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import pytest

from actors.strategy import ParameterError, Strategy, make, parameters_of
from actors.strategy_entry import StrategyEntry
from actors.strategy_values import number, whole_lots

MINUTE = 60 * 10**9


class Plain(Strategy):
    fast: int = 10
    share: Annotated[float, "of the range"] = 0.5
    side: Literal["long", "both"] = "both"
    eager: bool = False
    name: str = "plain"
    cap: int | None = None
    table: ClassVar[dict[str, int]] = {}
    _private: int = 3
    declared_only: int
    loose = 7


class Child(Plain):
    slow: int = 50
    fast: int = 5


def test_lists_annotated_attributes_with_defaults_inherited_ones_first():
    listed = parameters_of(Child)

    assert [(p.name, p.default) for p in listed.values()] == [
        ("fast", 5),
        ("share", 0.5),
        ("side", "both"),
        ("eager", False),
        ("name", "plain"),
        ("cap", None),
        ("slow", 50),
    ]
    assert listed["share"].doc == "of the range"
    assert listed["share"].type is float


def test_the_base_class_has_no_parameters():
    assert parameters_of(Strategy) == {}


@pytest.mark.parametrize(
    ("name", "value"),
    [("fast", 3), ("share", 0.25), ("side", "long"), ("eager", True), ("name", "x"), ("cap", None), ("cap", 4)],
)
def test_takes_values_of_the_declared_type(name, value):
    assert getattr(make(Plain, {name: value}), name) == value


def test_a_whole_number_becomes_a_float_where_one_is_declared():
    share = make(Plain, {"share": 5}).share

    assert (share, type(share)) == (5.0, float)


def test_takes_numpy_numbers_as_what_they_are():
    made = make(Plain, {"fast": np.int64(3), "share": np.float64(0.25)})

    assert (made.fast, type(made.fast)) == (3, int)
    assert (made.share, type(made.share)) == (0.25, float)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("fast", "5"),
        ("fast", True),
        ("fast", 5.0),
        ("fast", None),
        ("share", "0.5"),
        ("share", True),
        ("share", float("nan")),
        ("side", "short"),
        ("eager", 1),
        ("name", 1),
        ("cap", 1.5),
    ],
)
def test_refuses_values_of_another_type_and_names_the_parameter(name, value):
    with pytest.raises(ParameterError, match=rf"Plain\.{name} must be .*, not "):
        make(Plain, {name: value})


def test_an_unknown_parameter_is_answered_with_the_known_ones():
    with pytest.raises(
        ParameterError, match=r"no parameter 'fats': its parameters are fast, share, .* did you mean fast"
    ):
        make(Plain, {"fats": 1})


def test_says_everything_that_is_wrong_at_once():
    with pytest.raises(ParameterError, match=r"no parameter 'x'.*Plain\.fast must be int"):
        make(Plain, {"x": 1, "fast": "1"})


def test_parameters_are_set_before_init_runs_and_super_is_not_needed():
    class Early(Strategy):
        n: int = 2

        def __init__(self) -> None:
            self.doubled = self.n * 2

    assert make(Early, {"n": 4}).doubled == 8


def test_check_runs_when_the_parameters_are_set_and_its_complaint_names_the_class():
    class Ordered(Strategy):
        low: int = 1
        high: int = 2

        def check(self) -> None:
            if self.low >= self.high:
                raise ValueError("low must be below high")

    with pytest.raises(ParameterError, match="Ordered: low must be below high"):
        make(Ordered, {"low": 3})


def test_two_instances_share_no_parameter():
    first, second = make(Plain, {"fast": 1}), make(Plain, {"fast": 2})

    assert (first.fast, second.fast, Plain.fast) == (1, 2, 10)


def test_refuses_a_type_that_cannot_be_a_parameter():
    class Listed(Strategy):
        sizes: list[int] = [1]  # noqa: RUF012

    with pytest.raises(ParameterError, match=r"Listed\.sizes: a parameter is int, float"):
        parameters_of(Listed)


def test_refuses_a_default_that_does_not_fit():
    class Wrong(Strategy):
        n: int = "3"  # type: ignore[assignment]

    with pytest.raises(ParameterError, match=r"default of Wrong\.n must be int"):
        parameters_of(Wrong)


def test_a_parameter_may_not_hide_what_a_strategy_can_do():
    class Hiding(Strategy):
        target: float = 1.0  # type: ignore[assignment]

    with pytest.raises(ParameterError, match=r"may not hide Strategy\.target"):
        parameters_of(Hiding)


def test_a_misspelt_callback_is_named():
    class Misspelt(Strategy):
        def on_bars(self, bar: Any) -> None: ...

    with pytest.raises(ParameterError, match="on_bars is no callback"):
        make(Misspelt, {})


def test_hears_what_is_overridden_also_by_a_parent():
    class Parent(Strategy):
        def on_tick(self, tick: Any) -> None: ...

    class Heir(Parent):
        def on_bar(self, bar: Any) -> None: ...

    assert Heir.hears() == {"on_tick", "on_bar"}
    assert Strategy.hears() == frozenset()


@pytest.mark.parametrize(
    "act",
    [
        lambda s: s.target(1),
        lambda s: s.target_lots(1),
        lambda s: s.buy(1),
        lambda s: s.position(),
        lambda s: s.now,
        lambda s: s.history(1),
        lambda s: s.random,
        lambda s: s.symbols,
        lambda s: s.wake_in(1),
    ],
)
def test_before_it_is_hosted_it_says_that_there_is_no_market_yet(act):
    with pytest.raises(RuntimeError, match="before it is hosted"):
        act(Plain())


@pytest.mark.parametrize("value", [1, -2.5, True, np.float32(0.5), np.int64(3), Decimal("1.5"), Fraction(1, 2)])
def test_any_finite_number_is_a_target(value):
    assert number("target", value) == float(value)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), np.float64("nan"), Decimal("NaN")])
def test_a_target_that_is_not_finite_is_refused(value):
    with pytest.raises(ValueError, match="target"):
        number("target", value)


@pytest.mark.parametrize("value", [None, "1", b"1", [1], np.array([1.0]), 1j])
def test_a_target_that_is_no_number_is_refused(value):
    with pytest.raises(TypeError, match="a number is wanted"):
        number("target", value)


def test_lots_are_whole():
    assert [whole_lots("buy", n) for n in (3, -3, 4.0, np.int32(2))] == [3, -3, 4, 2]
    with pytest.raises(ValueError, match="lots are whole numbers"):
        whole_lots("buy", 1.5)
    with pytest.raises(TypeError, match="bool"):
        whole_lots("buy", True)


def an_entry(**changes: Any) -> StrategyEntry:
    return StrategyEntry(**{"id": "plain", "strategy": Plain, "symbols": ("A",), "period": MINUTE} | changes)


def test_an_entry_copies_its_parameters():
    params = {"fast": 3}
    entry = an_entry(params=params)

    params["fast"] = 4

    assert entry.params == (("fast", 3),)


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": "Plain"},
        {"id": "a" * 17},
        {"strategy": int},
        {"strategy": Plain()},
        {"symbols": ()},
        {"symbols": ("A", "A")},
        {"period": 0},
        {"lots": 0},
        {"weight": float("inf")},
        {"on_quarantine": "panic"},
    ],
)
def test_an_entry_that_exists_is_valid(wrong):
    with pytest.raises((ValueError, TypeError)):
        an_entry(**wrong)
