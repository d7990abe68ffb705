"""Every page in every state that a person can see it in: the one table that all proofs about pages go through.

The states follow each other: each is reached from where the one before has left the visitor. A new page, or a new state
of one, is a line here, and is then held to every rule at once (``test_every_page.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from tests.browser.browsing import PASSWORD
from tests.browser.visiting import ACTS, OPTIONAL, READS, Visitor

NEW_PASSWORD = "a staple for the battery"


class State(NamedTuple):
    """What is to be seen.

    :ivar reach: brings a visitor there.
    :ivar scripts: there is no such state without scripts.
    """

    name: str
    reach: Callable[[Visitor], object]
    scripts: bool = False


def visits(visitor: Visitor, *, scripts: bool = True) -> Iterator[str]:
    """Lead a visitor from state to state; yields the name of each while it is shown."""
    for state in STATES:
        if scripts or not state.scripts:
            state.reach(visitor)
            yield state.name


def opens(path: str) -> Callable[[Visitor], object]:
    return lambda visitor: visitor.open(path)


def opens_grant(path: str = "", of: str = "") -> Callable[[Visitor], object]:
    """A page of a permission: of the visitor's application, or of one of :meth:`Visitor.settle_in`."""
    return lambda visitor: visitor.open(
        f"/consents/{(visitor.of(of) if of else visitor.grant).grant_id}{path}"
    )


def wrong_password(visitor: Visitor) -> None:
    visitor.fill(email=visitor.owner.email, password="not the password")
    visitor.send()


def asks_for_reset(visitor: Visitor) -> None:
    visitor.fill(email=visitor.owner.email)
    visitor.send()


def common_password(visitor: Visitor) -> None:
    visitor.fill(password="password")
    visitor.send()


def sets_password(visitor: Visitor) -> None:
    visitor.fill(password=PASSWORD)
    visitor.send()


def signs_in_after_all(visitor: Visitor) -> None:
    visitor.open("/login")
    visitor.sign_in()


def searches(visitor: Visitor) -> None:
    # A list that stands on the page whole is searched by script; this one comes in pages.
    visitor.fill(resources_search="Harbour")
    visitor.go("search")


def ticks_and_shows_chosen(visitor: Visitor) -> None:
    visitor.tick("resource")
    visitor.tick("resource", 1)
    visitor.go("chosen")


def approves(visitor: Visitor) -> None:
    visitor.decide("approve")


def is_asked_for_more(visitor: Visitor) -> None:
    visitor.ask(*READS, "alarms.read", *OPTIONAL, *ACTS)
    visitor.unfold()


def allows_one_site(visitor: Visitor) -> None:
    visitor.tick("resource")
    visitor.decide("approve")
    visitor.open("/consents")


def has_been_here_for_long(visitor: Visitor) -> None:
    visitor.decide("deny")
    visitor.settle_in()
    visitor.open("/consents")


def opens_dialog(visitor: Visitor) -> None:
    visitor.open("/consents")
    visitor.page.locator("a[data-dialog]").first.click()
    visitor.page.get_by_role("dialog").wait_for()


def leaves_nothing(visitor: Visitor) -> None:
    visitor.open(f"/consents/{visitor.grant.grant_id}/change")
    for box in visitor.main.locator("input[type=checkbox]").all():
        box.uncheck()
    visitor.send()


def leaves_out_one(visitor: Visitor) -> None:
    visitor.open(f"/consents/{visitor.grant.grant_id}/change")
    visitor.main.locator("input[name=scope]").last.uncheck()
    visitor.send()


def sees_what_was_seen(visitor: Visitor) -> None:
    visitor.open(f"/consents/{visitor.grant.grant_id}")
    visitor.send('a[href*="/seen/"]')


def opens_receipt(visitor: Visitor) -> None:
    visitor.open(f"/consents/{visitor.grant.grant_id}")
    visitor.send('a[href^="/receipts/"]')
    visitor.receipt = visitor.page.url  # type: ignore[attr-defined]


def leaves(visitor: Visitor) -> None:
    visitor.open("/account")
    with visitor.page.expect_navigation():
        visitor.page.locator("header form button").click()


def shows_receipt_to_anybody(visitor: Visitor) -> None:
    visitor.page.goto(visitor.receipt)  # type: ignore[attr-defined]


def revokes_by_receipt(visitor: Visitor) -> None:
    visitor.send('a[href$="/revoke"]')


def proceeds(visitor: Visitor) -> None:
    visitor.send("form[action$=revoke] button")


def is_told(visitor: Visitor) -> None:
    signs_in_after_all(visitor)
    visitor.open("/consents/revoked")
    visitor.open(f"/consents/{visitor.of(visitor.client.client_id).grant_id}")


def wrong_present_password(visitor: Visitor) -> None:
    visitor.fill(current_password="wrong", password=NEW_PASSWORD)
    visitor.send()


def asks_for_another_address(visitor: Visitor) -> None:
    visitor.fill(email="another@example.org", current_password=PASSWORD)
    visitor.send()


def opens_mail(visitor: Visitor) -> None:
    visitor.open("/_dev/mail")
    visitor.send("li a")


def says_which(visitor: Visitor) -> None:
    visitor.open("/consents?q=suspended")


def asks_in_detail(visitor: Visitor) -> None:
    visitor.ask_in_detail(
        {"type": "meter_readings", "actions": ["read"], "datatypes": ["daily"], "history_months": 12}
    )


def has_allowed_in_detail(visitor: Visitor) -> None:
    asks_in_detail(visitor)
    visitor.decide("approve")
    visitor.ask_in_detail(
        {
            "type": "meter_readings",
            "actions": ["read", "download"],
            "datatypes": ["interval", "live"],
            "locations": ["https://api.daylight.example/a-place-with-a-long-name/readings"],
        }
    )


def allows_in_detail(visitor: Visitor) -> None:
    visitor.decide("approve")
    visitor.open(f"/consents/{visitor.grant.grant_id}")


STATES = (
    State("scope catalog", opens("/scopes")),
    State("scope catalog with examples", Visitor.unfold),
    State("not found", opens("/nothing-here")),
    State("mistake of an application", lambda visitor: visitor.ask_for("nobody", "https://x.example/", "x")),
    State("a question that is over", opens("/consent?i=cci_gone")),
    State("login", opens("/login")),
    State("reset", opens("/account/reset")),
    State("reset sent", asks_for_reset),
    State("new password", Visitor.follow_link_of_mail),
    State("new password refused", common_password),
    State("reset done", sets_password),
    State(
        "login for an application", lambda visitor: visitor.ask(*READS, *OPTIONAL, *ACTS, "offline_access")
    ),
    State("login refused", wrong_password),
    State("consent", Visitor.sign_in),
    State("consent with examples", Visitor.unfold),
    State("consent, more sites", lambda visitor: visitor.go("more")),
    State("consent, sites searched", searches),
    State("consent, only what is chosen", ticks_and_shows_chosen),
    State("consent, the whole list again", lambda visitor: visitor.go("every")),
    State("consent, something to decide first", approves),
    State("dashboard, empty", opens("/consents")),
    State("revoked, empty", opens("/consents/revoked")),
    State("history, empty", opens("/consents/history")),
    State("consent once more", lambda visitor: visitor.ask(*READS)),
    State("dashboard with one", allows_one_site),
    State("consent on top of another", is_asked_for_more),
    State("dashboard", has_been_here_for_long),
    State("dashboard, searched", says_which),
    State("dashboard, nothing found", opens("/consents?q=nothing-of-that-name")),
    State("dashboard, filtered", opens("/consents?data=comfort.read&sort=name&site=Bristol")),
    State("revoke in a dialog", opens_dialog, scripts=True),
    State("revoke all", opens("/consents/revoke-all")),
    State("revoked", opens("/consents/revoked")),
    State("history", opens("/consents/history")),
    State("details", opens_grant()),
    State("details of a denial", opens_grant(of="denied")),
    State("details of what is suspended", opens_grant(of="suspended")),
    State("details of what is over", opens_grant(of="revoked")),
    State("change", opens_grant("/change")),
    State("change, nothing left", leaves_nothing),
    State("change, done", leaves_out_one),
    State("what was seen", sees_what_was_seen),
    State("receipt", opens_receipt),
    State("account", opens("/account")),
    State("sessions", opens("/account/sessions")),
    State("language", opens("/account/language")),
    State("your data", opens("/account/data")),
    State("your data, printed", opens("/account/data/print")),
    State("password", opens("/account/password")),
    State("password refused", wrong_present_password),
    State("address", opens("/account/email")),
    State("address, links sent", asks_for_another_address),
    State("consent in detail", asks_in_detail),
    State("consent in detail on top of another", has_allowed_in_detail),
    State("details of what was allowed in detail", allows_in_detail),
    State("revoke", opens_grant("/revoke")),
    State("signed out", leaves),
    State("receipt for anybody", shows_receipt_to_anybody),
    State("revoke for anybody", revokes_by_receipt),
    State("receipt of what has ended", proceeds),
    State("after Proceed", is_told),
    State("mailbox", opens("/_dev/mail")),
    State("mail", opens_mail),
)
