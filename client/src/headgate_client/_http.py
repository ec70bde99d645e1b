"""The real transports, on httpx. It is imported when the first of them is made: it takes longer than all the rest."""

from __future__ import annotations

import os
import ssl
from typing import TYPE_CHECKING

from headgate_client._errors import ConnectFailed, NoAnswer, TransportError
from headgate_client._transport import Request, Response

if TYPE_CHECKING:
    import httpx

_CONNECTIONS = 32


class HttpTransport:
    """HTTP over TLS with kept connections. Safe to use from several threads, and in a child after a fork."""

    def __init__(self, *, verify: ssl.SSLContext | bool = True, proxy: str | None = None) -> None:
        """`verify` is a context with the authorities to trust, or False for none; `proxy` the URL of a proxy."""
        self._verify = verify
        self._proxy = proxy
        self._client = self._connect()

    def _connect(self) -> httpx.Client:
        import httpx  # noqa: PLC0415 - see the module

        self._pid = os.getpid()
        limits = httpx.Limits(max_connections=_CONNECTIONS, max_keepalive_connections=_CONNECTIONS)
        return httpx.Client(verify=self._verify, proxy=self._proxy, limits=limits, follow_redirects=False)

    def send(self, request: Request) -> Response:
        """The whole answer, whatever its status. Raises `TransportError` where there is none."""
        import httpx  # noqa: PLC0415 - see the module

        if self._pid != os.getpid():
            # the parent's connections must not be written to by two processes
            self._client = self._connect()
        try:
            answer = self._client.post(
                request.url, content=request.body, headers=dict(request.headers), timeout=_timeout(request)
            )
        except httpx.RequestError as why:
            raise _error(why) from None
        return _response(answer)

    def close(self) -> None:
        """Let go of connections."""
        self._client.close()


class AsyncHttpTransport:
    """The same for asyncio: for one event loop."""

    def __init__(self, *, verify: ssl.SSLContext | bool = True, proxy: str | None = None) -> None:
        """`verify` is a context with the authorities to trust, or False for none; `proxy` the URL of a proxy."""
        import httpx  # noqa: PLC0415 - see the module

        limits = httpx.Limits(max_connections=_CONNECTIONS, max_keepalive_connections=_CONNECTIONS)
        self._client = httpx.AsyncClient(verify=verify, proxy=proxy, limits=limits, follow_redirects=False)

    async def send(self, request: Request) -> Response:
        """The whole answer, whatever its status. Raises `TransportError` where there is none."""
        import httpx  # noqa: PLC0415 - see the module

        try:
            answer = await self._client.post(
                request.url, content=request.body, headers=dict(request.headers), timeout=_timeout(request)
            )
        except httpx.RequestError as why:
            raise _error(why) from None
        return _response(answer)

    async def close(self) -> None:
        """Let go of connections."""
        await self._client.aclose()


def _timeout(request: Request) -> httpx.Timeout:
    import httpx  # noqa: PLC0415 - see the module

    return httpx.Timeout(request.timeout, connect=request.connect_timeout)


def _response(answer: httpx.Response) -> Response:
    return Response(answer.status_code, {name.lower(): value for name, value in answer.headers.items()}, answer.content)


def _error(why: httpx.RequestError) -> TransportError:
    import httpx  # noqa: PLC0415 - see the module

    told = f"{type(why).__name__}: {why}" if str(why) else type(why).__name__
    if isinstance(why, httpx.ConnectError | httpx.ConnectTimeout | httpx.ProxyError | httpx.UnsupportedProtocol):
        return ConnectFailed(told)
    return NoAnswer(told)
