"""What happened before the attacks: people say yes and no, change their minds, and are told."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from consentcore.domain.owner import OwnerIdentity
from consentcore.webhooks.service import EndpointUpdate
from tests.support.platform import (
    ISSUER,
    Request,
    answer,
    connect,
    exchange,
    give_back,
    proceed,
    refresh,
    sign_in,
    to_consent_page,
)

if TYPE_CHECKING:
    from webtest import TestApp

    from drill.stage import Stage

NEW_PASSWORD = "a horse that is new"
ADA, GRACE, NOOR, KIM = "ada@example.org", "grace@example.org", "noor@example.org", "kim@example.org"


@dataclass
class Facts:
    """What the attacks are about.

    :ivar owners: their ids, by first name.
    :ivar grants: ids, by owner and client.
    :ivar tokens: what token answers gave, by owner and client.
    :ivar cookie: of a session that its owner has ended.
    """

    owners: dict[str, str] = field(default_factory=dict)
    grants: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, dict[str, Any]] = field(default_factory=dict)
    endpoint: str = ""
    ended: TestApp | None = None

    @property
    def names(self) -> dict[str, str]:
        """The ids, as SQL of an attack names them: ``:ada``, ``:ada_coolsite``, ``:endpoint``."""
        grants = {name.replace(" ", "_"): value for name, value in self.grants.items()}
        return {**self.owners, **grants, "endpoint": self.endpoint}


def early(stage: Stage) -> None:
    """Ada and Grace let CoolSite in, Grace once more; she refuses ShiftPlan; Noor lets CoolSite in."""
    platform, facts = stage.platform, stage.facts
    stage.runtime.pin_scopes()
    noor, kim = platform.add_owner(NOOR, "Noor Haddad"), platform.add_owner(KIM, "Kim Park")
    facts.owners["kim"] = kim.owner_id
    with stage.runtime.storage.transaction() as uow:
        uow.identities.add(OwnerIdentity("https://login.example", "noor-1", noor.owner_id, noor.created_at))
    for client_id in ("lapsed", "paused"):
        platform.add_client(client_id)
    stage.runtime.client_access.suspend("paused", by="root", reason="looked into")
    _take_webhooks(stage)
    for name, email in (("ada", ADA), ("grace", GRACE), ("noor", NOOR)):
        facts.tokens[f"{name} coolsite"] = connect(platform, email=email)
        facts.owners[name] = stage.one("SELECT owner_id FROM owner WHERE email = :email", email=email)
    facts.tokens["grace given back"] = connect(platform, email=GRACE)
    _, page = to_consent_page(platform, Request(client_id="shiftplan"), GRACE)
    answer(page, "deny")
    facts.ended = _signed_in(stage, GRACE)
    _note_grants(stage)


def middle(stage: Stage) -> None:
    """Ada withdraws; a code of Grace's is replayed; she lets ShiftPlan in, sets another password and signs out
    elsewhere; CoolSite renews a token of hers, gives another one back, and gets new secrets for its webhooks; Kim has
    another address; Noor is erased; an application is disabled, another one reinstated."""
    platform, facts = stage.platform, stage.facts
    runtime = platform.runtime
    page = _signed_in(stage, ADA).get(f"/consents/{facts.grants['ada coolsite']}/revoke")
    proceed(page).submit(headers={"Origin": ISSUER})
    request = Request()
    _, page = to_consent_page(platform, request, GRACE)
    code = answer(page, "approve")["code"]
    facts.tokens["grace stolen"] = exchange(platform, request, code).json
    exchange(platform, request, code)
    request = Request(client_id="shiftplan")
    first = connect(platform, request, GRACE)
    facts.tokens["grace rotated"] = first
    facts.tokens["grace shiftplan"] = refresh(platform, first["refresh_token"], "shiftplan").json
    facts.tokens["grace renewed"] = refresh(platform, facts.tokens["grace coolsite"]["refresh_token"]).json
    give_back(platform, facts.tokens["grace given back"]["refresh_token"])
    with runtime.storage.transaction() as uow:
        runtime.login.set_password(uow, facts.owners["grace"], NEW_PASSWORD)
        uow.owners.end_sessions(facts.owners["grace"])
        kim = uow.owners.lock(facts.owners["kim"])
        assert kim is not None
        uow.owners.update(replace(kim, email="kim.park@example.org", previous_email=kim.email))
        runtime.webhooks.rotate_secrets(uow, facts.endpoint, keep_ms=0)
    runtime.client_access.disable("lapsed", by="root", reason="the contract ended")
    runtime.client_access.resume("paused")
    runtime.erasure.erase(facts.owners["noor"], by="root", reason="asked by letter")
    _note_grants(stage)


def late(stage: Stage) -> None:
    """Ada refuses ShiftPlan."""
    _, page = to_consent_page(stage.platform, Request(client_id="shiftplan"), ADA)
    answer(page, "deny")
    _note_grants(stage)


def _take_webhooks(stage: Stage) -> None:
    runtime = stage.runtime
    with runtime.storage.reading() as uow:
        client = uow.clients.get("coolsite")
    assert client is not None
    new = runtime.webhooks.prepare(client, EndpointUpdate(url=stage.sink.url()))
    with runtime.storage.transaction() as uow:
        runtime.webhooks.add(uow, new)
    stage.facts.endpoint = new.endpoint.endpoint_id


def _signed_in(stage: Stage, email: str) -> TestApp:
    browser = stage.platform.browser()
    sign_in(browser, browser.get("/login"), email)
    return browser


def _note_grants(stage: Stage) -> None:
    names = {owner_id: name for name, owner_id in stage.facts.owners.items()}
    for row in sorted(stage.rows("consent_grant"), key=lambda row: row["created_at"]):
        stage.facts.grants[f"{names[row['owner_id']]} {row['client_id']}"] = row["grant_id"]
