"""What a person sees: `events`, `trace`, `rejections`, `reconcile` on a terminal, and what they say when it goes wrong."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import stat
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest

from headgate.cli.reading import _EVENTS
from headgate.testing import good_event
from server import Server, headgate, serving, until

NOW = 1_700_000_000
#: an id that would ring, colour and break lines
RUDE = "\x1b[31mred\x07[bold]\n\u202e"
_STYLES = re.compile(r"\x1b\[[0-9;]*m")


class Seen(NamedTuple):
    """What a command put on the terminal, and its exit status."""

    text: str
    raw: str
    status: int

    @property
    def lines(self) -> list[str]:
        return [line.rstrip() for line in self.text.splitlines() if line.strip()]


def on_terminal(data: Path, *arguments: str, width: int = 100) -> Seen:
    """Run a command on a terminal of that width."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, width, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "NO_COLOR")}
    process = subprocess.Popen(
        [sys.executable, "-m", "headgate", *arguments, "--data", str(data)],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**environment, "TERM": "xterm"},
    )
    os.close(theirs)
    pieces = []
    try:
        while piece := os.read(ours, 65536):
            pieces.append(piece)
    except OSError:
        # how a terminal says that nobody writes to it any more
        pass
    finally:
        os.close(ours)
    raw = b"".join(pieces).decode()
    return Seen(_STYLES.sub("", raw), raw, process.wait(60))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("reading") / "data") as running:
        empty = on_terminal(running.data, "reconcile")
        assert (empty.lines, empty.status) == (["No events yet: nothing to reconcile."], 0)
        money = {"value": 42.5, "currency": "EUR"}
        sent = running.post(
            good_event("order-1", event_time=NOW, custom_data=money),
            good_event("order-1", event_time=NOW + 5, custom_data=money),
            good_event("for bob@example.com", event_time=NOW, custom_data={}),
            good_event(RUDE, event_time=NOW, custom_data={}),
            {"event_id": "order-2", "event_name": "PURCHASED", "event_type": "conversion", "event_time": NOW * 1000},
            {"event_id": RUDE, "event_name": RUDE},
        )
        assert sent.status_code == 210
        running.stored(4)
        yield running


def test_events_are_a_table_as_wide_as_the_terminal(server: Server) -> None:
    for width in (80, 100, 160):
        seen = on_terminal(server.data, "events", "--group", "demo_website", width=width)
        assert seen.status == 0
        assert max(map(len, seen.lines)) <= width
        titles = re.split(r"\s{2,}", seen.lines[0].strip())
        assert titles[:4] == ["received", "status", "event name", "event id"]
        assert [line for line in seen.lines if re.search(r"duplicate +PURCHASE +order-1", line)]
        assert ("42.5 EUR" in seen.text) == ("value" in titles)
        assert ("Not shown, for want of width" in seen.text) == ("source" not in titles)
    assert titles[4:] == ["event time", "value", "source"]


def test_a_terminal_obeys_nothing_that_a_sender_wrote(server: Server) -> None:
    for command in (["events", "-g", "demo_website"], ["rejections"], ["trace", RUDE]):
        seen = on_terminal(server.data, *command, width=160)
        assert "\\x1b[31mred\\x07[bold]\\n\\u202e" in seen.text, seen.text
        assert "\x1b[31m" not in seen.raw
        assert not {"\x07", "\u202e"} & set(seen.raw)


def test_the_line_of_a_dead_letter_says_why() -> None:
    (status,) = (column for column in _EVENTS if column.title == "status")
    assert status.show({"status": "dead", "reason": "refused"}) == "dead: refused"
    assert status.show({"status": "kept", "reason": ""}) == "kept"


def test_a_list_that_was_cut_says_so(server: Server) -> None:
    assert (
        "The newest 2; --limit 0 shows all."
        in on_terminal(server.data, "events", "-g", "demo_website", "--limit", "2").lines
    )
    assert "The newest" not in on_terminal(server.data, "events", "-g", "demo_website", "--limit", "0").text


def test_an_account_of_an_event_names_each_station(server: Server) -> None:
    seen = on_terminal(server.data, "trace", "order-1", width=160)
    assert [line for line in seen.lines if line[0].isdigit()] == [
        "1. PURCHASE to demo_website: kept",
        "2. PURCHASE to demo_website: duplicate",
    ]
    told = " ".join(seen.text.split())
    assert "seconds_apart 5" in told
    assert "limited_data_use no" in told
    assert re.search(r"of \(block 1 row 0 request_id \w+ received_at 20\d\d-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}\)", told)
    assert max(map(len, on_terminal(server.data, "trace", "order-1", width=80).lines)) <= 80


def test_an_event_is_traced_by_an_id_that_holds_an_address(server: Server) -> None:
    seen = on_terminal(server.data, "trace", "for bob@example.com")
    assert (seen.lines[0], seen.status) == ("1. PURCHASE to demo_website: kept", 0)
    assert "bob" not in headgate(server.data, "events", "-g", "demo_website").stdout


def test_rejections_tell_every_reason_under_the_event(server: Server) -> None:
    seen = on_terminal(server.data, "rejections", width=80)
    assert max(map(len, seen.lines)) <= 80
    assert [line for line in seen.lines if re.fullmatch(r"[\d: -]{19}  demo_website  PURCHASED  order-2", line)]
    assert [line for line in seen.lines if line.startswith("   event_time  looks like milliseconds")]


def test_books_are_kept_by_group_key_and_hour(server: Server) -> None:
    seen = on_terminal(server.data, "reconcile", width=80)
    key = json.loads(headgate(server.data, "keys", "list", "--json").stdout)[0]["id"]
    assert seen.lines[0] == f" demo_website, key {key}"
    assert seen.lines[1].split()[2:] == ["received", "accepted", "rejected", "kept", "duplicate", "dead"]
    assert seen.lines[3].split()[2:] == ["6", "4", "2", "3", "1", "0"]
    assert (seen.lines[-1], seen.status) == ("Every line adds up.", 0)
    narrow = on_terminal(server.data, "reconcile", width=60)
    assert narrow.lines[3].split()[-3:] == ["3", "1", "0"]
    assert "Not shown, for want of width: " in narrow.text


def test_what_is_not_there_is_said_plainly(server: Server) -> None:
    group = "demo_website"
    said = {
        ("events", "-g", "nowhere"): (1, "error: there is no event group nowhere"),
        ("rejections", "-g", "nowhere"): (1, "error: there is no event group nowhere"),
        ("reconcile", "-g", "nowhere"): (1, "error: there is no event group nowhere"),
        ("trace", "never-sent"): (1, "No event never-sent was received."),
        ("trace", "order-1", "-g", "nowhere"): (1, "error: there is no event group nowhere"),
        ("events", "-g", group, "--status", "dead"): (0, "No events of demo_website that match."),
        ("events", "-g", group, "--since", "2100-01-01"): (0, "No events of demo_website that match."),
        ("events", "-g", group, "--since", "soon"): (
            1,
            "error: --since soon: expected a time such as 2026-05-01T12:30 or an age such as 2h",
        ),
        ("partners", "list"): (0, "There are none yet."),
    }
    for command, (status, text) in said.items():
        seen = on_terminal(server.data, *command)
        assert (seen.lines, seen.status) == ([text], status), command
    ever = on_terminal(server.data, "events", "-g", group, "--since", "999999999w")
    assert "order-1" in ever.text


def test_a_reader_that_has_seen_enough_is_no_error(server: Server) -> None:
    for command in ("events --group demo_website --limit 0", "reconcile", "keys list"):
        line = f"set -o pipefail; {sys.executable} -m headgate {command} --data {server.data} | true"
        piped = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False, timeout=60)
        assert piped.stderr == ""


def test_a_folder_without_a_server_is_named_and_not_made(tmp_path: Path) -> None:
    for command in (
        ["events", "-g", "x"],
        ["trace", "x"],
        ["reconcile"],
        ["rejections"],
        ["rebuild"],
        ["keys", "list"],
    ):
        missing = headgate(tmp_path / "nothing", *command)
        assert (missing.returncode, missing.stdout) == (1, "")
        assert re.match(r"error: there is no(thing| log| registry) in ", missing.stderr)
        assert missing.stderr.count("\n") == 1
    assert not (tmp_path / "nothing").exists()


def test_a_token_that_was_deleted_is_not_made_anew_beside_a_running_server(server: Server) -> None:
    token = server.data / "operator-token"
    kept = token.read_text()
    token.unlink()
    refused = headgate(server.data, "reconcile")
    assert (refused.returncode, token.exists()) == (1, False)
    assert "operator-token is missing; the server makes it again" in refused.stderr
    token.write_text("another")
    refused = headgate(server.data, "reconcile")
    assert refused.stderr.startswith("error: the server answered 401: Show the token")
    token.write_text(kept)


def test_everything_in_the_data_folder_is_for_its_owner_only(server: Server) -> None:
    until(lambda: list((server.data / "metrics").iterdir()))
    # what the tests' own shell made
    ours = {server.data / "out", server.data / "err", server.data / "operator-token"}
    open_to_others = [
        path
        for path in server.data.rglob("*")
        if not path.is_symlink() and path not in ours and stat.S_IMODE(path.stat().st_mode) & 0o077
    ]
    assert open_to_others == []


def test_every_log_line_is_json_and_names_its_process(server: Server) -> None:
    assert {line["process"] for line in server.log()} >= {"edge-0", "core"}
    assert all(line["level"] and line["timestamp"] for line in server.log())


@pytest.mark.parametrize(
    "command",
    [
        "",
        "serve",
        "events",
        "trace",
        "reconcile",
        "rejections",
        "rebuild",
        "accounts",
        "accounts create",
        "keys create",
    ],
)
def test_help_is_written_in_whole_paragraphs(command: str) -> None:
    told = subprocess.run(
        [sys.executable, "-m", "headgate", *command.split(), "--help"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "COLUMNS": "100", "TERM": "dumb"},
    ).stdout
    prose = told[: told.index("─ ")].splitlines()
    # a line that ends early has to be the end of a paragraph
    for line, following in pairwise(prose):
        if following.strip() and line.strip():
            assert len(line.rstrip()) + len(following.split()[0]) >= 98, (line, following)
    assert max(map(len, told.splitlines())) <= 100
