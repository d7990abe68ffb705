"""Pages that several people are shown for the first time at once: the key lets each keep a copy."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

ID = sa.Text().with_variant(sa.TEXT(collation="C"), "postgresql")
NAME, KEY = "notice_snapshot", ["snapshot_hash", "copy"]


def upgrade() -> None:
    copy = sa.Column("copy", ID, nullable=False, server_default=sa.text("''"))
    if op.get_context().dialect.name == "postgresql":
        op.add_column(NAME, copy)
        op.drop_constraint(f"{NAME}_pkey", NAME, type_="primary")
        op.create_primary_key(f"{NAME}_pkey", NAME, KEY)
        return
    # SQLite changes no key of a table that is there.
    op.create_table(
        f"{NAME}_next",
        sa.Column("snapshot_hash", ID, nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("seal", sa.LargeBinary()),
        copy,
        sa.PrimaryKeyConstraint(*KEY, name=f"{NAME}_pkey"),
    )
    op.execute(
        "INSERT INTO notice_snapshot_next (snapshot_hash, content, created_at, seal) "
        "SELECT snapshot_hash, content, created_at, seal FROM notice_snapshot"
    )
    op.drop_table(NAME)
    op.rename_table(f"{NAME}_next", NAME)
