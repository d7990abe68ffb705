"""What the evidence leans on and is no event: applications, owners, what notices say, when a page was first shown.

Each carries a seal (:mod:`consentcore.keys.seals`); each that an event or a grant names has to be there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING

from consentcore.domain.event_kinds import event_kind
from consentcore.domain.grant_states import GrantState
from consentcore.keys.sealed_passwords import judge_password
from consentcore.keys.seals import Verdict, judge, of_revoked

if TYPE_CHECKING:
    from consentcore.domain.client import Client, ClientLogo
    from consentcore.domain.event import ConsentEvent
    from consentcore.domain.grant import Grant
    from consentcore.keys.seals import Sealed
    from consentcore.ports.keys import KeyRing
    from consentcore.ports.transactions import UnitOfWork

Walk = Callable[["UnitOfWork", str], tuple[str, list[str]]]
"""One page behind the last of the one before: the last of it, "" when there is no more, and what is wrong."""
PAGE = 500
REMEMBERED = 10_000


class RecordCheck:
    """Looks at records as they are kept. Memory does not grow with them.

    :param keys: what the seals were made with.
    """

    def __init__(self, keys: KeyRing) -> None:
        self._keys = keys
        self._there: set[tuple[str, str]] = set()
        self._told: list[ConsentEvent] = []

    def named(self, uow: UnitOfWork, grants: Sequence[Grant]) -> Iterator[tuple[Grant, str]]:
        """Grants whose application or owner is not there. At most two reads, however many grants there are.

        :param grants: at most 1000.
        """
        if len(self._there) > REMEMBERED:
            self._there.clear()
        named = {("application", grant.client_id) for grant in grants}
        named |= {("owner", grant.owner_id) for grant in grants}
        unknown = named - self._there
        clients = [key for kind, key in unknown if kind == "application"]
        owners = [key for kind, key in unknown if kind == "owner"]
        if clients:
            found = uow.clients.several(clients)
            self._there |= {("application", client.client_id) for client in found}
        if owners:
            self._there |= {("owner", owner_id) for owner_id in uow.owners.several(owners)}
        for grant in grants:
            for kind, key in (("application", grant.client_id), ("owner", grant.owner_id)):
                if (kind, key) not in self._there:
                    yield grant, f"its {kind} {key} is gone"

    def note(self, events: Sequence[ConsentEvent]) -> None:
        """Gather events, whose notices :meth:`notices` will look for."""
        self._told += [event for event in events if event_kind(event.type).notice is not None]

    def notices(self, uow: UnitOfWork) -> Iterator[tuple[ConsentEvent, str]]:
        """Gathered events whose notice is not there, or not as it was written; they are gathered no longer."""
        told, self._told = self._told, []
        for start in range(0, len(told), PAGE):
            part = told[start : start + PAGE]
            found = uow.notices.several([event.event_id for event in part])
            for event in part:
                notice = found.get(event.event_id)
                if notice is None:
                    yield event, "its notice is gone"
                elif flaw := self._flaw(notice, "is not the one that was written"):
                    yield event, f"its notice {flaw}"

    def walks(self) -> list[Walk]:
        """What to look at page by page, one after the other."""
        return [self.clients_behind, self.owners_behind, self.words_behind]

    def clients_behind(self, uow: UnitOfWork, after: str) -> tuple[str, list[str]]:
        """Judge a page of applications with their endpoints.

        :returns: the last id, "" when there is no more, and what is wrong.
        """
        page = uow.clients.list(after=after, limit=PAGE)
        wrong = []
        for client in page:
            if flaw := self._flaw(client):
                wrong.append(f"the application {client.client_id} {flaw}")
            if client.logo and not _is_of(client, uow.clients.logo(client.client_id)):
                wrong.append(f"the logo of application {client.client_id} is not the one that it was given")
            wrong += [
                f"the endpoint {endpoint.endpoint_id} of application {client.client_id} {flaw}"
                for endpoint in uow.clients.endpoints(client.client_id)
                if (flaw := self._flaw(endpoint))
            ]
        return page[-1].client_id if len(page) == PAGE else "", wrong

    def owners_behind(self, uow: UnitOfWork, after: str) -> tuple[str, list[str]]:
        """Judge a page of owners with their passwords and identities, likewise."""
        page = uow.owners.list(after=after, limit=PAGE)
        ids = [owner.owner_id for owner in page]
        passwords, wrong = uow.owners.passwords(ids), []
        for owner in page:
            if flaw := self._flaw(owner, "is not as they were written"):
                wrong.append(f"the owner {owner.owner_id} {flaw}")
            kept = passwords.get(owner.owner_id)
            if kept is not None and (flaw := self._password_flaw(owner.owner_id, kept)):
                wrong.append(f"the password of owner {owner.owner_id} {flaw}")
        wrong += [
            f"an identity of owner {identity.owner_id} at {identity.issuer} {flaw}"
            for identity in uow.identities.of_owners(ids)
            if (flaw := self._flaw(identity))
        ]
        return page[-1].owner_id if len(page) == PAGE else "", wrong

    def words_behind(self, uow: UnitOfWork, _after: str) -> tuple[str, list[str]]:
        """Judge what entries of the scope catalog said; they are few."""
        return "", [
            f"the entry of the words of scope {pinned.reference}, revision {pinned.revision}, {flaw}"
            for pinned in uow.pinned_scopes.all()
            if (flaw := self._flaw(pinned))
        ]

    def _flaw(self, record: Sealed, strange: str = "is not as it was written") -> str:
        """What is wrong with the seal of a record; "" when nothing is."""
        verdict = judge(self._keys, record)
        if verdict is Verdict.REVOKED:
            return of_revoked(record.seal)
        return strange if verdict is Verdict.STRANGE else ""

    def _password_flaw(self, owner_id: str, kept: str) -> str:
        verdict, _ = judge_password(self._keys, owner_id, kept)
        if verdict is Verdict.REVOKED:
            return of_revoked(kept.split(".")[1])
        return "is not the one that was set" if verdict is Verdict.STRANGE else ""


def doubles(uow: UnitOfWork, page: Sequence[Grant]) -> Iterator[tuple[Grant, str]]:
    """Grants of owners with two standing ones for one client, looked up in the view of the page."""
    active = [grant for grant in page if grant.state is GrantState.ACTIVE]
    owners = list(dict.fromkeys(grant.owner_id for grant in active))
    theirs = uow.grants.active_of_owners(owners) if owners else ()
    counts = Counter((grant.owner_id, grant.client_id) for grant in theirs)
    for grant in active:
        if counts[grant.owner_id, grant.client_id] > 1:
            yield grant, "its owner has another active grant for the client"


def _is_of(client: Client, logo: ClientLogo | None) -> bool:
    """Whether a logo is the one that an application names; its name is under the seal of the application."""
    return logo is not None and sha256(logo.content).hexdigest().startswith(client.logo)
