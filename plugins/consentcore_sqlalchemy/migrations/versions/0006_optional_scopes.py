"""Which scopes a client can do without, and which of them an owner has left out."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table, name in (("client", "optional_scopes"), ("consent_grant", "declined")):
        op.add_column(table, sa.Column(name, sa.Text(), nullable=False, server_default=sa.text("'[]'")))
