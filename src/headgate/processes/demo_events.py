"""Two months of believable events for three accounts, made by chance from a seed: the receipts that the edge would write.

Nobody in it exists: addresses are made of numbers, networks are those kept for documentation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import sha256
from itertools import islice
from typing import Any, NamedTuple

import msgspec
import numpy as np

from headgate_contract.event import Receipt, Rejection
from headgate_contract.validate import Rules, read_batch

HOUR = 3600
DAY = 86_400
#: seconds of a slot: what comes within one is a request of each sender
SLOT = 120
MICROSECONDS = 1_000_000
PERSONS = 30_000
#: slots whose dice are thrown at once
STRETCH = DAY // SLOT
#: running sums of the shares of slips: another event id, a time past the window, another name
SLIPS = (0.012, 0.018, 0.04)
#: how busy the hours of a day are, from midnight on, and the days of a week, from Thursday on, as 1 January 1970 was one
HOURS = (3, 2, 1, 1, 1, 2, 4, 6, 8, 9, 10, 10, 11, 10, 9, 9, 10, 12, 14, 16, 17, 15, 10, 6)
WEEKDAYS = (10, 11, 13, 14, 9, 9, 10)
_AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
)
#: share of a server's events that are rejected while all is well
USUAL = 0.004
_EMPTY, _UNDEFINED = sha256(b"").hexdigest(), sha256(b"undefined").hexdigest()


class Act(NamedTuple):
    """Something that people do: its share among all acts, and how often page and server tell of it."""

    event_name: str
    share: float
    pixel: float
    api: float
    #: money that it is worth in the middle; 0: none
    value: float = 0.0


class Place(NamedTuple):
    """An event group of an account, and what is peculiar to its senders."""

    account_id: str
    account_name: str
    event_group_id: str
    group_name: str
    #: of all acts
    share: float
    currency: str
    acts: tuple[Act, ...]
    #: share of acts whose person has opted out
    limited: float = 0.06
    #: share of the server's events that come hours or days late
    late: float = 0.01
    #: share of events whose sender hashes what is not there
    placeholders: float = 0.0
    #: seconds that the server's clock is ahead
    ahead: int = 0
    #: share of the server's events that are rejected at the end of the time; it starts to rise two weeks before
    broken: float = USUAL

    @property
    def money(self) -> bytes:
        """Its currency."""
        return self.currency.encode()


PLACES = (
    Place("demo", "Demo account", "demo_website", "Demo website", 0.55, "USD", (
        Act("PAGE_VIEW", 0.50, 1.0, 0.0),
        Act("VIEW_CONTENT", 0.24, 1.0, 0.0),
        Act("ADD_TO_CART", 0.12, 0.92, 0.90, 38.0),
        Act("INITIATE_CHECKOUT", 0.06, 0.90, 0.93, 52.0),
        Act("PURCHASE", 0.06, 0.84, 0.98, 64.0),
        Act("LEAD", 0.02, 0.90, 0.60),
    )),
    Place("streaming", "Streaming service", "streaming_signup", "Sign-up", 0.25, "EUR", (
        Act("SIGN_UP", 0.46, 0.0, 1.0),
        Act("START_TRIAL", 0.30, 0.0, 1.0, 9.99),
        Act("SUBSCRIBE", 0.19, 0.0, 1.0, 9.99),
        Act("SUBSCRIPTION_CANCELLATION", 0.05, 0.0, 1.0),
    ), limited=0.11, late=0.02, ahead=47, broken=0.34),
    Place("kitchen", "Kitchen brand", "kitchen_shop", "Shop", 0.20, "GBP", (
        Act("PAGE_VIEW", 0.60, 1.0, 0.0),
        Act("SEARCH", 0.18, 1.0, 0.0),
        Act("ADD_TO_CART", 0.14, 1.0, 0.0, 27.0),
        Act("PURCHASE", 0.08, 0.55, 0.85, 41.0),
    ), limited=0.24, late=0.09, placeholders=0.05),
)  # fmt: skip

_BAD = (
    {"event_name": "Subscribed"},
    {"event_time": 1_764_000_000_000},
    {"custom_data": {"value": "9,99 EUR", "currency": "Euro"}},
    {"user_data": {"fn": "Ada", "country": "GB"}},
    {"user_data": {"em": "not a digest", "is_hashed": True}},
)


class Senders:
    """The senders of one place: makes what they send in a slot of time."""

    def __init__(self, place: Place, seed: int) -> None:
        self._place = place
        self._chance = np.random.default_rng([seed, *place.event_group_id.encode()])
        self._shares = np.array([act.share for act in place.acts])
        self._persons = [_person(place, number) for number in range(PERSONS)]
        self._rejections = _rejections(place.event_group_id)
        self._made = 0

    def stretch(self, begins: int, counts: list[int], bad: list[float]) -> Iterator[list[Receipt]]:
        """The requests of each of many slots, the first of which begins then (seconds since 1970).

        `counts` is how much is done in each, `bad` the share of the server's events that are rejected. The dice are thrown
        for all of them at once: one by one they would take most of the time.
        """
        chance, place, acts = self._chance, self._place, sum(counts)
        throws = iter(
            zip(
                chance.choice(len(place.acts), acts, p=self._shares).tolist(),
                chance.integers(0, PERSONS, acts).tolist(),
                np.exp(chance.normal(0, 0.5, acts)).tolist(),
                *chance.random((6, acts)).tolist(),
                strict=True,
            )
        )
        for number, (count, worse) in enumerate(zip(counts, bad, strict=True)):
            yield self._slot(begins + number * SLOT, list(islice(throws, count)), worse) if count else []

    def _slot(self, begins: int, throws: list[tuple[Any, ...]], bad: float) -> list[Receipt]:
        place = self._place
        pixel: list[bytes] = []
        api: list[bytes] = []
        for kind, person, value, when, by_pixel, by_api, slip, limited, late in throws:
            act = place.acts[kind]
            self._made += 1
            time = begins + int(when * (SLOT - 5))
            line = _Line(act, b"%d-%d" % (begins // SLOT, self._made), time, value * act.value, limited < place.limited)
            if by_pixel < act.pixel:
                pixel.append(line.write(self._persons[person].pixel, place.money))
            if by_api < act.api:
                lag = int(HOUR + late / place.late * 3 * DAY) if late < place.late else 0
                api.append(line.slipped(slip, lag, place.ahead).write(self._persons[person].api, place.money))
        return self._receipts(begins, pixel, api, bad)

    def _receipts(self, begins: int, pixel: list[bytes], api: list[bytes], bad: float) -> list[Receipt]:
        found = []
        group = self._place.event_group_id
        if pixel:
            found.append(
                self._receipt(f"{group}-p-{begins // SLOT}", (begins + SLOT - 4) * MICROSECONDS, "pixel", pixel, [])
            )
        if api:
            count = int(self._chance.binomial(len(api), bad)) if bad else 0
            kinds = self._chance.integers(0, len(self._rejections), count).tolist()
            rejected = [
                msgspec.structs.replace(self._rejections[kind], index=place, event_id=f"{begins // SLOT}-bad-{place}")
                for place, kind in enumerate(kinds)
            ]
            at = (begins + SLOT - 2) * MICROSECONDS + 250_000
            found.append(self._receipt(f"{group}-s-{begins // SLOT}", at, "api", api[count:], rejected))
        return found

    def _receipt(
        self, request_id: str, received_at: int, source: str, lines: list[bytes], rejected: list[Rejection]
    ) -> Receipt:
        return Receipt(
            request_id=request_id,
            received_at=received_at,
            event_group_id=self._place.event_group_id,
            account_id=self._place.account_id,
            key_id="" if source == "pixel" else f"{self._place.account_id}-server",
            source=source,
            received=len(lines) + len(rejected),
            accepted=len(lines),
            events=b"\n".join(lines),
            rejections=rejected,
        )


class _Line(NamedTuple):
    """One event about to be written."""

    act: Act
    id: bytes
    time: int
    value: float
    limited: bool
    name: str = ""

    def slipped(self, chance: float, lag: int, ahead: int) -> _Line:
        """As the server sends it: most often the same, at times with a slip that keeps it from being a duplicate.

        Or it is late by `lag` seconds, or its clock ahead, and then it names the moment of sending.
        """
        time = self.time - lag if lag or not ahead else self.time // SLOT * SLOT + SLOT + ahead
        if chance >= SLIPS[-1]:
            return self._replace(time=time) if time != self.time else self
        if chance < SLIPS[0]:
            return self._replace(id=b"srv-" + self.id, time=time)
        if chance < SLIPS[1]:
            return self._replace(time=time - 700 - int(chance * 100_000) % 2000)
        return self._replace(name="PURCHASE", time=time) if self.act.event_name == "INITIATE_CHECKOUT" else self

    def write(self, user: bytes, currency: bytes) -> bytes:
        """The event in normal form."""
        act = self.act
        number = self.time % 211
        money = (
            b'"content_name":"Item %d","currency":"%b","value":%.2f,"order_id":"order-%b"'
            % (number, currency, self.value, self.id.removeprefix(b"srv-"))
            if act.value
            else b""
        )
        return (
            b'{"event_id":"%b","event_name":"%b","event_source":"website","event_source_url":"https://shop.example/p/%d",'
            b'"event_time":%d,"event_type":"conversion","user_data":{%b},"custom_data":{%b},"opt_out":"%b"}'
        ) % (
            self.id,
            (self.name or act.event_name).encode(),
            number,
            self.time,
            user,
            money,
            b"true" if self.limited else b"false",
        )


class _Person(NamedTuple):
    """What is known of a person: as JSON members, what the page and what the server send."""

    pixel: bytes
    api: bytes


def _person(place: Place, number: int) -> _Person:
    address = sha256(f"{place.account_id}-{number}@example.com".encode()).hexdigest()
    if number % 1000 < place.placeholders * 1000:
        address = _EMPTY if number % 3 else _UNDEFINED
    phone = sha256(f"1555{number:07}".encode()).hexdigest()
    fields = ['"is_hashed":true']
    server = [f'"em":"{address}"', *([f'"ph":"{phone}"'] if number % 5 < 2 else [])]  # noqa: PLR2004 - two in five
    if number % 10 < 7:  # noqa: PLR2004 - seven in ten have signed in before
        server.append(f'"external_id":"c{number}"')
    page = [*([f'"em":"{address}"'] if number % 10 < 5 else [])]  # noqa: PLR2004 - half of them leave it on the page
    page.append(f'"client_ip_address":"198.51.100.{number % 250}"')
    page.append(f'"client_user_agent":"{_AGENTS[number % len(_AGENTS)]}","aFC":"fc.{number}"')
    return _Person(",".join([*fields, *page]).encode(), ",".join([*fields, *server]).encode())


def _rejections(event_group_id: str) -> list[Rejection]:
    """What the contract says of events that are wrong in the usual ways."""
    good = {"event_name": "SUBSCRIBE", "event_type": "conversion", "event_time": 1_764_000_000, "event_id": "x"}
    events = [{**good, "user_data": {"em": "a" * 64}, **bad} for bad in _BAD]
    body = msgspec.json.encode({"event_group_id": event_group_id, "events": events})
    batch = read_batch(body, now=1_764_000_000, rules_of=lambda _group: Rules("extended"))
    return [failed.rejection for failed in batch.failed]


def slots(*, first: int, days: int, events: int, seed: int) -> Iterator[tuple[int, list[Receipt]]]:
    """(end of a slot in seconds since 1970, its requests), of whole days from `first` on; about so many events in all."""
    weights = _weights(first, days * DAY // SLOT)
    senders = [(place, Senders(place, seed), np.random.default_rng([seed, 7])) for place in PLACES]
    counts: Mapping[str, list[int]] = {
        place.event_group_id: chance.poisson(weights * (events * place.share / _told(place))).tolist()
        for place, _, chance in senders
    }
    rising = max(len(weights) - 14 * DAY // SLOT, 0)
    worse = np.clip((np.arange(len(weights)) - rising) / max(len(weights) - rising, 1), 0, 1) ** 2
    for start in range(0, len(weights), STRETCH):
        part = slice(start, start + STRETCH)
        stretches = [
            sender.stretch(
                first + start * SLOT,
                counts[place.event_group_id][part],
                (USUAL + (place.broken - USUAL) * worse[part]).tolist(),
            )
            for place, sender, _ in senders
        ]
        for number, of_slot in enumerate(zip(*stretches, strict=True), start + 1):
            yield first + number * SLOT, [receipt for receipts in of_slot for receipt in receipts]


def _told(place: Place) -> float:
    """Events that an act leads to, in the mean."""
    return sum(act.share * (act.pixel + act.api) for act in place.acts)


def _weights(first: int, count: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Which share of all acts falls into each slot: by hour, weekday, and growth of four tenths over the time."""
    times = first + np.arange(count) * SLOT
    hours = np.array(HOURS, np.float64)
    at = times % DAY / HOUR
    whole = at.astype(int)
    # between two hours it rises or falls evenly
    by_hour = hours[whole] + (hours[(whole + 1) % 24] - hours[whole]) * (at - whole)
    by_day = np.array(WEEKDAYS, np.float64)[times // DAY % 7]
    weights = by_hour * by_day * np.linspace(1.0, 1.4, count)
    shares: np.ndarray[tuple[int], np.dtype[np.float64]] = weights / weights.sum()
    return shares
