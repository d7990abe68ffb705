"""What has changed since somebody agreed: the values of their last yes beside those of today."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from consentcore.domain.message import Message, message

if TYPE_CHECKING:
    from consentcore.domain.client import Client
    from consentcore.domain.event import ConsentEvent
    from consentcore.domain.scope import Scope


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that reads otherwise today.

    :ivar what: what it is about.
    :ivar then: its text at the time of the last yes; "" where there was none.
    :ivar now: and today; "" where there is none any more.
    """

    what: Message
    then: str
    now: str


@dataclass(frozen=True, slots=True)
class Agreement:
    """What the last event said by which the owner agreed."""

    event: ConsentEvent
    body: dict[str, Any]

    @classmethod
    def latest(cls, events: Sequence[ConsentEvent]) -> Agreement | None:
        """The last one among these; None where they only said no, or nothing.

        :param events: of one grant, oldest first.
        """
        bodies = ((event, json.loads(event.body)) for event in reversed(events) if event.event_id)
        return next((cls(event, body) for event, body in bodies if body.get("consent_type")), None)

    @property
    def locale(self) -> str:
        """Of the page on which they agreed (BCP 47); "" where that was not noted."""
        return str(self.body.get("evidence", {}).get("locale", ""))

    @property
    def purpose(self) -> str:
        """What for, in the application's own words of then."""
        return str(self.body.get("purpose", {}).get("text", ""))

    def version(self, policy: str) -> str:
        """Which version of a text of the operator's was in force, such as ``terms``; "" where that was not noted."""
        return str(self.body.get("policy_versions", {}).get(policy, ""))


def of_client(agreed: Agreement, client: Client) -> list[Difference]:
    """What an application calls itself otherwise than it did."""
    pairs = (
        (message("Name"), "client_name", client.name),
        (message("Publisher"), "client_publisher", client.publisher),
        (message("Website"), "client_website", client.website),
        (message("Privacy notice"), "client_privacy_url", client.privacy_url),
    )
    found = [Difference(what, str(agreed.body.get(name, now)), now) for what, name, now in pairs]
    found.append(Difference(message("What for, in its own words"), agreed.purpose, client.purpose))
    return [one for one in found if one.then != one.now]


def of_scopes(then: Iterable[Scope], now: Iterable[Scope]) -> list[Difference]:
    """Scopes whose words are others today; what they mean is the same, or they would have been asked again."""
    today = {scope.reference: scope for scope in now}
    found = []
    for scope in then:
        latest = today.get(scope.reference)
        if latest is not None and (scope.label, scope.sees) != (latest.label, latest.sees):
            found.append(Difference(message("Our words for it"), _said(scope), _said(latest)))
    return found


def of_policies(agreed: Agreement, privacy_policy: str, terms: str) -> list[Difference]:
    """Versions of the operator's own texts that are others today, as far as both are known."""
    pairs = (
        (message("Version of our privacy notice"), "privacy_policy", privacy_policy),
        (message("Version of our terms"), "terms", terms),
    )
    found = [Difference(what, agreed.version(name), now) for what, name, now in pairs]
    return [one for one in found if one.then and one.now and one.then != one.now]


def _said(scope: Scope) -> str:
    return f"{scope.label}: {scope.sees}" if scope.sees else scope.label
