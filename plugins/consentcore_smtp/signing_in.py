"""Signing in with letters beyond ASCII: ``smtplib`` writes ASCII only, RFC 4616 says UTF-8."""

from __future__ import annotations

import binascii
import hmac
import re
import smtplib
from base64 import b64decode, b64encode
from collections.abc import Callable

Respond = Callable[[bytes | None], bytes | None]
"""From a challenge to the response; None, before there is one, to what goes along with the command."""

MOST_CHALLENGES = 5


def sign_in(connection: smtplib.SMTP, user: str, password: str) -> None:
    """Sign in (RFC 4954) by the first mechanism that the server offers and takes.

    :raises smtplib.SMTPNotSupportedError: when it offers none with user and password.
    :raises smtplib.SMTPAuthenticationError: when it takes none of them.
    """
    connection.ehlo_or_helo_if_needed()
    if not connection.has_extn("auth"):
        raise smtplib.SMTPNotSupportedError("it offers no sign-in (AUTH)")
    offered = connection.esmtp_features["auth"].upper().split()
    ours = _mechanisms(user.encode(), password.encode())
    usable = [name for name in ours if name in offered]
    if not usable:
        told = " ".join(re.sub(r"[^A-Z0-9_-]", "", name)[:30] for name in offered[:10])
        raise smtplib.SMTPNotSupportedError(
            f"it offers sign-in by {told or 'nothing'}, and user and password go by {', '.join(ours)} only"
        )
    refusal: smtplib.SMTPAuthenticationError | None = None
    for name in usable:
        try:
            _exchange(connection, name, ours[name])
        except smtplib.SMTPAuthenticationError as error:
            refusal = error
        except (smtplib.SMTPServerDisconnected, OSError):
            if refusal is None:
                raise
            break  # it has said no, and hung up on the second try
        else:
            return
    if refusal is not None:
        raise refusal


def _mechanisms(user: bytes, password: bytes) -> dict[str, Respond]:
    """By name, the one that shows least first."""
    return {
        "CRAM-MD5": lambda challenge: (  # RFC 2195
            None
            if challenge is None
            else user + b" " + hmac.new(password, challenge, "md5").hexdigest().encode()
        ),
        "PLAIN": lambda _: b"\0" + user + b"\0" + password,  # RFC 4616
        "LOGIN": lambda challenge: (
            user if challenge is None or challenge.lower().startswith(b"user") else password
        ),
    }


def _exchange(connection: smtplib.SMTP, name: str, respond: Respond) -> None:
    first = respond(None)
    code, text = connection.docmd("AUTH", name if first is None else f"{name} {_written(first)}")
    for _ in range(MOST_CHALLENGES):
        if code != 334:
            break
        try:
            challenge = b64decode(text)
        except binascii.Error:
            raise smtplib.SMTPAuthenticationError(code, "its challenge cannot be read") from None
        code, text = connection.docmd(_written(respond(challenge) or b""))
    if code not in {235, 503}:  # 503: signed in already
        raise smtplib.SMTPAuthenticationError(code, text)


def _written(response: bytes) -> str:
    return b64encode(response).decode()
