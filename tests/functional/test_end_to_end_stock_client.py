"""The platform from outside, with nothing of ours but the commands: Authlib as client, SMTP and webhooks for real."""

from __future__ import annotations

import json
import re
import zlib
from base64 import b64decode, b64encode, urlsafe_b64encode
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
import requests
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from standardwebhooks import Webhook

from tests.support.browser import Browser
from tests.support.deployment import deployment, smtp_server
from tests.support.patience import PATIENCE_S
from tests.support.sinks import Answer, http_sink

pytestmark = pytest.mark.slow

ADA, PASSWORD = "ada@example.org", "a perfectly fine password"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXkdBjftJeZ4CVP-mB92K27uhbUJU1p1r"
SCOPE = "sites.read comfort.read offline_access"


@pytest.fixture
def sink():
    with http_sink() as one:
        one.answer = Answer(204)
        yield one


@pytest.fixture
def smtp():
    with smtp_server() as (mailbox, port):
        mailbox.port = port
        yield mailbox


@pytest.fixture(params=["sqlite", "postgres", "dynamodb"])
def platform(request, tmp_path, smtp):
    """An installation that is set up and runs."""
    url = request.getfixturevalue("empty_postgres_url") if request.param == "postgres" else ""
    lines = request.getfixturevalue("dynamodb_lines") if request.param == "dynamodb" else ""
    with deployment(tmp_path, smtp=smtp.port, database=url, lines=lines) as made:
        done = made.run("init")
        assert done.returncode == 0, done.stderr
        assert made.run("init").returncode == 0, "safe to repeat"
        made.start()
        made.everything = {
            "sqlite": partial(_files, made.database),
            "postgres": partial(_rows, url),
            "dynamodb": partial(_items, lines),
        }[request.param]
        yield made


@dataclass
class Story:
    """The application, its customer's browser, and every secret that passed by."""

    platform: object
    app: dict
    api: dict
    sink: object
    browser: Browser = field(default_factory=Browser)
    secrets: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.metadata = self.platform.metadata()
        self.secrets |= {PASSWORD, self.app["client_secret"], self.app["webhook_secret"], VERIFIER}
        self.secrets.add(self.api["client_secret"])

    def session(self, **options) -> OAuth2Session:
        return OAuth2Session(
            self.app["client_id"],
            self.app["client_secret"],
            scope=SCOPE,
            redirect_uri=self.sink.url("/callback"),
            code_challenge_method="S256",
            **options,
        )

    def ask(self) -> tuple[OAuth2Session, str]:
        """Send the browser to the authorization endpoint; the client's session and its state."""
        session = self.session()
        url, state = session.create_authorization_url(
            self.metadata["authorization_endpoint"], code_verifier=VERIFIER
        )
        self.browser.open(url)
        self.note_browser()
        return session, state

    def sign_in(self) -> None:
        self.browser.press("Sign in", email=ADA, password=PASSWORD)
        self.note_browser()

    def fetch(self, session: OAuth2Session, state: str) -> dict:
        """Exchange the code that the browser brought."""
        answer = self.browser.page.url
        parameters = {key: values[0] for key, values in parse_qs(urlsplit(answer).query).items()}
        assert parameters["state"] == state
        assert parameters["iss"] == self.metadata["issuer"]
        self.secrets.add(parameters["code"])
        tokens = session.fetch_token(
            self.metadata["token_endpoint"],
            authorization_response=answer,
            state=state,
            code_verifier=VERIFIER,
        )
        return self.keep(tokens)

    def connect(self) -> tuple[OAuth2Session, dict]:
        session, state = self.ask()
        self.browser.press("Approve")
        return session, self.fetch(session, state)

    def keep(self, tokens: dict) -> dict:
        assert set(tokens["scope"].split()) == set(SCOPE.split())
        assert tokens["token_type"] == "Bearer"
        assert tokens["expires_in"] == 3600
        self.secrets |= {tokens["access_token"], tokens["refresh_token"]}
        return dict(tokens)

    def note_browser(self) -> None:
        """Session cookies, interactions and anti-forgery fields are secrets as well."""
        self.secrets |= {
            part for value in self.browser.cookies.values() for part in (value, *value.split("."))
        }
        for form in self.browser.page.forms:
            self.secrets |= {value for name, value in form.fields if name in {"csrf_token", "i"} and value}

    def introspect(self, token: str) -> dict:
        """Ask as the API, each time on a connection of its own."""
        answer = requests.post(
            self.metadata["introspection_endpoint"],
            data={"token": token},
            auth=(self.api["client_id"], self.api["client_secret"]),
            headers={"Connection": "close"},
            timeout=PATIENCE_S,
        )
        assert answer.status_code == 200
        return answer.json()

    def hooks(self, count: int) -> list[dict]:
        """So many webhooks, each verified over its raw bytes."""
        verifier = Webhook(self.app["webhook_secret"])
        received = self.sink.wait_for(count)
        return [verifier.verify(one.body, one.headers) for one in received if one.path == "/webhooks"]


@pytest.fixture
def story(platform, sink, monkeypatch):
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
    app = platform.typed(
        *("client", "create", "--name", "CoolSite", "--publisher", "Frostline SAS"),
        *("--redirect-uri", sink.url("/callback"), "--webhook-url", sink.url("/webhooks")),
        *("--scope", f"{SCOPE} alarms.read", "--purpose", "To find waste.", "--require-pkce"),
    )
    api = platform.typed("client", "create", "--name", "API", "--resource-server", "--scope", SCOPE)
    platform.typed(
        "owner", "create", "--email", ADA, "--name", "Ada Moreau", "--password-stdin", stdin=PASSWORD
    )
    return Story(platform, app, api, sink)


def test_a_stock_client_from_consent_to_revocation(story, smtp):
    platform, browser = story.platform, story.browser

    session, state = story.ask()
    assert "Sign in to answer CoolSite" in browser.page.text
    story.sign_in()
    for words in (
        "CoolSite asks to see your data",
        "made by Frostline SAS",
        "Room climate",
        "To find waste.",
    ):
        assert words in browser.page.text
    browser.press("Approve")
    tokens = story.fetch(session, state)

    facts = story.introspect(tokens["access_token"])
    assert facts["active"] is True
    assert set(facts["scope"].split()) == set(SCOPE.split())
    assert facts["client_id"] == story.app["client_id"]
    assert ADA not in json.dumps(facts)
    smtp.wait_for("CoolSite can now see your data", ADA)
    [granted] = story.hooks(1)
    assert (granted["type"], granted["data"]["subject"]) == ("consent.granted", facts["sub"])

    fresh = story.keep(
        session.refresh_token(story.metadata["token_endpoint"], refresh_token=tokens["refresh_token"])
    )
    assert fresh["access_token"] != tokens["access_token"]
    own_view = session.introspect_token(story.metadata["introspection_endpoint"], token=fresh["access_token"])
    assert own_view.json()["active"] is True

    answer = session.revoke_token(story.metadata["revocation_endpoint"], token=fresh["refresh_token"])
    assert answer.status_code == 200
    assert story.introspect(fresh["access_token"])["active"] is False
    with pytest.raises(OAuthError, match="invalid_grant"):
        session.refresh_token(story.metadata["token_endpoint"], refresh_token=fresh["refresh_token"])
    [consent] = platform.typed("consents", "list", "--owner", ADA)
    assert (consent["state"], consent["client_name"]) == ("active", "CoolSite")

    session, state = story.ask()
    assert browser.page.url.startswith(story.sink.url("/callback")), (
        "the consent stands: nobody is asked again"
    )
    again = story.fetch(session, state)
    assert _alive(story, again["access_token"]) == {True}

    platform.typed("consents", "revoke", consent["grant_id"], "--reason", "tested")
    assert _alive(story, again["access_token"], times=24) == {False}, "both web processes know at once"
    with pytest.raises(OAuthError, match="invalid_grant"):
        session.refresh_token(story.metadata["token_endpoint"], refresh_token=again["refresh_token"])
    smtp.wait_for("CoolSite can no longer see your data", ADA)
    assert [hook["type"] for hook in story.hooks(2)] == ["consent.granted", "consent.revoked"]
    assert platform.typed("consents", "list", "--owner", ADA) == []
    [ended] = platform.typed("consents", "list", "--owner", ADA, "--all")
    assert ended["state"] == "revoked"

    _revoke_in_the_browser(story, smtp)
    done = platform.run("audit", "verify")
    assert (done.returncode, done.stdout.partition(",")[0]) == (0, "intact: 2 consents"), done.stderr
    _nothing_secret_is_kept(story, smtp)
    assert platform.stop() == 0


def _alive(story, token, times=6):
    return {story.introspect(token)["active"] for _ in range(times)}


def _revoke_in_the_browser(story, smtp):
    """The customer is asked again, allows it again, and takes it back on the dashboard."""
    _, tokens = story.connect()
    assert _alive(story, tokens["access_token"]) == {True}
    story.browser.open(f"{story.platform.issuer}/consents")
    story.browser.follow("Revoke Access")
    story.note_browser()
    page = story.browser.press("Proceed")
    assert "CoolSite can no longer see your data" in page.text
    assert _alive(story, tokens["access_token"], times=24) == {False}
    smtp.wait_for("CoolSite can no longer see your data", ADA, count=2)
    # Messages that wait at the same time may overtake each other; the feed has the order.
    assert sorted(hook["type"] for hook in story.hooks(4)[2:]) == ["consent.granted", "consent.revoked"]


def _nothing_secret_is_kept(story, smtp):
    assert len(story.secrets) > 20
    kept = story.platform.everything()
    assert story.app["client_id"].encode() in kept, "the search can find something"
    told = b"".join(mail.as_bytes() for mail in smtp.mails)
    told += b"".join(one.body for one in story.sink.received)
    said = story.platform.log.read_bytes()
    for secret in story.secrets:
        for form in _forms(secret):
            assert form not in kept, f"{secret!r} is in the database"
            assert form not in told, f"{secret!r} was sent"
            assert form not in said, f"{secret!r} is in the log"


def _forms(secret):
    """The secret as it is, encoded, and the bytes that it is made of."""
    raw = secret.encode()
    forms = {raw, raw.hex().encode(), b64encode(raw), urlsafe_b64encode(raw)}
    if secret.startswith("whsec_"):
        key = b64decode(secret.removeprefix("whsec_"))
        forms |= {key, key.hex().encode()}
    return forms


def _files(database):
    """Every byte of the SQLite files."""
    return b"".join(path.read_bytes() for path in database.parent.glob("consentcore.sqlite*"))


def _rows(url):
    """Every row of every table of the PostgreSQL database."""
    import psycopg

    parts = []
    with psycopg.connect(url) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        for (table,) in tables:
            with connection.cursor().copy(f'COPY "{table}" TO STDOUT') as rows:
                parts += [bytes(row) for row in rows]
    return b"".join(parts)


def _items(lines):
    """Every value of every item of the table, those that are kept compressed as they are and as they were."""
    chosen = dict(re.findall(r"dynamodb\.(\w+) = (.+)", lines))
    client = boto3.client("dynamodb", chosen["region"], endpoint_url=chosen["endpoint_url"])
    pages = client.get_paginator("scan").paginate(TableName=chosen["table"])
    return b"".join(_values([page["Items"] for page in pages]))


def _values(kept):
    if isinstance(kept, dict):
        kept = list(kept.values())
    if isinstance(kept, list):
        return [part for one in kept for part in _values(one)]
    if not isinstance(kept, bytes):
        return [str(kept).encode()]
    with suppress(zlib.error):
        return [kept, zlib.decompress(kept)]
    return [kept, kept.hex().encode()]


def test_metadata_lists_only_what_answers(story):
    assert story.metadata["issuer"] == story.platform.issuer
    for name, url in story.metadata.items():
        if name.endswith("_endpoint"):
            method = requests.get if name == "authorization_endpoint" else requests.post
            assert method(url, timeout=PATIENCE_S).status_code in {400, 401}, name


def test_a_crash_between_consent_and_delivery_loses_nothing(story, smtp):
    """kill -9 right after the answer to Approve, with a receiver that was down until then."""
    story.sink.answer = Answer(503)
    session, state = story.ask()
    story.sign_in()
    story.browser.press("Approve")
    tokens = story.fetch(session, state)
    story.platform.server.kill()
    story.platform.server.wait(PATIENCE_S)
    story.platform.server = None
    story.sink.received.clear()
    story.sink.answer = Answer(204)
    with story.platform.log.open("w"):
        pass
    story.platform.start()
    assert _alive(story, tokens["access_token"]) == {True}
    # What the killed worker had claimed waits until its lease is over: 40 seconds at most.
    smtp.wait_for("CoolSite can now see your data", ADA)
    assert story.hooks(1)[0]["type"] == "consent.granted"
