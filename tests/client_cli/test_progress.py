"""What an upload shows while it runs."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from client_files import write_csv
from headgate_client import ConnectFailed, Request, Response, TransportError
from headgate_client.cli.checkpoint import Counts, Progress
from headgate_client.cli.shown import Pace, Whole
from headgate_client.cli.trouble import Watched
from headgate_client.testing import Emulator, FrozenClock


def _progress(rows: int, position: int = 0) -> Progress:
    return Progress("f", "u", "g", "m", Counts(rows=rows), position=position)


def test_pace_counts_this_run_only() -> None:
    pace = Pace(Whole(1000, None), _progress(400), began=100.0)
    assert pace.rate(_progress(600), now=110.0) == 20
    assert pace.share(_progress(600)) == 0.6
    assert pace.left(_progress(600), now=110.0) == pytest.approx(20)


def test_pace_goes_by_bytes_where_rows_are_not_known_and_is_silent_where_nothing_is() -> None:
    pace = Pace(Whole(None, 1000), _progress(0), began=0.0)
    assert pace.left(_progress(10, 250), now=5.0) == pytest.approx(15)
    assert pace.left(_progress(0, 0), now=5.0) is None
    unknown = Pace(Whole(None, None), _progress(0), began=0.0)
    assert (unknown.share(_progress(5)), unknown.left(_progress(5), now=1.0)) == (None, None)


def test_a_terminal_shows_a_bar_with_rate_and_eta(
    headgate_emulator: Emulator, headgate_emulator_url: str, tmp_path: Path, now: int
) -> None:
    rows = [(f"a{n}@example.com", now, "LEAD") for n in range(300)]
    file = write_csv(tmp_path / "[bold]crm.csv", ("em", "event_time", "event_name"), rows)
    headgate_emulator.inject("slow=0.2;times=3")
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 120, 0, 0))
    command = [sys.executable, "-m", "headgate_client.cli", "send", str(file), "--url", headgate_emulator_url]
    command += ["--group", "shop", "--batch", "100", "--concurrency", "1"]
    environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "NO_COLOR")}
    process = subprocess.Popen(
        command,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**environment, "TERM": "xterm", "HEADGATE_API_KEY": "k"},
    )
    os.close(theirs)
    shown = b""
    try:
        while piece := os.read(ours, 65536):
            shown += piece
    except OSError:
        # how a terminal says that nobody writes to it any more
        pass
    finally:
        os.close(ours)
    assert process.wait(30) == 0, shown
    text = shown.decode()
    assert "[bold]crm.csv" in text
    assert "100%" in text
    assert "300 rows, " in text
    assert "ETA 0:0" in text


class _Scripted:
    """A transport that says what it was told to say."""

    def __init__(self, *answers: Response | TransportError) -> None:
        self._answers = list(answers)

    def send(self, request: Request) -> Response:
        assert request.url
        answer = self._answers.pop(0)
        if isinstance(answer, TransportError):
            raise answer
        return answer

    def close(self) -> None:
        pass


def test_an_upload_that_only_waits_says_why_but_not_each_time() -> None:
    said: list[str] = []
    clock = FrozenClock(0)
    answers = (ConnectFailed("refused"), *[Response(503, {}, b"")] * 3, Response(200, {}, b""), Response(429, {}, b""))
    watched = Watched(_Scripted(*answers), said.append, clock)
    request = Request("https://x", {}, b"", 1, 1)
    for answer in answers:
        if isinstance(answer, TransportError):
            with pytest.raises(ConnectFailed):
                watched.send(request)
        else:
            watched.send(request)
        # the first trouble may pass at once, and is not worth a word
        watched.tell()
        clock.move(9)
    assert said == [
        "no luck for 9 s: the server answers 503; trying again",
        "no luck for 27 s: the server answers 503; trying again",
    ]
