"""`headgate-client send`."""

from __future__ import annotations

import os
from pathlib import Path

import typer

from headgate_client._options import Options, Retries
from headgate_client.cli import flags
from headgate_client.cli.mapping import Flags, read_mapping
from headgate_client.cli.problems import Problem
from headgate_client.cli.rows import Layout, kind_of
from headgate_client.cli.sending import How, Plan, carry_out
from headgate_client.cli.target import Asked, read_target


def send(
    *,
    file: flags.File,
    format: flags.Format = None,  # noqa: A002 - the flag's name
    encoding: flags.Encoding = "utf-8-sig",
    delimiter: flags.Delimiter = None,
    limit: flags.Limit = None,
    map: flags.Map = None,  # noqa: A002 - the flag's name
    set: flags.Set = None,  # noqa: A002 - the flag's name
    mapping: flags.MappingFile = None,
    time_format: flags.TimeFormat = None,
    time_zone: flags.TimeZone = None,
    decimal: flags.Decimal = None,
    phone_region: flags.PhoneRegion = None,
    null: flags.Null = None,
    url: flags.Url = None,
    group: flags.Group = None,
    key: flags.Key = None,
    key_file: flags.KeyFile = None,
    cacert: flags.CaCert = None,
    profile: flags.Profile = None,
    config: flags.Config = None,
    dry_run: flags.DryRun = False,
    resume: flags.Resume = False,
    restart: flags.Restart = False,
    no_hash: flags.NoHash = False,
    batch: flags.Batch = 1000,
    concurrency: flags.Concurrency = 4,
    patience: flags.Patience = 300.0,
    retry_wait: flags.RetryWait = 0.5,
    compress: flags.Compress = True,
    out: flags.Out = None,
    quiet: flags.Quiet = False,
    json: flags.SummaryJson = False,
) -> None:
    """Send the rows of a file as events.

    Each row becomes one event. A row without an `event_id` gets one made of the file's content and the row's number, so
    that it counts once however often it is sent. Raw e-mail addresses, phone numbers, names, genders and birthdays are
    normalised and hashed here.

    Rejected rows go to FILE.rejected.ndjson with their number and every reason. FILE.checkpoint says how far the upload
    came: after an outage, Ctrl-C or a crash, the same command with `--resume` goes on from there.

    Exit code: 0 all accepted, 1 some rejected, 2 called in a way that cannot work, 3 not everything delivered.
    """
    path = None if str(file) == "-" else file
    _require_sense(path, dry_run=dry_run, resume=resume, restart=restart)
    retries = Retries(attempts=None, deadline=patience, first_wait=retry_wait, longest_wait=15.0)
    plan = Plan(
        path,
        kind_of(path, format.value if format else None),
        Layout(encoding, delimiter),
        read_target(Asked(url, group, key, key_file, cacert, profile, config), os.environ),
        read_mapping(Flags(map or (), set or (), mapping, time_format, time_zone, null or (), decimal, phone_region)),
        Options(retries=retries, events_per_request=batch, compress_over=4096 if compress else None),
        out or (path.parent if path else Path()),
        How(concurrency, dry_run, resume, restart, not no_hash, limit, quiet, json),
    )
    raise typer.Exit(carry_out(plan))


def _require_sense(path: Path | None, *, dry_run: bool, resume: bool, restart: bool) -> None:
    """Raise `Problem` where flags exclude each other."""
    if resume and restart:
        raise Problem("--resume and --restart exclude each other")
    if dry_run and resume:
        raise Problem("--dry-run leaves no checkpoint to --resume from: leave one of them out")
    if path is None and (resume or restart):
        raise Problem("standard input cannot be read again: save it to a file to use --resume or --restart")
