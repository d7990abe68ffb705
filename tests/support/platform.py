"""The whole platform in one process for a journey: a runtime, its WSGI application, a browser and a client."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlencode, urlsplit

from webtest import TestApp

from consentcore.app import app_from_runtime
from consentcore.config import load_ini
from consentcore.domain.client import AuthMethod, Client, ClientKind, ClientSecret
from consentcore.domain.clock import SystemClock
from consentcore.domain.owner import Owner
from consentcore.domain.secret import CLIENT_SECRET, digest, mint
from consentcore.keys import create_key_file
from consentcore.runtime import Runtime, build_runtime
from consentcore.testing.scenario import Scenario
from tests.support.sqlite_template import migrated_sqlite

if TYPE_CHECKING:
    from consentcore.domain.clock import Clock

ISSUER = "http://127.0.0.1:6543"
PREFIX = "/ecostruxure/v1/oauth"
CALLBACK = "https://coolsite.example/callback"
PASSWORD = "correct horse battery"
INI = """\
[app:main]
use = egg:consentcore#main
consentcore.issuer = {issuer}
consentcore.keys = %(here)s/keys
consentcore.storage = {storage}
consentcore.login = {login}
consentcore.scopes = scopes_file
consentcore.notifiers = devmail webhook
consentcore.plugin.devmail.dir = %(here)s/mail
consentcore.plugin.login_local.argon2_time_cost = 1
consentcore.plugin.login_local.argon2_memory_kib = 8192
consentcore.plugin.webhook.allow_networks = 127.0.0.0/8
{extra}
"""


@dataclass
class Platform:
    """One consentcore with a registered application, a second one, a resource server and two owners."""

    runtime: Runtime
    app: object
    client_id: str = "coolsite"
    client_secret: str = ""
    secrets: dict[str, str] = field(default_factory=dict)

    def browser(self) -> TestApp:
        """A browser of its own (cookies are not shared)."""
        return TestApp(self.app)

    def add_client(self, client_id: str, **overrides: object) -> str:
        """Register a client; returns its secret ("" for a public one)."""
        secret = mint(CLIENT_SECRET)
        values = {
            "name": client_id.title(),
            "created_at": self.runtime.clock.now(),
            "redirect_uris": (CALLBACK,),
            "scopes": ("sites.read", "comfort.read", "alarms.read", "offline_access"),
            "publisher": "Frostline SAS",
            "purpose": "We tell you where heating is wasted.",
            **overrides,
        }
        if values.get("auth_method") is not AuthMethod.NONE:
            values["secrets"] = (ClientSecret(digest(secret), self.runtime.clock.now()),)
        else:
            secret = ""
        with self.runtime.storage.transaction() as uow:
            uow.clients.add(Client(client_id=client_id, **values))
        self.secrets[client_id] = secret
        return secret

    def add_owner(self, email: str, name: str = "", locale: str = "en") -> Owner:
        """Register a data owner with the password of this module."""
        owner = Owner(secrets.token_hex(8), email, self.runtime.clock.now(), name, locale)
        with self.runtime.storage.transaction() as uow:
            uow.owners.add(owner)
            self.runtime.login.set_password(uow, owner.owner_id, PASSWORD)
        return owner


def make_platform(
    folder: Path,
    *,
    storage: str = "memory",
    login: str = "login_local",
    issuer: str = ISSUER,
    extra: str = "",
    url: str = "",
    clock: Clock | None = None,
) -> Platform:
    """Build a platform on memory storage, or with ``storage="sqlalchemy"`` at ``url``, "": SQLite in ``folder``.

    Its owners have a password where the login plugin keeps passwords; with another one there are none.
    """
    if url:
        extra += f"\nconsentcore.plugin.sqlalchemy.url = {url.replace('%', '%%')}"
    elif storage == "sqlalchemy":
        migrated_sqlite(folder / "consentcore.sqlite")
        extra += f"\nconsentcore.plugin.sqlalchemy.url = sqlite:///{folder}/consentcore.sqlite"
    ini = folder / "test.ini"
    ini.write_text(INI.format(issuer=issuer, storage=storage, login=login, extra=extra))
    create_key_file(folder / "keys")
    runtime = build_runtime(load_ini(str(ini)), clock=clock)
    platform = Platform(runtime, app_from_runtime(runtime))
    platform.client_secret = platform.add_client("coolsite", name="CoolSite")
    platform.add_client("shiftplan", name="ShiftPlan EV")
    platform.add_client("api", kind=ClientKind.RESOURCE_SERVER, redirect_uris=(), scopes=())
    if runtime.passwords is not None:
        platform.add_owner("ada@example.org", "Ada Moreau")
        platform.add_owner("grace@example.org", "Grace Okafor")
    return platform


@dataclass
class Request:
    """An authorization request as a client makes it."""

    client_id: str = "coolsite"
    redirect_uri: str = CALLBACK
    scope: str = "sites.read comfort.read"
    state: str = "st-1"
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))
    extra: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        challenge = base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest())
        query = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": self.scope,
            "state": self.state,
            "code_challenge": challenge.rstrip(b"=").decode(),
            "code_challenge_method": "S256",
            **self.extra,
        }
        return f"{PREFIX}/authorize?{urlencode({key: value for key, value in query.items() if value})}"


def sign_in(browser: TestApp, page, email: str = "ada@example.org", password: str = PASSWORD):
    """Fill in the login form of ``page`` and follow to where it leads."""
    form = page.forms[0] if "email" in page.forms[0].fields else page.forms[1]
    form["email"], form["password"] = email, password
    return form.submit(headers={"Origin": ISSUER}).follow()


def to_consent_page(platform: Platform, request: Request, email: str = "ada@example.org"):
    """Go from the client's link to the consent page; returns (browser, page)."""
    browser = platform.browser()
    page = browser.get(request.url).follow()
    return browser, sign_in(browser, page, email)


def answer(page, decision: str) -> dict[str, str]:
    """Press Approve or Deny; returns the parameters that the client gets."""
    response = page.forms[0].submit("decision", value=decision, status=303)
    return {key: values[0] for key, values in parse_qs(urlsplit(response.location).query).items()}


def exchange(platform: Platform, request: Request, code: str, **changes: str | None):
    """Exchange a code at the token endpoint; returns the WebTest response."""
    body = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": request.redirect_uri,
        "code_verifier": request.verifier,
        "client_id": request.client_id,
        "client_secret": platform.secrets[request.client_id],
        **changes,
    }
    body = {key: value for key, value in body.items() if value}
    return platform.browser().post(f"{PREFIX}/token", body, expect_errors=True)


def refresh(platform: Platform, token: str, client_id: str = "coolsite", **changes: str):
    """Use a refresh token; returns the WebTest response."""
    body = {
        "grant_type": "refresh_token",
        "refresh_token": token,
        "client_id": client_id,
        "client_secret": platform.secrets[client_id],
        **changes,
    }
    return platform.browser().post(
        f"{PREFIX}/token", {k: v for k, v in body.items() if v}, expect_errors=True
    )


def give_back(platform: Platform, token: str, client_id: str = "coolsite") -> None:
    """Revoke a token (RFC 7009)."""
    body = {"token": token, "client_id": client_id, "client_secret": platform.secrets[client_id]}
    platform.browser().post(f"{PREFIX}/revoke", body)


def introspect(platform: Platform, token: str, client_id: str = "api") -> dict:
    """Ask about a token."""
    body = {"token": token, "client_id": client_id, "client_secret": platform.secrets[client_id]}
    return platform.browser().post(f"{PREFIX}/introspect", body).json


def connect(platform: Platform, request: Request | None = None, email: str = "ada@example.org") -> dict:
    """The whole way from link to tokens; returns the token answer."""
    request = request or Request()
    _, page = to_consent_page(platform, request, email)
    return exchange(platform, request, answer(page, "approve")["code"]).json


def visible(page) -> str:
    """The text of a page without markup, blanks folded."""
    return re.sub(
        r"\s+", " ", page.html_text if hasattr(page, "html_text") else re.sub(r"<[^>]+>", " ", page.text)
    )


def proceed(page):
    """The form with Proceed on the confirmation page."""
    return next(form for form in page.forms.values() if form.action.endswith("/revoke"))


def decide(platform: Platform, owner: Owner, *scopes: str, client_id: str = "coolsite", allow: bool = True):
    """Approve, or deny, without pages and passwords: for journeys in which many people decide; the grant after it."""
    runtime = platform.runtime
    with runtime.storage.reading() as uow:
        client = uow.clients.get(client_id)
    scenario = Scenario(
        runtime.storage, client, owner, clock=runtime.clock, keys=runtime.keys, catalog=runtime.catalog
    )
    scenario.service = runtime.service
    made = scenario.approve if allow else scenario.deny
    _next_moment(runtime.clock)
    done = made(*(scopes or ("sites.read",))).grant
    _next_moment(runtime.clock)
    return done


def _next_moment(clock: Clock) -> None:
    """Let a millisecond be over: what different people decide in the same one has no order."""
    if isinstance(clock, SystemClock):
        before = clock.now()
        while clock.now() == before:
            time.sleep(0)
