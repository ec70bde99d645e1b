"""Bodies of requests: what cannot be read is the sender's fault, and is told so."""

from __future__ import annotations

from typing import Any

from litestar import Request
from litestar.exceptions import ValidationException


class DeskRequest(Request[Any, Any, Any]):
    """A request whose body, where it is no JSON at all, is refused with 400.

    The decoder tells of bad bytes and of a thousand brackets by errors of the language, not by its own.
    """

    async def json(self) -> Any:
        """The body as JSON. Raises `ValidationException`."""
        try:
            return await super().json()
        except UnicodeDecodeError:
            raise ValidationException("The body is no JSON: it has bytes that are not UTF-8.") from None
        except RecursionError:
            raise ValidationException("The body is no JSON that could be read: it is nested too deep.") from None
