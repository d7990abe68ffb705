"""What an operator does to a grant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from consentcore.consent.reason import check_reason
from consentcore.domain.errors import InvalidInput, InvalidTransition, NotFound
from consentcore.domain.event import Evidence
from consentcore.domain.json_text import read_json
from consentcore.domain.parties import Actor, ActorType
from consentcore.ports.storage import transact

if TYPE_CHECKING:
    from consentcore.consent.service import ConsentService
    from consentcore.consent.transition import GrantChange
    from consentcore.ports.storage import Storage
    from consentcore.ports.transactions import UnitOfWork


def revoke(
    service: ConsentService, uow: UnitOfWork, grant_id: str, *, by: str, reason: str, method: str
) -> GrantChange:
    """Revoke a grant: its tokens are dead at once; data owner and application are told.

    :param by: the operator, as the system knows them.
    :param reason: 1 to 1000 characters.
    :param method: the control that was used, such as ``cli:revoke``.
    :raises InvalidInput: field ``reason``, when it is none.
    :raises NotFound: when there is no such grant.
    :raises InvalidTransition: when it has ended.
    """
    evidence = Evidence(method, reason_text=check_reason(reason, needed=True))
    return service.revoke(uow, grant_id, actor=Actor(ActorType.OPERATOR, by), evidence=evidence)


def grants_in(text: str) -> list[str]:
    """The grants that a comparison with a bundle says stand again: the member ``revoke`` of its JSON.

    :raises InvalidInput: field ``from``, when the text is something else.
    """
    try:
        found = read_json(text)["revoke"]
    except (ValueError, TypeError, LookupError):
        found = None
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise InvalidInput("from", "expected what `audit compare --json` answers")
    return list(dict.fromkeys(found))


def revoke_several(
    service: ConsentService, storage: Storage, grant_ids: Iterable[str], *, by: str, reason: str, method: str
) -> Iterator[tuple[str, GrantChange | None, str]]:
    """Revoke grants one by one, each in a transaction of its own: its id, what became of it, and why nothing did.

    :raises InvalidInput: field ``reason``, when it is none; before anything is revoked.
    """
    check_reason(reason, needed=True)
    for grant_id in grant_ids:
        work = partial(revoke, service, grant_id=grant_id, by=by, reason=reason, method=method)
        try:
            yield grant_id, transact(storage, work), ""
        except (NotFound, InvalidTransition) as error:
            yield grant_id, None, str(error)
