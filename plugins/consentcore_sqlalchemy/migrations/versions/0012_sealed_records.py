"""What shows that we wrote a record; :mod:`consentcore_sqlalchemy.sealing` writes it for those that there are."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

TABLES = (
    "client",
    "webhook_endpoint",
    "owner",
    "owner_session",
    "owner_identity",
    "owner_ticket",
    "notice",
    "delivery",
    "notice_snapshot",
)


def upgrade() -> None:
    for table in TABLES:
        op.add_column(table, sa.Column("seal", sa.LargeBinary()))
