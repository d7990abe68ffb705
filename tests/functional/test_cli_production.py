"""production.ini as it stands, with the variables of its header."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path

import pytest

from tests.support.command_line import Cli

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.postgres


@pytest.fixture
def cli(tmp_path, monkeypatch, empty_postgres_url):
    for name, value in {
        "ISSUER": "https://consent.example.com",
        "MASTER_KEYS": b64encode(b"m" * 32).decode(),
        "DATABASE_URL": empty_postgres_url,
        "SMTP_HOST": "127.0.0.1",
        "SMTP_USERNAME": "",
        "SMTP_PASSWORD": "",
        "SMTP_SENDER": "Consent <consent@example.com>",
    }.items():
        monkeypatch.setenv(f"CONSENTCORE_{name}", value)
    made = Cli(tmp_path)
    made.ini = ROOT / "production.ini"
    return made


def test_production_ini_initialises_and_does_what_a_start_does(cli):
    assert cli("init").code == 0
    assert cli("plugins", "check").code == 0
    options = ("--name", "App", "--redirect-uri", "https://app.example/cb", "--scope", "comfort.read")
    assert cli("client", "create", *options).code == 0
    assert "App" in cli("client", "list").out
    assert cli("audit", "verify").code == 0


def test_missing_variables_end_every_command_with_78(cli, monkeypatch):
    for name in ("CONSENTCORE_DATABASE_URL", "CONSENTCORE_MASTER_KEYS"):
        monkeypatch.delenv(name)
    result = cli("init")
    assert result.code == 78
    assert "CONSENTCORE_DATABASE_URL" in result.err
    assert "CONSENTCORE_MASTER_KEYS" in result.err
