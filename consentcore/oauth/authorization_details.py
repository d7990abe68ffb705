"""The parameter ``authorization_details`` (RFC 9396): read within bounds, held to the catalog's types, narrowed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from consentcore.domain.authorization_detail import (
    MOST_IN_REQUEST,
    RESOURCES,
    AuthorizationDetail,
    effective,
    first_beyond,
    read,
    told,
)
from consentcore.domain.detail_type import problems
from consentcore.domain.errors import InvalidInput
from consentcore.domain.resource import covers, kind_of, read_by_kind
from consentcore.oauth.errors import ProtocolError
from consentcore.oauth.parameters import MAX_DETAILS

if TYPE_CHECKING:
    from consentcore.domain.client import Client
    from consentcore.domain.grant import Grant
    from consentcore.domain.scope import Catalog

PARAMETER = "authorization_details"
INVALID = "invalid_authorization_details"
DEEPEST = 6
"""How deep arrays and objects may stand in each other, the array of all among them."""
MOST_MEMBERS = 50
"""Of one object, whatever its type."""
_LONGEST_NUMBER = 16
_PLAIN_PATH = re.compile(r"[A-Za-z0-9_.-]{1,120}")
# A string without an end takes the rest: else it would be looked for again from each quotation mark in it.
_STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|[\[{\]}]', re.DOTALL)


def requested(client: Client, catalog: Catalog, text: str | None) -> tuple[str, ...]:
    """What an authorization request asks for (RFC 9396 sections 2 and 5), as it is kept.

    :param text: the parameter; None without it.
    :raises ProtocolError: ``invalid_authorization_details``, naming the object and the member.
    """
    if text is None:
        return ()
    found = [_conforming(client, catalog, place, value) for place, value in enumerate(_objects(text))]
    return tuple(dict.fromkeys(found))


def assigned(
    text: str | None, held: tuple[str, ...], grant: Grant, audience: Sequence[str] = ()
) -> tuple[str, ...]:
    """The details of a token about to be made (RFC 9396 sections 6 and 7).

    What is asked now, each object no more than one that code or refresh token stand for; else all of these, as far as
    the grant still covers them. Those that name other ``locations`` than the token's audience are left out.

    :param text: the parameter; None without it.
    :param held: what code or refresh token stand for.
    :param audience: the APIs that the token was asked for; empty when none was.
    :raises ProtocolError: ``invalid_authorization_details``, naming the object and the member.
    """
    if text is None and not held:
        return ()
    left = effective(held, grant.authorization_details)
    if text is not None:
        objects = enumerate(_objects(text))
        left = tuple(dict.fromkeys(_narrowed(place, value, left, grant) for place, value in objects))
    return at_locations(left, audience)


def at_locations(texts: tuple[str, ...], audience: Iterable[str]) -> tuple[str, ...]:
    """Those of kept details that may be used at one of these APIs: their member ``locations`` names it, or they have
    none (RFC 9396 sections 2.2 and 9.1).

    :param audience: empty does not limit.
    """
    known = set(audience)
    if not texts or not known:
        return texts
    return tuple(one for one in texts if _is_for(read(one), known))


def _is_for(detail: AuthorizationDetail, audience: set[str]) -> bool:
    locations = detail.members.get("locations")
    named = [locations] if isinstance(locations, str) else locations
    return not isinstance(named, list) or not audience.isdisjoint(map(str, named))


def told_of(texts: tuple[str, ...], grant: Grant) -> dict[str, object]:
    """The member ``authorization_details`` of whatever is told of a token; none where it has none."""
    return {PARAMETER: told(texts, grant.resources)} if texts else {}


def _objects(text: str) -> list[dict[str, Any]]:
    if _is_deeper(text, DEEPEST):
        raise _refusal("", f"expected at most {DEEPEST} arrays and objects in each other")
    try:
        found = json.loads(
            text,
            object_pairs_hook=_object,
            parse_int=_whole_number,
            parse_float=_no_fraction,
            parse_constant=_no_fraction,
        )
    except _Unfit as error:
        raise _refusal("", str(error)) from None
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, list):
        raise _refusal("", f"expected a JSON array of objects, of at most {MAX_DETAILS} characters")
    if not 1 <= len(found) <= MOST_IN_REQUEST:
        raise _refusal("", f"expected 1 to {MOST_IN_REQUEST} objects")
    for place, one in enumerate(found):
        if not isinstance(one, dict):
            raise _refusal(f"[{place}]", "expected an object")
        if not isinstance(one.get("type"), str) or not one["type"]:
            raise _refusal(f"[{place}].type", "expected a text")
    return found


def _is_deeper(text: str, most: int) -> bool:
    """Whether more than ``most`` brackets are open at once; looked at before anything is parsed."""
    depth = 0
    for match in _STRING_OR_BRACKET.finditer(text):
        if match[0] in "[{":
            depth += 1
            if depth > most:
                return True
        elif match[0] in "]}":
            depth -= 1
    return False


class _Unfit(Exception):
    """Sound JSON that no request may have."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Unfit("expected each member of an object once")
    if len(found) > MOST_MEMBERS:
        raise _Unfit(f"expected at most {MOST_MEMBERS} members of an object")
    return found


def _whole_number(digits: str) -> int:
    if len(digits) > _LONGEST_NUMBER:
        raise _Unfit("expected whole numbers up to 16 digits")
    return int(digits)


def _no_fraction(_digits: str) -> NoReturn:
    raise _Unfit("expected whole numbers, or a text for what has a fraction")


def _conforming(client: Client, catalog: Catalog, place: int, value: Mapping[str, Any]) -> str:
    known = catalog.detail_types.get(value["type"])
    if known is None:
        raise _refusal(f"[{place}].type", "expected one that the server metadata lists")
    if known.type_id not in client.authorization_details_types:
        raise _refusal(f"[{place}].type", "expected one that this client is registered for")
    if known.resource_kinds and RESOURCES in value:
        raise _refusal(f"[{place}].{RESOURCES}", "expected none, the data owner chooses them")
    for path, problem in problems(known, value):
        raise _refusal(f"[{place}].{path}", problem)
    return AuthorizationDetail(value, known.version, tuple(sorted(known.resource_kinds))).text


def _narrowed(place: int, value: dict[str, Any], held: Sequence[str], grant: Grant) -> str:
    """What is asked of a token, with version and kinds of the detail that it is part of."""
    known = [one for one in map(read, held) if one.type == value["type"]]
    if not known:
        raise _refusal(f"[{place}].type", "expected one that was granted")
    beyond = ""
    for one in known:
        wanted = dict(value)
        resources = (
            _chosen(place, wanted.pop(RESOURCES), one, grant) if _names_resources(value, one) else None
        )
        asked = AuthorizationDetail(wanted, one.version, one.kinds, resources)
        more = first_beyond(asked, one)
        if not more:
            return asked.text
        beyond = beyond or more
    raise _refusal(f"[{place}].{beyond}", "expected no more and no other than was granted")


def _names_resources(value: Mapping[str, Any], held: AuthorizationDetail) -> bool:
    return bool(held.kinds) and RESOURCES in value


def _chosen(place: int, value: Any, held: AuthorizationDetail, grant: Grant) -> tuple[str, ...]:
    """References of what a token is narrowed to, out of what the owner has chosen."""
    name = f"[{place}].{RESOURCES}"
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise _refusal(name, "expected a list of objects of type and identifiers")
    try:
        found = read_by_kind(name, value)
    except InvalidInput as error:
        raise _refusal(name, error.expected) from None
    if not found:
        raise _refusal(name, "expected at least one identifier")
    beyond = [one for one in found if kind_of(one) not in held.kinds or not covers(grant.resources, one)]
    if beyond:
        raise _refusal(name, "expected no more than the data owner has chosen")
    return found


def _refusal(path: str, expected: str) -> ProtocolError:
    """Say what is wrong, and where. A name that could mean anything to whoever reads it is not repeated."""
    member = path.partition("].")[2]
    said = path if not member or _PLAIN_PATH.fullmatch(member) else f"{path.partition('].')[0]}] a member"
    return ProtocolError(400, INVALID, f"{PARAMETER}{said}: {expected}")
