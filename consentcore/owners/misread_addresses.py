"""Addresses that were read by IDNA 2003, and may be somebody else's by IDNA 2008.

What IDNA 2003 took away cannot be seen in what it left: ``strasse.example`` was typed so, or as ``straße.example``.
So nothing is changed here; who may be concerned is named, and people decide.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from consentcore.domain.text import refused
from consentcore.hosts import ascii_host, letters_of

if TYPE_CHECKING:
    from consentcore.domain.client import Client
    from consentcore.domain.owner import Owner
    from consentcore.ports.storage import Storage


_PAGE = 500
_FINAL_SIGMA = re.compile("σ(?=$|-)")
_JOINERS = "\u200c\u200d"


@dataclass(frozen=True)
class Address:
    """Where an address stands: ``email`` or ``previous_email`` of an owner, ``contact_email`` of an application."""

    kind: str
    identifier: str
    member: str
    email: str


@dataclass(frozen=True)
class DoubtfulDomain:
    """A domain that may have been typed otherwise.

    :ivar domain: as it is stored.
    :ivar typed: how else it may have been typed; "" when there are many ways.
    :ivar means: the domain that those letters mean today; "" when they are no name any more, or there are many ways.
    :ivar why: a sentence.
    :ivar addresses: what is stored with that domain.
    """

    domain: str
    typed: str
    means: str
    why: str
    addresses: list[Address] = field(default_factory=list)


def find_doubtful_domains(storage: Storage) -> list[DoubtfulDomain]:
    """Go through owners and applications; by domain, those with most addresses first.

    The plugin of the storage has to declare :data:`CAPABILITY`.
    """
    found: dict[str, DoubtfulDomain | None] = {}
    for address in _addresses(storage):
        domain = address.email.rpartition("@")[2]
        if domain not in found:
            found[domain] = judge_domain(domain)
        one = found[domain]
        if one is not None:
            one.addresses.append(address)
    kept = (one for one in found.values() if one is not None)
    return sorted(kept, key=lambda one: (-len(one.addresses), one.domain))


def judge_domain(domain: str) -> DoubtfulDomain | None:
    """What may be wrong with a domain as IDNA 2003 left it; None when it can only have been typed as it is."""
    letters = letters_of(domain)
    if refused(letters):  # nobody has typed that, and no terminal shall show it
        return None
    labels = letters.split(".")
    try:
        means = ascii_host(letters)
    except ValueError:
        why = "its letters are no name in IDNA 2008: it works on, typed as xn--…"
        return DoubtfulDomain(domain, letters, "", why)
    if means != domain:
        return DoubtfulDomain(domain, letters, means, "its letters are another name in IDNA 2008")
    typed = ".".join(_FINAL_SIGMA.sub("ς", label.replace("ss", "ß")) for label in labels)
    if typed != letters and _is_name(typed):
        return DoubtfulDomain(domain, typed, ascii_host(typed), "IDNA 2003 wrote ß as ss and ς as σ")
    if any(_takes_joiner(label) for label in labels):
        return DoubtfulDomain(domain, "", "", "IDNA 2003 left joiners out (U+200C, U+200D)")
    return None


def _addresses(storage: Storage) -> Iterator[Address]:
    for owner in _owners(storage):
        yield Address("owner", owner.owner_id, "email", owner.email)
        if owner.previous_email:
            yield Address("owner", owner.owner_id, "previous_email", owner.previous_email)
    for client in _clients(storage):
        if client.contact_email:
            yield Address("client", client.client_id, "contact_email", client.contact_email)


def _owners(storage: Storage) -> Iterator[Owner]:
    after = ""
    while True:
        with storage.reading() as uow:
            page = uow.owners.list(after=after, limit=_PAGE)
        yield from page
        if len(page) < _PAGE:
            return
        after = page[-1].owner_id


def _clients(storage: Storage) -> Iterator[Client]:
    after = ""
    while True:
        with storage.reading() as uow:
            page = uow.clients.list(after=after, limit=_PAGE)
        yield from page
        if len(page) < _PAGE:
            return
        after = page[-1].client_id


def _is_name(host: str) -> bool:
    try:
        ascii_host(host)
    except ValueError:
        return False
    return True


def _takes_joiner(label: str) -> bool:
    """Whether a joiner may stand anywhere in it (RFC 5892 appendices A.1 and A.2)."""
    if label.isascii():
        return False
    with_one: Iterable[str] = (
        f"{label[:place]}{joiner}{label[place:]}" for place in range(1, len(label)) for joiner in _JOINERS
    )
    return any(_is_name(one) for one in with_one)
