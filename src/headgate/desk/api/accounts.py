"""Accounts, event groups, keys and partners over the API: what the settings pages do."""

from __future__ import annotations

from typing import cast

from litestar import delete, get, patch, post, put
from litestar.params import JSONBody

from headgate.desk import key_rings, partnerships, snippets
from headgate.desk.api import replies
from headgate.desk.api.replies import AccountId, GroupId, KeyId, OrganizationId, PartnerId
from headgate.desk.frame import Frame, FrameHere
from headgate.desk.key_rings import KeyLine
from headgate.desk.partnerships import PartnerLine
from headgate.registry import accounts, event_groups, organizations
from headgate.registry.accounts import AccountEntry
from headgate.registry.event_groups import EventGroupEntry
from headgate_contract.vocabulary import Identifiers

ACCOUNT = "/api/accounts/{account_id:str}"


@get("/api/organizations", sync_to_thread=True)
def get_organizations(frame: FrameHere) -> list[replies.Organization]:
    """The organizations that have given one a role in all their accounts."""
    with frame.reading() as connection:
        entries = organizations.entries(connection)
    held = [(each, frame.visitor.role_in_organization(each.id)) for each in entries]
    return [replies.Organization(each.id, each.name, role.word) for each, role in held if role is not None]


@get("/api/accounts", sync_to_thread=True)
def get_accounts(frame: FrameHere) -> list[replies.Account]:
    """The accounts that one has a role in."""
    with frame.reading() as connection:
        entries = accounts.entries(connection)
    return [_account(frame, entry) for entry in frame.visitor.sees(entries)]


@get(ACCOUNT, sync_to_thread=True)
def get_account(frame: FrameHere, account_id: AccountId) -> replies.Account:
    """An account."""
    return _account(frame, frame.account)


@patch(ACCOUNT, sync_to_thread=True)
def patch_account(frame: FrameHere, account_id: AccountId, data: JSONBody[replies.AccountChange]) -> replies.Account:
    """Change name or time zone."""
    with frame.change() as change:
        return _account(frame, accounts.update_entry(change, account_id, name=data.name, time_zone=data.time_zone))


@post("/api/organizations/{organization_id:str}/accounts", sync_to_thread=True)
def post_account(
    frame: FrameHere, organization_id: OrganizationId, data: JSONBody[replies.NewAccount]
) -> replies.Account:
    """Make an account."""
    with frame.change() as change:
        return _account(frame, accounts.create(change, data.id, organization_id=organization_id, name=data.name))


@get(f"{ACCOUNT}/groups", sync_to_thread=True)
def get_groups(frame: FrameHere, account_id: AccountId) -> list[EventGroupEntry]:
    """The event groups of an account."""
    with frame.reading() as connection:
        return [each for each in event_groups.entries(connection) if each.account_id == account_id]


@post(f"{ACCOUNT}/groups", sync_to_thread=True)
def post_group(frame: FrameHere, account_id: AccountId, data: JSONBody[replies.NewGroup]) -> EventGroupEntry:
    """Make an event group."""
    with frame.change() as change:
        return event_groups.create(
            change,
            data.id,
            account_id=account_id,
            name=data.name,
            identifiers=cast("Identifiers", data.identifiers),
            cookie=data.cookie,
            advanced_matching=data.advanced_matching,
            origins=data.origins,
        )


@get(f"{ACCOUNT}/groups/{{group_id:str}}", sync_to_thread=True)
def get_group(frame: FrameHere, account_id: AccountId, group_id: GroupId) -> EventGroupEntry:
    """An event group."""
    return frame.group


@patch(f"{ACCOUNT}/groups/{{group_id:str}}", sync_to_thread=True)
def patch_group(
    frame: FrameHere,
    account_id: AccountId,
    group_id: GroupId,
    data: JSONBody[replies.GroupChange],
) -> EventGroupEntry:
    """Change an event group."""
    with frame.change() as change:
        return event_groups.update_entry(
            change,
            group_id,
            name=data.name,
            identifiers=cast("Identifiers | None", data.identifiers),
            cookie=data.cookie,
            advanced_matching=data.advanced_matching,
            origins=data.origins,
        )


@get(f"{ACCOUNT}/groups/{{group_id:str}}/connect", sync_to_thread=True)
def get_connecting(frame: FrameHere, account_id: AccountId, group_id: GroupId) -> replies.Connecting:
    """What senders need: the endpoint, the pixel's base code, and requests to copy."""
    edge_url = frame.console.edge_url or snippets.NO_EDGE
    return replies.Connecting(
        f"{edge_url}/v1/events",
        frame.group.id,
        frame.console.base_code(edge_url, frame.group.id),
        snippets.snippets(edge_url, frame.group.id, frame.console.clock()),
    )


@get(f"{ACCOUNT}/keys", sync_to_thread=True)
def get_keys(frame: FrameHere, account_id: AccountId) -> list[KeyLine]:
    """The keys of an account, revoked ones too."""
    return key_rings.list_keys(frame)


@post(f"{ACCOUNT}/keys", sync_to_thread=True)
def post_key(frame: FrameHere, account_id: AccountId, data: JSONBody[replies.Named]) -> replies.ApiKey:
    """Generate a key, and tell it: this once."""
    made = key_rings.make_key(frame, data.name)
    return replies.ApiKey(made.id, made.token)


@delete(f"{ACCOUNT}/keys/{{key_id:str}}", sync_to_thread=True)
def delete_key(frame: FrameHere, account_id: AccountId, key_id: KeyId) -> None:
    """Revoke a key, for good."""
    key_rings.revoke_key(frame, key_id)


@get(f"{ACCOUNT}/partners", sync_to_thread=True)
def get_partners(frame: FrameHere, account_id: AccountId) -> list[PartnerLine]:
    """All partners of the installation, and whether this account has granted them that they send for it."""
    return partnerships.list_partners(frame)


@put(f"{ACCOUNT}/partners/{{partner_id:str}}", status_code=204, sync_to_thread=True)
def put_grant(frame: FrameHere, account_id: AccountId, partner_id: PartnerId) -> None:
    """Let a partner's keys send for the account."""
    partnerships.grant(frame, partner_id)


@delete(f"{ACCOUNT}/partners/{{partner_id:str}}", sync_to_thread=True)
def delete_grant(frame: FrameHere, account_id: AccountId, partner_id: PartnerId) -> None:
    """Let them no longer."""
    partnerships.withdraw(frame, partner_id)


@get(f"{ACCOUNT}/allowed-partners", sync_to_thread=True)
def get_allowed(frame: FrameHere, account_id: AccountId) -> replies.AllowedPartners:
    """The partner names that requests may carry; none: any."""
    return replies.AllowedPartners(list(frame.account.allowed_partners))


@put(f"{ACCOUNT}/allowed-partners", sync_to_thread=True)
def put_allowed(
    frame: FrameHere, account_id: AccountId, data: JSONBody[replies.AllowedPartners]
) -> replies.AllowedPartners:
    """Change them."""
    return replies.AllowedPartners(list(partnerships.allow(frame, data.names)))


def _account(frame: Frame, entry: AccountEntry) -> replies.Account:
    role = frame.visitor.role_in(entry)
    return replies.Account(entry.id, entry.organization_id, entry.name, entry.time_zone, role.word if role else "")


ROUTES = (
    get_organizations,
    get_accounts,
    get_account,
    patch_account,
    post_account,
    get_groups,
    post_group,
    get_group,
    patch_group,
    get_connecting,
    get_keys,
    post_key,
    delete_key,
    get_partners,
    put_grant,
    delete_grant,
    get_allowed,
    put_allowed,
)
