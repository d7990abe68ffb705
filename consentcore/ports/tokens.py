"""Codes and tokens: what the protocol routes ask of a store, see :mod:`consentcore.ports.storage`."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Protocol

from consentcore.ports.one_time_use import OneTimeStorage

if TYPE_CHECKING:
    from consentcore.domain.exchange import ConsumeOutcome, Redemption, RotateOutcome, Rotation
    from consentcore.domain.interaction import AuthorizeContext, Interaction
    from consentcore.domain.token import Code, CodeLookup, TokenLookup


class ProtocolStorage(OneTimeStorage, Protocol):
    """Verbs of authorize, token, introspect and revoke: one read, at most one guarded write each.

    What they store may be purged only when it can neither be used nor tell of a theft any more, see
    :meth:`Storage.purge`.

    A client that is suspended counts as one that is not enabled, in every verb that asks whether it is
    (:attr:`~consentcore.domain.client.Client.in_service`).

    Whatever ends a credential erases what shows that it is ours, in the same write: a code that is used and a refresh
    token that is rotated lose their ``seal``, a family that is killed its ``family_proof``. So nobody brings one back
    to life by changing rows who has not kept a copy of them.

    What a docstring says of statements is the measure of an engine that joins. One that does not takes one read after
    another, each of what is committed by then, the grant and the client last; a write stays one commit with all of its
    conditions.
    """

    def read_authorize(self, client_id: str, session_hash: bytes | None, now: int) -> AuthorizeContext:
        """Find the client, the live session, and the owner's ACTIVE grant for the client, in one read.

        An expired session is absent; a grant whose time is over at ``now`` is absent. 1 statement, 0 commits.
        """
        ...

    def open_interaction(self, interaction: Interaction) -> None:
        """Store a pending authorization request. 1 statement, 1 commit."""
        ...

    def issue_code(self, code: Code) -> bool:
        """Store a code if, at ``code.created_at``, its grant is active and its client enabled, else return False.

        1 statement, 1 commit.
        """
        ...

    def read_code(self, client_id: str, code_hash: bytes) -> CodeLookup:
        """Find the client, and the code with its grant if the code was issued to that client.

        1 statement, 0 commits.
        """
        ...

    def consume_code(self, redemption: Redemption) -> ConsumeOutcome:
        """Burn the code and store its tokens, the access token alone where there is no other, or change nothing.

        ``Consumed`` only if, at ``redemption.now``, the code exists for ``client_id``, is unused and not
        expired, its family is sound, its grant active and unexpired, and its client enabled. Among any number
        of simultaneous callers exactly one gets ``Consumed``. For the others, in this order: a code of another
        client, or one whose grant, client or family is dead, gives ``Unknown`` (so a replay is reported until
        the family is killed, not for ever); a used code gives ``Replayed`` however old it is; one whose time
        is over gives ``Expired``. Last of all, where ``redemption.one_use`` was noted before, by whatever verb, and has
        not been purged, it is ``UsedBefore``; else it is noted in the same commit, and with no other outcome.
        1 writing statement and 1 commit on success (SQLite: one BEGIN IMMEDIATE transaction).
        """
        ...

    def find_token(self, client_id: str, token_hash: bytes) -> TokenLookup:
        """Find the asking client, and the token of whatever kind and client with all that its liveness needs.

        Also finds expired, rotated and dead tokens: the caller judges. 1 statement, 0 commits.
        """
        ...

    def rotate_refresh(self, rotation: Rotation) -> RotateOutcome:
        """Exchange a refresh token for its successor, or change nothing.

        ``Rotated`` only if, at ``rotation.now``, the token is a refresh token of ``client_id``, not rotated, not
        expired, its family sound, grant active and unexpired, client enabled. Among simultaneous callers exactly
        one gets ``Rotated``. A rotated token gives ``Grace`` while ``now < rotated_at + grace_ms``, its nonce is
        still there and its immediate successor has itself not been rotated, and everything under it is alive;
        otherwise ``Reused`` (also for older generations, and however old it is). Before that, a token of another
        client, or one whose grant, client or family is dead, gives ``Unknown``; after it, one that was not
        rotated and whose time is over gives ``Expired``. ``rotation.one_use`` is treated as by :meth:`consume_code`.
        1 writing statement and 1 commit on success.
        """
        ...

    def kill_family(self, family_id: str, now: int) -> bool:
        """Kill every token that descends from one code; False when it was dead before.

        Idempotent. 1 statement, 1 commit.
        """
        ...


class TokenRepository(Protocol):
    """Codes and families of tokens inside a transaction. A family is what descends from one code."""

    def add_code(self, code: Code) -> None:
        """Store a code issued together with a consent; its family is born with it.

        :raises StorageConflict: when there is one of that hash or family.
        """
        ...

    def kill_family(self, family_id: str, now: int) -> bool:
        """Like :meth:`ProtocolStorage.kill_family`, as part of the transaction."""
        ...

    def living(self, families: Collection[str], refresh: Collection[bytes]) -> tuple[set[str], set[bytes]]:
        """Of these families those that are there and were not killed, and of these refresh tokens, by their hash, those
        that are there and were not rotated; whatever their time and their grant say. Only verification asks.

        :param families: at most 500.
        :param refresh: at most 500.
        """
        ...
