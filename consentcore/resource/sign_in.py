"""How the data owner has to have signed in for a request (RFC 9470): to have a good token is not always enough."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from consentcore.resource.bearer import Refused

if TYPE_CHECKING:
    from consentcore.resource.bearer import Token

ERROR = "insufficient_user_authentication"


class SignIn:
    """What is demanded of the sign-in that a token stands on. Safe to share between threads.

    :param acr_values: it has to be one of these, the best one first; empty: any.
    :param max_age: how many seconds ago it may have been; None: any time.
    :param leeway_s: by how much clocks may disagree.
    :param clock: seconds since the epoch.
    :raises ValueError: ``max_age`` is negative, or a name in ``acr_values`` is none.
    """

    def __init__(
        self,
        acr_values: Iterable[str] = (),
        max_age: int | None = None,
        *,
        leeway_s: float = 10.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.acr_values = (acr_values,) if isinstance(acr_values, str) else tuple(acr_values)
        self.max_age = max_age
        if max_age is not None and max_age < 0:
            raise ValueError("max_age: expected seconds, 0 or more")
        if any(not name or " " in name or '"' in name for name in self.acr_values):
            raise ValueError("acr_values: expected names without blanks")
        self._leeway = leeway_s
        self._clock = clock

    def check(self, token: Token, scopes: Iterable[str], scheme: str) -> None:
        """Judge the sign-in of a good token; what a token does not say of it does not count.

        :param scopes: what it must allow besides, for the challenge.
        :param scheme: of the challenge.
        :raises Refused: 401 ``insufficient_user_authentication`` (section 3).
        """
        problem = self._problem(token)
        if problem:
            raise Refused(401, ERROR, problem, scopes, scheme=scheme, sign_in=self)

    def _problem(self, token: Token) -> str:
        if self.acr_values and token.claims.get("acr") not in self.acr_values:
            return "Another kind of sign-in is needed"
        if self.max_age is None:
            return ""
        signed_in = token.claims.get("auth_time")
        # Not a number, or one that is none, fails the comparison.
        if not isinstance(signed_in, int | float) or isinstance(signed_in, bool):
            return "A more recent sign-in is needed"
        recent = signed_in + self.max_age + self._leeway >= self._clock()
        return "" if recent else "A more recent sign-in is needed"
