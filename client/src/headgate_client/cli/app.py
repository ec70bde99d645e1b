"""The commands, and how their problems are told."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from headgate_client.cli.doctor import doctor
from headgate_client.cli.lint import lint
from headgate_client.cli.problems import Problem
from headgate_client.cli.send import send


class PlainProblems(TyperGroup):
    """Tells a problem in one line on stderr, with its exit code, and never a traceback."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except Problem as problem:
            typer.echo(f"error: {problem}", err=True)
            raise typer.Exit(problem.exit_code) from None
        except BrokenPipeError:
            # whoever read our output has seen enough
            raise
        except OSError as error:
            where = f"{error.filename}: " if error.filename else ""
            typer.echo(f"error: {where}{error.strerror or error}", err=True)
            raise typer.Exit(Problem.exit_code) from None


app = typer.Typer(
    cls=PlainProblems,
    help="Send conversion events to an Events API from files, and look for mistakes before and after.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)
app.command()(send)
app.command()(lint)
app.command()(doctor)


def _print_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version  # noqa: PLC0415 - only here

        typer.echo(version("headgate-client"))
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    pass
