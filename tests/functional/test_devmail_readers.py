"""The mailbox of development is for this machine: whoever reads it can reset everybody's password."""

from __future__ import annotations

import pytest
from webtest import TestApp

from consentcore.worker.worker import Worker
from tests.support.platform import connect, make_platform

READERS = "consentcore.plugin.devmail.readers"


@pytest.mark.parametrize(
    ("issuer", "web_url"),
    [
        ("https://consent.example.com", ""),
        ("http://127.0.0.1:6543", "https://consent.example.com"),
        ("https://10.0.0.7", ""),
        ("https://localhost.example.com", ""),
    ],
)
def test_a_server_that_others_reach_is_refused_until_it_is_said_who_may_read(cli, issuer, web_url):
    cli.ini.write_text(cli.ini.read_text().replace("http://127.0.0.1:6543", issuer))
    if web_url:
        cli.set(f"consentcore.web_url = {web_url}")
    for command in (("plugins", "check"), ("plugins", "check", "--json")):
        result = cli(*command)
        assert result.code == 78
        assert f"{READERS}: devmail shows every mail" in result.err
    cli.set(f"{READERS} = 10.20.0.0/16 127.0.0.1")
    assert cli("plugins", "check").code == 0


@pytest.mark.parametrize(
    "issuer", ["https://localhost", "https://127.8.8.8:8443", "http://[::1]:6543", "https://app.localhost"]
)
def test_loopback_is_this_machine_with_https_too(cli, issuer):
    cli.ini.write_text(cli.ini.read_text().replace("http://127.0.0.1:6543", issuer))
    assert cli("plugins", "check").code == 0, cli("plugins", "check").err


def test_readers_are_networks(cli):
    cli.set(f"{READERS} = everybody")
    result = cli("plugins", "check")
    assert result.code == 78
    assert "readers: expected networks such as 10.0.0.0/8, not everybody" in result.err


@pytest.fixture(params=["", "10.20.0.0/16"])
def platform(request, tmp_path):
    made = make_platform(tmp_path, extra=f"{READERS} = {request.param}")
    made.networks = request.param
    connect(made)
    Worker(made.runtime).run_once()
    yield made
    made.runtime.close()


HERE, THERE, STRANGER = "127.0.0.1", "10.20.3.4", "203.0.113.9"


@pytest.mark.parametrize(
    ("address", "headers", "may"),
    [
        (HERE, {}, [""]),
        ("::1", {}, [""]),
        ("::ffff:127.0.0.1", {}, [""]),
        (HERE, {"X-Forwarded-For": STRANGER}, []),
        (HERE, {"Forwarded": "for=203.0.113.9"}, []),
        (THERE, {}, ["10.20.0.0/16"]),
        (STRANGER, {}, []),
        (STRANGER, {"Host": "localhost:6543"}, []),
        ("", {}, ["", "10.20.0.0/16"]),  # a Unix socket
    ],
)
def test_only_readers_are_shown_anything(platform, address, headers, may):
    browser = TestApp(platform.app, extra_environ={"REMOTE_ADDR": address})
    folder = platform.runtime.registry.settings("devmail").dir
    name = next(folder.glob("*.eml")).name
    status = 200 if platform.networks in may else 403
    for path in ("/_dev/mail", f"/_dev/mail/{name}", f"/_dev/mail/{name}/html"):
        answer = browser.get(path, headers=headers, status=status)
        assert ("CoolSite" in answer.text) == (status == 200)


def test_mails_are_read_by_their_owner_only(platform):
    folder = platform.runtime.registry.settings("devmail").dir
    assert {one.stat().st_mode & 0o777 for one in folder.glob("*.eml")} == {0o600}
