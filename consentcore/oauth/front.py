"""The strict front: nothing reaches oauthlib that was not checked here first.

Refused: a name that comes twice (RFC 6749 section 3.1, every name but ``resource``), broken UTF-8 or
percent-encoding, NUL and control characters, non-ASCII where the RFC has none, over-long values, JSON that is no
flat object of strings.
A parameter without a value is absent. Unknown parameters are dropped, because oauthlib would make
``request.user`` of a posted ``user`` (gap 6).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import unquote_to_bytes

from consentcore.oauth.errors import bad_request
from consentcore.oauth.messages import HttpRequest

FORM_TYPE = "application/x-www-form-urlencoded"
JSON_TYPE = "application/json"
MAX_PARAMETERS = 100
MALFORMED = "expected percent-encoded UTF-8"

_BETWEEN = "\n"  # no value holds one
_BROKEN_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_NOT_VSCHAR = re.compile(r"[^\x20-\x7e]")

_CREDENTIALS = {
    "client_id": 256,
    "client_secret": 1024,
    "client_assertion": 16_384,
    "client_assertion_type": 256,
}
AUTHORIZE = MappingProxyType(
    {
        "client_id": 256,
        "redirect_uri": 2000,
        "response_type": 256,
        "response_mode": 256,
        "scope": 4096,
        "state": 4096,
        "code_challenge": 256,
        "code_challenge_method": 256,
        "prompt": 256,
        "ui_locales": 256,
        "request": 65_536,
        "request_uri": 2000,
        "resource": 2000,
    }
)
"""Parameters of the authorization endpoint and how long each may be, in characters."""
PUSH = MappingProxyType({**_CREDENTIALS, **AUTHORIZE})
"""Parameters of a pushed authorization request (RFC 9126 section 2.1)."""
TOKEN = MappingProxyType(
    {
        **_CREDENTIALS,
        "grant_type": 256,
        "code": 4096,
        "redirect_uri": 2000,
        "code_verifier": 4096,
        "refresh_token": 4096,
        "scope": 4096,
        "resource": 2000,
    }
)
"""Parameters of the token endpoint."""
REPEATABLE = frozenset({"resource"})
"""Parameters that may come several times, each time with another value (RFC 8707 section 2)."""
ABOUT_TOKEN = MappingProxyType({**_CREDENTIALS, "token": 16_384, "token_type_hint": 256})
"""Parameters of the revocation and introspection endpoints; long, because a foreign JWT is merely inactive."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """What a request says.

    :ivar values: known parameters that have a value; for several values of one name see :func:`several`.
    :ivar problems: what is wrong, by known name; problems of unknown or unreadable names stand under "".
    """

    values: dict[str, str]
    problems: dict[str, str]

    def first_problem(self) -> str | None:
        """One problem as a sentence, without any input in it."""
        for name, problem in self.problems.items():
            return f"{name}: {problem}" if name else f"A parameter is not acceptable, {problem}"
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
    if len(http.body) > max_bytes:
        raise bad_request(f"body: expected at most {max_bytes} bytes", 413)
    if http.headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
        raise bad_request("Content-Encoding: expected none", 415)
    content_type = http.headers.get("content-type", "").partition(";")[0].strip().lower()
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


def several(values: Mapping[str, str], name: str) -> tuple[str, ...]:
    """The values of a parameter that may come several times, in the order in which they came."""
    return tuple(values[name].split(_BETWEEN)) if name in values else ()


Pair = tuple[str, str, str]
"""Name, value, and what is wrong with it ("" when nothing is)."""


def _collect(pairs: Iterable[Pair], known: Mapping[str, int]) -> Parameters:
    values: dict[str, str] = {}
    problems: dict[str, str] = {}
    seen: set[str] = set()
    for count, (name, value, wrong) in enumerate(pairs):
        key = name if name in known else ""
        problem = wrong or _problem(name, value, known)
        if count == MAX_PARAMETERS:
            problem = f"expected at most {MAX_PARAMETERS} parameters"
        if name in seen and not (key in REPEATABLE and value and value not in several(values, key)):
            problem = "expected once" if key not in REPEATABLE else "expected each value once"
        seen.add(name)
        if problem:
            problems.setdefault(key, problem)
            if count == MAX_PARAMETERS:
                break
        elif key and value:
            values[name] = f"{values[name]}{_BETWEEN}{value}" if name in values else value
    for name in problems:
        values.pop(name, None)
    return Parameters(values, problems)


def _problem(name: str, value: str, known: Mapping[str, int]) -> str:
    limit = known.get(name)
    if limit is None:
        if "\0" in name or "\0" in value:
            return "expected no NUL"
        return "expected UTF-8" if _SURROGATE.search(name + value) else ""
    if len(value) > limit:
        return f"expected at most {limit} characters"
    # RFC 6749 appendix A has only printable ASCII. A state beyond that is the client's own affair and comes
    # back as it was; control characters have no business in a URL.
    if name == "state":
        return "expected no control characters" if _CONTROL.search(value) else ""
    return "expected printable ASCII" if _NOT_VSCHAR.search(value) else ""


def _pairs(raw: bytes) -> Iterator[Pair]:
    """Split ``application/x-www-form-urlencoded``."""
    for piece in raw.split(b"&"):
        if not piece:
            continue
        name, _, value = piece.partition(b"=")
        yield _decoded(name, value)


def _decoded(name: bytes, value: bytes) -> Pair:
    try:
        clear = _unescape(name)
    except ValueError:
        return "", "", MALFORMED
    try:
        return clear, _unescape(value), ""
    except ValueError:
        return clear, "", MALFORMED


def _unescape(raw: bytes) -> str:
    if b"%" in raw:
        if _BROKEN_ESCAPE.search(raw):
            raise ValueError(MALFORMED)
        raw = unquote_to_bytes(raw.replace(b"+", b" "))
    else:
        raw = raw.replace(b"+", b" ")
    return raw.decode("utf-8")


def _members(raw: bytes) -> list[Pair]:
    """Read a JSON object of strings. Gap 1: oauthlib takes no JSON, and a dict unchecked."""
    try:
        found = json.loads(raw.decode("utf-8"), object_pairs_hook=_Object)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, _Object):
        raise bad_request("body: expected a JSON object of strings in UTF-8")
    pairs: list[Pair] = []
    for name, value in found:
        members = value if name in REPEATABLE and isinstance(value, list) else [value]
        pairs += [
            (name, one, "") if isinstance(one, str) else (name, "", "expected a string") for one in members
        ]
    return pairs


class _Object(list[tuple[str, object]]):
    """The members of a JSON object in order, so that one that comes twice is seen."""
