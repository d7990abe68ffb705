"""What a client signs, and what is signed for it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "client",
        sa.Column("require_signed_request_object", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    for name in (
        "request_object_signing_alg",
        "authorization_signed_response_alg",
        "introspection_signed_response_alg",
    ):
        op.add_column("client", sa.Column(name, sa.Text(), nullable=False, server_default=sa.text("''")))
