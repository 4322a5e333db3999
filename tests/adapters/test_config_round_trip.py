"""Whatever is told, the effective configuration is complete: prepared again, from elsewhere, it is the same run."""

import attrs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.columns import BarColumns
from adapters.configuration import to_toml
from adapters.configuration.typed import BacktestOptions
from adapters.limits import risk_limits, scoped_limits
from adapters.preparation import prepare
from tests.builders import HOUR, MONDAY

PERPETUALS = ["funding = 0.0001", "funding = '-0.0001'\nfunding_at = '04:00'\nfunding_interval = '4h'",
              "funding = 'rates.csv'", "funding = 'rates.csv'\nmark_prices = 'marks.csv'", ""]  # fmt: skip
INSTRUMENTS = [
    *(f"kind = 'inverse'\n{keys}" for keys in PERPETUALS),
    *(f"kind = 'linear'\nleverage = 3\nmaintenance_margin = 0.01\n{keys}" for keys in PERPETUALS),
    "kind = 'quanto'\nmultiplier = 0.000001\ninitial_margin = 0.02\ntaker_fee = 0.00075",
    "kind = 'spot'\nlot_size = 0.001",
    "expiry = 2024-01-02\nsettlement_price = 50000\nsettlement_fee = 0.0005",
    "sessions = ['09:30-11:30', '13:00-15:00']\nsessions_timezone = 'Asia/Shanghai'\nsessions_days = 'mon-thu'",
    "sessions = ['00:00-24:00']",
]
STRATEGIES = [
    "", "mode = 'paper'", "account = 'other'", "execution = 'opponent'", "lots = 5\nweight = 0.5",
    "execution = { algorithm = 'chase', seconds = 60 }", "mode = 'paper'\nexecution = 'join'",
]  # fmt: skip
SIZINGS = [
    "", "sizing = 'fixed'", "sizing = 'risk-parity'", "sizing = 'equity-fraction'\nfraction = 0.5",
    "sizing = 'risk-parity'\nvolatility_halflife = 20\nscale_max = 2.5",
]  # fmt: skip
RISKS = [
    "", "[risk]", "[risk]\ndaily_loss_max = 0.05\ndaily_loss_state = 'halt'\nactions = { order-rate = 'halt' }",
    "[risk]\norder_lots_max = 5\n[[risk.limits]]\nsymbol = 'A'\norder_lots_max = 2\n"
    "[[risk.limits]]\nstrategy = 's1'\nposition_notional_max = 10.5",
]  # fmt: skip
BACKTESTS = ["", "cash = 5", "volume_cap = 0.5\nslippage_spread = 0.25\nhalf_spread_ticks = 2", "seed = 9"]


def _table(header, keys):
    return f"{header}\n{keys}\n"


@st.composite
def configurations(draw):
    """A whole file: two symbols, one to three strategies, and perhaps an account with terms of its own."""
    told = [draw(st.sampled_from(STRATEGIES)) for _ in range(draw(st.integers(1, 3)))]
    text = "".join(
        _table("[[instruments]]", f"symbol = '{symbol}'\n{draw(st.sampled_from(INSTRUMENTS))}")
        + _table("[[data]]", f"symbol = '{symbol}'\ngenerated = {{ count = 30 }}")
        for symbol in ("A", "B")
    )
    text += "".join(
        _table("[[strategies]]", f"strategy = 'random'\nid = 's{number}'\n{keys}")
        for number, keys in enumerate(told, start=1)
    )
    account = draw(st.sampled_from([None, *(name for name in ("other",) if any(name in keys for keys in told))]))
    if account is not None:
        cash = draw(st.sampled_from(["", "cash = 3"]))
        text += _table("[[accounts]]", f"name = '{account}'\n{draw(st.sampled_from(SIZINGS))}\n{cash}")
    text += _table("[portfolio]", draw(st.sampled_from(SIZINGS)))
    return text + draw(st.sampled_from(RISKS)) + "\n" + _table("[backtest]", draw(st.sampled_from(BACKTESTS)))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("told")
    (made / "rates.csv").write_text(f"time,rate\n{(MONDAY + HOUR) // 10**9},0.25\n")
    (made / "marks.csv").write_text(f"time,price\n{(MONDAY + HOUR) // 10**9},50000.5\n")
    (made / "again").mkdir()
    return made


def _prepared(folder, text):
    (folder / "run.toml").write_text(text)
    return prepare(BacktestOptions(config=folder / "run.toml"))


def _columns(ready):
    return [
        [value.tolist() if isinstance(value, np.ndarray) else value for value in attrs.astuple(each, recurse=False)]
        for each in ready.columns
        if not isinstance(each, BarColumns)
    ]


@settings(max_examples=60, deadline=None)
@given(configurations())
def test_the_effective_configuration_prepares_the_same_run(folder, text):
    ready = _prepared(folder, text)
    written = to_toml(ready.configuration)

    again = _prepared(folder / "again", written)

    assert to_toml(again.configuration) == written
    assert again.run_id == ready.run_id
    assert _columns(again) == _columns(ready)
    for name in ("instruments", "entries", "cash", "account_cash", "sizing", "account_sizing", "funding_words", "data"):
        assert getattr(again, name) == getattr(ready, name), name
    for limits in (risk_limits, scoped_limits):
        assert limits(again.configuration.risk) == limits(ready.configuration.risk)
