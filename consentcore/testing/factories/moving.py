"""A house that moves: records of every kind that name each other."""

from __future__ import annotations

from dataclasses import replace

from consentcore.api import (
    HOUR,
    MINUTE,
    MOVED,
    Code,
    DeliveryState,
    EndpointHealth,
    GrantState,
    GrantUse,
    KeptCode,
    KeptNotice,
    KeptRotation,
    KeptToken,
    LogObject,
    Moved,
    OneUse,
    OwnerPassword,
    SealedSecret,
    TokenKind,
)
from consentcore.testing.factories import (
    clients,
    deliveries,
    grants,
    identities,
    interactions,
    ledger,
    notices,
    one_time_use,
    owners,
    pinned_scopes,
    registration_tokens,
    tickets,
    tokens,
)
from consentcore.testing.factories.base import DETAILS, NOW, random_hash

OVER = NOW + MINUTE
"""When the codes of a house have run out and its tokens have not."""


class House:
    """One application, one owner, what stands and stood between them, and what is to be told of it.

    :ivar grant: the active one; ``ended`` was before it.
    :ivar events: two of the grant, with leaves 0 and 1, then two of the ended one; the last has no leaf.
    :ivar fresh: a code that waits; ``used`` is one that was exchanged, ``dead`` one whose family was killed.
    :ivar rotated: the first refresh token of ``used``, in its grace; ``refresh`` and ``access`` came of it.
    :ivar told: a notice with the first place of the feed; ``untold`` has none, and its deliveries were not made.
    :ivar waiting: a delivery that is due; ``gone`` was tried twice and given up.
    """

    def __init__(self) -> None:
        self._people()
        self._consents()
        self._codes()
        self._notices()

    def _people(self) -> None:
        self.client, self.owner = clients.client(), owners.owner()
        owner_id, client_id = self.owner.owner_id, self.client.client_id
        self.logo = clients.logo(client_id)
        self.endpoint = clients.endpoint(
            client_id,
            secrets=(SealedSecret("sealed", NOW),),
            health=EndpointHealth(failing_since=NOW, last_failure_at=NOW),
        )
        self.password = OwnerPassword(owner_id, "1.test1.seal.$argon2id$v=19$encoded")
        self.identity = identities.identity(owner_id)
        self.session = owners.session(owner_id, seal=b"k:session")
        self.ticket = tickets.ticket(owner_id, payload="p")
        self.registration_token = registration_tokens.registration_token(uses=3, used=1)
        self.interaction = interactions.interaction(client_id)
        self.pushed = one_time_use.pushed(client_id)
        self.used_once = OneUse(random_hash(), NOW + HOUR)

    def _consents(self) -> None:
        pair = (self.owner.owner_id, self.client.client_id)
        before = NOW - HOUR
        self.grant = grants.grant(*pair, sequence=2, resources=("site-1",))
        self.ended = grants.grant(
            *pair, state=GrantState.WITHDRAWN, sequence=2, changed_at=before, declined=("x@1",)
        )
        self.use = GrantUse(self.grant.grant_id, NOW + 5)
        self.snapshot = ledger.snapshot(content='{"text":"' + "é" * 3000 + '"}', seal=b"k:snapshot")
        self.disclosure, self.tombstone = ledger.disclosure(), ledger.tombstone("forgotten")
        self.events = (
            ledger.event(self.grant, leaf_index=0),
            ledger.event(self.grant, leaf_index=1, sequence=2, body='{"a":"é"}'),
            ledger.event(self.ended, leaf_index=2, occurred_at=before),
            ledger.event(self.ended, sequence=2, occurred_at=before),
        )
        self.checkpoint = ledger.checkpoint(size=2, note="a note", previous=1, seal=b"s" * 32)
        self.tile = LogObject("tile/0/000", bytes(range(256)))
        self.pinned = pinned_scopes.pinned_scope("sites.read")

    def _codes(self) -> None:
        self.fresh = self._code()
        self.used = self._code(used_at=NOW + 1000, seal=b"", auth_time=NOW, acr="urn:a", confirmation="jkt:k")
        self.dead = self._code(used_at=NOW + 1000, seal=b"", family_proof=b"")
        new = tokens.refresh(confirmation="jkt:of-the-key", authorization_details=DETAILS)
        access = tokens.access(authorization_details=DETAILS[:1])
        self.refresh = new.stored(self.used, TokenKind.REFRESH, NOW + 2000)
        self.access = access.stored(self.used, TokenKind.ACCESS, NOW + 2000)
        first = tokens.refresh(seal=b"").stored(self.used, TokenKind.REFRESH, NOW + 1000)
        self.rotation = KeptRotation(
            new.token_hash, access.token_hash, NOW + 12_000, b"n" * 16, "test1", b"sealed access"
        )
        self.rotated = replace(first, rotated_at=NOW + 2000)
        self.of_dead = tokens.refresh().stored(self.dead, TokenKind.REFRESH, NOW + 1000)

    def _code(self, **fields: object) -> Code:
        given = {"audience": ("https://api.example.org",), "authorization_details": DETAILS}
        return tokens.code(self.grant, **{**given, **fields})

    def _notices(self) -> None:
        self.told = notices.notice(self.grant, notice_id=self.events[0].event_id, seal=b"k:notice")
        self.untold = notices.notice(self.grant, notice_id=self.events[1].event_id)
        self.waiting = deliveries.delivery(self.told.notice_id, seal=b"k:delivery")
        self.gone = deliveries.delivery(
            self.told.notice_id, state=DeliveryState.DEAD, attempts=2, finished_at=NOW, last_error="timeout"
        )
        self.attempts = tuple(
            deliveries.attempt(self.gone.delivery_id, number=number, outcome="retry", status=None)
            for number in (1, 2)
        )

    @property
    def records(self) -> list[Moved]:
        """All of it, in the order in which it is written."""
        found: list[Moved] = [
            *(self.client, self.logo, self.endpoint, self.owner, self.password, self.identity),
            *(self.session, self.ticket, self.interaction, self.pushed, self.used_once),
            *(self.grant, self.ended, self.use, self.snapshot, self.disclosure, self.tombstone),
            *self.events,
            *(self.checkpoint, self.tile, self.pinned, self.registration_token),
            *(KeptCode(self.fresh), KeptCode(self.used), KeptCode(self.dead, NOW + 1500)),
            KeptToken(self.rotated, self.rotation),
            *(KeptToken(one) for one in (self.refresh, self.access, self.of_dead)),
            *(KeptNotice(self.told, NOW + 10, 1), KeptNotice(self.untold)),
            *(self.waiting, self.gone),
            *self.attempts,
        ]
        assert {type(one) for one in found} == set(MOVED.values()), "a record of every kind"
        return found
