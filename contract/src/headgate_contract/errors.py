"""What this package raises on purpose, beside the `ValueError`s of single values."""

from __future__ import annotations


class NotABatch(Exception):
    """The body of a request is no batch of events; the message says why, and nothing of it is accepted."""
