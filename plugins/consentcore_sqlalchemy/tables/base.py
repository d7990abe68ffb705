"""What all tables share: their names' convention and the types of their columns."""

from __future__ import annotations

from sqlalchemy import BigInteger, LargeBinary, MetaData, Text, text
from sqlalchemy.dialects import postgresql

metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
    }
)

# Ids sort by code point everywhere: pages must not depend on the server's locale.
Id = Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
Json = Text
Ms = BigInteger
Hash = LargeBinary

ACTIVE_ONLY = text("state = 'active'")
PENDING_ONLY = text("state = 'pending'")
