"""The core's loop as a thread: take blocks at a pace, back off while a part is unavailable, stop loudly where that is due."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable

import structlog

from headgate.errors import CoreStopped, LogCorrupt, LogUnavailable, StoreUnavailable
from headgate.processes.logging import places
from headgate.stream.worker import Worker

log = structlog.get_logger()

#: seconds between looks at a log that had nothing new
IDLE = 0.05
#: least seconds from one block to the next, unless the last one was full: few large blocks are cheaper than many small
PACE = 0.3
#: a block with this many events is full
FULL = 10_000
LONGEST_PAUSE = 10.0


class CoreLoop:
    """Runs a worker until stopped. `die` ends the process: for what no code of ours expected."""

    def __init__(self, worker: Worker, die: Callable[[int], None] = os._exit) -> None:
        self._worker = worker
        self._die = die
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="core", daemon=True)
        self._pause = 0.0
        #: why the loop gave up, or what it waits for; None while all is well
        self.trouble: str | None = None

    def start(self) -> None:
        """Begin to take blocks."""
        self._thread.start()

    def close(self) -> None:
        """Finish the present block and stop."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            began = time.monotonic()
            try:
                taken = self._worker.run_once()
            except (CoreStopped, LogCorrupt) as error:
                self.trouble = f"stopped: {error}"
                log.critical("the core has stopped; nothing is loaded until this is mended", reason=str(error))
                return
            except (StoreUnavailable, LogUnavailable) as error:
                self._back_off(str(error))
            except Exception as error:  # noqa: BLE001 - a process in an unknown state is better started afresh
                log.critical("the core failed", error=type(error).__name__, places=places(error.__traceback__))
                self._die(1)
                return
            else:
                self._note(self._worker.trouble)
                if taken < FULL:
                    self._stop.wait(max(PACE - (time.monotonic() - began), 0.0) if taken else IDLE)

    def _note(self, trouble: str | None) -> None:
        """A block was loaded, or there was none; `trouble` does not keep the next from being loaded."""
        if trouble and trouble != self.trouble:
            log.error("the core is in trouble", reason=trouble)
        self.trouble, self._pause = trouble, 0.0

    def _back_off(self, reason: str) -> None:
        self._pause = min(max(self._pause * 2, 0.1), LONGEST_PAUSE)
        self.trouble = f"waiting: {reason}"
        log.error("the core waits", reason=reason, pause=self._pause)
        self._stop.wait(self._pause)
