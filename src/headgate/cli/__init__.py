"""The command line: `headgate`. What a command needs is imported when it runs, so that `--help` answers at once."""

from __future__ import annotations

import os
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from headgate.cli import accounts, demo, groups, keys, organizations, partners, reading, users
from headgate.cli.pixel import pixel
from headgate.cli.rebuild import rebuild
from headgate.cli.serve import serve
from headgate.errors import HeadgateError


class PlainErrors(TyperGroup):
    """Says what Headgate raises on purpose, and what the system refuses it, in one line on stderr, with exit code 1."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except HeadgateError as error:
            typer.echo(f"error: {error}", err=True)
            raise typer.Exit(1) from error
        except BrokenPipeError:
            # whoever read our output has seen enough
            raise
        except OSError as error:
            # of a file that was to take another's place the other is the one to name
            name = error.filename2 or error.filename
            where = f"{name}: " if name else ""
            typer.echo(f"error: {where}{error.strerror or error}", err=True)
            raise typer.Exit(1) from error


app = typer.Typer(
    cls=PlainErrors,
    help="An open, self-hosted Events API platform: receive, validate, keep, deduplicate and find conversion events.",
    no_args_is_help=True,
    # paragraphs of a docstring are filled, as wide as the terminal is
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)
app.command()(serve)
for command in (reading.events, reading.trace, reading.reconcile, reading.rejections, rebuild, pixel):
    app.command()(command)
app.add_typer(organizations.app, name="organizations")
app.add_typer(accounts.app, name="accounts")
app.add_typer(groups.app, name="groups")
app.add_typer(partners.app, name="partners")
app.add_typer(keys.app, name="keys")
app.add_typer(users.app, name="users")
app.add_typer(demo.app, name="demo")


def _print_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(version("headgate"))
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line."""
    # all that we write is for its owner: keys, logs of other people's customers
    os.umask(0o077)
    app()
