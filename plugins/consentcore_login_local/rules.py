"""Which passwords are accepted (NIST SP 800-63B section 5.1.1.2): long enough, and not what everybody tries."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from consentcore.api import InvalidInput, Owner

SHORTEST = 8
LONGEST = 1024


def check_password(password: str, owner: Owner) -> None:
    """Refuse a password that is easy to guess or cannot be kept whole.

    :raises InvalidInput: saying what was expected; the password is never repeated.
    """
    if len(password) < SHORTEST:
        raise InvalidInput("password", f"expected at least {SHORTEST} characters")
    if len(password) > LONGEST:
        raise InvalidInput("password", f"expected at most {LONGEST} characters")
    if "\x00" in password or any("\ud800" <= character <= "\udfff" for character in password):
        raise InvalidInput("password", "expected text without NUL")
    folded = password.strip().casefold()
    if folded in common_passwords():
        raise InvalidInput("password", "expected one that is not among the most common ones")
    if folded in {owner.email.casefold(), owner.email.partition("@")[0].casefold(), owner.name.casefold()}:
        raise InvalidInput("password", "expected something else than the name or the e-mail address")


@cache
def common_passwords() -> frozenset[str]:
    """The passwords that are tried first everywhere, case-folded."""
    text = Path(__file__).with_name("common_passwords.txt").read_text("utf-8")
    return frozenset(text.split())
