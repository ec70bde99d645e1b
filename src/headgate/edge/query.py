"""What stands behind the question mark of an address."""

from __future__ import annotations

from urllib.parse import parse_qsl

from headgate.errors import InvalidEnvelope

#: parameters that are read
_MOST = 100


def parameters(query: bytes) -> dict[str, str]:
    """Name -> value, the last where a name is repeated; empty values are left out. Raises `InvalidEnvelope`."""
    try:
        return dict(parse_qsl(query.decode("utf-8", "replace"), max_num_fields=_MOST))
    except ValueError:
        raise InvalidEnvelope(f"an address holds at most {_MOST} parameters") from None
