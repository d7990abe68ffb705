"""What shows that we wrote a request that waits.

Those of a database without any seal are sealed with everything else in it (:mod:`consentcore_sqlalchemy.sealing`). Of
one that has seals already nobody can tell who put them there: they are begun anew, as they live for minutes.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("interaction", "pushed_request"):
        op.add_column(table, sa.Column("seal", sa.LargeBinary()))
