"""The strict front: nothing reaches oauthlib that was not checked here first.

Refused: a name that comes twice (RFC 6749 section 3.1, every name but ``resource``), and in known parameters broken
UTF-8 or percent-encoding, NUL and control characters, non-ASCII where the RFC has none, over-long values, JSON values
that are no strings. A parameter without a value is absent, in JSON one that is null. Unknown parameters are ignored,
whatever they hold (sections 3.1 and 3.2), and dropped: oauthlib would make ``request.user`` of a posted ``user``
(gap 6).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from urllib.parse import quote, unquote_to_bytes

from consentcore.domain.text import refused
from consentcore.oauth.errors import ProtocolError, bad_request
from consentcore.oauth.messages import HttpRequest

FORM_TYPE = "application/x-www-form-urlencoded"
JSON_TYPE = "application/json"
MAX_PARAMETERS = 100
MALFORMED = "expected percent-encoded UTF-8"
NO_STRING = "expected a string"
MAX_STATE = 12_288
"""Bytes of ``state`` as it stands in the redirect that takes it back, where a letter beyond ASCII has six or nine. With
all that stands beside it, request line and redirect fit into the buffers of docs/samples/nginx.conf (16 and 32 kB)."""
MAX_DETAILS = 8192
"""Characters of ``authorization_details`` (RFC 9396)."""
LONG_STATE = f"expected at most {MAX_STATE} bytes where it stands in a URL"

_BETWEEN = "\n"  # no value holds one
_REPEATED, _SHORT = frozenset({b"redirect_uri", b"scope"}), 512
"""Parameters that are no secret and of which there are few values, as long as these are short."""
_BROKEN_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_JSON_BLANKS = {ord(one): " " for one in "\t\n\r"}
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_NOT_VSCHAR = re.compile(r"[^\x20-\x7e]")

CREDENTIALS = MappingProxyType(
    {
        "client_id": 256,
        "client_secret": 1024,
        "client_assertion": 16_384,
        "client_assertion_type": 256,
    }
)
"""Parameters by which a client authenticates itself, and how long each may be, in characters; so are the following.
Those of the token endpoint stand with its grant types."""
AUTHORIZE = MappingProxyType(
    {
        "client_id": 256,
        "redirect_uri": 2000,
        "response_type": 256,
        "response_mode": 256,
        "scope": 4096,
        "state": MAX_STATE,
        "code_challenge": 256,
        "code_challenge_method": 256,
        "prompt": 256,
        "max_age": 256,
        "acr_values": 4096,
        "login_hint": 320,
        "grant_management_action": 256,
        "grant_id": 256,
        "ui_locales": 256,
        "request": 65_536,
        "request_uri": 2000,
        "resource": 2000,
        "dpop_jkt": 256,
        "authorization_details": MAX_DETAILS,
    }
)
"""Parameters of the authorization endpoint; the limit of ``state`` see above."""
OF_GRANTS = frozenset({"grant_management_action", "grant_id"})
"""Those among them that nobody knows where grant management is off."""
PLAIN_AUTHORIZE = MappingProxyType({name: most for name, most in AUTHORIZE.items() if name not in OF_GRANTS})
UNFIT = '"'
"""Stands for a value that cannot be what it should. None of these may hold the sign, so that it is refused, or not
found, in the words of its parameter."""
_OWN_REFUSAL = frozenset({"scope", "resource", "authorization_details", "token", "token_type_hint"})
"""Malformed ones are ``invalid_scope`` (RFC 6749 section 4.1.2.1), ``invalid_target`` (RFC 8707 section 2) and
``invalid_authorization_details`` (RFC 9396 section 5), a token is an invalid one (RFC 7009 section 2.2), and a hint is
no more than that."""
REPEATABLE = frozenset({"resource"})
"""Parameters that may come several times, each time with another value (RFC 8707 section 2)."""
STRUCTURED = frozenset({"authorization_details"})
"""Parameters whose value is JSON text (RFC 9396 section 2). Claims of a request object say it as it is."""
CLIENT = MappingProxyType({"client_id": 256})
"""Who asks."""
ABOUT_TOKEN = MappingProxyType({**CREDENTIALS, "token": 16_384, "token_type_hint": 256})
"""Parameters of the revocation and introspection endpoints; long, because a foreign JWT is merely inactive."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """What a request says.

    :ivar values: known parameters that have a value; for several values of one name see :func:`several`.
    :ivar problems: what is wrong, by known name; problems of unknown names stand as a sentence under "".
    """

    values: dict[str, str]
    problems: dict[str, str]

    def first_problem(self) -> str | None:
        """One problem as a sentence, without any input in it."""
        for name, problem in self.problems.items():
            return f"{name}: {problem}" if name else problem
        return None


def read_query(raw: str, known: Mapping[str, int]) -> Parameters:
    """Read a raw query string, as WSGI hands it out (bytes as Latin-1). Never raises."""
    try:
        encoded = raw.encode("latin-1")
    except UnicodeEncodeError:
        encoded = raw.encode("utf-8", "surrogatepass")
    return _collect(_pairs(encoded), known)


def read_body(http: HttpRequest, known: Mapping[str, int], max_bytes: int) -> dict[str, str]:
    """Read the body of a POST, form or JSON.

    :param max_bytes: a larger body is refused with 413.
    :raises ProtocolError: 400, 413 or 415 with ``invalid_request``, naming the parameter and what was expected.
    """
    check_whole(http, max_bytes)
    content_type = media_type(http)
    if content_type == FORM_TYPE or (not content_type and not http.body):
        parameters = _collect(_pairs(http.body), known)
    elif content_type == JSON_TYPE:
        parameters = _collect(_members(http.body), known)
    else:
        raise bad_request(f"Content-Type: expected {FORM_TYPE} or {JSON_TYPE}", 415)
    problem = parameters.first_problem()
    if problem is not None:
        raise bad_request(problem)
    return parameters.values


def check_whole(http: HttpRequest, max_bytes: int) -> None:
    """Let a body pass that can be read as it came.

    :raises ProtocolError: 413 when it is larger, 415 when it is encoded.
    """
    if len(http.body) > max_bytes:
        raise bad_request(f"body: expected at most {max_bytes} bytes", 413)
    if http.headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
        raise bad_request("Content-Encoding: expected none", 415)


def read_leniently(http: HttpRequest, known: Mapping[str, int]) -> dict[str, str]:
    """What can be made out of a body, whatever else is wrong with the request; never for a decision. Raises nothing."""
    try:
        pairs = _members(http.body) if media_type(http) == JSON_TYPE else _pairs(http.body)
    except ProtocolError:
        return {}
    return _collect(pairs, known).values


def media_type(http: HttpRequest) -> str:
    """What the body says that it is, in lower case, without parameters; "" when it says nothing."""
    return http.headers.get("content-type", "").partition(";")[0].strip().lower()


def several(values: Mapping[str, str], name: str) -> tuple[str, ...]:
    """The values of a parameter that may come several times, in the order in which they came."""
    return tuple(values[name].split(_BETWEEN)) if name in values else ()


def read_claims(claims: Mapping[str, object], known: Mapping[str, int]) -> Parameters:
    """Read the parameters in a request object (RFC 9101 section 4): texts as they stand, numbers in digits, JSON as
    text where it is the value of a parameter. Never raises."""
    return _collect(_pairs_of((name, _as_text(name, value)) for name, value in claims.items()), known)


def _as_text(name: str, value: object) -> object:
    if name in STRUCTURED and isinstance(value, list | dict):
        return json.dumps(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value


Pair = tuple[str, str, str]
"""Name, value, and what is wrong with it ("" when nothing is)."""


def _collect(pairs: Iterable[Pair], known: Mapping[str, int]) -> Parameters:
    values: dict[str, str] = {}
    problems: dict[str, str] = {}
    seen: set[str] = set()
    for count, (name, given, wrong) in enumerate(pairs):
        if count == MAX_PARAMETERS:
            problems.setdefault("", _of_unknown("", f"expected at most {MAX_PARAMETERS} parameters"))
            break
        if not wrong and name not in seen and _is_plain(given, known.get(name)):
            # Almost every parameter of almost every request: the checks below would find the same.
            seen.add(name)
            if given:
                values[name] = given
            continue
        key = name if name in known else ""
        value, problem = _judged(name, given, wrong, known) if key else ("", "")
        if name in seen and not (key in REPEATABLE and value and value not in several(values, key)):
            problem = "expected once" if key not in REPEATABLE else "expected each value once"
        if name or not wrong:
            seen.add(name)
        if problem:
            problems.setdefault(key, problem if key else _of_unknown(name, problem))
        elif value:
            values[name] = f"{values[name]}{_BETWEEN}{value}" if name in values else value
    for name in problems:
        values.pop(name, None)
    return Parameters(values, problems)


def _is_plain(value: str, limit: int | None) -> bool:
    """Whether nothing can be wrong with the value of a known parameter, whichever it is: printable ASCII that stays
    within the limit however it is written."""
    return limit is not None and 3 * len(value) <= limit and value.isascii() and value.isprintable()


def _of_unknown(name: str, problem: str) -> str:
    """A name that could mean anything to whoever reads it is not repeated."""
    plain = _PLAIN_NAME.fullmatch(name) is not None
    return f"{name}: {problem}" if plain else f"A parameter is not acceptable, {problem}"


def _judged(name: str, value: str, wrong: str, known: Mapping[str, int]) -> tuple[str, str]:
    """The value of a known parameter, and what is wrong with it."""
    problem = wrong or _problem(name, value, known[name])
    if problem and wrong != NO_STRING and name in _OWN_REFUSAL:
        return UNFIT, ""
    return value, problem


def _problem(name: str, value: str, limit: int) -> str:
    # RFC 6749 appendix A has only printable ASCII. A state beyond that is the client's own affair and comes
    # back as it was; control characters have no business in a URL.
    if name == "state":
        if _CONTROL.search(value):
            return "expected no control characters"
        return LONG_STATE if len(value) > limit or len(quote(value, safe="")) > limit else ""
    if len(value) > limit:
        return f"expected at most {limit} characters"
    if name == "login_hint":  # a name that somebody signs in under, in whatever script
        return "expected one line without control characters" if refused(value) else ""
    if name in STRUCTURED:  # JSON, which has words of any language in it, and blanks of four kinds
        return "expected JSON" if _CONTROL.search(value.translate(_JSON_BLANKS)) else ""
    return "expected printable ASCII" if _NOT_VSCHAR.search(value) else ""


def _pairs(raw: bytes) -> Iterator[Pair]:
    """Split ``application/x-www-form-urlencoded``."""
    for piece in raw.split(b"&"):
        if not piece:
            continue
        name, _, value = piece.partition(b"=")
        if b"%" not in piece and b"+" not in piece and piece.isascii():
            yield name.decode(), value.decode(), ""
        elif name in _REPEATED and len(value) <= _SHORT:
            yield _decoded_again(name, value)
        else:
            yield _decoded(name, value)


def _decoded(name: bytes, value: bytes) -> Pair:
    try:
        clear = _unescape(name)
    except ValueError:
        return "", "", MALFORMED  # nobody's name
    try:
        return clear, _unescape(value), ""
    except ValueError:
        return clear, "", MALFORMED


_decoded_again = lru_cache(maxsize=1024)(_decoded)


def _unescape(raw: bytes) -> str:
    if b"%" in raw:
        if _BROKEN_ESCAPE.search(raw):
            raise ValueError(MALFORMED)
        raw = unquote_to_bytes(raw.replace(b"+", b" "))
    else:
        raw = raw.replace(b"+", b" ")
    return raw.decode("utf-8")


def _members(raw: bytes) -> list[Pair]:
    """Read a JSON object. Gap 1: oauthlib takes no JSON, and a dict unchecked."""
    try:
        # A byte order mark may be passed over (RFC 8259 section 8.1). Numbers as floats: no known member is one, and
        # the digits of an int are bounded.
        found = json.loads(raw.decode("utf-8-sig"), object_pairs_hook=_Object, parse_int=float)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, _Object):
        raise bad_request("body: expected a JSON object in UTF-8")
    return _pairs_of(found)


def _pairs_of(members: Iterable[tuple[str, object]]) -> list[Pair]:
    pairs: list[Pair] = []
    for name, value in members:
        if name in REPEATABLE and isinstance(value, list) and not isinstance(value, _Object):
            pairs += [_member(name, one) for one in value]
        else:
            pairs.append(_member(name, value))
    return pairs


def _member(name: str, value: object) -> Pair:
    if isinstance(value, str) or value is None:
        return name, value or "", ""
    return name, "", NO_STRING


class _Object(list[tuple[str, object]]):
    """The members of a JSON object in order, so that one that comes twice is seen."""
