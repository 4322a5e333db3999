"""Programs that record until something ends them, as processes of their own."""

import json
import sys
import time
from pathlib import Path

from tests.adapters.recording.recording_builders import a_recording, say
from tests.adapters.store.store_builders import ticks
from tests.builders import MONDAY

BATCH = 7


def record_on(root, first):
    """Batch after batch; each is told on stdout once it is written."""
    recording = a_recording(Path(root))
    number = int(first)
    while True:
        say(recording.tap, *ticks(BATCH, first=MONDAY + number))
        recording.write(MONDAY)
        number += BATCH
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()


def record_on_a_full_disk(root, bytes_max):
    """Files may not grow beyond the limit for a while; what came of it is told at the end."""
    import resource  # noqa: PLC0415 Windows has none

    recording = a_recording(Path(root), waiting_max=500)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(bytes_max), limits[1]))
    number, slowest, failure = 0, 0.0, ""
    while not failure or recording.take_lost() == 0:
        began = time.perf_counter()
        say(recording.tap, *ticks(50, first=MONDAY + number))
        slowest = max(slowest, time.perf_counter() - began)
        number += 50
        recording.write(MONDAY)
        failure = failure or recording.failure
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    recording.write(MONDAY)
    say(recording.tap, *ticks(50, first=MONDAY + number))
    recording.close(MONDAY)
    told = {"said": number + 50, "lost": recording.lost, "failure": failure, "written": recording.written}
    sys.stdout.write(json.dumps({**told, "slowest": slowest, "at_end": recording.failure}))


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
