"""`headgate-client send` called in ways that cannot work, and files that cannot be read: what is wrong, and the cure."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from client_files import (
    COLUMNS,
    GROUP,
    MAPPED,
    Run,
    crm,
    digest,
    read_ndjson,
    sending,
    sending_command,
    write_csv,
)
from headgate_client.testing import Emulator


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
        ((*MAPPED, "--time-format", "%Q"), "--time-format %Q: 'Q' is a bad directive"),
        ((*MAPPED, "--delimiter", "::"), "--delimiter '::' must be one character"),
        ((*MAPPED, "--decimal", ";"), "write --decimal , or --decimal ."),
        ((*MAPPED, "--phone-region", "Germany"), "write its two letters, such as US or DE"),
        ((*MAPPED, "--set", "event_time=yesterday"), "--set event_time=yesterday: is neither seconds since 1970"),
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
        ("a.csv", "em,event_time\n".encode("utf-16"), "the file is UTF-16; save it as UTF-8 first"),
        ("a.csv", "em,event_time\n".encode("utf-16-le"), "the file is UTF-16; save it as UTF-8 first"),
        ("a.csv", b"em,event_time\ra@example.com,1\r", "its lines end in CR alone; save the file with LF"),
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
    said = send(tmp_path / "a.csv", "--set", "event_name=LEAD")
    assert said.code == 3
    assert "error: row 2 (line 3)" in said.err
    assert "is a quote left open?" in said.err
    assert "? The rows behind row 1 and on are not sent: correct them, in a file of their own" in said.err
    assert len(headgate_emulator.kept) == 1


def test_what_cannot_be_read_twice_or_written_beside_says_the_way_out(send: Run, tmp_path: Path, now: int) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    assert "pipe it into: headgate-client send -" in send(tmp_path / "pipe.csv").err
    said = send(crm(tmp_path, now, 1), *MAPPED, "--out", tmp_path / "nowhere")
    assert (said.code, "add --out DIR" in said.err) == (2, True)


@pytest.mark.parametrize(
    ("text", "cure"),
    [
        ("time.zone = 7", "[time] zone must be text"),
        ("time.format = ['iso']", "[time] format must be text"),
        ("numbers.mark = ','", "[numbers] mark is unknown; it takes decimal"),
        ("colums.em = 'Email'", "colums is unknown; it takes [columns]"),
        ("columns = 'Email'", "[columns] must be a table"),
    ],
)
def test_a_mapping_file_that_cannot_be_meant_says_where(
    send: Run, tmp_path: Path, now: int, text: str, cure: str
) -> None:
    (tmp_path / "mapping.toml").write_text(text)
    said = send(crm(tmp_path, now, 1), "--mapping", tmp_path / "mapping.toml")
    assert (said.code, cure in said.err) == (2, True), said


def test_a_full_disk_stops_the_upload_and_names_the_file(
    send: Run, tmp_path: Path, now: int, headgate_emulator_url: str
) -> None:
    rows = [(f"no address {n}", now, "1", f"o{n}") for n in range(200)]
    file = write_csv(tmp_path / "crm.csv", COLUMNS, rows)
    command = sending_command(headgate_emulator_url, file, "--quiet", "--batch", "10")
    full = "import os, resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (9000, 9000)); os.execv(sys.argv[1], sys.argv[1:])"
    done = subprocess.run(
        [sys.executable, "-c", full, *command],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"HEADGATE_API_KEY": "k"},
    )
    told = f"{file}.rejected.ndjson cannot be written: File too large; once it can, call it again with --resume"
    assert (done.returncode, done.stderr.strip()) == (3, f"error: {told}")
    assert send(file, *MAPPED, "--resume").code == 1
    assert [row["row"] for row in read_ndjson(tmp_path / "crm.csv.rejected.ndjson")] == list(range(1, 201))


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
        b'd@example.com,%d,"Bo" the second' % now,
        b"  ",
        b"c@example.com,%d,Bo" % now,
    ]
    (tmp_path / "a.csv").write_bytes(b"\n".join(lines))
    assert send(tmp_path / "a.csv", "--set", "event_name=LEAD").code == 1
    first, second, third = read_ndjson(tmp_path / "a.csv.rejected.ndjson")
    assert "say --encoding, such as --encoding cp1252" in first["errors"]["row"]
    assert "has 2 fields where the header has 3" in second["errors"]["row"]
    assert (third["line"], third["errors"]["row"].partition(";")[0]) == (4, "has text behind a closing quote")
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


def test_progress_without_a_terminal_is_plain_lines_and_help_needs_no_server(
    headgate_emulator_url: str, tmp_path: Path, now: int
) -> None:
    process = sending(headgate_emulator_url, crm(tmp_path, now, 10))
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
