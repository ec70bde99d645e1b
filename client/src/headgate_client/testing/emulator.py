"""The emulator: a request in, an answer out, by the contract's own functions."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from http import HTTPStatus
from itertools import count
from typing import Any, NamedTuple

import msgspec

from headgate_client._client import AsyncClient, Client
from headgate_client._options import Options, Retries
from headgate_client.testing.access import Access
from headgate_client.testing.books import Books
from headgate_client.testing.clock import FrozenClock
from headgate_client.testing.exchange import Answer, Received, Refused
from headgate_client.testing.faults import Faults
from headgate_client.testing.head import require_json, unpacked
from headgate_client.testing.serve import Served
from headgate_client.testing.transport import AsyncClientTransport, ClientTransport, EmulatorTransport
from headgate_contract.answer import answer, refusal
from headgate_contract.errors import NotABatch
from headgate_contract.simulate import HEADER, Fault, with_failure
from headgate_contract.validate import Batch, read_batch
from headgate_contract.vocabulary import BODY_LIMIT, Identifiers

EVENTS, TEST_EVENTS = "/v1/events", "/v1/test_events"
_WELL = {"/healthz": "alive", "/readyz": "ready"}
#: no test waits for the sake of politeness
_OPTIONS = Options(retries=Retries(first_wait=0.0))
_NO_PATH = "There is nothing at this path. Events go to POST /v1/events, tests to POST /v1/test_events."


class Outcome(NamedTuple):
    """What is done with a request: after `slow` seconds its answer is given, or the connection is cut."""

    #: None: the connection is cut
    answer: Answer | None
    slow: float = 0.0


class Emulator:
    """A server of the Events API in this process. Safe for threads.

    `now`: seconds since 1970 where its clock stands, by default this moment. `identifiers`: the setting of every event
    group. `groups`: the event groups that exist, each with its setting; by default any does. `keys`: the API keys that
    are good; by default any is. `body_limit`: bytes that a body may have, packed and unpacked.
    """

    base_url = "https://emulator.invalid"

    def __init__(
        self,
        *,
        now: float | None = None,
        identifiers: Identifiers = "article",
        groups: Mapping[str, Identifiers] | None = None,
        keys: Iterable[str] | None = None,
        body_limit: int = BODY_LIMIT,
    ) -> None:
        self.clock = FrozenClock(now)
        self.access = Access()
        self.access.set_identifiers(identifiers)
        if groups is not None:
            self.access.know_groups(groups)
        for key in keys or ():
            self.access.add_key(key)
        self._body_limit = body_limit
        self._ids = count(1)
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        """Forget requests, events and faults. Clock, keys, groups and partners stay."""
        self.requests: list[Received] = []
        self._books = Books()
        self._faults = Faults()

    # What a test looks at.

    @property
    def accepted(self) -> list[dict[str, Any]]:
        """Events accepted on `/v1/events`, in normal form plus `event_group_id`, in the order received."""
        return self._books.accepted

    @property
    def kept(self) -> list[dict[str, Any]]:
        """Those that count: the first of each event group, name and id within 600 s, and all without an id."""
        return self._books.kept

    @property
    def duplicates(self) -> list[dict[str, Any]]:
        """Accepted events that were there already."""
        return self._books.duplicates

    @property
    def rejected(self) -> list[dict[str, Any]]:
        """Events that failed on `/v1/events`: as sent, plus `errors`."""
        return self._books.rejected

    @property
    def tested(self) -> list[dict[str, Any]]:
        """Events accepted on `/v1/test_events`."""
        return self._books.tested

    # How a test makes trouble.

    def inject(self, *faults: str) -> None:
        """Let the next requests meet these faults, in order: `"429;retry-after=3"`, `"reset;times=2"`.

        The language is that of `headgate_contract.simulate`. A fault without `times` holds for one request.
        Raises `ValueError` when one is malformed.
        """
        with self._lock:
            self._faults.inject(*faults)

    def clear_faults(self) -> None:
        """Forget the faults that no request has met yet."""
        with self._lock:
            self._faults.clear()

    @property
    def faults_left(self) -> int:
        """How many requests are still to meet a fault."""
        return len(self._faults)

    # How a program reaches it.

    def client(self, event_group_id: str = "shop", key: str = "key", options: Options = _OPTIONS) -> Client:
        """A client of this emulator. It retries at once unless `options` say otherwise."""
        return Client(self.base_url, key, event_group_id, options=options, transport=ClientTransport(self))

    def async_client(self, event_group_id: str = "shop", key: str = "key", options: Options = _OPTIONS) -> AsyncClient:
        """The same for asyncio."""
        return AsyncClient(self.base_url, key, event_group_id, options=options, transport=AsyncClientTransport(self))

    @property
    def transport(self) -> EmulatorTransport:
        """For `httpx.Client` and `httpx.AsyncClient`: requests to any host end here, without a socket."""
        return EmulatorTransport(self)

    def serve(self, tls: ssl.SSLContext | None = None) -> Served:
        """A real port on loopback, for as long as the block lasts: `with emulator.serve() as url:`.

        `tls`: a context with a certificate, to speak HTTPS.
        """
        return Served(self, tls)

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
            self._books.enter(batch, test=received.path == TEST_EVENTS)
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
