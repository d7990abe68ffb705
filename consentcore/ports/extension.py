"""Ports of the smaller plugins: anchors, consent panels, token claims."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from consentcore.domain.errors import ConsentcoreError

if TYPE_CHECKING:
    from consentcore.domain.client import Client
    from consentcore.domain.event import Checkpoint
    from consentcore.domain.grant import Grant
    from consentcore.domain.owner import Owner
    from consentcore.domain.scope import Scope


class Anchor(Protocol):
    """Keeps signed checkpoints outside the database."""

    def publish(self, checkpoint: Checkpoint) -> None:
        """Keep it. Called by the worker, at least once for each; an exception means try again."""
        ...


@runtime_checkable
class ReadableAnchor(Anchor, Protocol):
    """An anchor that can be asked: what the database says of itself is held against it.

    Without ``newest`` a rollback is noticed by nobody but whoever reads the anchor by hand.
    """

    def newest(self, origin: str) -> str:
        """The checkpoint of the greatest size that is kept of a log, as a signed note with all its signatures; "" when
        there is none. Of two of one size either.

        Give what is kept, whatever you think of it: whether it is ours is checked by its signature.

        :param origin: name of the log, the first line of its checkpoints.
        :raises Exception: when it cannot be read now. That there is none may be said only when that is certain.
        """
        ...


@runtime_checkable
class CosigningAnchor(Anchor, Protocol):
    """An anchor that wants to be shown that a checkpoint continues the one that it has, and then signs it too."""

    def cosign(self, checkpoint: Checkpoint, prove: Callable[[int], Sequence[bytes]]) -> str:
        """Keep it, instead of :meth:`Anchor.publish`, and return lines of signatures for it; "" for none.

        :param prove: the consistency proof (RFC 6962 section 2.1.2) from a smaller size to that of the checkpoint.
        :raises AnchorContradiction: when it has one that this does not continue. Anything else means try again.
        """
        ...


class AnchorProblem(ConsentcoreError):
    """Why an anchor could not keep or tell something, in words for the log: nothing secret, nobody's address."""


class AnchorContradiction(ConsentcoreError):
    """What an anchor keeps is not continued by what it is given: the text says what it keeps. Nothing is signed any
    more until somebody has looked."""


@dataclass(frozen=True, slots=True)
class ConsentContext:
    """What a consent panel may know."""

    client: Client
    owner: Owner
    scopes: tuple[Scope, ...]
    locale: str


@dataclass(frozen=True, slots=True)
class ConsentPanel:
    """An extra block on the consent page: plain text, escaped by the page; part of the notice snapshot."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class TokenContext:
    """What a plugin that adds claims may know. ``audience``: the APIs that the token is for; may be empty."""

    grant: Grant
    client_id: str
    scopes: tuple[str, ...]
    subject: str
    audience: tuple[str, ...] = ()


RESERVED_CLAIMS = frozenset(
    {
        *(
            "active",
            "scope",
            "client_id",
            "username",
            "token_type",
            "exp",
            "iat",
            "nbf",
            "sub",
            "aud",
            "iss",
            "jti",
        ),
        *("auth_time", "acr", "amr", "authorization_details"),
        *("grant_id", "resources", "act", "may_act", "cnf"),
    }
)
"""Claims that no plugin may give: those of RFC 7662, 8693, 8705, 9068 and 9396, and ours."""
