"""Texts of strangers on pages: long words, letters from right to left, and what is printed of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.browser.browsing import PASSWORD, add_client

pytestmark = pytest.mark.browser

WORD = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamten"
PATHS = (
    *(
        "/consents",
        "/consents/revoked",
        "/consents/history",
        "/account",
        "/account/email",
        "/account/language",
        "/account/password",
    ),
    *("/account/data", "/account/data/print"),
    *("/account/sessions", "/login", "/account/reset", "/account/reset/sent", "/nothing-here"),
)

WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"

LOOSE = """() => {
    const letters = /[\\u0590-\\u08ff]/, isolated = /\\u2068[^\\u2068\\u2069]*\\u2069/g, found = [];
    const look = text => { if (letters.test(text.replace(isolated, ''))) found.push(text.trim()); };
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode())
        if (!walker.currentNode.parentElement.closest('bdi, [dir=auto]')) look(walker.currentNode.data);
    for (const element of document.querySelectorAll('[aria-label]')) look(element.getAttribute('aria-label'));
    if (location.protocol !== 'about:') look(document.title);
    return found;
}"""


def pages_of(person, client_id, redirect_uri):
    """Walk through every page of a consent and of an account; yields the name of each while it is shown."""
    page, issuer = person.page, person.demo.issuer
    person.ask_for(client_id, redirect_uri, "sites.read")
    yield "login"
    person.sign_in()
    yield "consent"
    person.press("Approve")
    page.wait_for_url("chrome-error://**")  # the application is not there
    assert {url.partition("?")[0] for url in person.foreign} <= {redirect_uri}
    person.foreign.clear()
    (grant,) = person.grants()
    for path in (*PATHS, f"/consents/{grant.grant_id}", f"/consents/{grant.grant_id}/revoke"):
        page.goto(issuer + path)
        yield path
    person.ask_for(client_id, redirect_uri, "sites.read device.control.setpoint")
    yield "consent on top of another"
    page.goto(f"{issuer}/consents/{grant.grant_id}/revoke")
    person.press("Proceed")
    yield "after Proceed"
    page.goto(f"{issuer}/consents/revoked")
    yield "revoked"
    for _ in range(200):
        page.goto(f"{issuer}/_dev/mail")
        if page.get_by_text(person.owner.email).count():
            break
        page.wait_for_timeout(100)
    yield "mailbox"
    page.get_by_role("listitem").filter(has_text=person.owner.email).first.get_by_role("link").click()
    yield "mail"
    link = page.get_by_role("link", name="See it as a mail program shows it")
    mail = page.request.get(issuer + link.get_attribute("href")).text()
    page.goto("about:blank")
    page.set_content(mail)
    yield "mail in a mail program"


def test_no_page_scrolls_sideways_at_320_pixels_whatever_the_words(person):
    someone = person(WORD, f"{'very-long-' * 5}domain.{'and-more-of-it-' * 3}end.example")
    names = {"name": WORD, "publisher": f"{WORD}gesellschaft", "purpose": "X" * 300}
    client = add_client(
        someone.demo, **names, website="https://w.example/", privacy_url="https://w.example/p"
    )
    wide = []
    for name in pages_of(someone, *client):
        someone.page.set_viewport_size({"width": 320, "height": 800})
        if (over := someone.page.evaluate(WIDER)) > 0:
            wide.append(f"{name}: {over} px")
    assert wide == []


def test_names_from_right_to_left_do_not_move_their_neighbours(person):
    someone = person("עדה לאבלייס (12)")
    names = {"name": "شمس 24 (تجريبي)", "publisher": "חברת השמש בע״מ", "purpose": "כדי לחסוך 10% בחשמל."}
    client = add_client(someone.demo, **names)
    loose = [
        f"{name}: {text}" for name in pages_of(someone, *client) for text in someone.page.evaluate(LOOSE)
    ]
    assert loose == []


def test_address_with_letters_beyond_ascii_can_be_typed_everywhere(person):
    """HTML lets an e-mail field hold ASCII only before the @ (section 4.10.5.1.5); RFC 6531 allows more."""
    someone = person()
    page, owner = someone.page, someone.owner
    with someone.demo.runtime.storage.transaction() as uow:
        uow.owners.update(replace(owner, email=f"größe-{owner.owner_id}@xn--strae-oqa.example"))
    page.goto(f"{someone.demo.issuer}/login")
    page.get_by_label("E-mail address").fill(f"Größe-{owner.owner_id}@Straße.example")
    page.get_by_label("Password").fill(PASSWORD)
    someone.press("Sign in")
    page.wait_for_url("**/consents")
    page.goto(f"{someone.demo.issuer}/account/email")
    page.get_by_label("New e-mail address").fill("größe@faß.example")
    page.get_by_label("Your password").fill(PASSWORD)
    someone.press("Send the links")
    page.get_by_role("heading", name="Now look into both mailboxes").wait_for()


def test_what_is_printed_from_a_dark_screen_is_dark_on_white(person):
    someone = person(color_scheme="dark")
    someone.to_consent_page()
    page = someone.page
    colours = """() => ['body', '.detail, .aside, .cannot, details, main p a, main p', 'button'].map(where => {
        const style = getComputedStyle(document.querySelector(where));
        return [style.color, style.backgroundColor, style.borderColor];
    })"""
    dark = page.evaluate(colours)
    page.emulate_media(media="print", color_scheme="dark")
    printed = page.evaluate(colours)
    page.emulate_media(media="print", color_scheme="light")
    assert printed == page.evaluate(colours)
    assert printed != dark
    assert printed[0][:2] == ["rgb(0, 0, 0)", "rgb(255, 255, 255)"]
    assert (
        page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--accent')") == "#0b5a78"
    )
