"""What goes wrong while an upload is tried again, told now and then: one that only waits looks like one that hangs."""

from __future__ import annotations

import time
from collections.abc import Callable

from headgate_client._answer import passing
from headgate_client._errors import TransportError
from headgate_client._transport import Request, Response, Transport

#: seconds without a good answer, after which it is told, and between two times of telling
_SOON, _EVERY = 2.0, 15.0


class Watched:
    """A transport that knows since when nothing went right, and what last went wrong."""

    def __init__(
        self, carrier: Transport, say: Callable[[str], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._carrier = carrier
        self._say = say
        self._clock = clock
        self._since: float | None = None
        self._told = float("-inf")
        self._trouble = ""

    def send(self, request: Request) -> Response:
        """The whole answer, whatever its status. Raises `TransportError` where there is none."""
        try:
            response = self._carrier.send(request)
        except TransportError as why:
            self._note(str(why))
            raise
        if passing(response.status) is None:
            self._since = None
        else:
            self._note(f"the server answers {response.status}")
        return response

    def _note(self, trouble: str) -> None:
        self._trouble = trouble
        self._since = self._clock() if self._since is None else self._since

    def tell(self) -> None:
        """A request is about to be waited with: say why, where that is due."""
        now, since = self._clock(), self._since
        if since is not None and now - since >= _SOON and now - self._told >= _EVERY:
            self._told = now
            self._say(f"no luck for {now - since:.0f} s: {self._trouble}; trying again")

    def close(self) -> None:
        """Let go of connections."""
        self._carrier.close()
