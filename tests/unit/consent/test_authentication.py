"""Whether a sign-in is what an application asks for (OpenID Connect Core section 3.1.2.1, RFC 9470 section 5)."""

from __future__ import annotations

import pytest

from consentcore.api import SignInRequest
from consentcore.consent import authentication
from consentcore.consent.authentication import TOLERANCE_MS
from consentcore.testing import factories

ASKED_AT = 10_000_000_000
PASSWORD, BETTER = "urn:consentcore:password", "urn:example:better"


def waiting(*, owned=False, **asked):
    request = factories.request("app", **asked)
    return factories.interaction("app", request=request, created_at=ASKED_AT, owner_id="o" if owned else "")


def signed_in(auth_after=-10, created_after=-10, acr=PASSWORD):
    return factories.session(
        "o", auth_time=ASKED_AT + auth_after, created_at=ASKED_AT + created_after, acr=acr
    )


@pytest.mark.parametrize(
    ("asked", "auth_after", "created_after", "owned", "may"),
    [
        ({}, -10, -10, False, True),
        ({"prompt": "login"}, -10, -10, True, False),
        ({"prompt": "login"}, 0, 0, False, True),
        ({"prompt": "login"}, -10, 0, True, True),
        ({"prompt": "login"}, -10, 0, False, False),
        ({"prompt": "select_account"}, -10, -10, True, False),
        ({"prompt": "select_account"}, -10, 0, False, True),
        ({"max_age": 0}, -10, -10, True, False),
        ({"max_age": 0}, 0, 0, False, True),
        ({"max_age": 60}, -60_000, -60_000, False, True),
        ({"max_age": 60}, -60_001, -60_001, False, False),
        ({"max_age": 60}, -60_001, 0, False, False),
        ({"max_age": 60}, -60_001, 0, True, True),
        ({"max_age": 60}, -60_000 - TOLERANCE_MS, 0, True, True),
        ({"max_age": 60}, -60_001 - TOLERANCE_MS, 0, True, False),
    ],
)
def test_a_new_sign_in_is_one_since_the_request(asked, auth_after, created_after, owned, may):
    interaction, session = waiting(owned=owned, **asked), signed_in(auth_after, created_after)
    assert authentication.may_answer(interaction, session) is may
    assert authentication.may_answer(interaction, None) is False


@pytest.mark.parametrize(
    ("acr_values", "acr", "may"),
    [
        ((), "", True),
        ((BETTER,), PASSWORD, False),
        ((BETTER, PASSWORD), PASSWORD, True),
        ((BETTER,), "", False),
    ],
)
def test_a_sign_in_has_to_be_one_of_those_asked(acr_values, acr, may):
    assert authentication.may_answer(waiting(acr_values=acr_values), signed_in(acr=acr)) is may


def test_how_long_somebody_reads_the_page_does_not_count():
    """A maximum of no age at all can be met, or nobody could ever answer."""
    interaction = waiting(max_age=0, owned=True)
    assert authentication.may_answer(interaction, signed_in(1, 1))


@pytest.mark.parametrize(
    ("asked", "session", "error"),
    [
        ({"acr_values": (BETTER,)}, signed_in(), ""),
        ({"acr_values": (BETTER,)}, signed_in(5, 5), "unmet_authentication_requirements"),
        ({"acr_values": (BETTER,)}, signed_in(5, 5, BETTER), ""),
        ({"max_age": 60}, signed_in(-70_000 - TOLERANCE_MS, 5), "login_required"),
        ({"max_age": 60}, signed_in(-70_000 - TOLERANCE_MS, -5), ""),
        ({"acr_values": (BETTER,)}, None, ""),
    ],
)
def test_a_sign_in_that_was_made_for_it_and_falls_short_ends_it(asked, session, error):
    """RFC 9470 section 5: no second round, which would be no better."""
    assert authentication.refusal(waiting(owned=True, **asked), session) == error
    assert authentication.refusal(waiting(owned=False, **asked), session) == ""


def test_the_sign_in_is_told_what_was_asked():
    asked = {"acr_values": (BETTER,), "login_hint": "ada"}
    told = SignInRequest(acr_values=(BETTER,), login_hint="ada", max_age=7)
    assert authentication.asked_of(factories.request("app", max_age=7, **asked)) == told
    login = authentication.asked_of(factories.request("app", prompt="login consent"))
    assert (login.fresh, login.select_account) == (True, False)
    assert authentication.asked_of(factories.request("app", max_age=0)).fresh
    assert authentication.asked_of(factories.request("app", prompt="select_account")).select_account
