"""Keeps a process's view of the registry fresh: a thread that looks for a new revision several times a second."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Thread

from headgate.errors import RegistryError
from headgate.registry.base import Registry
from headgate.registry.snapshot import Snapshot

#: a change of the registry holds in every process within this many seconds
PROMISE = 1.0


class Watch:
    """The registry's newest snapshot, in `current`, swapped in whole: read it once a request.

    Reads the registry once when made, and raises `RegistryError` if it cannot: there is nothing to serve yet. From
    `start()` on a thread asks for the revision every `interval` seconds. When the registry cannot be read, `on_error`
    is told, and the last snapshot stays.
    """

    def __init__(
        self,
        registry: Registry,
        *,
        clock: Callable[[], float],
        on_error: Callable[[RegistryError], None] = lambda _error: None,
        interval: float = 0.2,
    ) -> None:
        """`clock`: seconds, never going back."""
        self._registry = registry
        self._clock = clock
        self._on_error = on_error
        self._interval = interval
        self._stop = Event()
        self._thread = Thread(target=self._run, name="registry-watch", daemon=True)
        self.current: Snapshot = registry.snapshot()
        self._read_at = clock()

    def start(self) -> None:
        """Begin to look for changes."""
        self._thread.start()

    def poll(self) -> None:
        """Look once."""
        asked_at = self._clock()
        try:
            if self._registry.revision() != self.current.revision:
                self.current = self._registry.snapshot()
        except RegistryError as error:
            self._on_error(error)
        else:
            self._read_at = asked_at

    def stale_for(self) -> float:
        """Seconds for which changes may have been missed; 0 while we can promise to follow within a second."""
        age = self._clock() - self._read_at
        return age if age > PROMISE else 0.0

    def close(self) -> None:
        """Stop looking. The last snapshot stays; the registry remains open."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(self._interval):
            self.poll()
