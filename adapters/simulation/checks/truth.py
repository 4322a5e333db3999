"""What the exchange knows of the account, in the rows that it would write on the wire."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

Row = dict[str, Any]


class Truth(Protocol):
    """The exchange, as the judge asks it. Sizes are contracts; money is integers of the wallet's smallest unit."""

    def now(self) -> int:
        """True time, in ns."""

    def executions(self) -> list[Row]:
        """All of the account, in order: trades, cancels, funding and so on, by `execType`."""

    def orders(self) -> list[Row]:
        """All of the account, in order."""

    def open_orders(self) -> list[Row]:
        """Those that work now."""

    def lots(self) -> dict[str, int]:
        """Positions in signed lots, by symbol; none that is flat."""

    def wallets(self) -> dict[str, int]:
        """What there is in each currency with everything realised, by our name of the currency."""

    def lot_sizes(self) -> dict[str, int]:
        """Contracts in a lot, by symbol."""

    def switch(self) -> int | None:
        """When everything is cancelled unless somebody asks again, in ns; None: it is not armed."""

    def prices(self) -> Mapping[str, Sequence[float]]:
        """The last trades' prices by symbol, some hundreds, oldest first."""
