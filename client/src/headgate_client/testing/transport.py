"""The emulator in the place of the network: for this package's clients, and for httpx."""

from __future__ import annotations

import asyncio
import time
from urllib.parse import urlsplit

import httpx

from headgate_client._errors import NoAnswer
from headgate_client._transport import Request, Response
from headgate_client.testing.reception import Outcome, Reception


class EmulatorTransport(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Answers every request in this process, whatever its host. For `httpx.Client` and `httpx.AsyncClient` alike."""

    def __init__(self, reception: Reception) -> None:
        self._reception = reception

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer; raises `httpx.ReadError` where a fault cuts the connection, and waits where it is slow."""
        outcome = self._take(request, request.read())
        time.sleep(outcome.slow)
        return _response(request, outcome, self._reception.date())

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """As `handle_request`, on asyncio."""
        outcome = self._take(request, await request.aread())
        await asyncio.sleep(outcome.slow)
        return _response(request, outcome, self._reception.date())

    def _take(self, request: httpx.Request, body: bytes) -> Outcome:
        return self._reception.handle(request.method, request.url.path, request.headers.multi_items(), body)


def _response(request: httpx.Request, outcome: Outcome, date: str) -> httpx.Response:
    given = outcome.answer
    if given is None:
        raise httpx.ReadError("connection reset by a simulated fault", request=request)
    return httpx.Response(
        given.status, headers=[*given.all_headers(), ("date", date)], content=given.body, request=request
    )


class ClientTransport:
    """The emulator in the place of the network, for `headgate_client.Client`."""

    def __init__(self, reception: Reception) -> None:
        self._reception = reception

    def send(self, request: Request) -> Response:
        """The answer. Raises `NoAnswer` where a fault cuts the connection, and waits where it is slow."""
        outcome = _take(self._reception, request)
        time.sleep(outcome.slow)
        return _answered(outcome)

    def close(self) -> None:
        """There is nothing to let go of."""


class AsyncClientTransport:
    """The same for `headgate_client.AsyncClient`."""

    def __init__(self, reception: Reception) -> None:
        self._reception = reception

    async def send(self, request: Request) -> Response:
        """The answer. Raises `NoAnswer` where a fault cuts the connection, and waits where it is slow."""
        outcome = _take(self._reception, request)
        await asyncio.sleep(outcome.slow)
        return _answered(outcome)

    async def close(self) -> None:
        """There is nothing to let go of."""


def _take(reception: Reception, request: Request) -> Outcome:
    return reception.handle("POST", urlsplit(request.url).path, list(request.headers.items()), request.body)


def _answered(outcome: Outcome) -> Response:
    if outcome.answer is None:
        raise NoAnswer("connection reset by a simulated fault")
    headers = {name.lower(): value for name, value in outcome.answer.all_headers()}
    return Response(outcome.answer.status, headers, outcome.answer.body)
