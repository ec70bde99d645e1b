"""A plan carried out: the file opened, an earlier run gone on with, the upload run, its end told."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from functools import partial
from itertools import islice
from pathlib import Path
from typing import IO, Any, NamedTuple
from uuid import uuid4

import msgspec
import typer

from headgate_client._client import EVENTS_PATH, TEST_EVENTS_PATH, Client
from headgate_client._drive import drive
from headgate_client._flow import Route, deliver_all
from headgate_client._options import Options
from headgate_client._outcome import Outcome
from headgate_client.cli.checkpoint import Checkpoint, Progress, fingerprint, require_same
from headgate_client.cli.making import EventMaker
from headgate_client.cli.mapping import Mapping, describe
from headgate_client.cli.problems import SOME_REJECTED, UNDELIVERED, Problem, Stopped
from headgate_client.cli.rejected import RejectedFile
from headgate_client.cli.rows import Kind, Layout, RowFile, Start, open_rows
from headgate_client.cli.shown import Whole, plain, showing, summary, summary_json
from headgate_client.cli.target import Target
from headgate_client.cli.trouble import Watched
from headgate_client.cli.upload import Books, Deliver, Ended, Interrupted, Upload, batches_of, halving


class How(NamedTuple):
    """How to send."""

    connections: int
    dry_run: bool
    resume: bool
    restart: bool
    #: whether raw values are hashed here
    hashing: bool
    #: rows; None for all
    limit: int | None
    quiet: bool
    #: the summary is written as JSON
    as_json: bool


class Plan(NamedTuple):
    """What to do, once the flags are read."""

    #: None: standard input
    path: Path | None
    kind: Kind
    layout: Layout
    target: Target
    mapping: Mapping
    options: Options
    #: folder of checkpoint and rejected rows
    out: Path
    how: How

    @property
    def name(self) -> str:
        """What the file is called."""
        return plain(Path(self.path.name)) if self.path else "stdin"

    def beside(self, suffix: str) -> Path:
        """A file of ours that belongs to the input."""
        return self.out / f"{self.path.name if self.path else self.name}.{suffix}"


def carry_out(plan: Plan) -> int:
    """Send as planned; gives the exit code. Raises `Problem`."""
    with plan.target.client(plan.options) as client, _opened(plan) as source:
        return _send(plan, client, source)


@contextmanager
def _opened(plan: Plan) -> Iterator[IO[bytes]]:
    if plan.path is not None:
        if plan.path.exists() and not plan.path.is_file():
            raise Problem(f"{plan.path} is no regular file; pipe it into: headgate-client send - --format csv")
        with plan.path.open("rb") as file:
            _lock(file, plan.path)
            yield file
        return
    if plan.kind == "parquet":
        raise Problem("Parquet cannot be read from standard input; give the file's name")
    if sys.stdin is None:
        raise Problem("standard input is closed; give the file's name")
    with nullcontext(sys.stdin.buffer) as file:
        yield file


def _lock(file: IO[bytes], path: Path) -> None:
    """One upload of a file at a time; the lock goes with the process. Where there are no such locks, there is none."""
    with suppress(ImportError):
        import fcntl  # noqa: PLC0415 - not on every system

        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Problem(f"another upload of {path.name} is running; let it end") from None
        except OSError:
            # a file system without locks: whoever uploads a file twice at once has it counted once all the same
            return


def _send(plan: Plan, client: Client, source: IO[bytes]) -> int:
    print_of_file = fingerprint(plan.path) if plan.path else uuid4().hex
    rows = open_rows(source, plan.kind, plan.layout)
    maker = EventMaker(rows, plan.mapping, print_of_file, hashing=plan.how.hashing)
    if maker.ignored and not plan.how.quiet:
        typer.echo(f"columns that are not sent: {', '.join(maker.ignored)}; --map FIELD=COLUMN sends one", err=True)
    # a file that is read in another way from some row on would be another file
    described = describe(plan.mapping, plan.kind, plan.layout, plan.how.hashing)
    wanted = Progress(print_of_file, client.url, client.event_group_id, described)
    books = _books(plan, wanted)
    if books.progress.done:
        return _end(plan, books, Ended())
    counts = books.progress.counts
    start = Start(counts.rows, books.progress.lines, books.progress.position)
    if start.rows and not plan.how.quiet:
        typer.echo(f"going on behind row {start.rows:,}", err=True)
    left = None if plan.how.limit is None else max(plan.how.limit - start.rows, 0)
    size = plan.options.events_per_request
    batches = batches_of(islice(rows.rows(start), left), maker, size, int(time.time()))
    with _stopping() as stop, showing(plan.name, _whole(plan, rows), books.progress, quiet=plan.how.quiet) as show:
        say = (lambda _: None) if plan.how.quiet else partial(typer.echo, err=True)
        path = TEST_EVENTS_PATH if plan.how.dry_run else EVENTS_PATH
        deliver = halving(_deliverer(client.route(path), Watched(client.transport, say), stop))
        upload = Upload(deliver, books, connections=plan.how.connections, stop=stop, show=show)
        ended = upload.run(batches)
    if plan.how.limit is not None and books.progress.done:
        # as far as was asked, which need not be the end of the file: --resume goes on
        books.progress.done = False
        books.checkpoint.write(books.progress, now=True)
        ended = Ended(limited=True)
    return _end(plan, books, ended)


def _books(plan: Plan, wanted: Progress) -> Books:
    """What an earlier run left, where that is to be gone on with; else a clean sheet. Raises `Problem`."""
    if plan.how.dry_run or plan.path is None:
        suffix = "dry-run.rejected.ndjson" if plan.how.dry_run else "rejected.ndjson"
        return Books(wanted, Checkpoint(None), RejectedFile(plan.beside(suffix)))
    checkpoint = Checkpoint(plan.beside("checkpoint"))
    found = None if plan.how.restart else checkpoint.read()
    # a finished upload of other content under the same name is history, and one that never came anywhere is none
    is_same = found is not None and found.fingerprint == wanted.fingerprint
    if found is not None and (found.done if not is_same else not (found.done or found.counts.rows)):
        found = None
    if found is not None and not plan.how.resume:
        raise Problem(
            f"{plan.name} was sent already: {found.counts.accepted:,} rows accepted, {found.counts.rejected:,} rejected. "
            "--restart sends it again"
            if found.done
            else f"an upload of {plan.name} stopped behind row {found.counts.rows:,}: go on with --resume, "
            "or begin anew with --restart"
        )
    if found is not None:
        assert checkpoint.path is not None  # noqa: S101 - set above
        require_same(found, wanted, checkpoint.path)
    progress = found or wanted
    rejected = RejectedFile(plan.beside("rejected.ndjson"), progress.rejected_bytes, done=progress.done)
    books = Books(progress, checkpoint, rejected)
    try:
        checkpoint.write(progress, now=True)
    except Stopped as why:
        raise Problem(f"{str(why).partition(';')[0]}; add --out DIR") from None
    return books


def _deliverer(route: Route, transport: Watched, stop: threading.Event) -> Deliver:
    def sleep(seconds: float) -> None:
        transport.tell()
        if stop.wait(seconds):
            raise Interrupted

    def deliver(events: list[dict[str, Any]]) -> Outcome:
        if stop.is_set():
            raise Interrupted
        return drive(deliver_all(route, events), transport, sleep)

    return deliver


@contextmanager
def _stopping() -> Iterator[threading.Event]:
    """An event that Ctrl-C and SIGTERM set; a second one ends the program at once."""
    stop = threading.Event()
    before: dict[int, Any] = {}

    def on_signal(_number: int, _frame: object) -> None:
        if stop.is_set():
            # as safe as a crash: what is settled is on disk
            os._exit(UNDELIVERED)
        stop.set()
        typer.echo("\nstopping; what is under way is waited for, Ctrl-C again ends at once", err=True)

    for asked in (signal.SIGINT, signal.SIGTERM):
        before[int(asked)] = signal.signal(asked, on_signal)
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _whole(plan: Plan, rows: RowFile) -> Whole:
    if plan.how.limit is not None:
        return Whole(plan.how.limit, None)
    return Whole(rows.total_rows, plan.path.stat().st_size if plan.path else None)


def _end(plan: Plan, books: Books, ended: Ended) -> int:
    counts = books.progress.counts
    rejected = plain(books.rejected.path) if counts.rejected else None
    said = [("Rejected rows", rejected)] if rejected else []
    if plan.how.dry_run:
        said.append(("Dry run", "nothing was counted"))
    if plan.how.as_json:
        more = {"done": books.progress.done, "rejected_file": rejected}
        typer.echo(msgspec.json.encode(summary_json(counts, more)).decode())
    else:
        summary(counts, said)
    if not (books.progress.done or ended.limited):
        raise Stopped(_why_stopped(plan, books, ended))
    return SOME_REJECTED if counts.rejected else 0


def _why_stopped(plan: Plan, books: Books, ended: Ended) -> str:
    where = f"behind row {books.progress.counts.rows:,}"
    if ended.unreadable:
        rest = f" The rows {where} and on are not sent: correct them, in a file of their own" if (
            books.progress.counts.rows
        ) else ""  # fmt: skip
        return f"{ended.unreadable}{'' if ended.unreadable.endswith('?') else '.'}{rest}"
    again = ""
    if books.checkpoint.path is not None:
        again = "; call it again with --resume to go on"
    if ended.undelivered is None:
        return f"interrupted {where}{again}"
    lost = ended.undelivered
    cure = {
        "unauthorized": "the key is not accepted: check --key-file or HEADGATE_API_KEY",
        "forbidden": "the key may not send to this event group: check --group and whose key it is",
        "not_found": "check --url and --group",
        "too_large": "the server takes smaller bodies: lower --batch",
        "unreachable": f"no answer for {plan.options.retries.deadline:g} s: check --url, or wait",
    }.get(lost.reason, "headgate-client doctor looks closer")
    return f"stopped {where}: {lost.detail} ({cure}){again}"
