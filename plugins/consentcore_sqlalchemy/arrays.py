"""Many rows as the parameters of one statement of PostgreSQL: an array for each column."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import ARRAY, Table, Text, bindparam, cast, func

if TYPE_CHECKING:
    from sqlalchemy.sql.selectable import TableValuedAlias


def columns_of(table: Table) -> dict[str, Any]:
    """The columns of a table with their types, as :func:`arrays` takes them."""
    return {each.name: Text if isinstance(each.type, Text) else each.type for each in table.c}


def arrays(prefix: str, columns: Mapping[str, Any], name: str) -> TableValuedAlias:
    """Arrays of equal length as the columns of a table.

    :param prefix: of the names of the parameters, before that of the column.
    :param name: of the table in the statement.
    """
    given = (cast(bindparam(prefix + each), ARRAY(kind)) for each, kind in columns.items())
    return func.unnest(*given).table_valued(*columns).render_derived(name=name)
