"""The clients: an address, a key and an event group, and what one can do with them."""

from __future__ import annotations

import random
import time
from collections.abc import Iterable
from types import TracebackType
from typing import Generic, Self, TypeVar

from headgate_client._address import Endpoint
from headgate_client._backoff import Surroundings
from headgate_client._batch import new_id
from headgate_client._drive import drive, drive_async
from headgate_client._errors import Closed
from headgate_client._flow import Route, deliver_all
from headgate_client._http import AsyncHttpTransport, HttpTransport
from headgate_client._options import Options
from headgate_client._outcome import AnyEvent, Outcome
from headgate_client._transport import AsyncTransport, Transport

EVENTS_PATH = "/v1/events"
TEST_EVENTS_PATH = "/v1/test_events"
_DEFAULTS = Options()
_Carrier = TypeVar("_Carrier", bound=Transport | AsyncTransport)


class _Sender(Generic[_Carrier]):
    """What both clients are: where to send, how, and what carries it."""

    def __init__(self, endpoint: Endpoint, options: Options, transport: _Carrier) -> None:
        self._endpoint = endpoint
        self._transport = transport
        self._closed = False
        self.options = options

    @property
    def url(self) -> str:
        """The address of the Events API, without path."""
        return self._endpoint.url

    @property
    def event_group_id(self) -> str:
        """The event group that events go to."""
        return self._endpoint.event_group_id

    @property
    def transport(self) -> _Carrier:
        """What carries the requests. Raises `Closed` after `close`."""
        if self._closed:
            raise Closed("this client was closed; make a new one")
        return self._transport

    def route(self, path: str = EVENTS_PATH, options: Options | None = None) -> Route:
        """Where requests to this path go, and how."""
        world = Surroundings(time.monotonic, time.time, random.random, new_id)
        return self._endpoint.route(path, options or self.options, world)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._endpoint})"


class Client(_Sender[Transport]):
    """Sends events to one event group. Safe to use from several threads; `close` it, or use it in a `with` block.

    `url` is the address of the Events API without path, such as `https://events.example.com`. Raises `InvalidOption`
    where url, key or event group cannot work. A `transport` that is handed in is closed with the client.
    """

    def __init__(
        self,
        url: str,
        key: str,
        event_group_id: str,
        *,
        options: Options = _DEFAULTS,
        transport: Transport | None = None,
    ) -> None:
        endpoint = Endpoint(url, key, event_group_id)
        super().__init__(endpoint, options, HttpTransport() if transport is None else transport)

    def send(self, events: Iterable[AnyEvent]) -> Outcome:
        """Send any number of events and report on each; requests are cut to the contract's limits.

        Events are not changed; one without `event_id` gets one, so that retries are deduplicated. Never raises for
        what network or server do: what could not be delivered within the bounds of `Options` is in the outcome. What
        was answered is never sent again.
        """
        return drive(deliver_all(self.route(EVENTS_PATH), events), self.transport)

    def test(self, events: Iterable[AnyEvent]) -> Outcome:
        """The same against the test endpoint: validated and shown in the live view, never counted."""
        return drive(deliver_all(self.route(TEST_EVENTS_PATH), events), self.transport)

    def close(self) -> None:
        """Let go of connections. Closing twice is fine."""
        if not self._closed:
            self._closed = True
            self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class AsyncClient(_Sender[AsyncTransport]):
    """The same for asyncio, for use in one event loop: `async with`, or `await close()`."""

    def __init__(
        self,
        url: str,
        key: str,
        event_group_id: str,
        *,
        options: Options = _DEFAULTS,
        transport: AsyncTransport | None = None,
    ) -> None:
        endpoint = Endpoint(url, key, event_group_id)
        super().__init__(endpoint, options, AsyncHttpTransport() if transport is None else transport)

    async def send(self, events: Iterable[AnyEvent]) -> Outcome:
        """Send any number of events and report on each, as `Client.send` does."""
        return await drive_async(deliver_all(self.route(EVENTS_PATH), events), self.transport)

    async def test(self, events: Iterable[AnyEvent]) -> Outcome:
        """The same against the test endpoint: validated and shown in the live view, never counted."""
        return await drive_async(deliver_all(self.route(TEST_EVENTS_PATH), events), self.transport)

    async def close(self) -> None:
        """Let go of connections. Closing twice is fine."""
        if not self._closed:
            self._closed = True
            await self._transport.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
