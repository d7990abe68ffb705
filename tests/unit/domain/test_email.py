"""Addresses of data owners as they are looked up and written to."""

from __future__ import annotations

import pytest

from consentcore.api import InvalidInput, normalise_email


@pytest.mark.parametrize(
    ("typed", "known_as"),
    [
        (" Ada@Example.ORG ", "ada@example.org"),
        ("ada@bücher.example", "ada@xn--bcher-kva.example"),
        ("ada@XN--BCHER-KVA.example", "ada@xn--bcher-kva.example"),
        ("größe@example.org", "größe@example.org"),
    ],
)
def test_address_has_one_form(typed, known_as):
    assert normalise_email(typed) == known_as
    assert normalise_email(known_as) == known_as


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "ada",
        "@example.org",
        "ada@",
        "a@b@c",
        "ada@é..example",
        f"ada@{'é' * 80}.example",
        "a\r\nb@c.example",
    ],
)
def test_what_is_no_address_is_refused(typed):
    with pytest.raises(InvalidInput, match="email"):
        normalise_email(typed)
