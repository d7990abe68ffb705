"""What an authorization request asks of the sign-in: ``prompt``, ``max_age`` and ``acr_values`` (OpenID Connect Core
section 3.1.2.1), which RFC 9470 section 4 has for plain OAuth too."""

from __future__ import annotations

import re
from collections.abc import Collection

from consentcore.oauth.errors import ProtocolError, bad_request

PROMPTS = ("none", "login", "consent", "select_account")
"""In the order in which they are kept; the metadata names them so too."""
MOST_ACR_VALUES = 20
UNMET = "unmet_authentication_requirements"
"""The error of OpenID Connect Core Unmet Authentication Requirements 1.0."""
_SECONDS = re.compile(r"[0-9]{1,10}")
_ACR = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,200}")


def prompt_of(text: str | None) -> str:
    """The words of ``prompt``, each once.

    :raises ProtocolError: 400 ``invalid_request``: an unknown word, or ``none`` beside another.
    """
    words = text.split(" ") if text else []
    if any(word not in PROMPTS for word in words):
        raise bad_request(f"prompt: expected some of {', '.join(PROMPTS)}")
    if "none" in words and len(words) > 1:
        raise bad_request("prompt: expected none alone")
    return " ".join(word for word in PROMPTS if word in words)


def max_age_of(text: str | None) -> int | None:
    """``max_age`` in seconds; None without one.

    :raises ProtocolError: 400 ``invalid_request``.
    """
    if not text:
        return None
    if not _SECONDS.fullmatch(text):
        raise bad_request("max_age: expected a whole number of seconds")
    return int(text)


def acr_values_of(text: str | None, known: Collection[str]) -> tuple[str, ...]:
    """The words of ``acr_values``, each once, in the order of the request.

    :param known: what the sign-in can be; empty while that is not known.
    :raises ProtocolError: 400 ``invalid_request``; ``unmet_authentication_requirements`` when none of them can be met
        (RFC 9470 section 5).
    """
    if not text:
        return ()
    words = tuple(dict.fromkeys(text.split(" ")))
    if len(words) > MOST_ACR_VALUES or not all(_ACR.fullmatch(word) for word in words):
        expected = f"expected at most {MOST_ACR_VALUES} names of at most 200 characters, separated by blanks"
        raise bad_request(f"acr_values: {expected}")
    if known and not set(words).intersection(known):
        raise ProtocolError(400, UNMET, "acr_values: expected one that the sign-in can be")
    return words
