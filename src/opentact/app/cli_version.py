"""`opentact version`."""

import typer

from opentact import __version__

from .cli_output import Json, print_json

version_app = typer.Typer()


@version_app.command()
def version(*, as_json: Json = False) -> None:
    """Print the version."""
    if as_json:
        print_json({"version": __version__})
    else:
        typer.echo(__version__)
