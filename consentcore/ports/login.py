"""The login port: who is this data owner?

A login plugin keeps passwords (:class:`LoginProvider`), or sends people to a provider and takes them back
(:class:`RedirectLogin`). Which of the two it is, is told by its methods.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from consentcore.ports.transactions import UnitOfWork


@dataclass(frozen=True, slots=True)
class SignInRequest:
    """How somebody is to sign in, as an application has asked for it (OpenID Connect Core section 3.1.2.1). Whether
    that came true is judged afterwards, by the session; a plugin does what it can.

    :ivar fresh: the person must prove again who they are, even if somebody remembers them (``prompt=login``).
    :ivar max_age: how long ago that may have been, in seconds; None for any time.
    :ivar acr_values: one of these it should be, the best one first; empty for any (RFC 9470 section 4).
    :ivar login_hint: under which name they may sign in, as the application supposes; up to 320 characters of a
        stranger, "" for none.
    :ivar select_account: they choose with which account, even if somebody remembers one.
    """

    fresh: bool = False
    max_age: int | None = None
    acr_values: tuple[str, ...] = ()
    login_hint: str = field(default="", repr=False)
    select_account: bool = False


@dataclass(frozen=True, slots=True)
class LoginAttempt:
    """What somebody typed. ``remote_addr`` is the client's address as the server trusts it.

    :ivar asked: what the application that waits has asked for.
    """

    email: str
    password: str
    remote_addr: str
    now: int
    asked: SignInRequest = SignInRequest()


@dataclass(frozen=True, slots=True)
class Authenticated:
    """It is this owner. ``acr`` and ``amr`` as in OpenID Connect Core section 2 and RFC 8176.

    :ivar auth_time: when the person proved it, milliseconds since the epoch; None means just now.
    """

    owner_id: str
    acr: str
    amr: tuple[str, ...]
    auth_time: int | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """Unknown owner or wrong password; the two are never told apart, in words or in time.

    :ivar reason: only of a redirect login, whose provider knows the person: one of :data:`REASONS`, or "".
    """

    reason: str = ""


REASONS = frozenset(
    {
        *("cancelled", "unknown", "unverified", "taken", "not_allowed", "stale", "failed"),
        *("unmet", "unselected"),
    }
)
"""Why a redirect login refuses: the person stopped; nobody here is known by that name, and none is made; the provider
did not confirm the e-mail address; an account with that address exists and must not be taken over; the provider's
account is none of those that are let in; the person did not sign in anew although that was asked; the provider's answer
is not in order; the person cannot sign in there in one of the ways that were asked; no account was chosen although that
was asked. The last two are told to the application that asked."""


@dataclass(frozen=True, slots=True)
class Throttled:
    """Too many failures; try again after ``retry_after_s`` seconds."""

    retry_after_s: int


@dataclass(frozen=True, slots=True)
class Unavailable:
    """The provider does not answer, or answers nonsense; try again after ``retry_after_s`` seconds.

    :ivar reason: what went wrong, for the operator's log; no person is shown it.
    """

    retry_after_s: int = 30
    reason: str = field(default="", compare=False)


LoginOutcome = Authenticated | Refused | Throttled
"""What a look at credentials ends in."""


@runtime_checkable
class LoginProvider(Protocol):
    """Checks credentials and stores them."""

    def authenticate(self, attempt: LoginAttempt) -> LoginOutcome:
        """Check e-mail and password. Runs outside any transaction; a success is never throttled."""
        ...

    def set_password(self, uow: UnitOfWork, owner_id: str, password: str) -> None:
        """Store a password.

        :raises InvalidInput: when it is too short, too long or too common.
        """
        ...


@dataclass(frozen=True, slots=True)
class RedirectTo:
    """Where a sign-in goes on.

    :ivar url: at the provider, absolute.
    :ivar state: what comes back as the parameter ``state``, or as the :attr:`PostedLogin.state_field`: at least 128
        random bits, new each time.
    :ivar transient: up to 1000 characters that :meth:`RedirectLogin.complete` needs; kept
        sealed, in the browser that was sent, for ten minutes and for one return.
    """

    url: str
    state: str
    transient: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Returned:
    """A browser that came back with the state it was sent with.

    :ivar params: the query of the callback, or the form that was posted to it, each name once.
    :ivar transient: of :class:`RedirectTo`.
    :ivar posted: they came in a form, see :class:`PostedLogin`.
    """

    params: Mapping[str, str] = field(repr=False)
    transient: str = field(repr=False)
    callback_url: str
    now: int
    posted: bool = False


@runtime_checkable
class RedirectLogin(Protocol):
    """Signs people in somewhere else. Nothing here runs inside a transaction; every call ends within seconds, whatever
    the provider does, and is safe from any thread. State, its binding to one browser and its single use are checked by
    the caller."""

    @property
    def label(self) -> str:
        """What the button calls the provider."""
        ...

    @property
    def origin(self) -> str:
        """Scheme, host and port that :meth:`end` leads to: browsers must be told before they follow a form there."""
        ...

    def begin(self, *, callback_url: str, fresh: bool, now: int) -> RedirectTo | Unavailable:
        """Say where to send the browser.

        :param fresh: the person must prove again who they are, even if the provider remembers them.
        """
        ...

    def complete(self, returned: Returned) -> Authenticated | Refused | Unavailable:
        """Ask the provider who came back, and find (or make) the owner."""
        ...

    def end(self, *, return_url: str) -> str:
        """Where to send the browser to be signed out at the provider too; "" when there is no such place.

        :param return_url: where the provider sends it afterwards.
        """
        ...


@runtime_checkable
class PostedLogin(RedirectLogin, Protocol):
    """A redirect login whose provider has the browser post its answer, as SAML 2.0 does (Bindings section 3.5) and
    OpenID Connect with ``response_mode=form_post``. An answer in the query counts as well: the plugin sees by
    :attr:`Returned.posted` which it was, and may refuse one of them."""

    @property
    def state_field(self) -> str:
        """The name under which ``state`` comes back, in form and query: ``RelayState`` with SAML, of which it may have
        80 bytes; ``state`` with OpenID Connect."""
        ...


@runtime_checkable
class AskedLogin(RedirectLogin, Protocol):
    """A redirect login that takes up what an application asks of a sign-in. Of any other a fresh one is demanded where
    an application asks for more than that somebody is signed in."""

    def begin_asked(self, *, callback_url: str, asked: SignInRequest, now: int) -> RedirectTo | Unavailable:
        """Say where to send the browser; in the place of :meth:`~RedirectLogin.begin`."""
        ...


@runtime_checkable
class GradedLogin(Protocol):
    """A login of either kind that knows what it can say of how somebody signed in. Applications that ask for something
    else are refused at once; of a login that does not know it, after the sign-in."""

    @property
    def acr_values(self) -> Sequence[str]:
        """Every :attr:`Authenticated.acr` that there can be, without blanks; empty while that is not known."""
        ...


AnyLogin = LoginProvider | RedirectLogin
