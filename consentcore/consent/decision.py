"""What an owner decided, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from consentcore.domain.event import ConsentEvent
    from consentcore.domain.grant import Grant


@dataclass(frozen=True, slots=True)
class Decision:
    """What the owner allowed.

    :ivar scopes: scope tokens out of those asked.
    :ivar resources: references of chosen resources, see :mod:`consentcore.domain.resource`.
    :ivar resource_kinds: of which kinds they were chosen anew; empty for all. None: nothing was to be chosen.
    :ivar labels: what the page called the chosen resources, by reference: kept beside the evidence.
    :ivar days: for how long, out of what was offered; None for what is chosen unless somebody chooses.
    """

    scopes: tuple[str, ...]
    resources: tuple[str, ...] = ()
    resource_kinds: tuple[str, ...] | None = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    days: int | None = None


@dataclass(frozen=True, slots=True)
class Approval:
    """The grant, its event, and the authorization code in clear: for the redirect and nowhere else."""

    grant: Grant
    event: ConsentEvent
    code: str
