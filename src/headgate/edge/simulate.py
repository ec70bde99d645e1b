"""Faults on demand at `/v1/test_events`: what the header `X-Headgate-Simulate` asks for. Nowhere else is it looked at."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections import OrderedDict
from collections.abc import Callable, Coroutine, MutableMapping, Sequence
from http import HTTPStatus
from typing import Any

from headgate.edge.reply import Reply, plain_reply
from headgate.errors import InvalidEnvelope
from headgate_contract.answer import refusal
from headgate_contract.simulate import HEADER, Fault, read_fault

#: faults that are counted at once, for `times`
_COUNTED = 1000
#: where a connection's scope has what cuts it
CUT = "headgate.cut"


class ConnectionCut(Exception):
    """The fault is that there is no answer."""


class Simulations:
    """Which fault a request meets; `times` is counted for each key and header value, in this worker."""

    def __init__(self) -> None:
        self._met: OrderedDict[tuple[str, bytes], int] = OrderedDict()

    def fault(self, values: Sequence[bytes], key_id: str) -> Fault | None:
        """The fault that the header's values ask for. Raises `InvalidEnvelope` when they are malformed."""
        if not values:
            return None
        if len(values) > 1:
            raise InvalidEnvelope(f"{HEADER}: send the header once")
        try:
            fault = read_fault(values[0].decode("latin-1"))
        except ValueError as why:
            raise InvalidEnvelope(f"{HEADER}: {why}") from None
        if fault.times is None:
            return fault
        return fault if self._is_met(fault.times, (key_id, values[0])) else None

    def _is_met(self, times: int, counted: tuple[str, bytes]) -> bool:
        """Whether the fault still holds. After so many requests one goes through, and the count begins anew."""
        met = self._met.pop(counted, 0)
        if met >= times:
            return False
        self._met[counted] = met + 1
        if len(self._met) > _COUNTED:
            self._met.popitem(last=False)
        return True


async def act(fault: Fault, reply: Reply) -> Reply:
    """What the fault makes of an answer. Raises `ConnectionCut`."""
    await asyncio.sleep(fault.slow)
    if fault.cuts:
        raise ConnectionCut
    if fault.kind != "status":
        return reply
    headers = ((b"retry-after", b"%d" % fault.retry_after),) if fault.retry_after is not None else ()
    said = f"simulated fault: {HTTPStatus(fault.status).phrase}"
    if fault.status == HTTPStatus.BAD_REQUEST:
        return Reply(fault.status, refusal(fault.status, said), headers)
    return plain_reply(fault.status, said, headers)


def cutter(transport: asyncio.Transport) -> Callable[[], None]:
    """What ends a connection as a crash would: at once, with a reset."""

    def cut() -> None:
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()

    return cut


async def cut(
    scope: MutableMapping[str, Any], receive: Callable[[], Coroutine[Any, Any, MutableMapping[str, Any]]]
) -> None:
    """Cut the connection of a request, and wait until the server has seen it."""
    if end := scope.get("state", {}).get(CUT):
        end()
    while (await receive())["type"] != "http.disconnect":
        pass
