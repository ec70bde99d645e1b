"""What stands behind the question mark of an address."""

from __future__ import annotations

from urllib.parse import parse_qsl

from headgate.errors import InvalidEnvelope

#: parameters that are read
_MOST = 100


def parameters(query: bytes) -> dict[str, str]:
    """Name -> value, the last where a name is repeated. Raises `InvalidEnvelope`.

    Empty values are left out, but for `opt_out`, which must be a yes or a no.
    """
    try:
        found = parse_qsl(query.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=_MOST)
        return {name: value for name, value in found if value or name == "opt_out"}
    except ValueError:
        raise InvalidEnvelope(f"an address holds at most {_MOST} parameters") from None
