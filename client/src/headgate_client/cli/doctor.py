"""`headgate-client doctor`."""

from __future__ import annotations

import os
import time
from typing import Annotated

import msgspec
import typer

from headgate_client.cli import flags
from headgate_client.cli.checks import Check, examine
from headgate_client.cli.problems import DONE, SOME_REJECTED
from headgate_client.cli.target import Asked, read_target


def doctor(
    *,
    url: flags.Url = None,
    group: flags.Group = None,
    key: flags.Key = None,
    key_file: flags.KeyFile = None,
    cacert: flags.CaCert = None,
    profile: flags.Profile = None,
    config: flags.Config = None,
    json: Annotated[bool, typer.Option("--json", help="The checks as JSON.")] = False,
) -> None:
    """Look at everything between here and the server: address, connection, certificate, clock, key, event group.

    One test event is sent, which is validated and not counted.

    Exit code: 0 all is well, 1 there is a problem, 2 called in a way that cannot work.
    """
    target = read_target(Asked(url, group, key, key_file, cacert, profile, config), os.environ)
    checks: list[Check] = []
    for check in examine(target, time.time()):
        checks.append(check)
        if not json:
            _show(check)
    problems = sum(check.verdict == "problem" for check in checks)
    if json:
        typer.echo(msgspec.json.encode([check._asdict() for check in checks]).decode())
    else:
        typer.echo(f"\n{'All is well.' if not problems else f'{problems} problem' + ('s.' if problems > 1 else '.')}")
    raise typer.Exit(SOME_REJECTED if problems else DONE)


def _show(check: Check) -> None:
    colour = {"ok": "green", "warning": "yellow", "problem": "red"}.get(check.verdict)
    verdict = typer.style(f"{check.verdict:<8}", fg=colour)
    typer.echo(f"{verdict} {check.name:<13} {check.seen}")
    if check.cure:
        typer.echo(f"{'':<8} {'':<13} cure: {check.cure}")
