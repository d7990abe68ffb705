"""The conformance kit, and what is special about this notifier."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from acme_team_chat import TeamChat, TeamChatSettings

from consentcore.api import Retry, Secret
from consentcore.testing import FakeEnvelope, NotifierConformance


class Chat:
    """A chat on loopback."""

    def __init__(self):
        chat = self
        self.posted, self.status = [], 200

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                chat.posted.append(self.rfile.read(int(self.headers["content-length"])))
                self.send_response(chat.status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/hooks/secret-part"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


@pytest.fixture
def chat():
    chat = Chat()
    yield chat
    chat.close()


def telling(url, timeout_s=20.0, **settings):
    return TeamChat(
        TeamChatSettings(Secret(url), timeout_s=timeout_s, allow_networks=("127.0.0.0/8",), **settings)
    )


class TestTeamChat(NotifierConformance):
    capabilities = frozenset({"network", "readback", "messages"})

    @pytest.fixture
    def notifier(self, chat):
        return telling(chat.url)

    @pytest.fixture
    def broken_notifier(self, chat):
        url = chat.url
        chat.close()
        return telling(url)

    @pytest.fixture
    def hanging_notifier(self, silent_port):
        return telling(f"http://127.0.0.1:{silent_port}/", timeout_s=0.2)

    @pytest.fixture
    def told(self, chat):
        return lambda: [json.loads(one)["id"] for one in chat.posted]

    @pytest.fixture
    def messages(self, chat):
        return lambda: list(chat.posted)

    @pytest.fixture
    def private(self, chat):
        return [chat.url, "secret-part"]


def test_room_reads_what_happened(chat):
    telling(chat.url).send(FakeEnvelope(), "room")
    assert json.loads(chat.posted[0])["text"].startswith("Comfort Coach was allowed")


def test_kinds_can_be_chosen(chat):
    assert list(telling(chat.url, only=("consent.revoked",)).targets(FakeEnvelope())) == []


def test_webhook_that_was_deleted_is_for_the_operator_to_mend(chat):
    chat.status = 404
    outcome = telling(chat.url).send(FakeEnvelope(), "room")
    assert isinstance(outcome, Retry)
    assert outcome.operator
