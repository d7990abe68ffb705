"""Grants: the standing permission of an owner for a client."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from consentcore.domain.clock import DAY
from consentcore.domain.grant_states import GrantState

if TYPE_CHECKING:
    from consentcore.domain.client import Client


@dataclass(frozen=True, slots=True)
class Grant:
    """Owner + client + scopes + state; a projection of its chain of consent events.

    :ivar grant_id: UUID version 4, the one id for owner, ISV and support.
    :ivar scopes: pinned references ``id@version``, sorted.
    :ivar resources: ids of chosen sites, meters, devices; empty when nothing was there to choose.
    :ivar sequence: number of events in the chain;
    :ivar head: hash of the last one.
    :ivar seal: keyed hash over the fields of this row, so that a changed row is noticed.
    :ivar replaces: the ended grant of the same owner and client before this one, or "".
    :ivar declined: pinned references of optional scopes that the owner was offered and left out, or took back, sorted.
        They give nothing: all they do is that the same question is not asked again at once.
    :ivar authorization_details: what it allows besides scopes (RFC 9396), each as it is kept, see
        :mod:`consentcore.domain.authorization_detail`.
    :ivar refresh_from: refresh tokens from before are dead, in milliseconds since the epoch; 0 for none (Grant
        Management for OAuth 2.0 section 5.2: ``merge`` and ``replace``).
    """

    grant_id: str
    owner_id: str
    client_id: str
    state: GrantState
    scopes: tuple[str, ...]
    created_at: int
    changed_at: int
    expires_at: int
    resources: tuple[str, ...] = ()
    replaces: str = ""
    sequence: int = 0
    head: bytes = b""
    seal: bytes = b""
    key_id: str = ""
    declined: tuple[str, ...] = ()
    authorization_details: tuple[str, ...] = ()
    refresh_from: int = 0

    @property
    def scope_ids(self) -> tuple[str, ...]:
        """The scope tokens without their versions."""
        return tuple([reference.rpartition("@")[0] for reference in self.scopes])

    @property
    def one_time(self) -> bool:
        """Whether it lasts at most 24 hours from the latest decision on it: then it is for one use, and no refresh
        token comes with it."""
        return self.expires_at - self.changed_at <= DAY

    def is_active(self, now: int) -> bool:
        """Whether tokens under it may live at ``now``: by state and by the clock, never by a job."""
        return self.state is GrantState.ACTIVE and now < self.expires_at


@dataclass(frozen=True, slots=True)
class Standing:
    """What a permission is at a moment, for everybody who is told of it.

    :ivar ended_at: since when it is no longer :attr:`~GrantState.ACTIVE`, in milliseconds; None while it is.
    :ivar recorded: whether the ledger says so already; False while the worker has yet to write the event of an end
        that came by the clock or with its client.
    """

    state: GrantState
    ended_at: int | None = None
    recorded: bool = True

    @property
    def active(self) -> bool:
        """Whether it stands."""
        return self.state is GrantState.ACTIVE


def standing(grant: Grant, now: int, client: Client | None = None) -> Standing:
    """Say whether a permission stands at ``now`` and, if not, what ended it and when.

    The one place that decides it. A permission ends at its date, or when its application is shut out, whichever comes
    first, however late the event of that is written.

    :param now: milliseconds since the epoch.
    :param client: the grant's own; None where nobody looked: then only the
        clock counts.
    """
    if grant.state is not GrantState.ACTIVE:
        # The row of an older release says when the worker got round to it.
        ended_at = grant.expires_at if grant.state is GrantState.EXPIRED else grant.changed_at
        return Standing(grant.state, ended_at)
    ends = []
    if now >= grant.expires_at:
        ends.append((grant.expires_at, GrantState.EXPIRED))
    if client is not None and not client.enabled:
        since = now if client.disabled is None else client.disabled.at
        # Clocks of two machines may differ: no grant ends before it began, or later than somebody looks.
        ends.append((max(grant.created_at, min(since, now)), GrantState.REVOKED))
    if not ends:
        return Standing(GrantState.ACTIVE)
    ended_at, state = min(ends)
    return Standing(state, ended_at, recorded=False)
