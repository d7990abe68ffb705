"""Runs the migrations on the connection, and in the transaction, of the caller."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from alembic import context

from consentcore_sqlalchemy.schema import VERSION_TABLE
from consentcore_sqlalchemy.tables import metadata

if TYPE_CHECKING:
    from alembic.runtime.migration import MigrationContext, MigrationInfo


def note_step(
    ctx: MigrationContext,  # noqa: ARG001 - Alembic passes everything by name
    step: MigrationInfo,
    heads: Collection[Any],  # noqa: ARG001
    run_args: Mapping[str, Any],  # noqa: ARG001
) -> None:
    """Remember what was done."""
    revision: Any = step.up_revision
    context.config.attributes["steps"].append(f"{revision.revision}: {' '.join(revision.doc.split())}")


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    transactional_ddl=True,
    on_version_apply=note_step,
)
with context.begin_transaction():
    context.run_migrations()
