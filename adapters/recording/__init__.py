"""Recording: what the market says in a live run goes into a store, beside trading and never in its way.

A tap at the runtime takes each item as it is said, an actor writes what was taken in batches, and a process of its own
rolls the days that are over.
"""

from adapters.recording.actor import recorder_spec
from adapters.recording.claims import Claims
from adapters.recording.recording import Recording
from adapters.recording.roller import Roller
from adapters.recording.tap import RecordingTap

__all__ = ["Claims", "Recording", "RecordingTap", "Roller", "recorder_spec"]
