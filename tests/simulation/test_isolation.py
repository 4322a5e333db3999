"""I21: a strategy decides and holds the same whatever becomes of another: trading, failing, hanging, or not there.

The same market is simulated for each. The two trade different symbols of one account, for what one does to the book
the other would hear of, and rightly; neither comes near a limit. Compared is what is in the run's own files: what was
decided at which bar and at which price. When it was, to the millisecond, the wire says, which both use.
"""

from collections import Counter
from pathlib import Path

import attrs
import pytest

from actors.runtime.simulated_host import Hang
from adapters.simulation import traders
from adapters.simulation.checks.kinds import CHECKS
from adapters.simulation.checks.ledger import written
from adapters.simulation.faults import Fault
from adapters.simulation.scenario import scenario
from adapters.simulation.simulate import simulate
from messages import NS_PER_SECOND
from tests.simulation import poor_strategies

MINUTES = 2
SELECTED = attrs.evolve(
    scenario(5, kinds=(), only=()), minutes=MINUTES, faults={}, symbols=("XBTUSD", "ETHUSD"), clock_drift_ppm=0
)


class Hangs(Fault):
    """The other one never comes back from a bar."""

    code = "hangs"
    what = "the other strategy hangs"

    def before(self, slot, message):
        """At its third bar."""
        if slot.address == "strategy:other" and type(message).__name__ == "Bar" and slot.handled > 2:
            return Hang(3_600) if self.strikes(1.0) else None
        return None


def section(name, where, symbol):
    quiet = SELECTED.began // NS_PER_SECOND + MINUTES * 60
    params = f"params = {{ quiet_at_s = {quiet}.0 }}\n" if "Raises" not in where else ""
    head = f'[[strategies]]\nid = "{name}"\nstrategy = "{where}"\nsymbols = ["{symbol}"]\n'
    return f'{head}period = "5s"\nlots = 2\n{params}'


def told(folder, other, *, hangs=False):
    """What the one has decided, and holds in the end, beside another."""
    dice = f"{Path(traders.__file__).resolve()}:Dice"
    poor = Path(poor_strategies.__file__).resolve()
    others = {"trades": dice, "raises": f"{poor}:Raises", "sometimes": f"{poor}:Sometimes"}
    sections = [section("one", dice, "ETHUSD")]
    if other in others:
        sections.append(section("other", others[other], "XBTUSD"))
    verdict = simulate(
        attrs.evolve(SELECTED, strategies="\n".join(sections), faults={"hangs": 1.0} if hangs else {}),
        kinds={"hangs": Hangs}, checks=CHECKS, folder=folder,
    )  # fmt: skip
    assert verdict.violations == ()
    signals = [fields for _, fields in written(folder, ("Signal",)) if fields["strategy"] == "one"]
    held = Counter()
    for _, fields in written(folder, ("Fill",)):
        for part in fields["parts"]:
            held[part["strategy"], fields["symbol"]] += part["lots"]
    return (
        [(each["ts"] // (5 * NS_PER_SECOND), each["target"], each["price"]) for each in signals],
        held["one", "ETHUSD"],
        verdict,
    )


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    return told(tmp_path_factory.mktemp("alone") / "run", "absent")


@pytest.mark.parametrize(
    ("other", "hangs"), [("trades", False), ("raises", False), ("sometimes", False), ("trades", True)],
    ids=["trades", "raises at every bar", "exits at some bars", "hangs"],
)  # fmt: skip
def test_one_decides_and_holds_the_same_whatever_becomes_of_the_other(tmp_path, alone, other, hangs):
    signals, held, verdict = told(tmp_path / "run", other, hangs=hangs)

    assert len(signals) > 5
    assert (signals, held) == alone[:2]
    assert verdict.digest != alone[2].digest
