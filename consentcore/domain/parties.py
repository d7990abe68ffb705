"""Who does something to a consent, and who is told of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ActorType(StrEnum):
    """Who did it."""

    OWNER = "owner"
    CLIENT = "client"
    OPERATOR = "operator"
    SYSTEM = "system"


INITIATORS = {
    ActorType.OWNER: "user",
    ActorType.CLIENT: "client",
    ActorType.OPERATOR: "admin",
    ActorType.SYSTEM: "system",
}
"""Who did it, in the words of CAEP 1.0 (``initiating_entity``), and ``client``."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did it, with an id from our own store (an operator's is free text from the command line)."""

    type: ActorType
    actor_id: str = ""


class Audience(StrEnum):
    """Who is told. ``owner_before`` is the owner at the address from before a change made lately, ``owner_new`` at
    an address that is not confirmed yet; ``client`` is the ISV's software, ``contact`` its people."""

    OWNER = "owner"
    OWNER_BEFORE = "owner_before"
    OWNER_NEW = "owner_new"
    CLIENT = "client"
    CONTACT = "contact"
    OPERATOR = "operator"
