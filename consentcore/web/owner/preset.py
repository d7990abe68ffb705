"""What was ticked or chosen when a page of the past opened, as people call it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from consentcore.consent.offers import length_of
from consentcore.consent.personal import labels_in
from consentcore.consent.resource_words import counted
from consentcore.domain.message import message
from consentcore.domain.resource import is_everything
from consentcore.web.owner.history import words

if TYPE_CHECKING:
    from pyramid.request import Request

    from consentcore.consent.past_decision import PastDecision


def said(request: Request, found: PastDecision) -> list[str]:
    """Each once, in the order of the controls. A site that nobody can name any more is only counted."""
    references = [name.removeprefix("resource:") for name in found.preset if name.startswith("resource:")]
    labels = labels_in(found.values)
    named = [labels[one] for one in references if one in labels and not is_everything(one)]
    others = counted(one for one in references if one not in labels)
    rest = [_control(request, found, name) for name in found.preset if not name.startswith("resource:")]
    return list(dict.fromkeys([*rest, *named, *([others] if others else [])]))


def _control(request: Request, found: PastDecision, name: str) -> str:
    kind, _, value = name.partition(":")
    if kind == "scope":
        named = [*json.loads(found.event.body).get("scopes_requested", ()), f"{value}@1"]
        reference = next(one for one in named if one.rpartition("@")[0] == value)
        return words(request, found.event).scope(reference)[1]
    if kind == "duration" and value.isdecimal():
        return length_of(int(value))
    return message("All that is listed, also what I add later") if kind == "resources_all" else name
