"""Whose a refusal is: only a no to the mailbox itself is final; everything else is for the operator, or passes."""

from __future__ import annotations

import re
import smtplib
import socket
import ssl

from consentcore.api import Reject, Retry

_ENHANCED = re.compile(r"\s*([245])\.([0-9]{1,3})\.([0-9]{1,3})(?![0-9.])")
"""RFC 2034: at the beginning of the text."""

_OF_THE_MAILBOX = frozenset(
    {
        # RFC 3463: mailbox, its system, its syntax, ambiguous, moved; RFC 7505: the domain takes no mail.
        *((1, detail) for detail in (1, 2, 3, 4, 6, 9, 10)),
        # RFC 3463: disabled, full, a list that cannot be expanded.
        *((2, detail) for detail in (1, 2, 4)),
        # RFC 7293: mailbox or domain belong to somebody else by now.
        *((7, detail) for detail in (17, 18)),
    }
)
_OTHER = frozenset({(1, 0), (2, 0)})
"""RFC 3463: "other" of address and mailbox, which some say for the sender's; the words decide."""

_BARE = frozenset({550, 551, 552, 553, 554, 556})
"""Codes by which servers without enhanced ones refuse a mailbox (RFC 5321 section 4.2.3, RFC 7504)."""

_OURS = re.compile(
    r"relay|authent|authori[sz]|credential|log ?in|sender|sending|mail from|from address|identit|not verified|polic"
    r"|prohibit|denied|permitted|allowed|spam|junk|black|block|(?<!not )\blisted|reputation|\brbl|\bspf|dkim|dmarc"
    r"|client host|\bhelo|\behlo|reverse|\bptr|your (?:ip|host|server|message|mail)|rcpthosts|daily|hourly|\brate"
    r"|limit|\btls|encrypt",
    re.IGNORECASE,
)
_THEIRS = re.compile(
    r"(?:no|unknown|invalid|bad|unrouteable|undeliverable)\W+(?:such\W+)?(?:\w+\W+){0,2}?"
    r"(?:user|recipient|mailbox|mail box|address|account|person|domain|host|here)"
    r"|(?:user|recipient|mailbox|mail box|address|account|domain|host|name)\b.{0,80}?"
    r"(?:unknown|unavailable|not found|n[o']t exist|not known|not listed|not valid|invalid|disabled|inactive"
    r"|closed|suspended|full|quota|storage|no longer|has moved|not local|not accept mail|does not have|doesn't have)"
    r"|(?:user|mailbox) not|exceeded storage",
    re.IGNORECASE,
)
_PLAINLY_OURS = re.compile(
    r"relay(?:ing)?\W+(?:access\W+)?(?:is\W+)?(?:denied|not|prohibit|refused|forbidden|disabled)"
    r"|(?:not|cannot|don't|won't|unable to|refuse to|permitted to|allowed to)\W+relay|authenticat",
    re.IGNORECASE,
)
"""Words that outvote the enhanced code of a mailbox: some servers say ``5.1.1 Relaying denied``."""
_OURS_FOR_NOW = re.compile(r"relay|authent|not verified|quota|daily|sending limit", re.IGNORECASE)


def failure(error: Exception, recipient: str) -> Retry | Reject:
    """What an error of ``smtplib`` means for the message."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, text = next(iter(error.recipients.values()))
        return _refused("recipient", code, text, recipient)
    if isinstance(error, smtplib.SMTPDataError):
        return _refused("message", error.smtp_code, error.smtp_error, recipient)
    if isinstance(error, smtplib.SMTPResponseException):
        return _refused_us(error, recipient)
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return Retry(f"the mail server lacks something: {error}", error="smtp", operator=True)
    if isinstance(error, ssl.SSLError):
        # A connection that ends in the middle of a handshake says nothing about either side.
        passing = isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError)
        return Retry(_tls_reason(error), error="tls", operator=not passing)
    if isinstance(error, socket.gaierror):
        unknown = error.errno != socket.EAI_AGAIN
        return Retry("the name of the mail server has no address", error="dns", operator=unknown)
    # smtplib turns a wait that was too long into a lost connection.
    if isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError):
        return Retry("the mail server did not answer in time", error="timeout")
    if isinstance(error, UnicodeError):
        return Reject("the address cannot be written in mail", error="message")
    return Retry("the mail server could not be reached", error="connect")


def is_of_mailbox(what: str, code: int, text: str) -> bool:
    """Whether a final no is one to the recipient's mailbox.

    :param what: ``recipient`` for the answer to RCPT TO, ``message`` for that to the data, which is about a mailbox
        only where its enhanced code says so.
    """
    found = _ENHANCED.match(text)
    status = (int(found[2]), int(found[3])) if found else None
    if status in _OF_THE_MAILBOX:
        return _PLAINLY_OURS.search(text) is None
    if what != "recipient" or (status is not None and status not in _OTHER):
        return False
    return code in _BARE and not _OURS.search(text) and _THEIRS.search(text) is not None


def _refused(what: str, code: int, text: bytes | str, recipient: str) -> Retry | Reject:
    answer = _without(text, recipient)
    if not 500 <= code < 600:
        ours = _OURS_FOR_NOW.search(answer) is not None
        reason = f"the server refused the {what} for now"
        return Retry(reason, status=code, error="smtp", answer=answer, operator=ours)
    if is_of_mailbox(what, code, answer):
        return Reject(f"the server refused the {what} for good", status=code, error="smtp", answer=answer)
    reason = "the mail server refuses to pass on our mail"
    return Retry(reason, status=code, error="smtp", answer=answer, operator=True)


def _refused_us(error: smtplib.SMTPResponseException, recipient: str) -> Retry:
    """Not the message: our greeting, our sign-in, our sender."""
    answer = _without(error.smtp_error, recipient)
    if isinstance(error, smtplib.SMTPAuthenticationError):
        reason = "the mail server does not take our user name and password"
    elif isinstance(error, smtplib.SMTPSenderRefused):
        reason = "the mail server does not take our sender"
    else:
        reason = "the mail server refused us, not the message"
    ours = error.smtp_code >= 500 or _OURS_FOR_NOW.search(answer) is not None
    return Retry(reason, status=error.smtp_code, error="smtp", answer=answer, operator=ours)


def _without(text: bytes | str, recipient: str) -> str:
    """What a server said without the address, which decides nothing and has no place in a delivery log."""
    words = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return re.sub(re.escape(recipient), "…", words, flags=re.IGNORECASE) if recipient else words


def _tls_reason(error: ssl.SSLError) -> str:
    why = getattr(error, "verify_message", "") or ""
    return "no trusted encrypted connection to the mail server" + (f": {why}" if why else "")
