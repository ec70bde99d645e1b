"""`headgate-client send`: a file in, events at the server, an account of every row."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
from pyarrow import parquet

from client_files import COLUMNS, GROUP, MAPPED, Run, crm, digest, read_ndjson, write_csv
from headgate_client.testing import Emulator


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


def test_parquet_of_other_tools_is_read_as_it_is_meant(
    send: Run, run: Run, headgate_emulator: Emulator, tmp_path: Path, now: int
) -> None:
    table = pa.table(
        {
            "em": pa.array([b"a@example.com", b"b@example.com", b"\xff"]),
            # whole numbers with a gap are floats to one, decimals to another; times have nanoseconds
            "external_id": [4711.0, None, 1.0],
            "order_id": pa.array([Decimal(1), Decimal(10**37), None], pa.decimal128(38, 0)),
            "event_time": pa.array([now * 10**9 + 1] * 3, pa.timestamp("ns", tz="UTC")),
            "value": [19.9, 0.1, 1.0],
            "contents": [[{"id": "sku", "quantity": 1, "price": 2.5}]] * 3,
        }
    )
    parquet.write_table(table, tmp_path / "a.parquet")
    found = json.loads(run("lint", tmp_path / "a.parquet", "--set", "event_name=PURCHASE", "--format", "json").out)
    assert [(one["row"], one["field"], one["message"]) for one in found["findings"]] == [
        (3, "user_data.em", "is binary, and no text")
    ]
    assert send(tmp_path / "a.parquet", "--set", "event_name=PURCHASE").code == 1
    first, second = headgate_emulator.kept
    assert first["user_data"] == {"is_hashed": True, "em": digest("a@example.com"), "external_id": "4711"}
    assert (first["event_time"], first["custom_data"]["order_id"], first["custom_data"]["value"]) == (now, "1", 19.9)
    assert second["custom_data"]["order_id"] == str(10**37)
    [rejected] = read_ndjson(tmp_path / "a.parquet.rejected.ndjson")
    assert rejected["errors"] == {"user_data.em": "is binary, and no text"}


def test_numbers_and_phones_are_read_as_people_of_a_country_write_them(
    send: Run, headgate_emulator: Emulator, tmp_path: Path, now: int
) -> None:
    (tmp_path / "mapping.toml").write_text(
        '[columns]\nph = "Telefon"\n[constants]\nevent_name = "PURCHASE"\ncontent_ids = "a,b"\n'
        '[numbers]\ndecimal = ","\n[phones]\nregion = "DE"\n'
    )
    numbers = ("1.234,50", "1 234,5", "-,5", "12", "1.5", "1,234.50", "")
    rows = [("030 123456", now, number, n, n) for n, number in enumerate(numbers)]
    file = write_csv(tmp_path / "a.csv", ("Telefon", "event_time", "value", "Note", "Note"), rows)
    headgate_emulator.access.set_identifiers("extended")
    assert send(file, "--mapping", tmp_path / "mapping.toml").code == 1
    assert [event["custom_data"].get("value") for event in headgate_emulator.accepted] == [
        1234.5,
        1234.5,
        -0.5,
        12,
        None,
    ]
    assert {event["user_data"]["ph"] for event in headgate_emulator.accepted} == {digest("4930123456")}
    assert {tuple(event["custom_data"]["content_ids"]) for event in headgate_emulator.accepted} == {("a", "b")}
    told = read_ndjson(tmp_path / "a.csv.rejected.ndjson")
    assert [(row["row"], row["errors"]) for row in told] == [
        (n, {"custom_data.value": "is no number with --decimal ,"}) for n in (5, 6)
    ]
    # unless it was said what a comma is, nobody guesses
    assert send(file, "--mapping", tmp_path / "mapping.toml", "--decimal", ".", "--restart").code == 1
    (tmp_path / "mapping.toml").write_text('[columns]\nph = "Telefon"\n[constants]\nevent_name = "PURCHASE"\n')
    assert send(file, "--mapping", tmp_path / "mapping.toml", "--restart").code == 1
    assert (
        "say which: --decimal , (1.234,50)"
        in read_ndjson(tmp_path / "a.csv.rejected.ndjson")[0]["errors"]["custom_data.value"]
    )


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
