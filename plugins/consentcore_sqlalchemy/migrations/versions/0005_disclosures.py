"""Personal values apart from the evidence that commits to them, and what is left where one was forgotten."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

ID = sa.Text().with_variant(sa.TEXT(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "disclosure",
        sa.Column("digest", ID, nullable=False),
        sa.Column("encoded", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="disclosure_pkey"),
    )
    op.create_table(
        "tombstone",
        sa.Column("subject", ID, nullable=False),
        sa.Column("forgotten_at", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("seal", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("subject", name="tombstone_pkey"),
    )
