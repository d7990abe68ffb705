"""The seals of records as such: what lets an operator seal anew what a key has sealed that may be known to others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol


class SealedKind(StrEnum):
    """Records that stand for themselves and carry a seal, which may come from another key some day.

    Not among them: what ends with its key, because it is there for minutes or its owner can make it anew (codes,
    sessions, tickets); grants, whose rows change with their chains only; events and checkpoints, which never change.
    """

    APPLICATION = "applications"
    ENDPOINT = "endpoints"
    OWNER = "owners"
    IDENTITY = "identities"
    TOKEN = "tokens"
    NOTICE = "notices"
    DELIVERY = "deliveries"
    PAGE = "pages"
    WORDS = "words"
    TOMBSTONE = "tombstones"


@dataclass(frozen=True, slots=True)
class SealedRow:
    """A record as it is kept.

    :ivar record: a :class:`Client`, :class:`WebhookEndpoint`, :class:`Owner`, :class:`OwnerIdentity`, :class:`Token`,
        :class:`Notice`, :class:`Delivery`, :class:`NoticeSnapshot`, :class:`PinnedScope` or :class:`Tombstone`.
    :ivar proof: of a token: that of its family; b"" otherwise.
    """

    record: Any
    proof: bytes = b""


class SealRepository(Protocol):
    """Every record of a kind, and its seal. Only operators ask for it, rarely: it may read all there is. A seal goes
    with its record; purge takes it with that."""

    def page(self, kind: SealedKind, *, after: str = "", limit: int = 500) -> tuple[Sequence[SealedRow], str]:
        """Records of a kind, in whatever order; what is stored meanwhile may be left out.

        Of tokens those that were neither rotated nor belong to a family that was killed.

        :param after: where the page before has ended, as it said.
        :param limit: at most so many; a page may have fewer, and none.
        :returns: the records, and where the page ends; "" when nothing is behind it.
        """
        ...

    def put(self, kind: SealedKind, sealed: Sequence[tuple[Any, bytes]], key_id: str) -> None:
        """Give records another seal and change nothing else of them. One that does not bear the seal any more with
        which it comes is left as it is; so is one that is gone.

        :param sealed: records as they were read, each with its new seal; no more than one commit takes.
        :param key_id: of the key of the new seals, for records that keep it apart: tombstones.
        :raises StorageConflict: when somebody changes one of them at the same time.
        """
        ...
