"""An edge with real parts but for the disk: what the edge's tests send requests to."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, MutableMapping, Sequence
from functools import partial
from itertools import count
from typing import Any, NamedTuple

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from prometheus_client import CollectorRegistry

from headgate.edge.app import EdgeApp
from headgate.edge.limits import EdgeLimits
from headgate.edge.metrics import EdgeMetrics
from headgate.edge.parts import Parts
from headgate.edge.server import EdgeServer, Serving, edge_server
from headgate.log.memory import MemoryLog
from headgate.registry.snapshot import Account, EventGroup, Key, Snapshot
from headgate.registry.tokens import Claims, sign, verify
from headgate_contract.event import Receipt

NOW = 1_700_000_000
DIGEST = "f660ab912ec121d1b1e928a0bb4bc61b15f5ad44d5efdc4e1c92a25e99b8e44a"
GROUP = "shop"


class Registered:
    """The registry's twin: two accounts, one partner, and whatever a test puts there."""

    def __init__(self) -> None:
        self.stale = 0.0
        self.current = Snapshot(
            revision=1,
            groups={
                GROUP: EventGroup(GROUP, "acme", "article"),
                "app": EventGroup("app", "acme", "extended"),
                "elsewhere": EventGroup("elsewhere", "zenith", "article"),
            },
            keys={
                "key-acme": Key("key-acme", "acme", None),
                "key-other": Key("key-other", "acme", None),
                "key-partner": Key("key-partner", None, "agency"),
            },
            accounts={"acme": Account("acme", frozenset()), "zenith": Account("zenith", frozenset({"Agency"}))},
            grants={"agency": frozenset({"zenith"})},
        )

    def stale_for(self) -> float:
        return self.stale

    def change(self, **fields: Any) -> None:
        self.current = msgspec.structs.replace(self.current, revision=self.current.revision + 1, **fields)


class Clock:
    """Microseconds since 1970, moved by hand."""

    def __init__(self) -> None:
        self.now = NOW * 1_000_000

    def __call__(self) -> int:
        return self.now

    def move(self, seconds: float) -> None:
        self.now += int(seconds * 1_000_000)


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)


class EdgeSite:
    """Everything that an edge needs, and a way to send to it."""

    def __init__(self, limits: EdgeLimits = EdgeLimits()) -> None:  # noqa: B008 - frozen
        self.clock = Clock()
        self.registered = Registered()
        self.log = MemoryLog(clock=self.clock)
        self.limits = limits
        self.metrics = CollectorRegistry()
        self.signatures_checked = 0
        self._signing_key = Ed25519PrivateKey.generate()
        self._ids = count(1)
        self.parts = Parts(
            appender=self.log.appender("edge-0"),
            registered=self.registered,
            verify=self._verify,
            metrics=EdgeMetrics(self.metrics),
            clock=self.clock,
            new_request_id=lambda: f"request-{next(self._ids)}",
        )
        self.app = EdgeApp(self.parts, limits)

    def _verify(self, token: str) -> Claims:
        self.signatures_checked += 1
        return verify(token, self._signing_key.public_key())

    def token(self, key_id: str = "key-acme") -> str:
        key = self.registered.current.keys.get(key_id) or Key(key_id, "acme", None)
        return sign(self._signing_key, Claims(key.id, key.account_id, key.partner_id), NOW)

    def foreign_token(self) -> str:
        return sign(Ed25519PrivateKey.generate(), Claims("key-acme", "acme", None), NOW)

    def headers(self, key_id: str = "key-acme", **more: str) -> dict[str, str]:
        """Good headers; a keyword with an underscore is a header with a dash, and one that is empty is left out."""
        headers = {"content-type": "application/json", "authorization": f"Bearer {self.token(key_id)}"}
        headers |= {name.replace("_", "-"): value for name, value in more.items()}
        return {name: value for name, value in headers.items() if value}

    async def post(
        self,
        body: bytes | dict[str, Any],
        path: str = "/v1/events",
        headers: dict[str, str] | None = None,
        **more: Any,
    ) -> Answer:
        sent = body if isinstance(body, bytes) else msgspec.json.encode(body)
        return await self.request("POST", path, [sent], self.headers() if headers is None else headers, **more)

    async def request(
        self,
        method: str,
        path: str,
        chunks: Sequence[bytes] = (b"",),
        headers: dict[str, str] | Sequence[tuple[str, str]] = (),
        **scope: Any,
    ) -> Answer:
        """Run the application on one request, without a socket. A last chunk of `...` never comes."""
        pairs = headers.items() if isinstance(headers, dict) else headers
        asked = {
            "type": "http",
            "method": method,
            "path": path,
            "scheme": "http",
            "client": ("127.0.0.1", 1),
            "headers": [(name.encode(), value.encode("latin-1")) for name, value in pairs],
            **scope,
        }
        sent: list[MutableMapping[str, Any]] = []

        async def send(message: MutableMapping[str, Any]) -> None:
            sent.append(message)

        await self.app(asked, _receive(chunks), send)
        if not sent:
            raise ConnectionError("the request was not answered")
        start, end = sent
        found = {name.decode(): value.decode() for name, value in start["headers"]}
        assert len(found) == len(start["headers"])
        assert found.get("content-length", "0") == str(len(end["body"]))
        return Answer(start["status"], found, end["body"])

    async def receipts(self) -> list[Receipt]:
        """What is in the log."""
        await asyncio.sleep(0)
        reader = self.log.reader()
        return [receipt for row in reader.read("edge-0", 1, limit=1 << 30) for receipt in row.receipts]

    def count(self, name: str, **labels: str) -> float:
        """A metric's value."""
        return self.metrics.get_sample_value(name, labels) or 0.0

    @contextlib.asynccontextmanager
    async def served(self, serving: Serving = Serving()) -> AsyncIterator[tuple[EdgeServer, int]]:  # noqa: B008 - frozen
        """A real server on loopback, and its port."""
        server = edge_server(self.parts, self.limits, serving)
        listening = socket.create_server(("127.0.0.1", 0), backlog=2048)
        port = listening.getsockname()[1]
        serve = asyncio.create_task(server._serve([listening]))
        try:
            while not server.started:
                await asyncio.sleep(0.005)
            yield server, port
        finally:
            server.should_exit = True
            await serve


class _Never:
    pass


NEVER: Any = _Never()


def _receive(chunks: Sequence[Any]) -> Any:
    async def receive(rest: list[Any]) -> dict[str, Any]:
        if not rest:
            return {"type": "http.disconnect"}
        chunk = rest.pop(0)
        if chunk is NEVER:
            await asyncio.Event().wait()
        return {"type": "http.request", "body": chunk, "more_body": bool(rest)}

    return partial(receive, list(chunks))


def event(**fields: Any) -> dict[str, Any]:
    """A good event in normal form; a field that is None is left out."""
    made = {
        "event_id": "e-1",
        "event_name": "PURCHASE",
        "event_type": "conversion",
        "event_time": NOW - 60,
        "event_source": "website",
        "user_data": {"em": DIGEST},
        **fields,
    }
    return {name: value for name, value in made.items() if value is not None}


def batch(*events: Any, group: str = GROUP) -> dict[str, Any]:
    return {"event_group_id": group, "events": list(events or (event(),))}
