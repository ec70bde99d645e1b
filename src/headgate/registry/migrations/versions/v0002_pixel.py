"""What the pixel may do in an event group, and on which sites."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "v0002"
down_revision: str | None = "v0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the settings, as they are for a new group, and the table of origins."""
    op.add_column("event_groups", sa.Column("cookie", sa.Boolean(), server_default=sa.true(), nullable=False))
    op.add_column(
        "event_groups", sa.Column("advanced_matching", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.create_table(
        "event_group_origins",
        sa.Column("event_group_id", sa.String(length=128), nullable=False),
        sa.Column("origin", sa.String(length=300), nullable=False),
        sa.ForeignKeyConstraint(["event_group_id"], ["event_groups.id"], name="fk_event_group_origins_event_group_id"),
        sa.PrimaryKeyConstraint("event_group_id", "origin", name="pk_event_group_origins"),
    )
