"""Styles, scripts and icons: read once, served under a name that changes with their content, so kept for ever."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path
from typing import Annotated, Any

from litestar import Request, Response, get
from litestar.exceptions import NotFoundException
from litestar.params import PathParameter

FOLDER = Path(__file__).parent / "static"
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


def _read() -> dict[str, bytes]:
    paths = sorted(path for path in FOLDER.rglob("*") if path.suffix in TYPES)
    return {path.relative_to(FOLDER).as_posix(): path.read_bytes() for path in paths}


_files = _read()
#: one for all of them: a script may import its neighbour by a relative name
VERSION = hashlib.sha256(b"".join(name.encode() + content for name, content in _files.items())).hexdigest()[:12]
_zipped = {name: gzip.compress(content, 6, mtime=0) for name, content in _files.items()}


def url(name: str) -> str:
    """Where a file of `static/` is served. Raises `KeyError` where there is none."""
    if name not in _files:
        raise KeyError(name)
    return f"/static/{VERSION}/{name}"


@get("/static/{version:str}/{name:path}", sync_to_thread=False, include_in_schema=False)
def get_asset(
    request: Request[Any, Any, Any], version: Annotated[str, PathParameter()], name: Annotated[Path, PathParameter()]
) -> Response[bytes]:
    """A file."""
    found = name.as_posix().lstrip("/")
    if version != VERSION or found not in _files:
        raise NotFoundException
    headers = {"Cache-Control": "public, max-age=31536000, immutable", "Vary": "Accept-Encoding"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
    content = _zipped[found] if "Content-Encoding" in headers else _files[found]
    return Response(content, media_type=TYPES[name.suffix], headers=headers)
