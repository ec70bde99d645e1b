"""What a key may do, by the registry's newest snapshot (decisions 4 and 6)."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from headgate.errors import KeyNotForGroup, PartnerNotAllowed, Unauthorized, UnknownEventGroup
from headgate.registry.snapshot import EventGroup, Key, Snapshot
from headgate_contract.validate import Rules


class Access:
    """One key's rights, for one request. Raises `Unauthorized` when the key was revoked since it was recognised."""

    def __init__(self, key: Key, snapshot: Snapshot) -> None:
        if key.id not in snapshot.keys:
            raise Unauthorized
        self._key = key
        self._snapshot = snapshot

    def rules_of(self, event_group_id: str) -> Rules:
        """How the events of this group are validated.

        Raises `UnknownEventGroup`, `KeyNotForGroup` or `PartnerNotAllowed`.
        """
        group = self._group(event_group_id)
        partner = self._key.partner_id
        if partner is None:
            if self._key.account_id != group.account_id:
                raise KeyNotForGroup
        elif group.account_id not in self._snapshot.grants.get(partner, frozenset()):
            raise PartnerNotAllowed(
                "The account of this event group did not grant access to the partner of this API key."
            )
        return Rules(group.identifiers)

    def account_of(self, event_group_id: str) -> str:
        """Whose group it is. Raises `UnknownEventGroup`."""
        return self._group(event_group_id).account_id

    def require_partners(self, event_group_id: str, partner_names: AbstractSet[str]) -> None:
        """Raise `PartnerNotAllowed` when events name a partner that the account does not list.

        An account that lists none allows any.
        """
        if not partner_names:
            return
        account = self._snapshot.accounts.get(self.account_of(event_group_id))
        if account is not None and not account.allows(partner_names):
            raise PartnerNotAllowed

    def _group(self, event_group_id: str) -> EventGroup:
        group = self._snapshot.groups.get(event_group_id)
        if group is None:
            raise UnknownEventGroup
        return group
