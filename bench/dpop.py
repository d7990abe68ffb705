"""Proofs of possession as a client makes them (RFC 9449 section 4), ahead of time: they are not what is measured."""

from __future__ import annotations

import json
import secrets
import time

from joserfc import jws
from joserfc.jwk import ECKey


class Prover:
    """A client's key.

    :param url: of the endpoint that the proofs are for.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._key = ECKey.generate_key("P-256")
        self._header = {"typ": "dpop+jwt", "alg": "ES256", "jwk": self._key.as_dict(private=False)}

    def proof(self) -> str:
        """One more, made now."""
        claims = {"jti": secrets.token_urlsafe(16), "htm": "POST", "htu": self._url, "iat": int(time.time())}
        return jws.serialize_compact(self._header, json.dumps(claims), self._key)
