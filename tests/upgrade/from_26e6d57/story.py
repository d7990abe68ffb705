"""What happens in the databases: eighteen months of consents, told through pages, endpoints and commands of 26e6d57.

Runs in the environment and with the test helpers of that commit only; see README.md.
"""

from __future__ import annotations

import base64
import json
import unicodedata
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from joserfc import jws
from joserfc.jwk import ECKey
from platform_ import CALLBACK, ISSUER, PREFIX, Platform, Request, answer, exchange, proceed, refresh, sign_in
from sinks import Answer, http_sink

from consentcore.app import app_from_runtime
from consentcore.domain.event import Actor, ActorType, Evidence
from consentcore.domain.grant import GrantState
from consentcore.domain.owner import Owner, OwnerIdentity
from consentcore.outbox.worker import Worker
from consentcore.ports.storage import transact
from consentcore.registration import Form, register
from consentcore.runtime import build_runtime
from consentcore.settings import load_ini
from consentcore.testing import ManualClock

SECOND, MINUTE, HOUR, DAY = 1000, 60_000, 3_600_000, 86_400_000
METERS, SITES = "https://api.example/meters", "https://api.example/sites"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
PEOPLE = {
    "ada@example.org": ("Ada Moreau", "en", "correct horse battery"),
    "grace@example.org": ("Grace Okafor", "en", "correct horse battery"),
    "zoe@example.org": ("Zoë Åström", "fr", unicodedata.normalize("NFD", "mot de passé très sûr")),
    "linus@example.org": ("Linus O'Neill", "en", "x" * 200),
    "omar@example.org": ("عمر", "en", "correct horse battery"),
}
CLIENTS = (
    Form("CoolSite", (CALLBACK,), publisher="Frostline SAS", purpose="We tell you where heating is wasted.",
         website="https://coolsite.example", privacy_url="https://coolsite.example/privacy", client_id="coolsite",
         contact_email="it@coolsite.example"),
    Form("ShiftPlan EV", (CALLBACK, "com.shiftplan:/back"), client_id="shiftplan", public=True),
    Form("Signed & Co", (CALLBACK,), client_id="signer", auth_method="private_key_jwt", access_token_format="jwt",
         resources=(METERS, SITES)),
    Form("Pusher", (CALLBACK,), client_id="pusher", require_par=True, require_pkce=True),
    Form("Flaky", (CALLBACK,), client_id="flaky", contact_email="it@flaky.example"),
    Form("Gone", (CALLBACK,), client_id="gone"),
    Form("Muted", (CALLBACK,), client_id="muted"),
    Form("Mute", (CALLBACK,), client_id="mute"),
)
SCOPES = ("sites.read", "comfort.read", "alarms.read", "offline_access")


def at(text: str) -> int:
    """A time in ms since the epoch."""
    return int(datetime.fromisoformat(text).timestamp()) * SECOND


BEGIN, NOW = at("2025-05-05T08:00:00+00:00"), at("2026-11-30T00:00:00+00:00")
"""When the story begins, and the moment at which it stops: the tests go on from there with a clock of their own."""


@dataclass
class House:
    """A platform at the story's time, and what is written down of it for the tests."""

    ini: Path
    sink_port: int
    platform: Platform = field(init=False)
    facts: dict[str, Any] = field(default_factory=dict)
    clock: ManualClock = field(default_factory=lambda: ManualClock(BEGIN))

    def open(self) -> None:
        """Put the parts together."""
        self.runtime = build_runtime(load_ini(str(self.ini)), clock=self.clock)
        self.platform = Platform(self.runtime, app_from_runtime(self.runtime))
        self.platform.secrets = self.facts.setdefault("secrets", {})

    def go_to(self, moment: int) -> None:
        self.clock.advance(moment - self.clock.now())

    def work(self) -> None:
        """One turn of a worker."""
        Worker(self.runtime).run_once()

    def page(self, email: str, request: Request, browser: Any = None) -> Any:
        """From the application's link to the consent page; returns (browser, page)."""
        browser = browser or self.platform.browser()
        login = browser.get(self.link(request)).follow()
        return browser, sign_in(browser, login, email, PEOPLE[email][2])

    def link(self, request: Request) -> str:
        if request.client_id != "pusher":
            return request.url
        from urllib.parse import parse_qsl, quote, urlsplit

        form = dict(parse_qsl(urlsplit(request.url).query)) | {"client_secret": self.platform.secrets["pusher"]}
        pushed = self.platform.browser().post(f"{PREFIX}/par", form).json["request_uri"]
        return f"{PREFIX}/authorize?client_id=pusher&request_uri={quote(pushed, safe='')}"

    def connect(self, email: str, scope: str = "sites.read comfort.read", client_id: str = "coolsite", **extra: str) -> Any:
        """Approve and exchange the code; returns the token answer with ``code`` and ``verifier``."""
        request = Request(client_id, scope=scope, extra=extra)
        _, page = self.page(email, request)
        for box in page.forms[0].fields.get("resource", []):
            box.checked = True
        code = answer(page, "approve")["code"]
        changes = self.assertion() | {"client_secret": None} if client_id == "signer" else {}
        if client_id == "shiftplan":
            changes = {"client_secret": None}
        done = exchange(self.platform, request, code, **changes)
        assert done.status_int == 200, done.text
        return done.json | {"code": code, "verifier": request.verifier}

    def assertion(self) -> dict[str, str]:
        """A fresh client assertion (RFC 7523)."""
        key, now = ECKey.import_key(self.facts["signer_key"]), self.clock.now() // SECOND
        claims = {"iss": "signer", "sub": "signer", "aud": ISSUER, "jti": f"jti-{now}-{len(self.facts)}"}
        claims |= {"iat": now, "exp": now + 60}
        text = jws.serialize_compact({"alg": "ES256", "kid": "ec"}, json.dumps(claims).encode(), key, ["ES256"])
        return {"client_assertion_type": ASSERTION, "client_assertion": text}

    def grant(self, email: str, client_id: str, state: str = "active") -> Any:
        with self.runtime.storage.reading() as uow:
            owner = uow.owners.by_email(email)
            found = uow.grants.of_owner(owner.owner_id, [GrantState(state)])
            return next(one for one in found if one.client_id == client_id)

    def remember(self, name: str, email: str, client_id: str, state: str = "active") -> None:
        self.facts["grants"][name] = self.grant(email, client_id, state).grant_id

    def basic(self, client_id: str) -> dict[str, str]:
        pair = f"{client_id}:{self.platform.secrets[client_id]}".encode()
        return {"Authorization": "Basic " + base64.b64encode(pair).decode()}

    def switch_off(self, client_id: str) -> None:
        from dataclasses import replace

        transact(
            self.runtime.storage,
            lambda uow: uow.clients.update(replace(uow.clients.get(client_id), enabled=False)),
        )


def found_house(house: House) -> None:
    """Register everybody."""
    key = ECKey.generate_key("P-256", {"kid": "ec", "use": "sig"})
    house.facts |= {"signer_key": key.as_dict(private=True), "grants": {}, "now": NOW, "people": {}, "tokens": {}}
    house.open()
    runtime, forms = house.runtime, []
    for form in CLIENTS:
        changes: dict[str, Any] = {"scopes": SCOPES}
        if form.client_id in {"coolsite", "flaky", "gone"}:
            changes["webhook_url"] = f"http://127.0.0.1:{house.sink_port}/{form.client_id}"
        if form.client_id == "signer":
            changes["jwks"] = json.dumps({"keys": [key.as_dict(private=False)]})
        forms.append(Form(**{**form.__dict__, **changes}))
    forms.append(Form("Climate API", scopes=SCOPES, resource_server=True, client_id="api"))
    forms.append(Form("Meters API", scopes=SCOPES, resource_server=True, client_id="meters", resources=(METERS,)))
    for form in forms:
        made = register(runtime, form)
        with runtime.storage.transaction() as uow:
            uow.clients.add(made.client)
            if made.endpoint:
                uow.clients.add_endpoint(made.endpoint)
        house.platform.secrets[form.client_id] = made.client_secret or ""
        house.facts.setdefault("webhook_secrets", {})[form.client_id] = made.webhook_secret or ""
    for number, (email, (name, locale, password)) in enumerate(PEOPLE.items()):
        with runtime.storage.transaction() as uow:
            owner = Owner(f"owner-{number}", email, BEGIN, name, locale, "Europe/Paris")
            uow.owners.add(owner)
            runtime.passwords.set_password(uow, owner.owner_id, password)
            uow.identities.add(OwnerIdentity("https://id.example", f"sub|{number}", owner.owner_id, BEGIN))
        house.facts["people"][email] = {"owner_id": f"owner-{number}", "password": password}
    more = {"url": f"http://127.0.0.1:{house.sink_port}/coolsite/v1a", "signatures": ["v1", "v1a"],
            "events": ["consent.granted", "consent.revoked"]}
    house.platform.browser().post_json("/api/v1/endpoints", more, headers=house.basic("coolsite"), status=201)


def first_year(house: House, sink: Any) -> None:
    """Every state that a grant can end in."""
    platform = house.platform
    house.connect("linus@example.org", client_id="mute")
    house.connect("linus@example.org", client_id="gone")  # whose endpoint says 410
    house.work()
    _, page = house.page("ada@example.org", Request("shiftplan"))
    answer(page, "deny")
    house.page("grace@example.org", Request())  # and never answers
    house.go_to(BEGIN + DAY)
    house.work()
    first = house.connect("grace@example.org")
    house.go_to(BEGIN + 40 * DAY)
    browser, _ = house.page("grace@example.org", Request())
    shown = browser.get(f"/consents/{house.grant('grace@example.org', 'coolsite').grant_id}/revoke")
    proceed(shown).submit()
    assert refresh(platform, first["refresh_token"]).status_int == 400
    house.connect("zoe@example.org")
    closing = house.grant("zoe@example.org", "coolsite").grant_id
    house.work()
    platform.browser().delete(f"/api/v1/grants/{closing}", headers=house.basic("coolsite"), status=204)
    house.connect("linus@example.org")
    revoking = house.grant("linus@example.org", "coolsite").grant_id
    transact(
        house.runtime.storage,
        lambda uow: house.runtime.service.revoke(
            uow, revoking, actor=Actor(ActorType.OPERATOR, "root"), evidence=Evidence("cli:revoke", reason_text="A test")
        ),
    )
    house.connect("linus@example.org", client_id="muted")
    house.switch_off("muted")
    house.work()
    house.connect("grace@example.org", "sites.read", "flaky")
    sink.answers["/flaky"] = Answer(503)
    for day in range(12):  # until the delivery is dead, and the endpoint is warned of
        house.go_to(BEGIN + (60 + day) * DAY)
        house.work()
    house.go_to(BEGIN + 380 * DAY)
    house.work()  # and what was for a year has expired
    for name, email, client_id, state in (
        ("denied", "ada@example.org", "shiftplan", "denied"),
        ("abandoned", "grace@example.org", "coolsite", "abandoned"),
        ("withdrawn", "grace@example.org", "coolsite", "withdrawn"),
        ("closed", "zoe@example.org", "coolsite", "closed"),
        ("revoked", "linus@example.org", "coolsite", "revoked"),
        ("revoked by a client's end", "linus@example.org", "muted", "revoked"),
        ("expired", "linus@example.org", "gone", "expired"),
    ):
        house.remember(name, email, client_id, state)


def second_year(house: House, mails: Mails) -> None:
    """What stands: amended, with many tokens, of all kinds of clients."""
    house.go_to(NOW - 365 * DAY - MINUTE)
    house.connect("omar@example.org", "sites.read", "flaky")  # ends a minute before the story stops, not swept
    house.go_to(NOW - 20 * DAY)
    house.connect("ada@example.org", "sites.read")
    house.work()
    house.connect("ada@example.org", "sites.read comfort.read")
    house.work()
    offline = house.connect("ada@example.org", "alarms.read offline_access")
    house.work()
    stolen = house.connect("ada@example.org", "sites.read")
    refresh(house.platform, stolen["refresh_token"])
    house.go_to(NOW - 19 * DAY)
    assert refresh(house.platform, stolen["refresh_token"]).status_int == 400  # reuse: a security event
    offline = {**refresh(house.platform, offline["refresh_token"]).json}
    house.connect("grace@example.org")  # again, after it was withdrawn
    house.work()
    _move(house)
    mails.refused = {"grace@example.org": "451 later", "linus@example.org": "550 no such mailbox"}
    house.connect("grace@example.org", "alarms.read")
    house.connect("linus@example.org", "sites.read", "gone")
    for _ in range(7):  # one mail is dead after that, one was rejected at once
        house.work()
        house.clock.advance(13 * HOUR)
    mails.refused = {}
    house.go_to(NOW - 10 * DAY)
    house.facts["tokens"]["offline, unused for days"] = {**refresh(house.platform, offline["refresh_token"]).json}


def _move(house: House) -> None:
    """Omar has had another address lately."""
    from dataclasses import replace

    def work(uow: Any) -> None:
        owner = uow.owners.lock("owner-4")
        uow.owners.update(
            replace(owner, previous_email="omar.old@example.org", email_changed_at=house.clock.now())
        )

    transact(house.runtime.storage, work)


def last_hour(house: House, town: Path, sink: Any, mail: Controller) -> None:
    """What is in the middle of something when the story stops."""
    platform, tokens = house.platform, house.facts["tokens"]
    sink.answers["/flaky"] = Answer(503)
    house.go_to(NOW - 50 * MINUTE)
    tokens["opaque"] = house.connect("ada@example.org", "sites.read comfort.read")
    tokens["public"] = house.connect("ada@example.org", "sites.read", "shiftplan")
    tokens["jwt"] = house.connect("ada@example.org", "sites.read offline_access", "signer", resource=METERS)
    tokens["of a disabled client"] = house.connect("grace@example.org", client_id="mute")
    tokens["revoked"] = house.connect("ada@example.org", "sites.read")
    gone = {"token": tokens["revoked"]["refresh_token"]}
    platform.browser().post(f"{PREFIX}/revoke", gone, headers=house.basic("coolsite"))
    house.ini, before = town, house.ini
    house.runtime.close()
    house.open()
    tokens["with resources"] = house.connect("zoe@example.org", "sites.read comfort.read", "pusher")
    house.runtime.close()
    house.ini = before
    house.open()
    house.work()
    mail.stop()
    sink.answer = Answer(503)
    sink.answers.clear()
    house.go_to(NOW - 5 * MINUTE)
    house.connect("zoe@example.org", "alarms.read", "coolsite")  # told of, and not delivered
    form = platform.browser().get("/account/reset").forms
    reset = next(one for one in form.values() if one.action == "/account/reset")
    reset["email"] = "ada@example.org"
    reset.submit(headers={"Origin": ISSUER})
    house.work()
    house.go_to(NOW - 3 * SECOND)
    used = house.connect("grace@example.org", "sites.read offline_access")
    tokens["predecessor in its grace"] = used | {"successor": refresh(platform, used["refresh_token"]).json}
    house.connect("omar@example.org", "sites.read", "coolsite")  # no worker has seen this one
    half_way(house)


def half_way(house: House) -> None:
    """A code that is not exchanged, a page that is not answered, a pushed request that is not opened."""
    facts = house.facts
    request = Request(scope="sites.read", state="st & ä")
    browser, page = house.page("grace@example.org", request)
    facts["code"] = {"code": answer(page, "approve")["code"], "verifier": request.verifier}
    request = Request(scope="sites.read comfort.read alarms.read", state="st-ü")
    browser, page = house.page("linus@example.org", request)
    facts["interaction"] = {
        "url": page.request.path_qs, "cookies": dict(browser.cookies), "verifier": request.verifier, "state": "st-ü",
    }
    browser = house.platform.browser()
    sign_in(browser, browser.get("/login"), "ada@example.org", PEOPLE["ada@example.org"][2])
    facts["session"] = {"email": "ada@example.org", "cookies": dict(browser.cookies)}
    request = Request("pusher", scope="sites.read", state="pushed")
    told = {"token": facts["tokens"]["jwt"]["access_token"], **house.assertion()}
    house.platform.browser().post(f"{PREFIX}/introspect", told)  # the assertion is used up
    facts["assertion"] = told["client_assertion"]
    facts["pushed"] = {"url": house.link(request), "verifier": request.verifier}
    house.go_to(NOW)
    house.switch_off("mute")  # and no worker after that
    for name, email, client_id in (
        ("expired, not swept", "omar@example.org", "flaky"),
        ("amended", "ada@example.org", "coolsite"),
        ("granted again", "grace@example.org", "coolsite"),
        ("of a disabled client", "grace@example.org", "mute"),
        ("of a public client", "ada@example.org", "shiftplan"),
        ("with resources", "zoe@example.org", "pusher"),
        ("jwt", "ada@example.org", "signer"),
        ("told of, and not delivered", "zoe@example.org", "coolsite"),
        ("no worker has seen it", "omar@example.org", "coolsite"),
    ):
        house.remember(name, email, client_id)


class Mails:
    """Takes every mail but what is refused."""

    def __init__(self) -> None:
        self.refused: dict[str, str] = {}

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802, ARG002 - aiosmtpd's
        return "250 OK"


def tell(ini: Path, town: Path, mail_port: int) -> tuple[House, int]:
    """Tell the whole story into the database that ``ini`` names.

    :param town: the same with the extension of this folder. :param mail_port: where they send mail.
    """
    with http_sink() as sink:
        mails = Mails()
        mail = Controller(mails, hostname="127.0.0.1", port=mail_port)
        mail.start()
        sink.answers["/gone"] = Answer(410)
        house = House(ini, sink.port)
        found_house(house)
        first_year(house, sink)
        second_year(house, mails)
        last_hour(house, town, sink, mail)
        house.runtime.close()
        return house, sink.port
