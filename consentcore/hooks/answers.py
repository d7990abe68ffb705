"""What plugins answer for pages and tokens, checked before it is used."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from consentcore.domain.errors import ConfigurationError
from consentcore.domain.scope import TEXT_FIELDS
from consentcore.domain.text import with_clean_texts
from consentcore.ports.extension import RESERVED_CLAIMS

if TYPE_CHECKING:
    from consentcore.domain.scope import Scope
    from consentcore.ports.extension import ConsentPanel


def clean_scope(scope: Scope) -> Scope:
    """A scope of a catalog, its texts in all languages without what does not belong into one.

    :raises TypeError, AttributeError: when it is none.
    """
    if not isinstance(scope.scope_id, str):
        raise TypeError(f"the id of a scope is a text, not {scope.scope_id!r}")
    cleaned = with_clean_texts(scope, *TEXT_FIELDS)
    if not scope.texts:
        return cleaned
    texts = {tag: with_clean_texts(said, *TEXT_FIELDS) for tag, said in scope.texts.items()}
    return replace(cleaned, texts=texts)


def check_panels(answer: Iterable[ConsentPanel] | None) -> list[ConsentPanel]:
    """The panels of one plugin, their texts without what does not belong into one.

    :raises TypeError, AttributeError: when they are no panels.
    :raises UnicodeEncodeError: when a text is no Unicode.
    """
    panels = list(answer or ())
    for panel in panels:
        for text in (panel.title, panel.text):
            if not isinstance(text, str):
                raise TypeError("a panel has a title and a text")
            text.encode()
    return [with_clean_texts(panel, "title", "text") for panel in panels]


def check_claims(answer: Mapping[str, object] | None) -> Mapping[str, object]:
    """The claims of one plugin.

    :raises TypeError, ValueError: when JSON cannot hold them.
    """
    claims = answer or {}
    json.dumps(claims, allow_nan=False, ensure_ascii=False).encode()
    return {str(claim): value for claim, value in claims.items()}


def merge_claims(given: Mapping[str, Mapping[str, object]]) -> dict[str, object]:
    """The claims of all plugins together.

    :param given: by plugin name.
    :raises ConfigurationError: when a claim is reserved, or given by two plugins.
    """
    found: dict[str, object] = {}
    givers: dict[str, str] = {}
    for name, claims in given.items():
        for claim, value in claims.items():
            if claim in RESERVED_CLAIMS:
                raise ConfigurationError(
                    [f"plugin {name}: the claim {claim} is reserved (RFC 7662 section 2.2)"]
                )
            if claim in givers:
                raise ConfigurationError(
                    [f"the claim {claim} is given by plugin {givers[claim]} and by plugin {name}"]
                )
            givers[claim], found[claim] = name, value
    return found
