"""What is said at the top of a page after something was done on the one before: word in the address -> sentence."""

from __future__ import annotations

from collections.abc import Mapping

SAID: Mapping[str, str] = {
    "signed-out": "You are signed out.",
    "saved": "Saved.",
}
