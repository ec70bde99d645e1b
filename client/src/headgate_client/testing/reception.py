"""What becomes of a request: refused, met by a fault, or read and entered in the books."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from http import HTTPStatus
from itertools import count
from typing import NamedTuple

import msgspec

from headgate_client.testing.access import Access
from headgate_client.testing.books import Books
from headgate_client.testing.clock import FrozenClock
from headgate_client.testing.exchange import Answer, Received, Refused
from headgate_client.testing.faults import Faults
from headgate_client.testing.head import require_json, unpacked
from headgate_contract.answer import answer, refusal
from headgate_contract.errors import NotABatch
from headgate_contract.simulate import HEADER, Fault, with_failure
from headgate_contract.validate import Batch, read_batch

EVENTS, TEST_EVENTS = "/v1/events", "/v1/test_events"
_WELL = {"/healthz": "alive", "/readyz": "ready"}
_NO_PATH = "There is nothing at this path. Events go to POST /v1/events, tests to POST /v1/test_events."


class Outcome(NamedTuple):
    """What is done with a request: after `slow` seconds its answer is given, or the connection is cut."""

    #: None: the connection is cut
    answer: Answer | None
    slow: float = 0.0


class Reception:
    """Takes the requests of one emulator, whatever brings them. Safe for threads."""

    def __init__(self, clock: FrozenClock, access: Access, body_limit: int) -> None:
        self.clock = clock
        self.access = access
        self._body_limit = body_limit
        self._ids = count(1)
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        """Forget requests, events and faults."""
        self.requests: list[Received] = []
        self.books = Books()
        self._faults = Faults()

    def inject(self, faults: Sequence[str]) -> None:
        """Let the next requests meet these faults. Raises `ValueError` when one is malformed."""
        with self._lock:
            self._faults.inject(*faults)

    def clear_faults(self) -> None:
        """Forget the faults that no request has met yet."""
        with self._lock:
            self._faults.clear()

    def date(self) -> str:
        """What its clock shows, as a `Date` header."""
        return format_datetime(datetime.fromtimestamp(self.clock(), UTC), usegmt=True)

    def handle(self, method: str, path: str, headers: Sequence[tuple[str, str]], packed: bytes) -> Outcome:
        """Take one request, its body as it came over the wire."""
        with self._lock:
            names = [(name.lower(), value) for name, value in headers]
            received = Received(f"emulated-{next(self._ids)}", method, path, names, packed, self.clock())
            self.requests.append(received)
            outcome = self._outcome(received)
        if outcome.answer is not None:
            given = outcome.answer
            outcome = Outcome(given._replace(headers=(("x-request-id", received.id), *given.headers)), outcome.slow)
            received.answer = outcome.answer
            received.status = given.status
        return outcome

    def _outcome(self, received: Received) -> Outcome:
        fault: Fault | None = None
        try:
            key = self._admit(received)
            met = self._faults.next()
            if met is None and received.path == TEST_EVENTS:
                met = self._faults.asked(_values(received, HEADER), key)
            fault, received.fault = met or (None, None)
            if fault is not None and not fault.keeps:
                return _cut_or_refused(fault)
            batch = self._read(received, key, fault)
            self.books.enter(batch, test=received.path == TEST_EVENTS)
        except Refused as refused:
            return Outcome(_refused(refused), fault.slow if fault else 0.0)
        except _Plain as plain:
            return Outcome(plain.answer)
        if fault is not None and fault.cuts:
            return Outcome(None, fault.slow)
        given = answer(batch.received, [failed.answer for failed in batch.failed])
        return Outcome(Answer(*given), fault.slow if fault else 0.0)

    def _admit(self, received: Received) -> str:
        """The key of a request that may have its body read. Raises `Refused`, or `_Plain` for what takes no events."""
        methods = "POST" if received.path in (EVENTS, TEST_EVENTS) else "GET, HEAD"
        if methods != "POST" and received.path not in _WELL:
            raise Refused(404, _NO_PATH)
        if received.method == "OPTIONS":
            raise _Plain(Answer(204, b"", (("allow", f"{methods}, OPTIONS"),)))
        if received.method not in methods.split(", "):
            raise Refused(405, f"This path takes {methods} only.", {"allow": f"{methods}, OPTIONS"})
        if received.path in _WELL:
            raise _Plain(Answer(200, _described(200, _WELL[received.path])))
        key = self.access.authenticate(_values(received, "authorization"))
        require_json(_values(received, "content-type"), _values(received, "accept"))
        received.body = unpacked(received.packed, _values(received, "content-encoding"), self._body_limit)
        return key

    def _read(self, received: Received, key: str, fault: Fault | None) -> Batch:
        try:
            batch = read_batch(
                received.body, now=int(self.clock()), rules_of=lambda group: self.access.rules_of(key, group)
            )
        except NotABatch as why:
            raise Refused(400, str(why)) from None
        self.access.require_partners(batch.partner_names)
        if fault is not None and fault.kind == "partial":
            batch = with_failure(batch, received.body, fault.nth)
        return batch


class _Plain(Exception):
    """An answer to a request that is no event's."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def _values(received: Received, name: str) -> list[str]:
    return [value for known, value in received.headers if known == name.lower()]


def _cut_or_refused(fault: Fault) -> Outcome:
    if fault.cuts:
        return Outcome(None, fault.slow)
    headers = {} if fault.retry_after is None else {"retry-after": str(fault.retry_after)}
    said = f"simulated fault: {HTTPStatus(fault.status).phrase}"
    return Outcome(_refused(Refused(fault.status, said, headers)), fault.slow)


def _refused(refused: Refused) -> Answer:
    status, said = refused.status, refused.description
    body = refusal(status, said) if status == HTTPStatus.BAD_REQUEST else _described(status, said)
    return Answer(status, body, refused.headers)


def _described(code: int, description: str) -> bytes:
    return msgspec.json.encode({"code": code, "description": description})
