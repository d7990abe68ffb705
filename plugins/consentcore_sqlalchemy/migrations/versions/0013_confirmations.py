"""The key that whoever presents a code or a token has to prove (RFC 7800), and clients that must prove one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("code", "token"):
        op.add_column(
            table, sa.Column("confirmation", sa.Text(), nullable=False, server_default=sa.text("''"))
        )
    op.add_column(
        "client",
        sa.Column("dpop_bound_access_tokens", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
