"""No sentence is missed: in a language that nobody speaks every page and every mail is in that language, but for what
the test itself has put in."""

from __future__ import annotations

import pytest

from consentcore.domain.clock import DAY, HOUR, MINUTE
from consentcore.testing.fakes import ManualClock
from tests.support.account import NEW_PASSWORD, form_of, mails, newest_link
from tests.support.platform import ISSUER, PASSWORD, Request, answer, make_platform, sign_in
from tests.support.pseudo_locale import CLOSE, OPEN, TAG, make_theme, shown_texts, untranslated

ADA, GRACE, NEW = "aino@example.org", "grete@example.org", "uusi@example.org"
OPERATOR = "Yhtiö Oy"
FIRST, CONTROL = "sites.read comfort.read", "device.control.setpoint"
EXTRA = """
consentcore.web.theme = {theme}
consentcore.web.default_locale = fi
consentcore.web.operator_name = Yhtiö Oy
consentcore.web.support_email = apu@example.org
consentcore.web.privacy_url = https://yhtio.example/p
consentcore.web.complaint_url = https://yhtio.example/c
consentcore.operator.email = ops@example.org
consentcore.account.mails_per_account = 3
"""


class Walk:
    """A platform whose people read the language, and a look at each page and each mail."""

    def __init__(self, folder) -> None:
        self.clock = ManualClock()
        extra = EXTRA.format(theme=make_theme(folder))
        self.platform = make_platform(folder, extra=extra, clock=self.clock)
        for email in (ADA, GRACE):
            self.platform.add_owner(email, "Äiti", TAG)
        self.platform.add_client("valo", name="Valo", publisher="", purpose="", scopes=(CONTROL,))
        free = (*FIRST.split(), "offline_access")
        self.platform.add_client("vapaa", name="Vapaa", scopes=free, optional_scopes=free)
        texts = ("label", "sees", "cannot", "example", "sensitivity", "cluster", "on_revoke")
        scopes = [getattr(scope, name) for scope in self.platform.runtime.catalog for name in texts]
        for scope in self.platform.runtime.catalog:
            scopes += [scope.scope_id, *scope.products, *scope.purposes]
            scopes += [word for one in scope.operations for word in (f"{one.method} {one.path}", one.summary)]
        clients = [
            "CoolSite",
            "ShiftPlan EV",
            "Valo",
            "Vapaa",
            "Frostline SAS",
            "We tell you where heating is wasted.",
        ]
        self.data = [
            *scopes,
            *clients,
            "Äiti",
            OPERATOR,
            "coolsite.example",
            "Firefox",
            *self.platform.runtime.languages.own_names.values(),
            "127.0.0.0/24",
            "U+202E",
            "U+0378",
        ]

    @property
    def access(self):
        return self.platform.runtime.client_access

    def look(self, page, status: int = 200):
        """Let a page pass whose every word is of the language, and give it back."""
        assert page.status_int == status
        assert page.html.html["lang"] == page.headers["Content-Language"] == TAG
        assert OPEN in page.text
        assert page.text.count(OPEN) == page.text.count(CLOSE)
        assert untranslated(shown_texts(page.text), self.data) == []
        return page

    def consent(self, request: Request, email: str = ADA, browser=None):
        """A browser and the consent page, both looked at."""
        browser = browser or self.platform.browser()
        page = browser.get(request.url).follow()
        if "email" in page.text and page.request.path == "/login":
            page = sign_in(browser, self.look(page), email)
        return browser, self.look(page)

    def post(self, browser, path: str, action: str | None = None, status: int = 303, **fields: str):
        form = form_of(browser.get(path), action or path)
        for name, value in fields.items():
            form[name] = value
        return form.submit(headers={"Origin": ISSUER}, status=status)


@pytest.fixture
def walk(tmp_path):
    made = Walk(tmp_path)
    yield made
    made.platform.runtime.close()


def test_sign_in(walk):
    browser = walk.platform.browser()
    page = walk.look(browser.get("/login"))
    for _ in range(10):
        form = page.forms[0]
        form["email"], form["password"] = ADA, "wrong"
        page = walk.look(form.submit(headers={"Origin": ISSUER}, status=400), 400)
    form = page.forms[0]
    form["email"], form["password"] = ADA, "wrong"
    walk.look(form.submit(headers={"Origin": ISSUER}, status=429), 429)
    walk.look(browser.get(Request().url).follow())


def test_consent_pages(walk):
    request = Request(scope=f"{FIRST} offline_access")
    browser, page = walk.consent(request)
    answer(page, "approve")
    more = Request(scope="sites.read alarms.read", extra={"prompt": "consent"})
    _, page = walk.consent(more, browser=browser)
    page.forms[0]["shown"] = "other"
    walk.look(page.forms[0].submit("decision", value="approve", status=409), 409)
    for scope in ("sites.read", "offline_access"):
        walk.consent(Request(scope=scope, extra={"prompt": "consent"}), browser=browser)
    for scope in ("offline_access", "comfort.read"):
        walk.consent(Request(client_id="shiftplan", scope=scope), browser=browser)
    _, page = walk.consent(Request(client_id="valo", scope=CONTROL), browser=browser)
    walk.look(page.forms[0].submit("decision", value="approve", status=400), 400)
    optional = Request(client_id="vapaa", scope=f"{FIRST} offline_access")
    _, page = walk.consent(optional, browser=browser)
    page = walk.look(page.forms[0].submit("decision", value="approve", status=400), 400)
    page.forms[0].fields["scope"][0].checked = True
    page.forms[0]["duration"] = "30"
    answer(page, "approve")
    walk.consent(Request(client_id="vapaa", scope="comfort.read"), browser=browser)
    _, page = walk.consent(Request(scope=FIRST, extra={"prompt": "consent"}), browser=browser)
    browser.post("/logout", {"csrf_token": browser.get("/consents").forms[0]["csrf_token"].value})
    sign_in(browser, browser.get("/login"), GRACE)
    walk.look(page.forms[0].submit("decision", value="approve", status=409), 409)


def test_requests_that_cannot_be_answered_any_more(walk):
    browser, page = walk.consent(Request())
    here = page.request.path_qs
    walk.look(walk.platform.browser().get(here, status=410), 410)
    fresh = walk.platform.browser()
    fresh.get("/login")
    walk.look(fresh.get(here, status=410), 410)
    answer(page, "approve")
    walk.look(browser.get(here, status=410), 410)
    _, page = walk.consent(Request(scope="alarms.read"), browser=browser)
    answer(page, "deny")
    walk.look(browser.get(page.request.path_qs, status=410), 410)
    walk.look(walk.platform.browser().get(page.request.path_qs, status=410), 410)
    walk.look(browser.get("/consent?i=nothing", status=410), 410)
    _, page = walk.consent(Request(client_id="shiftplan"), browser=browser)
    walk.access.disable("shiftplan", by="ops", reason="Syy")
    walk.look(browser.get(page.request.path_qs, status=410), 410)
    _, page = walk.consent(
        Request(scope="sites.read alarms.read", extra={"prompt": "consent"}), browser=browser
    )
    walk.access.suspend("coolsite", by="ops", reason="Syy")
    walk.look(browser.get(page.request.path_qs, status=403), 403)
    walk.access.resume("coolsite")
    walk.clock.advance(HOUR)
    walk.look(browser.get(page.request.path_qs, status=410), 410)


def test_requests_that_applications_got_wrong(walk):
    browser = walk.platform.browser()
    walk.look(browser.get(Request(client_id="nobody").url, status=400), 400)
    walk.look(browser.get(Request(redirect_uri="https://evil.example/").url, status=400), 400)
    walk.look(browser.post(Request().url, status=405), 405)
    walk.access.suspend("coolsite", by="ops", reason="Syy")
    walk.look(browser.get(Request().url, status=403), 403)


def test_the_owners_application(walk):
    browser, page = walk.consent(Request(scope=f"{FIRST} offline_access"))
    for path in ("/consents/revoked", "/consents", "/consents/history"):
        walk.look(browser.get(path))  # nothing in them yet
    answer(page, "approve")
    grants = []
    for client_id, scope in (("shiftplan", "alarms.read"), ("valo", CONTROL)):
        _, page = walk.consent(Request(client_id=client_id, scope=scope), browser=browser)
        walk.clock.advance(MINUTE)
        for box in page.forms[0].fields.get("scope", ()):
            box.checked = True
        answer(page, "approve")
    cards = walk.look(browser.get("/consents"))
    grants = [card["id"].removeprefix("grant-") for card in cards.html.select("li.card")]
    _, page = walk.consent(
        Request(scope="sites.read alarms.read", extra={"prompt": "consent"}), browser=browser
    )
    walk.clock.advance(MINUTE)
    answer(page, "deny")
    walk.access.suspend("shiftplan", by="ops", reason="Syy")
    walk.look(browser.get("/consents"))
    for grant in grants:
        walk.look(browser.get(f"/consents/{grant}"))
        walk.look(browser.get(f"/consents/{grant}/revoke"))
    receipts = [
        link["href"] for link in browser.get(f"/consents/{grants[0]}").html.select('a[href^="/receipts/"]')
    ]
    for path in (*receipts, f"{receipts[-1]}/revoke"):
        walk.look(browser.get(path))
        walk.look(walk.platform.browser().get(path))
    for grant in grants[:2]:
        walk.clock.advance(MINUTE)
        walk.look(walk.post(browser, f"/consents/{grant}/revoke").follow())
        walk.look(browser.get(f"/consents/{grant}/revoke").follow())
    walk.data += ["Syy", TAG]  # what the language is called in itself, which nobody knows
    walk.access.disable("coolsite", by="ops", reason="Syy")
    mails(walk.platform, ADA)
    walk.clock.advance(400 * DAY)
    sign_in(browser, browser.get("/login"), ADA)
    for path in (
        "/consents/revoked",
        "/consents",
        "/consents/history",
        *(f"/consents/{one}" for one in grants),
    ):
        walk.look(browser.get(path))
    denied = browser.get("/consents/history").html.find_all("a", string=lambda text: text and OPEN in text)
    for link in denied:
        if "/consents/" in link["href"] and len(link["href"]) > 30:
            walk.look(browser.get(link["href"]))


def test_the_scope_catalog(walk):
    walk.look(walk.platform.browser().get("/scopes"))


def test_the_account(walk):
    browser = walk.platform.browser()
    sign_in(browser, browser.get("/login"), ADA)
    other = walk.platform.browser()
    other.extra_environ["HTTP_USER_AGENT"] = "Firefox/140"
    sign_in(other, other.get("/login"), ADA)
    for path in (
        "",
        "?done=password",
        "?done=sessions",
        "/sessions",
        "/sessions?done=others",
        "/email",
        "/password",
        "/language",
        "?done=language",
    ):
        walk.look(browser.get(f"/account{path}"))
    for password in ("short", "x" * 1025, "password1", ADA, "a\u0000bcdefgh"):
        fields = {"current_password": PASSWORD, "password": password}
        page = walk.post(browser, "/account/password", status=400, **fields)
        walk.look(page, 400)
    walk.look(walk.post(browser, "/account/password", status=400, current_password="no", password="x"), 400)
    for email in (
        "nobody",
        ADA,
        "a\u202e@example.org",
        "a@\u2603\u0378.example",
        "a@" + "ä." * 80 + "example",
    ):
        page = walk.post(browser, "/account/email", status=400, email=email, current_password=PASSWORD)
        walk.look(page, 400)
    walk.look(walk.post(browser, "/account/email", email=NEW, current_password=PASSWORD).follow())


def test_links_from_mails(walk):
    browser = walk.platform.browser()
    sign_in(browser, browser.get("/login"), ADA)
    walk.post(browser, "/account/email", email=NEW, current_password=PASSWORD)
    links = [newest_link(walk.platform, to) for to in (ADA, NEW)]
    for link in links:
        walk.look(walk.platform.browser().get(link))
    for link in links:
        walk.look(walk.post(walk.platform.browser(), link, "/account/email/confirm", status=200))
    walk.look(browser.get(links[0], status=410), 410)
    stranger = walk.platform.browser()
    walk.look(stranger.get("/account/reset"))
    walk.look(walk.post(stranger, "/account/reset", status=400, email="nobody"), 400)
    walk.clock.advance(MINUTE)
    walk.look(walk.post(stranger, "/account/reset", email=NEW).follow())
    link = newest_link(walk.platform, NEW)
    walk.look(stranger.get(link))
    walk.look(walk.post(stranger, link, "/account/reset/new", status=400, password="short"), 400)
    walk.look(walk.post(stranger, link, "/account/reset/new", password=NEW_PASSWORD).follow())


def test_errors(walk):
    browser, page = walk.consent(Request())
    walk.look(browser.get("/nothing", status=404), 404)
    walk.look(browser.get("/consents/nothing", status=404), 404)
    walk.look(browser.post("/consents", status=405), 405)
    walk.look(page.forms[0].submit("decision", value="perhaps", status=400), 400)
    walk.look(
        browser.post("/consent", {"i": "x"}, headers={"Origin": "https://evil.example"}, status=403), 403
    )
    walk.look(browser.post("/consent", {"i": "x", "csrf_token": "x"}, status=403), 403)
    walk.look(walk.platform.browser().post("/consent", {"i": "x"}, status=403), 403)
