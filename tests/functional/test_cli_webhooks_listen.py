"""``consentcore webhooks listen`` as a process of its own, sent what goes wrong in real life."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from base64 import b64decode

import pytest

from consentcore.webhooks.fixtures import make_fixtures
from consentcore.webhooks.signing import make_secret
from tests.support.patience import PATIENCE_S

LISTEN = [sys.executable, "-m", "consentcore.cli.main", "webhooks", "listen", "--port", "0", "--json"]


@pytest.fixture(scope="module")
def index():
    return make_fixtures(make_secret("v1"), make_secret("v1"), int(time.time()))


def post(url: str, fixture: dict) -> tuple[int, dict]:
    """Send a fixture; status and JSON of the answer."""
    request = urllib.request.Request(url, b64decode(fixture["body_base64"]), fixture["headers"])
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
            return answer.status, {}
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read() or b"{}")


def listen(options: list[str], fixtures: list[dict]) -> tuple[int, list[dict], list[tuple[int, dict]]]:
    """Exit code, what was printed, and what was answered."""
    command = [*LISTEN, "--count", str(len(fixtures)), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            url = process.stderr.readline().split()[2]
            answers = [post(url, one) for one in fixtures]
            out, _ = process.communicate(timeout=PATIENCE_S)
        finally:
            process.kill()
    return process.returncode, [json.loads(line) for line in out.splitlines()], answers


def test_each_fault_is_told_to_both_sides(index):
    options = [
        "--secret",
        index["secret"],
        "--old-secret",
        index["old_secret"],
        "--public-key",
        index["public_key"],
    ]
    code, printed, answers = listen(options, index["fixtures"])
    assert code == 1
    told = {one["name"]: line for one, line in zip(index["fixtures"], printed, strict=True)}
    assert {name: line["ok"] for name, line in told.items()} == {
        one["name"]: one["verdict"] == "accept" for one in index["fixtures"]
    }
    assert told["old-secret"]["problem"] == "signed with the old secret"
    (off,) = re.findall(
        r"clock off by (\d+) s: this machine is ahead of the sender", told["stale"]["problem"]
    )
    assert 600 <= int(off) < 600 + PATIENCE_S
    assert "re-serialised" in told["reserialised"]["problem"]
    assert "wrong secret" in told["wrong-secret"]["hint"]
    assert told["no-webhook-signature"]["problem"] == "missing headers: webhook-signature"
    assert "does not know" in told["unknown-type"]["hint"]
    for line, (status, answer) in zip(printed, answers, strict=True):
        assert status == (204 if line["ok"] else 400)
        assert answer.get("problem", "") == line["problem"]


def test_all_good_is_exit_code_zero_and_the_chosen_answer_is_given(index):
    good = [one for one in index["fixtures"] if one["name"].startswith("good-")]
    code, printed, answers = listen(["--secret", index["secret"], "--answer", "202"], good)
    assert code == 0
    assert all(line["ok"] for line in printed)
    assert {status for status, _ in answers} == {202}


def test_what_cannot_be_checked_says_what_is_needed(index):
    only = [one for one in index["fixtures"] if one["name"] == "ed25519"]
    _, (line,), _ = listen(["--secret", index["secret"]], only)
    assert "--public-key" in line["hint"]
