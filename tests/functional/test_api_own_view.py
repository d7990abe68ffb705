"""``/api/v1``: an application looks at its own grants and events, and ends a grant from its side."""

from __future__ import annotations

import base64
import json
import random
import threading
from dataclasses import replace

import pytest
from client_keys import EC, claims, signed
from platform_ import ISSUER, PREFIX, Platform, connect, decide, introspect, make_platform, refresh
from sinks import http_sink
from webhook_contract import document, schema

from consentcore.domain.client import AuthMethod
from consentcore.domain.errors import InvalidTransition, StorageUnavailable
from consentcore.domain.event import Actor, ActorType, Evidence
from consentcore.domain.grant import GrantState
from consentcore.domain.owner import Owner
from consentcore.outbox.endpoints import make_endpoint
from consentcore.outbox.worker import Worker
from consentcore.ports.storage import transact

GRANTS = "/api/v1/grants"
EVENTS = "/api/v1/events"
CLOSED_TO_STRANGERS = [
    ("GET", GRANTS),
    ("GET", f"{GRANTS}/some"),
    ("DELETE", f"{GRANTS}/some"),
    ("GET", EVENTS),
]


def key_set(*keys) -> str:
    return json.dumps({"keys": [key.as_dict(private=False) for key in keys]})


def basic(client_id: str, secret: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()}


def call(
    platform: Platform, path: str, method: str = "GET", *, client_id: str = "coolsite", status: int = 200
):
    headers = basic(client_id, platform.secrets[client_id])
    answer = platform.browser().request(path, method=method, headers=headers, status=status)
    if answer.body:
        assert wrong_with(path, answer) == []
    return answer


def wrong_with(path: str, answer) -> list[str]:
    """Where an answer is not what openapi.json says."""
    if answer.status_int >= 400:
        return [one.message for one in schema("Error").iter_errors(answer.json)]
    name = "ListedEvent" if path.startswith(EVENTS) else "Grant"
    things = answer.json.get("data", [answer.json])
    found = [one.message for thing in things for one in schema(name).iter_errors(thing)]
    known = document()["components"]["schemas"]["Grant"]["properties"]
    return found + [
        f"{member} is not described"
        for thing in things
        for member in thing
        if name == "Grant" and member not in known
    ]


def owner_of(platform: Platform, email: str) -> Owner:
    with platform.runtime.storage.reading() as uow:
        return uow.owners.by_email(email)


def people(platform: Platform, count: int) -> list[Owner]:
    """Data owners without passwords."""
    made = [Owner(f"owner-{number}", f"owner{number}@example.org", 1) for number in range(count)]
    with platform.runtime.storage.transaction() as uow:
        for one in made:
            uow.owners.add(one)
    return made


def withdraw(platform: Platform, grant) -> None:
    actor = Actor(ActorType.OWNER, grant.owner_id)
    runtime = platform.runtime
    transact(
        runtime.storage,
        lambda uow: runtime.service.revoke(
            uow, grant.grant_id, actor=actor, evidence=Evidence("dialog:proceed")
        ),
    )


def everything(
    platform: Platform, path: str, limit: int = 100, after: str = "", **narrowed: str
) -> list[dict]:
    """All pages."""
    found: list[dict] = []
    while True:
        query = "&".join(f"{name}={value}" for name, value in narrowed.items())
        page = call(platform, f"{path}?limit={limit}&after={after}&{query}").json
        found += page["data"]
        after = page["next_after"] or ""
        if not page["has_more"]:
            return found


class TestGrants:
    def test_grant_is_told_with_state_and_without_a_person(self, platform):
        tokens = connect(platform)
        answer = call(platform, GRANTS)
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.content_type == "application/json"
        (found,) = answer.json["data"]
        assert (found["status"], found["state"], found["sequence"]) == ("active", "active", 1)
        assert found["scopes"] == ["comfort.read", "sites.read"]
        known = introspect(platform, tokens["access_token"])
        assert (found["subject"], found["grant_id"]) == (known["sub"], known["grant_id"])
        assert found["grant_url"] == f"{ISSUER}{GRANTS}/{found['grant_id']}"
        assert call(platform, found["grant_url"].removeprefix(ISSUER)).json == found
        owner = owner_of(platform, "ada@example.org")
        assert not any(word in answer.text for word in (owner.owner_id, "ada", "Ada", "Moreau"))

    def test_grants_of_others_are_not_there(self, platform):
        grant = decide(platform, owner_of(platform, "ada@example.org"))
        path = f"{GRANTS}/{grant.grant_id}"
        assert call(platform, GRANTS, client_id="shiftplan").json == {
            "data": [],
            "has_more": False,
            "next_after": None,
        }
        unknown = call(platform, f"{GRANTS}/unknown", client_id="shiftplan", status=404).json
        assert call(platform, path, client_id="shiftplan", status=404).json == unknown
        assert unknown["error"] == "not_found"
        assert call(platform, path, "DELETE", client_id="shiftplan", status=404).json == unknown
        assert call(platform, path).json["status"] == "active"

    def test_pages_are_the_list_and_say_where_the_next_one_is(self, platform):
        made = sorted(decide(platform, one).grant_id for one in people(platform, 7))
        first = call(platform, f"{GRANTS}?limit=3")
        assert [one["grant_id"] for one in first.json["data"]] == made[:3]
        assert (first.json["has_more"], first.json["next_after"]) == (True, made[2])
        assert first.headers["Link"] == f'<{ISSUER}{GRANTS}?limit=3&after={made[2]}>; rel="next"'
        for limit in (1, 3, 7, 8):
            assert [one["grant_id"] for one in everything(platform, GRANTS, limit)] == made

    def test_list_is_narrowed_by_state_and_subject(self, platform):
        standing, withdrawn, closed = [decide(platform, one) for one in people(platform, 3)]
        withdraw(platform, withdrawn)
        call(platform, f"{GRANTS}/{closed.grant_id}", "DELETE", status=204)
        expected = {
            "active": {standing.grant_id},
            "ended": {withdrawn.grant_id, closed.grant_id},
            "withdrawn": {withdrawn.grant_id},
            "closed": {closed.grant_id},
            "revoked": set(),
        }
        for state, ids in expected.items():
            found = call(platform, f"{GRANTS}?state={state}").json["data"]
            assert {one["grant_id"] for one in found} == ids
            assert {one["status"] for one in found} <= {"active" if state == "active" else "revoked"}
            assert all(one["scopes"] == [] and one["last_scopes"] for one in found if state != "active")
        subject = call(platform, f"{GRANTS}/{closed.grant_id}").json["subject"]
        (found,) = everything(platform, GRANTS, 1, subject=subject)
        assert found["grant_id"] == closed.grant_id

    def test_denial_is_no_grant(self, platform):
        denied = decide(platform, owner_of(platform, "ada@example.org"), allow=False)
        assert call(platform, GRANTS).json["data"] == []
        for method in ("GET", "DELETE"):
            assert call(platform, f"{GRANTS}/{denied.grant_id}", method, status=404)

    def test_grant_whose_time_is_over_says_so_before_any_job_ran(self, platform):
        grant = decide(platform, owner_of(platform, "ada@example.org"))
        now = platform.runtime.clock.now()

        class Later:
            def now(self) -> int:
                return grant.expires_at

        platform.runtime.clock = Later()
        found = call(platform, f"{GRANTS}/{grant.grant_id}").json
        assert (found["status"], found["scopes"], found["sequence"]) == ("expired", [], 1)
        assert call(platform, f"{GRANTS}?state=active").json["data"] == []
        assert grant.expires_at > now


class TestClosing:
    def test_application_ends_a_grant_and_everybody_is_told(self, platform):
        tokens = connect(platform)
        grant_id = introspect(platform, tokens["access_token"])["grant_id"]
        answer = call(platform, f"{GRANTS}/{grant_id}", "DELETE", status=204)
        assert answer.body == b""
        assert introspect(platform, tokens["access_token"]) == {"active": False}
        assert refresh(platform, tokens["refresh_token"]).json["error"] == "invalid_grant"
        found = call(platform, f"{GRANTS}/{grant_id}").json
        assert (found["status"], found["state"], found["sequence"]) == ("revoked", "closed", 2)
        event = call(platform, EVENTS).json["data"][-1]
        data = event["data"]
        assert (event["type"], data["initiator"], data["reason"]) == (
            "consent.revoked",
            "client",
            "client_request",
        )
        Worker(platform.runtime).run_once()
        folder = platform.runtime.registry.settings("devmail").dir
        mails = [path.read_text() for path in sorted(folder.glob("*.eml"))]
        assert "ended its own access" in mails[-1].replace("=\n", "").replace("\n", " ")

    def test_ending_twice_is_ending_once(self, platform):
        grant = decide(platform, owner_of(platform, "ada@example.org"))
        for _ in range(2):
            call(platform, f"{GRANTS}/{grant.grant_id}", "DELETE", status=204)
        assert call(platform, f"{GRANTS}/{grant.grant_id}").json["sequence"] == 2

    def test_ending_what_the_owner_has_ended_changes_nothing(self, platform):
        grant = decide(platform, owner_of(platform, "ada@example.org"))
        withdraw(platform, grant)
        call(platform, f"{GRANTS}/{grant.grant_id}", "DELETE", status=204)
        assert call(platform, f"{GRANTS}/{grant.grant_id}").json["state"] == "withdrawn"

    def test_person_may_agree_again(self, platform):
        owner = owner_of(platform, "ada@example.org")
        first = decide(platform, owner)
        call(platform, f"{GRANTS}/{first.grant_id}", "DELETE", status=204)
        second = decide(platform, owner)
        assert call(platform, f"{GRANTS}/{second.grant_id}").json["replaces"] == first.grant_id


class TestEvents:
    def test_events_are_the_payloads_of_the_webhooks_with_their_ids(self, platform):
        ada, grace = owner_of(platform, "ada@example.org"), owner_of(platform, "grace@example.org")
        grant = decide(platform, ada)
        decide(platform, ada, "sites.read", "alarms.read")
        decide(platform, grace, allow=False)
        withdraw(platform, grant)
        found = call(platform, EVENTS).json["data"]
        assert [(one["type"], one["data"].get("change")) for one in found] == [
            ("consent.granted", "created"),
            ("consent.granted", "extended"),
            ("consent.denied", None),
            ("consent.revoked", None),
        ]
        assert {"subject", "grant_id"}.isdisjoint(found[2]["data"])
        assert [one["data"].get("sequence") for one in found] == [1, 2, None, 3]
        assert len({one["id"] for one in found}) == 4
        assert set(found[0]) == {"id", "type", "version", "timestamp", "data"}

    def test_list_says_what_the_webhooks_said(self, platform):
        runtime, ada = platform.runtime, owner_of(platform, "ada@example.org")
        with http_sink() as sink:
            minted = make_endpoint(runtime.keys, "coolsite", sink.url(), runtime.clock.now())
            with runtime.storage.transaction() as uow:
                uow.clients.add_endpoint(minted.endpoint)
            grant = decide(platform, ada)
            decide(platform, ada, "alarms.read", allow=False)
            call(platform, f"{GRANTS}/{grant.grant_id}", "DELETE", status=204)
            Worker(runtime).run_once()
            told = {got.headers["webhook-id"]: json.loads(got.body) for got in sink.received}
        listed = call(platform, EVENTS).json["data"]
        assert [one["type"] for one in listed] == ["consent.granted", "consent.denied", "consent.revoked"]
        assert {one.pop("id"): one for one in listed} == told

    def test_denial_with_an_earlier_grant_names_the_subject(self, platform):
        owner = owner_of(platform, "ada@example.org")
        decide(platform, owner)
        decide(platform, owner, "alarms.read", allow=False)
        granted, denied = call(platform, EVENTS).json["data"]
        assert denied["data"]["subject"] == granted["data"]["subject"]

    def test_pages_are_the_feed_and_the_end_can_be_gone_on_from(self, platform):
        for one in people(platform, 5):
            decide(platform, one)
        whole = everything(platform, EVENTS)
        assert len(whole) == 5
        for limit in (1, 2, 5, 6):
            assert everything(platform, EVENTS, limit) == whole
        last = whole[-1]["id"]
        end = call(platform, f"{EVENTS}?after={last}").json
        assert end == {"data": [], "has_more": False, "next_after": last}
        decide(platform, owner_of(platform, "ada@example.org"))
        assert len(call(platform, f"{EVENTS}?after={last}").json["data"]) == 1

    def test_place_that_is_not_there_says_what_to_do(self, platform):
        decide(platform, owner_of(platform, "ada@example.org"), client_id="shiftplan")
        foreign = call(platform, EVENTS, client_id="shiftplan").json["data"][0]["id"]
        for after in ("unknown", foreign):
            refused = call(platform, f"{EVENTS}?after={after}", status=410).json
            assert refused["error"] == "unknown_event"
            assert "/api/v1/grants" in refused["error_description"]

    def test_tests_of_an_endpoint_and_security_events_are_not_in_it(self, platform):
        runtime, grant = platform.runtime, decide(platform, owner_of(platform, "ada@example.org"))
        from consentcore.domain.event import EventType
        from consentcore.domain.notice import Audience, Notice, NoticeKind

        with runtime.storage.transaction() as uow:
            uow.notices.add(
                Notice("evt-test", NoticeKind.TEST, "", "coolsite", "", (Audience.CLIENT,), 1, "{}")
            )
        runtime.compromised("no-such-family", grant.grant_id, EventType.CODE_REPLAYED)
        assert [one["type"] for one in call(platform, EVENTS).json["data"]] == ["consent.granted"]


@pytest.fixture(scope="module")
def quiet(tmp_path_factory):
    """One platform for all refusals: they change nothing."""
    made = make_platform(tmp_path_factory.mktemp("quiet"))
    yield made
    made.runtime.close()


class TestMethods:
    """A GET has no body, so what the token endpoint takes there comes in the header."""

    def test_client_that_posts_its_secret_elsewhere_uses_basic_here(self, quiet):
        for method in (AuthMethod.SECRET_POST, AuthMethod.SECRET_BASIC):
            quiet.add_client(method.value, auth_method=method)
            assert call(quiet, GRANTS, client_id=method.value).json["data"] == []

    def test_client_that_signs_sends_its_assertion_once(self, quiet):
        quiet.add_client("signer", auth_method=AuthMethod.PRIVATE_KEY_JWT, jwks=key_set(EC))
        payload = claims(quiet.runtime, aud=f"{ISSUER}{PREFIX}/token")
        headers = {"Authorization": f"Bearer {signed(payload)}"}
        browser = quiet.browser()
        assert browser.get(GRANTS, headers=headers).json["data"] == []
        assert browser.get(GRANTS, headers=headers, status=401).json["error"] == "invalid_client"
        assert call(quiet, GRANTS, client_id="signer", status=401)
        foreign = signed(claims(quiet.runtime, aud="https://other.example"))
        browser.get(GRANTS, headers={"Authorization": f"Bearer {foreign}"}, status=401)


class TestRefusals:
    @pytest.mark.parametrize(("method", "path"), CLOSED_TO_STRANGERS)
    def test_nobody_comes_in_without_credentials(self, quiet, method, path):
        browser = quiet.browser()
        secret = quiet.secrets["coolsite"]
        for headers in (
            {},
            basic("coolsite", "wrong"),
            basic("coolsite", ""),
            basic("nobody", secret),
            {"Authorization": f"Bearer {secret}"},
            {"Authorization": "Basic !"},
            {"Authorization": "Digest x"},
            {"Cookie": "consentcore=1"},
        ):
            answer = browser.request(path, method=method, headers=headers, status=401)
            assert answer.json["error"] == "invalid_client"
            assert answer.headers["WWW-Authenticate"].startswith("Basic realm=")
            assert answer.headers["Cache-Control"] == "no-store"
            assert "Set-Cookie" not in answer.headers

    def test_public_client_and_resource_server_have_no_business_here(self, platform):
        platform.add_client("spa", auth_method=AuthMethod.NONE)
        assert call(platform, GRANTS, client_id="spa", status=401).json["error"] == "invalid_client"
        assert call(platform, GRANTS, client_id="api", status=403).json["error"] == "unauthorized_client"

    def test_disabled_client_is_out(self, platform):
        with platform.runtime.storage.transaction() as uow:
            uow.clients.update(replace(uow.clients.get("coolsite"), enabled=False))
        call(platform, GRANTS, status=401)

    @pytest.mark.parametrize(
        ("query", "field"),
        [
            ("limit=0", "limit"),
            ("limit=501", "limit"),
            ("limit=-1", "limit"),
            ("limit=ten", "limit"),
            ("limit=%D9%A1", "limit"),
            ("limit=1&limit=2", "limit"),
            ("after=" + "a" * 201, "after"),
            ("after=%00", "query"),
            ("after=%FF", "query"),
            ("client_secret=x", "client_secret"),
        ],
    )
    @pytest.mark.parametrize("path", [GRANTS, EVENTS])
    def test_parameter_that_is_not_good_is_named(self, quiet, path, query, field):
        answer = call(quiet, f"{path}?{query}", status=400).json
        assert answer["error"] == "invalid_request"
        assert answer["error_description"].startswith(f"{field}: expected")

    def test_single_grant_takes_no_parameters(self, quiet):
        answer = call(quiet, f"{GRANTS}/some?limit=1", status=400).json
        assert answer["error_description"] == "limit: expected nothing"

    def test_unknown_state_is_named(self, quiet):
        answer = call(quiet, f"{GRANTS}?state=denied", status=400).json
        assert answer["error_description"].startswith("state: expected one of active, ended")

    @pytest.mark.parametrize(
        ("path", "method", "allowed"),
        [
            (GRANTS, "POST", "GET, HEAD"),
            (GRANTS, "DELETE", "GET, HEAD"),
            (f"{GRANTS}/x", "PUT", "GET, HEAD, DELETE"),
            (EVENTS, "PATCH", "GET, HEAD"),
        ],
    )
    def test_other_methods_are_told_the_right_ones(self, quiet, path, method, allowed):
        answer = call(quiet, path, method, status=405)
        assert (answer.headers["Allow"], answer.json["error"]) == (allowed, "method_not_allowed")

    def test_whatever_goes_wrong_under_api_is_json(self, quiet, monkeypatch):
        assert call(quiet, "/api/v2/what", status=404).json["error"] == "not_found"
        assert call(quiet, "/api/", status=404).json["error"] == "not_found"

        for path in ("/api/v1/grants/%FF", "/api/v1/grants/a%0Ab"):
            assert call(quiet, path, status=400).json["error"] == "invalid_request"

        def down(*_args, **_more):
            raise StorageUnavailable("down")

        monkeypatch.setattr(quiet.runtime.storage.protocol, "read_authorize", down)
        answer = call(quiet, GRANTS, status=503)
        assert (answer.json["error"], answer.headers["Retry-After"]) == ("temporarily_unavailable", "5")

    def test_head_says_what_get_would(self, quiet):
        answer = call(quiet, GRANTS, "HEAD")
        assert (answer.content_type, answer.body) == ("application/json", b"")


class TestLostEverything:
    """An application without any memory pages while people go on deciding."""

    @pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
    def busy(self, request, tmp_path):
        url = request.getfixturevalue("postgres_url") if request.param == "postgres" else ""
        made = make_platform(tmp_path, storage="sqlalchemy", url=url)
        yield made
        made.runtime.close()

    def test_it_is_whole_again(self, busy):
        owners = people(busy, 12)
        for one in owners[:4]:
            decide(busy, one)

        def live(mine: list[Owner], seed: int) -> None:
            chance = random.Random(seed)
            for _ in range(12):
                owner = chance.choice(mine)
                if chance.random() < 0.6:
                    decide(busy, owner, *chance.sample(["sites.read", "comfort.read", "alarms.read"], 2))
                else:
                    self.end_whatever_stands(busy, owner)

        lives = [
            threading.Thread(target=live, args=(owners[number::3], number), daemon=True)
            for number in range(3)
        ]
        for one in lives:
            one.start()
        known: dict[str, dict] = {one["grant_id"]: one for one in everything(busy, GRANTS, 5)}
        seen: list[dict] = []
        while any(one.is_alive() for one in lives):
            seen += everything(busy, EVENTS, 3, after=seen[-1]["id"] if seen else "")
        for one in lives:
            one.join()
        seen += everything(busy, EVENTS, 3, after=seen[-1]["id"] if seen else "")
        self.learn(known, seen)
        truth = {one["grant_id"]: one for one in everything(busy, GRANTS)}
        assert {key: (one["sequence"], one["scopes"]) for key, one in known.items()} == {
            key: (one["sequence"], one["scopes"]) for key, one in truth.items()
        }
        assert len({one["id"] for one in seen}) == len(seen)
        assert seen == everything(busy, EVENTS)
        for grant_id, one in truth.items():
            told = [item["data"]["sequence"] for item in seen if item["data"]["grant_id"] == grant_id]
            assert told == list(range(1, one["sequence"] + 1))

    @staticmethod
    def learn(known: dict[str, dict], seen: list[dict]) -> None:
        """What the guide tells an ISV to do: the higher sequence wins."""
        for item in seen:
            data = item["data"]
            if known.get(data["grant_id"], {"sequence": 0})["sequence"] < data["sequence"]:
                known[data["grant_id"]] = data

    @staticmethod
    def end_whatever_stands(platform: Platform, owner: Owner) -> None:
        with platform.runtime.storage.reading() as uow:
            standing = [
                one
                for one in uow.grants.of_client("coolsite", [GrantState.ACTIVE])
                if one.owner_id == owner.owner_id
            ]
        for grant in standing:
            try:
                withdraw(platform, grant)
            except InvalidTransition:
                continue


def test_request_that_collides_is_repeated_and_its_client_asked_once(platform, monkeypatch):
    """An assertion may be used once: a repetition of the request must not look like a second use."""
    from transaction.interfaces import TransientError

    from consentcore.domain.errors import StorageConflict

    class Collision(StorageConflict, TransientError):
        pass

    grant = decide(platform, owner_of(platform, "ada@example.org"))
    server, service, asked, tries = platform.runtime.server, platform.runtime.service, [], []
    real_application, real_revoke = server.application, service.revoke

    def application(http):
        asked.append(http)
        return real_application(http)

    def revoke(*args, **more):
        tries.append(args)
        if len(tries) == 1:
            raise Collision("somebody was faster")
        return real_revoke(*args, **more)

    monkeypatch.setattr(server, "application", application)
    monkeypatch.setattr(service, "revoke", revoke)
    call(platform, f"{GRANTS}/{grant.grant_id}", "DELETE", status=204)
    assert (len(asked), len(tries)) == (1, 2)
    assert json.loads(call(platform, f"{GRANTS}/{grant.grant_id}").body)["state"] == "closed"
