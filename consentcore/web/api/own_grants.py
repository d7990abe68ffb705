"""The grants of an application as it may see them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from consentcore.domain.clock import iso
from consentcore.domain.errors import InvalidInput, NotFound
from consentcore.domain.grant import Grant, standing
from consentcore.domain.grant_states import ENDED, STOOD, GrantState, state_profile
from consentcore.ports.keys import pairwise_subject

if TYPE_CHECKING:
    from pyramid.request import Request

STATES = {
    "active": frozenset({GrantState.ACTIVE}),
    "ended": ENDED,
    **{one.value: frozenset({one}) for one in sorted(ENDED)},
}
"""Values of the parameter ``state``."""
BATCH = 500
SCANNED = 2000
"""Grants that one request looks at while it searches for a subject."""


@dataclass(frozen=True)
class Page:
    """Some grants, and how it goes on."""

    grants: Sequence[Grant]
    next_after: str | None
    has_more: bool


def find(request: Request, client_id: str, values: Mapping[str, str], *, limit: int) -> Page:
    """A page by id, narrowed by the parameters ``after``, ``state`` and ``subject``.

    It may be shorter than ``limit`` and still have more after it: one request looks at no more than 2000 grants.

    :raises InvalidInput: when ``state`` is none.
    """
    state, after = values.get("state", ""), values.get("after", "")
    if state and state not in STATES:
        raise InvalidInput("state", f"expected one of {', '.join(STATES)}")
    wanted = _wanted(request, state, values.get("subject", ""))
    read = _reader(request, client_id, STATES.get(state, STOOD))
    batch = BATCH if "subject" in values else limit
    found: list[Grant] = []
    for _ in range(SCANNED // BATCH):
        rows = read(after, batch + 1)
        for row in rows[:batch]:
            if len(found) == limit:
                return Page(found, after, has_more=True)
            after = row.grant_id
            if wanted(row):
                found.append(row)
        if len(rows) <= batch:
            return Page(found, after or None, has_more=False)
    return Page(found, after, has_more=True)


def own(request: Request, client_id: str) -> Grant:
    """The grant that the path names.

    :raises NotFound: there is none of this client's.
    """
    grant_id = request.matchdict["grant_id"]
    found: Grant | None = request.uow.grants.get(grant_id)
    if found is None or found.client_id != client_id or found.state not in STOOD:
        raise NotFound("grant", grant_id)
    return found


def truth(request: Request, grant: Grant) -> dict[str, object]:
    """A grant as its client may know it: identifiers and state, nothing personal."""
    found = standing(grant, request.now)
    issuer = request.runtime.settings.issuer.rstrip("/")
    return {
        "grant_id": grant.grant_id,
        "client_id": grant.client_id,
        "subject": pairwise_subject(request.runtime.keys, grant.client_id, grant.owner_id),
        "status": state_profile(found.state).status,
        "state": found.state.value,
        "scopes": list(grant.scope_ids) if found.active else [],
        "last_scopes": list(grant.scope_ids),
        "resources": list(grant.resources),
        "sequence": grant.sequence,
        "created_at": iso(grant.created_at),
        "changed_at": iso(found.ended_at or grant.changed_at),
        "expires_at": iso(grant.expires_at),
        "replaces": grant.replaces or None,
        "grant_url": f"{issuer}/api/v1/grants/{grant.grant_id}",
    }


def _reader(
    request: Request, client_id: str, states: frozenset[GrantState]
) -> Callable[[str, int], Sequence[Grant]]:
    """How rows are read: by id, from behind one, so many; those too whose end no event tells of yet."""
    grants = request.uow.grants

    def stored(after: str, limit: int) -> Sequence[Grant]:
        return grants.of_client(client_id, states, after=after, limit=limit)

    if GrantState.EXPIRED not in states or GrantState.ACTIVE in states:
        return stored
    due = grants.due(request.now, SCANNED)
    if len(due) == SCANNED:  # the worker is far behind: the row of each one has to be looked at
        return _reader(request, client_id, states | {GrantState.ACTIVE})
    over = [one for one in due if one.client_id == client_id]

    def with_over(after: str, limit: int) -> Sequence[Grant]:
        rows = [*stored(after, limit), *(one for one in over if one.grant_id > after)]
        return sorted(rows, key=lambda one: one.grant_id)[:limit]

    return with_over


def _wanted(request: Request, state: str, subject: str) -> Callable[[Grant], bool]:
    """What the store cannot tell: how it stands by now, and whose subject it is."""
    keys, now, states = request.runtime.keys, request.now, STATES.get(state, STOOD)

    def wanted(one: Grant) -> bool:
        if standing(one, now).state not in states:
            return False
        mine = pairwise_subject(keys, one.client_id, one.owner_id)
        return subject in {"", mine}

    return wanted
