"""Configuration: TOML in, checked sections out, and the effective configuration of a run back into TOML.

`schema` says what there is, `value_types` what each value may be (judged by `values`, `names` and `compounds`),
`agreement` what must fit together. `reading` collects everything that is wrong with a file, `options` lays the command
line over it, `writing` is the way back. Paths in a file start from the file's own folder.
"""

from adapters.configuration.market_sections import FeedSection, SpreadSection
from adapters.configuration.reading import Problem, read_toml, structured
from adapters.configuration.schema import (
    AccountSection,
    BacktestSection,
    Configuration,
    DataSection,
    EventsSection,
    GeneratedSection,
    InstrumentSection,
    LimitSection,
    ListenSection,
    LiveSection,
    PollSection,
    PortfolioSection,
    RecordingSection,
    RiskSection,
    StrategySection,
)
from adapters.configuration.writing import to_toml

__all__ = [
    "AccountSection",
    "BacktestSection",
    "Configuration",
    "DataSection",
    "EventsSection",
    "FeedSection",
    "GeneratedSection",
    "InstrumentSection",
    "LimitSection",
    "ListenSection",
    "LiveSection",
    "PollSection",
    "PortfolioSection",
    "Problem",
    "RecordingSection",
    "RiskSection",
    "SpreadSection",
    "StrategySection",
    "read_toml",
    "structured",
    "to_toml",
]
