"""The metadata of an application as it writes them itself (RFC 7591 section 2).

Each member is honoured, refused by its name, or ignored as a whole, as section 2 has it for what a server does not
understand; what came of them is told in the answer. Values that are null are absent. ``grant_types`` and
``response_types`` are written for every server that an application knows: what is used here has to be among them.
Nothing is fetched: a key set when the application first proves who it is, a logo never.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from consentcore.clients.form import MAX_REDIRECT_URIS, ClientForm
from consentcore.domain.client import AuthMethod
from consentcore.domain.errors import InvalidInput
from consentcore.domain.self_registration import SelfRegistration
from consentcore.egress import EgressPolicy
from consentcore.egress.addresses import is_public
from consentcore.egress.target import parse_target
from consentcore.oauth import scope_strings
from consentcore.oauth.signed_responses import PLAIN, SIGNED
from consentcore.oauth.signing_keys import ES256
from consentcore.text_fields import MAX_NAME, MAX_URL, line, web_address

if TYPE_CHECKING:
    from consentcore.clients.strangers import StrangerRules
    from consentcore.domain.client import Client

GRANT_TYPES = ("authorization_code", "refresh_token")
RESPONSE_TYPES = ("code",)
MEMBERS = {
    "name": "client_name",
    "scopes": "scope",
    "website": "client_uri",
    "privacy_url": "policy_uri",
    "auth_method": "token_endpoint_auth_method",
    "require_par": "require_pushed_authorization_requests",
}
"""What RFC 7591 and its like call members of :class:`ClientForm`; the others have the same name there."""
METHODS = (AuthMethod.SECRET_BASIC, AuthMethod.SECRET_POST, AuthMethod.PRIVATE_KEY_JWT, AuthMethod.NONE)
"""How a stranger may authenticate itself. A name in certificates is somebody's: an operator has to know whose."""
MOST_CONTACTS, LONGEST_CONTACT = 10, 254
LONGEST_TEXT = 255


@dataclass(frozen=True)
class Described:
    """What an application says of itself.

    :ivar form: what an operator would have typed of it.
    :ivar said: the rest.
    """

    form: ClientForm
    said: SelfRegistration


def read_metadata(
    members: Mapping[str, Any],
    rules: StrangerRules,
    *,
    client_id: str,
    at: int,
    method: AuthMethod = AuthMethod.SECRET_BASIC,
) -> Described:
    """Check members that a stranger has written, as far as their form goes; the rest is up to
    :func:`consentcore.clients.form.members`.

    :param client_id: its id, and what it is called where it has no name (RFC 7591 section 2).
    :param at: milliseconds since the epoch.
    :param method: how it authenticates itself where it does not say so.
    :raises InvalidInput: naming the member of the metadata that is wrong.
    """
    given = _Given(members)
    _check_uses(given, "grant_types", GRANT_TYPES[0])
    _check_uses(given, "response_types", RESPONSE_TYPES[0])
    form = ClientForm(
        client_id=client_id,
        name=given.text("client_name", MAX_NAME) or client_id[:MAX_NAME],
        redirect_uris=given.texts("redirect_uris", MAX_REDIRECT_URIS, MAX_URL),
        scopes=_scopes(given, rules),
        audiences=rules.audiences,
        website=given.address("client_uri"),
        privacy_url=given.address("policy_uri"),
        auth_method=_method(given, method),
        jwks=_key_set(given),
        jwks_uri=given.text("jwks_uri", MAX_URL),
        require_pkce=True,
        require_par=given.flag("require_pushed_authorization_requests"),
        dpop_bound_access_tokens=given.flag("dpop_bound_access_tokens"),
        require_signed_request_object=given.flag("require_signed_request_object"),
        tls_client_certificate_bound_access_tokens=given.flag("tls_client_certificate_bound_access_tokens"),
        request_object_signing_alg=given.algorithm("request_object_signing_alg"),
        authorization_signed_response_alg=_answers(given),
        introspection_signed_response_alg=given.algorithm("introspection_signed_response_alg"),
    )
    said = SelfRegistration(
        at,
        contacts=given.texts("contacts", MOST_CONTACTS, LONGEST_CONTACT),
        logo_uri=given.address("logo_uri"),
        tos_uri=given.address("tos_uri"),
        software_id=given.text("software_id", LONGEST_TEXT),
        software_version=given.text("software_version", LONGEST_TEXT),
    )
    return Described(form, said)


def metadata_of(client: Client) -> dict[str, object]:
    """What is registered of an application, by the names of RFC 7591 section 2; nothing that has no value."""
    said = client.self_registered or SelfRegistration(client.created_at)
    found: dict[str, object] = {
        "client_name": client.name,
        "redirect_uris": list(client.redirect_uris),
        "token_endpoint_auth_method": client.auth_method.value,
        "grant_types": list(GRANT_TYPES),
        "response_types": list(RESPONSE_TYPES),
        "scope": " ".join(client.scopes),
        "authorization_details_types": list(client.authorization_details_types),
        "client_uri": client.website,
        "logo_uri": said.logo_uri,
        "tos_uri": said.tos_uri,
        "policy_uri": client.privacy_url,
        "contacts": list(said.contacts),
        "jwks": json.loads(client.jwks) if client.jwks else None,
        "jwks_uri": client.jwks_uri,
        "software_id": said.software_id,
        "software_version": said.software_version,
        "require_pushed_authorization_requests": client.require_par,
        "dpop_bound_access_tokens": client.dpop_bound_access_tokens,
        "require_signed_request_object": client.require_signed_request_object,
        "tls_client_certificate_bound_access_tokens": client.tls_client_certificate_bound_access_tokens,
        "request_object_signing_alg": client.request_object_signing_alg,
        "response_modes": list(SIGNED) if client.authorization_signed_response_alg else None,
        "authorization_signed_response_alg": client.authorization_signed_response_alg,
        "introspection_signed_response_alg": client.introspection_signed_response_alg,
    }
    return {name: value for name, value in found.items() if value}


def member_of(field: str) -> str:
    """What the metadata call a member of a form.

    :param field: of an InvalidInput: the member, perhaps followed by a blank and which of several.
    """
    name = field.partition(" ")[0]
    return MEMBERS.get(name, name)


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make an object of its members. What two of one name mean depends on who reads them (RFC 8259 section 4).

    :raises ValueError: one comes twice.
    """
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a member comes twice")
    return found


class Unasked(EgressPolicy):
    """Stands for the guard of outgoing requests where nobody is to be asked: an URL is looked at, its host is not
    looked up. The guard itself judges it when it is needed."""

    def check_url(self, url: str, sender: str = "") -> None:  # noqa: ARG002 - as of the guard
        """Refuse what no guard would let pass.

        :raises InvalidInput: field ``url``.
        """
        target = parse_target(url)
        if not target.tls or (target.address is not None and not is_public(target.address)):
            raise InvalidInput("url", "expected https to a public address")


class _Given:
    """The members that came, each read as what it has to be. Raises InvalidInput, naming the member."""

    def __init__(self, members: Mapping[str, Any]) -> None:
        self._members = members

    def value(self, name: str, kind: type[Any], expected: str) -> Any:
        value = self._members.get(name)
        if value is not None and not isinstance(value, kind):
            raise InvalidInput(name, f"expected {expected}")
        return value

    def text(self, name: str, longest: int) -> str:
        return line(name, self.value(name, str, "a string") or "", longest)

    def address(self, name: str) -> str:
        return web_address(name, self.text(name, MAX_URL))

    def algorithm(self, name: str) -> str:
        """``none`` says the same as nothing (OpenID Connect Dynamic Client Registration section 2)."""
        value = self.text(name, LONGEST_TEXT)
        return "" if value == "none" else value

    def flag(self, name: str) -> bool:
        return bool(self.value(name, bool, "true or false"))

    def texts(self, name: str, most: int, longest: int) -> tuple[str, ...]:
        values = self.value(name, list, "an array of strings") or []
        if len(values) > most or not all(isinstance(one, str) for one in values):
            raise InvalidInput(name, f"expected an array of at most {most} strings")
        return tuple(dict.fromkeys(line(name, one, longest, needed=True) for one in values))


def _check_uses(given: _Given, name: str, needed: str) -> None:
    if needed not in (given.texts(name, 50, LONGEST_TEXT) or (needed,)):
        raise InvalidInput(name, f"expected {needed} among them")


def _scopes(given: _Given, rules: StrangerRules) -> tuple[str, ...]:
    """What it asks for, which has to be open to strangers; all that is, where it does not say."""
    text = given.value("scope", str, "a string")
    if not text:
        return rules.scopes
    tokens = scope_strings.parse(text[: LONGEST_TEXT * 16])
    if tokens is None:
        raise InvalidInput("scope", "expected names of printable ASCII, separated by blanks")
    if not set(tokens).issubset(rules.scopes):
        raise InvalidInput("scope", f"expected no other than {' '.join(rules.scopes)}")
    return tokens


def _answers(given: _Given) -> str:
    """What signs its answers, which all are signed where it will have no other (``response_modes``, FAPI 2.0 Message
    Signing section 5.3.3)."""
    modes = given.texts("response_modes", 50, LONGEST_TEXT)
    if modes and not {PLAIN, *SIGNED}.intersection(modes):
        raise InvalidInput("response_modes", f"expected one of {', '.join((PLAIN, *SIGNED))} among them")
    algorithm = given.algorithm("authorization_signed_response_alg")
    return algorithm or (ES256 if modes and PLAIN not in modes else "")


def _method(given: _Given, default: AuthMethod) -> str:
    known = [method.value for method in METHODS]
    text = given.text("token_endpoint_auth_method", LONGEST_TEXT) or default.value
    if text not in known:
        raise InvalidInput("token_endpoint_auth_method", f"expected one of {', '.join(known)}")
    return text


def _key_set(given: _Given) -> str:
    keys = given.value("jwks", dict, "a JWK set")
    return "" if keys is None else json.dumps(keys, separators=(",", ":"))
