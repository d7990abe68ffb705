"""Clients that sign who they are, as their libraries do; and what no library would sign."""

from __future__ import annotations

import itertools
import json

from joserfc import jws
from joserfc.jwk import ECKey

from consentcore.oauth.client_auth.credentials import ASSERTION_TYPE

ISSUER = "https://consent.example"
EC = ECKey.generate_key("P-256", {"kid": "ec", "use": "sig"})
_NUMBERS = itertools.count()


def fresh_jti() -> str:
    return f"jti-{next(_NUMBERS)}"


def claims(house, **changes):
    now = house.clock.now() // 1000
    wanted = {
        "iss": "signer",
        "sub": "signer",
        "aud": ISSUER,
        "jti": fresh_jti(),
        "iat": now,
        "exp": now + 60,
        **changes,
    }
    return {name: value for name, value in wanted.items() if value is not None}


def signed(payload, key=EC, alg="ES256", **header):
    protected = {"alg": alg, "kid": key.kid, **header}
    registry = jws.JWSRegistry(algorithms=[alg], strict_check_header=False)
    registry.max_header_length = 10**6
    return jws.serialize_compact(protected, json.dumps(payload).encode(), key, [alg], registry)


def present(house, assertion, endpoint="introspect", **more):
    parameters = {
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": assertion,
        "token": "x",
        **more,
    }
    return house.post(endpoint, parameters, auth=None)


def accepted(answer):
    assert answer.status in (200, 401), answer.raw
    if answer.status == 401:
        assert answer.error == "invalid_client"
        assert answer.headers["WWW-Authenticate"].startswith("Basic realm=")
    return answer.status == 200
