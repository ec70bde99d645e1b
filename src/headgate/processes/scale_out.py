"""Whether the parts that the settings put elsewhere can be: known without a connection, so before anything starts."""

from __future__ import annotations

from headgate.errors import SettingsError
from headgate.settings import Settings
from headgate.store.address import read_address


def check_scale_out(settings: Settings) -> None:
    """Raise `SettingsError` for a log or store that there cannot be."""
    if settings.log:
        # not the value: it may hold a password
        raise SettingsError("log: this version reads no log but the embedded one; leave it empty")
    if settings.store:
        read_address(settings.store)
