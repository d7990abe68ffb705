"""Texts and addresses of people on the command line: what languages need is taken, what lies is named."""

from __future__ import annotations

import json
import sqlite3

import pytest

URI = "https://my_app.example/callback"


def create(cli, *more, name="App"):
    words = ("client", "create", "--name", name, "--redirect-uri", URI, "--scope", "comfort.read", "--json")
    return cli(*words, *more)


def owner(cli, email):
    words = ("owner", "create", "--email", email, "--password-stdin", "--json")
    return cli(*words, stdin=b"correct horse\n").json["owner_id"]


@pytest.mark.parametrize(
    "text",
    [
        "Économisez 10\u00a0% «\u202fdès demain\u202f»",
        "می\u200cخواهیم مصرف را کم کنیم",
        "電力\u3000を減らす",
        "💡\u200d🔧",
    ],
    ids=["French", "Persian", "Japanese", "emoji"],
)
def test_names_and_purposes_hold_what_languages_need(cli, text):
    made = create(cli, "--purpose", text, "--publisher", text, name=text).json
    kept = cli("client", "show", made["client_id"], "--json").json
    assert (kept["name"], kept["publisher"], kept["purpose"]) == (text, text, text)


@pytest.mark.parametrize(
    ("option", "text", "said"),
    [
        ("--purpose", "a\nb", "U+000A"),
        ("--purpose", "a\u202eb", "U+202E"),
        ("--publisher", "a\x1b]0;x\x07", "U+001B"),
        ("--publisher", "a\u2028b", "U+2028"),
        ("--website", "https://a.example/\u2066", "U+2066"),
        ("--purpose", "\udcff", "expected UTF-8"),
        ("--contact-email", "a\u202e@a.example", "U+202E"),
    ],
    ids=ascii,
)
def test_what_may_not_stand_in_a_text_is_named_with_its_option(cli, option, text, said):
    refused = create(cli, option, text)
    assert refused.code == 2
    assert option in refused.err
    assert said in refused.err
    assert text not in refused.err


def test_reasons_hold_what_languages_need(cli):
    client_id = create(cli, "--webhook-url", "https://127.0.0.1:8443/", name="Hooked").json["client_id"]
    (endpoint,) = cli("webhooks", "endpoint", "list", client_id, "--json").json
    words = ("webhooks", "endpoint", "disable", endpoint["endpoint_id"], "--reason")
    refused = cli(*words, "a\u202eb")
    assert (refused.code, "--reason" in refused.err, "U+202E" in refused.err) == (2, True, True)
    assert cli(*words, "en panne depuis 10\u00a0h").code == 0


def test_host_of_a_website_is_kept_as_what_it_means_today(cli):
    made = create(
        cli, "--website", "https://straße.example/ß", "--contact-email", "hooks@straße.example"
    ).json
    kept = cli("client", "show", made["client_id"], "--json").json
    assert kept["website"] == "https://xn--strae-oqa.example/ß"
    assert kept["contact_email"] == "hooks@xn--strae-oqa.example"
    refused = create(cli, "--privacy-url", "https://☃.example/")
    assert refused.code == 2
    assert "--privacy-url: expected a domain name of IDNA 2008, where U+2603 cannot stand" in refused.err


def test_sharp_s_and_ss_are_two_people(cli):
    one, other = owner(cli, "ada@straße.example"), owner(cli, "ada@strasse.example")
    assert one != other
    assert cli("owner", "show", "Ada@STRAẞE.example", "--json").json["owner_id"] == one
    assert cli("owner", "show", "ada@xn--strae-oqa.example", "--json").json["owner_id"] == one
    assert cli("owner", "show", "ada@strasse.example", "--json").json["owner_id"] == other


def test_addresses_that_may_have_been_others_are_found_and_can_be_put_right(cli, tmp_path):
    assert cli("owner", "check-addresses").code == 0
    owner(cli, "bob@example.org")
    ada = owner(cli, "ada@strasse.example")  # what ada@straße.example was before
    zoe = owner(cli, "zoe@xn--nxasmq6b.example")  # βόλοσ, and before βόλος too
    client_id = create(cli, "--contact-email", "hooks@xn--n3h.net").json["client_id"]
    found = cli("owner", "check-addresses", "--json")
    assert found.code == 1
    named = {one["domain"]: one for one in json.loads(found.out)}
    assert list(named) == ["strasse.example", "xn--n3h.net", "xn--nxasmq6b.example"]
    assert named["strasse.example"]["typed"] == "straße.example"
    assert named["strasse.example"]["means"] == "xn--strae-oqa.example"
    places = {
        (place["kind"], place["identifier"], place["member"])
        for one in named.values()
        for place in one["addresses"]
    }
    expected = {("owner", ada, "email"), ("owner", zoe, "email"), ("client", client_id, "contact_email")}
    assert places == expected
    plain = cli("owner", "check-addresses")
    assert plain.code == 1
    assert "straße.example" in plain.out
    assert "ada@" not in plain.out

    words = ("owner", "set-email", "--email", "ada@strasse.example", "--new-email", "ada@straße.example")
    assert cli(*words, "--never-theirs").code == 0
    with sqlite3.connect(tmp_path / "var" / "consentcore.sqlite") as database:
        kept = database.execute(
            "select email, previous_email from owner where owner_id = ?", (ada,)
        ).fetchone()
    assert kept == ("ada@xn--strae-oqa.example", ""), "whoever has the other mailbox is told nothing"
    assert "strasse.example" not in cli("owner", "check-addresses").out
