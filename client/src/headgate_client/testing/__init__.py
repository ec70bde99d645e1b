"""A server of the Events API for tests, inside the test's own process: the same contract, no disk and no database.

    def test_a_checkout_sends_a_purchase(headgate_emulator):
        shop = make_shop(headgate_emulator.client("shop"))
        shop.checkout(...)
        assert headgate_emulator.kept[0]["event_name"] == "PURCHASE"

The fixture comes with `headgate-client[emulator]`; outside pytest, make an `Emulator`.
"""

from headgate_client.testing.clock import FrozenClock
from headgate_client.testing.emulator import Emulator
from headgate_client.testing.exchange import Answer, Received
from headgate_client.testing.serve import Served
from headgate_client.testing.transport import EmulatorTransport

__all__ = ["Answer", "Emulator", "EmulatorTransport", "FrozenClock", "Received", "Served"]
