"""Personal values of the evidence: put beside it under digests, and read back.

A body or a snapshot names the digests in ``_sd`` (RFC 9901 section 4.2.4.1), sorted, so that their order tells nothing.
Whoever reads gets what is still known: what was forgotten is not there, and no reader may rely on it.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from consentcore.domain.disclosure import SALT_BYTES, Disclosure, disclose
from consentcore.domain.parties import ActorType

if TYPE_CHECKING:
    from consentcore.consent.event_body import Action
    from consentcore.domain.event import ConsentEvent
    from consentcore.domain.owner import Owner
    from consentcore.ports.transactions import UnitOfWork

DIGESTS = "_sd"
ALGORITHM = "_sd_alg"

OWNER_EMAIL = "owner_email"
OWNER_NAME = "owner_name"
OPERATOR = "operator"
REASON_TEXT = "reason_text"
LABELS = "resource_labels"
LABELS_TOGETHER = 100
"""Labels in one disclosure: an owner may choose thousands of sites."""


def values_of(action: Action, owner: Owner | None, resources: Collection[str]) -> dict[str, object]:
    """What is personal in something that happened, by name.

    :param owner: who did it; None where it was somebody else.
    :param resources: ids that are chosen after it; only their labels are kept.
    """
    found: dict[str, object] = {
        OWNER_EMAIL: owner.email if owner else "",
        OWNER_NAME: owner.name if owner else "",
        OPERATOR: action.actor.actor_id if action.actor.type is ActorType.OPERATOR else "",
        REASON_TEXT: action.evidence.reason_text,
    }
    labels = [(name, action.labels[name]) for name in sorted(resources) if name in action.labels]
    for start in range(0, len(labels), LABELS_TOGETHER):
        number = start // LABELS_TOGETHER + 1
        name = LABELS if number == 1 else f"{LABELS}.{number}"
        found[name] = dict(labels[start : start + LABELS_TOGETHER])
    return {name: value for name, value in found.items() if value}


def apart(values: Mapping[str, object]) -> list[Disclosure]:
    """Disclosures of values, each with a salt of its own."""
    return [disclose(name, value, secrets.token_bytes(SALT_BYTES)) for name, value in values.items()]


def committed(disclosures: Iterable[Disclosure]) -> dict[str, object]:
    """The members by which a text commits to what stands beside it; none where nothing does."""
    digests = sorted(one.digest for one in disclosures)
    return {DIGESTS: digests, ALGORITHM: "sha-256"} if digests else {}


def digests_in(text: Mapping[str, Any]) -> list[str]:
    """The digests that the body of an event, or a snapshot, commits to; none where an older release wrote it."""
    found = text.get(DIGESTS, [])
    return [one for one in found if isinstance(one, str)] if isinstance(found, list) else []


def values_in(known: Mapping[str, Disclosure], digests: Iterable[str]) -> dict[str, object]:
    """Values by name, of those digests that are still known; what is not what its digest says is left out."""
    kept = (known[digest] for digest in digests if digest in known)
    values = dict(one.read() for one in kept if one.is_sound)
    parts = [name for name in values if name.startswith(f"{LABELS}.")]
    for name in sorted(parts):
        part = values.pop(name)
        values[LABELS] = {**_labels(values.get(LABELS)), **_labels(part)}
    return values


def disclosed(uow: UnitOfWork, event: ConsentEvent) -> dict[str, object]:
    """The personal values of an event by name, as far as they are known; one statement, none where there are none."""
    return disclosed_by(uow, [event])[event.event_id]


def disclosed_by(uow: UnitOfWork, events: Collection[ConsentEvent]) -> dict[str, dict[str, object]]:
    """The same of several events, by event id."""
    bodies = {event.event_id: json.loads(event.body) for event in events}
    digests = {event_id: digests_in(body) for event_id, body in bodies.items()}
    wanted = {one for some in digests.values() for one in some}
    known = uow.ledger.disclosures(wanted) if wanted else {}
    return {
        event_id: {**_before_disclosures(bodies[event_id]), **values_in(known, some)}
        for event_id, some in digests.items()
    }


def labels_in(values: Mapping[str, object]) -> dict[str, str]:
    """The labels of chosen resources, by id, out of disclosed values."""
    return _labels(values.get(LABELS))


def _labels(value: object) -> dict[str, str]:
    return {str(name): str(label) for name, label in value.items()} if isinstance(value, dict) else {}


def _before_disclosures(body: Mapping[str, Any]) -> dict[str, object]:
    """What an older release wrote into the body itself."""
    evidence, actor = body.get("evidence") or {}, body.get("actor") or {}
    found = {
        REASON_TEXT: evidence.get("reason_text"),
        OPERATOR: actor.get("id") if actor.get("type") == ActorType.OPERATOR.value else None,
    }
    return {name: value for name, value in found.items() if value}
