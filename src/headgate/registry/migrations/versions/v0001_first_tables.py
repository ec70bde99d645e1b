"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "v0001"
down_revision: str | None = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables, and the first revision."""
    _make_bookkeeping()
    _make_organizations_and_accounts()
    _make_event_groups()
    _make_partners()
    _make_keys()


def _make_bookkeeping() -> None:
    op.create_table(
        "revision",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_revision"),
    )
    op.create_table(
        "acts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("act", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=128), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_acts"),
    )
    op.create_index("ix_acts_subject", "acts", ["subject"], unique=False)
    op.execute("INSERT INTO revision (id, number) VALUES (1, 0)")


def _make_organizations_and_accounts() -> None:
    op.create_table(
        "organizations",
        sa.Column("id", sa.String(length=128), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_organizations"),
    )
    op.create_table(
        "accounts",
        sa.Column("id", sa.String(length=128), nullable=False),
        sa.Column("organization_id", sa.String(length=128), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name="fk_accounts_organization_id"),
        sa.PrimaryKeyConstraint("id", name="pk_accounts"),
    )
    op.create_index("ix_accounts_organization_id", "accounts", ["organization_id"], unique=False)
    op.create_table(
        "account_partners",
        sa.Column("account_id", sa.String(length=128), nullable=False),
        sa.Column("partner_name", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_account_partners_account_id"),
        sa.PrimaryKeyConstraint("account_id", "partner_name", name="pk_account_partners"),
    )


def _make_event_groups() -> None:
    op.create_table(
        "event_groups",
        sa.Column("id", sa.String(length=128), nullable=False),
        sa.Column("account_id", sa.String(length=128), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("identifiers", sa.String(length=20), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_event_groups_account_id"),
        sa.PrimaryKeyConstraint("id", name="pk_event_groups"),
    )
    op.create_index("ix_event_groups_account_id", "event_groups", ["account_id"], unique=False)


def _make_partners() -> None:
    op.create_table(
        "partners",
        sa.Column("id", sa.String(length=128), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_partners"),
    )
    op.create_table(
        "partner_grants",
        sa.Column("partner_id", sa.String(length=128), nullable=False),
        sa.Column("account_id", sa.String(length=128), nullable=False),
        sa.Column("granted_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_partner_grants_account_id"),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name="fk_partner_grants_partner_id"),
        sa.PrimaryKeyConstraint("partner_id", "account_id", name="pk_partner_grants"),
    )


def _make_keys() -> None:
    op.create_table(
        "keys",
        sa.Column("id", sa.String(length=128), nullable=False),
        sa.Column("account_id", sa.String(length=128), nullable=True),
        sa.Column("partner_id", sa.String(length=128), nullable=True),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.String(length=200), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("(account_id IS NULL) <> (partner_id IS NULL)", name=op.f("ck_keys_one_owner")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_keys_account_id"),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name="fk_keys_partner_id"),
        sa.PrimaryKeyConstraint("id", name="pk_keys"),
    )
    op.create_index("ix_keys_account_id", "keys", ["account_id"], unique=False)
    op.create_index("ix_keys_partner_id", "keys", ["partner_id"], unique=False)
