"""A request's body to a batch: accepted events in normal form, failed ones with every reason.

Three gears, each only for what the one before could not take:

1. the whole body in one typed decode, and one pass over the events for what types cannot say;
2. each event by itself, in the same way;
3. each remaining event explained, field by field (`explain.py`).

A typed decode stops at the first thing it dislikes, so gears 1 and 2 only ever say *yes*; every *no* comes from gear 3.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import msgspec
from msgspec import Raw

from headgate_contract import redact
from headgate_contract.errors import NotABatch
from headgate_contract.event import Event, EventBatch, Rejection
from headgate_contract.explain import explain
from headgate_contract.money import fraction, is_count, is_money
from headgate_contract.salvage import split_events
from headgate_contract.vocabulary import EVENT_SOURCES, EVENT_TIME_AHEAD, EVENTS_PER_REQUEST, Sufficient

#: values that a body may hold when it has to be read piece by piece: 500 an event, and a bound on the memory they take
VALUES_LIMIT = 500_000
#: what the decoder raises on bytes from outside: malformed, wrong type, bad UTF-8, nesting, endless digits
UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError)

#: what stands around the events is kept with each of them up to this many characters, and beyond with the first that is
#: accepted: a thousand copies of a long text would be a body a thousand times as long
AROUND_LIMIT = 1024

_batch_decoder = msgspec.json.Decoder(EventBatch)
_event_decoder = msgspec.json.Decoder(Event)
_any_decoder = msgspec.json.Decoder(float_hook=fraction)
_envelope_decoder = msgspec.json.Decoder(dict[str, Raw])
_list_decoder = msgspec.json.Decoder(list[Raw])
_encoder = msgspec.json.Encoder(decimal_format="number")


class Rules(NamedTuple):
    """What an event group's settings say about validation."""

    identifiers: Sufficient = "article"


class FailedEvent(NamedTuple):
    """A rejected event, for its sender and for our records."""

    #: the event as it was sent, plus `errors`: JSON, ready for the answer; never kept, never logged
    answer: bytes
    #: what we keep: no personal data
    rejection: Rejection


class Batch(NamedTuple):
    """What a body came to. `received == accepted + len(failed)`."""

    event_group_id: str
    received: int
    accepted: int
    #: the accepted events in normal form, one JSON object a line, in the order sent, no newline at the end
    lines: bytes
    failed: list[FailedEvent]
    #: partners that the events name (decision 6)
    partner_names: frozenset[str]
    #: events with a field that the contract does not know
    unknown_fields: int
    #: events with a source that the contract does not know
    unknown_sources: int


def read_batch(body: bytes, *, now: int, rules_of: Callable[[str], Rules]) -> Batch:
    """Read a request's body; `now` in seconds since 1970, UTC.

    `rules_of` is asked for the rules of the event group once its id is known; what it raises passes through.
    Raises `NotABatch` when the body is no batch.
    """
    try:
        batch = _batch_decoder.decode(body)
    except UNREADABLE:
        return _read_each(body, now, rules_of)
    rules = rules_of(batch.event_group_id)
    if 0 < len(batch.events) <= EVENTS_PER_REQUEST and is_normal(batch.events, now, rules):
        lines = _encoder.encode_lines(batch.events)[:-1]
        if not redact.may_hold_email(lines):
            return Batch(batch.event_group_id, len(batch.events), len(batch.events), lines, [], *_census(batch.events))
    return _read_each(body, now, rules_of)


def is_normal(events: Sequence[Event], now: int, rules: Rules) -> bool:
    """Whether decoded events hold to what their types cannot say: times, identifiers, digests, bounds."""
    extended, none = rules.identifiers == "extended", rules.identifiers == "none"
    latest = now + EVENT_TIME_AHEAD
    digests: list[str] = []
    urls: list[str] = []
    for event in events:
        user = event.user_data
        if event.event_time > latest or user.is_hashed is False:
            return False
        if not (
            none
            or (user.em or user.aGA or user.aID or user.aDX or user.aGI or user.aRI)
            or (extended and (user.ph or user.client_ip_address))
        ):
            return False
        digests += [value for value in (user.em, user.ph, user.fn, user.ln, user.ge, user.db) if value is not None]
        if event.event_source_url is not None:
            urls.append(event.event_source_url)
        if event.referrer_url is not None:
            urls.append(event.referrer_url)
        custom = event.custom_data
        if custom is not None and not _numbers_are_normal(custom):
            return False
    return _are_lower_hex("".join(digests)) and redact.are_plain_urls(urls)


def _numbers_are_normal(custom: Any) -> bool:
    if custom.value is not None and not is_money(custom.value):
        return False
    if custom.contents is not None:
        for content in custom.contents:
            if not (is_money(content.price) and is_count(content.quantity)):
                return False
    if custom.predicted_ltv is not None and not is_money(custom.predicted_ltv):
        return False
    return custom.num_items is None or (
        is_count(custom.num_items) and custom.num_items == custom.num_items.to_integral_value()
    )


def _are_lower_hex(digests: str) -> bool:
    """Check many digests in one go; each is 64 characters long by its type.

    `bytes.fromhex` skips white space, so the length of what it made is compared too.
    """
    try:
        return len(bytes.fromhex(digests)) * 2 == len(digests) and digests == digests.lower()
    except ValueError:
        return False


def _census(events: Sequence[Event]) -> tuple[frozenset[str], int, int]:
    """Partner names, events with unknown fields (a typed event has none), events with an unknown source."""
    partners = {event.partner_name for event in events}
    sources = [event.event_source for event in events]
    known = sum(source is None or source in EVENT_SOURCES for source in sources)
    return frozenset(name for name in partners if name), 0, len(sources) - known


def _read_each(body: bytes, now: int, rules_of: Callable[[str], Rules]) -> Batch:
    if body.count(b",") > VALUES_LIMIT:
        raise NotABatch(f"the body holds more than {VALUES_LIMIT} values; send fewer events a request")
    event_group_id, sent, around = _read_envelope(body)
    rules = rules_of(event_group_id)
    lines: list[bytes] = []
    failed: list[FailedEvent] = []
    partners: set[str] = set()
    unknown_fields = unknown_sources = 0
    for index, raw in enumerate(sent):
        line = None if around else _normal_line(raw, now, rules)
        if line is None:
            line = _explained_line(raw, index, now, rules, around, failed)
            if line is None:
                continue
            if _size(around) > AROUND_LIMIT:
                around = {}
        event = _light_decoder.decode(line)
        if event.partner_name:
            partners.add(event.partner_name)
        unknown_fields += bool(bytes(event.unknown))
        unknown_sources += event.event_source is not None and event.event_source not in EVENT_SOURCES
        lines.append(line)
    return Batch(
        event_group_id,
        len(sent),
        len(lines),
        b"\n".join(lines),
        failed,
        frozenset(partners),
        unknown_fields,
        unknown_sources,
    )


def _size(around: dict[str, str]) -> int:
    return sum(len(field) + len(text) for field, text in around.items())


class _Light(msgspec.Struct):
    partner_name: str | None = None
    event_source: str | None = None
    unknown: Raw = Raw()


_light_decoder = msgspec.json.Decoder(_Light)


def _normal_line(raw: bytes | Raw, now: int, rules: Rules) -> bytes | None:
    """The event's line where it is in normal form as sent."""
    try:
        event = _event_decoder.decode(raw)
    except UNREADABLE:
        return None
    if not is_normal((event,), now, rules):
        return None
    line = _encoder.encode(event)
    return None if redact.may_hold_email(line) else line


def _explained_line(
    raw: bytes | Raw, index: int, now: int, rules: Rules, around: dict[str, str], failed: list[FailedEvent]
) -> bytes | None:
    """The event's line, or None after noting why it has none."""
    try:
        sent = _any_decoder.decode(raw)
    except UNREADABLE as why:
        failed.append(_unreadable(bytes(raw), index, why))
        return None
    try:
        normal, errors = explain(sent, now=now, identifiers=rules.identifiers)
        if around and isinstance(normal, dict):
            normal["unknown"] = {**around, **normal.get("unknown", {})}
        if not errors:
            return _encoder.encode(normal)
        failed.append(_failed(bytes(raw), sent, index, errors))
    except RecursionError as why:
        failed.append(_unreadable(bytes(raw), index, why))
    return None


def _failed(raw: bytes, sent: Any, index: int, errors: dict[str, str]) -> FailedEvent:
    told = b'"errors":' + _encoder.encode(errors) + b"}"
    if not isinstance(sent, dict):
        return FailedEvent(b'{"event":' + raw + b"," + told, _rejection(index, errors, sent, {}))
    if "errors" in sent:
        # a failed event that comes back as it was answered: its old errors make room for the new ones
        sent = {field: value for field, value in sent.items() if field != "errors"}
        raw = _encoder.encode({field: text for field, text in _envelope_decoder.decode(raw).items() if field in sent})
    head = raw.strip()[:-1]
    return FailedEvent(head + (b"," if sent else b"") + told, _rejection(index, errors, sent, sent))


def _unreadable(raw: bytes, index: int, why: Exception) -> FailedEvent:
    reason = "is nested too deeply" if isinstance(why, RecursionError) else f"is not valid JSON: {_short(why)}"
    errors = {"event": reason}
    shown = raw.decode("utf-8", "replace")
    return FailedEvent(_encoder.encode({"event": shown, "errors": errors}), _rejection(index, errors, None, {}))


def _rejection(index: int, errors: dict[str, str], sent: Any, named: dict[str, Any]) -> Rejection:
    def kept(field: str) -> str:
        value = named.get(field)
        return redact.identifier(value)[:256] if isinstance(value, str) else ""

    return Rejection(
        index=index,
        errors={redact.scrub(field): redact.text(reason) for field, reason in errors.items()},
        event=redact.event(sent),
        event_id=kept("event_id"),
        event_name=redact.text(kept("event_name")),
    )


def _read_envelope(body: bytes) -> tuple[str, Sequence[bytes | Raw], dict[str, str]]:
    """Event group, the text of each event, and what else stood in the envelope (path -> JSON text)."""
    events: Sequence[bytes | Raw] | None = None
    try:
        envelope = _envelope_decoder.decode(body)
    except msgspec.ValidationError:
        raise NotABatch("the body must be a JSON object with event_group_id and events") from None
    except UNREADABLE as why:
        envelope, events = _salvaged(body, why)
    event_group_id = _decoded(envelope.pop("event_group_id", None))
    if not isinstance(event_group_id, str) or not event_group_id:
        raise NotABatch("event_group_id is required, as a string")
    if (raw := envelope.pop("events", None)) is None:
        raise NotABatch("events is required, as a list of event objects")
    if events is None:
        try:
            events = _list_decoder.decode(raw)
        except UNREADABLE:
            raise NotABatch("events must be a list of event objects") from None
    if not events:
        raise NotABatch("events is empty; send at least one event")
    if len(events) > EVENTS_PER_REQUEST:
        raise NotABatch(f"events holds {len(events)} events; send at most {EVENTS_PER_REQUEST} a request")
    return event_group_id, events, _unknown_around(envelope)


def _salvaged(body: bytes, why: Exception) -> tuple[dict[str, Raw], list[bytes]]:
    """The envelope of a body that does not decode in one piece, if the fault lies inside its events."""
    refusal = NotABatch(
        "the body is nested too deeply"
        if isinstance(why, RecursionError)
        else f"the body is not valid JSON: {_short(why)}"
    )
    found = split_events(body)
    if found is None:
        raise refusal from None
    try:
        envelope = _envelope_decoder.decode(found[0])
    except UNREADABLE:
        raise refusal from None
    if bytes(envelope.get("events", b"")) != b"[]":
        # a second list of events: which one counts could only be guessed
        raise refusal
    return envelope, found[1]


def _unknown_around(envelope: dict[str, Raw]) -> dict[str, str]:
    """Unknown fields beside `events` are kept with each event (decision 15), as `batch.<name>`."""
    try:
        return {
            redact.scrub(f"batch.{field}"): _encoder.encode(redact.unknown_value(field, _decoded(raw))).decode()
            for field, raw in envelope.items()
        }
    except RecursionError:
        raise NotABatch("the body is nested too deeply") from None


def _decoded(raw: Raw | None) -> Any:
    try:
        return None if raw is None else _any_decoder.decode(raw)
    except UNREADABLE as why:
        raise NotABatch(f"the body is not valid JSON: {_short(why)}") from None


def _short(why: Exception) -> str:
    return "it is not UTF-8" if isinstance(why, UnicodeDecodeError) else str(why)[:200]
