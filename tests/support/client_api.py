"""An application that looks at its own grants and events under ``/api/v1``; openapi.json describes each answer."""

from __future__ import annotations

import base64
from json import dumps
from typing import TYPE_CHECKING

from consentcore.domain.event import Evidence
from consentcore.domain.owner import Owner
from consentcore.domain.parties import Actor, ActorType
from consentcore.ports.storage import transact
from tests.support.webhook_contract import document, schema

if TYPE_CHECKING:
    from tests.support.platform import Platform

GRANTS = "/api/v1/grants"
EVENTS = "/api/v1/events"


def basic(client_id: str, secret: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()}


def call(
    platform: Platform,
    path: str,
    method: str = "GET",
    *,
    client_id: str = "coolsite",
    status: int = 200,
    json: object = None,
):
    headers = basic(client_id, platform.secrets[client_id])
    body = {} if json is None else {"body": dumps(json).encode()}
    if body:
        headers["Content-Type"] = "application/json"
    answer = platform.browser().request(path, method=method, headers=headers, status=status, **body)
    if answer.body:
        assert wrong_with(path, answer) == []
    return answer


def wrong_with(path: str, answer) -> list[str]:
    """Where an answer is not what openapi.json says."""
    if answer.status_int >= 400:
        return [one.message for one in schema("Error").iter_errors(answer.json)]
    name = "ListedEvent" if path.startswith(EVENTS) else "Grant"
    special = {"at": "GrantAt", "deletion": "DeletionConfirmed"}
    name = special.get(path.partition("?")[0].rpartition("/")[2], name)
    things = answer.json.get("data", [answer.json])
    found = [one.message for thing in things for one in schema(name).iter_errors(thing)]
    known = document()["components"]["schemas"]["Grant"]["properties"]
    return found + [
        f"{member} is not described"
        for thing in things
        for member in thing
        if name == "Grant" and member not in known
    ]


def owner_of(platform: Platform, email: str) -> Owner:
    with platform.runtime.storage.reading() as uow:
        return uow.owners.by_email(email)


def people(platform: Platform, count: int) -> list[Owner]:
    """Data owners without passwords."""
    made = [Owner(f"owner-{number}", f"owner{number}@example.org", 1) for number in range(count)]
    with platform.runtime.storage.transaction() as uow:
        for one in made:
            uow.owners.add(one)
    return made


def withdraw(platform: Platform, grant) -> None:
    actor = Actor(ActorType.OWNER, grant.owner_id)
    runtime = platform.runtime
    transact(
        runtime.storage,
        lambda uow: runtime.service.revoke(
            uow, grant.grant_id, actor=actor, evidence=Evidence("dialog:proceed")
        ),
    )


def everything(
    platform: Platform, path: str, limit: int = 100, after: str = "", **narrowed: str
) -> list[dict]:
    """All pages."""
    found: list[dict] = []
    while True:
        query = "&".join(f"{name}={value}" for name, value in narrowed.items())
        page = call(platform, f"{path}?limit={limit}&after={after}&{query}").json
        found += page["data"]
        after = page["next_after"] or ""
        if not page["has_more"]:
            return found
