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
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import quote

from consentcore.domain.text import refused
from consentcore.oauth.errors import ProtocolError, bad_request
from consentcore.oauth.messages import HttpRequest
from consentcore.oauth.pairs import NO_STRING, Pair, form_pairs, json_pairs, member_pairs

FORM_TYPE = "application/x-www-form-urlencoded"
JSON_TYPE = "application/json"
MAX_PARAMETERS = 100
MAX_STATE = 12_288
"""Bytes of ``state`` as it stands in the redirect that takes it back, where a letter beyond ASCII has six or nine. With
all that stands beside it, request line and redirect fit into the buffers of docs/samples/nginx.conf (16 and 32 kB)."""
MAX_DETAILS = 8192
"""Characters of ``authorization_details`` (RFC 9396)."""
LONG_STATE = f"expected at most {MAX_STATE} bytes where it stands in a URL"

_BETWEEN = "\n"  # no value holds one
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
    return _collect(form_pairs(encoded), known)


def read_body(http: HttpRequest, known: Mapping[str, int], max_bytes: int) -> dict[str, str]:
    """Read the body of a POST, form or JSON.

    :param max_bytes: a larger body is refused with 413.
    :raises ProtocolError: 400, 413 or 415 with ``invalid_request``, naming the parameter and what was expected.
    """
    check_whole(http, max_bytes)
    content_type = media_type(http)
    if content_type == FORM_TYPE or (not content_type and not http.body):
        parameters = _collect(form_pairs(http.body), known)
    elif content_type == JSON_TYPE:
        parameters = _collect(json_pairs(http.body, REPEATABLE), known)
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
        pairs = json_pairs(http.body, REPEATABLE) if media_type(http) == JSON_TYPE else form_pairs(http.body)
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
    members = ((name, _as_text(name, value)) for name, value in claims.items())
    return _collect(member_pairs(members, REPEATABLE), known)


def _as_text(name: str, value: object) -> object:
    if name in STRUCTURED and isinstance(value, list | dict):
        return json.dumps(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value


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
