"""Events that wait for their place in the log, by age: what is next is found however many wait."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

WAITS = sa.text("leaf_index IS NULL")


def upgrade() -> None:
    op.create_index(
        "consent_event_waiting",
        "consent_event",
        ["leaf_index", "occurred_at", "grant_id", "sequence", "event_id"],
        postgresql_where=WAITS,
        sqlite_where=WAITS,
    )
    op.drop_index("consent_event_unsequenced", "consent_event")
