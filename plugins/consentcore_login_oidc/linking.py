"""From the provider's account to a data owner of ours.

Issuer and subject name a person; an address does so only where the operator has said so and the provider vouches for
it, because addresses are handed on from one person to the next.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from consentcore.api import (
    InvalidInput,
    Owner,
    OwnerIdentity,
    Refused,
    UnitOfWork,
    add_owner,
    misread_host,
    move_owner,
    normalise_email,
    one_line,
)
from consentcore_login_oidc.settings import OidcSettings

log = logging.getLogger(__name__)

LONGEST_NAME = 200


@dataclass(frozen=True)
class Person:
    """Who signed in, as the provider says.

    :ivar email: the normalised address if it is verified, else "".
    """

    issuer: str
    subject: str
    email: str
    name: str
    locale: str
    timezone: str

    @classmethod
    def of(cls, claims: Mapping[str, Any], issuer: str, *, trust_email: bool) -> Person:
        """Read claims (OpenID Connect Core section 5.1); what is odd is left out."""
        verified = trust_email or claims.get("email_verified") is True
        return cls(
            issuer=issuer,
            subject=claims["sub"],
            email=_email(claims.get("email")) if verified else "",
            name=_line(claims.get("name")),
            locale=_locale(claims.get("locale")),
            timezone=_timezone(claims.get("zoneinfo")),
        )


def find_owner(uow: UnitOfWork, person: Person, settings: OidcSettings, now: int) -> str | Refused:
    """The owner's id, or why nobody is let in. Owners, identities and addresses are written in this transaction."""
    domains = settings.domains
    if domains and person.email.rpartition("@")[2] not in domains:
        return Refused("not_allowed" if person.email else "unverified")
    known = uow.identities.get(person.issuer, person.subject)
    if known is not None:
        owner = uow.owners.get(known.owner_id)
        if owner is None:
            return Refused("unknown")
        if settings.follow_email:
            _follow(uow, owner, person.email, now)
        return owner.owner_id
    return _first_time(uow, person, settings, now)


def _first_time(uow: UnitOfWork, person: Person, settings: OidcSettings, now: int) -> str | Refused:
    same = uow.owners.by_email(person.email) if person.email else None
    if same is not None and settings.link_verified_email:
        uow.owners.lock(same.owner_id)  # of two people who come at once, one finds the other
        # Somebody else had the address at the provider before: the account is theirs.
        if any(one.issuer == person.issuer for one in uow.identities.of_owner(same.owner_id)):
            return Refused("taken")
        uow.identities.add(OwnerIdentity(person.issuer, person.subject, same.owner_id, now))
        log.info("owner %s was linked to an account of the OpenID provider", same.owner_id)
        return same.owner_id
    if not settings.create_owners:
        return Refused("unknown")
    if not person.email:
        return Refused("unverified")
    if same is not None:
        return Refused("taken")
    owner = Owner(str(uuid.uuid4()), person.email, now, person.name, person.locale, person.timezone)
    add_owner(uow, owner)
    uow.identities.add(OwnerIdentity(person.issuer, person.subject, owner.owner_id, now))
    return owner.owner_id


def _follow(uow: UnitOfWork, owner: Owner, email: str, now: int) -> None:
    """Move to the address that the provider has by now; the old one is told for a while, unless it was this one,
    misread."""
    if not email or email == owner.email:
        return
    local, _, domain = email.rpartition("@")
    misread = f"{local}@{misread_host(domain)}" == owner.email
    try:
        move_owner(uow, owner, email, now, tell_old=not misread)
    except InvalidInput:
        log.warning("owner %s keeps the old address: the provider's is another owner's", owner.owner_id)


def _email(value: object) -> str:
    try:
        return normalise_email(value) if isinstance(value, str) else ""
    except InvalidInput:
        return ""


def _line(value: object) -> str:
    return one_line(value)[:LONGEST_NAME] if isinstance(value, str) else ""


def _locale(value: object) -> str:
    text = value if isinstance(value, str) else ""
    ok = 2 <= len(text) <= 35 and text.replace("-", "").isalnum() and text.isascii()
    return text if ok else "en"


def _timezone(value: object) -> str:
    try:
        return ZoneInfo(value).key if isinstance(value, str) and value else "UTC"
    except (ValueError, OSError, LookupError):
        return "UTC"
