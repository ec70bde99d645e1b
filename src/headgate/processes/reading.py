"""The reports for the command line, asked of the running server; `offline` has them when none runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any, Protocol

import httpx
import msgspec

from headgate.errors import HeadgateError, StoreUnavailable
from headgate.processes.folder import DataFolder, Running
from headgate.settings import Settings

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
def asking(settings: Settings) -> Iterator[Reports | None]:
    """The reports of this data folder, asked of the server that runs there; None when there is no such server.

    Raises `HeadgateError` when there is no data folder.
    """
    folder = DataFolder(settings.data)
    if not folder.registry.exists() and not folder.log.exists():
        raise HeadgateError(f"there is nothing in {folder.root}; name the server's folder with --data")
    running = folder.read_running()
    if running is None or not _answers(running):
        yield None
        return
    if not folder.operator_token.exists():
        raise HeadgateError(f"{folder.operator_token} is missing; the server makes it again when it is restarted")
    with httpx.Client(
        base_url=running.desk_url,
        headers={"Authorization": f"Bearer {folder.read_operator_token()}"},
        timeout=httpx.Timeout(PATIENCE, read=None),
    ) as client:
        yield _Asked(client)


def _answers(running: Running) -> bool:
    try:
        return httpx.get(f"{running.desk_url}/healthz", timeout=5).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


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
        try:
            said = str(msgspec.json.decode(answer.content)["description"])
        except (msgspec.MsgspecError, LookupError, TypeError):
            said = answer.text[:500]
        raise HeadgateError(f"the server answered {answer.status_code}: {said}")
