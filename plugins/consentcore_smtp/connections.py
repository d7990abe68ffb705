"""Connections to the SMTP server, used again while they are fresh."""

from __future__ import annotations

import contextlib
import smtplib
import socket
import threading
import time
import weakref
from typing import TYPE_CHECKING

from consentcore_smtp.bounded import BoundedSmtp, BoundedSmtpSsl, Limit
from consentcore_smtp.settings import SmtpSettings
from consentcore_smtp.signing_in import sign_in

if TYPE_CHECKING:
    from email.message import EmailMessage
    from ssl import SSLContext

IDLE_S = 20.0
MAIL_S = 25.0
"""For one mail, connecting included; the worker expects an answer within 30 seconds."""
MAILS = 100
"""Mails over one connection: servers that count end it here of their own."""


class Connections:
    """A few connections, as many as mails are sent at the same time. Safe to use from any thread.

    :param mail_s: time for one mail, in seconds.
    """

    def __init__(self, settings: SmtpSettings, mail_s: float = MAIL_S) -> None:
        self._settings = settings
        self._mail_s = mail_s
        self._lock = threading.Lock()
        self._idle: list[tuple[float, BoundedSmtp]] = []
        self._context: SSLContext | None = None
        # Whoever drops the notifier need not know that there are connections to close.
        weakref.finalize(self, _close_all, self._idle)

    def send(self, message: EmailMessage, sender: str, recipient: str) -> None:
        """Send one message. A connection that the server has closed meanwhile is replaced, once.

        :raises smtplib.SMTPException: as smtplib does.
        :raises OSError: when there is no connection.
        """
        limit = Limit(self._settings.timeout_s, self._mail_s)
        connection = self._take()
        if connection is not None:
            connection.limit = limit
            if not _alive(connection):
                connection.close()
                connection = None
        if connection is None:
            connection = self._connect(limit)
        connection.mails += 1
        try:
            connection.send_message(message, sender, [recipient])
        except (smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError):
            self._give_back(connection)
            raise
        except (smtplib.SMTPException, OSError, ValueError):
            connection.close()
            raise
        self._give_back(connection)

    def try_out(self, sender: str) -> None:
        """Do what a mail begins with, and take it back.

        :raises: see :meth:`send`.
        """
        connection = self._connect(Limit(self._settings.timeout_s, self._mail_s))
        try:
            connection.ehlo_or_helo_if_needed()
            code, text = connection.mail(sender, ["SMTPUTF8"] if not sender.isascii() else [])
            if code != 250:
                raise smtplib.SMTPSenderRefused(code, text, sender)
            connection.rset()
        finally:
            _end(connection)

    def _take(self) -> BoundedSmtp | None:
        oldest = time.monotonic() - IDLE_S
        with self._lock:
            stale = [one for since, one in self._idle if since < oldest]
            self._idle[:] = [(since, one) for since, one in self._idle if since >= oldest]
            found = self._idle.pop()[1] if self._idle else None
        for one in stale:
            _end(one)
        return found

    def _give_back(self, connection: BoundedSmtp) -> None:
        if connection.sock is None:  # smtplib closes it by itself after 421
            return
        if connection.mails >= MAILS:
            _end(connection)
            return
        with self._lock:
            self._idle.append((time.monotonic(), connection))

    def _connect(self, limit: Limit) -> BoundedSmtp:
        settings = self._settings
        where = settings.host, settings.port
        try:
            connection = (
                BoundedSmtpSsl(*where, limit=limit, local_hostname=_own_name(), context=self._tls())
                if settings.tls == "implicit"
                else BoundedSmtp(*where, limit=limit, local_hostname=_own_name())
            )
        except UnicodeError as error:  # by the look-up of what can be no name
            raise socket.gaierror(socket.EAI_NONAME, "this is no host name") from error
        try:
            if settings.tls == "starttls":
                connection.starttls(context=self._tls())
            if settings.username:
                sign_in(connection, settings.username, settings.password.reveal())
        except BaseException:
            connection.close()
            raise
        return connection

    def _tls(self) -> SSLContext:
        if self._context is None:
            import ssl

            ca_file = self._settings.ca_file
            self._context = ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
        return self._context


def _end(connection: BoundedSmtp) -> None:
    """Say good-bye without waiting for an answer, or the server's log would call it a lost connection."""
    connection.limit = Limit(1.0, 1.0)
    with contextlib.suppress(smtplib.SMTPException, OSError):
        connection.putcmd("quit")
    connection.close()


def _close_all(idle: list[tuple[float, BoundedSmtp]]) -> None:
    for _, connection in idle:
        _end(connection)


def _alive(connection: BoundedSmtp) -> bool:
    with contextlib.suppress(smtplib.SMTPException, OSError):
        return connection.noop()[0] == 250
    return False


def _own_name() -> str:
    """What we call ourselves in EHLO. Not the full name: looking that up may take as long as a broken resolver."""
    name = socket.gethostname()
    return name if "." in name and name.isascii() else "[127.0.0.1]"
