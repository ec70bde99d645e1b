"""What a page may not send: the reasons, as they stand in the rejections. The page itself is told nothing."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Literal, NamedTuple

from headgate.edge.page import ORIGIN_LIMIT
from headgate.registry.origins import allows
from headgate.registry.snapshot import EventGroup, Snapshot
from headgate_contract import redact

Kind = Literal["unknown_group", "foreign_origin", "partner"]
_SHOWN = 128


class Refusal(NamedTuple):
    """Why nothing of a page's batch is taken."""

    kind: Kind
    #: the account whose group it is; empty where there is no such group
    account_id: str
    #: empty where there is no such group: a stranger's word is no id of ours
    event_group_id: str
    errors: dict[str, str]


def refusal(snapshot: Snapshot, group_id: str, origin: str, partners: AbstractSet[str]) -> Refusal | None:
    """Why a page of `origin` may not send to the group, naming these partners; None where it may."""
    group = snapshot.groups.get(group_id)
    if group is None:
        shown = redact.identifier(group_id)[:_SHOWN]
        return Refusal("unknown_group", "", "", {"event_group_id": f"there is no event group {shown!r}"})
    if not is_at_home(group, origin):
        return Refusal("foreign_origin", group.account_id, group.id, {"origin": _foreign(group, origin)})
    account = snapshot.accounts.get(group.account_id)
    if account is not None and not account.allows(partners):
        return Refusal(
            "partner", group.account_id, group.id, {"partner_name": "the account does not allow this partner"}
        )
    return None


def is_at_home(group: EventGroup, origin: str) -> bool:
    """Whether the group lists the page's site."""
    return len(origin) <= ORIGIN_LIMIT and allows(group.origins, origin)


def _foreign(group: EventGroup, origin: str) -> str:
    if not origin:
        return "the request names no page that it comes from; only pages of the event group's origins may send"
    shown = redact.scrub(origin)[:_SHOWN]
    return (
        f"{shown} is not among the event group's origins; to let its pages send, add it: "
        f"headgate groups update {group.id} --origin …"
    )
