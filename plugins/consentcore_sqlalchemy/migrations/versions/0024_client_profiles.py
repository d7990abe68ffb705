"""Clients that are held to a profile, such as FAPI 2.0."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("client", sa.Column("profile", sa.Text(), nullable=False, server_default=sa.text("''")))
