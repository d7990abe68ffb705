"""The product on the DynamoDB storage, chosen by its name in the INI."""

from __future__ import annotations

from dataclasses import replace

import pytest
from transaction import TransactionManager

from consentcore.api import DAY, DeliveryState, GrantState, transact
from consentcore.consent.verify import verify_all
from consentcore.testing import ManualClock
from consentcore.webhooks.service import make_endpoint
from consentcore.worker.worker import Worker
from consentcore_dynamodb.storage import DynamoStorage
from tests.support.command_line import INI, Cli
from tests.support.dynamo import REGION, TABLE
from tests.support.platform import connect, introspect, make_platform, proceed, refresh, sign_in
from tests.support.sinks import Answer, http_sink

SETTINGS = f"""
consentcore.plugin.dynamodb.region = {REGION}
consentcore.plugin.dynamodb.table = {TABLE}
"""


@pytest.fixture
def platform(tmp_path, monkeypatch, dynamo):
    monkeypatch.setattr("consentcore_dynamodb.engine._connect", lambda _settings: dynamo)
    clock = ManualClock(1_800_000_000_000)
    made = make_platform(tmp_path, storage="dynamodb", extra=SETTINGS, clock=clock)
    assert isinstance(made.runtime.storage.bare.bare, DynamoStorage)
    yield made
    made.runtime.close()


def read(platform, look):
    with platform.runtime.storage.reading() as uow:
        return look(uow)


def test_a_consent_is_given_used_and_withdrawn_and_everybody_is_told(platform):
    runtime = platform.runtime
    with http_sink(contract=False) as sink:
        sink.answer = Answer(200)
        new = make_endpoint(runtime.keys, "coolsite", sink.url(), runtime.clock.now())
        transact(runtime.storage, lambda uow: uow.clients.add_endpoint(new.endpoint))
        tokens = connect(platform)
        assert introspect(platform, tokens["access_token"])["active"] is True
        again = refresh(platform, tokens["refresh_token"]).json
        browser = platform.browser()
        assert "CoolSite" in sign_in(browser, browser.get("/login"))
        (grant,) = read(platform, lambda uow: uow.grants.all(client_id="coolsite"))
        proceed(browser.get(f"/consents/{grant.grant_id}/revoke")).submit(status=303)
        assert introspect(platform, again["access_token"]) == {"active": False}
        Worker(runtime).run_once()
        assert len(sink.received) == 2
    assert {one.state for one in runtime.storage.delivery_log.deliveries()} == {DeliveryState.DELIVERED}
    report = verify_all(runtime.storage, runtime.keys)
    assert (report.problems, report.grants, report.events) == ((), 1, 2)
    assert report.checkpoints >= 1


def test_a_consent_whose_time_is_over_ends_and_so_do_those_of_a_disabled_application(platform):
    runtime = platform.runtime
    connect(platform)
    runtime.clock.advance(400 * DAY)
    Worker(runtime).run_once()
    (grant,) = read(platform, lambda uow: uow.grants.all(client_id="coolsite"))
    assert grant.state is GrantState.EXPIRED
    connect(platform, email="grace@example.org")
    transact(runtime.storage, _disable)
    Worker(runtime).run_once()
    states = {one.state for one in read(platform, lambda uow: uow.grants.all(client_id="coolsite"))}
    assert states == {GrantState.EXPIRED, GrantState.REVOKED}
    assert verify_all(runtime.storage, runtime.keys).ok


def _disable(uow):
    uow.clients.update(replace(uow.clients.get("coolsite"), enabled=False))


def test_a_request_that_others_overtake_is_a_conflict_that_can_be_run_again(platform):
    storage, tm = platform.runtime.storage, TransactionManager(explicit=True)
    tries = []

    def request():
        uow = storage.join(tm, write=True)
        client = uow.clients.get("coolsite")
        if not tries:
            transact(storage, lambda other: other.clients.update(client))
        tries.append(client)
        uow.clients.update(client)

    tm.run(request, 3)
    assert len(tries) == 2


@pytest.fixture
def service_url():
    """The service over HTTP, as DynamoDB Local is."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def test_commands_make_fill_and_verify_a_table_over_the_wire(tmp_path, monkeypatch, service_url):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    cli = Cli(tmp_path)
    cli.ini.write_text(
        INI.replace("storage = sqlalchemy", "storage = dynamodb").replace(
            "consentcore.plugin.sqlalchemy.url = sqlite:///%(here)s/var/consentcore.sqlite",
            f"consentcore.plugin.dynamodb.region = eu-west-1\nconsentcore.plugin.dynamodb.endpoint_url = {service_url}",
        )
    )
    first, again = cli("init"), cli("init")
    assert (first.code, again.code) == (0, 0), first.err
    assert "table consentcore made" in first.out + first.err
    assert "table consentcore made" not in again.out + again.err
    assert cli("plugins", "check").code == 0
    made = cli(
        "client",
        "create",
        "--name",
        "A",
        "--redirect-uri",
        "https://a.example/",
        "--scope",
        "sites.read",
        "--json",
    )
    (listed,) = cli("client", "list", "--json").json
    assert listed["client_id"] == made.json["client_id"]
    assert cli("audit", "verify").code == 0
    monkeypatch.setenv("CONSENTCORE_PLUGIN__DYNAMODB__ENDPOINT_URL", "http://127.0.0.1:1")
    assert cli("client", "list").code == 75
