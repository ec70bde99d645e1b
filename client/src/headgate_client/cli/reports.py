"""How a lint report is written: a table for people, JSON for scripts, JUnit and SARIF 2.1.0 for CI."""

from __future__ import annotations

from collections import defaultdict
from importlib.metadata import version
from io import StringIO
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree as ET

import msgspec
from rich.console import Console

from headgate_client._finding import Severity
from headgate_client.cli.inspection import Found, Report

_ROWS_SHOWN = 5
_SARIF = "https://json.schemastore.org/sarif-2.1.0.json"
_Kinds = dict[tuple[Severity, str, str], list[Found]]


def _kinds(report: Report) -> _Kinds:
    """Findings by severity, code and field; errors first, then the most frequent."""
    kinds: _Kinds = defaultdict(list)
    for found in report.found:
        kinds[found.severity, found.code, found.field].append(found)
    order = sorted(report.counts.items(), key=lambda kind: (kind[0][0] != "error", -kind[1]))
    return {kind: kinds[kind] for kind, _ in order}


def as_table(name: str, report: Report, width: int | None = None) -> str:
    """For people: one paragraph a kind of finding."""
    out = StringIO()
    console = Console(file=out, markup=False, highlight=False, emoji=False, width=width)
    for kind, found in _kinds(report).items():
        severity, code, field = kind
        times = report.counts[kind]
        console.print(f"{severity:<8} {code}  {field}  {times:,} {'time' if times == 1 else 'times'}")
        if found:
            console.print(f"         {found[0].message}", soft_wrap=True)
            if found[0].cure:
                console.print(f"         cure: {found[0].cure}", soft_wrap=True)
            rows = [str(one.row) for one in found[:_ROWS_SHOWN] if one.row]
            if rows:
                more = ", …" if times > len(rows) else ""
                console.print(f"         rows {', '.join(rows)}{more}")
        console.print()
    console.print(f"{name}: {counted(report)}", soft_wrap=True)
    return out.getvalue()


def counted(report: Report) -> str:
    """How much was found, in words."""
    numbers = ((report.rows, "row"), (report.errors, "error"), (report.warnings, "warning"))
    return ", ".join(f"{number:,} {noun}{'' if number == 1 else 's'}" for number, noun in numbers)


def as_json(name: str, report: Report) -> str:
    """For scripts: the counts of all findings, and the first of them."""
    said = {
        "file": name,
        "rows": report.rows,
        "errors": report.errors,
        "warnings": report.warnings,
        "kinds": [
            {"severity": severity, "code": code, "field": field, "count": count}
            for (severity, code, field), count in report.counts.most_common()
        ],
        "findings": report.found,
    }
    return msgspec.json.format(msgspec.json.encode(said)).decode() + "\n"


def as_junit(name: str, report: Report) -> str:
    """For CI: a test case a kind of finding, failed where it is an error; one that passed where there is none."""
    kinds = _kinds(report)
    failures = sum(severity == "error" for severity, _, _ in kinds)
    counts = {"tests": str(len(kinds) or 1), "failures": str(failures)}
    suites = ET.Element("testsuites", {"name": "headgate-client lint", **counts})
    suite = ET.SubElement(suites, "testsuite", {"name": _xml(name), **counts})
    for (severity, code, field), found in kinds.items():
        case = ET.SubElement(suite, "testcase", {"classname": _xml(name), "name": _xml(f"{code} {field}")})
        times = report.counts[severity, code, field]
        lines = "\n".join(f"row {one.row}: {one.message} {one.cure}".strip() for one in found)
        if severity == "error":
            message = _xml(f"{times} rows: {found[0].message if found else code}")
            ET.SubElement(case, "failure", {"type": code, "message": message}).text = _xml(lines)
        else:
            ET.SubElement(case, "system-out").text = _xml(lines)
    if not kinds:
        ET.SubElement(suite, "testcase", {"classname": _xml(name), "name": f"{report.rows} rows"})
    ET.indent(suites)
    return ET.tostring(suites, encoding="unicode", xml_declaration=True) + "\n"


def _xml(text: str) -> str:
    """Without the control characters that XML has no way to write."""
    return "".join(letter if letter >= " " or letter in "\t\n" else "\ufffd" for letter in text)


def as_sarif(name: str, report: Report) -> str:
    """For code scanning: SARIF 2.1.0."""
    codes = sorted({code for _, code, _ in report.counts})
    told = {found.code: found for found in reversed(report.found)}
    rules = [
        {
            "id": code,
            "shortDescription": {"text": code.replace("-", " ")},
            "help": {"text": (told[code].cure or told[code].message) if code in told else code},
        }
        for code in codes
    ]
    driver = {"name": "headgate-client", "version": version("headgate-client"), "rules": rules}
    run = {
        "tool": {"driver": driver},
        "results": [_result(name, found, codes) for found in report.found],
        "columnKind": "unicodeCodePoints",
    }
    said = {"$schema": _SARIF, "version": "2.1.0", "runs": [run]}
    return msgspec.json.format(msgspec.json.encode(said)).decode() + "\n"


def _result(name: str, found: Found, codes: list[str]) -> dict[str, Any]:
    place: dict[str, Any] = {"artifactLocation": {"uri": quote(name)}}
    if found.line:
        place["region"] = {"startLine": found.line}
    where = f"row {found.row}, {found.field}" if found.row else found.field
    cure = f" {found.cure}" if found.cure else ""
    return {
        "ruleId": found.code,
        "ruleIndex": codes.index(found.code),
        "level": found.severity,
        "message": {"text": f"{where}: {found.message}{cure}"},
        "locations": [{"physicalLocation": place}],
    }


FORMATS = {"table": as_table, "json": as_json, "junit": as_junit, "sarif": as_sarif}
