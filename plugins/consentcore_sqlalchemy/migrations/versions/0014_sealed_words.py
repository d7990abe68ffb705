"""What shows that we wrote the words of a scope. Those that are there were pinned without: no release has done so, and
nobody can tell whether somebody else has changed them since; ``init`` pins today's words anew."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("DELETE FROM pinned_scope")
    op.add_column("pinned_scope", sa.Column("seal", sa.LargeBinary()))
