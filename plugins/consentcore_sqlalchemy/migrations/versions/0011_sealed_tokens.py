"""What shows that we wrote a code or a token; :mod:`consentcore_sqlalchemy.sealing` writes it for those there are."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table, name in (("code", "family_proof"), ("code", "seal"), ("token", "seal")):
        op.add_column(table, sa.Column(name, sa.LargeBinary()))
