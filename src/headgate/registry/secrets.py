"""Secrets that we only have to know again: kept as their digest, found by it.

They are long and random, so a plain digest is as good as the secret is; passwords, which are neither, are Argon2's.
"""

from __future__ import annotations

import hashlib


def digest(secret: str) -> str:
    """What is kept of a secret: 64 hex digits."""
    # what a browser sends may be any text, half a surrogate pair too
    return hashlib.sha256(secret.encode(errors="surrogatepass")).hexdigest()
