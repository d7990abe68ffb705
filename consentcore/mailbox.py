"""Addresses of mailboxes, in the one form under which they are kept and looked up."""

from __future__ import annotations

import re

from consentcore.domain.errors import InvalidInput
from consentcore.domain.message import Message, message
from consentcore.domain.text import check_text
from consentcore.hosts import LONGEST as LONGEST_HOST
from consentcore.hosts import NoHostName, ascii_host

LONGEST = 254
"""Characters of an address (RFC 5321 section 4.5.3.1.3, without the angle brackets)."""

_ADDRESS = re.compile(
    r"[^\s@\x00-\x1f\x7f<>(),;:\"\\\[\]]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?"
)


def normalise_email(text: str) -> str:
    """Return the form under which an address is looked up: trimmed, lower case, an international domain as ``xn--…`` by
    IDNA 2008 (see :mod:`consentcore.hosts`).

    :raises InvalidInput: when it is no mailbox address of at most 254 characters, holds a character that may not stand
        in a text, or its domain is no name.
    """
    address = text.strip()
    check_text("email", address)
    local, at, domain = address.rpartition("@")
    try:
        address = f"{local}{at}{ascii_host(domain)}"
    except NoHostName as error:
        raise InvalidInput("email", _expected(error)) from None
    if len(address) > LONGEST or not _ADDRESS.fullmatch(address) or ".." in address:
        raise InvalidInput("email", message("expected an address like ada@example.org"))
    return address.lower()


def _expected(error: NoHostName) -> Message:
    if not error.sign:
        return message("expected a host name of at most %(n)s characters", n=LONGEST_HOST)
    return message(
        "expected a domain name of IDNA 2008, where %(sign)s cannot stand (type a name that exists all the same as "
        "xn--…)",
        sign=error.sign,
    )
