"""Noting that something was used, in the very statement that uses something else up.

Two at once both find it unused; the primary key lets one of them through, and the other's statement has then done
nothing and is repeated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, exists, insert, not_, select

from consentcore.api import OneUse
from consentcore_sqlalchemy.rows.common import Values
from consentcore_sqlalchemy.tables import Hash, Ms, used_once

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, FromClause, Insert, Select

_key = bindparam("use_hash", type_=Hash)


def unused() -> ColumnElement[bool]:
    """Nobody knows that it was used."""
    return not_(exists(select(used_once.c.key_hash).where(used_once.c.key_hash == _key)))


def note(beside: FromClause | None = None) -> Insert:
    """Note it.

    :param beside: once for each row of this; None: once if it is unused.
    """
    new: Any = select(_key, bindparam("use_expires_at", type_=Ms))
    source = new.where(unused()) if beside is None else new.select_from(beside)
    return insert(used_once).from_select(["key_hash", "expires_at"], source, include_defaults=False)


def is_used() -> Select[Any]:
    """A row if it is known that it was used."""
    return select(used_once.c.key_hash).where(used_once.c.key_hash == _key)


def use_values(one_use: OneUse | None) -> Values:
    """Parameters of the statements above; none where nothing is used up."""
    if one_use is None:
        return {}
    return {"use_hash": one_use.key_hash, "use_expires_at": one_use.expires_at}
