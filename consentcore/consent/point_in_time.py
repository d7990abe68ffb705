"""Was this permitted then? On which text, by whom, through which control: out of the ledger alone, as of any moment.

What counts is when something took effect, never when it was written down; what ends by the clock ends at its date.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from consentcore.consent.chain_check import first_altered
from consentcore.consent.ledger import effective_at
from consentcore.consent.personal import digests_in, values_in
from consentcore.domain.authorization_detail import texts_of, told
from consentcore.domain.clock import from_iso, iso
from consentcore.domain.event_kinds import event_kind
from consentcore.domain.grant_states import GrantState

if TYPE_CHECKING:
    from consentcore.domain.client import Client
    from consentcore.domain.event import ConsentEvent
    from consentcore.domain.grant import Grant
    from consentcore.ports.keys import KeyRing
    from consentcore.ports.transactions import UnitOfWork

PAGE = 200


@dataclass(frozen=True, slots=True)
class Permission:
    """One scope of one permission at a moment.

    :ivar scope: as pinned then, ``id@version``.
    :ivar permitted: whether it counted at that moment.
    :ivar state: of the permission then.
    :ivar why_not: what stood against it, a code; "" where nothing did.
    :ivar decided: the event by which the owner said yes to it, the latest before the moment; None where nobody did.
    :ivar values: what is personal in that event, as far as it is known.
    """

    grant_id: str
    client_id: str
    scope: str
    permitted: bool
    state: GrantState
    why_not: str
    resources: tuple[str, ...]
    until: int
    decided: ConsentEvent | None
    body: dict[str, Any]
    values: dict[str, object]

    @property
    def row(self) -> tuple[str, str, str, str, str]:
        """For a table: application, scope, whether it was permitted, permission, event."""
        answer = "yes" if self.permitted else f"no: {self.why_not}"
        decided = self.decided.event_id if self.decided else "-"
        return self.client_id, self.scope, answer, self.grant_id, decided

    def facts(self, *, personal: bool) -> dict[str, object]:
        """For JSON.

        :param personal: with who it was and what sites are called; False for an application.
        """
        evidence = self.body.get("evidence", {})
        found: dict[str, object] = {
            "permitted": self.permitted,
            "scope": self.scope.rpartition("@")[0],
            "scope_version": self.scope.rpartition("@")[2],
            "grant_id": self.grant_id,
            "client_id": self.client_id,
            "client_name": self.body.get("client_name", ""),
            "state": self.state.value,
            "why_not": self.why_not,
            "resources": list(self.resources),
            "until": iso(self.until),
            "event_id": self.decided.event_id if self.decided else None,
            "decided_at": self.body.get("occurred_at"),
            "control": evidence.get("indication_method", ""),
            "snapshot_hash": evidence.get("snapshot_hash", ""),
            "locale": evidence.get("locale", ""),
            "catalog_version": evidence.get("catalog_version", ""),
        }
        if personal:
            found["by"] = {"owner_id": self.body.get("acting_user_id", ""), **self.values}
        return found


def permissions_at(
    uow: UnitOfWork, owner_id: str, at: int, *, client_id: str = "", scope: str = ""
) -> list[Permission]:
    """What an owner's permissions were at a moment, those that counted first.

    :param at: milliseconds since the epoch.
    :param client_id: of this application alone.
    :param scope: this scope alone, by its token; then each permission that was ever asked about it answers, permitted
        or not. Without it only what was permitted comes.
    """
    found: list[Permission] = []
    for grant in _grants(uow, owner_id, client_id):
        found += permissions_of(uow, grant, at, scope=scope)
    wanted = found if scope else [one for one in found if one.permitted]
    return sorted(wanted, key=lambda one: (not one.permitted, one.client_id, one.scope))


def permissions_of(uow: UnitOfWork, grant: Grant, at: int, *, scope: str = "") -> list[Permission]:
    """The same of one permission; none where it did not begin before that moment or at it."""
    past = [event for event in uow.ledger.of_grant(grant.grant_id) if _counts_from(event) <= at]
    if not past:
        return []
    bodies = [json.loads(event.body) for event in past]
    state, until = _standing(bodies[-1], at)
    then = _Then(past, bodies, state, until, _why_not(state, uow.clients.get(grant.client_id), at))
    references = _named(bodies, scope) if scope else list(bodies[-1]["scopes_after"])
    return [then.permission(uow, grant, reference) for reference in references]


@dataclass(frozen=True, slots=True)
class PermittedDetails:
    """Authorization details (RFC 9396) that a permission stood for at a moment, at which it counted.

    :ivar details: as they are told, with the resources that were chosen then; never empty.
    :ivar event_id: the latest event before by which the owner said yes to details; "" where there is none.
    """

    grant_id: str
    client_id: str
    details: Sequence[dict[str, Any]]
    event_id: str

    @property
    def rows(self) -> list[tuple[str, str, str, str, str]]:
        """For the same table, one for each."""
        last = "yes", self.grant_id, self.event_id or "-"
        return [(self.client_id, str(one["type"]), *last) for one in self.details]

    def facts(self) -> dict[str, object]:
        """For JSON."""
        return {
            "grant_id": self.grant_id,
            "client_id": self.client_id,
            "event_id": self.event_id or None,
            "authorization_details": list(self.details),
        }


def details_at(uow: UnitOfWork, owner_id: str, at: int, *, client_id: str = "") -> list[PermittedDetails]:
    """What an owner's permissions were in detail at a moment, beside :func:`permissions_at`; only what counted."""
    found = [details_of(uow, grant, at) for grant in _grants(uow, owner_id, client_id)]
    return sorted((one for one in found if one), key=lambda one: (one.client_id, one.grant_id))


def details_of(uow: UnitOfWork, grant: Grant, at: int) -> PermittedDetails | None:
    """The same of one permission; None where it stood for none, or did not count."""
    past = [event for event in uow.ledger.of_grant(grant.grant_id) if _counts_from(event) <= at]
    bodies = [json.loads(event.body) for event in past]
    after = texts_of(bodies[-1].get("authorization_details_after", ())) if bodies else ()
    if not after or _why_not(_standing(bodies[-1], at)[0], uow.clients.get(grant.client_id), at):
        return None
    yes = (
        event.event_id
        for event, body in zip(reversed(past), reversed(bodies), strict=True)
        if event_kind(event.type).consenting and body.get("authorization_details_requested")
    )
    details = told(after, bodies[-1]["resources_after"])
    return PermittedDetails(grant.grant_id, grant.client_id, details, next(yes, ""))


def doubts(uow: UnitOfWork, keys: KeyRing, owner_id: str, *, client_id: str = "") -> list[str]:
    """Why what these answers are made of is not what was written, a sentence for each permission; that nothing of it
    is missing, verification of the whole log shows alone."""
    chains = ((one, uow.ledger.of_grant(one.grant_id)) for one in _grants(uow, owner_id, client_id))
    judged = ((grant, first_altered(keys, events)) for grant, events in chains if events)
    return [f"consent {grant.grant_id} {wrong}" for grant, wrong in judged if wrong]


@dataclass(frozen=True, slots=True)
class _Then:
    """A permission as it was: its events until then, and what they came to."""

    past: Sequence[ConsentEvent]
    bodies: Sequence[dict[str, Any]]
    state: GrantState
    until: int
    why_not: str

    def permission(self, uow: UnitOfWork, grant: Grant, reference: str) -> Permission:
        """What it was about one scope."""
        after = self.bodies[-1]
        granted = reference in after["scopes_after"]
        decided, body = _decision(self.past, self.bodies, reference)
        digests = digests_in(body)
        return Permission(
            grant_id=grant.grant_id,
            client_id=grant.client_id,
            scope=reference,
            permitted=granted and not self.why_not,
            state=self.state,
            why_not=self.why_not or ("" if granted else "not_granted"),
            resources=tuple(after["resources_after"]),
            until=self.until,
            decided=decided,
            body=body,
            values=values_in(uow.ledger.disclosures(digests), digests) if digests else {},
        )


def _counts_from(event: ConsentEvent) -> int:
    """From when an event counts: what makes a permission, from the moment that its row calls its beginning."""
    if event_kind(event.type).begins:
        return min(effective_at(event), from_iso(json.loads(event.body)["validity"]["from"]))
    return effective_at(event)


def _standing(body: dict[str, Any], at: int) -> tuple[GrantState, int]:
    """The state at a moment after the event of this body, and when it ends by its date."""
    state, until = GrantState(body["state_after"]), from_iso(body["validity"]["until"])
    over = state is GrantState.ACTIVE and at >= until
    return (GrantState.EXPIRED if over else state), until


def _why_not(state: GrantState, client: Client | None, at: int) -> str:
    """What stood against a permission, a code."""
    if state is not GrantState.ACTIVE:
        return state.value
    if client is not None and client.disabled is not None and not client.enabled and at >= client.disabled.at:
        return "client_disabled"
    if client is not None and client.was_suspended(at):
        return "client_suspended"
    return ""


def _named(bodies: Sequence[dict[str, Any]], scope: str) -> list[str]:
    """The reference under which a scope stood last, or was asked for."""
    for body in reversed(bodies):
        for member in ("scopes_after", "scopes_requested", "scopes_before"):
            found = [one for one in body.get(member, []) if one.rpartition("@")[0] == scope]
            if found:
                return found
    return []


def _decision(
    past: Sequence[ConsentEvent], bodies: Sequence[dict[str, Any]], reference: str
) -> tuple[ConsentEvent | None, dict[str, Any]]:
    """The latest yes to a scope, else the latest event that was about it."""
    about: tuple[ConsentEvent | None, dict[str, Any]] = (None, {})
    for event, body in zip(reversed(past), reversed(bodies), strict=True):
        if event_kind(event.type).consenting and reference in body["scopes_granted"]:
            return event, body
        named = {*body["scopes_requested"], *body["scopes_declined"], *body["scopes_before"]}
        if about[0] is None and reference in named:
            about = event, body
    return about


def _grants(uow: UnitOfWork, owner_id: str, client_id: str) -> Iterator[Grant]:
    after = ""
    while True:
        page = uow.grants.of_owner(owner_id, tuple(GrantState), client_id=client_id, after=after, limit=PAGE)
        yield from page
        if len(page) < PAGE:
            return
        after = page[-1].grant_id
