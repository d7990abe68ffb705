"""Signing in beyond ASCII, and whose a refusal is: a configuration's fault is never a person's."""

from __future__ import annotations

import hmac
import smtplib
import socket
import ssl
import threading
from base64 import b64decode, b64encode
from contextlib import contextmanager, suppress

import pytest

from consentcore.api import ConfigurationError, Delivered, Reject, Retry, Secret, SystemClock
from consentcore.testing import FakeEnvelope
from consentcore_smtp import SmtpSettings, consentcore_notifier
from consentcore_smtp.verdicts import failure
from tests.support.certificates import make_certificate
from tests.support.ports import reserved_port

USER, PASSWORD = "zoë@lumen.example", "pässwörd-☀-日本"
RECIPIENT = "ada@example.org"


class Server:
    """A mail server of which each answer can be set.

    :ivar offers: of EHLO, beside its name.
    :ivar answers: by the beginning of a command.
    """

    def __init__(self) -> None:
        self.offers = ["AUTH PLAIN LOGIN CRAM-MD5", "8BITMIME", "SMTPUTF8"]
        self.answers: dict[str, str] = {}
        self.greeting = "220 mail.example"
        self.after_data = "250 queued"
        self.users = {USER.encode(): PASSWORD.encode()}
        self.heard: list[str] = []
        self.signed_in: list[str] = []
        self.hang_up_after_no = False
        self.port = 0

    def serve(self, sock: socket.socket) -> None:
        with sock, sock.makefile("rb") as lines:
            self.lines, self.sock = lines, sock
            self.say(self.greeting)
            for raw in lines:
                line = raw.decode("latin-1").rstrip("\r\n")
                self.heard.append(line)
                if not self.do(line):
                    return

    def do(self, line: str) -> bool:
        word = line[:4].upper()
        for beginning, answer in self.answers.items():
            if line.upper().startswith(beginning):
                self.say(answer)
                return True
        if word == "EHLO":
            offers = ["mail.example", *self.offers]
            for number, offer in enumerate(offers):
                self.say(f"250{' ' if number == len(offers) - 1 else '-'}{offer}")
        elif word == "AUTH":
            return self.auth(line)
        elif word == "DATA":
            self.say("354 go on")
            for raw in self.lines:
                if raw == b".\r\n":
                    break
            self.say(self.after_data)
        elif word == "QUIT":
            self.say("221 bye")
            return False
        else:
            self.say("250 OK")
        return True

    def auth(self, line: str) -> bool:
        _, mechanism, *first = line.split()
        if mechanism == "PLAIN":
            _, user, password = b64decode(first[0]).split(b"\0")
            good = self.users.get(user) == password
        elif mechanism == "LOGIN":
            user = b64decode(first[0]) if first else self.asked(b"Username:")
            good = self.users.get(user) == self.asked(b"Password:")
        else:
            user, _, digest = self.asked(b"<1@mail.example>").rpartition(b" ")
            right = hmac.new(self.users.get(user, b"?"), b"<1@mail.example>", "md5").hexdigest()
            good = digest.decode() == right
        if good:
            self.signed_in.append(mechanism)
        self.say("235 2.7.0 welcome" if good else "535 5.7.8 no")
        return good or not self.hang_up_after_no

    def asked(self, challenge: bytes) -> bytes:
        self.say("334 " + b64encode(challenge).decode())
        return b64decode(self.lines.readline())

    def say(self, line: str) -> None:
        self.sock.sendall(line.encode() + b"\r\n")


@contextmanager
def serving(server: Server):
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server.port = listening.getsockname()[1]
        stop = threading.Event()

        def accept() -> None:
            while True:
                try:
                    sock, _ = listening.accept()
                except OSError:
                    return
                threading.Thread(target=one, args=(sock,), daemon=True).start()
                if stop.is_set():
                    return

        def one(sock: socket.socket) -> None:
            with suppress(OSError):
                server.serve(sock)

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield server
        stop.set()
        with socket.create_connection(("127.0.0.1", server.port)):
            pass
        thread.join()


@pytest.fixture
def server():
    with serving(Server()) as made:
        yield made


def make(server: Server | None = None, **settings):
    port = server.port if server else 25
    given = {"host": "127.0.0.1", "port": port, "sender": "Lumen <consent@lumen.example>", "tls": "none"}
    return consentcore_notifier(SmtpSettings(**{**given, "timeout_s": 5.0, **settings}), SystemClock())


def signing(server: Server, **settings):
    given = {"username": USER, "password": Secret(PASSWORD)}
    return make(server, **{**given, **settings})


class TestSignIn:
    @pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5"])
    def test_user_and_password_beyond_ascii_are_utf8(self, server, mechanism):
        """RFC 4616 section 2; the others have always been bytes, and UTF-8 is what they get."""
        server.offers = [f"AUTH {mechanism}"]
        assert isinstance(signing(server).send(FakeEnvelope(), "owner"), Delivered)
        assert server.signed_in == [mechanism]

    def test_next_mechanism_is_tried_when_one_is_refused(self, server):
        server.answers["AUTH CRAM-MD5"] = "504 5.5.4 not today"
        assert isinstance(signing(server).send(FakeEnvelope(), "owner"), Delivered)
        assert server.signed_in == ["PLAIN"]

    @pytest.mark.parametrize("hangs_up", [False, True])
    def test_wrong_password_is_the_operators(self, server, hangs_up):
        server.hang_up_after_no = hangs_up
        outcome = signing(server, password=Secret("wröng")).send(FakeEnvelope(), "owner")
        assert (type(outcome), outcome.status, outcome.operator) == (Retry, 535, True)
        assert "wröng" not in repr(outcome)

    @pytest.mark.parametrize("offer", ["AUTH XOAUTH2 OAUTHBEARER", "AUTH GSSAPI", "AUTH", "8BITMIME"])
    def test_server_without_a_usable_mechanism_is_the_operators(self, server, offer):
        server.offers = [offer]
        outcome = signing(server).send(FakeEnvelope(), "owner")
        assert (type(outcome), outcome.error, outcome.operator) == (Retry, "smtp", True)
        assert all(name in outcome.reason for name in offer.split()[1:])

    def test_challenge_that_is_none_is_a_refusal(self, server):
        server.offers = ["AUTH CRAM-MD5"]
        server.answers["AUTH"] = "334 a"
        outcome = signing(server).send(FakeEnvelope(), "owner")
        assert (type(outcome), outcome.status) == (Retry, 334)

    def test_endless_challenges_are_given_up(self, server):
        server.offers = ["AUTH LOGIN"]
        server.answers = {"AUTH": "334 VXNlcm5hbWU6", b64encode(USER.encode()).decode().upper(): "334 "}
        server.answers[b64encode(PASSWORD.encode()).decode().upper()] = "334 "
        assert isinstance(signing(server).send(FakeEnvelope(), "owner"), Retry)

    @pytest.mark.parametrize("field", ["username", "password"])
    def test_nul_stops_the_start(self, field):
        value = Secret("a\0b") if field == "password" else "a\0b"
        with pytest.raises(ConfigurationError) as caught:
            make(**{"username": "u", field: value})
        assert list(caught.value.problems) == [
            f"consentcore.plugin.smtp.{field}: expected a text without NUL"
        ]


OPERATORS = [
    "550 5.7.1 Relaying denied",
    "550 5.7.1 <ada@example.org>: Recipient address rejected: Access denied",
    "554 5.7.1 <ada@example.org>: Relay access denied",
    "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.example",
    "550 relay not permitted",
    "550 5.1.1 Relaying denied",
    "550 5.1.2 we do not relay for this domain",
    "553 5.1.3 don't relay mail without signing in",
    "550 5.1.1 <ada@example.org>: authentication required",
    "550 5.1.8 Sender address rejected: Domain not found",
    "550 5.1.7 bad sender",
    "550 5.1.0 Sender address is not allowed",
    "553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)",
    "553 5.7.1 Sender address rejected: not owned by user consent",
    "530 5.7.0 Must issue a STARTTLS command first",
    "530 5.7.1 Authentication required",
    "550 authentication required for relay",
    "550 5.4.5 Daily user sending limit exceeded",
    "552 5.3.4 message too big",
    "550 5.4.1 no answer from host",
    "550 Administrative prohibition",
    "550 Sender verify failed",
    "550 SPF check failed",
    "550 rejected by DMARC policy",
    "550 high probability of spam",
    "550 Access denied",
    "550 no",
    "550",
    "501 5.5.4 syntax",
    "503 need MAIL first",
    "555 parameters not recognised",
    "571 Delivery not authorized, message refused",
    "550 5.7.13 User account disabled",
    "550 5.7.26 unauthenticated mail",
    "5.1.1",
]
MAILBOX = [
    "550 5.1.1 <ada@example.org> no such mailbox",
    "550-5.1.1 The email account that you tried to reach does not exist. Please try double-checking",
    "550 5.1.2 bad destination system",
    "553 5.1.3 bad address syntax",
    "550 5.1.1 <ada@example.org>: User unknown in relay recipient table",
    "551 5.1.6 has moved",
    "556 5.1.10 recipient address has null MX",
    "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup",
    "550 5.1.0 Address rejected: no such user",
    "550 5.2.1 The email account that you tried to reach is disabled",
    "552 5.2.2 mailbox full",
    "550 5.7.17 mailbox owner has changed",
    "550 <ada@example.org>: Recipient address rejected: User unknown in virtual mailbox table",
    "550 Requested action not taken: mailbox unavailable",
    "550 No such user here",
    "550 No Such User Here",
    "550 unknown user",
    "550 Invalid recipient",
    "550 User ada not listed in Domino Directory",
    "551 User not local",
    "552 mailbox full",
    "553 mailbox name invalid",
    "554 delivery error: This user doesn't have an account (ada) [-5]",
    "550 Unrouteable address",
    "550 The account is inactive",
]


class TestVerdicts:
    @pytest.mark.parametrize("answer", OPERATORS)
    def test_refusal_that_is_not_the_mailboxs_is_the_operators_and_tried_again(self, server, answer):
        server.answers["RCPT"] = answer
        outcome = make(server).send(FakeEnvelope(), "owner")
        assert type(outcome) is Retry
        assert outcome.operator is answer[:3].isdigit()

    @pytest.mark.parametrize("answer", MAILBOX)
    def test_refusal_of_the_mailbox_is_final(self, server, answer):
        answer = answer.replace("550-", "550 ")
        server.answers["RCPT"] = answer
        outcome = make(server).send(FakeEnvelope(), "owner")
        assert (type(outcome), outcome.status) == (Reject, int(answer[:3]))
        assert RECIPIENT not in repr(outcome)

    def test_refusal_of_several_lines_is_read_whole(self, server):
        server.answers["RCPT"] = "550-5.1.1 The account that you tried\r\n550 5.1.1 to reach does not exist"
        assert isinstance(make(server).send(FakeEnvelope(), "owner"), Reject)

    @pytest.mark.parametrize(
        "answer",
        [
            "554 Message rejected: Email address is not verified.",
            "550 5.7.1 message contains spam",
            "550 no such user",
            "552 too much mail data",
            "554 5.6.0 content",
            "550 5.7.0 sender",
            "541 rejected",
        ],
    )
    def test_refusal_of_what_was_said_is_the_operators(self, server, answer):
        server.after_data = answer
        outcome = make(server).send(FakeEnvelope(), "owner")
        assert (type(outcome), outcome.operator) == (Retry, True)

    @pytest.mark.parametrize("answer", ["550 5.1.1 unknown", "552 5.2.2 full"])
    def test_mailbox_that_is_refused_after_the_data_is_final(self, server, answer):
        server.after_data = answer
        assert isinstance(make(server).send(FakeEnvelope(), "owner"), Reject)

    @pytest.mark.parametrize(
        "answer", ["550 5.7.1 not yours", "501 bad sender", "530 5.7.0 sign in", "554 no"]
    )
    def test_refusal_of_the_sender_is_the_operators(self, server, answer):
        server.answers["MAIL"] = answer
        outcome = make(server).send(FakeEnvelope(), "owner")
        assert (type(outcome), outcome.operator) == (Retry, True)

    @pytest.mark.parametrize("answer", ["554 5.7.1 your address is blocked", "521 no mail here"])
    def test_refusal_of_us_is_the_operators(self, server, answer):
        server.greeting = answer
        outcome = make(server).send(FakeEnvelope(), "owner")
        assert (type(outcome), outcome.operator) == (Retry, True)

    @pytest.mark.parametrize(
        ("answer", "operators"),
        [
            ("451 4.7.1 greylisted", False),
            ("450 4.2.1 mailbox busy", False),
            ("421 4.3.2 shutting down", False),
            ("452 4.3.1 insufficient storage", False),
            ("454 4.7.1 Relay access denied", True),
            ("454 Throttling failure: Daily message quota exceeded.", True),
        ],
    )
    def test_passing_no_is_waited_out(self, server, answer, operators):
        server.answers["RCPT"] = answer
        outcome = make(server).send(FakeEnvelope(), "owner")
        assert (type(outcome), outcome.operator) == (Retry, operators)

    def test_server_without_starttls_is_the_operators(self, server):
        outcome = make(server, tls="starttls").send(FakeEnvelope(), "owner")
        assert (type(outcome), outcome.operator) == (Retry, True)

    def test_server_without_tls_at_all_is_the_operators(self, server):
        outcome = make(server, tls="implicit").send(FakeEnvelope(), "owner")
        assert (type(outcome), outcome.error, outcome.operator) == (Retry, "tls", True)

    def test_certificate_for_another_name_is_the_operators(self, tmp_path):
        made = make_certificate(tmp_path, "other.example")
        error = ssl.SSLCertVerificationError(1, "bad")
        assert failure(error, RECIPIENT).operator
        with socket.create_server(("127.0.0.1", 0)) as listening:

            def serve() -> None:
                sock, _ = listening.accept()
                with suppress(OSError), made.server.wrap_socket(sock, server_side=True):
                    pass

            thread = threading.Thread(target=serve)
            thread.start()
            outcome = make(port=listening.getsockname()[1], tls="implicit", ca_file=made.path).send(
                FakeEnvelope(), "owner"
            )
            thread.join()
        assert (type(outcome), outcome.error, outcome.operator) == (Retry, "tls", True)

    @pytest.mark.parametrize("host", ["a..b", "x" * 64 + ".example", "no.such.invalid", "bad host"])
    def test_host_that_is_none_is_no_verdict_on_anybody(self, host):
        outcome = make(host=host).send(FakeEnvelope(), "owner")
        assert (type(outcome), outcome.error) == (Retry, "dns")

    @pytest.mark.parametrize(("number", "operators"), [(socket.EAI_NONAME, True), (socket.EAI_AGAIN, False)])
    def test_name_that_does_not_exist_is_the_operators_and_a_silent_name_server_passes(
        self, number, operators
    ):
        assert failure(socket.gaierror(number, "x"), RECIPIENT).operator is operators

    def test_silence_and_lost_connections_pass(self):
        for error in (TimeoutError(), ConnectionRefusedError(), smtplib.SMTPServerDisconnected("gone")):
            assert not failure(error, RECIPIENT).operator


class TestCheck:
    """What ``plugins check`` asks: all that a mail begins with, and no mail."""

    def test_good_server_is_in_order_and_gets_no_mail(self, server):
        assert list(signing(server).check()) == []
        words = [line.split()[0].upper() for line in server.heard]
        assert "MAIL" in words
        assert {"RCPT", "DATA"}.isdisjoint(words)

    @pytest.mark.parametrize(
        ("spoil", "said"),
        [
            (lambda server: server.users.clear(), "does not take our user name and password (535 5.7.8 no)"),
            (lambda server: server.offers.__setitem__(0, "AUTH XOAUTH2"), "offers sign-in by XOAUTH2"),
            (
                lambda server: server.answers.update(MAIL="550 5.7.1 not verified"),
                "does not take our sender (550",
            ),
        ],
    )
    def test_fault_is_said(self, server, spoil, said):
        spoil(server)
        (problem,) = signing(server).check()
        assert problem.operator
        assert problem.reason.startswith(f"127.0.0.1:{server.port}: ")
        assert said in f"{problem.reason} ({problem.status} {problem.answer})"

    def test_nobody_there_is_said(self):
        with reserved_port() as port:
            (problem,) = make(port=port).check()
        assert problem.reason == f"127.0.0.1:{port}: the mail server could not be reached"
        assert not problem.operator, "it may be up again in a minute"
