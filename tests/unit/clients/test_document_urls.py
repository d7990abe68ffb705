"""Which URLs may be client ids (draft-ietf-oauth-client-id-metadata-document section 3), and whose."""

import pytest

from consentcore.clients.document_urls import check_document_url, is_host_pattern, is_let_in
from consentcore.domain.errors import InvalidInput

GOOD = {
    "https://app.example/client.json": "app.example",
    "https://app.example/a/b": "app.example",
    "https://app.example:8443/client": "app.example",
    "https://xn--bcher-kva.example/client": "xn--bcher-kva.example",
    "https://app.example/.well-known/client": "app.example",
    "https://app.example/a..b": "app.example",
    "https://192.0.2.7/client": "192.0.2.7",
    "https://[2001:db8::1]/client": "2001:db8::1",
}
BAD = {
    "no https": "http://app.example/client",
    "another scheme": "ftp://app.example/client",
    "no path": "https://app.example",
    "an empty path": "https://app.example/",
    "a fragment": "https://app.example/client#x",
    "an empty fragment": "https://app.example/client#",
    "a user": "https://ada@app.example/client",
    "a password": "https://ada:x@app.example/client",
    "a query": "https://app.example/client?x=1",
    "an empty query": "https://app.example/client?",
    "a dot segment": "https://app.example/./client",
    "two dots": "https://app.example/a/../client",
    "dots at the end": "https://app.example/a/..",
    "encoded dots": "https://app.example/a/%2e%2E/client",
    "capitals": "https://APP.example/client",
    "the default port": "https://app.example:443/client",
    "a dot at the end": "https://app.example./client",
    "a dot before a port": "https://app.example.:8443/client",
    "an empty port": "https://app.example:/client",
    "the default port with zeros": "https://app.example:0443/client",
    "another port with zeros": "https://app.example:08443/client",
    "an address written long": "https://[2001:db8:0::1]/client",
    "a percent sign in the host": "https://app%2eexample/client",
    "no host": "https:///client",
    "a port that is none": "https://app.example:99999/client",
    "a backslash": "https://app.example\\client",
    "a blank": "https://app.example/cli ent",
    "letters beyond ASCII": "https://bücher.example/client",
    "too long": "https://app.example/" + "x" * 240,
}


@pytest.mark.parametrize("url", GOOD)
def test_a_url_that_may_be_a_client_id_tells_its_host(url):
    assert check_document_url(url) == GOOD[url]


@pytest.mark.parametrize("what", BAD)
def test_any_other_url_is_none(what):
    with pytest.raises(InvalidInput) as caught:
        check_document_url(BAD[what])
    assert caught.value.field == "client_id"


@pytest.mark.parametrize(
    ("patterns", "host", "let_in"),
    [
        ((), "app.example", False),
        (("*",), "app.example", True),
        (("app.example",), "app.example", True),
        (("app.example",), "x.app.example", False),
        (("app.example",), "app.example.evil.example", False),
        (("*.app.example",), "x.app.example", True),
        (("*.app.example",), "app.example", False),
        (("*.app.example",), "xapp.example", False),
        (("other.example", "app.example"), "app.example", True),
    ],
)
def test_hosts_are_let_in_by_name(patterns, host, let_in):
    assert is_let_in(host, patterns) is let_in


@pytest.mark.parametrize("text", ["*", "app.example", "*.app.example", "192.0.2.7"])
def test_what_a_setting_may_name(text):
    assert is_host_pattern(text)


@pytest.mark.parametrize("text", ["", "**", "*app.example", "https://app.example", "App.example", "a b", "."])
def test_what_it_may_not(text):
    assert not is_host_pattern(text)
