"""Clients that describe themselves: what they are kept under, and what becomes of it when a document changes."""

from __future__ import annotations

from dataclasses import replace

from consentcore.domain.client import CLIENT_ID, AuthMethod, Halt
from consentcore.domain.described_client import (
    as_described,
    described,
    document_url,
    kept_id,
    merged,
    protocol_id,
)
from consentcore.domain.self_registration import SelfRegistration
from consentcore.testing import factories
from consentcore.testing.factories import NOW

URL = "https://app.example/client.json"


def client(text="{}", **fields):
    said = SelfRegistration(NOW, document_url=URL, document=text, contacts=("a", "b"))
    values = {"client_id": kept_id(URL), "secrets": (), "self_registered": said, "publisher": "", **fields}
    return factories.client(**values)


def test_it_is_kept_under_an_id_like_any_other():
    assert CLIENT_ID.fullmatch(kept_id(URL))
    assert kept_id(URL) == kept_id(URL)
    assert kept_id(URL) != kept_id(URL + "x")


def test_an_id_that_is_no_url_is_what_it_is_kept_under():
    assert kept_id("app") == "app"
    assert kept_id("http://app.example/x") == "http://app.example/x"


def test_the_protocol_knows_it_by_its_url():
    assert (protocol_id(client()), document_url(client())) == (URL, URL)
    other = factories.client()
    assert (protocol_id(other), document_url(other), document_url(None)) == (other.client_id, "", "")
    assert client().self_registered.host == "app.example"
    assert SelfRegistration(NOW).host == ""


def test_what_was_described_comes_back_whole():
    asking = client(
        auth_method=AuthMethod.PRIVATE_KEY_JWT,
        jwks='{"keys": []}',
        redirect_uris=("https://app.example/a", "https://app.example/b"),
        audiences=("https://api.example",),
        require_par=True,
        dpop_bound_access_tokens=True,
    )
    assert as_described(described(asking), None) == asking


def test_a_client_that_an_operator_has_registered_is_what_is_kept():
    registered = factories.client()
    assert described(registered) == ""
    assert as_described("", registered) is registered
    assert as_described("", None) is None


def test_what_operators_have_done_outlives_every_document():
    row = client(
        suspended=Halt(NOW, "ops", "x"), enabled=False, disabled=Halt(NOW), verified_at=NOW, created_at=5
    )
    fresh = client(name="Renamed")
    found = merged(fresh, row)
    assert (found.name, found.suspended, found.enabled, found.disabled) == (
        "Renamed",
        row.suspended,
        False,
        row.disabled,
    )
    assert (found.created_at, found.verified_at) == (5, NOW)
    assert merged(fresh, None) == fresh


def test_what_somebody_has_checked_was_another_text():
    row = client(verified_at=NOW)
    assert merged(client('{"changed": true}'), row).verified_at is None
    assert as_described(described(client('{"changed": true}')), row).verified_at is None


def test_what_is_written_of_it_says_nothing_of_operators():
    text = described(replace(client(), verified_at=NOW, suspended=Halt(NOW, "ops", "reason")))
    assert "reason" not in text
    assert "verified_at" not in text
