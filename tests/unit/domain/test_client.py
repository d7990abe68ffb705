"""Clients as plain values."""

from __future__ import annotations

from consentcore.testing import factories


def test_audiences_can_be_read_by_the_name_that_they_had_in_version_1():
    client = factories.client(audiences=("https://api.example",))
    assert client.resources == client.audiences == ("https://api.example",)
