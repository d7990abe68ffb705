"""The real parts under the life cycle tests: authorization server and consent service over any storage; no HTTP."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

from consentcore.api import Client, EventType, Owner, OwnerSession, Storage, transact
from consentcore.consent.decision import Decision
from consentcore.consent.policy import reasons_to_ask
from consentcore.domain.errors import InteractionGone, InvalidTransition, NotFound
from consentcore.domain.event import Evidence
from consentcore.domain.interaction import Interaction
from consentcore.domain.parties import Actor, ActorType
from consentcore.domain.secret import digest
from consentcore.oauth.messages import Pending
from consentcore.testing import ManualClock, factories
from tests.support.server_scenario import (
    REDIRECT_URI,
    SECRET,
    Answer,
    ServerScenario,
    challenge_of,
    core_settings,
)

SCOPES = ("comfort.read", "energy.read", "offline_access")
GRANT_DAYS = 5


class LifeScenario(ServerScenario):
    """Server, service, and whoever takes part. One storage and one clock may serve many of them one after the other.

    What each step gives is what the machine holds against its model: a refusal is an answer, too.
    """

    @classmethod
    def begin(cls, storage: Storage, clock: ManualClock):
        settings = core_settings(offline_refresh_token_ttl_s=2 * 86_400)
        made = super().begin(
            storage, client=factories.client(), clock=clock, settings=settings, grant_days=GRANT_DAYS
        )
        made.api = made.add_resource_server(factories.unique("api"))
        return made

    def compromised(self, family_id: str, grant_id: str, event_type: EventType) -> None:
        done = transact(
            self.storage,
            lambda uow: self.service.compromised(
                uow, family_id=family_id, grant_id=grant_id, event_type=event_type
            ),
        )
        if done is not None:
            self.alarms.append(family_id)

    def add_owner(self) -> tuple[Owner, OwnerSession]:
        owner = factories.owner()
        transact(self.storage, lambda uow: uow.owners.add(owner))
        return owner, self.add_session(owner, expires_at=self.clock.now() + 1000 * 86_400_000)

    # authorization

    def requested(
        self, client: Client, session: OwnerSession, scopes: tuple[str, ...], verifier: str
    ) -> Pending:
        self.session = session
        proof = {"code_challenge": challenge_of(verifier), "code_challenge_method": "S256"}
        return self.pending(
            client_id=client.client_id,
            scope=" ".join(scopes),
            redirect_uri=REDIRECT_URI,
            **(proof if verifier else {}),
        )

    def reasons(self, pending: Pending) -> tuple[str, ...]:
        return reasons_to_ask(pending.request, pending.context, self.catalog, self.clock.now())

    def approved(
        self, interaction: Interaction, owner: Owner, scopes: tuple[str, ...]
    ) -> tuple[str, str] | None:
        """The code in clear and the id of the grant; None when the request is gone. An application can do without
        any of its scopes."""

        def work(uow):
            client = uow.clients.get(interaction.request.client_id)
            return self.service.approve(
                uow,
                interaction=interaction,
                client=replace(client, optional_scopes=interaction.request.scopes),
                owner=owner,
                decision=Decision(scopes),
                evidence=Evidence("button:approve"),
                snapshot=self.snapshot(),
            )

        try:
            approval = transact(self.storage, work)
        except InteractionGone:
            return None
        url = self.server.authorization.success_url(interaction.request, approval.code)
        return code_in(url), approval.grant.grant_id

    def denied(self, interaction: Interaction, owner: Owner) -> bool:
        def work(uow):
            self.service.deny(
                uow,
                interaction=interaction,
                client=uow.clients.get(interaction.request.client_id),
                owner=owner,
                evidence=Evidence("button:deny"),
                snapshot=self.snapshot(),
            )

        try:
            transact(self.storage, work)
        except InteractionGone:
            return False
        return True

    def revoked(self, grant_id: str, actor: ActorType) -> bool:
        """Whether it stood until now."""
        evidence = Evidence("test", reason_text="because")
        try:
            transact(
                self.storage,
                lambda uow: self.service.revoke(uow, grant_id, actor=Actor(actor), evidence=evidence),
            )
        except (InvalidTransition, NotFound):
            return False
        return True

    # protocol

    def sent(self, endpoint: str, client: Client, **parameters: str) -> Answer:
        """What a client gets that proves who it is, or, a public one, says it."""
        if client.public:
            parameters["client_id"] = client.client_id
        given = {name: value for name, value in parameters.items() if value}
        return self.post(endpoint, given, auth=None if client.public else (client.client_id, SECRET))

    def exchanged(self, client: Client, code: str, verifier: str) -> Answer:
        return self.sent(
            "token",
            client,
            grant_type="authorization_code",
            code=code,
            redirect_uri=REDIRECT_URI,
            code_verifier=verifier,
        )

    def refreshed(self, client: Client, token: str, scopes: tuple[str, ...] = ()) -> Answer:
        return self.sent(
            "token", client, grant_type="refresh_token", refresh_token=token, scope=" ".join(scopes)
        )

    def introspected(self, client: Client, token: str) -> dict:
        return self.sent("introspect", client, token=token).members

    def stands(self, client: Client, token: str) -> bool:
        """What the storage says, where no client may ask."""
        return self.storage.protocol.find_token(client.client_id, digest(token)).is_live(self.clock.now())

    def events(self, grant_id: str) -> list[str]:
        with self.storage.reading() as uow:
            return [event.type.value for event in uow.ledger.of_grant(grant_id)]


def code_in(url: str) -> str:
    return parse_qs(urlsplit(url).query)["code"][0]
