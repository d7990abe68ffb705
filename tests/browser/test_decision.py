"""Approve and Deny: equal in every respect, led where they should, and counted once."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from consentcore.demo.serving import Site, bind
from consentcore.domain.grant_states import GrantState
from tests.browser.browsing import PHONE, add_public_client
from tests.support.patience import eventually

pytestmark = pytest.mark.browser

LOOKS = """button => {
    const style = getComputedStyle(button), box = button.getBoundingClientRect();
    const names = ['color', 'backgroundColor', 'borderColor', 'borderWidth', 'borderRadius', 'fontSize', 'fontWeight',
        'fontFamily', 'padding', 'opacity', 'boxShadow', 'textDecorationLine', 'cursor', 'textTransform'];
    return {...Object.fromEntries(names.map(name => [name, style[name]])), width: box.width, height: box.height};
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [PHONE, {"width": 1280, "height": 900}], ids=["phone", "desktop"])
def test_cp_20_both_buttons_look_the_same_and_are_on_the_screen_together(person, viewport, scheme):
    ada = person(viewport=viewport, color_scheme=scheme)
    ada.to_consent_page()
    approve = ada.page.get_by_role("button", name="Approve", exact=True)
    deny = ada.page.get_by_role("button", name="Deny", exact=True)
    assert approve.evaluate(LOOKS) == deny.evaluate(LOOKS)
    approve.scroll_into_view_if_needed()
    for button in (approve, deny):
        expect(button).to_be_in_viewport(ratio=1)
        assert button.bounding_box()["height"] >= 44
    first, second = approve.bounding_box(), deny.bounding_box()
    assert first["y"] == second["y"]
    assert first["x"] < second["x"]
    approve.hover()
    hovered = approve.evaluate(LOOKS)
    deny.hover()
    assert deny.evaluate(LOOKS) == hovered


def test_nothing_is_chosen_or_focused_beforehand(ada):
    ada.to_consent_page()
    assert ada.page.evaluate("document.activeElement.tagName") == "BODY"
    # Only the usual time is: somebody has to be able to press Approve without choosing one.
    assert ada.page.eval_on_selector_all("input:checked", "all => all.map(one => one.name)") == ["duration"]


def test_74_the_content_policy_lets_the_answer_go_to_the_application(ada):
    ada.to_consent_page()
    ada.press("Approve")
    expect(ada.page.get_by_role("status")).to_have_text("Connected.")
    assert ada.page.url == ada.coolsite


@pytest.fixture
def led_on():
    """An application that leads on twice, each time to another origin; its address."""
    socks = [bind("127.0.0.1", 0) for _ in range(3)]
    here, there, last = [sock.getsockname()[1] for sock in socks]
    ways = {here: f"http://localhost:{there}/on", there: f"http://127.0.0.1:{last}/here"}

    def application(environ, start_response):
        way = ways.get(int(environ["SERVER_PORT"]))
        headers = [("Content-Type", "text/html")]
        if way:
            headers.append(("Location", f"{way}?{environ['QUERY_STRING']}"))
        start_response("302 Found" if way else "200 OK", headers)
        return [b"<title>CoolSite</title><h1>Here we are</h1>"]

    sites = [Site(sock, application) for sock in socks]
    yield f"http://127.0.0.1:{here}/cb"
    for site in sites:
        site.close()


@pytest.mark.parametrize(("button", "member"), [("Approve", "code"), ("Deny", "error")])
def test_74_an_application_that_leads_on_to_other_origins_gets_its_answer(ada, led_on, button, member):
    ada.ask_for(add_public_client(ada.demo, led_on), led_on, "sites.read")
    ada.sign_in()
    ada.press(button)
    ada.page.get_by_role("heading", name="Here we are").wait_for()
    assert f"{member}=" in ada.page.url


def test_a_policy_with_form_action_would_be_noticed_here(person, led_on):
    """Chromium really holds form-action against the whole chain: the tests above prove something."""
    ada = person()
    ada.ask_for(add_public_client(ada.demo, led_on), led_on, "sites.read")
    ada.sign_in()
    _with_form_action(ada, led_on.removesuffix("/cb"))
    ada.press("Approve")
    _complaint(ada)
    assert ada.page.get_by_role("button", name="Approve").count()


def test_a_policy_with_the_form_action_of_this_site_alone_would_be_noticed_as_well(person):
    ada = person()
    ada.ask_for(add_public_client(ada.demo, PHONE_APP), PHONE_APP, "sites.read")
    ada.sign_in()
    _with_form_action(ada, "")
    ada.press("Approve")
    _complaint(ada)
    assert ada.handed_over == []


def _complaint(ada):
    # Asking the page something lets what it complained about come in.
    eventually(lambda: ada.page.title() and any("form-action" in text for text in ada.complaints))


def _with_form_action(ada, source):
    """Load the consent page again with a content policy that lets forms lead to this site and ``source`` only."""

    def answer(route):
        real = route.fetch()
        policy = real.headers["content-security-policy"]
        headers = {**real.headers, "content-security-policy": f"{policy}; form-action 'self' {source}"}
        route.fulfill(response=real, headers=headers)

    ada.page.wait_for_url("**/consent?i=*")
    ada.page.route("**/consent?i=*", answer)
    ada.page.reload()


PHONE_APP = "com.example.pocket:/callback"


def test_the_answer_to_an_application_on_a_phone_is_not_blocked(ada):
    ada.ask_for(add_public_client(ada.demo, PHONE_APP), PHONE_APP, "sites.read")
    ada.sign_in()
    with ada.page.expect_response(lambda answer: answer.url.endswith("/consent")) as answered:
        ada.press("Approve")
    assert answered.value.status == 303
    location = answered.value.headers["location"]
    assert re.fullmatch(r"com\.example\.pocket:/callback\?code=\S+", location)
    ada.page.wait_for_timeout(500)
    assert ada.handed_over == [location]
    assert [grant.state for grant in ada.grants()] == [GrantState.ACTIVE]


def test_68_a_double_click_on_approve_is_one_consent(ada):
    ada.to_consent_page()
    ada.page.get_by_role("button", name="Approve").dblclick(no_wait_after=True)
    expect(ada.page.get_by_role("button", name="Read room climate")).to_be_visible()
    assert ada.events() == ["granted"]
    assert len(ada.grants()) == 1


BOTH = """() => {
    const [approve, deny] = document.querySelectorAll("button[name=decision]");
    approve.click();
    setTimeout(() => deny.click());
}"""


def test_68_the_second_click_is_not_sent(ada):
    ada.to_consent_page()
    sent = []
    ada.page.on("request", lambda request: sent.append(request.post_data or ""))
    ada.page.evaluate(BOTH)
    expect(ada.page.get_by_role("button", name="Read room climate")).to_be_visible()
    assert [found for body in sent for found in re.findall("decision=([a-z]+)", body)] == ["approve"]


def test_68_without_scripts_a_double_click_is_one_consent_and_an_honest_answer(person):
    ada = person(java_script_enabled=False)
    ada.to_consent_page()
    ada.page.get_by_role("button", name="Approve").dblclick(no_wait_after=True)
    read = ada.page.get_by_role("button", name="Read room climate")
    answered = ada.page.get_by_text("It was answered already")
    expect(read.or_(answered)).to_be_visible()
    assert ada.events() == ["granted"]
    assert len(ada.grants()) == 1


def test_going_back_and_approving_again_is_one_consent(ada):
    ada.to_consent_page()
    ada.press("Approve")
    expect(ada.page.get_by_role("status")).to_have_text("Connected.")
    ada.page.go_back()
    if ada.page.get_by_role("button", name="Approve").count():
        ada.press("Approve")
    expect(ada.page.get_by_role("heading", level=1)).not_to_have_text("CoolSite asks to see your data")
    assert ada.page.get_by_role("alert").inner_text()
    assert ada.events() == ["granted"]
    assert len(ada.grants()) == 1


def test_a_consent_page_in_two_tabs_is_one_consent(ada):
    ada.to_consent_page()
    other = ada.context.new_page()
    other.goto(ada.page.url)
    ada.press("Approve")
    expect(ada.page.get_by_role("status")).to_have_text("Connected.")
    other.get_by_role("button", name="Deny").click()
    expect(other.get_by_role("alert")).to_be_visible()
    assert ada.events() == ["granted"]


def test_73_the_page_of_a_foreign_site_cannot_frame_the_consent_page(ada):
    ada.to_consent_page()
    target = ada.page.url
    ada.page.goto(ada.coolsite)
    ada.page.evaluate(
        "url => new Promise(done => { const frame = document.createElement('iframe'); frame.src = url;"
        " frame.onload = frame.onerror = done; document.body.append(frame); })",
        target,
    )
    assert all("Approve" not in frame.content() for frame in ada.page.frames[1:])
    assert any("frame-ancestors" in complaint for complaint in ada.complaints)
    ada.complaints.clear()
