"""What the edge needs to know of the registry, as one value that never changes."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet

from msgspec import Struct

from headgate_contract.vocabulary import Identifiers


class EventGroup(Struct, frozen=True, gc=False):
    """An event group: whose it is, which identifiers suffice in it, and what its pixel may do."""

    id: str
    account_id: str
    identifiers: Identifiers
    #: whether the pixel may set its first-party cookie
    cookie: bool = True
    #: whether the pixel may take raw e-mail addresses and their like, to hash them in the page
    advanced_matching: bool = False
    #: the web sites whose pages may send; see `headgate.registry.origins`
    origins: frozenset[str] = frozenset()


class Key(Struct, frozen=True, gc=False):
    """A key that is not revoked: an account's or a partner's, never both."""

    id: str
    account_id: str | None
    partner_id: str | None


class Account(Struct, frozen=True):
    """An account, and the `partner_name`s it allows; an empty set allows any."""

    id: str
    allowed_partners: frozenset[str]

    def allows(self, partner_names: AbstractSet[str]) -> bool:
        """Whether events may name these partners (decision 6)."""
        return not self.allowed_partners or partner_names <= self.allowed_partners


class Snapshot(Struct, frozen=True):
    """The registry at one revision."""

    revision: int
    #: event group id -> event group
    groups: Mapping[str, EventGroup]
    #: key id -> key; revoked keys are not in it
    keys: Mapping[str, Key]
    #: account id -> account
    accounts: Mapping[str, Account]
    #: partner id -> accounts that it may send for; a partner without grants may be missing
    grants: Mapping[str, frozenset[str]]
