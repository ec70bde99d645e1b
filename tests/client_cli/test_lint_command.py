"""`headgate-client lint`: the report in each of its forms."""

from __future__ import annotations

import json
import os
from hashlib import sha256
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from client_files import Run, write_csv

GOOD = sha256(b"a@example.com").hexdigest()
COLUMNS = ("event_name", "event_time", "em", "value")


@pytest.fixture
def bad(tmp_path: Path, now: int) -> Path:
    return write_csv(
        tmp_path / "bad.csv",
        COLUMNS,
        [
            ("PURCHASE", now, GOOD, "1"),
            ("BOUGHT by jane@example.com", now * 1000, GOOD, "x"),
            ("PURCHASE", now, sha256(b"").hexdigest(), "1"),
        ],
    )


@pytest.fixture
def good(tmp_path: Path, now: int) -> Path:
    return write_csv(tmp_path / "good.csv", COLUMNS, [("PURCHASE", now - 60 * n, GOOD, "1") for n in range(3)])


def test_a_good_file_has_nothing_to_report(run: Run, good: Path) -> None:
    said = run("lint", good)
    assert (said.code, said.out.strip()) == (0, f"{good}: 3 rows, 0 errors, 0 warnings")


def test_the_table_names_code_field_rows_and_cure(run: Run, bad: Path) -> None:
    said = run("lint", bad)
    assert said.code == 1
    assert "contract  event_name  1 time" in said.out
    assert "contract  custom_data.value  1 time" in said.out
    assert "rows 2" in said.out
    assert "empty" in said.out
    assert "jane@example.com" not in said.out


def test_a_time_that_cannot_be_read_is_not_called_missing(run: Run, tmp_path: Path) -> None:
    rows = [("LEAD", "14.11.2023 22:13", GOOD, "1"), ("LEAD", "2023-11-14 22:13", GOOD, "1"), ("LEAD", "", GOOD, "1")]
    report = json.loads(run("lint", write_csv(tmp_path / "a.csv", COLUMNS, rows), "--format", "json").out)
    told = {one["row"]: (one["code"], one["message"].partition(";")[0]) for one in report["findings"]}
    assert told == {
        1: ("contract", "is neither seconds since 1970 nor an ISO 8601 time"),
        2: ("contract", "has no time zone"),
        3: ("missing", "is missing"),
    }


def test_a_file_that_breaks_off_is_reported_with_what_was_found_before(run: Run, bad: Path) -> None:
    before = json.loads(run("lint", bad, "--format", "json").out)
    bad.write_text(bad.read_text() + 'PURCHASE,1,"x')
    said = run("lint", bad, "--format", "json")
    report = json.loads(said.out)
    assert (said.code, report["rows"], report["errors"]) == (1, before["rows"], before["errors"] + 1)
    [last] = [one for one in report["findings"] if one["code"] == "unreadable"]
    assert last["message"].startswith("row 4 (line 5): ")


def test_json_lists_findings_with_row_and_line(run: Run, bad: Path) -> None:
    report = json.loads(run("lint", bad, "--format", "json").out)
    assert (report["rows"], report["errors"] + report["warnings"]) == (3, sum(one["count"] for one in report["kinds"]))
    found = {(one["row"], one["line"], one["field"]) for one in report["findings"]}
    assert {(2, 3, "event_name"), (2, 3, "event_time"), (2, 3, "custom_data.value"), (3, 4, "user_data.em")} <= found
    # what the clock doctor says of a time stands in the place of what the contract says
    assert [one["code"] for one in report["findings"] if (one["row"], one["field"]) == (2, "event_time")] != []


def test_junit_has_a_failed_case_for_each_kind_of_error(run: Run, bad: Path, good: Path) -> None:
    suites = ET.fromstring(run("lint", bad, "--format", "junit").out)
    [suite] = suites
    failures = suite.findall("testcase/failure")
    assert int(suite.get("failures", "0")) == len(failures) >= 3
    assert int(suite.get("tests", "0")) == len(suite.findall("testcase"))
    [passed] = ET.fromstring(run("lint", good, "--format", "junit").out)[0]
    assert (passed.tag, list(passed)) == ("testcase", [])


def test_sarif_points_at_lines_and_explains_its_rules(run: Run, bad: Path) -> None:
    report = json.loads(run("lint", bad, "--format", "sarif").out)
    assert report["version"] == "2.1.0"
    [one_run] = report["runs"]
    rules = [rule["id"] for rule in one_run["tool"]["driver"]["rules"]]
    assert "contract" in rules
    for result in one_run["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]
        assert result["level"] in ("error", "warning")
        [location] = result["locations"]
        assert location["physicalLocation"]["artifactLocation"]["uri"] == str(bad)
        assert location["physicalLocation"].get("region", {"startLine": 2})["startLine"] >= 2


def test_a_report_goes_into_a_file(run: Run, bad: Path, tmp_path: Path) -> None:
    said = run("lint", bad, "--format", "sarif", "--output", tmp_path / "report.sarif")
    assert (said.code, said.out) == (1, "")
    assert json.loads((tmp_path / "report.sarif").read_text())["version"] == "2.1.0"


@pytest.mark.parametrize("report", ["table", "json", "junit", "sarif"])
def test_a_file_name_may_have_any_bytes(run: Run, bad: Path, report: str) -> None:
    odd = bad.with_name(os.fsdecode(b"caf\xe9.csv"))
    bad.rename(odd)
    assert "caf" in run("lint", odd, "--format", report).out


@pytest.mark.parametrize(("fail_on", "code"), [("error", 1), ("warning", 1), ("never", 0)])
def test_the_exit_code_is_a_choice(run: Run, bad: Path, fail_on: str, code: int) -> None:
    assert run("lint", bad, "--fail-on", fail_on).code == code


def test_findings_are_all_counted_and_some_listed(run: Run, tmp_path: Path, now: int) -> None:
    file = write_csv(tmp_path / "a.csv", COLUMNS, [("BOUGHT", now, GOOD, "1")] * 50)
    report = json.loads(run("lint", file, "--format", "json", "--max-findings", "5").out)
    assert report["errors"] == 50
    assert len(report["findings"]) == 5


def test_the_groups_setting_decides_which_identifiers_suffice(run: Run, tmp_path: Path, now: int) -> None:
    file = write_csv(
        tmp_path / "a.csv", ("event_name", "event_time", "client_ip_address"), [("LEAD", now, "192.0.2.1")]
    )
    assert run("lint", file).code == 0
    said = run("lint", file, "--identifiers", "article")
    assert (said.code, "At least one user identifier is required" in said.out) == (1, True)


def test_a_digest_of_an_unnormalised_value_is_found_where_the_value_is_at_hand(
    run: Run, tmp_path: Path, now: int
) -> None:
    columns = ("event_name", "event_time", "em", "Email")
    digest = sha256(b"Ann@Example.com").hexdigest()
    file = write_csv(tmp_path / "a.csv", columns, [("LEAD", now, digest, "Ann@Example.com")])
    said = run("lint", file, "--raw", "em=Email", "--fail-on", "warning")
    assert said.code == 1
    assert "user_data.em" in said.out
    assert "Ann" not in said.out
    assert "--raw em=Mail: there is no column 'Mail'" in run("lint", file, "--raw", "em=Mail").err
    assert "--raw zip=Email: write FIELD=COLUMN" in run("lint", file, "--raw", "zip=Email").err


def test_raw_values_are_fine_where_they_are_hashed_on_the_way_and_told_where_not(
    run: Run, tmp_path: Path, now: int
) -> None:
    rows = [("LEAD", now - 60, "a@example.com", "1"), ("LEAD", now - 90, "nobody", "1")]
    file = write_csv(tmp_path / "a.csv", COLUMNS, rows)
    report = json.loads(run("lint", file, "--format", "json").out)
    assert [(one["row"], one["code"]) for one in report["findings"]] == [(2, "contract")]
    report = json.loads(run("lint", file, "--format", "json", "--no-hash").out)
    assert {(one["row"], one["code"]) for one in report["findings"]} >= {(1, "sent-raw"), (2, "contract")}
