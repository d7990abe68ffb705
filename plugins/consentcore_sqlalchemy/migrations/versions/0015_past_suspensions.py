"""When a client was suspended, and let go on."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "client", sa.Column("suspensions", sa.Text(), nullable=False, server_default=sa.text("'[]'"))
    )
