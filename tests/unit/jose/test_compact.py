"""Headers of signed tokens, good and bad, each with the section that says so."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode

import pytest
from joserfc import jws
from joserfc.jwk import ECKey, OKPKey

from consentcore.jose.compact import MalformedJws, read_compact, verified_payload
from consentcore.jose.rules import registry

ALGORITHMS = ("ES256", "EdDSA")
KEY = ECKey.generate_key("P-256", {"kid": "k"})
GOOD = {"alg": "ES256", "kid": "k", "typ": "JWT"}


def b64(data) -> str:
    text = data if isinstance(data, bytes) else json.dumps(data).encode()
    return urlsafe_b64encode(text).rstrip(b"=").decode()


def token(header, payload=b"{}", signature=b"x" * 64) -> str:
    return f"{b64(header)}.{b64(payload)}.{b64(signature)}"


def with_text(text: str) -> str:
    """A token whose header is this text, however little of it is JSON."""
    return token(text.encode())


@pytest.mark.parametrize(
    ("header", "kid", "typ"),
    [
        (GOOD, "k", "JWT"),
        ({"alg": "ES256"}, None, None),  # only alg is demanded (RFC 7515 section 4.1.1)
        ({**GOOD, "kid": "", "typ": ""}, "", ""),
        ({**GOOD, "jwk": {"kty": "EC"}, "x5c": ["AA=="]}, "k", "JWT"),
        ({**GOOD, "unknown": [{"a": 1}]}, "k", "JWT"),  # is ignored (section 4)
        ({**GOOD, "kid": "Schlüssel"}, "Schlüssel", "JWT"),
    ],
    ids=str,
)
def test_good_headers(header, kid, typ):
    read = read_compact(token(header), ALGORITHMS)
    assert (read.algorithm, read.kid, read.typ, dict(read.header)) == ("ES256", kid, typ, header)
    assert read.unverified_payload() == b"{}"


BAD = [
    ("RFC 7515 section 7.1: three parts", "a.b"),
    ("RFC 7515 section 7.1: three parts", token(GOOD) + ".x"),
    ("RFC 7515 section 7.1: three parts", "." * 8000),
    ("RFC 7515 section 7.1: three parts", ".."),
    ("RFC 7515 section 7.1: three parts", ""),
    ("RFC 7515 appendix F: no detached payload", f"{b64(GOOD)}..{b64(b'x')}"),
    ("RFC 7515 section 2: no padding", f"{b64(GOOD)}=.{b64(b'{}')}.{b64(b'x')}"),
    ("RFC 7515 section 2: no line breaks", f"{b64(GOOD)}.{b64(b'{}')}.{b64(b'x')}\n"),
    ("RFC 7515 section 2: base64url", f"{b64(GOOD)}.e30+.{b64(b'x')}"),
    ("RFC 7515 section 2: base64url", f"{b64(GOOD)}.é.{b64(b'x')}"),
    ("RFC 7515 section 2: base64url", f"A.{b64(b'{}')}.{b64(b'x')}"),
    ("RFC 7515 section 4: a JSON object", token([1])),
    ("RFC 7515 section 4: a JSON object", token("text")),
    ("RFC 7515 section 4: a JSON object", with_text("")),
    ("RFC 7515 section 4: a JSON object", with_text("{")),
    ("RFC 7515 section 4: a JSON object", with_text('{"alg": "ES256"} x')),
    ("RFC 7515 section 4: names stand once", with_text('{"alg": "ES256", "alg": "ES256"}')),
    ("RFC 7515 section 4: names stand once", with_text(r'{"alg": "EdDSA", "\u0061lg": "ES256"}')),
    ("RFC 7515 section 4: names stand once", with_text('{"alg": "ES256", "jwk": {"x": 1, "x": 2}}')),
    ("RFC 7515 section 4: UTF-8", token(b'{"alg": "ES256", "kid": "\xff"}')),
    ("RFC 7515 section 4: UTF-8", token('{"alg": "ES256"}'.encode("utf-16"))),
    ("RFC 8259 section 6: no NaN", with_text('{"alg": "ES256", "x": NaN}')),
    ("RFC 8259 section 6: no Infinity", with_text('{"alg": "ES256", "x": -Infinity}')),
    ("RFC 8259 section 9: depth", with_text('{"alg": "ES256", "x": ' + "[" * 300 + "]" * 300 + "}")),
    ("RFC 8259 section 9: depth", with_text("[" * 700)),
    ("RFC 7515 section 4.1.1: alg", token({"kid": "k"})),
    ("RFC 7515 section 4.1.1: alg", token({"alg": None})),
    ("RFC 7515 section 4.1.1: alg", token({"alg": ["ES256"]})),
    ("RFC 7515 section 4.1.1: alg is case-sensitive", token({"alg": "es256"})),
    ("RFC 8725 section 3.1: only what is accepted", token({"alg": "RS256"})),
    ("RFC 8725 section 3.1: no HMAC", token({"alg": "HS256"})),
    ("RFC 7518 section 3.6: none", token({"alg": "none"})),
    ("RFC 7518 section 3.6: none", token({"alg": "nOnE"})),
    ("RFC 7518 section 3.6: none", f"{b64({'alg': 'none'})}.{b64(b'{}')}."),
    ("RFC 7515 section 4.1.4: kid", token({**GOOD, "kid": 7})),
    ("RFC 7515 section 4.1.4: kid", token({**GOOD, "kid": None})),
    ("RFC 7515 section 4.1.9: typ", token({**GOOD, "typ": ["JWT"]})),
    ("RFC 7515 section 4.1.11: crit", token({**GOOD, "crit": ["exp"], "exp": 1})),
    ("RFC 7515 section 4.1.11: crit", token({**GOOD, "crit": []})),
    ("RFC 7515 section 4.1.11: crit", token({**GOOD, "crit": None})),
    ("RFC 7797 section 6: b64", token({**GOOD, "b64": False, "crit": ["b64"]})),
    ("RFC 7797 section 6: b64", token({**GOOD, "b64": True})),
    ("bounds: the whole", token(GOOD, b"x" * 9000)),
    ("bounds: the whole", "a" * 10_000_000),
    ("bounds: the header", token({**GOOD, "x": "x" * 1000})),
    ("bounds: members", token({"alg": "ES256", **{f"m{number}": 1 for number in range(40)}})),
]


@pytest.mark.parametrize(("section", "text"), BAD, ids=[f"{name} {at}" for at, (name, _) in enumerate(BAD)])
def test_malformed_headers_are_refused(section, text):
    with pytest.raises(MalformedJws) as caught:
        read_compact(text, ALGORITHMS)
    assert len(str(caught.value)) < 100, "the reason quotes nothing of the token"


def test_limits_are_those_of_the_caller():
    long = token({**GOOD, "x": "x" * 1000}, b"x" * 9000)
    assert read_compact(long, ALGORITHMS, max_length=20_000, max_header=2000).kid == "k"
    for limits in ({"max_length": 19}, {"max_header": 19}):
        with pytest.raises(MalformedJws):
            read_compact(token(GOOD), ALGORITHMS, **limits)


@pytest.mark.parametrize("name", ["jwk", "jku", "x5c", "x5u", "x5t", "cty", "zip", "unknown"])
def test_a_caller_may_name_the_members_that_it_knows(name):
    members = {"alg", "typ", "kid"}
    assert read_compact(token(GOOD), ALGORITHMS, members=members).typ == "JWT"
    assert read_compact(token({"alg": "ES256"}), ALGORITHMS, members=members).typ is None
    with pytest.raises(MalformedJws):
        read_compact(token({**GOOD, name: "x"}), ALGORITHMS, members=members)


def signed(payload=b'{"a": 1}', key=KEY, **header) -> str:
    return jws.serialize_compact({**GOOD, **header}, payload, key, ["ES256"])


def test_the_payload_of_a_good_signature():
    read = read_compact(signed(), ALGORITHMS)
    assert verified_payload(read, KEY, registry(ALGORITHMS)) == b'{"a": 1}'


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (signed(), ECKey.generate_key("P-256")),
        (signed(), OKPKey.generate_key("Ed25519")),
        (signed(), ECKey.generate_key("P-384")),
        (signed().rpartition(".")[0] + "." + b64(bytes(64)), KEY),
        (signed().rpartition(".")[0] + ".AAAA", KEY),
        (token(GOOD | {"alg": "EdDSA"}), KEY),
    ],
    ids=["another key", "another kind", "another curve", "zeroes", "short", "another algorithm"],
)
def test_any_other_signature_gives_nothing(text, key):
    assert verified_payload(read_compact(text, ALGORITHMS), key, registry(ALGORITHMS)) is None


def test_a_payload_beyond_the_rules_gives_nothing():
    read = read_compact(signed(b"x" * 1000), ALGORITHMS)
    assert verified_payload(read, KEY, registry(ALGORITHMS, max_payload=100)) is None


def test_reading_warns_of_nothing_and_leaves_the_library_as_it_is(recwarn):
    """A process holds the code of several authors: what one of them filters or changes, it does for all."""
    from joserfc.jws import JWSRegistry

    before = {name: algorithm.security_warning for name, algorithm in JWSRegistry.algorithms.items()}
    key = OKPKey.generate_key("Ed25519")
    text = token({"alg": "EdDSA"})
    assert verified_payload(read_compact(text, ALGORITHMS), key, registry(ALGORITHMS)) is None
    assert not recwarn.list
    assert before == {name: algorithm.security_warning for name, algorithm in JWSRegistry.algorithms.items()}
    assert before["EdDSA"]
