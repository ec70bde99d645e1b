"""`headgate-client send`: a file in, events at the server, an account of every row."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from datetime import date
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from client_files import GROUP, Run, read_ndjson, write_csv
from headgate_client.testing import Emulator
from server import until

COLUMNS = ("Email", "When", "Total", "order_id")
MAPPED = ("--map", "em=Email", "--map", "event_time=When", "--map", "value=Total", "--set", "event_name=PURCHASE")


def digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def crm(path: Path, now: int, rows: int) -> Path:
    lines = [(f"  Jane{n}+news@Example.com", now - n, f"{n}.50", f"order-{n}") for n in range(1, rows + 1)]
    return write_csv(path / "crm.csv", COLUMNS, lines)


def ids(events: list[dict[str, Any]]) -> list[str]:
    return [event["custom_data"]["order_id"] for event in events]


def test_each_row_of_a_csv_file_becomes_an_event(
    send: Run, headgate_emulator: Emulator, tmp_path: Path, now: int
) -> None:
    said = send(crm(tmp_path, now, 3), *MAPPED)
    assert (said.code, said.err) == (0, "")
    assert [line.split() for line in said.out.splitlines()][:4] == [
        ["rows", "3"],
        ["accepted", "3"],
        ["rejected", "0"],
        ["requests", "1"],
    ]
    first, second, _ = headgate_emulator.kept
    assert first == {
        "event_group_id": GROUP,
        "event_id": first["event_id"],
        "event_name": "PURCHASE",
        "event_time": now - 1,
        "event_type": "conversion",
        "user_data": {"is_hashed": True, "em": digest("jane1@example.com")},
        "custom_data": {"order_id": "order-1", "value": 1.5},
    }
    assert first["event_id"].removesuffix("1") == second["event_id"].removesuffix("2")


def test_nothing_raw_leaves_the_machine_unless_it_is_asked_to(
    send: Run, headgate_emulator: Emulator, tmp_path: Path, now: int
) -> None:
    file = write_csv(
        tmp_path / "people.csv",
        ("email", "ph", "fn", "ln", "ge", "db", "event_time", "is_hashed"),
        [("a@example.com", "+49 (0)30 1234567", " Ann ", "Lee", "Female", "1990-01-31", now, "false")],
    )
    assert send(file, "--set", "event_name=LEAD").code == 0
    user = headgate_emulator.requests[0].events[0]["user_data"]
    assert user == {
        "is_hashed": True,
        "em": digest("a@example.com"),
        "ph": digest("490301234567"),
        "fn": digest("ann"),
        "ln": digest("lee"),
        "ge": digest("female"),
        "db": digest("1990-01-31"),
    }
    assert send(file, "--set", "event_name=LEAD", "--no-hash", "--restart").code == 0
    assert headgate_emulator.requests[1].events[0]["user_data"]["fn"] == "Ann"
    assert headgate_emulator.accepted[1]["user_data"]["fn"] == digest("ann")


def test_rejected_rows_are_written_with_number_line_and_every_reason_and_nothing_personal(
    send: Run, headgate_emulator: Emulator, tmp_path: Path, now: int
) -> None:
    rows: list[tuple[object, ...]] = [
        ("a@example.com", now, "1", "o1"),
        ("not an address of Jane", now * 1000, "x", "line\nbreak"),
        ("b@example.com", now, "", "o3"),
        ("c@example.com", now, "many", "for jane@example.com"),
    ]
    file = write_csv(tmp_path / "crm.csv", COLUMNS, rows)
    said = send(file, *MAPPED)
    assert said.code == 1
    text = (tmp_path / "crm.csv.rejected.ndjson").read_text()
    second, fourth = read_ndjson(tmp_path / "crm.csv.rejected.ndjson")
    assert (second["row"], second["line"], fourth["row"], fourth["line"]) == (2, 4, 4, 6)
    assert second["errors"] == {
        "event_time": "looks like milliseconds or finer; send seconds since 1970 in UTC",
        "user_data.em": "is neither an e-mail address nor a SHA-256 digest (64 hexadecimal digits)",
        "custom_data.value": "must be a number, or a string that holds nothing else",
    }
    assert fourth["errors"] == {"custom_data.value": "must be a number, or a string that holds nothing else"}
    assert "Jane" not in text
    assert "jane@" not in text
    assert "2  custom_data.value: must be a number" in said.out
    assert str(tmp_path / "crm.csv.rejected.ndjson") in said.out
    # the bad row did not even go out in the raw
    assert all(b"Jane" not in request.body for request in headgate_emulator.requests)


def test_columns_with_the_contracts_names_need_no_mapping(
    send: Run, headgate_emulator: Emulator, tmp_path: Path, now: int
) -> None:
    columns = ("event_name", "event_time", "user_data.em", "custom_data.value", "currency", "content_ids", "AID", "Fax")
    content = ("custom_data.contents[0].id", "custom_data.contents[0].price", "custom_data.contents[0].quantity")
    row = ("LEAD", now, "a@example.com", "9.90", "EUR", "a1;b2", "device", "1234", "sku", "2", "3")
    said = send(write_csv(tmp_path / "a.csv", (*columns, *content), [row]))
    assert said.code == 0, said
    [event] = headgate_emulator.kept
    assert event["user_data"]["aID"] == "device"
    assert event["custom_data"] == {
        "value": 9.9,
        "currency": "EUR",
        "content_ids": ["a1", "b2"],
        "contents": [{"id": "sku", "price": 2, "quantity": 3}],
    }
    assert "unknown" not in event


def test_a_mapping_file_says_what_flags_would_and_flags_win(
    send: Run, headgate_emulator: Emulator, tmp_path: Path
) -> None:
    (tmp_path / "map.toml").write_text(
        '[columns]\nem = "Email"\nevent_time = "When"\ncustom_data.value = "Total"\n'
        '[constants]\nevent_name = "LEAD"\n"custom_data.currency" = "USD"\nopt_out = true\n'
        '[time]\nformat = "%d.%m.%Y %H:%M"\nzone = "Europe/Berlin"\n'
    )
    file = write_csv(tmp_path / "a.csv", COLUMNS, [("a@example.com", "24.12.2023 18:00", "5", "o")])
    said = send(file, "--mapping", tmp_path / "map.toml", "--set", "event_name=PURCHASE")
    assert said.code == 0, said
    [event] = headgate_emulator.kept
    assert event["event_time"] == 1703437200
    assert (event["event_name"], event["opt_out"]) == ("PURCHASE", True)
    assert event["custom_data"] == {"value": 5, "currency": "USD", "order_id": "o"}


def test_ndjson_events_go_out_as_they_are_but_for_raw_values(
    send: Run, headgate_emulator: Emulator, tmp_path: Path, now: int
) -> None:
    event = {
        "event_id": "mine",
        "event_name": "LEAD",
        "event_type": "conversion",
        "event_time": now,
        "user_data": {"em": "A@example.com"},
        "custom_data": {"value": 1.10},
        "extra": {"kept": [1]},
    }
    (tmp_path / "events.ndjson").write_text(json.dumps(event) + "\n\n[1]\n{\n" + json.dumps(event | {"event_id": ""}))
    said = send(tmp_path / "events.ndjson")
    assert said.code == 1
    sent = headgate_emulator.requests[0].events
    assert sent[0] == event | {"user_data": {"em": digest("a@example.com"), "is_hashed": True}}
    assert sent[1]["event_id"].endswith("-4")
    assert [
        (one["row"], one["line"], one["errors"]) for one in read_ndjson(tmp_path / "events.ndjson.rejected.ndjson")
    ] == [
        (2, 3, {"row": "must be a JSON object"}),
        (3, 4, {"row": "is not JSON"}),
    ]


def test_ndjson_of_another_shape_is_mapped_by_dotted_paths_and_nothing_else_leaves(
    send: Run, headgate_emulator: Emulator, tmp_path: Path, now: int
) -> None:
    row = {"customer": {"mail": "a@example.com", "name": "Ann Lee"}, "at": now, "order_id": "o", "secret": "x"}
    (tmp_path / "crm.jsonl").write_text(json.dumps(row))
    maps = ("--map", "em=customer.mail", "--map", "event_time=at", "--set", "event_name=LEAD")
    assert send(tmp_path / "crm.jsonl", *maps).code == 0
    [event] = headgate_emulator.kept
    assert event["user_data"]["em"] == digest("a@example.com")
    assert event["custom_data"] == {"order_id": "o"}
    assert b"Ann" not in headgate_emulator.requests[0].body
    assert b"secret" not in headgate_emulator.requests[0].body


def test_parquet_keeps_its_types(send: Run, headgate_emulator: Emulator, tmp_path: Path, now: int) -> None:
    moment = pa.array([now * 1_000_000, None], pa.timestamp("us", tz="UTC"))
    table = pa.table(
        {
            "em": ["a@example.com", None],
            "event_time": moment,
            "value": pa.array([Decimal("19.90"), Decimal(1)], pa.decimal128(10, 2)),
            "content_ids": [["a", "b"], None],
            "predicted_ltv": [float("nan"), 1.5],
            "order_id": [4711, 4712],
            "db": [date(1990, 1, 31), None],
        }
    )
    parquet.write_table(table, tmp_path / "a.parquet", row_group_size=1)
    said = send(tmp_path / "a.parquet", "--set", "event_name=PURCHASE")
    assert said.code == 1
    [event] = headgate_emulator.kept
    assert event["event_time"] == now
    assert event["custom_data"] == {"value": 19.9, "content_ids": ["a", "b"], "order_id": "4711"}
    assert event["user_data"]["db"] == digest("1990-01-31")
    [rejected] = read_ndjson(tmp_path / "a.parquet.rejected.ndjson")
    assert (rejected["row"], set(rejected["errors"])) == (2, {"event_time", "user_data"})


def test_standard_input_is_read(send: Run, headgate_emulator: Emulator, tmp_path: Path, now: int) -> None:
    text = f"em,event_time\na@example.com,{now}\n".encode()
    said = send("-", "--format", "csv", "--set", "event_name=LEAD", "--out", tmp_path, stdin=text)
    assert said.code == 0, said
    assert len(headgate_emulator.kept) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_dry_run_counts_nothing_and_leaves_no_checkpoint(
    send: Run, headgate_emulator: Emulator, tmp_path: Path, now: int
) -> None:
    file = crm(tmp_path, now, 5)
    said = send(file, *MAPPED, "--dry-run", "--limit", "2")
    assert said.code == 0
    assert "nothing was counted" in said.out
    assert (len(headgate_emulator.tested), headgate_emulator.accepted) == (2, [])
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["crm.csv"]
    assert send(file, *MAPPED).code == 0


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


def test_resume_refuses_what_has_changed(send: Run, headgate_emulator: Emulator, tmp_path: Path, now: int) -> None:
    file = crm(tmp_path, now, 30)
    headgate_emulator.inject("slow=0", "401;times=1000")
    assert send(file, *MAPPED, "--batch", "10", "--concurrency", "1").code == 3
    headgate_emulator.clear_faults()
    said = send(file, *MAPPED, "--set", "currency=EUR", "--resume")
    assert (said.code, "the mapping changed since the interruption at row 10" in said.err) == (2, True)
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


@pytest.mark.parametrize(
    ("arguments", "cure"),
    [
        (("--map", "em"), "--map em: write FIELD=…, such as --map em=Email"),
        (("--map", "emial=Email"), "--map: emial is no field of an event; "),
        (("--map", "em=Mail"), "there is no column 'Mail'; the file has Email, When, Total, order_id"),
        (("--map", "em=Email"), "add --set event_name=PURCHASE"),
        (("--map", "em=Email", "--set", "event_name=LEAD"), "add --map event_time=COLUMN"),
        (("--map", "event_time=When", "--set", "event_name=LEAD"), "add --map em=COLUMN"),
        ((*MAPPED, "--time-zone", "Mars/Base"), "--time-zone Mars/Base is no time zone"),
        ((*MAPPED, "--time-format", "seconds"), "--time-format seconds is none; write iso, s, ms"),
        ((*MAPPED, "--mapping", "nowhere.toml"), "--mapping nowhere.toml: No such file"),
        ((*MAPPED, "--resume", "--restart"), "--resume and --restart exclude each other"),
        ((*MAPPED, "--dry-run", "--resume"), "leave one of them out"),
        ((*MAPPED, "--encoding", "klingon"), "--encoding klingon is no encoding"),
        ((*MAPPED, "--encoding", "utf-16"), "save the file as UTF-8 first"),
        ((*MAPPED, "--key-file", "nowhere"), "--key-file nowhere: No such file"),
        ((*MAPPED, "--cacert", "nowhere"), "--cacert nowhere: "),
        ((*MAPPED, "--format", "parquet"), "this is no Parquet file"),
        ((*MAPPED, "--profile", "work"), "it should hold a table [work]"),
    ],
)
def test_a_call_that_cannot_work_names_the_flag_and_the_cure(
    run: Run, tmp_path: Path, now: int, arguments: tuple[str, ...], cure: str
) -> None:
    key = () if "--key-file" in arguments else ("--key", "k")
    said = run("send", crm(tmp_path, now, 1), "--url", "https://events.invalid", "--group", GROUP, *key, *arguments)
    assert said.code == 2, said
    assert cure in said.err.replace("\n", " ")


@pytest.mark.parametrize(
    ("missing", "cure"),
    [("url", "Add --url https://"), ("group", "Add --group ID"), ("key", "no API key: set HEADGATE_API_KEY")],
)
def test_where_to_send_has_to_be_said(run: Run, tmp_path: Path, now: int, missing: str, cure: str) -> None:
    flags = {"url": "https://events.invalid", "group": GROUP, "key": "k"}
    given = [text for name, value in flags.items() if name != missing for text in (f"--{name}", value)]
    said = run("send", crm(tmp_path, now, 1), *MAPPED, *given)
    assert (said.code, cure in said.err) == (2, True)


@pytest.mark.parametrize(
    ("name", "text", "cure"),
    [
        ("a.csv", b"", "the file has no header line"),
        ("a.csv", b"em,em,event_time\n", "the header names em more than once"),
        ("a.dat", b"", "add --format csv, ndjson or parquet"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(send: Run, tmp_path: Path, name: str, text: bytes, cure: str) -> None:
    (tmp_path / name).write_bytes(text)
    said = send(tmp_path / name, "--set", "event_name=LEAD")
    assert said.code == 2
    assert cure in said.err


def test_a_file_that_breaks_off_in_the_middle_is_sent_so_far_and_says_where(
    send: Run, headgate_emulator: Emulator, tmp_path: Path, now: int
) -> None:
    text = f'em,event_time\na@example.com,{now}\n"b@example.com,{now}\nc@example.com,{now}\n'.encode()
    (tmp_path / "a.csv").write_bytes(text + b"x" * 2_000_000)
    said = send(tmp_path / "a.csv", "--set", "event_name=LEAD", "--batch", "1")
    assert said.code == 3
    assert "error: row 2 (line" in said.err
    assert "is a quote left open?" in said.err
    assert "The rows behind row 1 and on are not sent: correct them, in a file of their own" in said.err
    assert len(headgate_emulator.kept) == 1


def test_one_upload_of_a_file_runs_at_a_time(
    send: Run, headgate_emulator: Emulator, headgate_emulator_url: str, tmp_path: Path, now: int
) -> None:
    file = crm(tmp_path, now, 10)
    headgate_emulator.inject("slow=1")
    process = _process(headgate_emulator_url, file)
    until(lambda: headgate_emulator.requests)
    said = send(file, *MAPPED, "--resume")
    assert (said.code, "another upload of crm.csv is running" in said.err) == (2, True)
    assert process.wait(30) == 0
    process.communicate()


def test_what_cannot_be_read_twice_or_written_beside_says_the_way_out(send: Run, tmp_path: Path, now: int) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    assert "pipe it into: headgate-client send -" in send(tmp_path / "pipe.csv").err
    said = send(crm(tmp_path, now, 1), *MAPPED, "--out", tmp_path / "nowhere")
    assert (said.code, "add --out DIR" in said.err) == (2, True)


def test_a_file_that_is_not_there_is_no_traceback(send: Run, tmp_path: Path) -> None:
    said = send(tmp_path / "nowhere.csv")
    assert (said.code, said.err.strip()) == (2, f"error: {tmp_path / 'nowhere.csv'}: No such file or directory")
    assert send(tmp_path, "--format", "csv").code == 2


def test_rows_that_do_not_fit_their_header_or_encoding_are_rejected_one_by_one(
    send: Run, headgate_emulator: Emulator, tmp_path: Path, now: int
) -> None:
    lines = [
        b"em,event_time,fn",
        b"a@example.com,%d,Zo\xeb" % now,
        b"b@example.com,%d" % now,
        b"c@example.com,%d,Bo" % now,
    ]
    (tmp_path / "a.csv").write_bytes(b"\n".join(lines))
    assert send(tmp_path / "a.csv", "--set", "event_name=LEAD").code == 1
    first, second = read_ndjson(tmp_path / "a.csv.rejected.ndjson")
    assert "say --encoding, such as --encoding cp1252" in first["errors"]["row"]
    assert "has 2 fields where the header has 3" in second["errors"]["row"]
    assert len(headgate_emulator.kept) == 1
    assert send(tmp_path / "a.csv", "--set", "event_name=LEAD", "--encoding", "cp1252", "--restart").code == 1
    assert headgate_emulator.kept[-1]["user_data"]["fn"] in (digest("zoë"), digest("bo"))


def test_key_group_and_url_come_from_a_profile_or_the_environment(
    run: Run, tmp_path: Path, now: int, monkeypatch: pytest.MonkeyPatch, headgate_emulator_url: str,
    headgate_emulator: Emulator,
) -> None:  # fmt: skip
    (tmp_path / "key").write_text("from-file\n")
    (tmp_path / "profiles.toml").write_text(
        f'[default]\nurl = "{headgate_emulator_url}"\ngroup = "shop"\nkey_file = "{tmp_path / "key"}"\n'
        '[bad]\nurl = "https://events.invalid"\ncolour = "red"\n'
    )
    file = crm(tmp_path, now, 1)
    assert run("send", file, *MAPPED, "--config", tmp_path / "profiles.toml").code == 0
    assert headgate_emulator.requests[-1].header("authorization") == "Bearer from-file"
    monkeypatch.setenv("HEADGATE_API_KEY", "from-environment")
    assert run("send", file, *MAPPED, "--config", tmp_path / "profiles.toml", "--restart").code == 0
    assert headgate_emulator.requests[-1].header("authorization") == "Bearer from-environment"
    said = run("send", file, *MAPPED, "--config", tmp_path / "profiles.toml", "--profile", "bad")
    assert (said.code, "colour is no text or unknown" in said.err) == (2, True)


def _process(url: str, file: Path, *more: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "headgate_client.cli", "send", str(file), "--url", url, "--group", GROUP, *MAPPED]
    environment = {**os.environ, "HEADGATE_API_KEY": "k"}
    return subprocess.Popen(
        [*command, *more], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_upload_settles_what_it_can_and_resumes(
    send: Run, headgate_emulator: Emulator, headgate_emulator_url: str, tmp_path: Path, now: int, number: signal.Signals
) -> None:
    file = crm(tmp_path, now, 3000)
    headgate_emulator.inject("slow=0.05;times=10000")
    process = _process(headgate_emulator_url, file, "--batch", "10", "--concurrency", "2")
    until(lambda: len(headgate_emulator.accepted) > 50)
    process.send_signal(number)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 3, err
    assert "call it again with --resume to go on" in err
    headgate_emulator.clear_faults()
    assert send(file, *MAPPED, "--batch", "10", "--resume").code == 0
    assert len(headgate_emulator.kept) == 3000
    assert len(headgate_emulator.duplicates) <= 40


def test_progress_without_a_terminal_is_plain_lines_and_help_needs_no_server(
    headgate_emulator_url: str, tmp_path: Path, now: int
) -> None:
    process = _process(headgate_emulator_url, crm(tmp_path, now, 10))
    out, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    assert "\x1b" not in out + err
    version = subprocess.run(
        [sys.executable, "-m", "headgate_client.cli", "--version"], capture_output=True, text=True, check=True
    )
    assert version.stdout.strip() == "0.1.0"


def test_the_library_does_not_import_the_command_line(tmp_path: Path) -> None:
    probe = "import sys, headgate_client; print([m for m in ('typer', 'rich', 'pyarrow', 'h11', 'pytest') if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert found.stdout.strip() == "[]"
