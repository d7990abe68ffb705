"""``/api/v1/endpoints`` and ``/api/v1/deliveries``: an application looks after its own webhooks."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest
from openapi_spec_validator import validate
from standardwebhooks import Webhook

from consentcore.worker.worker import Worker
from tests.support.platform import ISSUER, connect, make_platform
from tests.support.sinks import Answer, http_sink
from tests.support.webhook_contract import document, schema

ENDPOINTS = "/api/v1/endpoints"
DELIVERIES = "/api/v1/deliveries"
BACKWARDS = {"failed": True, "since": "2020-01-02T00:00:00Z", "until": "2020-01-01T00:00:00Z"}


@pytest.fixture
def platform(tmp_path):
    made = make_platform(tmp_path)
    yield made
    made.runtime.close()


@pytest.fixture
def sink():
    with http_sink() as made:
        yield made


def call(platform, path, method="GET", body=None, *, client_id="coolsite", status=200, **headers):
    pair = f"{client_id}:{platform.secrets[client_id]}".encode()
    headers = {"Authorization": "Basic " + base64.b64encode(pair).decode(), **headers}
    if body is not None:
        headers.setdefault("Content-Type", "application/json")
    raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    answer = platform.browser().request(path, method=method, headers=headers, body=raw, status=status)
    assert answer.headers["Cache-Control"] == "no-store"
    return answer


def add(platform, url, **members):
    made = call(platform, ENDPOINTS, "POST", {"url": url, **members}, status=201).json
    assert list(schema("Endpoint").iter_errors(made)) == []
    return made


def of(made) -> str:
    return f"{ENDPOINTS}/{made['endpoint_id']}"


def work(platform) -> None:
    Worker(platform.runtime).run_once()


class TestDescription:
    def test_it_is_valid_and_served(self, platform):
        served = platform.browser().get("/openapi.json").json
        validate(served)
        assert served["openapi"].startswith("3.1")
        assert served["servers"] == [{"url": ISSUER}]
        assert sorted(served["webhooks"]) == [
            "consent.denied",
            "consent.expired",
            "consent.granted",
            "consent.revoked",
            "webhook.test",
        ]

    def test_every_path_is_there_and_every_route_described(self, platform):
        described = document()["paths"]
        introspector = platform.app.app.registry.introspector
        routes = {
            one["introspectable"]["pattern"]
            for one in introspector.get_category("routes")
            if one["introspectable"]["pattern"].startswith("/api/")
        }
        assert routes == set(described)


class TestEndpoints:
    def test_endpoint_is_made_changed_and_removed(self, platform, sink):
        made = add(platform, sink.url(), events=["consent.revoked"])
        assert made["webhook_secret"].startswith("whsec_")
        shown = call(platform, of(made)).json
        assert "webhook_secret" not in shown
        assert list(schema("Endpoint").iter_errors(shown)) == []
        changed = call(platform, of(made), "PATCH", {"events": ["consent.expired", "consent.revoked"]}).json
        assert changed["events"] == ["consent.revoked", "consent.expired"]
        assert changed["webhook_secret"] is None
        assert [one["endpoint_id"] for one in call(platform, ENDPOINTS).json["data"]] == [made["endpoint_id"]]
        call(platform, of(made), "DELETE", status=204)
        call(platform, of(made), status=404)

    def test_its_first_event_is_a_test(self, platform, sink):
        made = add(platform, sink.url())
        work(platform)
        (received,) = sink.wait_for(1)
        event = Webhook(made["webhook_secret"]).verify(received.body, received.headers)
        assert event["type"] == "webhook.test"

    def test_rotation_shows_the_new_secret_once(self, platform, sink):
        made = add(platform, sink.url())
        new = call(platform, of(made) + "/rotate-secret", "POST", {"overlap": "72h"}).json
        assert len(new["secrets"]) == 2
        call(platform, of(made) + "/test", "POST")
        (received,) = sink.wait_for(1)
        for secret in (made["webhook_secret"], new["webhook_secret"]):
            Webhook(secret).verify(received.body, received.headers)
        assert (
            len(call(platform, of(made) + "/rotate-secret", "POST", {"overlap": "now"}).json["secrets"]) == 1
        )

    def test_switched_off_and_on(self, platform, sink):
        made = add(platform, sink.url())
        off = call(platform, of(made) + "/disable", "POST").json
        assert (off["enabled"], off["disabled_reason"]) == (False, "disabled by the application")
        work(platform)
        assert call(platform, of(made)).json["deliveries"]["held"] == 1
        assert call(platform, of(made) + "/enable", "POST").json["enabled"]
        assert sink.received == []

    def test_test_is_answered_with_what_happened(self, platform, sink):
        sink.answer = Answer(503, body=b"closed")
        made = add(platform, sink.url())
        result = call(platform, of(made) + "/test", "POST", {"type": "consent.denied"}).json
        assert list(schema("Trial").iter_errors(result)) == []
        assert (result["ok"], result["status"], result["answer"]) == (False, 503, "closed")
        assert "2xx" in result["failed_check"]
        assert call(platform, of(made)).json["failing_since"] is None

    @pytest.mark.parametrize(
        ("body", "named"),
        [
            ({}, "url"),
            ({"url": "https://10.0.0.1/"}, "url"),
            ({"url": 7}, "url"),
            ({"url": "https://127.0.0.1/", "events": []}, "events"),
            ({"url": "https://127.0.0.1/", "events": ["consent.eaten"]}, "events"),
            ({"url": "https://127.0.0.1/", "events": "consent.revoked"}, "events"),
            ({"url": "https://127.0.0.1/", "signatures": ["v9"]}, "signatures"),
            ({"url": "https://127.0.0.1/", "secret": "mine"}, "secret"),
            (b"[1]", "body"),
            (b"{", "body"),
            (b'{"url":"https://127.0.0.1/","url":"https://127.0.0.1/"}', "body"),
            (b"\xff", "body"),
            (b"[" * 9000, "body"),
            (b'{"url":"' + b"a" * 17000 + b'"}', "body"),
        ],
    )
    def test_bad_body_is_refused_and_named(self, platform, body, named):
        refused = call(platform, ENDPOINTS, "POST", body, status=400).json
        assert refused["error"] == "invalid_request"
        assert named in refused["error_description"]
        assert call(platform, ENDPOINTS).json["data"] == []

    def test_other_media_type_is_refused(self, platform):
        call(platform, ENDPOINTS, "POST", b"url=x", status=415, **{"Content-Type": "text/plain"})

    def test_bad_members_of_actions_are_refused(self, platform, sink):
        made = add(platform, sink.url())
        call(platform, of(made) + "/rotate-secret", "POST", {"overlap": "1y"}, status=400)
        call(platform, of(made) + "/test", "POST", {"type": "security.token_reuse"}, status=400)
        call(platform, of(made) + "/enable", "POST", {"now": True}, status=400)


class TestDeliveries:
    @pytest.fixture
    def told(self, platform, sink):
        """An endpoint that was told of a grant and had its test."""
        made = add(platform, sink.url())
        connect(platform)
        work(platform)
        sink.wait_for(2)
        return made

    def test_log_shows_every_try(self, platform, sink, told):
        page = call(platform, DELIVERIES).json
        assert list(schema("Delivery").iter_errors(page["data"][0])) == []
        granted = next(one for one in page["data"] if one["type"] == "consent.granted")
        assert granted["endpoint_id"] == told["endpoint_id"]
        assert len(page["data"]) == 2, "mails to people are none of its business"
        mails = [
            one.delivery_id for one in platform.runtime.storage.delivery_log.deliveries() if not one.body
        ]
        assert mails
        for delivery_id in mails:
            call(platform, f"{DELIVERIES}/{delivery_id}", status=404)
        one = call(platform, f"{DELIVERIES}/{granted['delivery_id']}").json
        assert list(schema("Delivery").iter_errors(one)) == []
        assert one["body"].encode() in [got.body for got in sink.received]
        (attempt,) = one["log"]
        assert (attempt["status"], attempt["trigger"], attempt["error"]) == (204, "schedule", None)

    def test_try_that_ends_while_it_is_read_is_shown_whole(self, platform, sink, told, monkeypatch):
        granted = call(platform, f"{DELIVERIES}?type=consent.granted").json["data"][0]
        path = f"{DELIVERIES}/{granted['delivery_id']}"
        call(platform, path + "/replay", "POST", status=202)
        delivery_log = platform.runtime.storage.delivery_log
        read = delivery_log.attempts_of

        def attempts_after_a_try(delivery_ids):
            work(platform)
            return read(delivery_ids)

        monkeypatch.setattr(delivery_log, "attempts_of", attempts_after_a_try)
        one = call(platform, path).json
        assert [attempt["trigger"] for attempt in one["log"]] == ["schedule", "manual"]
        assert (one["attempts"], one["state"], one["next_at"]) == (2, "delivered", None)

    def test_replay_of_one_sends_the_same_bytes(self, platform, sink, told):
        granted = call(platform, f"{DELIVERIES}?type=consent.granted").json["data"][0]
        path = f"{DELIVERIES}/{granted['delivery_id']}"
        answer = call(platform, path + "/replay", "POST", status=202).json
        assert answer["replayed"] == [granted["delivery_id"]]
        assert call(platform, path).json["next_trigger"] == "manual"
        work(platform)
        again = sink.wait_for(3)[-1]
        first = next(got for got in sink.received if b"consent.granted" in got.body)
        assert (again.body, again.headers["webhook-id"]) == (first.body, first.headers["webhook-id"])
        assert again.headers["consentcore-attempt"] == "2"
        assert [one["trigger"] for one in call(platform, path).json["log"]] == ["schedule", "manual"]

    def test_all_that_failed_since_is_replayed(self, platform, sink, told):
        sink.answer = Answer(410)
        connect(platform)
        work(platform)
        assert not call(platform, of(told)).json["enabled"]
        sink.answer = Answer(204)
        since = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
        assert len(call(platform, f"{DELIVERIES}?failed=true").json["data"]) == 1
        body = {"failed": True, "since": since, "endpoint": told["endpoint_id"]}
        assert len(call(platform, f"{DELIVERIES}/replay", "POST", body, status=202).json["replayed"]) == 1
        work(platform)
        assert call(platform, f"{DELIVERIES}?failed=true").json["data"] == []
        assert not call(platform, of(told)).json["enabled"], "a replay does not switch it on"

    def test_pages_and_narrowing(self, platform, told):
        first = call(platform, f"{DELIVERIES}?limit=1").json
        second = call(platform, f"{DELIVERIES}?limit=1&after={first['next_after']}").json
        assert (first["has_more"], second["has_more"]) == (True, False)
        assert first["data"] != second["data"]
        assert call(platform, f"{DELIVERIES}?endpoint=ep_other").json["data"] == []
        assert len(call(platform, f"{DELIVERIES}?state=delivered").json["data"]) == 2
        assert call(platform, f"{DELIVERIES}?until=2020-01-01T00:00:00Z").json["data"] == []

    @pytest.mark.parametrize(
        "query",
        [
            "type=x",
            "state=x",
            "failed=yes",
            "since=monday",
            "since=2020-01-01T00:00:00",
            "until=2020-01-01T00:00:00Z&since=2020-01-01T00:00:01Z",
            "after=x",
            "limit=0",
            "x=1",
        ],
    )
    def test_bad_parameter_is_refused_and_named(self, platform, query):
        refused = call(platform, f"{DELIVERIES}?{query}", status=400).json
        assert query.partition("=")[0] in refused["error_description"]

    @pytest.mark.parametrize(
        "body", [{}, {"endpoint": "ep_1"}, {"failed": "yes"}, {"since": "monday"}, {"x": 1}, BACKWARDS]
    )
    def test_vague_replay_is_refused(self, platform, body):
        call(platform, f"{DELIVERIES}/replay", "POST", body, status=400)


class TestOthers:
    def test_nothing_of_another_application_is_there(self, platform, sink):
        made = add(platform, sink.url())
        work(platform)
        (mine,) = call(platform, DELIVERIES).json["data"]
        stranger = {"client_id": "shiftplan"}
        assert call(platform, ENDPOINTS, **stranger).json["data"] == []
        assert call(platform, DELIVERIES, **stranger).json["data"] == []
        delivery = f"{DELIVERIES}/{mine['delivery_id']}"
        for path, method in (
            (of(made), "GET"),
            (of(made), "PATCH"),
            (of(made), "DELETE"),
            (of(made) + "/rotate-secret", "POST"),
            (of(made) + "/enable", "POST"),
            (of(made) + "/disable", "POST"),
            (of(made) + "/test", "POST"),
            (delivery, "GET"),
            (delivery + "/replay", "POST"),
        ):
            assert call(platform, path, method, status=404, **stranger).json["error"] == "not_found", path
        body = {"failed": True, "since": "2020-01-01T00:00:00Z", "endpoint": made["endpoint_id"]}
        assert (
            call(platform, f"{DELIVERIES}/replay", "POST", body, status=202, **stranger).json["replayed"]
            == []
        )
        call(platform, f"{DELIVERIES}?after={mine['delivery_id']}", status=400, **stranger)
        assert call(platform, of(made)).json["enabled"]

    @pytest.mark.parametrize("path", [ENDPOINTS, DELIVERIES, ENDPOINTS + "/ep_1", DELIVERIES + "/dlv_1"])
    def test_nobody_and_apis_are_refused(self, platform, path):
        assert platform.browser().get(path, status=401).json["error"] == "invalid_client"
        call(platform, path, client_id="api", status=403)

    @pytest.mark.parametrize(
        ("path", "method", "allowed"),
        [
            (ENDPOINTS, "PUT", "GET, HEAD, POST"),
            (ENDPOINTS + "/ep_1", "POST", "GET, HEAD, PATCH, DELETE"),
            (ENDPOINTS + "/ep_1/test", "GET", "POST"),
            (DELIVERIES, "POST", "GET, HEAD"),
            (DELIVERIES + "/replay", "GET", "POST"),
        ],
    )
    def test_other_methods_are_405(self, platform, path, method, allowed):
        assert call(platform, path, method, status=405).headers["Allow"] == allowed
