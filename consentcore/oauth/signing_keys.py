"""The keys that sign JWT access tokens and answers, and the set that is published (RFC 7517).

Each master key of the ring gives an ES256 and an Ed25519 key. A key is published from the moment at which it is in
the ring, signs from the moment at which the ring uses it, and stays published until no token that it signed can live.
One that was revoked leaves at once: others may sign with it, so that nothing that it signed may verify.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from consentcore.domain.clock import HOUR
from consentcore.jose.rules import registry

if TYPE_CHECKING:
    from joserfc.jwk import ECKey, KeyParameters, OKPKey

    from consentcore.ports.keys import KeyRing

ES256 = "ES256"
EDDSA = "EdDSA"
ALGORITHMS = (ES256, EDDSA)
LONGEST_LIFE = 25 * HOUR
"""The longest life that ``access_token_ttl_s`` may be set to, and an hour for clocks that disagree."""
_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


class SigningKeys:
    """The signing keys of a key ring. Safe to share between threads.

    :ivar algorithm: ``ES256`` or ``EdDSA``: what signs.
    """

    def __init__(self, keys: KeyRing, algorithm: str = ES256) -> None:
        self._keys = keys
        self.algorithm = algorithm
        self._made: dict[str, ECKey | OKPKey] = {}

    def sign(self, typ: str, payload: bytes, key_id: str = "", *, algorithm: str = "") -> str:
        """Make a signed JWT (RFC 7515 compact form) with the key that signs now.

        :param typ: the header ``typ``.
        :param payload: the claims as JSON.
        :param key_id: another key of the ring.
        :param algorithm: another one of :data:`ALGORITHMS`.
        :raises KeyUnavailable: when the ring lacks ``key_id``.
        """
        from joserfc import jws

        alg = algorithm or self.algorithm
        kid = kid_of(key_id or self._keys.current_id, alg)
        header = {"alg": alg, "typ": typ, "kid": kid}
        return jws.serialize_compact(header, payload, self.key(kid), [alg], registry(ALGORITHMS))

    def published(self, now: int) -> list[str]:
        """The ids of the master keys whose public halves are published, newest first; none that was revoked."""
        ids = self._keys.ids
        found = [ids[0]]
        for newer, key_id in pairwise(ids):
            ended = self._keys.used_from(newer)
            if not ended or now < ended + LONGEST_LIFE:
                found.append(key_id)
        return [key_id for key_id in found if not self._keys.revoked_at(key_id)]

    def key_set(self, now: int) -> dict[str, list[dict[str, object]]]:
        """The JWK set (RFC 7517 section 5): public members, ``kid``, ``use`` and ``alg`` of each."""
        kids = [kid_of(key_id, name) for key_id in self.published(now) for name in ALGORITHMS]
        return {"keys": [dict(self.key(kid).as_dict(private=False)) for kid in kids]}

    def key(self, kid: str) -> ECKey | OKPKey:
        """The key of that id, private half included.

        :raises KeyUnavailable: when the ring lacks it.
        """
        found = self._made.get(kid)
        if found is None:
            key_id, _, name = kid.rpartition("-")
            found = self._made[kid] = _derive(self._keys, key_id, kid, name)
        return found


def kid_of(key_id: str, algorithm: str) -> str:
    """The ``kid`` of a master key's signing key: it says which one to look for in ``consentcore keys list``."""
    return f"{key_id}-{algorithm}"


def _derive(keys: KeyRing, key_id: str, kid: str, algorithm: str) -> ECKey | OKPKey:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519
    from joserfc.jwk import ECKey, OKPKey

    parameters: KeyParameters = {"kid": kid, "use": "sig", "alg": algorithm}
    if algorithm == EDDSA:
        seed = keys.subkey("signing-eddsa", key_id)
        return OKPKey.import_key(ed25519.Ed25519PrivateKey.from_private_bytes(seed), parameters)
    # FIPS 186-5 appendix A.2.1: 64 bits more than the order has, so that the remainder has no bias.
    material = b"".join(_es256_material(keys, key_id))[:40]
    scalar = int.from_bytes(material) % (_P256_ORDER - 1) + 1
    return ECKey.import_key(ec.derive_private_key(scalar, ec.SECP256R1()), parameters)


def _es256_material(keys: KeyRing, key_id: str) -> Iterator[bytes]:
    yield keys.subkey("signing-es256", key_id)
    yield keys.subkey("signing-es256 2", key_id)
