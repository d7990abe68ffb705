"""Mail through a real SMTP server on loopback."""

from __future__ import annotations

import email
import email.policy
import smtplib
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from email.message import EmailMessage

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from consentcore.api import (
    Audience,
    ConfigurationError,
    Delivered,
    PluginKind,
    Reject,
    Retry,
    Secret,
    SystemClock,
)
from consentcore.testing import FakeEnvelope, NotifierConformance
from consentcore_smtp import SmtpSettings, connections, consentcore_notifier, consentcore_plugin
from consentcore_smtp.bounded import Limit
from consentcore_smtp.connections import Connections
from consentcore_smtp.verdicts import failure
from tests.support.certificates import make_certificate
from tests.support.patience import PATIENCE_S
from tests.support.ports import reserved_port

SENDER = "Lumen Energy <consent@lumen.example>"


class Inbox:
    """Keeps mails; refuses as told."""

    def __init__(self) -> None:
        self.mails: list = []
        self.sessions: set = set()
        self.encrypted: list[bool] = []
        self.on_rcpt = ""
        self.on_data = ""
        self.on_mail = ""

    async def handle_MAIL(self, server, session, envelope, address, options):
        if self.on_mail:
            return self.on_mail
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self.on_rcpt:
            return self.on_rcpt
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if self.on_data:
            return self.on_data
        self.sessions.add(session.peer)
        self.encrypted.append(session.ssl is not None)
        self.mails.append(
            (envelope, email.message_from_bytes(envelope.original_content, policy=email.policy.default))
        )
        return "250 OK"


class Served(Controller):
    """aiosmtpd looks whether it is up by connecting; without this it would not trust its own certificate."""

    def _trigger_server(self) -> None:
        with socket.create_connection((self.hostname, self.port), timeout=PATIENCE_S) as sock:
            if self.ssl_context is None:
                sock.recv(64)


def serve(inbox: Inbox, **options) -> Iterator[tuple[Inbox, int]]:
    with reserved_port() as port:
        controller = Served(inbox, hostname="127.0.0.1", port=port, **options)
        controller.start()
        try:
            yield inbox, port
        finally:
            controller.stop()


@pytest.fixture
def server():
    yield from serve(Inbox())


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    return make_certificate(tmp_path_factory.mktemp("tls"), "127.0.0.1")


def make(port: int, **settings):
    options = {
        "host": "127.0.0.1",
        "port": port,
        "sender": SENDER,
        "tls": "none",
        "timeout_s": 3.0,
        **settings,
    }
    return consentcore_notifier(SmtpSettings(**options), SystemClock())


class TestConformance(NotifierConformance):
    capabilities = frozenset({"account_mail", "network", "readback"})

    @pytest.fixture
    def notifier(self, server):
        return make(server[1])

    @pytest.fixture
    def hanging_notifier(self, silent_port):
        return make(silent_port, timeout_s=0.2)

    @pytest.fixture
    def told(self, server):
        return lambda: [message["X-Consentcore-Event"] for _, message in server[0].mails]

    @pytest.fixture
    def broken_notifier(self):
        with reserved_port() as port:
            yield make(port)


class TestSending:
    def test_mail_arrives_whole(self, server):
        inbox, port = server
        envelope = FakeEnvelope()
        assert isinstance(make(port).send(envelope, "owner"), Delivered)
        ((raw, message),) = inbox.mails
        assert (raw.mail_from, raw.rcpt_tos) == ("consent@lumen.example", ["ada@example.org"])
        assert (message["From"], message["To"]) == (SENDER, "ada@example.org")
        assert message["Subject"] == "About your consent"
        assert message["Message-ID"] == f"<{envelope.notice.notice_id}.owner@consent.example>"
        assert message["Auto-Submitted"] == "auto-generated"
        assert message["X-Consentcore-Event"] == envelope.notice.notice_id
        assert message["Date"].datetime.tzinfo is not None
        assert message.get_body(("plain",)).get_content().strip() == (
            f"consent.granted: grant {envelope.notice.grant_id}"
        )
        assert "<p>" in message.get_body(("html",)).get_content()

    def test_operator_is_told_at_their_own_address(self, server):
        inbox, port = server
        assert isinstance(make(port).send(FakeEnvelope(), Audience.OPERATOR.value), Delivered)
        assert inbox.mails[0][0].rcpt_tos == ["ops@example.com"]

    def test_connection_is_used_again(self, server):
        inbox, port = server
        notifier = make(port)
        for _ in range(3):
            assert isinstance(notifier.send(FakeEnvelope(), "owner"), Delivered)
        assert len(inbox.mails) == 3
        assert len(inbox.sessions) == 1

    def test_connection_that_the_server_closed_is_replaced(self, server):
        inbox, port = server
        notifier = make(port)
        notifier.send(FakeEnvelope(), "owner")
        ((_, connection),) = notifier._connections._idle
        connection.sock.shutdown(socket.SHUT_RDWR)
        assert isinstance(notifier.send(FakeEnvelope(), "owner"), Delivered)
        assert len(inbox.sessions) == 2

    def test_96_header_cannot_be_smuggled_in(self, server):
        inbox, port = server
        evil = FakeEnvelope(recipients={Audience.OWNER: "ada@example.org\r\nBcc: eve@example.org"})
        outcome = make(port).send(evil, "owner")
        assert isinstance(outcome, Reject)
        assert "To expected exactly one valid address on a single line" in outcome.reason
        assert inbox.mails == []


class TestUnusualAddresses:
    @pytest.fixture
    def old(self):
        yield from serve(Inbox(), enable_SMTPUTF8=False)

    def send(self, port: int, address: str, **settings):
        return make(port, **settings).send(FakeEnvelope(recipients={Audience.OWNER: address}), "owner")

    def test_international_domain_goes_over_any_server(self, old):
        inbox, port = old
        assert isinstance(self.send(port, "ada@bücher.example"), Delivered)
        ((raw, message),) = inbox.mails
        assert raw.rcpt_tos == ["ada@xn--bcher-kva.example"]
        assert message["To"] == "ada@xn--bcher-kva.example"

    def test_mail_for_another_domain_goes_to_nobody_of_that_name(self, old):
        """IDNA 2003 sent it to strasse.example."""
        assert isinstance(self.send(old[1], "ada@straße.example", sender="c@STRAẞE.example"), Delivered)
        ((raw, message),) = old[0].mails
        assert raw.rcpt_tos == ["ada@xn--strae-oqa.example"]
        assert raw.mail_from == "c@xn--strae-oqa.example"
        assert message["From"] == "c@xn--strae-oqa.example"

    def test_server_is_the_one_of_that_name(self, monkeypatch):
        asked = []

        def look_up(host, *rest, **more):
            asked.append(host)
            raise socket.gaierror

        notifier = make(25, host="mail.straße.example")
        monkeypatch.setattr(socket, "getaddrinfo", look_up)
        assert isinstance(notifier.send(FakeEnvelope(), "owner"), Retry)
        assert asked == ["mail.xn--strae-oqa.example"]

    def test_names_beyond_ascii_arrive_and_the_bytes_are_ascii(self, old):
        inbox, port = old
        sender = "Énergie d'Été ☀ <consent@lumen.example>"
        assert isinstance(self.send(port, "ada@example.org", sender=sender), Delivered)
        ((raw, message),) = inbox.mails
        assert message["From"].addresses[0].display_name == "Énergie d'Été ☀"
        assert raw.original_content.isascii()
        assert max(map(len, raw.original_content.split(b"\r\n"))) <= 998

    def test_local_part_beyond_ascii_needs_a_server_that_takes_it(self, server, old):
        inbox, port = server
        assert isinstance(self.send(port, "größe@example.org"), Delivered)
        assert inbox.mails[0][0].rcpt_tos == ["größe@example.org"]
        outcome = self.send(old[1], "größe@example.org")
        assert (type(outcome), outcome.error) == (Retry, "smtp")
        assert "größe" not in repr(outcome)
        assert old[0].mails == []


class TestTime:
    """Every byte comes within the timeout of a socket; only the deadline for the whole mail ends it."""

    @pytest.fixture
    def dripping(self):
        listening = socket.create_server(("127.0.0.1", 0))
        stop = threading.Event()

        def drip() -> None:
            connection, _ = listening.accept()
            with connection:
                while not stop.wait(0.03):
                    try:
                        connection.send(b"2")
                    except OSError:
                        return

        thread = threading.Thread(target=drip)
        thread.start()
        yield listening.getsockname()[1]
        stop.set()
        thread.join()
        listening.close()

    @pytest.mark.parametrize("tls", ["none", "starttls"])
    def test_dripping_server_is_given_up(self, dripping, tls):
        settings = SmtpSettings(host="127.0.0.1", port=dripping, sender=SENDER, tls=tls, timeout_s=3.0)
        began = time.monotonic()
        with pytest.raises((smtplib.SMTPException, OSError)) as caught:
            Connections(settings, mail_s=0.3).send(EmailMessage(), "a@example.org", "b@example.org")
        assert time.monotonic() - began < PATIENCE_S
        assert failure(caught.value, "b@example.org").error == "timeout"

    def test_server_with_many_addresses_is_asked_at_each_within_the_time(self, server, monkeypatch):
        asked, real = [], socket.create_connection

        def connect(address, timeout, *rest):
            asked.append((address[0], timeout))
            if address[0] != "127.0.0.1":
                time.sleep(0.05)
                raise TimeoutError("timed out")
            return real(address, timeout, *rest)

        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (f"127.0.0.{n}", 25)) for n in (9, 8, 1)]
        look_up = socket.getaddrinfo
        monkeypatch.setattr(
            socket,
            "getaddrinfo",
            lambda host, *rest, **more: found if host == "mail.example" else look_up(host, *rest, **more),
        )
        monkeypatch.setattr(socket, "create_connection", connect)
        settings = SmtpSettings(host="mail.example", port=server[1], sender=SENDER, tls="none", timeout_s=30)
        notifier = make(server[1])
        notifier._connections = Connections(settings, mail_s=20.0)
        assert isinstance(notifier.send(FakeEnvelope(), "owner"), Delivered)
        waits = [timeout for _, timeout in asked]
        assert [address for address, _ in asked] == ["127.0.0.9", "127.0.0.8", "127.0.0.1"]
        assert waits == sorted(waits, reverse=True)
        assert waits[-1] < waits[0] <= 20.0

    def test_connection_is_ended_politely_after_many_mails(self, server, monkeypatch):
        monkeypatch.setattr(connections, "MAILS", 2)
        inbox, port = server
        notifier = make(port)
        for _ in range(5):
            assert isinstance(notifier.send(FakeEnvelope(), "owner"), Delivered)
        assert len(inbox.sessions) == 3

    def test_time_begins_anew_with_each_mail(self, server):
        notifier = make(server[1])
        for _ in range(2):
            assert isinstance(notifier.send(FakeEnvelope(), "owner"), Delivered)
            ((_, kept),) = notifier._connections._idle
            kept.limit = Limit(1.0, 0.0)  # as if the time of that mail were over
        assert len(server[0].sessions) == 1


class TestRefusals:
    @pytest.mark.parametrize("where", ["on_rcpt", "on_data"])
    def test_final_no_ends_the_delivery(self, server, where):
        inbox, port = server
        setattr(inbox, where, "550 5.1.1 <ada@example.org> unknown")
        outcome = make(port).send(FakeEnvelope(), "owner")
        assert (type(outcome), outcome.status, outcome.error) == (Reject, 550, "smtp")
        assert "unknown" in outcome.answer
        assert "ada@example.org" not in outcome.answer + outcome.reason

    @pytest.mark.parametrize("where", ["on_rcpt", "on_data"])
    def test_96_passing_no_is_tried_again(self, server, where):
        inbox, port = server
        setattr(inbox, where, "451 4.7.1 greylisted")
        notifier = make(port)
        outcome = notifier.send(FakeEnvelope(), "owner")
        assert (type(outcome), outcome.status, outcome.error) == (Retry, 451, "smtp")
        setattr(inbox, where, "")
        assert isinstance(notifier.send(FakeEnvelope(), "owner"), Delivered)

    @pytest.mark.parametrize("answer", ["550 sender refused", "421 shutting down"])
    def test_no_to_us_is_no_verdict_on_the_message(self, server, answer):
        inbox, port = server
        inbox.on_mail = answer
        assert isinstance(make(port).send(FakeEnvelope(), "owner"), Retry)

    def test_silent_server_is_given_up(self):
        with socket.socket() as silent:
            silent.bind(("127.0.0.1", 0))
            silent.listen()
            outcome = make(silent.getsockname()[1], timeout_s=0.2).send(FakeEnvelope(), "owner")
        assert (type(outcome), outcome.error) == (Retry, "timeout")

    def test_nobody_listens(self):
        with reserved_port() as port:
            outcome = make(port).send(FakeEnvelope(), "owner")
        assert (type(outcome), outcome.error) == (Retry, "connect")

    def test_other_errors_of_the_library_are_tried_again(self):
        assert isinstance(failure(smtplib.SMTPServerDisconnected("gone"), "a@b"), Retry)
        assert isinstance(failure(ssl.SSLError("bad"), "a@b"), Retry)


class TestEncryption:
    @pytest.fixture
    def starttls(self, certificate):
        yield from serve(Inbox(), tls_context=certificate.server, require_starttls=True)

    @pytest.fixture
    def implicit(self, certificate):
        yield from serve(Inbox(), ssl_context=certificate.server)

    def test_starttls(self, starttls, certificate):
        inbox, port = starttls
        notifier = make(port, tls="starttls", ca_file=certificate.path)
        assert isinstance(notifier.send(FakeEnvelope(), "owner"), Delivered)
        assert inbox.encrypted == [True]

    def test_server_without_starttls_gets_nothing_in_clear(self, server):
        inbox, port = server
        outcome = make(port, tls="starttls", username="consent", password=Secret("s3cret")).send(
            FakeEnvelope(), "owner"
        )
        assert (type(outcome), outcome.error) == (Retry, "smtp")
        assert inbox.mails == []

    def test_implicit(self, implicit, certificate):
        inbox, port = implicit
        notifier = make(port, tls="implicit", ca_file=certificate.path)
        assert isinstance(notifier.send(FakeEnvelope(), "owner"), Delivered)
        assert len(inbox.mails) == 1

    def test_unknown_certificate_is_not_trusted(self, starttls):
        inbox, port = starttls
        outcome = make(port, tls="starttls").send(FakeEnvelope(), "owner")
        assert (type(outcome), outcome.error) == (Retry, "tls")
        assert inbox.mails == []

    def test_server_without_starttls_gets_nothing(self, server):
        inbox, port = server
        outcome = make(port, tls="starttls").send(FakeEnvelope(), "owner")
        assert isinstance(outcome, Retry)
        assert inbox.mails == []


class TestSignIn:
    @pytest.fixture
    def guarded(self, certificate):
        def check(server, session, envelope, mechanism, data):
            good = LoginPassword(b"consent", b"s3cret")
            return AuthResult(success=data == good, handled=False)

        yield from serve(Inbox(), tls_context=certificate.server, authenticator=check, auth_required=True)

    def test_right_password(self, guarded, certificate):
        inbox, port = guarded
        notifier = make(
            port,
            tls="starttls",
            ca_file=certificate.path,
            username="consent",
            password=Secret("s3cret"),
        )
        assert isinstance(notifier.send(FakeEnvelope(), "owner"), Delivered)
        assert len(inbox.mails) == 1

    def test_wrong_password_is_our_fault_and_tried_again(self, guarded, certificate):
        _, port = guarded
        notifier = make(
            port, tls="starttls", ca_file=certificate.path, username="consent", password=Secret("wrong")
        )
        outcome = notifier.send(FakeEnvelope(), "owner")
        assert (type(outcome), outcome.status) == (Retry, 535)
        assert "wrong" not in repr(outcome)


class TestSettings:
    def test_plugin_says_who_it_is(self):
        info = consentcore_plugin()
        assert (info.name, info.kind, info.settings) == ("smtp", PluginKind.NOTIFIER, SmtpSettings)

    @pytest.mark.parametrize("sender", ["", "nobody", "a@b, c@d", "a@b\nBcc: c@d"])
    def test_sender_that_is_no_address_stops_the_start(self, sender):
        with pytest.raises(ConfigurationError) as caught:
            make(25, sender=sender)
        assert "consentcore.plugin.smtp.sender" in caught.value.problems[0]

    def test_missing_certificates_stop_the_start(self, tmp_path):
        with pytest.raises(ConfigurationError) as caught:
            make(25, ca_file=tmp_path / "none.pem")
        assert "ca_file" in caught.value.problems[0]

    def test_a_file_without_certificates_stops_the_start(self, tmp_path):
        path = tmp_path / "some.pem"
        path.write_text("no certificate")
        with pytest.raises(ConfigurationError) as caught:
            make(25, ca_file=path)
        assert list(caught.value.problems) == [
            f"consentcore.plugin.smtp.ca_file: expected certificates (PEM) in {path}"
        ]

    def test_server_that_is_no_name_stops_the_start(self):
        with pytest.raises(ConfigurationError, match=r"consentcore.plugin.smtp.host: expected .*U\+2603"):
            make(25, host="☃.example")

    def test_password_is_not_shown(self):
        settings = SmtpSettings(host="h", sender=SENDER, password=Secret("s3cret"))
        assert "s3cret" not in repr(replace(settings, port=26))
