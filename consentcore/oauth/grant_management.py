"""What an authorization request says of the grant that comes of it (Grant Management for OAuth 2.0 section 5).

There is one grant for a data owner and an application. So ``create`` is for those who have none yet, and the ids of
``merge`` and ``replace`` are that of the one that stands. An id is no secret (section 10): of another client's grant,
or another owner's, nobody learns more than of one that was never given out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from consentcore.oauth.errors import INVALID_REQUEST, ProtocolError, bad_request
from consentcore.oauth.parameters import AUTHORIZE, PLAIN_AUTHORIZE

if TYPE_CHECKING:
    from consentcore.domain.client import Client
    from consentcore.domain.grant import Grant
    from consentcore.domain.interaction import AuthorizationRequest
    from consentcore.oauth.context import ServerContext

CREATE, MERGE, REPLACE = "create", "merge", "replace"
ACTIONS = (CREATE, MERGE, REPLACE)
QUERY_SCOPE, REVOKE_SCOPE = "grant_management_query", "grant_management_revoke"
"""What a token of the client allows at the endpoint (section 6.1). No data owner is asked for them, and no catalog has
them."""
OFF, REQUIRED = "off", "required"
INVALID_GRANT_ID = "invalid_grant_id"
_ACTION = "grant_management_action"


def may_manage(mode: str, client: Client) -> bool:
    """Whether a client may use any of it (section 5.1: never a public one).

    :param mode: the setting ``consentcore.oauth.grant_management``.
    """
    return mode != OFF and client.grant_management and not client.public


def authorize_parameters(mode: str) -> Mapping[str, int]:
    """Parameters of the authorization endpoint, and how long each may be. Where grant management is off its own are
    like any that nobody knows: ignored, whatever they hold (RFC 6749 section 3.1).

    :param mode: the setting ``consentcore.oauth.grant_management``.
    """
    return PLAIN_AUTHORIZE if mode == OFF else AUTHORIZE


def asked_action(values: Mapping[str, str], client: Client, mode: str) -> tuple[str, str]:
    """Action and grant id of a request, each "" where it says nothing of them. Where grant management is off they are
    parameters that nobody knows.

    :raises ProtocolError: 400 ``invalid_request`` (section 5.4).
    """
    action, grant_id = values.get(_ACTION, ""), values.get("grant_id", "")
    if mode == OFF or not (action or grant_id or mode == REQUIRED):
        return "", ""
    if action not in ACTIONS:
        raise bad_request(f"{_ACTION}: expected one of {', '.join(ACTIONS)}")
    if not may_manage(mode, client):
        raise bad_request(f"{_ACTION}: expected none of a client that may not manage its grants")
    if bool(grant_id) is (action == CREATE):
        wanted = "none beside create" if grant_id else f"the id of a grant beside {action}"
        raise bad_request(f"grant_id: expected {wanted}")
    return action, grant_id


def check_grant_id(server: ServerContext, client_id: str, grant_id: str) -> None:
    """Refuse a grant that this client cannot change, whoever will have signed in; one read.

    :raises ProtocolError: 400 ``invalid_grant_id``.
    """
    with server.storage.reading() as uow:
        grant = uow.grants.get(grant_id)
    if grant is None or grant.client_id != client_id or not grant.is_active(server.clock.now()):
        raise ProtocolError(400, INVALID_GRANT_ID, _NO_SUCH)


_NO_SUCH = "grant_id: expected that of a grant of this client and this data owner"


def action_problem(request: AuthorizationRequest, standing: Grant | None) -> tuple[str, str] | None:
    """Why an action cannot be, now that it is known whose grant it is about: error and description.

    :param standing: the active grant of the owner for the client.
    """
    if request.grant_action == CREATE and standing is not None:
        return INVALID_REQUEST, f"{_ACTION}: expected merge or replace, one grant stands already"
    if request.grant_id and (standing is None or standing.grant_id != request.grant_id):
        return INVALID_GRANT_ID, _NO_SUCH
    return None
