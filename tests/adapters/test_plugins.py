"""A user's strategy is found by what the user wrote, or the error says what is missing and what there is instead."""

import pickle
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from actors.strategies import BUILT_IN, EmaCross
from actors.strategy import make, parameters_of
from actors.strategy_entry import StrategyEntry
from actors.strategy_host import StrategyHost
from adapters.errors import InputError
from adapters.plugins import load_strategy
from messages import Bar, Fill, FillPart, Instrument, Kind, Liquidity

GOOD = """
from __future__ import annotations
from actors.strategy import Strategy

heard = []

class Mine(Strategy):
    n: int = 3

    def on_bar(self, bar):
        heard.append(bar)

class Other(Strategy):
    pass

class Unrelated:
    pass
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with mine.py in it; what the test imports is forgotten afterwards."""
    (tmp_path / "mine.py").write_text(GOOD)
    before = set(sys.modules)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]


def complaint(name: str, folder: Path) -> str:
    with pytest.raises(InputError) as caught:
        load_strategy(name, relative_to=folder)
    return str(caught.value)


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_built_in_is_found_by_its_name(name, tmp_path):
    assert load_strategy(name, relative_to=tmp_path) is BUILT_IN[name]


def test_an_unknown_name_is_answered_with_the_built_ins_and_the_nearest_one(tmp_path):
    said = complaint("ema-cros", tmp_path)

    assert "no strategy is called 'ema-cros'; did you mean ema-cross?" in said
    assert "random, ema-cross, turtle, buy-and-hold" in said


def test_a_file_is_found_relative_to_the_folder_told(folder):
    (folder / "below").mkdir()
    mine = load_strategy("mine.py:Mine", relative_to=folder)
    again = load_strategy("../mine.py:Mine", relative_to=folder / "below")
    absolute = load_strategy(f"{folder}/mine.py:Mine", relative_to=Path("/"))

    assert [cls.__name__ for cls in (mine, again, absolute)] == ["Mine"] * 3
    assert make(mine, {"n": 4}).n == 4
    assert list(parameters_of(mine)) == ["n"]


def test_a_module_is_found_by_its_dotted_name(tmp_path):
    assert load_strategy("actors.strategies.ema_cross:EmaCross", relative_to=tmp_path) is EmaCross


def test_a_module_is_found_beside_the_configuration_and_sys_path_is_left_as_it_was(folder):
    (folder / "openoutcry_test_package").mkdir()
    (folder / "openoutcry_test_package" / "some.py").write_text(GOOD)
    before = list(sys.path)

    assert load_strategy("openoutcry_test_package.some:Mine", relative_to=folder).__name__ == "Mine"
    assert sys.path == before


def test_loading_a_file_twice_shares_nothing(folder):
    first, second = (load_strategy("mine.py:Mine", relative_to=folder) for _ in range(2))
    heard = [sys.modules[cls.__module__].heard for cls in (first, second)]

    heard[0].append("a bar")

    assert first is not second
    assert heard[1] == []


def test_a_loaded_class_can_be_pickled_and_its_file_is_known(folder):
    mine = load_strategy("mine.py:Mine", relative_to=folder)

    assert pickle.loads(pickle.dumps(mine)) is mine
    assert sys.modules[mine.__module__].__file__ == str(folder / "mine.py")
    assert mine.on_bar.__code__.co_filename == str(folder / "mine.py")


def test_a_file_may_import_its_neighbour(folder):
    (folder / "openoutcry_test_neighbour.py").write_text("N = 5\n")
    (folder / "uses.py").write_text("from openoutcry_test_neighbour import N\n" + GOOD.replace("from __future__", "#"))

    assert load_strategy("uses.py:Mine", relative_to=folder).__name__ == "Mine"


def test_its_folders_stand_last_on_the_path_so_that_they_shadow_nothing(folder):
    (folder / "pathed.py").write_text("import sys\npath = list(sys.path)\n" + GOOD.replace("from __future__", "#"))
    (folder / "below").mkdir()

    mine = load_strategy("../pathed.py:Mine", relative_to=folder / "below")

    assert sys.modules[mine.__module__].path == [*sys.path, str(folder), str(folder / "below")]


def test_a_missing_file_is_named(folder):
    assert complaint("yours.py:Mine", folder) == f"strategy 'yours.py:Mine': there is no file {folder / 'yours.py'}"


def test_a_missing_module_is_named(folder):
    assert "there is no module no_such_package_of_ours" in complaint("no_such_package_of_ours.sub:Mine", folder)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("import no_such_module_of_ours", "ModuleNotFoundError: No module named 'no_such_module_of_ours'"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("def broken(:", "SyntaxError: "),
    ],
)
def test_an_error_inside_the_file_is_told_with_file_line_and_reason(folder, line, reason):
    (folder / "bad.py").write_text(f"\n\n{line}\n")
    before = set(sys.modules)

    said = complaint("bad.py:Mine", folder)

    assert f"{folder / 'bad.py'}, line 3: {reason}" in said
    assert set(sys.modules) == before


def test_an_error_inside_a_module_is_told_with_file_line_and_reason(folder):
    (folder / "openoutcry_test_bad.py").write_text("\nimport no_such_module_of_ours\n")

    said = complaint("openoutcry_test_bad:Mine", folder)

    assert f"{folder / 'openoutcry_test_bad.py'}, line 2: ModuleNotFoundError" in said


def test_a_missing_class_is_answered_with_those_that_are_there(folder):
    said = complaint("mine.py:Mien", folder)

    assert "there is no class Mien" in said
    assert "its strategies are Mine, Other; did you mean Mine?" in said


def test_a_file_without_a_class_name_is_answered_with_those_that_are_there(folder):
    assert "as mine.py:Class; its strategies are Mine, Other" in complaint("mine.py", folder)


@pytest.mark.parametrize("name", ["Unrelated", "heard", "Strategy"])
def test_what_is_not_a_strategy_is_refused(folder, name):
    assert f"{name} of {folder / 'mine.py'} is not a subclass of actors.Strategy" in complaint(
        f"mine.py:{name}", folder
    )


def test_a_place_that_is_neither_file_nor_module_is_refused(folder):
    assert "neither a file ending in .py nor the name of a module" in complaint("some/path:Mine", folder)


EXAMPLES = Path(__file__).parents[2] / "examples"
MINUTE = 60 * 10**9


def a_bar(n: int, close: float, *, opened: float = 100.0) -> Bar:
    times = {"open_ts": n * MINUTE, "close_ts": (n + 1) * MINUTE, "received": (n + 1) * MINUTE}
    prices = {"open": opened, "high": max(opened, close), "low": min(opened, close), "close": close}
    return Bar(symbol="A", period=MINUTE, volume=1.0, **times, **prices)


def hosted(name: str, **params) -> StrategyHost:
    entry = StrategyEntry(
        id="s",
        strategy=load_strategy(name, relative_to=EXAMPLES),
        symbols=("A",),
        period=MINUTE,
        params=params,
    )
    terms = Instrument(symbol="A", kind=Kind.LINEAR, tick_size=Decimal("0.5"), currency="USD")
    host = StrategyHost(entry, {"A": terms}, 1, {"USD": 1_000})
    host.on_start()
    return host


def test_the_breakout_example_goes_long_above_its_bars_and_flat_below_them():
    host = hosted("breakout.py:Breakout", length=3)

    said = [answer for n, close in enumerate([100, 101, 100, 103, 90]) for answer in host.on_bar(a_bar(n, close))]

    assert [(a.ts // MINUTE, a.target) for a in said if type(a).__name__ == "Signal"] == [(4, 1.0), (5, 0.0)]


def test_the_bracket_example_protects_what_it_bought_and_takes_the_other_leg_back():
    host = hosted("bracket.py:Bracket", discount=0.01, width=0.1, lots=2)

    def fill(lots: int, execution_id: str) -> list[tuple[str, int | None, float | None]]:
        answers = host.on_fill(
            Fill(
                account="main",
                currency="USD",
                symbol="A",
                client_id="c",
                execution_id=execution_id,
                ts=MINUTE,
                lots=lots,
                price=90.0,
                liquidity=Liquidity.MAKER,
                value_minor=0,
                fee_minor=0,
                parts=(FillPart("s", lots, 0, 0),),
            )
        )
        return [
            (
                type(a).__name__,
                getattr(a, "lots", None),
                getattr(a, "limit_price", None) or getattr(a, "stop_price", None),
            )
            for a in answers
        ]

    (bid,) = host.on_bar(a_bar(0, 95.0))

    assert (bid.lots, bid.limit_price) == (2, 94.0)
    assert fill(2, "e1") == [("PlaceOrder", -2, 99.0), ("PlaceOrder", -2, 81.0)]
    assert host.on_bar(a_bar(1, 94.0)) == ()
    assert fill(-2, "e2") == [("CancelPlaced", None, None)]
