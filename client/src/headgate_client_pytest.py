"""The fixtures that pytest finds by itself where `headgate-client` is installed.

It is no part of the package, so that a test run which uses none of them does not import it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from headgate_client.testing import Emulator


@pytest.fixture
def headgate_emulator() -> Emulator:
    """An Events API server in this process, fresh for each test: see `headgate_client.testing.Emulator`."""
    from headgate_client.testing import Emulator  # noqa: PLC0415 - a test run that does not use it does not pay for it

    return Emulator()


@pytest.fixture
def headgate_emulator_url(headgate_emulator: Emulator) -> Iterator[str]:
    """The base URL of `headgate_emulator` on a real port of loopback."""
    with headgate_emulator.serve() as url:
        yield url
