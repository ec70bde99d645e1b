"""The reports for the command line: asked of the running server, or read from the store when none runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any, Protocol

import httpx
import msgspec

from headgate.errors import HeadgateError, StoreUnavailable
from headgate.processes.assembly import core_parts
from headgate.processes.folder import DataFolder, Running
from headgate.reports import events, reconcile, rejections, trace
from headgate.settings import Settings
from headgate.store.base import Store

#: seconds for a report to begin; a large one takes longer to end
PATIENCE = 60.0


#: fractions of a row are money: exact
_decode = msgspec.json.Decoder(float_hook=Decimal).decode


class Reports(Protocol):
    """The reports as plain data. Times are microseconds since 1970, UTC; `limit` 0 is all."""

    def events(self, group: str, *, since: int, status: str | None, limit: int) -> Iterator[dict[str, Any]]:
        """See `reports.events`."""

    def rejections(self, group: str | None, *, since: int, limit: int) -> Iterator[dict[str, Any]]:
        """See `reports.rejections`."""

    def trace(self, event_id: str, group: str | None) -> list[dict[str, Any]]:
        """See `reports.trace`."""

    def reconcile(self, group: str | None, *, since: int) -> list[dict[str, Any]]:
        """See `reports.reconcile`."""


@contextmanager
def reading(settings: Settings) -> Iterator[Reports]:
    """The reports of this data folder. Without a server, what the log holds is first taken into the store.

    Raises `HeadgateError` when there is no data folder, and `AlreadyRunning` when a core holds it that cannot be asked.
    """
    folder = DataFolder(settings.data)
    if not folder.registry.exists() and not folder.log.exists():
        raise HeadgateError(f"there is nothing in {folder.root}; name the server's folder with --data")
    running = folder.read_running()
    if running is not None and _answers(running):
        with httpx.Client(
            base_url=running.desk_url,
            headers={"Authorization": f"Bearer {folder.read_operator_token()}"},
            timeout=httpx.Timeout(PATIENCE, read=None),
        ) as client:
            yield _Asked(client)
        return
    with core_parts(settings, folder) as parts:
        parts.worker.drain()
        yield _Direct(parts.store)


def _answers(running: Running) -> bool:
    try:
        return httpx.get(f"{running.desk_url}/healthz", timeout=5).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


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


class _Asked:
    """Asks the desk of the running server."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def events(self, group: str, *, since: int, status: str | None, limit: int) -> Iterator[dict[str, Any]]:
        return self._stream("/api/events", group=group, since=since, status=status, limit=limit)

    def rejections(self, group: str | None, *, since: int, limit: int) -> Iterator[dict[str, Any]]:
        return self._stream("/api/rejections", group=group, since=since, limit=limit)

    def trace(self, event_id: str, group: str | None) -> list[dict[str, Any]]:
        return self._list("/api/trace", event_id=event_id, group=group)

    def reconcile(self, group: str | None, *, since: int) -> list[dict[str, Any]]:
        return self._list("/api/reconcile", group=group, since=since)

    def _list(self, path: str, **asked: Any) -> list[dict[str, Any]]:
        try:
            answer = self._client.get(path, params=_given(asked))
        except httpx.HTTPError as error:
            raise StoreUnavailable(f"the server does not answer: {error}") from error
        _require_ok(answer)
        found: list[dict[str, Any]] = msgspec.json.decode(answer.content)
        return found

    def _stream(self, path: str, **asked: Any) -> Iterator[dict[str, Any]]:
        try:
            with self._client.stream("GET", path, params=_given(asked)) as answer:
                if answer.status_code != httpx.codes.OK:
                    answer.read()
                    _require_ok(answer)
                for line in answer.iter_lines():
                    yield _decode(line)
        except httpx.HTTPError as error:
            raise StoreUnavailable(f"the server stopped answering: {error}") from error


def _given(asked: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in asked.items() if value is not None}


def _require_ok(answer: httpx.Response) -> None:
    if answer.status_code != httpx.codes.OK:
        raise HeadgateError(f"the server answered {answer.status_code}: {answer.text[:500]}")
