"""What goes wrong. Each fault has its code, its seam and its counter; a seed chooses which are at work.

weather.py   which faults are at work, how strong, how often each has struck; and the seams, where they are asked
fault.py     what a fault is
"""

from adapters.simulation.faults.fault import Fault
from adapters.simulation.faults.weather import Weather

__all__ = ["Fault", "Weather"]
