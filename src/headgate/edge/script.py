"""`/pixel.js`: the script that a page loads, packed and with a long life where the page names its version."""

from __future__ import annotations

import gzip
from http import HTTPStatus
from typing import NamedTuple

from headgate.edge.pixel_script import Built, built
from headgate.edge.query import parameters
from headgate.edge.reply import Headers, Reply
from headgate.edge.request import Request

#: seconds: a version never changes; a page that names none gets a new one within the hour
_NAMED, _UNNAMED = b"public, max-age=31536000, immutable", b"public, max-age=3600"
_TYPE = b"text/javascript; charset=utf-8"


class _Ready(NamedTuple):
    plain: bytes
    packed: bytes
    etag: bytes


class Script:
    """Serves every version there is, and the newest where none of them is named."""

    def __init__(self) -> None:
        self._versions = {version: _ready(script) for version, script in built().items()}
        self._newest = list(self._versions.values())[-1]

    async def get_script(self, request: Request) -> Reply:
        """The script."""
        headers = dict(request.headers)
        named = self._versions.get(parameters(request.query).get("v", ""))
        script = named or self._newest
        told: Headers = (
            (b"cache-control", _NAMED if named else _UNNAMED),
            (b"etag", script.etag),
            (b"vary", b"Accept-Encoding"),
            # a page that checks the digest must be let see the content
            (b"access-control-allow-origin", b"*"),
            (b"cross-origin-resource-policy", b"cross-origin"),
            (b"x-content-type-options", b"nosniff"),
        )
        if script.etag in headers.get(b"if-none-match", b""):
            return Reply(HTTPStatus.NOT_MODIFIED, b"", told)
        if b"gzip" in headers.get(b"accept-encoding", b""):
            return Reply(HTTPStatus.OK, script.packed, (*told, (b"content-encoding", b"gzip")), _TYPE)
        return Reply(HTTPStatus.OK, script.plain, told, _TYPE)


def _ready(script: Built) -> _Ready:
    etag = f'"{script.integrity[7:23]}"'.encode()
    return _Ready(script.content, gzip.compress(script.content, 9, mtime=0), etag)
