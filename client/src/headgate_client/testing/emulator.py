"""The emulator: what a test makes, looks at and makes trouble with."""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from headgate_client._client import AsyncClient, Client
from headgate_client._options import Options, Retries
from headgate_client.testing.access import Access
from headgate_client.testing.clock import FrozenClock
from headgate_client.testing.exchange import Received
from headgate_client.testing.reception import Outcome, Reception
from headgate_client.testing.serve import Served
from headgate_client.testing.transport import AsyncClientTransport, ClientTransport, EmulatorTransport
from headgate_contract.vocabulary import BODY_LIMIT, Identifiers

#: no test waits for the sake of politeness
_OPTIONS = Options(retries=Retries(first_wait=0.0))


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
        self._reception = Reception(self.clock, self.access, body_limit)

    def reset(self) -> None:
        """Forget requests, events and faults. Clock, keys, groups and partners stay."""
        self._reception.reset()

    # What a test looks at.

    @property
    def requests(self) -> list[Received]:
        """Every request, in the order received."""
        return self._reception.requests

    @property
    def accepted(self) -> list[dict[str, Any]]:
        """Events accepted on `/v1/events`, in normal form plus `event_group_id`, in the order received."""
        return self._reception.books.accepted

    @property
    def kept(self) -> list[dict[str, Any]]:
        """Those that count: the first of each event group, name and id within 600 s, and all without an id."""
        return self._reception.books.kept

    @property
    def duplicates(self) -> list[dict[str, Any]]:
        """Accepted events that were there already."""
        return self._reception.books.duplicates

    @property
    def rejected(self) -> list[dict[str, Any]]:
        """Events that failed on `/v1/events`: as sent, plus `errors`."""
        return self._reception.books.rejected

    @property
    def tested(self) -> list[dict[str, Any]]:
        """Events accepted on `/v1/test_events`."""
        return self._reception.books.tested

    # How a test makes trouble.

    def inject(self, *faults: str) -> None:
        """Let the next requests meet these faults, in order: `"429;retry-after=3"`, `"reset;times=2"`.

        The language is that of `headgate_contract.simulate`. A fault without `times` holds for one request.
        Raises `ValueError` when one is malformed.
        """
        self._reception.inject(faults)

    def clear_faults(self) -> None:
        """Forget the faults that no request has met yet."""
        self._reception.clear_faults()

    # How a program reaches it.

    def client(self, event_group_id: str = "shop", key: str = "key", options: Options = _OPTIONS) -> Client:
        """A client of this emulator. It retries at once unless `options` say otherwise."""
        return Client(self.base_url, key, event_group_id, options=options, transport=ClientTransport(self._reception))

    def async_client(self, event_group_id: str = "shop", key: str = "key", options: Options = _OPTIONS) -> AsyncClient:
        """The same for asyncio."""
        return AsyncClient(
            self.base_url, key, event_group_id, options=options, transport=AsyncClientTransport(self._reception)
        )

    @property
    def transport(self) -> EmulatorTransport:
        """For `httpx.Client` and `httpx.AsyncClient`: requests to any host end here, without a socket."""
        return EmulatorTransport(self._reception)

    def serve(self, tls: ssl.SSLContext | None = None) -> Served:
        """A real port on loopback, for as long as the block lasts: `with emulator.serve() as url:`.

        `tls`: a context with a certificate, to speak HTTPS.
        """
        return Served(self._reception, tls)

    def handle(self, method: str, path: str, headers: Sequence[tuple[str, str]], packed: bytes) -> Outcome:
        """Take one request, its body as it came over the wire: for whoever brings a transport of their own."""
        return self._reception.handle(method, path, headers, packed)
