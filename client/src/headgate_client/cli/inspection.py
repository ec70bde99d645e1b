"""What is wrong with the rows of a file: the contract's own reasons, the digest lint and the clock doctor."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import islice
from typing import Any, NamedTuple

import msgspec

from headgate_client._clock import check_times
from headgate_client._finding import Finding, Severity
from headgate_client._lint import lint_event
from headgate_client._normal import normal_phone
from headgate_client.cli.making import EventMaker
from headgate_client.cli.problems import Problem
from headgate_client.cli.rows import Row
from headgate_contract import redact
from headgate_contract.explain import explain
from headgate_contract.vocabulary import Identifiers

#: rows that the clock doctor sees at once
_TOGETHER = 1000
CONTRACT = "contract"
_UNREADABLE = "unreadable"
_TIME = "event_time"
#: what the lint calls a raw value
_RAW = "sent-raw"


class Found(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that is wrong in a file. Holds no personal value."""

    #: the first row of data is 1; 0 where all rows are meant
    row: int
    #: line of the file, from 1; 0 where it has none
    line: int = 0
    #: kind of mistake, in words and dashes; `contract` for what the server would reject
    code: str
    #: field path
    field: str
    severity: Severity
    message: str
    cure: str = ""


class Report:
    """All that was found: every finding counted, the first ones kept."""

    def __init__(self, keep: int) -> None:
        self.rows = 0
        self.found: list[Found] = []
        self.counts: Counter[tuple[Severity, str, str]] = Counter()
        self._keep = keep

    def add(self, found: Found) -> None:
        """Note a finding."""
        self.counts[found.severity, found.code, found.field] += 1
        if len(self.found) < self._keep:
            self.found.append(found)

    @property
    def errors(self) -> int:
        """How many findings are errors."""
        return self._count("error")

    @property
    def warnings(self) -> int:
        """How many findings are warnings."""
        return self._count("warning")

    def _count(self, severity: Severity) -> int:
        return sum(times for (kind, _, _), times in self.counts.items() if kind == severity)


class Rule(NamedTuple):
    """What a file is held to."""

    #: seconds since 1970, UTC
    now: int
    #: the event group's setting
    identifiers: Identifiers
    #: field -> place or name of the column with the value that was hashed
    raw: Mapping[str, int | str]
    #: whether raw values are hashed before they are sent, as `send` does
    hashing: bool
    #: the country of phone numbers without one
    phone_region: str | None = None


def inspect(rows: Iterable[Row], maker: EventMaker, rule: Rule, report: Report) -> None:
    """Look at every row, and note what is found."""
    iterator = iter(rows)
    while chunk := _chunk(iterator, report):
        report.rows += len(chunk)
        events: list[dict[str, Any]] = []
        by_row: list[list[Found]] = []
        unread: list[bool] = []
        for row in chunk:
            made = maker.make(row)
            events.append(made.event)
            unread.append(_TIME in made.errors)
            found = [_contract(row, field, reason) for field, reason in made.errors.items()]
            if not row.error:
                found += _of_event(row, made.event, rule, {one.field for one in found})
            by_row.append(found)
        for finding in check_times(events, rule.now):
            # of a time that could not be read, nothing is left to look at
            if finding.index is None or not unread[finding.index]:
                _add_time(finding, chunk, by_row, report)
        for found in by_row:
            for one in found:
                report.add(one)


def _chunk(rows: Iterator[Row], report: Report) -> list[Row]:
    """The next rows; where the file cannot be read any further, that is a finding."""
    chunk: list[Row] = []
    try:
        for row in islice(rows, _TOGETHER):
            chunk.append(row)  # noqa: PERF402 - what was read before a problem is kept
    except Problem as why:
        report.add(Found(row=0, code=_UNREADABLE, field="file", severity="error", message=str(why)))
    return chunk


def _of_event(row: Row, event: dict[str, Any], rule: Rule, told: set[str]) -> list[Found]:
    """The lint, and what the contract says of fields of which no error was told yet."""
    linted = [
        _found(row, one) for one in lint_event(event, _raw_values(row, rule)) if one.code != _RAW or not rule.hashing
    ]
    known = told | {one.field for one in linted if one.severity == "error"}
    if any(field.startswith("user_data.") for field in told):
        # the identifier is there, and its own error says what is wrong with it
        known.add("user_data")
    reasons = explain(event, now=rule.now, identifiers=rule.identifiers).errors
    return linted + [_contract(row, field, reason) for field, reason in reasons.items() if field not in known]


def _add_time(finding: Finding, chunk: list[Row], by_row: list[list[Found]], report: Report) -> None:
    """Put a finding of the clock doctor with its row; what the contract said of the same field is said better by it."""
    if finding.index is None:
        whole = Found(row=0, code=finding.code, field=finding.field, severity=finding.severity, message=finding.message,
                      cure=finding.cure)  # fmt: skip
        if (whole.severity, whole.code, whole.field) not in report.counts:
            report.add(whole)
        return
    found = by_row[finding.index]
    if chunk[finding.index].error:
        return
    found[:] = [one for one in found if one.code != CONTRACT or one.field != finding.field]
    found.append(_found(chunk[finding.index], finding))


def _found(row: Row, finding: Finding) -> Found:
    return Found(row=row.number, line=row.line, code=finding.code, field=finding.field, severity=finding.severity,
                 message=finding.message, cure=finding.cure)  # fmt: skip


def _contract(row: Row, field: str, reason: str) -> Found:
    return Found(row=row.number, line=row.line, code=CONTRACT, field=redact.scrub(field), severity="error",
                 message=redact.text(reason))  # fmt: skip


def _raw_values(row: Row, rule: Rule) -> dict[str, str] | None:
    if not rule.raw:
        return None
    values = dict(_pairs(row.values, rule.raw))
    if rule.phone_region and "ph" in values:
        with suppress(ValueError):
            values["ph"] = f"+{normal_phone(values['ph'], rule.phone_region)}"
    return values


def _pairs(values: Any, raw: Mapping[str, int | str]) -> Iterator[tuple[str, str]]:
    for field, place in raw.items():
        value = values.get(place) if isinstance(values, Mapping) else values[place]
        if isinstance(value, str) and value.strip():
            yield field, value
