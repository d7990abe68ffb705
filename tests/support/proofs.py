"""Proofs of possession (RFC 9449), as clients' libraries make them; and what no library would make."""

from __future__ import annotations

import itertools
import json
from base64 import urlsafe_b64encode

from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from consentcore.jose.dpop import ath
from consentcore.jose.public_key import thumbprint

_NUMBERS = itertools.count()


class Prover:
    """A client with a key of its own for proofs.

    :ivar key: of joserfc.
    """

    def __init__(self, alg: str = "ES256", key=None) -> None:
        self.alg = alg
        self.key = key or KINDS[alg]()
        self.jwk = self.key.as_dict(private=False)

    @property
    def jkt(self) -> str:
        return thumbprint(self.jwk)

    def claims(self, url: str, now_s: float, method: str = "POST", *, token: str = "", **changes) -> dict:
        """What a proof says; members that ``changes`` set to None are left out."""
        wanted = {
            "jti": f"proof-{next(_NUMBERS)}",
            "htm": method,
            "htu": url,
            "iat": now_s,
            **({"ath": ath(token)} if token else {}),
            **changes,
        }
        return {name: value for name, value in wanted.items() if value is not None}

    def signed(self, claims, **header) -> str:
        """Sign what somebody claims; members of the header that are None are left out."""
        wanted = {"typ": "dpop+jwt", "alg": self.alg, "jwk": self.jwk, **header}
        protected = {name: value for name, value in wanted.items() if value is not None}
        payload = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
        text = f"{_b64(json.dumps(protected).encode())}.{_b64(payload)}"
        # The library would look at the header, and refuse to sign what a test wants to see refused.
        return f"{text}.{_b64(JWSRegistry.algorithms[self.alg].sign(text.encode(), self.key))}"

    def proof(self, url: str, now_s: float, method: str = "POST", **changes) -> str:
        """A proof for one request; ``changes`` as for :meth:`claims`."""
        return self.signed(self.claims(url, now_s, method, **changes))


def _b64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


KINDS = {
    "ES256": lambda: ECKey.generate_key("P-256", private=True),
    "EdDSA": lambda: OKPKey.generate_key("Ed25519", private=True),
    "Ed25519": lambda: OKPKey.generate_key("Ed25519", private=True),
    "PS256": lambda: RSAKey.generate_key(2048, private=True),
    "RS256": lambda: RSAKey.generate_key(2048, private=True),
}
