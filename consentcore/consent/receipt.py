"""Receipts: what somebody is given to keep of a decision, signed, and checked without asking anybody.

A receipt is a JSON-LD document and, beside it in the same file, a detached JWS (RFC 7515 appendix F) over its
canonical form (RFC 8785) by a key of the evidence (Ed25519). It is made of the ledger whenever somebody asks: the same
events give the same receipt, but for the checkpoint that it carries and the time at which it was signed.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from consentcore.consent.ledger import canonical, recorded_at
from consentcore.consent.receipt_json_ld import CONTEXT, RECEIPT_SCHEMA, from_json_ld, json_ld
from consentcore.consent.receipt_record import Record, missing, record_of
from consentcore.domain.clock import from_iso, iso
from consentcore.domain.errors import InvalidInput
from consentcore.jose.compact import MalformedJws, read_compact, verified_payload

if TYPE_CHECKING:
    from consentcore.domain.event import ConsentEvent
    from consentcore.domain.scope import Scope
    from consentcore.keys import EvidenceSigner

TYPE = "consent-receipt+jwt"
ALGORITHM = "EdDSA"
MAX_LENGTH = 2_000_000
"""Characters of a file that is checked: an owner may have chosen thousands of sites."""
_MEMBERS = frozenset({"alg", "kid", "typ", "iat"})


class BadReceipt(ValueError):
    """This is no receipt that any of these keys has signed. The text says why."""


@dataclass(frozen=True, slots=True)
class CheckedReceipt:
    """A receipt whose signature holds.

    :ivar document: the JSON-LD.
    :ivar record: the consent record in it.
    :ivar signed_at: as the signer said, in milliseconds since the epoch.
    """

    document: Record
    record: Record
    key_id: str
    signed_at: int

    @property
    def confirmation_number(self) -> str:
        """The number that is read out on the telephone."""
        return str(self.document["cc:confirmationNumber"])

    @property
    def checkpoint(self) -> str:
        """The newest checkpoint of the log when it was made, a signed note of C2SP; "" where there was none."""
        return str(self.document.get("cc:checkpoint") or "")


def receipt_document(
    events: Sequence[ConsentEvent],
    *,
    subject: str,
    number: str,
    issuer: str,
    scopes: Sequence[Scope] = (),
    checkpoint: str = "",
) -> Record:
    """Make the JSON-LD of the receipt of the last of these events.

    :param events: of one grant up to the one that it is of, by sequence.
    :param subject: the pairwise name of the owner for this application.
    :param number: its confirmation number.
    :param scopes: what the record names, in the words and the language that were shown.
    :param checkpoint: the newest one, a signed note; "" where there is none.
    """
    last, record = events[-1], record_of(events, subject)
    document = {
        "@context": CONTEXT,
        "@type": "dpv:ConsentReceipt",
        "dct:conformsTo": RECEIPT_SCHEMA,
        "dct:identifier": last.event_id,
        "dct:publisher": issuer,
        "dct:issued": iso(recorded_at(last)),
        "dct:language": record["language"],
        "cc:confirmationNumber": number,
        "cc:words": [
            {"dct:identifier": one.reference, "dct:title": one.label, "dct:description": one.sees}
            for one in scopes
        ],
        "cc:leaf": sha256(last.body.encode()).hexdigest(),
        "dpv:hasRecordOfActivity": [json_ld(record)],
    }
    return document | ({"cc:checkpoint": checkpoint} if checkpoint else {})


def signed(document: Record, signer: EvidenceSigner, now: int) -> str:
    """The file of a receipt: the document and the signature of the key that signs now.

    :param now: milliseconds since the epoch.
    """
    header = {"alg": ALGORITHM, "typ": TYPE, "kid": signer.current_id, "iat": now // 1000}
    first = _encoded(canonical(header).encode())
    made = signer.sign(f"{first}.{_encoded(canonical(document).encode())}".encode(), signer.current_id)
    return json.dumps(
        {"receipt": document, "signature": f"{first}..{_encoded(made)}"}, ensure_ascii=False, indent=1
    )


def key_set(signer: EvidenceSigner) -> dict[str, list[dict[str, object]]]:
    """The public keys of the evidence as a JWK set (RFC 7517, RFC 8037), with the times of each (ISO 8601):
    ``used_from``, ``retired_at``, ``revoked_at``."""
    found: list[dict[str, object]] = []
    for key_id in signer.ids:
        times = signer.times(key_id)
        said = {"used_from": times.used_from, "retired_at": times.retired_at, "revoked_at": times.revoked_at}
        found.append(
            {
                "kty": "OKP",
                "crv": "Ed25519",
                "use": "sig",
                "alg": ALGORITHM,
                "kid": key_id,
                "x": _encoded(signer.public(key_id)),
                **{name: iso(at) for name, at in said.items() if at},
            }
        )
    return {"keys": found}


def check(text: str, keys: Mapping[str, Any]) -> CheckedReceipt:
    """Check a receipt. Needs neither a database nor a network.

    :param text: the file, as :func:`signed` makes it.
    :param keys: a JWK set as :func:`key_set` makes it.
    :raises BadReceipt: when it was changed, none of these keys has signed it, the key was not in use then or was
        revoked, or it lacks what a receipt must have.
    """
    document, signature = _parts(text)
    header, _, last = signature.partition("..")
    payload = _canonical(document)
    try:
        jws = read_compact(
            f"{header}.{_encoded(payload)}.{last}", (ALGORITHM,), max_length=MAX_LENGTH * 2, members=_MEMBERS
        )
    except MalformedJws as error:
        raise BadReceipt(f"its signature cannot be read: {error}") from None
    key = _key(keys, jws.kid, jws.typ)
    if _verified(jws, key) is None:
        raise BadReceipt("it was changed, or signed by another key")
    signed_at = jws.header.get("iat")
    if not isinstance(signed_at, int) or isinstance(signed_at, bool):
        raise BadReceipt("it does not say when it was signed")
    _check_times(key, signed_at * 1000)
    return CheckedReceipt(document, _record(document), str(jws.kid), signed_at * 1000)


def _canonical(document: Record) -> bytes:
    """The bytes that are signed.

    :raises BadReceipt: when the document has no canonical form.
    """
    try:
        return canonical(document).encode()
    except (InvalidInput, ValueError, RecursionError) as error:
        raise BadReceipt(f"it has no canonical form: {error}") from None


def _parts(text: str) -> tuple[Record, str]:
    if len(text) > MAX_LENGTH:
        raise BadReceipt("it is too long for a receipt")
    try:
        found = json.loads(text, object_pairs_hook=_unique)
    except (ValueError, RecursionError):
        raise BadReceipt("it is no JSON in which each name stands once") from None
    document = found.get("receipt") if isinstance(found, dict) else None
    signature = found.get("signature") if isinstance(found, dict) else None
    if (
        not isinstance(document, dict)
        or not isinstance(signature, str)
        or set(found) != {"receipt", "signature"}
    ):
        raise BadReceipt("expected the members receipt and signature, and no others")
    return document, signature


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a name stands twice")
    return members


def _key(keys: Mapping[str, Any], kid: str | None, typ: str | None) -> Mapping[str, Any]:
    if typ != TYPE:
        raise BadReceipt("its signature is that of something else")
    found = [one for one in keys.get("keys", ()) if isinstance(one, dict) and one.get("kid") == kid]
    if len(found) != 1:
        raise BadReceipt(f"no key {kid} is among those that were given")
    return found[0]


def _verified(jws: Any, key: Mapping[str, Any]) -> bytes | None:
    from joserfc.errors import JoseError
    from joserfc.jwk import OKPKey

    from consentcore.jose.rules import registry

    members = {name: key[name] for name in ("kty", "crv", "x") if name in key}
    rules = registry((ALGORITHM,), max_payload=MAX_LENGTH, any_header=True)
    try:
        return verified_payload(jws, OKPKey.import_key(members), rules)
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise BadReceipt(f"the key that was given is none: {type(error).__name__}") from None


def _check_times(key: Mapping[str, Any], signed_at: int) -> None:
    if key.get("revoked_at"):
        raise BadReceipt("its key was revoked; have the receipt issued anew")
    try:
        begins, ends = (
            from_iso(key[name]) if key.get(name) else None for name in ("used_from", "retired_at")
        )
    except (ValueError, TypeError):
        raise BadReceipt("the times of the key that was given are none") from None
    if begins is not None and signed_at < begins // 1000 * 1000:
        raise BadReceipt("its key was not in use yet when it says that it was signed")
    if ends is not None and signed_at > ends:
        raise BadReceipt("its key was no longer in use when it says that it was signed")


def _record(document: Record) -> Record:
    try:
        (found,) = document["dpv:hasRecordOfActivity"]
        record = from_json_ld(found)
        lacks = missing(record)
        str(document["cc:confirmationNumber"]), str(document["dct:identifier"])
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise BadReceipt(f"it holds no consent record: {type(error).__name__} {error}") from None
    if lacks:
        raise BadReceipt(f"its record lacks {', '.join(lacks)}")
    return record


def _encoded(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
