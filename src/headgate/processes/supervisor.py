"""Keeping child processes alive: start, watch, restart with back-off, and end them in order.

A child reads its configuration from standard input and takes the end of that stream as the parent's death, so that no
child outlives a supervisor that was killed.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import structlog

log = structlog.get_logger()

#: seconds before the first restart; doubles with each that follows
FIRST_PAUSE = 0.1
LONGEST_PAUSE = 5.0
#: a child that lived this many seconds is taken as healthy: its next restart is quick again
HEALTHY_AFTER = 5.0


@dataclass(frozen=True)
class Role:
    """What a child process is to do."""

    #: for people and log lines: `core`, `edge-0`
    name: str
    #: the module that `python -m` runs
    module: str
    #: what it reads from standard input, as JSON
    config: bytes
    #: descriptors it inherits (listening sockets)
    descriptors: Sequence[int] = ()
    environment: dict[str, str] = field(default_factory=dict)


def next_pause(pause: float, lived: float) -> float:
    """Seconds to wait before a restart, after one of `pause` seconds and a life of `lived` seconds."""
    return FIRST_PAUSE if lived >= HEALTHY_AFTER else min(max(pause, FIRST_PAUSE / 2) * 2, LONGEST_PAUSE)


class Child:
    """One role, kept filled until `stop`."""

    def __init__(self, role: Role) -> None:
        self.role = role
        self.restarts = 0
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = asyncio.Event()

    @property
    def pid(self) -> int | None:
        """Process id of the present child, if one runs."""
        return self._process.pid if self._process and self._process.returncode is None else None

    async def run(self) -> None:
        """Start the child, and again whenever it ends, until `stop` is called."""
        pause = 0.0
        loop = asyncio.get_running_loop()
        while not self._stopping.is_set():
            started = loop.time()
            code = await self._live()
            if self._stopping.is_set():
                return
            self.restarts += 1
            pause = next_pause(pause, loop.time() - started)
            log.error("process ended, restarting", process=self.role.name, status=code, pause=round(pause, 2))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause)

    async def _live(self) -> int:
        """One life of the child, from start to exit status."""
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            self.role.module,
            stdin=asyncio.subprocess.PIPE,
            pass_fds=self.role.descriptors,
            env={**os.environ, **self.role.environment},
            # a Ctrl-C at the terminal is ours to hand on, in order
            start_new_session=True,
        )
        log.info("process started", process=self.role.name, pid=self._process.pid)
        assert self._process.stdin is not None  # noqa: S101 - asked for above
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._process.stdin.write(self.role.config + b"\n")
            await self._process.stdin.drain()
        return await self._process.wait()

    async def stop(self, patience: float) -> None:
        """Ask the child to end; after `patience` seconds, make it."""
        self._stopping.set()
        process = self._process
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), patience)
        except TimeoutError:
            log.error("process did not end in time, killing it", process=self.role.name, patience=patience)
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


class Supervisor:
    """A set of children, started together and ended in the order given."""

    def __init__(self, roles: Sequence[Role]) -> None:
        self.children = [Child(role) for role in roles]

    async def run(self, until: asyncio.Event, patience: float) -> None:
        """Keep all children alive until the event is set, then end them one role after the other."""
        tasks = [asyncio.create_task(child.run(), name=child.role.name) for child in self.children]
        ending = asyncio.create_task(until.wait())
        try:
            await asyncio.wait([ending, *tasks], return_when=asyncio.FIRST_COMPLETED)
        finally:
            ending.cancel()
            for group in self._stages():
                await asyncio.gather(*(child.stop(patience) for child in group))
            await asyncio.gather(*tasks)

    def _stages(self) -> list[list[Child]]:
        """Children of one module end together; modules end in the order in which they were given."""
        modules = dict.fromkeys(child.role.module for child in self.children)
        return [[child for child in self.children if child.role.module == module] for module in modules]


def read_config() -> bytes:
    """In a child: the configuration line on standard input. Without one the parent is gone, and the child ends."""
    return sys.stdin.buffer.readline() or sys.exit(1)


def end_with_parent(stop: Callable[[], object]) -> None:
    """In a child: call `stop` (from a thread) once standard input ends, which is when the parent is gone."""

    def watch() -> None:
        while sys.stdin.buffer.read(4096):
            pass
        stop()

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()
