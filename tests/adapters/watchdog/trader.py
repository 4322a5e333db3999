"""A process that has a watchdog, and does what a test wants: `python trader.py PLAN.json`.

The plan has the watchdog's setup and a list of steps: ["say", line], ["sleep", s], ["stop", s] (the watchdog, for so
long), ["close"] (the pipe), ["until", file], ["keep", s] (Python stands still), ["die"]. Then it lives on.
"""

import ctypes
import faulthandler
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

MAIN = Path(__file__).resolve().parents[3] / "adapters" / "watchdog" / "__main__.py"


def main():
    plan = json.loads(Path(sys.argv[1]).read_text())
    stacks = os.open(Path(plan["setup"]["folder"], "stacks.txt"), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    faulthandler.register(signal.SIGUSR1, file=stacks)
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", str(MAIN)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0,
        start_new_session=True,
    )  # fmt: skip
    setup = {**plan["setup"], "trader": os.getpid()}
    process.stdin.write(json.dumps(setup).encode() + b"\n")
    print(process.pid, flush=True)
    print(process.stdout.readline().decode().strip(), flush=True)
    for step, *told in plan["steps"]:
        if step == "say":
            process.stdin.write(told[0].encode() + b"\n")
        elif step == "sleep":
            time.sleep(told[0])
        elif step == "stop":
            process.send_signal(signal.SIGSTOP)
            time.sleep(told[0])
            process.send_signal(signal.SIGCONT)
        elif step == "close":
            process.stdin.close()
        elif step == "until":
            while not Path(told[0]).exists():
                time.sleep(0.01)
        elif step == "keep":
            until = time.monotonic() + told[0]
            while time.monotonic() < until:
                ctypes.PyDLL(None).usleep(1_000_000)
        elif step == "die":
            os._exit(9)
    time.sleep(60)


if __name__ == "__main__":
    main()
