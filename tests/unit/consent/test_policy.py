from __future__ import annotations

from dataclasses import replace

import pytest

from consentcore.consent.policy import CHECKS, reasons_to_ask, silent_error
from consentcore.domain.client import AuthMethod
from consentcore.domain.clock import DAY
from consentcore.domain.interaction import AuthorizeContext
from consentcore.domain.scope import Catalog, Scope
from consentcore.testing import factories
from consentcore.testing.factories import NOW
from consentcore.testing.scenario import CATALOG

CLIENT = factories.client()
OWNER = factories.owner()
SESSION = factories.session(OWNER.owner_id)
GRANT = factories.grant(OWNER.owner_id, CLIENT.client_id, scopes=("comfort.read@1", "device.act@1"))
REMEMBERED = AuthorizeContext(CLIENT, SESSION, GRANT)


def reasons(*scopes, context=REMEMBERED, catalog=CATALOG, now=NOW, **more):
    wanted = factories.request(CLIENT.client_id, scopes=scopes or ("comfort.read",), **more)
    return reasons_to_ask(wanted, context, catalog, now)


def test_a_remembered_consent_needs_no_question():
    assert reasons("comfort.read") == ()


@pytest.mark.parametrize(
    ("reason", "case"),
    [
        ("not_signed_in", {"context": replace(REMEMBERED, session=None)}),
        ("prompt_login", {"prompt": "login"}),
        ("prompt_login", {"max_age": 0}),
        ("prompt_select_account", {"prompt": "select_account"}),
        ("prompt_consent", {"prompt": "consent"}),
        ("sign_in_too_old", {"max_age": 60, "now": NOW + 60_001}),
        ("sign_in_unmet", {"acr_values": ("urn:example:better",)}),
        (
            "public_client",
            {"context": replace(REMEMBERED, client=replace(CLIENT, auth_method=AuthMethod.NONE))},
        ),
        ("client_disabled", {"context": replace(REMEMBERED, client=replace(CLIENT, enabled=False))}),
        ("no_grant", {"context": replace(REMEMBERED, grant=None)}),
        ("no_grant", {"context": replace(REMEMBERED, grant=replace(GRANT, owner_id="other"))}),
        ("grant_ended", {"now": GRANT.expires_at}),
        (
            "scope_meaning_changed",
            {"catalog": Catalog.of([Scope("comfort.read", "A", "A and B", version="2")])},
        ),
        ("scope_unknown", {"catalog": Catalog.of([Scope("energy.read", "B", "B")])}),
    ],
)
def test_61_each_reason_is_named(reason, case):
    assert reason in reasons(**case)


def test_61_a_further_scope_is_asked():
    assert reasons("comfort.read", "energy.read") == ("scope_added",)


def test_acting_is_decided_anew_each_time():
    assert reasons("comfort.read", "device.act") == ("scope_acts",)


def test_a_sign_in_that_suffices_is_no_reason():
    assert reasons(max_age=60, now=NOW + 60_000) == ()
    assert reasons(acr_values=("urn:example:better", SESSION.acr)) == ()


@pytest.mark.parametrize(
    ("found", "error"),
    [
        (("not_signed_in", "no_grant"), "login_required"),
        (("prompt_login", "public_client"), "login_required"),
        (("sign_in_too_old",), "login_required"),
        (("sign_in_unmet", "scope_added"), "login_required"),
        (("public_client",), "interaction_required"),
        (("public_client", "scope_added"), "consent_required"),
        (("no_grant",), "consent_required"),
    ],
)
def test_18_the_error_says_what_is_missing(found, error):
    """OpenID Connect Core section 3.1.2.6."""
    assert silent_error(found) == error


def test_several_prompts_are_all_seen():
    assert reasons(prompt="login consent") == ("prompt_login", "prompt_consent")


def test_nothing_known_gives_every_reason_that_applies():
    found = reasons(context=AuthorizeContext(None))
    assert set(found) <= set(CHECKS)
    assert {"not_signed_in", "public_client", "client_disabled", "no_grant", "scope_added"} == set(found)


LEFT_OUT = replace(
    REMEMBERED,
    client=replace(CLIENT, optional_scopes=("energy.read", "device.act")),
    grant=replace(GRANT, scopes=("comfort.read@1",), declined=("device.act@1", "energy.read@1")),
)


def asked_again(*scopes, context=LEFT_OUT, now=NOW, prompt="", catalog=CATALOG):
    wanted = factories.request(CLIENT.client_id, scopes=scopes, prompt=prompt)
    return reasons_to_ask(wanted, context, catalog, now, answered_ms=30 * DAY)


@pytest.mark.parametrize("scopes", [("energy.read",), ("device.act",), ("energy.read", "device.act")])
def test_cp_29_an_optional_scope_that_was_left_out_is_no_reason_to_ask(scopes):
    assert asked_again("comfort.read", *scopes) == ()


@pytest.mark.parametrize(
    ("reason", "case"),
    [
        ("scope_added", {"now": GRANT.changed_at + 30 * DAY}),
        ("scope_added", {"context": replace(LEFT_OUT, client=CLIENT)}),
        ("scope_added", {"context": replace(LEFT_OUT, grant=replace(GRANT, scopes=("comfort.read@1",)))}),
        (
            "scope_added",
            {
                "catalog": Catalog.of(
                    [Scope("comfort.read", "A", "A"), Scope("energy.read", "B", "B", version="2")]
                )
            },
        ),
        ("prompt_consent", {"prompt": "consent"}),
    ],
)
def test_cp_29_it_is_asked_again_later_where_it_is_required_or_new_or_the_application_says_so(reason, case):
    assert asked_again("comfort.read", "energy.read", **case) == (reason,)


def test_cp_29_where_everything_was_left_out_there_is_nothing_to_remember():
    assert asked_again("energy.read") == ("scope_added",)
