"""What clients may ask for besides scopes, what grants allow of it, and what codes and tokens stand for (RFC 9396)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("consent_grant", "code", "token"):
        _add(table, "authorization_details")
    _add("client", "authorization_details_types")


def _add(table: str, name: str) -> None:
    op.add_column(table, sa.Column(name, sa.Text(), nullable=False, server_default=sa.text("'[]'")))
