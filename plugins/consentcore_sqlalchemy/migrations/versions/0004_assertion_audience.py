"""What aud of a client's assertions may be, for each client."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Empty: as before, for the clients that are there.
    column = sa.Column("assertion_audience", sa.Text(), nullable=False, server_default=sa.text("''"))
    op.add_column("client", column)
