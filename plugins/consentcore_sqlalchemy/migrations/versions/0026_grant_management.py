"""Which applications manage their grants, and from when on refresh tokens of a grant count."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "client", sa.Column("grant_management", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.add_column(
        "consent_grant",
        sa.Column("refresh_from", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
    )
