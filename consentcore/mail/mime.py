"""A rendered mail as an Internet message; shared by every notifier that sends mail."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from consentcore.domain.errors import InvalidInput
from consentcore.domain.notice import Reject
from consentcore.domain.parties import Audience
from consentcore.hosts import ascii_host

if TYPE_CHECKING:
    from email.headerregistry import Address
    from email.message import EmailMessage

    from consentcore.domain.notice import Notice
    from consentcore.ports.notifier import Envelope, Mail


def mime_message(mail: Mail, notice: Notice, *, sender: str, now: int) -> EmailMessage:
    """Make the message: text and HTML, a Message-ID that stays the same, marked as sent by a machine.

    :param sender: for the From header.
    :param now: for the Date header, milliseconds since the epoch.
    :raises InvalidInput: when a header would hold a line break or an address is none: nothing can be smuggled
        into the header (RFC 5322 section 2.2).
    """
    from email.message import EmailMessage
    from email.policy import SMTP
    from email.utils import format_datetime

    mailboxes = {"From": _mailbox("From", sender), "To": _mailbox("To", mail.to)}
    # A local part beyond ASCII can only be written as it is (RFC 6532), and only some servers take it (RFC 6531).
    # Everything else goes over any server.
    utf8 = not all(one.username.isascii() for one in mailboxes.values())
    message = EmailMessage(policy=SMTP.clone(cte_type="7bit", utf8=utf8))
    headers: dict[str, str | Address] = {
        **mailboxes,
        "Subject": _literal(mail.subject),
        "Date": format_datetime(datetime.fromtimestamp(now / 1000, UTC)),
        "Message-ID": mail.message_id,
        "Auto-Submitted": "auto-generated",  # RFC 3834: no out-of-office answers
        "X-Auto-Response-Suppress": "All",
        "X-Consentcore-Event": notice.notice_id,
    }
    for name, value in headers.items():
        try:
            message[name] = value
            if set("\r\n\0") & set(str(message[name])):
                raise ValueError("decoded to more than a line")
        except (ValueError, IndexError):
            raise InvalidInput(name, "expected a single line with valid addresses") from None
    message.set_content(mail.text)
    message.add_alternative(mail.html, subtype="html")
    return message


def _literal(text: str) -> str:
    """Text in which nothing is read as an encoded word (RFC 2047 section 2).

    The email package decodes ``=?utf-8?q?…?=`` in a value that it is given, line breaks too, and writes the outcome
    into the header: whoever names an application could add headers to the mails about it.
    """
    return text.replace("=?", "= ?")


def _mailbox(name: str, text: str) -> Address:
    """Read one address; an international domain becomes ``xn--…`` (IDNA 2008), which every server understands."""
    from email.headerregistry import Address
    from email.message import EmailMessage
    from email.policy import SMTP

    probe = EmailMessage(policy=SMTP)
    try:
        probe[name] = text
        (found,) = probe[name].addresses
        if not found.username or not found.domain:
            raise ValueError("half an address")
        return Address(found.display_name, found.username, ascii_host(found.domain))
    except (ValueError, IndexError):
        raise InvalidInput(name, "expected exactly one valid address on a single line") from None


def check_sender(sender: str) -> str:
    """Tell at start what would be wrong with every mail.

    :returns: the address alone, as the mail server is told it.
    :raises InvalidInput: field ``sender``.
    """
    try:
        return _mailbox("From", sender).addr_spec
    except InvalidInput:
        raise InvalidInput("sender", "expected one address, such as Name <name@example.org>") from None


def mail_message(envelope: Envelope, target: str, *, sender: str, now: int) -> EmailMessage | Reject:
    """Make the message for a target of :func:`mail_targets`, or say why there can be none.

    :param sender: for the From header.
    :param now: for the Date header, milliseconds since the epoch.
    """
    mail = envelope.mail(Audience(target))
    if mail is None:
        return Reject("there is no address any more")
    try:
        return mime_message(mail, envelope.notice, sender=sender, now=now)
    except InvalidInput as error:
        return Reject(f"the message cannot be made: {error.field} {error.expected}", error="message")


def mail_targets(envelope: Envelope) -> list[str]:
    """Targets of a notifier that sends mail: ``owner``, ``owner_new``, ``contact`` and ``operator`` if they are told
    and have an address, and ``owner_before`` beside the owner when the address has changed lately."""
    told, owner = envelope.notice.audiences, envelope.owner
    found = []
    if Audience.OWNER in told and owner is not None and owner.email:
        found.append(Audience.OWNER.value)
        if owner.previous_email:
            found.append(Audience.OWNER_BEFORE.value)
    found += [
        audience.value
        for audience in (Audience.OWNER_NEW, Audience.CONTACT, Audience.OPERATOR)
        if audience in told and envelope.mail(audience) is not None
    ]
    return found
