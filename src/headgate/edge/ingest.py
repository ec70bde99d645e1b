"""The two endpoints that take events: what happens to a request, from its headers to its answer."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

import msgspec

from headgate.edge.access import Access
from headgate.edge.body import BodyReader, announced_length
from headgate.edge.copies import copies
from headgate.edge.exposure import Exposure
from headgate.edge.keys import KeyRing
from headgate.edge.limits import BYTES_AN_EVENT, EdgeLimits, RateLimits
from headgate.edge.memory import BodyMemory, Share
from headgate.edge.negotiate import content_encoding, require_json
from headgate.edge.parts import Parts
from headgate.edge.reply import Reply
from headgate.edge.request import Request
from headgate.edge.simulate import Simulations, act
from headgate.errors import InvalidEnvelope, LogUnavailable
from headgate.registry.snapshot import Key
from headgate_contract.answer import answer
from headgate_contract.errors import NotABatch
from headgate_contract.event import Receipt
from headgate_contract.simulate import Fault, with_failure
from headgate_contract.validate import Batch, read_batch

_MICROSECONDS = 1_000_000


class _Read(NamedTuple):
    """A request that was read and may be kept."""

    key: Key
    account_id: str
    batch: Batch
    #: microseconds since 1970, UTC: when its last byte was here
    received_at: int
    #: the fault that its sender asked to meet
    fault: Fault | None


class Ingest:
    """Takes events for one worker."""

    def __init__(self, parts: Parts, limits: EdgeLimits, exposure: Exposure) -> None:
        self._parts = parts
        self._exposure = exposure
        self._keys = KeyRing(parts.registered, parts.verify, self._seconds)
        self._rates = RateLimits(limits, self._seconds)
        self._bodies = BodyReader(limits.body, limits.body_patience)
        # room for one body at least, whatever the settings say
        self._memory = BodyMemory(max(limits.bodies, limits.body))
        self._simulations = Simulations()

    async def post_events(self, request: Request) -> Reply:
        """Keep a batch: the answer is given once the log has it. Raises a `RequestError`, with nothing kept."""
        with self._memory.share() as share:
            read = await self._read(request, share)
            await self._parts.appender.append(self._receipt(request, read))
            batch = read.batch
            self._parts.metrics.events(
                batch.accepted,
                [failed.rejection for failed in batch.failed],
                batch.unknown_sources,
                batch.unknown_fields,
            )
            return _answer(batch)

    async def post_test_events(self, request: Request) -> Reply:
        """Answer a batch as `post_events` would, and keep none of it but a redacted copy to look at.

        The copy is not waited for: a test is answered whether or not the log is well.
        """
        with self._memory.share() as share:
            read = await self._read(request, share, request.head.x_headgate_simulate)
            if read.fault is None or read.fault.keeps:
                with suppress(LogUnavailable):
                    self._parts.appender.append(self._test_receipt(request, read)).add_done_callback(_forget)
                self._parts.metrics.test_events(read.batch.received)
            reply = _answer(read.batch)
        return reply if read.fault is None else await act(read.fault, reply)

    async def _read(self, request: Request, share: Share, simulate: Sequence[bytes] = ()) -> _Read:
        head = request.head
        key = self._keys.authenticate(head.authorization)
        require_json(head.content_type, head.accept)
        encoding = content_encoding(head.content_encoding)
        self._rates.admit(key.id)
        length = announced_length(head.content_length)
        body = await self._bodies.read(request.receive, length, encoding, share)
        self._parts.metrics.body(len(body))
        return self._validated(key, body, self._simulations.fault(simulate, key.id))

    def _validated(self, key: Key, body: bytes, fault: Fault | None) -> _Read:
        received_at = self._parts.clock()
        # only now: with a slow body, much may have changed since the headers came
        access = Access(key, self._parts.registered.current)
        try:
            batch = read_batch(body, now=received_at // _MICROSECONDS, rules_of=access.rules_of)
        except NotABatch as why:
            self._rates.charge(key.id, 0, 1 + len(body) // BYTES_AN_EVENT)
            raise InvalidEnvelope(str(why)) from None
        self._rates.charge(key.id, batch.received, len(batch.failed))
        access.require_partners(batch.event_group_id, batch.partner_names)
        if fault is not None and fault.kind == "partial":
            batch = with_failure(batch, body, fault.nth)
        return _Read(key, access.account_of(batch.event_group_id), batch, received_at, fault)

    def _receipt(self, request: Request, read: _Read) -> Receipt:
        batch = read.batch
        return Receipt(
            request_id=request.id,
            received_at=read.received_at,
            event_group_id=batch.event_group_id,
            account_id=read.account_id,
            key_id=read.key.id,
            address=self._exposure.sender_address(request.peer, request.headers),
            received=batch.received,
            accepted=batch.accepted,
            events=batch.lines,
            rejections=[failed.rejection for failed in batch.failed],
        )

    def _test_receipt(self, request: Request, read: _Read) -> Receipt:
        """A receipt without a single event in it: every one is a redacted copy, with its errors if it has any."""
        receipt = self._receipt(request, read)
        return msgspec.structs.replace(receipt, test=True, events=b"", rejections=copies(read.batch))

    def _seconds(self) -> float:
        return self._parts.clock() / _MICROSECONDS


def _answer(batch: Batch) -> Reply:
    return Reply(*answer(batch.received, [failed.answer for failed in batch.failed]))


def _forget(appended: asyncio.Future[None]) -> None:
    """Look at what became of it, since nobody else will."""
    if not appended.cancelled():
        appended.exception()
