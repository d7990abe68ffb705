"""Clients that describe themselves: what they are kept under, and what becomes of it when a document changes."""

from __future__ import annotations

from dataclasses import replace

from consentcore.domain.client import CLIENT_ID, AuthMethod, Halt
from consentcore.domain.described_client import (
    agreed_before,
    as_described,
    described,
    document_url,
    is_outdated,
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


def read_at(at, text="{}", kept_at=0):
    return client(self_registered=SelfRegistration(at, document_url=URL, document=text, kept_at=kept_at))


def test_a_reading_from_before_what_is_kept_is_outdated_unless_it_says_the_same():
    row = read_at(NOW, "new", NOW + 5)
    assert is_outdated(read_at(NOW - 1, "old"), row)
    assert not is_outdated(read_at(NOW - 1, "new"), row)
    assert not is_outdated(read_at(NOW + 1, "newer"), row)
    assert not is_outdated(factories.client(), row)


def test_a_permission_from_before_the_row_said_so_may_be_about_something_else():
    row = read_at(NOW, kept_at=NOW + 5)
    assert agreed_before(row, NOW + 4)
    assert not agreed_before(row, NOW + 5)
    assert not agreed_before(factories.client(), NOW)
    assert agreed_before(read_at(NOW), NOW - 1), "where nobody has noted it, since it was read"


def test_what_is_kept_says_since_when_for_as_long_as_the_document_says_the_same():
    row = read_at(NOW, kept_at=NOW + 5)
    assert merged(read_at(NOW + 9), row) == row
    assert merged(read_at(NOW + 9, "new"), row).self_registered.kept_at == 0


def test_whom_nobody_has_checked_is_unknown():
    assert client().unknown
    assert not client(verified_at=NOW).unknown
    assert not factories.client().unknown
