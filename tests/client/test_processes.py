"""What becomes of a queue's events when its process is killed, exits or forks: real processes."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
from pathlib import Path

from headgate_client import Client, Queue, Spill
from http_server import Reply, events_server
from server import until


def python(code: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process: subprocess.Popen[str]) -> tuple[str, str]:
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    return out, err


def test_what_was_put_into_a_spill_file_survives_kill_9_and_arrives_once(tmp_path: Path) -> None:
    code = """
        import sys
        from pathlib import Path
        from headgate_client import Batching, Client, Queue, Spill
        client = Client(sys.argv[1], "key", "group")
        queue = Queue(client, batching=Batching(events=20, age=0.01), full=Spill(path=Path(sys.argv[2])))
        n = 0
        while True:
            print(queue.put({"n": n}), flush=True)
            n += 1
    """
    with events_server() as server:
        process = python(code, server.url, str(tmp_path / "spill.db"))
        assert process.stdout is not None
        put = [process.stdout.readline().strip() for _ in range(300)]
        process.send_signal(signal.SIGKILL)
        rest, _ = process.communicate(timeout=30)
        put += [line for line in rest.splitlines() if len(line) == 36]
        with (
            Client(server.url, "key", "group") as client,
            Queue(client, full=Spill(path=tmp_path / "spill.db")) as queue,
        ):
            report = queue.flush(30)
        assert report.waiting == report.kept == 0
        assert set(put) <= set(server.accepted)
        # a batch whose answer the killed process never read goes out again, with the same ids
        assert len(server.accepted) - len(set(server.accepted)) <= 20


def test_a_queue_that_nobody_closed_is_sent_at_the_exit() -> None:
    code = """
        import sys
        from headgate_client import Batching, Client, Queue
        queue = Queue(Client(sys.argv[1], "key", "group"), batching=Batching(age=600))
        queue.put({"event_id": "last words"})
    """
    with events_server() as server:
        ended(python(code, server.url))
        assert server.accepted == ["last words"]


def test_an_exit_that_cannot_deliver_says_so() -> None:
    code = """
        import sys
        from headgate_client import Client, Queue, _queue
        _queue._EXIT_SECONDS = 0.2
        queue = Queue(Client(sys.argv[1], "key", "group"))
        queue.put({"event_id": "lost", "user_data": {"em": "jo@example.com"}})
    """
    with events_server(lambda _n, _e: Reply(cut=True)) as server:
        _, told = ended(python(code, server.url))
    assert "closed at exit: 1 events put, 0 accepted" in told
    assert "jo@" not in told


def test_a_forked_child_has_a_queue_of_its_own_and_the_parent_keeps_its_events() -> None:
    code = """
        import os, sys
        from headgate_client import Batching, Client, Queue
        client = Client(sys.argv[1], "key", "group")
        queue = Queue(client, batching=Batching(age=600))
        queue.put({"event_id": "before"})
        client.send([{"event_id": "connection"}])
        child = os.fork()
        if not child:
            queue.put({"event_id": "of the child"})
            report = queue.close(20)
            os._exit(0 if (report.put, report.accepted) == (1, 1) else 1)
        _, status = os.waitpid(child, 0)
        queue.put({"event_id": "of the parent"})
        report = queue.close(20)
        sys.exit(0 if status == 0 and report.accepted == 2 else 1)
    """
    with events_server() as server:
        ended(python(code, server.url))
        assert sorted(server.accepted) == ["before", "connection", "of the child", "of the parent"]


def test_a_forked_child_leaves_the_spill_file_to_its_parent(tmp_path: Path) -> None:
    code = """
        import os, sys
        from pathlib import Path
        from headgate_client import Batching, Client, Queue, Spill, SpillUnusable
        client = Client(sys.argv[1], "key", "group")
        queue = Queue(client, batching=Batching(age=600), full=Spill(path=Path(sys.argv[2])))
        other = Queue(client, batching=Batching(age=600))
        for n in range(50):
            queue.put({"event_id": str(n)})
        child = os.fork()
        if not child:
            try:
                queue.put({"event_id": "of the child"})
            except SpillUnusable as why:
                print(why, flush=True)
            other.put({"event_id": "of the child"})
            # an orderly exit: everything that closes at the end of a process does
            sys.exit(0)
        _, status = os.waitpid(child, 0)
        queue.put({"event_id": "50"})
        report = queue.close(20)
        sys.exit(0 if status == 0 and (report.accepted, report.kept) == (51, 0) else 1)
    """
    with events_server() as server:
        out, told = ended(python(code, server.url, str(tmp_path / "spill.db")))
        assert "belongs to the process that this one was forked from" in out
        assert told == ""
        assert len(server.accepted) == 52


def test_what_is_on_the_disk_holds_no_raw_personal_value(tmp_path: Path) -> None:
    with events_server(lambda _n, _e: Reply(cut=True)) as server, Client(server.url, "key", "group") as client:
        queue = Queue(client, full=Spill(path=tmp_path / "spill.db"))
        queue.put(
            {
                "event_name": "LEAD",
                "event_source_url": "https://shop.example/?email=jo.secret@example.com&phone=01711234567",
                "user_data": {
                    "is_hashed": False,
                    "email": "jo.secret@example.com",
                    "ph": "0171 1234567",
                    "fn": "Josephine",
                },
                "custom_data": {"order_id": "jo.secret@example.com", "note": {"mail": "jo.secret@example.com"}},
            }
        )
        queue.put({"user_data": {"is_hashed": True, "em": "jo.secret@example.com"}})
        until(lambda: server.received() > 0)
        report = queue.close(0.1)
    assert report.rejected_count == 1
    assert "SHA-256" in report.rejected[0].errors["user_data.em"]
    stored = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"LEAD" in stored
    for secret in (b"jo.secret", b"1711234567", b"171 1234567", b"Josephine"):
        assert secret not in stored
