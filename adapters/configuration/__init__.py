"""Configuration: TOML in, checked sections out, and the effective configuration of a run back into TOML.

`schema` says what there is, `values` what each value may be, `reading` collects everything that is wrong with a file,
`writing` is the way back. Paths in a file start from the file's own folder.
"""

from adapters.configuration.reading import Problem, read_toml, structured
from adapters.configuration.schema import (
    BacktestSection,
    Configuration,
    DataSection,
    GeneratedSection,
    InstrumentSection,
    LiveSection,
    PortfolioSection,
    RiskSection,
    StrategySection,
)
from adapters.configuration.values import moment_ns
from adapters.configuration.writing import to_toml

__all__ = [
    "BacktestSection",
    "Configuration",
    "DataSection",
    "GeneratedSection",
    "InstrumentSection",
    "LiveSection",
    "PortfolioSection",
    "Problem",
    "RiskSection",
    "StrategySection",
    "moment_ns",
    "read_toml",
    "structured",
    "to_toml",
]
