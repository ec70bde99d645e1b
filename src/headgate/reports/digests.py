"""Findings about stored digests: placeholders that were hashed as if they were a person's."""

from __future__ import annotations

from hashlib import sha256

from msgspec import Struct

from headgate.reports.span import Asked
from headgate.store.base import Store

#: what programs hash when they have no value
PLACEHOLDERS = (
    "", " ", "null", "undefined", "none", "nil", "nan", "n/a", "na", "unknown", "true", "false", "0", "-", "[object object]",
    "NULL", "None", "NaN", "N/A", "Unknown", "[object Object]", '""', "{}", "[]",
    "test", "test@test.com", "test@example.com", "example@example.com", "user@example.com", "noreply@example.com",
    "0000000000", "1111111111", "1234567890", "5555555555", "9999999999",
)  # fmt: skip
#: genders that are good but for their form
UNNORMAL = ("m", "f", "M", "F", "Male", "Female", "MALE", "FEMALE", "man", "woman")
#: a digest that so large a share of events has is no person's; with fewer events than this that may be chance
SUSPICIOUS = 0.05
WORTH_TELLING = 200


def _digest(value: str) -> str:
    return sha256(value.encode()).hexdigest()


KNOWN: dict[str, str] = {_digest(value): value for value in (*PLACEHOLDERS, *UNNORMAL)}


class Finding(Struct, frozen=True):
    """A digest in a field that cannot be a person's."""

    field: str
    digest: str
    #: what was hashed, or empty where that is not known
    value: str
    events: int
    finding: str
    cure: str


class Digests(Struct, frozen=True):
    """Findings of the accepted events received from `first` on."""

    first: int
    last: int
    findings: list[Finding]


def digests(store: Store, asked: Asked) -> Digests:
    """What is wrong with stored digests, the most frequent first."""
    known = [
        _known(row["field"], row["digest"], row["events"])
        for row in store.query("known_digests", {**asked.parameters(), "digests": sorted(KNOWN)})
    ]
    told = {(one.field, one.digest) for one in known}
    common = [
        _common(row["field"], row["digest"], row["events"], row["total"])
        for row in store.query("commonest_digests", asked.parameters())
        if row["events"] >= max(SUSPICIOUS * row["total"], WORTH_TELLING) and (row["field"], row["digest"]) not in told
    ]
    findings = sorted(known + common, key=lambda one: (-one.events, one.field, one.digest))
    return Digests(asked.first, asked.last, findings)


def _known(field: str, digest: str, events: int) -> Finding:
    value = KNOWN[digest]
    if field == "ge" and value in UNNORMAL:
        finding, cure = f"the digest of “{value}”", "Hash male, female or unknown, in lower case."
    elif value.strip():
        finding = f"the digest of the placeholder “{value}”"
        cure = f"Leave {field} out when there is no value, rather than hash a placeholder."
    else:
        finding = "the digest of an empty text"
        cure = f"Test the value before it is hashed, and leave {field} out when it is empty."
    return Finding(field, digest, value, events, finding, cure)


def _common(field: str, digest: str, events: int, total: int) -> Finding:
    return Finding(
        field,
        digest,
        "",
        events,
        f"one digest stands in {events / total:.0%} of the events that have {field}",
        f"No person is that frequent: look for a default, a shared address or a constant that is hashed as {field}.",
    )
