"""Webhooks on the command line: listen, test, replay."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time

import pytest

from consentcore.webhooks.signing import read_secret
from consentcore.webhooks.verification import Trust, examine
from consentcore.worker.worker import Worker
from tests.support.command_line import Cli
from tests.support.platform import connect, make_platform
from tests.support.sinks import Answer, http_sink


def create(cli, url, client_id="one"):
    options = ("--name", "App", "--redirect-uri", "https://app.example/cb", "--scope", "comfort.read")
    return cli("client", "create", *options, "--client-id", client_id, "--webhook-url", url, "--json").json


def test_test_event_arrives_signed(cli):
    with http_sink() as sink:
        secret = create(cli, sink.url())["webhook_secret"]
        (result,) = cli("webhooks", "test", "one", "--json").json
        (received,) = sink.wait_for(1)
    assert (result["ok"], result["status"]) == (True, 204)
    headers = {name.lower(): value for name, value in received.headers.items()}
    found = examine(headers, received.body, Trust((read_secret(secret),)), time.time())
    assert found.ok, found.problem
    assert found.event["type"] == "webhook.test"


def test_refused_test_event_is_a_problem(cli):
    with http_sink() as sink:
        sink.answer = Answer(500)
        create(cli, sink.url())
        result = cli("webhooks", "test", "one")
    assert result.code == 1
    assert "the endpoint answered 500" in result.out


def test_application_without_webhook_or_nobody(cli):
    options = ("--name", "App", "--redirect-uri", "https://app.example/cb", "--scope", "comfort.read")
    cli("client", "create", *options, "--client-id", "quiet")
    assert "no enabled webhook endpoint" in cli("webhooks", "test", "quiet").err
    assert cli("webhooks", "test", "nobody").code == 1


@pytest.fixture
def delivered(tmp_path):
    """A platform whose worker has delivered a notice to a receiver, with its command line."""
    platform = make_platform(tmp_path, storage="sqlalchemy")
    ini = (tmp_path / "test.ini").read_text()
    cli = Cli(tmp_path)
    cli.ini.write_text(ini)
    with http_sink() as sink:
        create(cli, sink.url(), "webby")
        platform.secrets["webby"] = ""
        yield platform, cli, sink
    platform.runtime.close()


def grant_to(platform, client_id):
    from tests.support.platform import Request, answer, to_consent_page

    request = Request(client_id=client_id, redirect_uri="https://app.example/cb", scope="comfort.read")
    _, page = to_consent_page(platform, request)
    answer(page, "approve")


def test_delivery_is_listed_and_replayed_with_the_same_id_and_body(delivered):
    platform, cli, sink = delivered
    grant_to(platform, "webby")
    worker = Worker(platform.runtime)
    worker.run_once()
    (first,) = sink.wait_for(1)
    (one,) = [row for row in cli("webhooks", "deliveries", "--json").json if row["notifier"] == "webhook"]
    assert (one["state"], one["attempts"]) == ("delivered", 1)
    assert (
        one["delivery_id"] in cli("webhooks", "deliveries", "--client", "webby", "--state", "delivered").out
    )
    assert cli("webhooks", "replay", one["delivery_id"], "--json").json == {"replayed": [one["delivery_id"]]}
    worker.run_once()
    second = sink.wait_for(2)[1]
    assert second.body == first.body
    assert second.headers["webhook-id"] == first.headers["webhook-id"]


def test_everything_of_a_notice_is_replayed(delivered):
    platform, cli, _ = delivered
    connect(platform)
    grant_to(platform, "webby")
    Worker(platform.runtime).run_once()
    rows = cli("webhooks", "deliveries", "--json").json
    notice_id = next(row["notice_id"] for row in rows if row["notifier"] == "webhook")
    ids = {row["delivery_id"] for row in rows if row["notice_id"] == notice_id}
    assert set(cli("webhooks", "replay", "--notice", notice_id, "--json").json["replayed"]) == ids


def test_replay_of_nothing(delivered):
    _, cli, _ = delivered
    assert cli("webhooks", "replay", "nothing").code == 1
    assert cli("webhooks", "replay").code == 2
    assert cli("webhooks", "replay", "x", "--failed").code == 2
    assert cli("webhooks", "replay", "--failed", "--json").json == {"replayed": []}


@pytest.mark.parametrize("command", ["deliveries", "replay"])
def test_a_time_that_ends_before_it_begins_is_refused(cli, command):
    """--since and --until mixed up must not look like "nothing failed"."""
    result = cli("webhooks", command, "--failed", "--since", "2h", "--until", "1d")
    assert (result.code, result.err) == (2, "Error: --until: expected a time that is not before --since\n")
    assert cli("webhooks", command, "--failed", "--since", "1d", "--until", "2h").code == 0


@pytest.mark.parametrize("time", ["monday", "2026-13-01", "-1d"])
def test_a_time_that_is_none_is_refused(cli, time):
    result = cli("webhooks", "deliveries", "--since", time)
    assert (result.code, result.err.partition("expected")[0]) == (2, "Error: --since: ")


def test_a_page_behind_nothing_is_refused(cli):
    result = cli("webhooks", "deliveries", "--after", "dlv_gone")
    assert (result.code, result.err) == (1, "Error: no delivery 'dlv_gone'\n")


def test_listen_verifies_what_the_product_sends(cli):
    secret = create(cli, "http://127.0.0.1:9/")["webhook_secret"]
    command = [
        sys.executable,
        "-m",
        "consentcore.cli.main",
        "webhooks",
        "listen",
        "--port",
        "0",
        "--secret",
        secret,
    ]
    process = subprocess.Popen(
        [*command, "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        url = process.stderr.readline().split()[2]
        create(cli, url, "two")
        (result,) = json.loads(cli("webhooks", "test", "two", "--json").out)
        assert (result["ok"], json.loads(result["answer"])["problem"]) == (
            False,
            "no signature matches the secret",
        )
        line = json.loads(process.stdout.readline())
        assert (line["ok"], line["event"]["type"]) == (False, "webhook.test")
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.communicate()


def test_listen_with_a_wrong_secret_or_busy_port_says_so(cli):
    assert cli("webhooks", "listen", "--secret", "hush", ini=False).code == 2
