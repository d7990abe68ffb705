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
        # IDNA 2003 made strasse.example of it: somebody else's domain.
        ("ada@straße.example", "ada@xn--strae-oqa.example"),
        ("Ada@STRAẞE.example", "ada@xn--strae-oqa.example"),
        ("ada@strasse.example", "ada@strasse.example"),
        ("ada@βόλος.example", "ada@xn--nxasmm1c.example"),
        ("ada@bücher。example", "ada@xn--bcher-kva.example"),
        ("ada@xn--n3h.net", "ada@xn--n3h.net"),
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
        "a\u202eb@c.example",
        "a\x85b@c.example",
        "\ud800@c.example",
        "ada@☃.net",
        "ada@a\u202eb.example",
        "ada@ℂ℀.example",
    ],
)
def test_what_is_no_address_is_refused(typed):
    with pytest.raises(InvalidInput, match="email"):
        normalise_email(typed)
