"""The demo organization, account, event group and API key: something to send to, one minute after the installation."""

from __future__ import annotations

import time
import uuid

import msgspec

from headgate.errors import Unauthorized
from headgate.processes.folder import DataFolder, Running
from headgate.registry import accounts, event_groups, keys, organizations
from headgate.registry.base import Registry
from headgate.registry.tokens import read_signing_key
from headgate.settings import Settings

ORGANIZATION = "demo"
ACCOUNT = "demo"
EVENT_GROUP = "demo_website"


class Demo(msgspec.Struct, frozen=True, kw_only=True):
    """What `demo.json` says, for scripts."""

    edge_url: str
    desk_url: str
    api_key: str
    event_group_id: str


class Prepared(msgspec.Struct, frozen=True):
    """The demo, and whether its key was made just now."""

    demo: Demo
    is_new: bool


def prepare_demo(settings: Settings, folder: DataFolder, running: Running) -> Prepared | None:
    """Bring the registry up to date and write `demo.json`, if the settings want a demo.

    A key is stored nowhere but in that file, which is there for scripts: where it is missing, a new key is made.
    """
    registry = Registry.at(settings.registry, folder.registry)
    try:
        registry.migrate()
        read_signing_key(folder.signing_key)
        if not settings.demo:
            return None
        known = _known_key(registry, folder)
        api_key = known or _make(registry, folder)
    finally:
        registry.close()
    demo = Demo(edge_url=running.edge_url, desk_url=running.desk_url, api_key=api_key, event_group_id=EVENT_GROUP)
    folder.write_private(folder.demo, msgspec.json.format(msgspec.json.encode(demo)).decode() + "\n")
    return Prepared(demo, known is None)


def _known_key(registry: Registry, folder: DataFolder) -> str | None:
    """The key in the `demo.json` of an earlier start, if it still holds."""
    try:
        api_key = msgspec.json.decode(folder.demo.read_bytes(), type=Demo).api_key
        claims = keys.verify(api_key, read_signing_key(folder.signing_key).public_key())
    except (OSError, msgspec.MsgspecError, Unauthorized):
        return None
    return api_key if claims.key_id in registry.snapshot().keys else None


def _make(registry: Registry, folder: DataFolder) -> str:
    with registry.change(by="headgate serve", now=int(time.time())) as change:
        if organizations.find(change.connection, ORGANIZATION) is None:
            organizations.create(change, ORGANIZATION, name="Demo organization")
        if accounts.find(change.connection, ACCOUNT) is None:
            accounts.create(change, ACCOUNT, organization_id=ORGANIZATION, name="Demo account")
        if event_groups.find(change.connection, EVENT_GROUP) is None:
            event_groups.create(change, EVENT_GROUP, account_id=ACCOUNT, name="Demo website")
        return keys.create(
            change,
            read_signing_key(folder.signing_key),
            f"demo-{uuid.uuid4().hex[:12]}",
            account_id=ACCOUNT,
            name="Demo key",
        )
