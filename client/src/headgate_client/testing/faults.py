"""Which fault a request meets: those that were injected, in their order, and what a test request asks for itself."""

from __future__ import annotations

from collections import deque

from headgate_client.testing.exchange import Refused
from headgate_contract.simulate import HEADER, Fault, read_fault


class Faults:
    """The faults that wait. Not safe for threads by itself."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[Fault, str]] = deque()
        self._met: dict[tuple[str, str], int] = {}

    def inject(self, *texts: str) -> None:
        """Let the next requests meet these faults, one each, or as many as `times` says. Raises `ValueError`."""
        # all are read before the first is taken, so that a wrong one leaves nothing behind
        read = [(read_fault(text), text) for text in texts]
        for fault, text in read:
            self._waiting.append((fault._replace(times=fault.times or 1), text))

    def clear(self) -> None:
        """Forget the faults that wait."""
        self._waiting.clear()

    def __len__(self) -> int:
        return sum(fault.times or 0 for fault, _ in self._waiting)

    def next(self) -> tuple[Fault, str] | None:
        """The fault of the next request, taken."""
        if not self._waiting:
            return None
        fault, text = self._waiting[0]
        left = (fault.times or 1) - 1
        if left:
            self._waiting[0] = fault._replace(times=left), text
        else:
            self._waiting.popleft()
        return fault, text

    def asked(self, values: list[str], key: str) -> tuple[Fault, str] | None:
        """What the header of a test request asks for. Raises `Refused` when it is malformed."""
        if not values:
            return None
        if len(values) > 1:
            raise Refused(400, f"{HEADER}: send the header once")
        try:
            fault = read_fault(values[0])
        except ValueError as why:
            raise Refused(400, f"{HEADER}: {why}") from None
        met = self._met.pop((key, values[0]), 0)
        if fault.times is not None and met >= fault.times:
            return None
        self._met[key, values[0]] = met + 1
        return fault, values[0]
