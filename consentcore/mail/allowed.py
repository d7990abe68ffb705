"""What a mail says was asked for and is allowed, was before, came and went."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from consentcore.consent.detail_words import in_words, summary
from consentcore.domain.authorization_detail import are_within
from consentcore.domain.scope import Catalog, Scope, ScopeType
from consentcore.domain.text import one_line

if TYPE_CHECKING:
    from consentcore.domain.notice_facts import ConsentFacts
    from consentcore.i18n import Language


def allowed(facts: ConsentFacts, catalog: Catalog, at: int, language: Language) -> dict[str, Any]:
    """Scopes and authorization details, in lists of what has a ``label`` and says what it ``sees``.

    :param at: when it happened, in milliseconds.
    """
    found = _scopes(facts, catalog, at)
    now, before = facts.authorization_details, facts.previous_authorization_details
    lists = {
        "scopes": now,
        "previous": before,
        "requested": facts.requested_authorization_details,
        "added": [one for one in now if not are_within([one], before)],
        "removed": [one for one in before if not are_within([one], now)],
    }
    for name, details in lists.items():
        found[name] = (*found[name], *(_Detail.of(one, catalog, language) for one in details))
    return found


class _Detail(NamedTuple):
    """An authorization detail as mails list it."""

    label: str
    sees: str

    @classmethod
    def of(cls, text: str, catalog: Catalog, language: Language) -> _Detail:
        words = in_words(text, catalog)
        return cls(words.label, one_line(summary(words, language.translate)))


def _scopes(facts: ConsentFacts, catalog: Catalog, at: int) -> dict[str, Any]:
    """Scopes in the words of then, however late the mail is made.

    :param at: when it happened, in milliseconds.
    """
    said = {one.scope_id: one for one in catalog.as_of(facts.references, at=at)}

    def named(scope_ids: Iterable[str]) -> tuple[Scope, ...]:
        return tuple(said.get(scope.scope_id, scope) for scope in catalog.named(scope_ids))

    now, before = facts.scopes, facts.previous_scopes
    scopes = named(now)
    return {
        "scopes": scopes,
        "previous": named(before),
        "requested": named(facts.requested_scopes),
        "added": named(one for one in now if one not in before),
        "removed": named(one for one in before if one not in now),
        "acts": any(scope.type is ScopeType.ACT for scope in scopes),
    }
