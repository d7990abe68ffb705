"""One grant of a bundle: its pages and personal values first, then its chain."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from consentcore.consent.bundle.lines import DISCLOSURE, SNAPSHOT, TOMBSTONE, WITHHELD, BadLine, json_object
from consentcore.consent.bundle.values import members, number, text
from consentcore.consent.personal import digests_in
from consentcore.domain.disclosure import Disclosure, digest_of

if TYPE_CHECKING:
    from consentcore.consent.bundle.signatures import Signatures


class BadEvent(BadLine):
    """An event does not hold.

    :ivar event_id: "" where the line does not say.
    """

    def __init__(self, why: str, event_id: str, sequence: int | None) -> None:
        super().__init__(why)
        self.event_id, self.sequence = event_id, sequence


@dataclass
class Group:
    """What was read of a grant so far. Its size is that of one grant.

    :ivar events: how many there are to be.
    :ivar seen: how many have been.
    :ivar place: that of the last one in the log.
    :ivar tombstones: what was forgotten.
    :ivar withheld: pages that were left out.
    """

    grant_id: str
    events: int
    personal: bool
    seen: int = 0
    head: str = ""
    place: int = -1
    tombstones: set[str] = field(default_factory=set)
    withheld: set[str] = field(default_factory=set)
    _snapshots: dict[str, list[str]] = field(default_factory=dict)
    _disclosures: set[str] = field(default_factory=set)
    _used: set[str] = field(default_factory=set)

    def add_material(self, kind: str, content: Any) -> None:
        """A page, a personal value, or what stands in place of one.

        :raises BadLine: when it may not stand here.
        """
        if self.seen:
            raise BadLine("it stands behind the events of its grant")
        if kind == SNAPSHOT:
            self._add_snapshot(text(content["content"]))
        elif kind == TOMBSTONE:
            self.tombstones.add(text(content["subject"]))
        elif self.personal == (kind == WITHHELD):
            raise BadLine(f"the bundle says that it has {'' if self.personal else 'no '}personal values")
        elif kind == DISCLOSURE:
            encoded = text(content)
            Disclosure("", encoded).read()
            self._disclosures.add(digest_of(encoded))
        else:
            self.withheld.add(text(content))

    def add_event(self, content: Any, signatures: Signatures) -> dict[str, Any]:
        """The next event of the chain; its body.

        :raises BadEvent: when it does not hold.
        """
        body: dict[str, Any] = {}
        try:
            body = json_object(text(content["body"]))
            self._check_place(body)
            index = number(content["index"])
            signatures.check_leaf(content["body"], index, content["proof"])
            if index <= self.place:
                raise BadLine("the log has it before the event that it follows")
            self._check_key(body, index, signatures.ended)
            self._check_shown(body)
            self.head, self.place, self.seen = text(content["record_hash"]), index, self.seen + 1
        except (ValueError, TypeError, LookupError, AttributeError) as error:
            raise BadEvent(_sentence(error), *_named(body)) from None
        return body

    def close(self) -> None:
        """All of the grant was read.

        :raises BadLine: when something is missing, or is left over.
        """
        if self.seen != self.events:
            raise BadLine(f"event {self.seen + 1} of grant {self.grant_id} is missing")
        there = {*self._snapshots, *self._disclosures, *self.tombstones, *self.withheld}
        if there - self._used:
            raise BadLine(f"grant {self.grant_id} has a page or a value that no event names")

    def _add_snapshot(self, content: str) -> None:
        hashed = "sha256:" + sha256(content.encode()).hexdigest()
        self._snapshots[hashed] = digests_in(json_object(content))

    def _check_place(self, body: dict[str, Any]) -> None:
        if body["grant_id"] != self.grant_id:
            raise BadLine(f"it belongs to grant {body['grant_id']}")
        if number(body["sequence"]) != self.seen + 1:
            raise BadLine(f"event {self.seen + 1} is missing, this one has the number {body['sequence']}")
        if body["prev_hash"] != self.head:
            raise BadLine("it does not follow the event before it")
        if self.seen >= self.events:
            raise BadLine("its grant has fewer events")

    @staticmethod
    def _check_key(body: dict[str, Any], index: int, ended: dict[str, int]) -> None:
        over = ended.get(text(body["key_id"]))
        if over is not None and index > over:
            raise BadLine(f"it is sealed with the key {body['key_id']}, which was over before")

    def _check_shown(self, body: dict[str, Any]) -> None:
        """The page that it names is there, and every value that it and the page commit to."""
        digests = digests_in(body)
        shown = text(members(body["evidence"])["snapshot_hash"])
        if shown in self._snapshots:
            digests += self._snapshots[shown]
            self._used.add(shown)
        elif shown and (shown in self.tombstones or shown in self.withheld):
            self._used.add(shown)
        elif shown:
            raise BadLine(f"the page {shown} that was shown is missing")
        if self.personal:
            for digest in digests:
                if (digest in self._disclosures) == (digest in self.tombstones):
                    raise BadLine("a personal value that it commits to is missing, or is not the one")
        self._used.update(digests)


def named_by(content: Any) -> tuple[str, int | None]:
    """Which event a line is of, and its number, as far as its text says, wherever the line stands."""
    try:
        return _named(json_object(text(content["body"])))
    except (ValueError, TypeError, LookupError, RecursionError):
        return "", None


def _named(body: dict[str, Any]) -> tuple[str, int | None]:
    event_id, sequence = body.get("event_id"), body.get("sequence")
    return (
        event_id if isinstance(event_id, str) else "",
        sequence if isinstance(sequence, int) and not isinstance(sequence, bool) else None,
    )


def _sentence(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"it has no {error.args[0]}"
    if isinstance(error, json.JSONDecodeError):
        return "its text is no JSON"
    return str(error)
