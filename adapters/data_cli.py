"""The commands of `data`. Each imports what it needs itself."""

import typer

from adapters import download_cli, spread_cli

data = typer.Typer(name="data", help="Market data: what is kept, and how it comes there.", no_args_is_help=True)
download_cli.add_to(data)
spread_cli.add_to(data)


@data.callback()
def _data() -> None:
    """Market data: what is kept, and how it comes there."""


def add_to(app: typer.Typer) -> None:
    """Make them commands of the program."""
    app.add_typer(data)
