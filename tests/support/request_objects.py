"""Authorization requests that a client has signed (RFC 9101), and answers that the server has."""

from __future__ import annotations

import json

from joserfc import jws
from joserfc.jwk import ECKey, KeySet

from consentcore.jose.rules import registry
from consentcore.testing import factories
from tests.support.proofs import Prover

ISSUER = "https://consent.example"
KEY = ECKey.generate_key("P-256", {"kid": "ec", "use": "sig"})
TYP = "oauth-authz-req+jwt"


def jwks_of(*keys) -> str:
    """The JWK set that a client registers."""
    return json.dumps({"keys": [key.as_dict(private=False) for key in keys]})


def asked(scenario, **changes) -> dict:
    """What a request object says; members that ``changes`` set to None are left out."""
    now = scenario.clock.now() // 1000
    wanted = {
        "iss": "app",
        "aud": ISSUER,
        "nbf": now,
        "exp": now + 300,
        "client_id": "app",
        "response_type": "code",
        "redirect_uri": factories.REDIRECT_URI,
        "scope": "comfort.read",
        "state": "inside",
        **changes,
    }
    return {name: value for name, value in wanted.items() if value is not None}


def request_object(scenario, key=KEY, alg="ES256", header=None, **changes) -> str:
    """The same signed."""
    wanted = {"typ": TYP, "jwk": None, "kid": key.kid, **(header or {})}
    return Prover(alg, key).signed(asked(scenario, **changes), **wanted)


def read_signed(server, text: str) -> tuple[dict, dict]:
    """Header and claims of something that the server has signed, checked by the keys that it publishes."""
    keys = KeySet.import_key_set(server.jwks())
    found = jws.deserialize_compact(text, keys, registry=registry(("ES256", "EdDSA")))
    return found.protected, json.loads(found.payload)
