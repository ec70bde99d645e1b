"""The pixel's scripts as they were built, one file a version, and the base code that loads one.

A page names a version and its digest; a file that was once published must therefore stay as it is, and stay here.
"""

from __future__ import annotations

import base64
import hashlib
import html
import re
from importlib.resources import files
from typing import NamedTuple

_FILE = re.compile(r"(\d+)\.(\d+)\.(\d+)\.js")
_HERE = files(__name__)


class Built(NamedTuple):
    """One version of the script."""

    version: str
    content: bytes

    @property
    def integrity(self) -> str:
        """What a page's `integrity` attribute says, so that it runs this script and no other."""
        return "sha384-" + base64.b64encode(hashlib.sha384(self.content).digest()).decode()


def built() -> dict[str, Built]:
    """Version -> script, the newest last."""
    found = [
        (tuple(map(int, match.groups())), entry) for entry in _HERE.iterdir() if (match := _FILE.fullmatch(entry.name))
    ]
    scripts = [
        Built(entry.name.removesuffix(".js"), entry.read_bytes()) for _, entry in sorted(found, key=lambda one: one[0])
    ]
    return {script.version: script for script in scripts}


def newest() -> Built:
    """The version that new base code loads."""
    return list(built().values())[-1]


def base_code(edge_url: str, event_group_id: str, *, nonce: str = "") -> str:
    """What to paste into a page, for an event group at this server.

    `nonce`: what the page's content security policy asks of its scripts; none where it is empty.
    """
    script = newest()
    values = {
        "src": f"{edge_url}/pixel.js?v={script.version}",
        "gif": f"{edge_url}/v1/pixel.gif?event_group_id={event_group_id}&event_name=PAGE_VIEW",
        "integrity": script.integrity,
        "group": event_group_id,
        "nonce": f' nonce="{html.escape(nonce)}"' if nonce else "",
    }
    text = (_HERE / "snippet.html").read_text("utf-8")
    for name, value in values.items():
        text = text.replace("{{" + name + "}}", value if name == "nonce" else html.escape(value))
    return text
