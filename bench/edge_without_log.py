"""The edge with the log switched off: what durability costs is what this does not pay."""

from __future__ import annotations

import asyncio

from headgate.log.sqlite import OnCommit
from headgate.processes import edge
from headgate.processes.child import ChildConfig
from headgate_contract.event import Receipt


class Nothing:
    """An appender that keeps nothing and says so at once."""

    def append(self, _receipt: Receipt) -> asyncio.Future[None]:
        """Done already."""
        done = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done

    def ready(self) -> str | None:
        """Always."""
        return None

    async def close(self) -> None:
        """Nothing to close."""


def _nothing(_config: ChildConfig, _on_commit: OnCommit) -> Nothing:
    return Nothing()


if __name__ == "__main__":
    edge.main(_nothing)
