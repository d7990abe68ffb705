"""What is seen beside the pages (``states.py``): the demo's application, and a mail as a mail program shows it."""

from __future__ import annotations

import pytest

from tests.browser.inspector import Inspector

pytestmark = pytest.mark.browser


@pytest.fixture
def inspector(ada):
    one = Inspector(ada)
    yield one
    assert one.wrong == [], "\n".join(one.wrong)


def test_the_application_of_the_demo(ada, inspector):
    ada.page.goto(ada.coolsite)
    inspector.look("CoolSite")
    ada.to_consent_page()
    ada.press("Approve")
    ada.press("Read room climate")
    inspector.look("CoolSite with rooms")


def test_a_mail_in_a_mail_program(ada, inspector):
    page, issuer = ada.page, ada.demo.issuer
    ada.to_consent_page()
    ada.press("Approve")
    for _ in range(100):
        page.goto(f"{issuer}/_dev/mail")
        if page.get_by_text(ada.owner.email).count():
            break
        page.wait_for_timeout(100)
    page.get_by_role("listitem").filter(has_text=ada.owner.email).get_by_role("link").click()
    link = page.get_by_role("link", name="See it as a mail program shows it")
    mail = page.request.get(issuer + link.get_attribute("href")).text()
    # The page itself is sandboxed: axe could not run in it.
    page.goto("about:blank")
    page.set_content(mail)
    inspector.look("a mail in a mail program", rules=("region", "landmark-one-main"))
