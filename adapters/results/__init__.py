"""What a run leaves in its folder: CSV files, `summary.json` and `config.toml`, the same bytes for the same inputs.

`tables` turns a result's rows into lines, `times` writes many stamps fast, `summary` makes the one object of figures,
`folder` sees to it that a file stands under its name only when it is complete.
"""

from adapters.errors import OutputError
from adapters.results.facts import DataFact, RunFacts
from adapters.results.folder import RunFolder, new_run_folder
from adapters.results.summary import summary_of
from adapters.results.tables import OPTIONAL_FILES, result_files
from adapters.results.writing import write_run

__all__ = [
    "OPTIONAL_FILES",
    "DataFact",
    "OutputError",
    "RunFacts",
    "RunFolder",
    "new_run_folder",
    "result_files",
    "summary_of",
    "write_run",
]
