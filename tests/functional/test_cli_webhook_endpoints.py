"""Webhook endpoints on the command line: made, changed, rotated, switched, removed."""

from __future__ import annotations

import json
import time

import pytest
from standardwebhooks import Webhook

from consentcore.config import load_ini
from consentcore.domain.client import EndpointHealth
from consentcore.domain.clock import DAY, from_iso
from consentcore.domain.event_kinds import NoticeKind
from consentcore.runtime import build_runtime
from consentcore.testing import factories
from consentcore.worker.worker import Worker
from tests.support.sinks import Answer, http_sink


@pytest.fixture
def cli(cli):
    options = ("--name", "App", "--redirect-uri", "https://app.example/cb", "--scope", "comfort.read")
    assert cli("client", "create", *options, "--client-id", "app").code == 0
    return cli


def add(cli, url: str = "https://127.0.0.1:9/hooks", *options: str) -> dict:
    return cli("webhooks", "endpoint", "add", "app", url, *options, "--json").json


def work(cli) -> None:
    runtime = build_runtime(load_ini(str(cli.ini)))
    try:
        Worker(runtime).run_once()
    finally:
        runtime.close()


def signatures(received) -> list[str]:
    return [one.partition(",")[0] for one in received.headers["webhook-signature"].split()]


def test_endpoint_is_added_listed_and_shown(cli):
    first, second = add(cli), add(cli, "https://127.0.0.1:9/other", "--event", "consent.revoked")
    assert first["webhook_secret"].startswith("whsec_")
    assert first["events"] == ["consent.granted", "consent.denied", "consent.revoked", "consent.expired"]
    assert second["events"] == ["consent.revoked"]
    listed = cli("webhooks", "endpoint", "list", "app", "--json")
    assert [one["endpoint_id"] for one in listed.json] == [first["endpoint_id"], second["endpoint_id"]]
    shown = cli("webhooks", "endpoint", "show", first["endpoint_id"], "--json")
    assert shown.json["deliveries"]["pending"] == 0
    assert first["webhook_secret"] not in listed.out + shown.out + cli("client", "show", "app").out


def test_new_endpoint_is_sent_a_test_by_the_worker(cli):
    with http_sink() as sink:
        other = add(cli, "http://127.0.0.1:9/")
        made = add(cli, sink.url())
        work(cli)
        (received,) = sink.wait_for(1)
    assert Webhook(made["webhook_secret"]).verify(received.body, received.headers)["type"] == "webhook.test"
    (delivery,) = cli("webhooks", "deliveries", "--endpoint", made["endpoint_id"], "--json").json
    (attempt,) = cli("webhooks", "show", delivery["delivery_id"], "--json").json["log"]
    assert (attempt["trigger"], attempt["status"], attempt["outcome"]) == ("test", 204, "delivered")
    failing = cli("webhooks", "endpoint", "show", other["endpoint_id"], "--json").json
    assert failing["failing_since"] is None, "a test says nothing about the health"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("http://127.0.0.1:9/", "--event", "consent.eaten"), "--event"),
        (("ftp://app.example/",), "URL: expected"),
        (("https://10.0.0.1/",), "URL: expected"),
        (("",), "URL: expected https://host/path"),
        (("https://app.example/", "--signature", "v2"), "--signature"),
    ],
)
def test_bad_endpoint_is_refused(cli, arguments, said):
    result = cli("webhooks", "endpoint", "add", "app", *arguments)
    assert result.code == 2
    assert said in result.err
    assert cli("webhooks", "endpoint", "list", "app", "--json").json == []


def test_endpoint_of_nobody_and_nothing(cli):
    assert cli("webhooks", "endpoint", "add", "nobody", "https://127.0.0.1:9/").code == 1
    assert cli("webhooks", "endpoint", "list", "nobody").code == 1
    for command in ("show", "enable", "disable", "remove", "rotate-secret"):
        assert cli("webhooks", "endpoint", command, "ep_none").code == 1
    assert cli("webhooks", "endpoint", "update", "ep_none", "--event", "consent.revoked").code == 1
    assert cli("webhooks", "endpoint", "update", "ep_none").code == 2


def test_number_of_endpoints_has_an_end(cli):
    runtime = build_runtime(load_ini(str(cli.ini)))
    with runtime.storage.transaction() as uow:
        for _ in range(20):
            uow.clients.add_endpoint(factories.endpoint("app"))
    runtime.close()
    result = cli("webhooks", "endpoint", "add", "app", "https://127.0.0.1:9/")
    assert result.code == 2
    assert "at most 20" in result.err


def test_api_has_no_endpoints(cli):
    cli("client", "create", "--name", "API", "--resource-server", "--client-id", "api")
    result = cli("webhooks", "endpoint", "add", "api", "https://127.0.0.1:9/")
    assert result.code == 2
    assert "expected an application" in result.err


def test_endpoint_is_changed(cli):
    made = add(cli)
    options = ("--url", "https://127.0.0.1:9/new", "--event", "consent.expired", "--event", "consent.revoked")
    changed = cli("webhooks", "endpoint", "update", made["endpoint_id"], *options, "--json").json
    assert changed["url"] == "https://127.0.0.1:9/new"
    assert changed["events"] == ["consent.revoked", "consent.expired"]
    assert changed["webhook_secret"] is None
    refused = cli("webhooks", "endpoint", "update", made["endpoint_id"], "--url", "https://10.0.0.1/")
    assert refused.code == 2
    assert "--url: expected" in refused.err


@pytest.mark.parametrize(("overlap", "live"), [("now", 1), ("24h", 2), ("72h", 2), ("7d", 2)])
def test_rotation_with_overlap(cli, overlap, live):
    with http_sink() as sink:
        old = add(cli, sink.url())
        new = cli("webhooks", "endpoint", "rotate-secret", old["endpoint_id"], "--overlap", overlap, "--json")
        assert cli("webhooks", "test", "app").code == 0
        received = sink.wait_for(1)[-1]
    assert new.json["webhook_secret"] != old["webhook_secret"]
    assert len(new.json["secrets"]) == live
    Webhook(new.json["webhook_secret"]).verify(received.body, received.headers)
    assert len(signatures(received)) == live
    if live == 2:
        Webhook(old["webhook_secret"]).verify(received.body, received.headers)


def test_ed25519_beside_hmac_and_alone(cli):
    with http_sink() as sink:
        made = add(cli, sink.url(), "--signature", "v1a", "--signature", "v1")
        assert made["public_key"].startswith("whpk_")
        assert cli("webhooks", "test", "app").code == 0
        endpoint_id = made["endpoint_id"]
        alone = cli(
            "webhooks", "endpoint", "update", endpoint_id, "--signature", "v1a", "--overlap", "now", "--json"
        )
        assert cli("webhooks", "test", "app").code == 0
        both, one = sink.wait_for(2)
    assert sorted(signatures(both)) == ["v1", "v1a"]
    Webhook(made["webhook_secret"]).verify(both.body, both.headers)
    assert signatures(one) == ["v1a"]
    assert alone.json["webhook_secret"] is None
    assert cli("webhooks", "endpoint", "show", endpoint_id, "--json").json["public_keys"] == [
        alone.json["public_key"]
    ]


def test_disabled_endpoint_is_tested_and_replayed_to(cli):
    with http_sink() as sink:
        endpoint_id = add(cli, sink.url())["endpoint_id"]
        assert cli("webhooks", "endpoint", "disable", endpoint_id, "--reason", "moving").code == 0
        work(cli)
        assert sink.received == []
        shown = cli("webhooks", "endpoint", "show", endpoint_id, "--json").json
        assert (shown["enabled"], shown["disabled_reason"], shown["deliveries"]["held"]) == (
            False,
            "moving",
            1,
        )
        assert cli("webhooks", "test", "app").code == 1
        assert cli("webhooks", "test", "app", "--endpoint", endpoint_id).code == 0
        (held,) = cli("webhooks", "deliveries", "--failed", "--json").json
        replayed = cli("webhooks", "replay", "--endpoint", endpoint_id, "--failed", "--json").json
        assert replayed == {"replayed": [held["delivery_id"]]}
        work(cli)
        assert len(sink.wait_for(2)) == 2
        enabled = cli("webhooks", "endpoint", "enable", endpoint_id, "--json")
        assert enabled.json["enabled"]


def test_410_switches_it_off_and_is_mailed_to_the_contact(cli):
    assert cli("client", "update", "app", "--contact-email", "dev@app.example").code == 0
    with http_sink(contract=False) as sink:
        sink.answer = Answer(410)
        endpoint_id = add(cli, sink.url("/hooks/s3cret"))["endpoint_id"]
        work(cli)
        assert cli("webhooks", "endpoint", "show", endpoint_id, "--json").json["enabled"], (
            "a test decides nothing"
        )
        runtime = build_runtime(load_ini(str(cli.ini)))
        with runtime.storage.transaction() as uow:
            uow.notices.add(factories.notice(factories.grant("owner", "app"), kind=NoticeKind.REVOKED))
        runtime.close()
        work(cli)
    shown = cli("webhooks", "endpoint", "show", endpoint_id, "--json").json
    assert (shown["enabled"], shown["disabled_reason"]) == (False, "the endpoint answered 410")
    (mail,) = [one.read_text() for one in (cli.folder / "var" / "mail").rglob("*") if one.is_file()]
    assert "To: dev@app.example" in mail
    assert "was disabled" in mail
    assert "s3cret" not in mail


def test_health_begins_anew_with_another_address_or_when_enabled(cli):
    endpoint_id = add(cli)["endpoint_id"]
    runtime = build_runtime(load_ini(str(cli.ini)))
    sick = EndpointHealth(failing_since=1, last_failure_at=2, warned_at=3, slow_until=4)
    commands = (
        ("update", endpoint_id, "--url", "https://127.0.0.1:9/other"),
        ("enable", endpoint_id),
    )
    for command in commands:
        with runtime.storage.transaction() as uow:
            uow.clients.set_health(endpoint_id, sick)
        cli("webhooks", "endpoint", "disable", endpoint_id)
        assert cli("webhooks", "endpoint", *command).code == 0
        with runtime.storage.reading() as uow:
            assert uow.clients.endpoint(endpoint_id).health == EndpointHealth(last_failure_at=2)
    runtime.close()


def test_removed_endpoint_is_gone(cli):
    endpoint_id = add(cli)["endpoint_id"]
    assert cli("webhooks", "endpoint", "remove", endpoint_id).code == 0
    assert cli("webhooks", "endpoint", "list", "app", "--json").json == []
    work(cli)
    (delivery,) = cli("webhooks", "deliveries", "--json").json or [{"state": "never expanded"}]
    assert delivery["state"] == "never expanded"


@pytest.mark.parametrize("kind", ["consent.granted", "consent.denied", "consent.revoked", "consent.expired"])
def test_test_of_any_type_is_about_an_imagined_grant(cli, kind):
    with http_sink() as sink:
        secret = add(cli, sink.url(), "--event", "consent.expired")["webhook_secret"]
        (result,) = cli("webhooks", "test", "app", "--type", kind, "--json").json
        (received,) = sink.wait_for(1)
    event = Webhook(secret).verify(received.body, received.headers)
    assert (event["type"], event["data"]["test"]) == (kind, True)
    assert (result["ok"], result["status"], result["failed_check"]) == (True, 204, None)
    assert result["ms"] >= 0
    (logged,) = cli("webhooks", "show", result["delivery_id"], "--json").json["log"]
    assert logged["trigger"] == "test"


@pytest.mark.parametrize("kind", ["consent.revoked", "consent.expired"])
def test_test_of_an_end_says_until_when_to_delete_and_lies_in_no_future(cli, kind):
    with cli.ini.open("a") as ini:
        ini.write("\nconsentcore.operator.deletion_days = 7\n")
    with http_sink() as sink:
        add(cli, sink.url())
        cli("webhooks", "test", "app", "--type", kind)
        (received,) = sink.wait_for(1)
    event = json.loads(received.body)
    ended_at = from_iso(event["data"]["effective_at"])
    assert event["timestamp"] == event["data"]["effective_at"]
    assert ended_at <= time.time() * 1000
    assert from_iso(event["data"]["deletion_due_at"]) == ended_at + 7 * DAY


def test_failed_test_names_the_check(cli):
    add(cli, "http://127.0.0.1:9/")
    result = cli("webhooks", "test", "app", "--json")
    assert result.code == 1
    (one,) = json.loads(result.out)
    assert (one["error"], one["failed_check"]) == ("connect", "a connection is made")
    assert (
        cli("webhooks", "deliveries", "--state", "rejected", "--json").json[0]["delivery_id"]
        == (one["delivery_id"])
    )


def test_times_are_read_or_refused(cli):
    assert cli("webhooks", "deliveries", "--since", "2d", "--until", "2099-01-01T00:00:00Z").code == 0
    result = cli("webhooks", "deliveries", "--since", "yesterday")
    assert result.code == 2
    assert "--since" in result.err


def test_span_replays_webhooks_only_and_pages_follow(cli):
    with http_sink() as sink:
        add(cli, sink.url())
        for _ in range(3):
            assert cli("webhooks", "test", "app").code == 0
        page = cli("webhooks", "deliveries", "--limit", "2", "--json").json
        rest = cli("webhooks", "deliveries", "--after", page[-1]["delivery_id"], "--json").json
        assert (len(page), len(rest)) == (2, 1)
        assert len(cli("webhooks", "replay", "--since", "1h", "--json").json["replayed"]) == 3
        assert cli("webhooks", "replay", "--until", "1h", "--json").json == {"replayed": []}
        first = sink.wait_for(3)
        work(cli)
        again = [one for one in sink.wait_for(7)[3:] if b'"webhook.test"' in one.body]
    assert {one.headers["webhook-id"] for one in first} < {one.headers["webhook-id"] for one in again}
