"""A log in which everything has happened that a bundle can have in it, and what somebody may do to such a bundle."""

from __future__ import annotations

import copy
import io
import json
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from consentcore.consent.bundle.lines import SCHEMA
from consentcore.consent.bundle.service import Bundles
from consentcore.consent.bundle.writing import Selection
from consentcore.consent.evidence.publication import LogPublication
from consentcore.consent.evidence.service import EvidenceLog
from consentcore.consent.evidence.signer import LogSigner
from consentcore.consent.forgetting import make_tombstone
from consentcore.consent.ledger import canonical
from consentcore.consent.personal import digests_in
from consentcore.domain.clock import HOUR, MINUTE
from consentcore.domain.event import Evidence
from consentcore.domain.parties import Actor, ActorType
from consentcore.keys import Keys, MasterKey
from consentcore.testing import factories
from consentcore.testing.factories import NOW
from tests.support.anchors import Shelf

if TYPE_CHECKING:
    from collections.abc import Callable

    from consentcore.testing.scenario import Scenario

ISSUER = "https://auth.example"
ORIGIN = "auth.example"
OLD = MasterKey("old1", b"o" * 32, used_from=NOW - HOUR)
NEW = MasterKey("new1", b"n" * 32, used_from=NOW)

Parsed = list[dict[str, Any]]


@dataclass
class Village:
    """A scenario with its log."""

    scenario: Scenario
    shelf: Shelf = field(default_factory=Shelf)

    @property
    def log(self) -> EvidenceLog:
        one = self.scenario
        return EvidenceLog(one.storage, one.keys, one.clock, ORIGIN, lambda: {"shelf": self.shelf})

    @property
    def bundles(self) -> Bundles:
        one = self.scenario
        return Bundles(ISSUER, self.log, LogPublication(one.storage, one.keys, ORIGIN))

    def bundle(self, selection: Selection | None = None, **options: Any) -> bytes:
        file = io.BytesIO()
        self.bundles.write(file, selection or Selection(), **options)
        return file.getvalue()

    def backup(self) -> Any:
        return self.scenario.storage._engine.committed.fork()

    def restore(self, state: Any) -> None:
        self.scenario.storage._engine._state = state

    def withdraw(self, grant_id: str) -> None:
        actor = Actor(ActorType.OWNER, self.scenario.owner.owner_id)
        self.scenario.revoke(grant_id, actor, evidence=Evidence("dialog:proceed", reason_text="no more"))

    @property
    def keys(self) -> str:
        """The public keys as they are published."""
        return json.dumps(self.bundles.published.key_list())


def lived(scenario: Scenario) -> Village:
    """Two owners, two applications; a key was rotated, a backup restored, a value forgotten."""
    village = Village(scenario)
    scenario.keys = Keys([OLD], scenario.clock)
    grace = factories.owner(email="grace@example.org")
    other = scenario.add_client("shiftplan", name="ShiftPlan", scopes=scenario.client.scopes)
    with scenario.storage.transaction() as uow:
        uow.owners.add(grace)
    scenario.allow("sites.read")
    village.log.advance()
    scenario.keys = Keys([NEW, OLD], scenario.clock)
    scenario.__dict__.pop("service", None)
    scenario.clock.advance(11 * MINUTE)
    scenario.allow("comfort.read")
    village.log.advance()
    old = village.backup()
    scenario.deny("energy.read")
    village.log.advance()
    village.restore(old)
    village.log.resume("the disk died")
    grant = scenario.approve("sites.read", client=other).grant
    scenario.approve("sites.read", owner=grace)
    village.withdraw(grant.grant_id)
    scenario.deny("ev.write")
    village.log.advance()
    with scenario.storage.transaction() as uow:
        event = uow.ledger.of_grant(grant.grant_id)[1]
        digest = digests_in(json.loads(event.body))[0]
        uow.ledger.forget([make_tombstone(scenario.keys, digest, scenario.clock.now(), "erasure")])
    return village


def parsed(bundle: bytes) -> Parsed:
    return [json.loads(line) for line in bundle.splitlines()]


def text_of(lines: Parsed) -> bytes:
    return b"".join(json.dumps(one, ensure_ascii=False).encode() + b"\n" for one in lines)


def sealed(lines: Parsed, signer: LogSigner) -> Parsed:
    """With an end that fits: what somebody can make who has the signing key."""
    *before, end = lines
    said = json.loads(end["end"]["note"].split("\n")[0])
    said |= {
        "bundle": SCHEMA,
        "grants": sum("grant" in one for one in before),
        "events": sum("event" in one for one in before),
        "statements": sum("statement" in one for one in before),
        "sha256": sha256(text_of(before)).hexdigest(),
    }
    return [*before, {"end": {"note": str(signer.sign(canonical(said) + "\n"))}}]


def places(lines: Parsed, kind: str) -> list[int]:
    return [number for number, one in enumerate(lines) if kind in one]


def chain_of(lines: Parsed, at_least: int) -> list[int]:
    """The places of the events of the first grant that has so many."""
    for start in places(lines, "grant"):
        if lines[start]["grant"]["events"] >= at_least:
            behind = [n for n in places(lines, "event") if n > start]
            return behind[: lines[start]["grant"]["events"]]
    raise AssertionError("no such grant")


def _body(lines: Parsed, at: int, **changes: Any) -> None:
    content = lines[at]["event"]
    content["body"] = canonical({**json.loads(content["body"]), **changes})


def edited_event(lines: Parsed) -> None:
    _body(lines, places(lines, "event")[0], client_name="Somebody Else")


def edited_time(lines: Parsed) -> None:
    _body(lines, places(lines, "event")[2], occurred_at="2020-01-01T00:00:00.000Z")


def withdrawal_as_consent(lines: Parsed) -> None:
    at = next(n for n in places(lines, "event") if '"type":"withdrawn"' in lines[n]["event"]["body"])
    _body(lines, at, type="amended", state_after="active")


def deleted_event(lines: Parsed) -> None:
    del lines[chain_of(lines, 2)[0]]


def deleted_last_event(lines: Parsed) -> None:
    del lines[chain_of(lines, 2)[-1]]


def deleted_last_event_and_count(lines: Parsed) -> None:
    at = chain_of(lines, 2)[-1]
    start = max(n for n in places(lines, "grant") if n < at)
    lines[start]["grant"]["events"] -= 1
    del lines[at]


def deleted_grant(lines: Parsed) -> None:
    first, second = places(lines, "grant")[:2]
    del lines[first:second]


def swapped_events(lines: Parsed) -> None:
    one, two = chain_of(lines, 2)[:2]
    lines[one], lines[two] = lines[two], lines[one]


def doubled_event(lines: Parsed) -> None:
    at = chain_of(lines, 2)[0]
    lines.insert(at, copy.deepcopy(lines[at]))


def swapped_grants(lines: Parsed) -> None:
    one, two, three = places(lines, "grant")[:3]
    lines[one:three] = lines[two:three] + lines[one:two]


def doubled_grant(lines: Parsed) -> None:
    one, two = places(lines, "grant")[:2]
    lines[two:two] = copy.deepcopy(lines[one:two])


def foreign_event(lines: Parsed) -> None:
    one, two = chain_of(lines, 2)[0], places(lines, "event")[-1]
    lines[two]["event"] = copy.deepcopy(lines[one]["event"])


def other_place(lines: Parsed) -> None:
    lines[places(lines, "event")[1]]["event"]["index"] += 1


def no_such_place(lines: Parsed) -> None:
    lines[places(lines, "event")[1]]["event"]["index"] = 4000


def negative_place(lines: Parsed) -> None:
    lines[places(lines, "event")[1]]["event"]["index"] = -1


def shorter_proof(lines: Parsed) -> None:
    lines[places(lines, "event")[1]]["event"]["proof"].pop()


def longer_proof(lines: Parsed) -> None:
    proof = lines[places(lines, "event")[1]]["event"]["proof"]
    proof.append(proof[0])


def proof_that_is_none(lines: Parsed) -> None:
    lines[places(lines, "event")[1]]["event"]["proof"][0] += " "


def other_keyed_hash(lines: Parsed) -> None:
    lines[chain_of(lines, 2)[0]]["event"]["record_hash"] = "00" * 32


def edited_page(lines: Parsed) -> None:
    lines[places(lines, "snapshot")[0]]["snapshot"]["content"] = '{"text":"May CoolSite see nothing?"}'


def page_that_is_gone(lines: Parsed) -> None:
    del lines[places(lines, "snapshot")[0]]


def page_that_nobody_saw(lines: Parsed) -> None:
    lines.insert(places(lines, "event")[0], {"snapshot": {"content": '{"text":"never shown"}'}})


def event_before_its_grant(lines: Parsed) -> None:
    lines.insert(places(lines, "grant")[0], lines.pop(places(lines, "event")[0]))


def event_too_many(lines: Parsed) -> None:
    lines.insert(places(lines, "end")[0], copy.deepcopy(lines[places(lines, "event")[-1]]))


def event_behind_the_end(lines: Parsed) -> None:
    lines.append(lines[places(lines, "event")[0]])


def edited_value(lines: Parsed) -> None:
    one, two = places(lines, "disclosure")[0], places(lines, "disclosure")[-1]
    lines[one]["disclosure"] = lines[two]["disclosure"]


def value_that_is_gone(lines: Parsed) -> None:
    del lines[places(lines, "disclosure")[0]]


def tombstone_that_is_gone(lines: Parsed) -> None:
    del lines[places(lines, "tombstone")[0]]


def forgotten_and_there(lines: Parsed) -> None:
    at = places(lines, "disclosure")[0]
    found = sha256(lines[at]["disclosure"].encode()).digest()
    from base64 import urlsafe_b64encode

    digest = urlsafe_b64encode(found).rstrip(b"=").decode()
    facts = {"subject": digest, "forgotten_at": "2026-01-01T00:00:00.000Z", "reason": "erasure"}
    lines.insert(at, {"tombstone": facts})


def value_after_event(lines: Parsed) -> None:
    at = places(lines, "disclosure")[0]
    event = next(n for n in places(lines, "event") if n > at)
    lines.insert(event + 1, lines.pop(at))


def checkpoint_of_more(lines: Parsed) -> None:
    note = lines[0]["bundle"]["checkpoint"].split("\n")
    note[1] = str(int(note[1]) + 1)
    lines[0]["bundle"]["checkpoint"] = "\n".join(note)


def checkpoint_without_signature(lines: Parsed) -> None:
    text = lines[0]["bundle"]["checkpoint"].split("\n\n")[0]
    lines[0]["bundle"]["checkpoint"] = text + "\n\n"


def other_log(lines: Parsed) -> None:
    lines[0]["bundle"]["log"] = "somebody.example"


def other_schema(lines: Parsed) -> None:
    lines[0]["bundle"]["schema"] = "urn:consentcore:evidence-bundle:9"


def keys_that_are_none(lines: Parsed) -> None:
    for one in lines[0]["bundle"]["keys"]:
        one["key"] = one["key"][:-2] + "A="


def revoked_key(lines: Parsed) -> None:
    for one in lines[0]["bundle"]["keys"]:
        one["revoked_at"] = "2026-01-01T00:00:00.000Z"


def deleted_statement(lines: Parsed) -> None:
    del lines[places(lines, "statement")[0]]


def edited_statement(lines: Parsed) -> None:
    at = places(lines, "statement")[-1]
    lines[at]["statement"]["note"] = lines[at]["statement"]["note"].replace("the disk died", "nothing much")


def swapped_statements(lines: Parsed) -> None:
    one, two = places(lines, "statement")[:2]
    lines[one], lines[two] = lines[two], lines[one]


def lost_without_consistency(lines: Parsed) -> None:
    del lines[places(lines, "statement")[-1]]["statement"]["consistency"]


def wrong_consistency(lines: Parsed) -> None:
    lines[places(lines, "statement")[-1]]["statement"]["consistency"].append("A" * 43 + "=")


def without_end(lines: Parsed) -> None:
    del lines[-1]


def behind_the_end(lines: Parsed) -> None:
    lines.append(lines[1])


def end_of_another(lines: Parsed) -> None:
    lines[0]["bundle"]["made_at"] = "2020-01-01T00:00:00.000Z"


def two_members(lines: Parsed) -> None:
    lines[1]["event"] = {}


def no_object(lines: Parsed) -> None:
    lines[3] = [1, 2]  # type: ignore[call-overload]


def unknown_line(lines: Parsed) -> None:
    lines.insert(1, {"remark": "all is well"})


def claims_no_values(lines: Parsed) -> None:
    lines[0]["bundle"]["personal"] = False


def withheld_page(lines: Parsed) -> None:
    at = places(lines, "snapshot")[0]
    lines[at] = {"withheld": "sha256:" + sha256(lines[at]["snapshot"]["content"].encode()).hexdigest()}


TAMPERINGS: dict[str, Callable[[Parsed], None]] = {
    one.__name__: one
    for one in (
        *(edited_event, edited_time, withdrawal_as_consent, deleted_event, deleted_last_event),
        *(deleted_last_event_and_count, deleted_grant, swapped_events, doubled_event, swapped_grants),
        *(event_before_its_grant, event_too_many, event_behind_the_end),
        *(doubled_grant, foreign_event, other_place, no_such_place, negative_place, shorter_proof),
        *(longer_proof, proof_that_is_none, other_keyed_hash, edited_page, page_that_is_gone),
        *(page_that_nobody_saw, edited_value, value_that_is_gone, tombstone_that_is_gone),
        *(forgotten_and_there, value_after_event, checkpoint_of_more, checkpoint_without_signature),
        *(other_log, other_schema, keys_that_are_none, revoked_key, deleted_statement, edited_statement),
        *(swapped_statements, lost_without_consistency, wrong_consistency, without_end, behind_the_end),
        *(end_of_another, two_members, no_object, unknown_line, claims_no_values, withheld_page),
    )
}
"""By name; each changes the lines of a good, complete bundle."""

UNTOUCHED_END = frozenset({"without_end", "behind_the_end", "event_behind_the_end", "end_of_another"})
"""What an end that fits would undo."""
