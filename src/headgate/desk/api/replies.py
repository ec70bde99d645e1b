"""What the API answers with, beside the entries of the registry themselves: typed, so that the document shows it."""

from __future__ import annotations

from typing import Annotated

from litestar.params import PathParameter, QueryParameter
from msgspec import Struct

from headgate.desk.snippets import Snippet

AccountId = Annotated[str, PathParameter(description="Id of the account.")]
OrganizationId = Annotated[str, PathParameter(description="Id of the organization.")]
GroupId = Annotated[str, PathParameter(description="Id of the event group.")]
KeyId = Annotated[str, PathParameter(description="Id of the key.")]
PartnerId = Annotated[str, PathParameter(description="Id of the partner.")]
UserId = Annotated[str, PathParameter(description="Id of the user.")]
SessionId = Annotated[str, PathParameter(description="Id of the session, as it is listed.")]
TokenId = Annotated[str, PathParameter(description="Id of the token.")]
Act = Annotated[str, QueryParameter(description="Only this act, exactly.", max_length=200)]
Text = Annotated[str, QueryParameter(description="Text in who did it, to what, or the detail.", max_length=200)]
Before = Annotated[
    int | None, QueryParameter(description="Only acts before the one with this id: how one pages.", ge=0, le=2**62)
]
Limit = Annotated[int, QueryParameter(description="At most so many.", ge=1, le=1000)]


class Me(Struct, frozen=True):
    """Who makes the request."""

    #: None, as is the address: the operator
    user_id: str | None
    email: str | None
    name: str
    #: organization id -> role, given for the organization as a whole
    organizations: dict[str, str]
    #: account id -> role, as it holds: the higher one of what the account and its organization have given
    accounts: dict[str, str]


class Organization(Struct, frozen=True):
    """An organization."""

    id: str
    name: str
    #: role of who makes the request
    role: str


class Account(Struct, frozen=True):
    """An account, as far as all its users see it."""

    id: str
    organization_id: str
    name: str
    #: by its name in the IANA database
    time_zone: str
    #: role of who makes the request
    role: str


class NewAccount(Struct, frozen=True, forbid_unknown_fields=True):
    """An account to be made."""

    id: str
    name: str = ""


class AccountChange(Struct, frozen=True, forbid_unknown_fields=True):
    """What of an account is to be changed; what is left out stays."""

    name: str | None = None
    time_zone: str | None = None


class NewGroup(Struct, frozen=True, forbid_unknown_fields=True):
    """An event group to be made."""

    id: str
    name: str = ""
    #: `article` or `extended`
    identifiers: str = "article"
    #: whether the pixel may set its first-party cookie
    cookie: bool = True
    #: whether the pixel may take raw e-mail addresses and their like, to hash them in the page
    advanced_matching: bool = False
    #: web sites whose pages may send by the pixel
    origins: list[str] = []


class GroupChange(Struct, frozen=True, forbid_unknown_fields=True):
    """What of an event group is to be changed; what is left out stays."""

    name: str | None = None
    identifiers: str | None = None
    cookie: bool | None = None
    advanced_matching: bool | None = None
    #: takes the place of the former list
    origins: list[str] | None = None


class Named(Struct, frozen=True, forbid_unknown_fields=True):
    """A key or token to be made."""

    name: str


class OwnChange(Struct, frozen=True, forbid_unknown_fields=True):
    """What of oneself is to be changed."""

    name: str


class ApiKey(Struct, frozen=True):
    """A key just made."""

    key_id: str
    #: the only time that it is told
    api_key: str


class ApiToken(Struct, frozen=True):
    """A token just made."""

    token_id: str
    #: the only time that it is told
    token: str


class Token(Struct, frozen=True):
    """A token of who makes the request. Times are seconds since 1970, UTC."""

    id: str
    name: str
    created_at: int
    used_at: int | None
    used_from: str


class Session(Struct, frozen=True):
    """A browser in which who makes the request is signed in. Times are seconds since 1970, UTC."""

    id: str
    created_at: int
    seen_at: int
    address: str
    #: as it calls itself
    browser: str


class AllowedPartners(Struct, frozen=True, forbid_unknown_fields=True):
    """The partner names that requests may carry; none: any."""

    names: list[str]


class Connecting(Struct, frozen=True):
    """What senders need to send to an event group."""

    endpoint: str
    event_group_id: str
    #: of the pixel, for the head of every page
    base_code: str
    #: requests to copy, in several languages; they read the key from the environment
    snippets: list[Snippet]


class Invitation(Struct, frozen=True, forbid_unknown_fields=True):
    """Whom to give which role."""

    email: str
    #: `viewer`, `analyst`, `account_admin`; in an organization also `organization_admin`
    role: str
    name: str = ""


class NewRole(Struct, frozen=True, forbid_unknown_fields=True):
    """Which role to give."""

    role: str


class Link(Struct, frozen=True):
    """A user, and the link to their password."""

    user_id: str
    #: works once; None where they have a password already, and the role at once
    link: str | None
