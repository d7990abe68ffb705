"""The browser session: one signed cookie with a random id, nothing else.

The server keeps who is signed in under the SHA-256 of the id (``OwnerSession``), so logout and "end all
sessions" work on the server. An anonymous visitor has an id too, for anti-forgery, but no row.
The id is replaced at login and logout (ASVS 7.2.4), so that a planted cookie is worth nothing.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from hmac import compare_digest
from typing import TYPE_CHECKING

from consentcore.domain.secret import SESSION, digest, looks_like, mint
from consentcore.web.cookies import cookie_values

if TYPE_CHECKING:
    from pyramid.request import Request
    from pyramid.response import Response

    from consentcore.ports.keys import KeyRing


def cookie_name(secure: bool) -> str:
    """``__Host-`` makes browsers insist on Secure, Path=/ and no Domain; it is refused on plain http."""
    return "__Host-consentcore" if secure else "consentcore_session"


class Browser:
    """The session of the browser that sent a request. Reading never sets a cookie; :attr:`sid` does."""

    def __init__(self, request: Request, keys: KeyRing, *, secure: bool) -> None:
        self._request = request
        self._keys = keys
        self._secure = secure
        self._sid = self._from_cookie()

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
    def csrf_token(self) -> str:
        """The anti-forgery token: a keyed hash of the session id, valid as long as the session."""
        return self._mac("csrf", self.sid)

    def valid_csrf(self, token: str) -> bool:
        """Whether ``token`` is the one of this session; never for a browser without a session."""
        return self.known and compare_digest(token.encode("utf-8", "replace"), self.csrf_token.encode())

    @property
    def reference(self) -> str:
        """A keyed hash of the session for evidence: tells sessions apart and opens none."""
        return self._mac("evidence", self.sid)

    def renew(self) -> str:
        """Give the browser a new session id with the next response."""
        self._sid = mint(SESSION)
        self._request.add_response_callback(self._set_cookie)
        return self._sid

    def _set_cookie(self, _request: Request, response: Response) -> None:
        sid = self.sid
        response.set_cookie(
            cookie_name(self._secure),
            f"{sid}.{self._mac('session', sid)}",
            path="/",
            secure=self._secure,
            httponly=True,
            samesite="Lax",  # not Strict: the first hop comes from the application's site
            overwrite=True,
        )

    def _from_cookie(self) -> str | None:
        found = cookie_values(self._request.environ, cookie_name(self._secure))
        return next((sid for sid in map(self._signed, reversed(found)) if sid), None)

    def _signed(self, value: str) -> str | None:
        sid, _, mac = value.partition(".")
        if not looks_like(SESSION, sid):
            return None
        for key_id in self._keys.ids:
            if compare_digest(mac.encode("utf-8", "replace"), self._mac("session", sid, key_id).encode()):
                return sid
        return None

    def _mac(self, purpose: str, text: str, key_id: str = "") -> str:
        return urlsafe_b64encode(self._keys.mac(purpose, text.encode(), key_id)[:24]).decode()
