"""Which passwords are accepted (NIST SP 800-63B section 5.1.1.2): long enough, and not what everybody tries."""

from __future__ import annotations

import unicodedata
from functools import cache
from pathlib import Path

from consentcore.api import InvalidInput, Owner, check_unicode, message

DOMAIN = "consentcore_login_local"
"""The catalog of these sentences."""
SHORTEST = 8
LONGEST = 1024
LONGEST_TYPED = 4 * LONGEST
"""Decomposed: no character is made of more than four (UAX 15). Of longer ones no form is computed, which takes long."""


def composed(password: str) -> str:
    """The form of a password that is kept, NFC (RFC 8265 section 4.2.2): the same whatever device it is typed on. One
    that is too long in any form stays as it is."""
    return password if len(password) > LONGEST_TYPED else unicodedata.normalize("NFC", password)


def spellings(password: str) -> tuple[str, ...]:
    """What a typed password may be the same as, each once: itself, then its NFC and its NFD form.

    Which ones there are depends on what was typed alone, so that the time tells nothing of an account. Those that are
    longer than a password may be are left out; there may be none.
    """
    if len(password) > LONGEST_TYPED:
        return ()
    forms = (password, composed(password), unicodedata.normalize("NFD", password))
    return tuple(dict.fromkeys(form for form in forms if len(form) <= LONGEST))


def check_password(password: str, owner: Owner) -> None:
    """Refuse a password that is easy to guess or cannot be kept whole.

    :param password: as :func:`composed` has it.
    :raises InvalidInput: saying what was expected; the password is never repeated.
    """
    if len(password) < SHORTEST:
        raise InvalidInput(
            "password", message("expected at least %(n)s characters", domain=DOMAIN, n=SHORTEST)
        )
    if len(password) > LONGEST:
        raise InvalidInput("password", message("expected at most %(n)s characters", domain=DOMAIN, n=LONGEST))
    check_unicode("password", password)
    folded = password.strip().casefold()
    if folded in common_passwords():
        raise InvalidInput(
            "password", message("expected one that is not among the most common ones", domain=DOMAIN)
        )
    if folded in {
        composed(text).casefold() for text in (owner.email, owner.email.partition("@")[0], owner.name)
    }:
        raise InvalidInput(
            "password", message("expected something else than the name or the e-mail address", domain=DOMAIN)
        )


@cache
def common_passwords() -> frozenset[str]:
    """The passwords that are tried first everywhere, case-folded."""
    text = Path(__file__).with_name("common_passwords.txt").read_text("utf-8")
    return frozenset(text.split())
