"""The browser's cookies: a signed random id of its session, and one of the browser itself; nothing else.

The server keeps who is signed in under the SHA-256 of the session id (``OwnerSession``), so logout and "end all
sessions" work on the server. That id is replaced at login and logout (ASVS 7.2.4), so that a planted cookie is worth
nothing. What has to outlast that, in as many tabs as a person has open, hangs on the id of the browser: pending
requests, sign-ins under way and the anti-forgery token of forms.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from enum import Enum, auto
from functools import cached_property
from hmac import compare_digest
from itertools import islice
from typing import TYPE_CHECKING

from consentcore.domain.secret import SESSION, digest, looks_like, mint
from consentcore.web.cookies import cookie_pairs, cookie_values

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from pyramid.request import Request
    from pyramid.response import Response

    from consentcore.ports.keys import KeyRing

MOST_IDS = 40
"""Of so many ids of the browser notice is taken. It has one, or as many as its first requests that went out at once:
a browser that restores its tabs sends them all."""


class Sender(Enum):
    """Who sent a form, by its anti-forgery token.

    ``SAME``: whoever is signed in now, from a page that was made for them. ``ANOTHER``: this browser, from a page
    that was made when somebody else was signed in, or nobody. ``STRANGER``: no page that this browser has got.
    """

    SAME = auto()
    ANOTHER = auto()
    STRANGER = auto()


def cookie_name(secure: bool) -> str:
    """``__Host-`` makes browsers insist on Secure, Path=/ and no Domain; it is refused on plain http."""
    return "__Host-consentcore" if secure else "consentcore_session"


def id_prefix(secure: bool) -> str:
    """How the names of the cookies with an id of the browser begin.

    Each id has a name of its own: two tabs that come at once for the first time do not overwrite each other's.
    """
    return "__Host-consentcore_browser_" if secure else "consentcore_browser_"


def session_of(environ: Mapping[str, Any], keys: KeyRing, *, secure: bool) -> str | None:
    """The session id that a browser has brought; None without one of ours."""
    for value in reversed(cookie_values(environ, cookie_name(secure))):
        sid = _signed(keys, value, "session")
        if sid is not None:
            return sid
    return None


def _signed(keys: KeyRing, value: str, purpose: str) -> str | None:
    secret, _, mac = value.partition(".")
    return secret if looks_like(SESSION, secret) and _wrote(keys, mac, purpose, secret) else None


def _wrote(keys: KeyRing, mac: str, purpose: str, text: str) -> bool:
    """See :meth:`Browser.wrote`."""
    shown = mac.encode("utf-8", "replace")
    for key_id in keys.ids:
        if not keys.revoked_at(key_id) and compare_digest(shown, _mac(keys, purpose, text, key_id).encode()):
            return True
    return False


def _mac(keys: KeyRing, purpose: str, text: str, key_id: str = "") -> str:
    return urlsafe_b64encode(keys.mac(purpose, text.encode(), key_id)[:24]).decode()


class Browser:
    """The browser that sent a request. Reading never sets a cookie; :attr:`sid` and :attr:`mark` do."""

    def __init__(self, request: Request, keys: KeyRing, *, secure: bool) -> None:
        self._request = request
        self._keys = keys
        self._secure = secure
        self._made: list[str] = []
        self._sid = session_of(request.environ, keys, secure=secure)

    @property
    def known(self) -> bool:
        """Whether the browser already has a session."""
        return self._sid is not None

    @property
    def sid(self) -> str:
        """The session id, made now if the browser has none."""
        return self._sid if self._sid is not None else self.renew()

    @property
    def hash(self) -> bytes:
        """What the session is stored under."""
        return digest(self.sid)

    @property
    def keeps_cookies(self) -> bool:
        """Whether the browser has brought a cookie that it got from us."""
        return bool(self._ids) or self.known

    @property
    def mark(self) -> bytes:
        """What that is stored under that belongs to this browser, whoever signs in; made now if it has no id."""
        return digest(self._id)

    def has(self, mark: bytes) -> bool:
        """Whether ``mark`` is of this browser; requests from before there were marks have the hash of its session."""
        return mark in self.marks or (self.known and mark == self.hash)

    @property
    def marks(self) -> tuple[bytes, ...]:
        """Every mark that the browser has brought, or gets now."""
        return tuple(digest(one) for one in self._ids or self._made)

    @property
    def csrf_token(self) -> str:
        """The anti-forgery token: keyed hashes of this browser, and of it together with who is signed in."""
        mark, _ = self.mark, self.sid  # in this order: a form begins a session
        return f"{self._mac('csrf', mark.hex())}.{self._mac('csrf', self._pair(mark))}"

    def sender(self, token: str) -> Sender:
        """Who sent the form that carried ``token``."""
        mark = self._mark_in(token)
        if mark is None:
            return Sender.STRANGER
        theirs = token.partition(".")[2]
        return Sender.SAME if self.wrote(theirs, "csrf", self._pair(mark)) else Sender.ANOTHER

    def got(self, token: str) -> bool:
        """Whether this browser got the form that carried ``token``, whoever was signed in; reads nothing stored."""
        return self._mark_in(token) is not None

    def sign(self, text: str) -> str:
        """A keyed hash of ``text`` for this browser and who is signed in."""
        return self._mac("evidence", f"{self._pair(self.mark)}|{text}")

    def signed(self, mac: str, text: str) -> bool:
        """Whether ``mac`` is what :meth:`sign` once said of ``text``."""
        return any(self.wrote(mac, "evidence", f"{self._pair(one)}|{text}") for one in self.marks)

    @property
    def reference(self) -> str:
        """A keyed hash of the session for evidence: tells sessions apart and opens none."""
        return self._mac("evidence", self.sid)

    def renew(self) -> str:
        """Give the browser a new session id with the next response."""
        self._sid = mint(SESSION)
        self._request.add_response_callback(self._set_session)
        return self._sid

    def wrote(self, mac: str, purpose: str, text: str) -> bool:
        """Whether ``mac`` is a keyed hash of ours; made before a rotation it counts as well, but not by a key
        that was revoked: others may have made it."""
        return _wrote(self._keys, mac, purpose, text)

    def _mark_in(self, token: str) -> bytes | None:
        ours = token.partition(".")[0]
        return next((one for one in self.marks if self.wrote(ours, "csrf", one.hex())), None)

    def _pair(self, mark: bytes) -> str:
        owner = self._request.owner
        return f"{mark.hex()}|{owner.owner_id if owner else ''}"

    @cached_property
    def _ids(self) -> list[str]:
        prefix = id_prefix(self._secure)
        values = (value for name, value in cookie_pairs(self._request.environ) if name.startswith(prefix))
        ids = (found for found in (self._signed(value, "browser") for value in values) if found)
        return list(islice(ids, MOST_IDS))

    @cached_property
    def _id(self) -> str:
        if self._ids:
            return self._ids[0]
        made = mint(SESSION)
        self._made.append(made)
        name = id_prefix(self._secure) + digest(made).hex()[:8]
        self._request.add_response_callback(lambda _, response: self._set(response, name, made, "browser"))
        if not self.known:
            self.renew()
        return made

    def _set_session(self, _request: Request, response: Response) -> None:
        self._set(response, cookie_name(self._secure), self.sid, "session")

    def _set(self, response: Response, name: str, secret: str, purpose: str) -> None:
        response.set_cookie(
            name,
            f"{secret}.{self._mac(purpose, secret)}",
            path="/",
            secure=self._secure,
            httponly=True,
            samesite="Lax",  # not Strict: the first hop comes from the application's site
            overwrite=True,
        )

    def _signed(self, value: str, purpose: str) -> str | None:
        return _signed(self._keys, value, purpose)

    def _mac(self, purpose: str, text: str) -> str:
        return _mac(self._keys, purpose, text)
