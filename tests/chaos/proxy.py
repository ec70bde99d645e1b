"""A proxy that behaves badly: it refuses, delays, and cuts connections before and after the server's answer."""

from __future__ import annotations

import asyncio
import random
import threading
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

_HEAD_END = b"\r\n\r\n"
_OWED_SHARE = 0.2
_LIMIT = 32 * 1024 * 1024
_REFUSAL = b"HTTP/1.1 %d %s\r\ncontent-type: application/json\r\n%scontent-length: %d\r\nconnection: close\r\n\r\n%s"


KINDS = ("429", "500", "delayed", "cut before", "cut after")


class Trouble(NamedTuple):
    """The share of requests that meet each kind."""

    too_many: float = 0.04
    failed: float = 0.04
    delayed: float = 0.05
    cut_before: float = 0.04
    cut_after: float = 0.04


class Proxy:
    """Listens on loopback and passes requests on, in a thread of its own. `with Proxy(…) as url`."""

    def __init__(self, upstream: Callable[[], tuple[str, int]], trouble: Trouble, seed: int) -> None:
        self.met: Counter[str] = Counter()
        #: numbers of requests from which on everything waits until `release`
        self.hold_at: list[int] = []
        #: every kind is met at least once, however short the run
        self._owed = list(KINDS)
        self._upstream = upstream
        self._trouble = trouble
        self._random = random.Random(seed)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)

    def __enter__(self) -> str:
        self._thread.start()
        starting = asyncio.start_server(self._serve, "127.0.0.1", 0, limit=_LIMIT)
        self._server = asyncio.run_coroutine_threadsafe(starting, self._loop).result(10)
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    @property
    def is_held(self) -> bool:
        """Whether requests wait now."""
        return bool(self.hold_at) and self.met["requests"] >= self.hold_at[0]

    def release(self) -> None:
        """Let the requests that wait go on, until the next number is reached."""
        self.hold_at.pop(0)

    async def _close(self) -> None:
        self._server.close()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._exchange(reader, writer):
                pass
        except (OSError, asyncio.IncompleteReadError):
            self.met["server gone"] += 1
        finally:
            writer.transport.abort()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request; whether the connection goes on."""
        try:
            head, body = await _message(reader)
        except asyncio.IncompleteReadError:
            return False
        self.met["requests"] += 1
        while self.is_held:
            await asyncio.sleep(0.01)
        meets = self._meets()
        self.met[meets] += 1
        if meets == "cut before":
            return False
        if meets in ("429", "500"):
            writer.write(_refusal(int(meets)))
            await writer.drain()
            writer.close()
            await writer.wait_closed()
            return False
        if meets == "delayed":
            await asyncio.sleep(self._random.uniform(0.05, 0.4))
        answer = await self._pass_on(head, body)
        if meets == "cut after":
            return False
        writer.write(answer)
        await writer.drain()
        self.met["answered"] += 1
        return True

    def _meets(self) -> str:
        if self._owed and self._random.random() < _OWED_SHARE:
            return self._owed.pop()
        dice = self._random.random()
        for kind, share in zip(KINDS, self._trouble, strict=True):
            if dice < share:
                return kind
            dice -= share
        return "passed"

    async def _pass_on(self, head: bytes, body: bytes) -> bytes:
        reader, writer = await asyncio.open_connection(*self._upstream(), limit=_LIMIT)
        try:
            writer.write(head + body)
            await writer.drain()
            return b"".join(await _message(reader))
        finally:
            writer.transport.abort()


async def _message(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    try:
        head = await reader.readuntil(_HEAD_END)
    except asyncio.LimitOverrunError:
        raise ConnectionError("endless head") from None
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return head, await reader.readexactly(int(lengths[0].partition(b":")[2]) if lengths else 0)


def _refusal(status: int) -> bytes:
    wait, phrase = (b"retry-after: 0\r\n", b"Too Many Requests") if status == 429 else (b"", b"Internal Server Error")
    body = b'{"code":%d,"description":"the proxy says so"}' % status
    return _REFUSAL % (status, phrase, wait, len(body), body)
