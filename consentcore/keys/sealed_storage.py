"""A storage whose records carry seals: what the core and every plugin are given in place of the one that was chosen.

Everything that is written is sealed on its way in. On the way out somebody's sign-in, password, identity or mailed
link, a notice and a delivery that do not fit their seal are as good as not there, with a line in the log: they would
let somebody in, or tell somebody something. Owners, clients and endpoints come back as they are, because a permission
must not fall with a row that somebody mended by hand; ``audit verify`` names them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from consentcore.domain.event import NoticeSnapshot
from consentcore.keys.sealed_face import NOT_OURS, REVOKED, log
from consentcore.keys.sealed_face import Face as _Face
from consentcore.keys.sealed_outbox import SealedOutbox
from consentcore.keys.sealed_passwords import judge_password, seal_password
from consentcore.keys.sealed_protocol import SealedProtocol as _Protocol
from consentcore.keys.seals import Verdict, judge

if TYPE_CHECKING:
    from consentcore.domain.client import Client, WebhookEndpoint
    from consentcore.domain.grant import Grant
    from consentcore.domain.interaction import Interaction
    from consentcore.domain.notice import Notice
    from consentcore.domain.owner import Owner, OwnerIdentity, OwnerSession, OwnerTicket
    from consentcore.domain.past_scopes import PinnedScope
    from consentcore.domain.self_registration import InitialAccessToken
    from consentcore.keys.sealed_protocol import GrantSeal
    from consentcore.ports.keys import KeyRing
    from consentcore.ports.storage import Storage
    from consentcore.ports.transactions import TransactionManager, UnitOfWork


class _Clients(_Face):
    def add(self, client: Client) -> None:
        self._inner.add(self._sealed(client))

    def update(self, client: Client) -> None:
        self._inner.update(self._sealed(client))

    def add_endpoint(self, endpoint: WebhookEndpoint) -> None:
        self._inner.add_endpoint(self._sealed(endpoint))

    def update_endpoint(self, endpoint: WebhookEndpoint) -> None:
        self._inner.update_endpoint(self._sealed(endpoint))


class _Owners(_Face):
    def add(self, owner: Owner) -> None:
        self._inner.add(self._sealed(owner))

    def update(self, owner: Owner) -> None:
        self._inner.update(self._sealed(owner))

    def password_hash(self, owner_id: str) -> str | None:
        kept = self._inner.password_hash(owner_id)
        return None if kept is None else self._opened(owner_id, kept)

    def passwords(self, owner_ids: Collection[str]) -> Mapping[str, str]:
        kept = self._inner.passwords(owner_ids)
        opened = ((owner_id, self._opened(owner_id, one)) for owner_id, one in kept.items())
        return {owner_id: encoded for owner_id, encoded in opened if encoded is not None}

    def _opened(self, owner_id: str, kept: str) -> str | None:
        verdict, encoded = judge_password(self._keys, owner_id, kept)
        if verdict is Verdict.OURS:
            return encoded
        why = NOT_OURS if verdict is Verdict.STRANGE else REVOKED
        log.error("the password of owner %s is refused: %s", owner_id, why)
        return None

    def set_password_hash(self, owner_id: str, encoded: str) -> None:
        self._inner.set_password_hash(owner_id, seal_password(self._keys, owner_id, encoded))

    def add_session(self, session: OwnerSession) -> None:
        self._inner.add_session(self._sealed(session))

    def session(self, session_hash: bytes, now: int) -> OwnerSession | None:
        return self._ours(self._inner.session(session_hash, now))

    def signed_in(self, session_hash: bytes, now: int) -> tuple[OwnerSession, Owner] | None:
        found: tuple[OwnerSession, Owner] | None = self._inner.signed_in(session_hash, now)
        return found if found is not None and self._ours(found[0]) is not None else None

    def sessions(self, owner_id: str, now: int) -> Sequence[OwnerSession]:
        return self._all_ours(self._inner.sessions(owner_id, now))


class _Grants(_Face):
    """A grant comes with its seal, which its chain of events makes; only one without any event is sealed here."""

    def __init__(self, inner: Any, keys: KeyRing, grant_seal: GrantSeal) -> None:
        super().__init__(inner, keys)
        self._grant_seal = grant_seal

    def add(self, grant: Grant) -> None:
        if not grant.seal:
            keyed = replace(grant, key_id=self._keys.current_id)
            grant = replace(keyed, seal=self._grant_seal(self._keys, keyed))
        self._inner.add(grant)


class _Tickets(_Face):
    def add(self, ticket: OwnerTicket) -> None:
        self._inner.add(self._sealed(ticket))

    def get(self, ticket_hash: bytes, now: int) -> OwnerTicket | None:
        return self._ours(self._inner.get(ticket_hash, now))

    def use(self, ticket_hash: bytes, purpose: str, now: int, *, seal: bytes = b"") -> OwnerTicket | None:
        found = self._ours(self._inner.get(ticket_hash, now))
        if found is None:
            return None
        used = self._sealed(replace(found, used_at=now))
        return self._ours(self._inner.use(ticket_hash, purpose, now, seal=seal or used.seal))


class _RegistrationTokens(_Face):
    def add(self, token: InitialAccessToken) -> None:
        self._inner.add(self._sealed(token))

    def get(self, token_hash: bytes, now: int) -> InitialAccessToken | None:
        return self._ours(self._inner.get(token_hash, now))

    def list(self) -> Sequence[InitialAccessToken]:
        return self._all_ours(self._inner.list())

    def use(self, token_hash: bytes, now: int) -> InitialAccessToken | None:
        if self.get(token_hash, now) is None:
            return None
        return self._ours(self._inner.use(token_hash, now))


class _Interactions(_Face):
    def __init__(self, inner: Any, keys: KeyRing) -> None:
        super().__init__(inner, keys)
        self._seen: dict[bytes, Interaction] = {}

    def get(self, interaction_hash: bytes) -> Interaction | None:
        found = self._ours(self._inner.get(interaction_hash))
        if found is not None:
            self._seen[interaction_hash] = found
        return found

    def bind(
        self,
        interaction_hash: bytes,
        old_session: bytes,
        new_session: bytes,
        owner_id: str,
        *,
        seal: bytes = b"",
    ) -> bool:
        # Whoever binds has read it a moment ago.
        found = self._seen.get(interaction_hash) or self.get(interaction_hash)
        if found is None:
            return False
        bound = self._sealed(replace(found, session_hash=new_session, owner_id=owner_id))
        sessions = old_session, new_session
        done: bool = self._inner.bind(interaction_hash, *sessions, owner_id, seal=seal or bound.seal)
        if done:
            self._seen[interaction_hash] = bound
        return done

    def expired(self, now: int, limit: int) -> Sequence[Interaction]:
        # What is not ours goes too, and nobody is said to have left it unanswered.
        found = self._inner.expired(now, limit)
        return [one if self._ours(one) is not None else replace(one, owner_id="") for one in found]


class _Identities(_Face):
    def add(self, identity: OwnerIdentity) -> None:
        self._inner.add(self._sealed(identity))

    def get(self, issuer: str, subject: str) -> OwnerIdentity | None:
        return self._ours(self._inner.get(issuer, subject))

    def of_owner(self, owner_id: str) -> Sequence[OwnerIdentity]:
        return self._all_ours(self._inner.of_owner(owner_id))

    def of_owners(self, owner_ids: Collection[str]) -> Sequence[OwnerIdentity]:
        return self._all_ours(self._inner.of_owners(owner_ids))


class _Notices(_Face):
    def add(self, notice: Notice) -> None:
        self._inner.add(self._sealed(notice))

    def several(self, notice_ids: Collection[str]) -> Mapping[str, Notice]:
        found = self._inner.several(notice_ids)
        return {one.notice_id: one for one in self._all_ours(list(found.values()))}


class _Feed(_Face):
    def page(self, client_id: str, *, after: str = "", limit: int = 100) -> Sequence[Notice]:
        found = self._inner.page(client_id, after=after, limit=limit)
        verdicts = [judge(self._keys, one) for one in found]
        if Verdict.REVOKED in verdicts:  # whoever reads on behind it would never see it
            found = found[: verdicts.index(Verdict.REVOKED)]
        return self._all_ours(found)


class _PinnedScopes(_Face):
    def add(self, pinned: PinnedScope) -> None:
        self._inner.add(self._sealed(pinned))


class _Ledger(_Face):
    def put_snapshot(self, snapshot: NoticeSnapshot) -> None:
        # What comes may be more than what is kept.
        kept = NoticeSnapshot(snapshot.snapshot_hash, snapshot.content, snapshot.created_at)
        self._inner.put_snapshot(self._sealed(kept))


class _Unit(_Face):
    """:class:`~consentcore.ports.transactions.UnitOfWork`."""

    FACES: Mapping[str, Callable[[Any, KeyRing], _Face]] = {
        "clients": _Clients,
        "owners": _Owners,
        "tickets": _Tickets,
        "identities": _Identities,
        "interactions": _Interactions,
        "notices": _Notices,
        "feed": _Feed,
        "ledger": _Ledger,
        "pinned_scopes": _PinnedScopes,
        "registration_tokens": _RegistrationTokens,
    }

    def __init__(self, inner: Any, keys: KeyRing, grant_seal: GrantSeal) -> None:
        super().__init__(inner, keys)
        grants: Callable[[Any, KeyRing], _Face] = partial(_Grants, grant_seal=grant_seal)
        self._kinds = {**self.FACES, "grants": grants}

    def __getattr__(self, name: str) -> Any:
        part = getattr(self._inner, name)
        face = self._kinds.get(name)
        found = part if face is None else face(part, self._keys)
        self.__dict__[name] = found
        return found


class SealedStorage:
    """:class:`~consentcore.ports.storage.Storage` over another one. What only that one has can still be reached.

    :param keys: what the seals are made with.
    :param grant_seal: makes the seal that the row of a grant should carry.
    """

    def __init__(self, storage: Storage, keys: KeyRing, grant_seal: GrantSeal) -> None:
        self._storage = storage
        self._keys = keys
        self._grant_seal = grant_seal
        self._faces: dict[str, _Face] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._storage, name)

    @property
    def bare(self) -> Storage:
        """The storage beneath, for who judges the seals: it gives whatever there is."""
        return self._storage

    @property
    def protocol(self) -> Any:
        """See :attr:`Storage.protocol`."""
        return self._face("protocol", partial(_Protocol, grant_seal=self._grant_seal))

    @property
    def outbox(self) -> Any:
        """See :attr:`Storage.outbox`."""
        return self._face("outbox", SealedOutbox)

    @contextmanager
    def transaction(self) -> Iterator[UnitOfWork]:
        """See :meth:`Storage.transaction`."""
        with self._storage.transaction() as uow:
            yield _Unit(uow, self._keys, self._grant_seal)

    @contextmanager
    def reading(self) -> Iterator[UnitOfWork]:
        """See :meth:`Storage.reading`."""
        with self._storage.reading() as uow:
            yield _Unit(uow, self._keys, self._grant_seal)

    def join(self, tm: TransactionManager, *, write: bool) -> UnitOfWork:
        """See :meth:`Storage.join`."""
        return _Unit(self._storage.join(tm, write=write), self._keys, self._grant_seal)

    def _face(self, name: str, kind: Callable[[Any, KeyRing], _Face]) -> _Face:
        found = self._faces.get(name)
        if found is None:
            found = self._faces[name] = kind(getattr(self._storage, name), self._keys)
        return found
