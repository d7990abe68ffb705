"""Tells a room of a chat (Mattermost, Rocket.Chat, Slack: an incoming webhook) what happens to consents."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from consentcore.api import (
    Audience,
    Clock,
    ConsentFacts,
    Delivered,
    EgressError,
    EgressPolicy,
    Envelope,
    Notifier,
    Outcome,
    PluginInfo,
    PluginKind,
    Reject,
    Retry,
    Secret,
    facts_of,
    hookimpl,
    setting,
)

ROOM = "room"
WORDS = {"consent.granted": "was allowed", "consent.denied": "was refused", "consent.revoked": "was shut out"}


@dataclass(frozen=True)
class TeamChatSettings:
    """``consentcore.plugin.team_chat.*``."""

    url: Secret = setting("The incoming webhook; a secret, because who knows it can post.")
    only: tuple[str, ...] = setting(
        "Kinds of notices that are told; empty: those about consents.", default=()
    )
    timeout_s: float = setting("Time for one try.", default=10.0, minimum=0.1, maximum=30)
    retry_schedule_s: tuple[float, ...] = setting(
        "Waits after failed tries.", default=(5, 60, 600), minimum=0
    )
    allow_networks: tuple[str, ...] = setting("Private networks (CIDR) that may be reached.", default=())


class TeamChat:
    """See ``consentcore.api.Notifier``."""

    def __init__(self, settings: TeamChatSettings) -> None:
        self._settings = settings
        self._egress = EgressPolicy(allow_networks=settings.allow_networks, timeout_s=settings.timeout_s)

    @property
    def retry_schedule_s(self) -> Sequence[float]:
        """Waits after failed tries, in seconds."""
        return self._settings.retry_schedule_s

    def targets(self, envelope: Envelope) -> Sequence[str]:
        """The room, for what owners are told of too."""
        kind = envelope.notice.kind.value
        wanted = kind in self._settings.only if self._settings.only else kind.startswith("consent.")
        return [ROOM] if wanted and Audience.OWNER in envelope.notice.audiences else []

    def send(self, envelope: Envelope, target: str) -> Outcome:  # noqa: ARG002 - there is one room
        """Try once."""
        told = {"text": _text(envelope), "id": envelope.notice.notice_id}
        headers = {"content-type": "application/json"}
        try:
            answer = self._egress.post(self._settings.url.reveal(), headers, json.dumps(told).encode())
        except EgressError as error:
            return Retry("the chat cannot be reached", error=error.error_class)
        if 200 <= answer.status < 300:
            return Delivered(answer.status)
        if answer.status in {401, 403, 404}:
            return Retry("the chat knows no such webhook", status=answer.status, error="http", operator=True)
        if answer.status == 400:
            return Reject("the chat does not take this message", answer.status)
        return Retry(f"the chat answered {answer.status}", status=answer.status, error="http")


def _text(envelope: Envelope) -> str:
    """What happened to which application; nobody's name, since everybody in the room reads it."""
    application = envelope.client.name if envelope.client else "an application"
    what = WORDS.get(envelope.notice.kind.value, envelope.notice.kind.value)
    facts = facts_of(envelope.notice)
    scopes = f" ({len(facts.scopes)} scopes)" if isinstance(facts, ConsentFacts) and facts.scopes else ""
    return f"{application} {what}{scopes}"


@hookimpl
def consentcore_plugin() -> PluginInfo:
    """Say who this is."""
    return PluginInfo(
        name="team_chat",
        kind=PluginKind.NOTIFIER,
        summary="Tells a room of a chat what happens to consents.",
        api="1.1",
        settings=TeamChatSettings,
    )


@hookimpl
def consentcore_notifier(settings: TeamChatSettings, clock: Clock) -> Notifier:  # noqa: ARG001 - it keeps no time
    """Make the notifier."""
    return TeamChat(settings)
