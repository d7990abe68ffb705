"""What authorization requests were found sound lately: one like another is not judged again.

Whether a request is sound follows from its parameters and the registration of its client; settings and the catalog stay
as they are for as long as a process lives. Two parameters are each request's own, ``state`` and ``code_challenge``, and
are judged each time. What depends on anything else (who is signed in, what was granted, the clock) is no part of this.
"""

from __future__ import annotations

from dataclasses import fields
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from consentcore.domain.interaction import AuthorizationRequest
from consentcore.oauth.pkce import challenge_problem
from consentcore.oauth.remembered import Remembered

if TYPE_CHECKING:
    from consentcore.domain.client import Client
    from consentcore.oauth.authorization_request import AuthorizeState

PLAIN = frozenset(
    {
        "client_id",
        "redirect_uri",
        "response_type",
        "scope",
        "code_challenge_method",
        "prompt",
        "ui_locales",
        "resource",
    }
)
"""Parameters that together with the registration say whether a request is sound; one with any other is judged anew."""
CLIENTS, PER_CLIENT, LONGEST = 256, 16, 1024
"""Applications that are kept, requests of each, and how many characters these may have: 10 MB in the worst case."""
_NAMES = tuple(each.name for each in fields(AuthorizationRequest))
_READ = attrgetter(*_NAMES)

Key = tuple[tuple[str, str], ...]


class SoundRequests:
    """Requests by what they have in common with others. Safe to share between threads.

    A registration that was changed is another one: it is known by the very object that the storage gave.
    """

    def __init__(self) -> None:
        self._kept: Remembered[Client, dict[Key, dict[str, Any]]] = Remembered(CLIENTS)

    def like(self, asked: AuthorizeState) -> AuthorizationRequest | None:
        """The request, if one like it was found sound; None when it has to be judged."""
        kept = self._kept.of(asked.context.client) if asked.context.client is not None else None
        if kept is None or asked.parameters.problems or asked.pushed:
            return None
        values = asked.parameters.values
        found = kept.get(_key(values))
        challenge = values.get("code_challenge")
        if found is None or challenge_problem(challenge, values.get("code_challenge_method")) is not None:
            return None
        return AuthorizationRequest(
            **{**found, "state": values.get("state"), "code_challenge": challenge or ""}
        )

    def keep(self, asked: AuthorizeState, found: AuthorizationRequest) -> None:
        """Keep a request that was found sound, unless it has something that is not :data:`PLAIN`."""
        client, values = asked.context.client, asked.parameters.values
        if client is None or asked.pushed or not values.keys() <= PLAIN | {"state", "code_challenge"}:
            return
        key = _key(values)
        if sum(len(value) for _, value in key) > LONGEST:
            return
        kept = self._kept.of(client)
        if kept is None or len(kept) >= PER_CLIENT:
            kept = {}
            self._kept.keep(client, kept)
        kept[key] = dict(zip(_NAMES, _READ(found), strict=True))


def _key(values: dict[str, str]) -> Key:
    """All but what is each request's own; whether there is a challenge is not."""
    common = {**values, "state": "", "code_challenge": "1" if "code_challenge" in values else ""}
    return tuple(common.items())
