"""`headgate-client send` when something goes wrong on the way: nothing is lost, nothing counts twice."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from client_files import COLUMNS, GROUP, MAPPED, Run, crm, ids, read_ndjson, sending, write_csv
from headgate_client.testing import Emulator
from server import until


def test_an_outage_stops_the_upload_and_resume_goes_on_without_doubling(
    send: Run, headgate_emulator: Emulator, tmp_path: Path, now: int
) -> None:
    file = crm(tmp_path, now, 50)
    headgate_emulator.inject("slow=0", "reset-after", "500;times=100000")
    said = send(file, *MAPPED, "--batch", "10", "--concurrency", "1", "--patience", "0.3")
    assert said.code == 3
    assert "error: stopped behind row 10: 500: simulated fault" in said.err
    assert "call it again with --resume" in said.err
    headgate_emulator.clear_faults()
    again = send(file, *MAPPED, "--batch", "10")
    assert (again.code, again.out) == (2, "")
    assert "stopped behind row 10: go on with --resume, or begin anew with --restart" in again.err
    assert send(file, *MAPPED, "--batch", "10", "--resume").code == 0
    assert sorted(ids(headgate_emulator.kept)) == sorted(f"order-{n}" for n in range(1, 51))
    assert len(headgate_emulator.accepted) == 60


@pytest.mark.parametrize(
    ("fault", "cure"),
    [
        ("401", "check --key-file or HEADGATE_API_KEY"),
        ("403", "check --group and whose key it is"),
        ("404", "check --url and --group"),
    ],
)
def test_a_refusal_stops_at_once_and_names_the_flag(
    send: Run, headgate_emulator: Emulator, tmp_path: Path, now: int, fault: str, cure: str
) -> None:
    headgate_emulator.inject(f"{fault};times=50")
    said = send(crm(tmp_path, now, 30), *MAPPED, "--batch", "10", "--concurrency", "1")
    assert said.code == 3
    assert cure in said.err
    assert len(headgate_emulator.requests) <= 3


def test_passing_trouble_is_sat_out(send: Run, headgate_emulator: Emulator, tmp_path: Path, now: int) -> None:
    headgate_emulator.inject("429;retry-after=0", "500", "reset", "reset-after", "503", "slow=0.1")
    assert send(crm(tmp_path, now, 20), *MAPPED, "--batch", "10").code == 0
    assert sorted(ids(headgate_emulator.kept)) == sorted(f"order-{n}" for n in range(1, 21))


def test_the_event_that_failed_is_the_row_that_is_told(
    send: Run, headgate_emulator: Emulator, tmp_path: Path, now: int
) -> None:
    headgate_emulator.inject("slow=0", "210;nth=7")
    said = send(crm(tmp_path, now, 20), *MAPPED, "--batch", "10", "--concurrency", "1", "--json")
    assert said.code == 1
    summary = json.loads(said.out)
    assert {name: summary[name] for name in ("rows", "accepted", "rejected", "done")} == {
        "rows": 20,
        "accepted": 19,
        "rejected": 1,
        "done": True,
    }
    assert [one["row"] for one in read_ndjson(tmp_path / "crm.csv.rejected.ndjson")] == [17]


def test_a_body_that_is_too_large_goes_out_in_halves(run: Run, tmp_path: Path, now: int) -> None:
    emulator = Emulator(now=now, body_limit=3000)
    with emulator.serve() as url:
        target = ("--url", url, "--group", GROUP, "--key", "k", "--no-compress")
        said = run("send", crm(tmp_path, now, 30), *MAPPED, *target)
    assert said.code == 0
    assert sorted(ids(emulator.kept)) == sorted(f"order-{n}" for n in range(1, 31))


def test_a_file_is_not_sent_twice_by_accident(send: Run, headgate_emulator: Emulator, tmp_path: Path, now: int) -> None:
    file = crm(tmp_path, now, 5)
    assert send(file, *MAPPED).code == 0
    assert "was sent already: 5 rows accepted, 0 rejected. --restart sends it again" in send(file, *MAPPED).err
    # to go on with what is at its end is fine, as a script may always say --resume
    assert send(file, *MAPPED, "--resume").code == 0
    assert len(headgate_emulator.requests) == 1
    assert send(file, *MAPPED, "--restart").code == 0
    assert len(headgate_emulator.duplicates) == 5
    # tomorrow's file of the same name is another
    assert send(crm(tmp_path, now, 6), *MAPPED).code == 0


def test_an_upload_that_came_nowhere_is_none_to_go_on_with(
    send: Run, headgate_emulator: Emulator, tmp_path: Path, now: int
) -> None:
    file = crm(tmp_path, now, 5)
    headgate_emulator.inject("404")
    assert send(file, *MAPPED, "--set", "currency=EUR").code == 3
    # what was wrong in that call may be put right in the next one
    assert send(file, *MAPPED).code == 0
    assert len(headgate_emulator.kept) == 5


def test_resume_refuses_what_has_changed(send: Run, headgate_emulator: Emulator, tmp_path: Path, now: int) -> None:
    file = crm(tmp_path, now, 30)
    headgate_emulator.inject("slow=0", "401;times=1000")
    assert send(file, *MAPPED, "--batch", "10", "--concurrency", "1").code == 3
    headgate_emulator.clear_faults()
    changed = "the mapping or the way of reading the file changed since the interruption at row 10"
    for more in (("--set", "currency=EUR"), ("--encoding", "latin-1"), ("--no-hash",)):
        said = send(file, *MAPPED, *more, "--resume")
        assert (said.code, changed in said.err) == (2, True), more
    crm(tmp_path, now, 31)
    said = send(file, *MAPPED, "--resume")
    assert (said.code, "the file's content changed" in said.err) == (2, True)
    assert send(file, *MAPPED, "--restart").code == 0


def test_a_limit_stops_early_and_resume_goes_on(
    send: Run, headgate_emulator: Emulator, tmp_path: Path, now: int
) -> None:
    file = crm(tmp_path, now, 20)
    assert send(file, *MAPPED, "--limit", "7").code == 0
    assert send(file, *MAPPED, "--resume").code == 0
    assert ids(headgate_emulator.accepted) == [f"order-{n}" for n in range(1, 21)]


def test_rejected_rows_behind_the_checkpoint_are_not_written_twice(
    send: Run, headgate_emulator: Emulator, tmp_path: Path, now: int
) -> None:
    rows = [("bad" if n % 4 == 0 else f"a{n}@example.com", now, "1", f"o{n}") for n in range(1, 41)]
    file = write_csv(tmp_path / "crm.csv", COLUMNS, rows)
    headgate_emulator.inject("slow=0", "slow=0", "404;times=1000")
    assert send(file, *MAPPED, "--batch", "10", "--concurrency", "1").code == 3
    headgate_emulator.clear_faults()
    rejected = tmp_path / "crm.csv.rejected.ndjson"
    with rejected.open("a") as torn:
        torn.write('{"row": 24, "err')
    assert send(file, *MAPPED, "--resume").code == 1
    assert [one["row"] for one in read_ndjson(rejected)] == list(range(4, 41, 4))


_FAULTS = st.sampled_from(["500", "429;retry-after=0", "reset", "reset-after", "slow=0.01", "404", "401"])


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.integers(0, 60),
    bad=st.sets(st.integers(1, 60)),
    faults=st.lists(_FAULTS, max_size=12),
    batch=st.integers(1, 25),
    connections=st.integers(1, 4),
)
def test_whatever_happens_each_good_row_counts_once_and_each_bad_one_is_told_once(
    run: Run, tmp_path_factory: pytest.TempPathFactory, rows: int, bad: set[int], faults: list[str], batch: int,
    connections: int,
) -> None:  # fmt: skip
    emulator = Emulator()
    emulator.inject(*faults)
    now = int(emulator.clock())
    folder = tmp_path_factory.mktemp("any")
    lines = [("bad" if n in bad else f"a{n}@example.com", now, "1", f"o{n}") for n in range(1, rows + 1)]
    file = write_csv(folder / "crm.csv", COLUMNS, lines)
    with emulator.serve() as url:
        target = ("--url", url, "--group", GROUP, "--key", "k", "--quiet", "--retry-wait", "0.01")
        for _ in range(len(faults) + 1):
            said = run("send", file, *MAPPED, *target, "--batch", batch, "--concurrency", connections, "--resume")
            if said.code != 3:
                break
    good = [n for n in range(1, rows + 1) if n not in bad]
    assert said.code == int(len(good) < rows)
    assert sorted(ids(emulator.kept)) == sorted(f"o{n}" for n in good)
    rejected = folder / "crm.csv.rejected.ndjson"
    assert ([one["row"] for one in read_ndjson(rejected)] if rejected.exists() else []) == [
        n for n in range(1, rows + 1) if n in bad
    ]


def test_one_upload_of_a_file_runs_at_a_time(
    send: Run, headgate_emulator: Emulator, headgate_emulator_url: str, tmp_path: Path, now: int
) -> None:
    file = crm(tmp_path, now, 10)
    headgate_emulator.inject("slow=1")
    process = sending(headgate_emulator_url, file)
    until(lambda: headgate_emulator.requests)
    said = send(file, *MAPPED, "--resume")
    assert (said.code, "another upload of crm.csv is running" in said.err) == (2, True)
    assert process.wait(30) == 0
    process.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_upload_settles_what_it_can_and_resumes(
    send: Run, headgate_emulator: Emulator, headgate_emulator_url: str, tmp_path: Path, now: int, number: signal.Signals
) -> None:
    file = crm(tmp_path, now, 3000)
    headgate_emulator.inject("slow=0.05;times=10000")
    process = sending(headgate_emulator_url, file, "--batch", "10", "--concurrency", "2")
    until(lambda: len(headgate_emulator.accepted) > 50)
    process.send_signal(number)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 3, err
    assert "call it again with --resume to go on" in err
    headgate_emulator.clear_faults()
    assert send(file, *MAPPED, "--batch", "10", "--resume").code == 0
    assert len(headgate_emulator.kept) == 3000
    assert len(headgate_emulator.duplicates) <= 40


def test_rejected_rows_may_be_moved_away_once_an_upload_is_at_its_end(send: Run, tmp_path: Path, now: int) -> None:
    file = write_csv(tmp_path / "crm.csv", COLUMNS, [("bad", now, "1", "o1"), ("a@example.com", now, "1", "o2")])
    assert send(file, *MAPPED).code == 1
    (tmp_path / "crm.csv.rejected.ndjson").rename(tmp_path / "looked-at.ndjson")
    assert send(file, *MAPPED, "--resume").code == 1
    assert not (tmp_path / "crm.csv.rejected.ndjson").exists()


def test_a_file_of_rejected_rows_that_is_gone_in_the_middle_is_a_problem(
    send: Run, headgate_emulator: Emulator, tmp_path: Path, now: int
) -> None:
    rows = [("bad", now, "1", f"o{n}") if n < 5 else ("a@example.com", now, "1", f"o{n}") for n in range(30)]
    file = write_csv(tmp_path / "crm.csv", COLUMNS, rows)
    headgate_emulator.inject("slow=0", "401;times=100")
    assert send(file, *MAPPED, "--batch", "10", "--concurrency", "1").code == 3
    (tmp_path / "crm.csv.rejected.ndjson").unlink()
    said = send(file, *MAPPED, "--resume")
    assert (said.code, "is missing or shorter than it was" in said.err) == (2, True)
