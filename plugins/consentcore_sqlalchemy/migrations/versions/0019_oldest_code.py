"""What code a database asks for at least, so that nodes can be upgraded one by one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "consentcore_sqlalchemy_version_oldest", sa.Column("version_num", sa.Text(), primary_key=True)
    )
