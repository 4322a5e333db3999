"""Execution algorithms: how the orders of a strategy's share are priced, sized and changed. One name, one class.

An algorithm is pure. It is given the lots that are free to be sent, its own working orders and the market as it was
last seen, and answers with what to do now (`base`). It never decides how many lots may be on their way: that is
`actors/execution/plan.py`'s, so no algorithm can over-trade. `execution` makes one from a name or a table.
"""

from actors.execution.algorithms.base import Algorithm, Child, Market, Step, Task, Work
from actors.execution.algorithms.execution import MARKET, Described, Execution, algorithm_of, described, execution_of

__all__ = [
    "MARKET",
    "Algorithm",
    "Child",
    "Described",
    "Execution",
    "Market",
    "Step",
    "Task",
    "Work",
    "algorithm_of",
    "described",
    "execution_of",
]
