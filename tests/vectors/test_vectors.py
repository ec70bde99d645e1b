"""The vectors, run at the model: what the edge answers, without its sockets."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from headgate.testing import RequestVector, ValueVector, read_json, request_vectors, same_json, value_vectors
from headgate_contract import normalise
from headgate_contract.answer import answer, refusal
from headgate_contract.errors import NotABatch
from headgate_contract.validate import Rules, read_batch

VECTORS = Path(__file__).parents[2] / "vectors"
REQUESTS = list(request_vectors(VECTORS))
VALUES = list(value_vectors(VECTORS))


def _answer(vector: RequestVector) -> tuple[int, bytes, list[bytes] | None]:
    """Status and body, and the lines that would be logged: what an edge does between reading and writing."""
    try:
        batch = read_batch(vector.body, now=vector.now, rules_of=lambda _: Rules(vector.identifiers))
    except NotABatch as why:
        return 400, refusal(400, str(why)), None
    assert batch.received == batch.accepted + len(batch.failed)
    code, body = answer(batch.received, [failed.answer for failed in batch.failed])
    return code, body, batch.lines.split(b"\n") if batch.lines else []


@pytest.mark.parametrize("vector", REQUESTS, ids=lambda v: f"{v.theme}: {v.name}")
def test_the_answer_is_the_vectors(vector: RequestVector) -> None:
    code, body, lines = _answer(vector)
    found = read_json(body)
    assert same_json(vector.answer, found), found
    assert code == vector.code == found["code"]
    assert list(found) == ["code", "description", "events_received", "failed_events"]
    if vector.kept is not None:
        kept = [read_json(line) for line in lines or []]
        assert same_json(vector.kept, kept), kept


@pytest.mark.parametrize("vector", VALUES, ids=lambda v: f"{v.field} {v.raw!r}")
def test_the_normal_form_and_digest_are_the_vectors(vector: ValueVector) -> None:
    read: Callable[[str], str] = normalise.NORMAL_FORMS[vector.field]
    if vector.error is not None:
        with pytest.raises(ValueError, match=f"^{re.escape(vector.error)}$"):
            read(vector.raw)
        return
    assert read(vector.raw) == vector.normal
    assert normalise.digest(read(vector.raw)) == vector.digest
    if vector.field == "ph":
        assert normalise.digest(normalise.e164(vector.raw)) == vector.e164_digest


@pytest.mark.parametrize("vector", VALUES, ids=lambda v: f"{v.field} {v.raw!r}")
def test_a_normal_form_is_its_own_normal_form(vector: ValueVector) -> None:
    if vector.normal is not None:
        assert normalise.NORMAL_FORMS[vector.field](vector.normal) == vector.normal
        assert hashlib.sha256(vector.normal.encode()).hexdigest() == vector.digest


def test_there_are_as_many_vectors_as_promised_and_no_name_twice() -> None:
    names = [vector.name for vector in REQUESTS]
    assert len(set(names)) == len(names)
    assert sum(vector.theme == "article" for vector in REQUESTS) == 4
    assert len(REQUESTS) + len(VALUES) >= 154
