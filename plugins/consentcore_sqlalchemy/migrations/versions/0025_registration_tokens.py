"""What lets applications register themselves."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


ID = sa.Text().with_variant(sa.TEXT(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "registration_token",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("token_id", ID, nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("uses", sa.Integer(), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.Column("seal", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("token_hash", name="registration_token_pkey"),
        sa.UniqueConstraint("token_id", name="registration_token_token_id_key"),
    )
    op.create_index("registration_token_expires_at_idx", "registration_token", ["expires_at"], unique=False)
