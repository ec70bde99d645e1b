"""The two drivers of the flow: one blocks, one awaits. They decide nothing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Generator
from typing import TypeVar

from headgate_client._errors import TransportError
from headgate_client._flow import Send, Step, Told
from headgate_client._transport import AsyncTransport, Request, Response, Transport

_T = TypeVar("_T")


def drive(flow: Generator[Step, Told, _T], transport: Transport, sleep: Callable[[float], None] = time.sleep) -> _T:
    """Carry out a flow in this thread."""
    told: Told = None
    while True:
        try:
            step = flow.send(told)
        except StopIteration as end:
            result: _T = end.value
            return result
        if isinstance(step, Send):
            told = exchange(transport, step.request)
        else:
            told = None
            sleep(step.seconds)


async def drive_async(flow: Generator[Step, Told, _T], transport: AsyncTransport) -> _T:
    """Carry out a flow in this event loop."""
    told: Told = None
    while True:
        try:
            step = flow.send(told)
        except StopIteration as end:
            result: _T = end.value
            return result
        if isinstance(step, Send):
            told = await exchange_async(transport, step.request)
        else:
            told = None
            await asyncio.sleep(step.seconds)


def exchange(transport: Transport, request: Request) -> Response | TransportError:
    """One request and what came of it."""
    try:
        return transport.send(request)
    except TransportError as why:
        return why


async def exchange_async(transport: AsyncTransport, request: Request) -> Response | TransportError:
    """One request and what came of it."""
    try:
        return await transport.send(request)
    except TransportError as why:
        return why
