"""What a user waits for: whole processes, with their start-up, their files, and their memory."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from markets import SYMBOL, fill_store

from actors.columns import BarColumns
from adapters.generated import generated_bars

ROOT = Path(__file__).resolve().parent.parent
LONG_RUN_MB = 400


def whole_process_rows(items: int) -> list[tuple[str, str, str]]:
    """What a user waits for: start-up, reading a file, and the memory of a whole run, each in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bars.csv"
        write_csv(generated_bars(SYMBOL, seed=1, bars=items, tick_size=0.5), path)
        load = (
            "import time; s = time.perf_counter(); from adapters.files import load; "
            f"n = len(load({str(path)!r}).columns); print(time.perf_counter() - s)"
        )
        read = min(float(_python("-c", load)) for _ in range(2))
        shown = min(_seconds("run.py", "--help") for _ in range(3))
        out = Path(folder) / "out"
        started = time.perf_counter()
        memory = _peak_of_run(["--data", str(path), "--strategy", "ema-cross", "--out", str(out), "--quiet"])
        whole = time.perf_counter() - started
    return [
        (f"reading {items:,} bars from CSV, imports included", f"{read:.2f} s", "under 1.5 s"),
        ("the whole run on that file, results written", f"{whole:.2f} s", ""),
        ("its peak memory", f"{memory:.0f} MB", "under 350 MB"),
        ("run.py --help", f"{shown:.2f} s", "under 0.4 s"),
    ]


def long_run_rows(ticks: int) -> list[tuple[str, str, str]]:
    """A whole run over so many ticks of a store: its time and its memory, in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        root, out = Path(folder) / "data", Path(folder) / "out"
        fill_store(root, ticks)
        started = time.perf_counter()
        arguments = ["--data", str(root), "--strategy", "ema-cross", "--period", "1m"]
        memory = _peak_of_run([*arguments, "--out", str(out), "--quiet"])
        whole = time.perf_counter() - started
    return [
        (f"a run over {ticks:,} ticks of a store", f"{whole:.1f} s", ""),
        ("its peak memory", f"{memory:.0f} MB", f"under {LONG_RUN_MB} MB"),
    ]


def _peak_of_run(arguments: Sequence[str]) -> float:
    """MB. The process tells its own peak: what the parent sees of its children includes the parent, before the exec."""
    whole_run = (
        "import sys; from adapters.cli import main\n"
        f"sys.argv = ['run.py', 'backtest', *{list(arguments)!r}]\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print([line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')][0])"
    )
    return int(_python("-c", whole_run)) / 1024


def write_csv(bars: BarColumns, path: Path) -> None:
    """Bars as a file that a user might have."""
    stamps = np.datetime_as_string(bars.open_ts.view("datetime64[ns]"), unit="s")
    columns = (stamps.tolist(), bars.open.tolist(), bars.high.tolist(), bars.low.tolist(), bars.close.tolist())
    with path.open("w", encoding="utf-8") as file:
        file.write("timestamp,open,high,low,close,volume\n")
        for row in zip(*columns, bars.volume.tolist(), strict=True):
            file.write("{}Z,{},{},{},{},{}\n".format(*row))


def _python(*arguments: str) -> str:
    done = subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def _seconds(*arguments: str) -> float:
    started = time.perf_counter()
    _python(*arguments)
    return time.perf_counter() - started
