"""Who may send what: keys, event groups and partners, as the registry of a real server would have it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from headgate_client.testing.exchange import Refused
from headgate_contract.validate import Rules
from headgate_contract.vocabulary import Identifiers

_LONGEST_KEY = 1024
UNAUTHORIZED = "The API key is missing, malformed, unsigned or revoked. Send it as 'Authorization: Bearer <key>'."
NOT_FOR_GROUP = "The API key is valid, but not for the account of this event group."
NOT_ALLOWED = "The account of this event group does not allow this partner."
NO_GROUP = "There is no event group with this event_group_id."


class Access:
    """The rules of one emulator. As long as no key is known any key is good, and as long as no group is, any group."""

    def __init__(self) -> None:
        self._keys: dict[str, frozenset[str] | None] | None = None
        self._groups: dict[str, Rules] | None = None
        self._partners: frozenset[str] = frozenset()
        self._any_group = Rules()

    def add_key(self, key: str, groups: Iterable[str] | None = None) -> None:
        """Know a key, good for these event groups or for all; from now on others are refused."""
        self._keys = {**(self._keys or {}), key: None if groups is None else frozenset(groups)}

    def revoke_key(self, key: str) -> None:
        """Refuse this key from now on."""
        self._keys = {known: groups for known, groups in (self._keys or {}).items() if known != key}

    def know_groups(self, groups: Mapping[str, Identifiers]) -> None:
        """Know these event groups, each with its `identifiers` setting; others do not exist."""
        self._groups = {**(self._groups or {}), **{name: Rules(setting) for name, setting in groups.items()}}

    def set_identifiers(self, identifiers: Identifiers) -> None:
        """The setting of every event group that nothing else was said about."""
        self._any_group = Rules(identifiers)

    def allow_partners(self, names: Iterable[str]) -> None:
        """Take events of these partners only."""
        self._partners = frozenset(names)

    def authenticate(self, authorizations: list[str]) -> str:
        """The key of a request. Raises `Refused`."""
        if len(authorizations) == 1:
            scheme, _, key = authorizations[0].strip().partition(" ")
            key = key.strip()
            good = bool(key) and scheme.lower() == "bearer" and key.isascii() and len(key) <= _LONGEST_KEY
            if good and (self._keys is None or key in self._keys):
                return key
        raise Refused(401, UNAUTHORIZED, {"www-authenticate": 'Bearer realm="headgate"'})

    def rules_of(self, key: str, event_group_id: str) -> Rules:
        """How events of this group are validated. Raises `Refused` where there is none, or not for this key."""
        rules = self._any_group if self._groups is None else self._groups.get(event_group_id)
        if rules is None:
            raise Refused(404, NO_GROUP)
        groups = (self._keys or {}).get(key)
        if groups is not None and event_group_id not in groups:
            raise Refused(403, NOT_FOR_GROUP)
        return rules

    def require_partners(self, names: frozenset[str]) -> None:
        """Raise `Refused` when events name a partner that is not allowed."""
        if self._partners and not names <= self._partners:
            raise Refused(403, NOT_ALLOWED)
