"""What applications may have that no operator has registered: what the settings say, and else nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from consentcore.clients.document_urls import is_host_pattern
from consentcore.domain.errors import ConfigurationError, InvalidInput
from consentcore.domain.scope import ScopeType
from consentcore.oauth.resource_indicators import MAX_AUDIENCES, check_audience

if TYPE_CHECKING:
    from consentcore.domain.scope import Catalog
    from consentcore.settings import RegistrationSettings

SCOPES = "consentcore.registration.scopes"
DOCUMENTS = "consentcore.registration.documents"
AUDIENCES = "consentcore.registration.audiences"


@dataclass(frozen=True)
class StrangerRules:
    """:ivar scopes: tokens of the scopes that they may register themselves for, at least one.

    :ivar audiences: APIs that they may ask tokens for, as URIs.
    """

    scopes: tuple[str, ...]
    audiences: tuple[str, ...] = ()


def stranger_rules(settings: RegistrationSettings, catalog: Catalog) -> StrangerRules:
    """The rules of these settings.

    :raises ConfigurationError: with every scope that is not in the catalog or lets an application act, and every URI
        that is no audience, every host that is none; or when there is no scope at all.
    """
    problems = [
        f"{DOCUMENTS}: expected names of hosts in small letters, *.example.com or *, not {text!r}"
        for text in settings.documents
        if not is_host_pattern(text)
    ]
    problems += [f"{SCOPES}: {problem}" for problem in _scope_problems(settings.scopes, catalog)]
    if len(settings.audiences) > MAX_AUDIENCES:
        problems.append(f"{AUDIENCES}: expected at most {MAX_AUDIENCES}")
    for uri in settings.audiences:
        try:
            check_audience(uri)
        except InvalidInput as error:
            problems.append(f"{AUDIENCES}: {error.expected}, not {uri!r}")
    if problems:
        raise ConfigurationError(problems)
    return StrangerRules(tuple(dict.fromkeys(settings.scopes)), tuple(dict.fromkeys(settings.audiences)))


def _scope_problems(scopes: tuple[str, ...], catalog: Catalog) -> list[str]:
    if not scopes:
        return ["expected at least one scope, because applications may register themselves"]
    unknown = [f"{scope!r} is not in the catalog" for scope in scopes if scope not in catalog]
    acting = [
        f"{scope!r} lets an application act: an operator has to register those that may ask for it"
        for scope in scopes
        if scope in catalog and catalog[scope].type is ScopeType.ACT
    ]
    return unknown + acting
