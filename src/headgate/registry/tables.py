"""The registry's tables. The migrations arrive at exactly these; a test compares them.

Times are seconds since 1970, UTC. Plain SQL types only: the same tables serve SQLite and PostgreSQL.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    false,
    true,
)

#: longest id, as senders and administrators may choose it
ID_LENGTH = 128
#: longest name of anything
NAME_LENGTH = 200
#: longest e-mail address there can be
EMAIL_LENGTH = 254
#: longest network address, IPv6 with a zone
ADDRESS_LENGTH = 64
#: longest origin of a web site: scheme, host name and port
ORIGIN_LENGTH = 300

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
    }
)

#: one row; its number goes up in the same transaction as every other write
revision = Table(
    "revision",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("number", BigInteger, nullable=False),
)

organizations = Table(
    "organizations",
    metadata,
    Column("id", String(ID_LENGTH), primary_key=True),
    Column("name", String(NAME_LENGTH), nullable=False),
    Column("created_at", BigInteger, nullable=False),
)

accounts = Table(
    "accounts",
    metadata,
    Column("id", String(ID_LENGTH), primary_key=True),
    Column("organization_id", String(ID_LENGTH), ForeignKey("organizations.id"), nullable=False, index=True),
    Column("name", String(NAME_LENGTH), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("time_zone", String(64)),
)

#: the `partner_name`s that an account allows; none listed: any
account_partners = Table(
    "account_partners",
    metadata,
    Column("account_id", String(ID_LENGTH), ForeignKey("accounts.id"), primary_key=True),
    Column("partner_name", String(NAME_LENGTH), primary_key=True),
)

event_groups = Table(
    "event_groups",
    metadata,
    Column("id", String(ID_LENGTH), primary_key=True),
    Column("account_id", String(ID_LENGTH), ForeignKey("accounts.id"), nullable=False, index=True),
    Column("name", String(NAME_LENGTH), nullable=False),
    Column("identifiers", String(20), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("cookie", Boolean, nullable=False, server_default=true()),
    Column("advanced_matching", Boolean, nullable=False, server_default=false()),
)

#: the web sites whose pages may send events of a group by the pixel; none listed: none may
event_group_origins = Table(
    "event_group_origins",
    metadata,
    Column("event_group_id", String(ID_LENGTH), ForeignKey("event_groups.id"), primary_key=True),
    Column("origin", String(ORIGIN_LENGTH), primary_key=True),
)

partners = Table(
    "partners",
    metadata,
    Column("id", String(ID_LENGTH), primary_key=True),
    Column("name", String(NAME_LENGTH), nullable=False),
    Column("created_at", BigInteger, nullable=False),
)

#: which accounts a partner's keys may send for
partner_grants = Table(
    "partner_grants",
    metadata,
    Column("partner_id", String(ID_LENGTH), ForeignKey("partners.id"), primary_key=True),
    Column("account_id", String(ID_LENGTH), ForeignKey("accounts.id"), primary_key=True),
    Column("granted_at", BigInteger, nullable=False),
)

#: what is known of an API key; the key itself is stored nowhere
keys = Table(
    "keys",
    metadata,
    Column("id", String(ID_LENGTH), primary_key=True),
    Column("account_id", String(ID_LENGTH), ForeignKey("accounts.id"), index=True),
    Column("partner_id", String(ID_LENGTH), ForeignKey("partners.id"), index=True),
    Column("name", String(NAME_LENGTH), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("created_by", String(NAME_LENGTH), nullable=False),
    Column("revoked_at", BigInteger),
    CheckConstraint("(account_id IS NULL) <> (partner_id IS NULL)", name="one_owner"),
)

#: people who sign in to the console; without a password hash: invited, and not yet in
users = Table(
    "users",
    metadata,
    Column("id", String(ID_LENGTH), primary_key=True),
    Column("email", String(EMAIL_LENGTH), nullable=False),
    Column("name", String(NAME_LENGTH), nullable=False),
    Column("password_hash", String(200)),
    Column("created_at", BigInteger, nullable=False),
    Column("disabled_at", BigInteger),
    Index("ix_users_email", "email", unique=True),
)

#: what a user may do in all accounts of an organization
organization_roles = Table(
    "organization_roles",
    metadata,
    Column("user_id", String(ID_LENGTH), ForeignKey("users.id"), primary_key=True),
    Column("organization_id", String(ID_LENGTH), ForeignKey("organizations.id"), primary_key=True),
    Column("role", String(20), nullable=False),
)

#: what a user may do in one account
account_roles = Table(
    "account_roles",
    metadata,
    Column("user_id", String(ID_LENGTH), ForeignKey("users.id"), primary_key=True),
    Column("account_id", String(ID_LENGTH), ForeignKey("accounts.id"), primary_key=True),
    Column("role", String(20), nullable=False),
)

#: links that work once: an invitation, a new password, or the first user of all (then without one)
links = Table(
    "links",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("purpose", String(20), nullable=False),
    Column("user_id", String(ID_LENGTH), ForeignKey("users.id"), index=True),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
)

#: who is signed in where; the browser holds what `id_hash` is the digest of
sessions = Table(
    "sessions",
    metadata,
    Column("id_hash", String(64), primary_key=True),
    Column("user_id", String(ID_LENGTH), ForeignKey("users.id"), nullable=False, index=True),
    Column("created_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
    Column("address", String(ADDRESS_LENGTH), nullable=False),
    Column("browser", String(NAME_LENGTH), nullable=False),
)

#: what scripts of a user authenticate with; shown once, only its digest is here
user_tokens = Table(
    "user_tokens",
    metadata,
    Column("id", String(ID_LENGTH), primary_key=True),
    Column("user_id", String(ID_LENGTH), ForeignKey("users.id"), nullable=False, index=True),
    Column("name", String(NAME_LENGTH), nullable=False),
    Column("token_hash", String(64), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("used_at", BigInteger),
    Column("used_from", String(ADDRESS_LENGTH), nullable=False),
    Column("revoked_at", BigInteger),
    Index("ix_user_tokens_token_hash", "token_hash", unique=True),
)

#: sign-ins that were tried and did not succeed, by user name and by address
sign_in_tries = Table(
    "sign_in_tries",
    metadata,
    #: digest of what is counted: a mistyped user name may be a password
    Column("subject", String(64), primary_key=True),
    Column("tries", Integer, nullable=False),
    Column("since", BigInteger, nullable=False, index=True),
)

#: who changed what, when and from where; only ever added to
acts = Table(
    "acts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("by", String(NAME_LENGTH), nullable=False),
    Column("act", String(40), nullable=False),
    Column("subject", String(ID_LENGTH), nullable=False),
    Column("detail", Text, nullable=False),
    #: network address that it was done from; none for the command line
    Column("address", String(ADDRESS_LENGTH)),
    #: whom it concerns; an act on an account says its organization too
    Column("account_id", String(ID_LENGTH), index=True),
    Column("organization_id", String(ID_LENGTH), index=True),
    Index("ix_acts_subject", "subject"),
)
