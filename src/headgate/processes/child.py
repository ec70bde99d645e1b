"""What the supervisor tells a child process, over its standard input."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from headgate.settings import Settings


class ChildConfig(msgspec.Struct, frozen=True, kw_only=True):
    """One child's part of the whole."""

    settings: Settings
    #: `core`, or the partition that an edge worker writes: `edge-0`, `edge-1`, …
    name: str
    #: the listening socket that it inherits
    descriptor: int
    cert: Path | None = None
    key: Path | None = None


def encode(config: ChildConfig) -> bytes:
    """One line of JSON."""
    return msgspec.json.encode(config, enc_hook=str)


def decode(line: bytes) -> ChildConfig:
    """What `encode` wrote."""
    return msgspec.json.decode(line, type=ChildConfig, dec_hook=_path)


def _path(_type: type, value: Any) -> Path:
    return Path(value)
