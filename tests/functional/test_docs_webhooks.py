"""The snippets of docs/webhooks.md, run against the fixtures."""

from __future__ import annotations

import re
from base64 import b64decode
from pathlib import Path

import pytest

from consentcore.webhooks.fixtures import make_fixtures
from consentcore.webhooks.signing import make_secret

PAGE = Path(__file__).resolve().parents[2] / "docs" / "webhooks.md"


@pytest.fixture(scope="module")
def index():
    import time

    return make_fixtures(make_secret("v1"), make_secret("v1"), int(time.time()))


def snippet(defining: str) -> dict:
    """The namespace of the one Python block that defines a name."""
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    (code,) = [block for block in blocks if f"def {defining}(" in block]
    namespace: dict = {}
    exec(compile(code, str(PAGE), "exec"), namespace)
    return namespace


def test_snippet_for_the_shared_secret_judges_every_fixture(index, monkeypatch, capsys):
    monkeypatch.setenv("WEBHOOK_SECRET", index["secret"])
    receive = snippet("receive")["receive"]
    for one in index["fixtures"]:
        if one["verify_with"] == "secret":
            status = receive(one["headers"], b64decode(one["body_base64"]))
            assert status == (204 if one["verdict"] == "accept" else 400), one["name"]
    assert "stop using" in capsys.readouterr().out


def test_snippet_for_the_public_key_judges_every_fixture(index, monkeypatch):
    monkeypatch.setenv("WEBHOOK_PUBLIC_KEY", index["public_key"])
    is_good = snippet("is_good")["is_good"]
    signed_by_key = {"ed25519", "other-scheme-beside"}
    for one in index["fixtures"]:
        good = is_good(one["headers"], b64decode(one["body_base64"]))
        assert good == (one["name"] in signed_by_key), one["name"]
    asymmetric = next(one for one in index["fixtures"] if one["name"] == "ed25519")
    assert not is_good(asymmetric["headers"], b64decode(asymmetric["body_base64"]) + b" ")
    assert not is_good({}, b"")
