"""Fixtures for receivers' own tests, judged by the stock library and by the listener."""

from __future__ import annotations

import json
from base64 import b64decode

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from consentcore.webhooks.signing import read_public_key, read_secret
from consentcore.webhooks.verification import Trust, examine
from tests.support.command_line import Cli
from tests.support.node import node_process
from tests.support.patience import PATIENCE_S


@pytest.fixture
def made(tmp_path):
    cli = Cli(tmp_path)
    folder = tmp_path / "fixtures"
    result = cli("webhooks", "fixtures", "--out", str(folder), "--json", ini=False)
    assert result.code == 0, result.err
    index = json.loads((folder / "index.json").read_text())
    assert index == result.json
    for one in index["fixtures"]:
        assert json.loads((folder / f"{one['name']}.json").read_text()) == one
    return index


def stock_verdict(index: dict, fixture: dict) -> str:
    try:
        Webhook(index["secret"]).verify(b64decode(fixture["body_base64"]), fixture["headers"])
    except WebhookVerificationError:
        return "reject"
    return "accept"


def test_stock_library_judges_each_as_it_says(made):
    judged = {
        one["name"]: stock_verdict(made, one) for one in made["fixtures"] if one["verify_with"] == "secret"
    }
    assert judged == {one["name"]: one["verdict"] for one in made["fixtures"] if one["name"] in judged}
    assert set(judged.values()) == {"accept", "reject"}
    assert len(judged) >= 18


def test_every_fixture_has_the_bytes_twice_and_a_name_of_its_own(made):
    names = [one["name"] for one in made["fixtures"]]
    assert len(set(names)) == len(names)
    for one in made["fixtures"]:
        assert b64decode(one["body_base64"]).decode() == one["body"]


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("good-consent-revoked", ""),
        ("rotating", ""),
        ("unknown-type", ""),
        ("ed25519", ""),
        ("old-secret", "signed with the old secret"),
        ("wrong-secret", "no signature matches the secret"),
        ("tampered", "no signature matches the secret"),
        ("reserialised", "the body was re-serialised on its way"),
        ("stale", "clock off by 600 s: this machine is ahead of the sender"),
        ("future", "clock off by 600 s: this machine is behind the sender"),
        ("no-webhook-id", "missing headers: webhook-id"),
    ],
)
def test_listener_explains_each(made, name, problem):
    fixture = next(one for one in made["fixtures"] if one["name"] == name)
    trust = Trust(
        (read_secret(made["secret"]),),
        (read_secret(made["old_secret"]),),
        (read_public_key(made["public_key"]),),
    )
    found = examine(fixture["headers"], b64decode(fixture["body_base64"]), trust, made["now"])
    assert found.problem == problem
    assert found.ok == (fixture["verdict"] == "accept")


def test_secret_and_time_can_be_chosen(tmp_path):
    cli = Cli(tmp_path)
    secret = "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    options = ("--secret", secret, "--at", "1800000000", "--out", str(tmp_path / "f"), "--json")
    index = cli("webhooks", "fixtures", *options, ini=False).json
    assert (index["secret"], index["now"]) == (secret, 1_800_000_000)
    assert index["fixtures"][0]["headers"]["webhook-timestamp"] == "1800000000"


def test_bad_input_is_refused(tmp_path):
    cli = Cli(tmp_path)
    assert cli("webhooks", "fixtures", "--secret", "hush", "--out", str(tmp_path / "f"), ini=False).code == 2
    (tmp_path / "file").write_text("")
    assert cli("webhooks", "fixtures", "--out", str(tmp_path / "file" / "x"), ini=False).code == 1
    assert cli("webhooks", "fixtures", ini=False).code == 2


@pytest.mark.slow
def test_receiver_on_nodejs_judges_each_as_it_says(tmp_path):
    cli = Cli(tmp_path)
    assert cli("webhooks", "fixtures", "--out", str(tmp_path / "f"), ini=False).code == 0
    index = tmp_path / "f" / "index.json"
    with node_process("webhooks.js", str(index)) as process:
        out, err = process.communicate(timeout=2 * PATIENCE_S)
    assert process.returncode == 0, err
    expected = {one["name"]: one["verdict"] for one in json.loads(index.read_text())["fixtures"]}
    assert json.loads(out) == expected
