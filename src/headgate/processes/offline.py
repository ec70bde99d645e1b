"""The core without its servers, for the command line when no server runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import msgspec

from headgate.processes.assembly import core_parts
from headgate.processes.folder import DataFolder
from headgate.processes.reading import Reports
from headgate.reports import events, reconcile, rejections, trace
from headgate.settings import Settings
from headgate.store.base import Store


@contextmanager
def offline(settings: Settings, meanwhile: AbstractContextManager[object]) -> Iterator[Reports]:
    """The reports of this data folder; what the log holds is first taken into the store, within `meanwhile`.

    Raises `AlreadyRunning` when a core holds the folder after all.
    """
    with core_parts(settings, DataFolder(settings.data)) as parts:
        with meanwhile:
            parts.worker.drain()
        yield _Direct(parts.store)


class _Direct:
    """Reads the store in this process."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def events(self, group: str, *, since: int, status: Any, limit: int) -> Iterator[dict[str, Any]]:
        return events.events(self._store, group, since=since, status=status, limit=limit)

    def rejections(self, group: str | None, *, since: int, limit: int) -> Iterator[dict[str, Any]]:
        return rejections.rejections(self._store, group, since=since, limit=limit)

    def trace(self, event_id: str, group: str | None) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = msgspec.to_builtins(trace.trace(self._store, event_id, group))
        return found

    def reconcile(self, group: str | None, *, since: int) -> list[dict[str, Any]]:
        lines: list[dict[str, Any]] = msgspec.to_builtins(reconcile.reconcile(self._store, group, since=since))
        return lines
