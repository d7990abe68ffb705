"""PKCE (RFC 7636): S256 only."""

from __future__ import annotations

import re

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


def challenge_problem(challenge: str | None, method: str | None) -> str | None:
    """Say what is wrong with ``code_challenge`` and ``code_challenge_method``; None when nothing is.

    Both absent is fine here; whether PKCE is required is asked elsewhere. A missing method means ``plain``
    (RFC 7636 section 4.3), which is refused (RFC 9700 section 2.1.1; gap 4).
    """
    if challenge is None:
        return None if method is None else "code_challenge: expected with code_challenge_method"
    if method != "S256":
        return "code_challenge_method: expected S256"
    if not _CHALLENGE.fullmatch(challenge):
        return "code_challenge: expected 43 characters of base64url"
    return None


def verifier_is_wellformed(verifier: str) -> bool:
    """Whether it has 43 to 128 unreserved characters (RFC 7636 section 4.1)."""
    return _VERIFIER.fullmatch(verifier) is not None
