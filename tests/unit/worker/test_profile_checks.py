"""What a deployment lacks for the profile that its applications are held to, and for certificates."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest
from joserfc.jwk import RSAKey

from consentcore.api import AuthMethod, transact
from consentcore.clients.service import ClientService
from consentcore.settings import MtlsSettings
from consentcore.testing import factories
from consentcore.worker.profile_checks import profile_checks
from consentcore_memory import MemoryStorage
from tests.support.server_scenario import core_settings

FIT = {"auth_method": AuthMethod.PRIVATE_KEY_JWT}


@pytest.fixture
def runtime():
    """Of a configuration, with what it takes to check it; ``add`` registers a client."""
    storage = MemoryStorage()
    made = SimpleNamespace(settings=core_settings(), storage=storage)
    made.clients = ClientService(None, None, None, None)

    def add(client_id, **fields):
        client = factories.client(client_id=client_id, **fields)
        transact(storage, lambda uow: uow.clients.add(client))

    made.add = add
    return made


def test_100_without_a_profile_nothing_is_said(runtime):
    runtime.add("app")
    runtime.settings = replace(core_settings(), issuer="http://127.0.0.1:1")
    assert profile_checks(runtime) == ([], [])


def test_99_applications_that_are_refused_are_named(runtime):
    runtime.settings = core_settings(profile="fapi2")
    runtime.add("good", **FIT)
    runtime.add("tls", auth_method=AuthMethod.SELF_SIGNED_TLS_CLIENT_AUTH)
    for number in range(5):
        runtime.add(f"app-{number}")
    runtime.add("gone", enabled=False)
    problems, _ = profile_checks(runtime)
    (problem,) = [one for one in problems if one.startswith("fapi2")]
    assert "app-0, app-1, app-2 and 2 more" in problem
    assert "private_key_jwt" in problem


def test_99_applications_whose_keys_do_not_fit_are_named(runtime):
    """They were registered before the profile held; their assertions are refused."""
    runtime.settings = core_settings(profile="fapi2")
    for name, alg in (("old", "RS256"), ("new", "PS256")):
        key = RSAKey.generate_key(2048).as_dict(private=False)
        runtime.add(name, **FIT, jwks=json.dumps({"keys": [{**key, "alg": alg}]}))
    (problem,) = profile_checks(runtime)[0]
    assert problem.startswith("fapi2: expected a key for one of ES256")
    assert "jwks of old, refused" in problem


def test_99_apis_may_ask_with_their_secrets(runtime):
    from consentcore.api import ClientKind

    runtime.settings = core_settings(profile="fapi2")
    runtime.add("api", kind=ClientKind.RESOURCE_SERVER)
    assert profile_checks(runtime)[0] == []


@pytest.mark.parametrize("fields", [{"profile": "fapi2", **FIT}, {}])
def test_100_issuer_without_tls_is_said(runtime, fields):
    runtime.settings = replace(
        core_settings(profile=None if fields else "fapi2"), issuer="http://127.0.0.1:6543"
    )
    if fields:
        runtime.add("app", **fields)
    assert profile_checks(runtime)[0] == ["consentcore.issuer: expected https, as fapi2 demands"]


def test_100_what_the_profile_shortens_is_worth_knowing(runtime):
    runtime.settings = core_settings(profile="fapi2", code_ttl_s=300, par_ttl_s=600)
    _, notes = profile_checks(runtime)
    assert [note.partition(":")[0] for note in notes] == [
        "consentcore.oauth.code_ttl_s",
        "consentcore.oauth.par_ttl_s",
        "fapi2",
        "fapi2",
    ]
    assert "docs/samples/nginx.conf" in notes[-1]


@pytest.mark.parametrize(
    ("fields", "mtls", "missing"),
    [
        ({"auth_method": AuthMethod.TLS_CLIENT_AUTH}, {}, "certificate_header"),
        ({"auth_method": AuthMethod.SELF_SIGNED_TLS_CLIENT_AUTH}, {}, "certificate_header"),
        ({"tls_client_certificate_bound_access_tokens": True}, {}, "certificate_header"),
        ({"auth_method": AuthMethod.TLS_CLIENT_AUTH}, {"certificate_header": "nginx"}, "ca_file"),
        ({"auth_method": AuthMethod.SELF_SIGNED_TLS_CLIENT_AUTH}, {"certificate_header": "nginx"}, ""),
        ({}, {}, ""),
    ],
)
def test_99_what_certificates_need_is_said(runtime, fields, mtls, missing):
    runtime.settings = replace(core_settings(), mtls=MtlsSettings(**mtls))
    runtime.add("app", **fields)
    assert profile_checks(runtime)[0] == (
        [f"consentcore.mtls.{missing}: expected for app"] if missing else []
    )
