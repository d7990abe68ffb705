"""Suspended clients, and who shut one out."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("disabled", "suspended"):
        op.add_column("client", sa.Column(f"{name}_at", sa.BigInteger(), nullable=True))
        for what in ("by", "reason"):
            column = sa.Column(f"{name}_{what}", sa.Text(), nullable=False, server_default=sa.text("''"))
            op.add_column("client", column)
