"""What an operator does to a grant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from consentcore.consent.reason import check_reason
from consentcore.domain.event import Evidence
from consentcore.domain.parties import Actor, ActorType

if TYPE_CHECKING:
    from consentcore.consent.service import ConsentService
    from consentcore.consent.transition import GrantChange
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
