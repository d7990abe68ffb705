"""A provider that is down, slow, or talks nonsense; and settings that cannot work."""

from __future__ import annotations

import builtins
import json
import socket
import threading
import time
from dataclasses import replace

import pytest

from consentcore.api import (
    Authenticated,
    ConfigurationError,
    RedirectTo,
    Refused,
    Returned,
    Secret,
    Unavailable,
)
from consentcore.demo.serving import Site, base_url, bind
from consentcore_login_oidc import consentcore_login
from consentcore_login_oidc.settings import OidcSettings
from tests.plugins.consentcore_login_oidc.conftest import CALLBACK, begin, complete, now
from tests.support.certificates import make_certificate
from tests.support.oidc_provider import FakeProvider
from tests.support.patience import PATIENCE_S


def start(login):
    return login.begin(callback_url=CALLBACK, fresh=False, now=now())


def test_a_provider_that_is_not_there(made, provider):
    with bind("127.0.0.1", 0, listen=False) as nobody:
        login = made(issuer=base_url(nobody))
        assert start(login) == Unavailable(10)
        assert login.end(return_url="x") == ""


NONSENSE = [
    (500, b"{}"),
    (404, b"{}"),
    (302, b"{}"),
    (200, b""),
    (200, b"<html>"),
    (200, b"[]"),
    (200, b"{}"),
    (200, b'"text"'),
    (200, b"\xff\xfe"),
    (200, b"[" * 100_000),
    (200, b'{"x": "' + b"y" * 600_000 + b'"}'),
]


@pytest.mark.parametrize("answer", NONSENSE, ids=lambda answer: f"{answer[0]} {answer[1][:8]!r}")
@pytest.mark.parametrize("path", ["discovery", "jwks", "token"])
def test_nonsense_is_no_error_of_ours(made, provider, path, answer):
    login = made()
    if path == "discovery":
        provider.instead[path] = answer
        assert start(login) == Unavailable(10)
        return
    sent = begin(login)
    provider.instead[path] = answer
    assert isinstance(complete(login, provider, sent), Unavailable | Refused)


def test_nonsense_from_userinfo_is_no_error_of_ours(made, provider):
    provider.claims = {"email": None}
    for answer in NONSENSE:
        provider.instead["userinfo"] = answer
        assert isinstance(complete(made(), provider), Unavailable | Refused)


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://evil.example"},
        {"issuer": None},
        {"token_endpoint": None},
        {"token_endpoint": "http://evil.example/token"},
        {"jwks_uri": "file:///etc/passwd"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": "https://user@evil.example/"},
        {"userinfo_endpoint": 7},
        {"end_session_endpoint": "http://evil.example"},
    ],
    ids=str,
)
def test_metadata_that_is_not_safe_is_not_used(made, provider, metadata):
    provider.metadata = metadata
    assert start(made()) == Unavailable(10)


@pytest.mark.parametrize(
    ("status", "error", "outcome"),
    [
        (400, "invalid_grant", Refused("failed")),
        (401, "invalid_client", Unavailable(10)),
        (400, "server_error", Unavailable(10)),
    ],
)
def test_errors_of_the_token_endpoint(made, provider, status, error, outcome):
    provider.instead["token"] = (status, json.dumps({"error": error, "error_description": "x"}).encode())
    assert complete(made(), provider) == outcome


@pytest.mark.parametrize(
    "answer", [{"access_token": "x", "token_type": "Bearer"}, {"id_token": "x"}, {"id_token": 7}]
)
def test_a_token_answer_that_lacks_something(made, provider, answer):
    provider.instead["token"] = (200, json.dumps(answer).encode())
    assert isinstance(complete(made(), provider), Unavailable | Refused)


def test_a_provider_that_drips_does_not_hold_a_thread():
    """A byte now and then starts every timeout of a socket anew."""
    listener = bind("127.0.0.1", 0)
    over = threading.Event()

    def drip():
        connection, _ = listener.accept()
        with connection:
            connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
            while not over.wait(0.1):
                try:
                    connection.sendall(b"x")
                except OSError:
                    return

    thread = threading.Thread(target=drip)
    thread.start()
    settings = OidcSettings(base_url(listener), "id", Secret("secret"), timeout_s=0.5)
    began = time.monotonic()
    assert start(consentcore_login(settings, None, None)) == Unavailable(10)
    assert time.monotonic() - began < PATIENCE_S
    over.set()
    thread.join()
    listener.close()


def test_a_provider_that_is_down_is_not_asked_for_each_person(made, provider):
    provider.instead["discovery"] = (500, b"")
    login = made()
    for _ in range(5):
        assert start(login) == Unavailable(10)
    assert len(provider.seen) == 1


def test_it_is_asked_again_after_a_while(made, provider, monkeypatch):
    provider.instead["discovery"] = (500, b"")
    login = made()
    assert start(login) == Unavailable(10)
    provider.instead.clear()
    later = time.monotonic() + 6
    monkeypatch.setattr(time, "monotonic", lambda: later)
    assert isinstance(start(login), RedirectTo)


def test_what_was_known_does_for_a_day(made, provider, monkeypatch):
    login = made()
    assert isinstance(complete(login, provider), Authenticated)
    provider.instead = {"discovery": (500, b""), "jwks": (500, b"")}
    began = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: began + 5 * 3600)
    assert isinstance(complete(login, provider), Authenticated)
    monkeypatch.setattr(time, "monotonic", lambda: began + 25 * 3600)
    assert start(login) == Unavailable(10)


def test_nothing_secret_is_logged(made, provider, caplog):
    caplog.set_level("DEBUG", logger="consentcore_login_oidc")
    complete(made(), provider)
    provider.claims = {"nonce": "another"}
    complete(made(), provider)
    provider.instead["token"] = (400, b'{"error": "invalid_grant\\n<the-code>"}')
    complete(made(), provider)
    for secret in ("the-code", "the-access-token", "ada@example.org", "eyJ", provider.asked["state"]):
        assert secret not in caplog.text


def test_proxy_settings_of_the_environment_are_ignored(made, provider, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as nowhere:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{nowhere.getsockname()[1]}")
        monkeypatch.setenv("NO_PROXY", "")
        assert isinstance(complete(made(), provider), Authenticated)


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"issuer": "http://login.example"}, "issuer"),
        ({"issuer": "login.example"}, "issuer"),
        ({"issuer": "https://login.example?x=1"}, "issuer"),
        ({"client_secret": Secret("")}, "client_secret"),
        ({"scopes": ("email",)}, "scopes"),
        ({"id_token_algs": ("none",)}, "id_token_algs"),
        ({"id_token_algs": ("HS256",)}, "id_token_algs"),
        ({"id_token_algs": ()}, "id_token_algs"),
    ],
    ids=str,
)
def test_settings_that_cannot_work_stop_the_start(made, settings, named):
    with pytest.raises(ConfigurationError) as caught:
        made(**settings)
    assert [line.partition(":")[0] for line in caught.value.problems] == [
        f"consentcore.plugin.login_oidc.{named}"
    ]


@pytest.mark.parametrize("missing", ["authlib", "requests"])
def test_without_its_libraries_it_says_how_to_get_them(monkeypatch, missing):
    import sys

    for name in [name for name in sys.modules if name.startswith("consentcore_login_oidc.")]:
        if name.rpartition(".")[2] in {"login", "calls", "discovery", "tokens", "linking"}:
            monkeypatch.delitem(sys.modules, name)
    real = builtins.__import__

    def without(name, *arguments, **keywords):
        if name.partition(".")[0] == missing:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return real(name, *arguments, **keywords)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ConfigurationError, match=r"pip install 'consentcore\[oidc\]'"):
        consentcore_login(OidcSettings("https://login.example", "id", Secret("s")), None, None)


def test_a_public_client_sends_no_secret(made, provider):
    login = made(client_auth="none", client_secret=Secret(""))
    sent = begin(login)
    params = provider.sends_back(sent.url)
    assert isinstance(login.complete(Returned(params, sent.transient, CALLBACK, now())), Authenticated)
    _, form, authorization = next(one for one in provider.seen if one[0] == "token")
    assert form["client_id"] == "consentcore-test"
    assert "client_secret" not in form
    assert authorization == ""


def test_a_provider_with_a_certificate_of_its_own(tmp_path):
    certificate = make_certificate(tmp_path, "127.0.0.1")
    sock = bind("127.0.0.1", 0)
    provider = FakeProvider(base_url(sock).replace("http:", "https:"))
    site = Site(certificate.server.wrap_socket(sock, server_side=True), provider)
    settings = OidcSettings(provider.issuer, "id", Secret("secret"), timeout_s=5)
    trusting = replace(settings, ca_file=certificate.path)
    assert isinstance(start(consentcore_login(trusting, None, None)), RedirectTo)
    assert start(consentcore_login(settings, None, None)) == Unavailable(10)
    site.close()
    with pytest.raises(ConfigurationError, match="ca_file"):
        consentcore_login(replace(settings, ca_file=tmp_path / "nowhere"), None, None)
    (tmp_path / "some.pem").write_text("no certificate")
    with pytest.raises(ConfigurationError, match=r"ca_file: expected certificates \(PEM\) in"):
        consentcore_login(replace(settings, ca_file=tmp_path / "some.pem"), None, None)
