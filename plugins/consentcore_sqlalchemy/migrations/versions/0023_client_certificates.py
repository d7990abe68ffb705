"""Clients that show a certificate with TLS (RFC 8705): by which name in it they are known, and whether tokens are
bound to it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "client", sa.Column("tls_client_auth", sa.Text(), nullable=False, server_default=sa.text("''"))
    )
    op.add_column(
        "client",
        sa.Column(
            "tls_client_certificate_bound_access_tokens",
            sa.Boolean(),
            nullable=False,
            server_default=sa.false(),
        ),
    )
