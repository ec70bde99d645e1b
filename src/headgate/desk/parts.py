"""What the desk is made of: handed in by the process that serves it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from headgate.desk.passwords import Passwords
from headgate.registry.base import Registry
from headgate.store.base import Store


@dataclass(frozen=True)
class Console:
    """What the pages, and users at all, need on top of the reports."""

    registry: Registry
    #: signs new API keys
    signing_key: Ed25519PrivateKey
    passwords: Passwords
    #: seconds since 1970, UTC
    clock: Callable[[], int]
    #: random text that nobody can guess, for ids, links, sessions and tokens
    secret: Callable[[], str]
    #: where senders reach the public API, for what is shown to be copied
    edge_url: str
    #: public URL and event group id -> what to paste into a page
    base_code: Callable[[str, str], str]


@dataclass(frozen=True)
class Desk:
    """What the desk shows."""

    store: Store
    #: the secret of whoever may read the data folder
    operator_token: str
    #: rows of the log that are durable and not in the store
    behind: Callable[[], int]
    #: why nothing is being loaded, or None
    trouble: Callable[[], str | None]
    #: where all processes keep their metrics
    metrics_folder: str
    #: None: no pages and no users; reports are for the operator only
    console: Console | None = None
