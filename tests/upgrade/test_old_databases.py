"""Databases that commit 26e6d57 wrote: `init` upgrades them, and everything in them goes on."""

from __future__ import annotations

import json

import pytest

from consentcore.api import GrantState
from consentcore.consent.evidence.heads import check_signed
from consentcore.consent.evidence.signer import LogSigner
from consentcore.consent.evidence.statements import statements
from consentcore.consent.receipt import check
from consentcore.consent.verify import verify_all
from consentcore.demo.serving import Site, base_url, bind
from consentcore.resource import JwtVerifier
from consentcore.testing import factories
from consentcore.worker.worker import Worker
from tests.support.platform import (
    CALLBACK,
    ISSUER,
    PREFIX,
    Request,
    answer,
    exchange,
    introspect,
    proceed,
    refresh,
    sign_in,
)

STATES = {
    "denied": "denied",
    "abandoned": "abandoned",
    "withdrawn": "withdrawn",
    "closed": "closed",
    "revoked": "revoked",
    "revoked by a client's end": "revoked",
    "expired": "expired",
    "expired, not swept": "active",
    "amended": "active",
    "granted again": "active",
    "of a disabled client": "active",
    "of a public client": "active",
    "with resources": "active",
    "jwt": "active",
    "told of, and not delivered": "active",
    "no worker has seen it": "active",
}
"""What the rows say; the one that is not swept is over by the clock."""
LIVE = ("opaque", "public", "jwt", "with resources")
API = {"opaque": "api", "public": "api", "jwt": "meters", "with resources": "api"}


def test_init_upgrades_and_done_again_changes_nothing(old):
    assert old.cli("init").code == 0
    again = old.cli("init", "--json")
    assert again.json == {"steps": [], "problems": [], "without_resources": 0}
    assert old.cli("plugins", "check").code == 0


def test_every_decision_of_then_has_a_receipt_that_is_good(upgraded):
    receipts, runtime = upgraded.platform.runtime.receipts, upgraded.platform.runtime
    made = 0
    with runtime.storage.reading() as uow:
        for grant in uow.grants.all():
            for event in uow.ledger.of_grant(grant.grant_id):
                name = receipts.name_for(event)
                if name:
                    found = receipts.find(uow, name)
                    checked = check(receipts.file(uow, found, runtime.clock.now()), receipts.key_set())
                    assert checked.record["record_id"] == grant.grant_id
                    made += 1
    assert made > 15


def test_evidence_of_then_is_intact_at_once_and_after_the_worker(upgraded):
    assert upgraded.cli("audit", "verify").code == 0
    Worker(upgraded.platform.runtime).run_once()
    assert upgraded.cli("audit", "verify").code == 0


def test_what_was_signed_then_is_taken_over_and_stays_under_a_signature(old):
    steps = old.cli("init", "--json").json["steps"]
    assert any("signed a digest" in step for step in steps)
    storage, keys = old.platform.runtime.storage, old.platform.runtime.keys
    with storage.reading() as uow:
        (said,) = statements(uow)
        *before, newest = uow.ledger.checkpoints()
    assert said.facts["before"]["checkpoints"] == len(before) > 0
    assert said.facts["before"]["events"] == before[-1].size == said.index
    assert newest.size == said.index + 1
    check_signed(LogSigner(keys, ""), keys, newest)
    report = verify_all(storage, keys)
    assert (report.ok, report.checkpoints) == (True, len(before) + 1)


def test_every_state_of_a_grant_is_what_it_was(upgraded):
    with upgraded.platform.runtime.storage.reading() as uow:
        found = {name: uow.grants.get(grant_id) for name, grant_id in upgraded.facts["grants"].items()}
        chains = {name: len(uow.ledger.of_grant(one.grant_id)) for name, one in found.items()}
    assert {name: one.state.value for name, one in found.items()} == STATES
    assert chains == {name: one.sequence for name, one in found.items()}
    assert found["with resources"].resources == ("house-1", "house-2")
    assert not found["expired, not swept"].is_active(upgraded.clock.now())
    assert found["granted again"].replaces == found["withdrawn"].grant_id


@pytest.mark.parametrize("name", LIVE)
def test_access_tokens_of_then_are_active(upgraded, name):
    told = introspect(upgraded.platform, upgraded.facts["tokens"][name]["access_token"], API[name])
    assert told["active"] is True
    assert told["scope"] == upgraded.facts["tokens"][name]["scope"]
    if name == "with resources":
        assert "house-1" in str(told["resources"])


@pytest.mark.parametrize("name", ["revoked", "of a disabled client"])
def test_tokens_that_were_dead_stay_dead(upgraded, name):
    tokens = upgraded.facts["tokens"][name]
    client = "mute" if name == "of a disabled client" else "coolsite"
    assert introspect(upgraded.platform, tokens["access_token"]) == {"active": False}
    assert refresh(upgraded.platform, tokens["refresh_token"], client).status_int in (400, 401)


def test_a_jwt_of_then_verifies_by_the_keys_of_today(upgraded):
    with bind("127.0.0.1", 0) as sock:
        site = Site(sock, upgraded.platform.app)
        verifier = JwtVerifier(
            ISSUER,
            "https://api.example/meters",
            jwks_uri=base_url(sock) + "/jwks",
            clock=lambda: upgraded.now // 1000,
        )
        found = verifier.check(upgraded.facts["tokens"]["jwt"]["access_token"])
        verifier.close()
        site.close()
    assert found.claims["grant_id"] == upgraded.facts["grants"]["jwt"]


def test_refresh_tokens_of_then_refresh(upgraded):
    tokens, platform = upgraded.facts["tokens"], upgraded.platform
    given = {
        "opaque": refresh(platform, tokens["opaque"]["refresh_token"]),
        "offline, unused for days": refresh(platform, tokens["offline, unused for days"]["refresh_token"]),
        "public": refresh(platform, tokens["public"]["refresh_token"], "shiftplan"),
        "with resources": refresh(platform, tokens["with resources"]["refresh_token"], "pusher"),
        "jwt": refresh(platform, tokens["jwt"]["refresh_token"], "signer", **_assertion(upgraded)),
    }
    for name, one in given.items():
        assert one.status_int == 200, (name, one.text)
        assert one.json["scope"] == tokens[name]["scope"]
        assert introspect(platform, one.json["access_token"], API.get(name, "api"))["active"] is True
        again = refresh(platform, one.json["refresh_token"], *(["shiftplan"] if name == "public" else []))
        assert again.status_int == 200 or name in {"with resources", "jwt"}


def test_a_predecessor_in_its_grace_gives_the_same_successor(upgraded):
    tokens = upgraded.facts["tokens"]["predecessor in its grace"]
    again = refresh(upgraded.platform, tokens["refresh_token"])
    assert again.status_int == 200, again.text
    for member in ("access_token", "refresh_token", "scope"):
        assert again.json[member] == tokens["successor"][member]


def test_a_predecessor_after_its_grace_ends_the_family_and_not_the_consent(upgraded):
    tokens = upgraded.facts["tokens"]["predecessor in its grace"]
    upgraded.clock.advance(400_000)
    assert refresh(upgraded.platform, tokens["refresh_token"]).json["error"] == "invalid_grant"
    assert introspect(upgraded.platform, tokens["successor"]["access_token"]) == {"active": False}
    shown = upgraded.signed_in("grace@example.org").get("/consents")
    assert "CoolSite" in shown
    assert upgraded.cli("audit", "verify").code == 0


def test_a_code_of_then_is_exchanged(upgraded):
    waiting = upgraded.facts["code"]
    done = exchange(upgraded.platform, Request(verifier=waiting["verifier"]), waiting["code"])
    assert done.status_int == 200, done.text
    assert introspect(upgraded.platform, done.json["access_token"])["active"] is True


def test_a_used_code_of_then_that_comes_again_ends_its_tokens(upgraded):
    tokens = upgraded.facts["tokens"]["opaque"]
    again = exchange(upgraded.platform, Request(verifier=tokens["verifier"]), tokens["code"])
    assert again.json["error"] == "invalid_grant"
    assert introspect(upgraded.platform, tokens["access_token"]) == {"active": False}
    assert upgraded.cli("audit", "verify").code == 0


def test_a_consent_page_that_was_open_is_answered(upgraded):
    waiting = upgraded.facts["interaction"]
    back = answer(upgraded.browser(waiting["cookies"]).get(waiting["url"]), "approve")
    assert back["state"] == waiting["state"]
    done = exchange(upgraded.platform, Request(verifier=waiting["verifier"]), back["code"])
    assert done.status_int == 200, done.text


def test_a_request_that_was_pushed_is_opened(upgraded):
    waiting = upgraded.facts["pushed"]
    browser = upgraded.platform.browser()
    page = sign_in(browser, browser.get(waiting["url"]).follow())
    done = exchange(
        upgraded.platform, Request("pusher", verifier=waiting["verifier"]), answer(page, "approve")["code"]
    )
    assert done.status_int == 200, done.text


def test_requests_without_a_seal_that_come_after_the_upgrade_are_nobodys_and_stay_so(upgraded):
    storage = upgraded.platform.runtime.storage
    beside, until = storage.bare, upgraded.now + 600_000
    mine, bad = (factories.interaction("coolsite", expires_at=until) for _ in range(2))
    pushed, put = (factories.pushed("pusher", expires_at=until) for _ in range(2))
    storage.protocol.open_interaction(mine)
    storage.protocol.push_request(pushed)
    beside.protocol.open_interaction(bad)
    beside.protocol.push_request(put)
    assert upgraded.cli("init", "--json").json["steps"] == []
    with storage.reading() as uow:
        found = [uow.interactions.get(one.interaction_hash) for one in (mine, bad)]
    assert found == [mine, None]
    taken = [storage.protocol.take_pushed(one.request_hash, "pusher", upgraded.now) for one in (pushed, put)]
    assert taken == [pushed, None]


def test_a_browser_that_was_signed_in_still_is_and_old_passwords_work(upgraded):
    session = upgraded.facts["session"]
    assert upgraded.browser(session["cookies"]).get("/consents").status_int == 200
    for email in upgraded.facts["people"]:
        upgraded.signed_in(email)
    assert upgraded.browser(session["cookies"]).get("/account/sessions").status_int == 200


def test_pages_and_history_show_every_grant(upgraded):
    with upgraded.platform.runtime.storage.reading() as uow:
        grants = uow.grants.all()
        events = {one.grant_id: uow.ledger.of_grant(one.grant_id) for one in grants}
    for email, person in upgraded.facts["people"].items():
        browser = upgraded.signed_in(email)
        own = [one for one in grants if one.owner_id == person["owner_id"]]
        history = browser.get("/consents/history")
        for page in ("/consents", "/consents/revoked", "/account"):
            assert browser.get(page).status_int == 200
        for one in own:
            if one.state in {GrantState.DENIED, GrantState.ABANDONED}:
                continue
            page = browser.get(f"/consents/{one.grant_id}")
            assert page.status_int == 200
            assert page.text.count("<time") >= len(events[one.grant_id])
        assert history.status_int == 200


@pytest.mark.parametrize("name", ["amended", "with resources", "of a public client", "jwt"])
def test_revoke_access_ends_the_tokens_of_then(upgraded, name):
    owner = "zoe@example.org" if name == "with resources" else "ada@example.org"
    browser, grant_id = upgraded.signed_in(owner), upgraded.facts["grants"][name]
    proceed(browser.get(f"/consents/{grant_id}/revoke")).submit(headers={"Origin": ISSUER}, status=303)
    kind = {"amended": "opaque", "of a public client": "public"}.get(name, name)
    token = upgraded.facts["tokens"][kind]["access_token"]
    assert introspect(upgraded.platform, token, API[kind]) == {"active": False}
    assert upgraded.cli("audit", "verify").code == 0


def test_the_worker_ends_what_is_over_and_whose_client_is_disabled(upgraded):
    Worker(upgraded.platform.runtime).run_once()
    with upgraded.platform.runtime.storage.reading() as uow:
        over = uow.grants.get(upgraded.facts["grants"]["expired, not swept"])
        muted = uow.grants.get(upgraded.facts["grants"]["of a disabled client"])
    assert (over.state, muted.state) == (GrantState.EXPIRED, GrantState.REVOKED)


def test_applications_see_their_grants_and_events_of_then(upgraded):
    platform = upgraded.platform
    headers = _basic(upgraded, "coolsite")
    grants = platform.browser().get("/api/v1/grants?limit=100", headers=headers).json["data"]
    assert upgraded.facts["grants"]["amended"] in {one["grant_id"] for one in grants}
    events = platform.browser().get("/api/v1/events?limit=100", headers=headers).json["data"]
    assert len(events) > 10
    endpoints = platform.browser().get("/api/v1/endpoints", headers=headers).json["data"]
    assert {one["url"].rpartition("/")[2]: one["signatures"] for one in endpoints} == {
        "coolsite": ["v1"],
        "v1a": ["v1", "v1a"],
    }


def test_identities_and_the_former_address_are_kept(upgraded):
    with upgraded.platform.runtime.storage.reading() as uow:
        assert uow.identities.get("https://id.example", "sub|2").owner_id == "owner-2"
        assert uow.owners.get("owner-4").previous_email == "omar.old@example.org"
        assert uow.owners.get("owner-2").name == "Zoë Åström"


def test_commands_list_what_is_there(upgraded):
    clients = {one["client_id"]: one for one in upgraded.cli("client", "list", "--json").json}
    assert len(clients) == 10
    assert [clients[name]["enabled"] for name in ("coolsite", "mute", "muted")] == [True, False, False]
    assert clients["coolsite"]["redirect_uris"] == [CALLBACK]
    told = upgraded.cli("consents", "list", "--owner", "ada@example.org", "--all", "--json")
    known = {one["grant_id"] for one in told.json}
    assert {upgraded.facts["grants"][name] for name in ("denied", "amended", "jwt")} <= known
    exported = upgraded.cli("consents", "export", "--owner", "zoe@example.org")
    assert json.loads(exported.out)
    assert upgraded.cli("webhooks", "deliveries", "--json").code == 0


def _assertion(house) -> dict[str, str]:
    from joserfc import jws
    from joserfc.jwk import ECKey

    now = house.clock.now() // 1000
    claims = {"iss": "signer", "sub": "signer", "aud": ISSUER, "jti": "of-today", "iat": now, "exp": now + 60}
    key = ECKey.import_key(house.facts["signer_key"])
    text = jws.serialize_compact({"alg": "ES256", "kid": "ec"}, json.dumps(claims).encode(), key, ["ES256"])
    return {
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": text,
    }


def _basic(house, client_id: str) -> dict[str, str]:
    from tests.support.client_api import basic

    return basic(client_id, house.facts["secrets"][client_id])


def test_an_assertion_that_was_used_is_not_taken_again(upgraded):
    told = {
        "token": upgraded.facts["tokens"]["jwt"]["access_token"],
        "client_assertion_type": _assertion(upgraded)["client_assertion_type"],
        "client_assertion": upgraded.facts["assertion"],
    }
    upgraded.platform.browser().post(f"{PREFIX}/introspect", told, status=401)


def test_words_of_scopes_are_pinned_as_they_are_at_the_first_init_and_old_grants_keep_their_version(old):
    steps = old.cli("init", "--json").json["steps"]
    (pinned,) = [line for line in steps if line.startswith("pinned the words of")]
    assert "what was shown before stands in the snapshot of each event that has one" in pinned
    with old.platform.runtime.storage.reading() as uow:
        found = {one.reference: one for one in uow.pinned_scopes.all()}
        agreed = {reference for grant in uow.grants.all() for reference in grant.scopes}
    assert agreed
    assert agreed <= set(found)
    assert all(one.pinned_at >= old.now for one in found.values())
    assert "Room climate" in old.signed_in("ada@example.org").get("/consents").text


def test_everything_of_then_moves_to_another_storage(upgraded, tmp_path):
    assert upgraded.cli("export", str(tmp_path / "house")).code == 0
    url = "consentcore.plugin.sqlalchemy.url ="
    kept = [line for line in upgraded.lines if not line.startswith(url)]
    upgraded.lines[:] = [*kept, f"{url} sqlite:///{tmp_path}/there.sqlite"]
    upgraded.write_ini()
    assert upgraded.cli("init").code == 0
    found = upgraded.cli("import", str(tmp_path / "house"), "--json").json
    assert found["evidence"]["ok"] is True
    assert found["records"]["grant"] >= len(STATES)
    assert upgraded.cli("export", str(tmp_path / "again")).code == 0
    assert (tmp_path / "again").read_bytes() == (tmp_path / "house").read_bytes()
    for name in LIVE:
        told = introspect(upgraded.build(), upgraded.facts["tokens"][name]["access_token"], API[name])
        assert told["active"] is True
