"""Evidence that is kept in DynamoDB: verified, exported, judged without it, and found out when somebody touches it."""

from __future__ import annotations

import json

import pytest

from consentcore.consent.evidence.statements import all_statements
from tests.support.command_line import Cli, call
from tests.support.dynamo import TABLE, tables
from tests.support.platform import Request, answer, connect, proceed, sign_in, to_consent_page
from tests.support.storages import platform_on

pytestmark = pytest.mark.slow


@pytest.fixture
def platform(request, tmp_path):
    """Ada has allowed something and taken it back, and said no to another one; the log is sealed."""
    made = platform_on("dynamodb", request, tmp_path)
    connect(made)
    browser = made.browser()
    sign_in(browser, browser.get("/login"))
    with made.runtime.storage.reading() as uow:
        (grant,) = uow.grants.all(client_id="coolsite")
    proceed(browser.get(f"/consents/{grant.grant_id}/revoke")).submit(status=303)
    _, page = to_consent_page(made, Request(client_id="shiftplan"))
    answer(page, "deny")
    made.runtime.evidence.advance()
    made.revoked = grant.grant_id
    yield made
    made.runtime.close()


@pytest.fixture
def cli(platform, tmp_path):
    ini = (tmp_path / "test.ini").read_text()
    made = Cli(tmp_path)
    made.ini.write_text(ini)
    return made


def items(kind):
    """The items of a kind as they are stored, in order."""
    found = (
        one.to_json()["Attributes"] for places in tables()[TABLE].items.values() for one in places.values()
    )
    return sorted((one for one in found if one["p"]["S"].startswith(kind)), key=lambda one: one["s"]["S"])


def remove(service, *doomed):
    for one in doomed:
        service.delete_item(TableName=TABLE, Key={"p": one["p"], "s": one["s"]})


def store(service, item):
    service.put_item(TableName=TABLE, Item=item)


def test_it_is_intact_and_a_bundle_of_it_holds_without_the_table(platform, cli, tmp_path):
    assert cli("audit", "verify").code == 0
    bundle, keys = tmp_path / "all.jsonl", tmp_path / "keys.json"
    exported = cli("audit", "export", str(bundle), "--json").json
    with platform.runtime.storage.reading() as uow:
        noted = list(all_statements(uow, 0, exported["size"]))  # what records are, beside the events
    assert exported == {"grants": 2, "events": 3, "size": 3 + len(noted), "left_out": 0}
    assert noted
    keys.write_text(json.dumps(platform.runtime.published_log.key_list()))
    found = call("verify", str(bundle), "--key", str(keys), "--json")
    assert (found.code, found.json["ok"], found.json["complete"], found.json["events"]) == (0, True, True, 3)


def change_a_body(service, grant_id):
    event = items(f"CHAIN#{grant_id}")[0]
    body = event["body"]
    text = body["S"].replace("comfort", "comfort2") if "S" in body else ""
    store(service, {**event, "body": {"S": text or "{}"}})


def remove_the_revocation(service, grant_id):
    remove(service, items(f"CHAIN#{grant_id}")[-1])


def revive_the_grant(service, grant_id):
    (grant,) = items(f"GRANT#{grant_id}")
    store(service, {**grant, "state": {"S": "active"}})


def remove_everything_of_it(service, grant_id):
    remove(service, *items(f"CHAIN#{grant_id}"), *items(f"GRANT#{grant_id}"))
    remove(service, *(one for one in items("EVENT#") if one["grant_id"]["S"] == grant_id))


def exchange_two_leaves(service, grant_id):
    first, second = items(f"CHAIN#{grant_id}")
    for one, other in ((first, second), (second, first)):
        store(service, {**one, "leaf_index": other["leaf_index"]})


def remove_the_last_leaf(service, _grant_id):
    remove(service, items("LEAF#")[-1])


@pytest.mark.parametrize(
    "attack",
    [
        change_a_body,
        remove_the_revocation,
        revive_the_grant,
        remove_everything_of_it,
        exchange_two_leaves,
        remove_the_last_leaf,
    ],
    ids=lambda attack: attack.__name__,
)
def test_whatever_is_done_to_the_table_is_found(platform, cli, dynamo, attack):
    attack(dynamo, platform.revoked)
    found = cli("audit", "verify")
    assert found.code == 1
    assert "NOT INTACT" in found.err
