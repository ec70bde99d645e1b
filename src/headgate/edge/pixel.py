"""The endpoints of the pixel: what a page sends, by script or by image, and what its script may do.

There is no key. A page is let in by its origin, and what becomes of its events is told to the event group's people in the
rejections, and not to the page: it gets the same empty answer either way.
"""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus

import msgspec
from msgspec import Raw

from headgate.edge.body import BodyReader, announced_length
from headgate.edge.copies import copies
from headgate.edge.exposure import Exposure
from headgate.edge.limits import Buckets, EdgeLimits
from headgate.edge.memory import BodyMemory
from headgate.edge.negotiate import content_encoding, require_page_body
from headgate.edge.page import Page, read_page
from headgate.edge.parts import Parts
from headgate.edge.query import parameters
from headgate.edge.refusal import Refusal, is_at_home, refusal
from headgate.edge.reply import Reply
from headgate.edge.request import Request
from headgate.errors import InvalidEnvelope, TooManyRequests
from headgate_contract.errors import NotABatch
from headgate_contract.event import Receipt
from headgate_contract.validate import Batch, Rules, read_batch

#: stands for a key in what is counted by key
KEY_ID = "pixel"
#: a browser lets a page that is being left send 64 KiB; this leaves room for any other script
BODY_LIMIT = 256 * 1024
#: all bodies of pages at once, in bytes: a flood of them must leave the API its memory
BODIES = 4 * 1024 * 1024
#: refused events a second and group that are kept to look at, and as many at once; the others are counted
_REFUSED_A_SECOND, _REFUSED_AT_ONCE = 100.0, 1000.0
#: seconds for which a script need not ask again what it may do
_SETTINGS_AGE = 60
_MICROSECONDS = 1_000_000

_NOTHING = Reply(HTTPStatus.NO_CONTENT, b"")
_GIF = bytes.fromhex("47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002014400" + "3b")
_IMAGE = Reply(HTTPStatus.OK, _GIF, ((b"cache-control", b"no-store"),), b"image/gif")
#: as the pixel has always spelt them -> as the API does
_PIXEL_SPELLINGS = {"event_source_URL": "event_source_url", "referrer_URL": "referrer_url"}
_OBJECTS = ("user_data", "custom_data")

_fields = msgspec.json.Decoder(dict[str, Raw])
_encode = msgspec.json.Encoder().encode


class Pixel:
    """Takes the events of pages for one worker."""

    def __init__(self, parts: Parts, limits: EdgeLimits, exposure: Exposure) -> None:
        self._parts = parts
        self._exposure = exposure
        self._bodies = BodyReader(min(limits.body, BODY_LIMIT), limits.body_patience)
        self._memory = BodyMemory(BODIES)
        rate = limits.pixel_events_per_second
        self._rates = Buckets(rate, rate, self._seconds) if rate else None
        self._refused = Buckets(_REFUSED_A_SECOND, _REFUSED_AT_ONCE, self._seconds)

    async def post_events(self, request: Request) -> Reply:
        """Take a batch of a page: the answer is given once the log has it. Raises a `RequestError`."""
        with self._memory.share() as share:
            head = request.head
            require_page_body(head.content_type)
            encoding = content_encoding(head.content_encoding)
            length = announced_length(head.content_length)
            body = await self._bodies.read(request.receive, length, encoding, share)
            self._parts.metrics.body(len(body))
            await self._take(request, self._page(request), body)
            return _NOTHING

    async def get_image(self, request: Request) -> Reply:
        """Take the one event that an image's address holds: for pages without scripts."""
        page = self._page(request)
        await self._take(request, page, _event_of(request.query, page, self._parts.clock() // _MICROSECONDS))
        return _IMAGE

    async def get_settings(self, request: Request) -> Reply:
        """What the script may do in an event group; nothing for a page of another site."""
        asked = parameters(request.query).get("event_group_id", "")
        group = self._parts.registered.current.groups.get(asked)
        if group is None or not is_at_home(group, self._page(request).origin):
            return _NOTHING
        body = _encode({"cookie": group.cookie, "advanced_matching": group.advanced_matching})
        return Reply(HTTPStatus.OK, body, ((b"cache-control", b"private, max-age=%d" % _SETTINGS_AGE),))

    def _page(self, request: Request) -> Page:
        return read_page(request.headers, request.peer, self._exposure)

    async def _take(self, request: Request, page: Page, body: bytes) -> None:
        received_at = self._parts.clock()
        try:
            batch = read_batch(body, now=received_at // _MICROSECONDS, rules_of=_rules)
        except NotABatch as why:
            raise InvalidEnvelope(str(why)) from None
        snapshot = self._parts.registered.current
        refused = refusal(snapshot, batch.event_group_id, page.origin, batch.partner_names)
        if refused is not None:
            self._parts.metrics.pixel_refused(refused.kind, batch.received)
            if self._refused.wait(refused.event_group_id):
                return
            self._refused.charge(refused.event_group_id, batch.received)
            receipt = _refused_receipt(request, received_at, batch, refused)
        else:
            self._admit(batch)
            account_id = snapshot.groups[batch.event_group_id].account_id
            receipt = _receipt(request, received_at, batch, account_id, page)
        await self._parts.appender.append(receipt)
        self._parts.metrics.events(receipt.accepted, receipt.rejections, batch.unknown_sources, batch.unknown_fields)

    def _admit(self, batch: Batch) -> None:
        if self._rates is None:
            return
        if wait := self._rates.wait(batch.event_group_id):
            raise TooManyRequests(wait, "The pages of this event group send more events a second than they may.")
        self._rates.charge(batch.event_group_id, batch.received)

    def _seconds(self) -> float:
        return self._parts.clock() / _MICROSECONDS


def _rules(_event_group_id: str) -> Rules:
    # the browser is known by its address
    return Rules("none")


def _receipt(request: Request, received_at: int, batch: Batch, account_id: str, page: Page) -> Receipt:
    return Receipt(
        request_id=request.id,
        received_at=received_at,
        event_group_id=batch.event_group_id,
        account_id=account_id,
        key_id=KEY_ID,
        source="pixel",
        received=batch.received,
        accepted=batch.accepted,
        events=b"\n".join(_completed(batch.lines, page)),
        rejections=[failed.rejection for failed in batch.failed],
    )


def _refused_receipt(request: Request, received_at: int, batch: Batch, refused: Refusal) -> Receipt:
    return Receipt(
        request_id=request.id,
        received_at=received_at,
        event_group_id=refused.event_group_id,
        account_id=refused.account_id,
        key_id=KEY_ID,
        source="pixel",
        received=batch.received,
        accepted=0,
        rejections=copies(batch, refused.errors),
    )


def _completed(lines: bytes, page: Page) -> Iterator[bytes]:
    """Accepted events with what the browser says by itself. What a page says of its visitor's address is not believed."""
    known = {"client_ip_address": page.address, "client_user_agent": page.user_agent}
    told = {field: Raw(_encode(value)) for field, value in known.items() if value}
    for line in lines.split(b"\n") if lines else ():
        event = _fields.decode(line)
        user = _fields.decode(event["user_data"])
        user.pop("client_ip_address", None)
        event["user_data"] = Raw(_encode(user | told))
        if page.opts_out:
            event["opt_out"] = Raw(b'"true"')
        yield _encode(event)


def _event_of(query: bytes, page: Page, now: int) -> bytes:
    """An image's address as the body of a request: names as the API has them, `custom_data.value` for what lies deeper."""
    event: dict[str, object] = {"event_time": now, "event_type": "conversion", "event_source": "website"}
    if page.url:
        event["event_source_url"] = page.url
    inner: dict[str, dict[str, str]] = {name: {} for name in _OBJECTS}
    for name, value in parameters(query).items():
        place, _, field = name.partition(".")
        if place in inner and field:
            inner[place][field] = value
        else:
            event[_PIXEL_SPELLINGS.get(name, name)] = value
    group_id = event.pop("event_group_id", "")
    # `user_data=…` alone is no object, and stays to be rejected as such
    event = {"user_data": {}} | event | {name: fields for name, fields in inner.items() if fields}
    return _encode({"event_group_id": group_id, "events": [event]})
