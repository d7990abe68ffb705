"""``consentcore scopes``: what can be shared."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from consentcore.cli.commands import Group
from consentcore.cli.exit_codes import FOUND_A_PROBLEM, GOOD, NOT_NOW
from consentcore.cli.state import State, pass_state, table
from consentcore.consent.catalog_lint import lint
from consentcore.domain.errors import ConfigurationError, StorageError
from consentcore.domain.scope import Scope
from consentcore.i18n import Languages

if TYPE_CHECKING:
    from consentcore.domain.past_scopes import PinnedScope


@click.group(cls=Group, name="scopes")
def command() -> None:
    """List and check the scope catalog."""


@command.command("list")
@pass_state
def list_(state: State) -> None:
    """List every scope, with its version and the revision of its words."""
    catalog = state.config.registry.catalog()
    scopes = [*catalog, *catalog.unasked.values()]
    rows = [
        (
            one.reference,
            str(one.revision),
            one.status,
            one.type,
            str(one.level),
            one.label,
            ", ".join(one.products),
        )
        for one in scopes
    ]
    headings = ("SCOPE", "REVISION", "STATUS", "TYPE", "LEVEL", "LABEL", "API")
    state.answer([_facts(one) for one in scopes], table(rows, headings))


@command.command("lint")
@pass_state
def lint_(state: State) -> int:
    """Say what the catalog lacks so that people can judge it; ends with 1 when it lacks something.

    Every scope, and every type of authorization details, in every language that pages are offered in: complete, within
    its limits, without empty words, not too hard to read; and a scope worded as it is pinned in the storage, or under a
    new revision or version.
    """
    catalog, web = state.config.registry.catalog(), state.config.settings.web
    languages = Languages(web.default_locale, web.theme)
    offered = {tag: languages.lookup((tag,)) for tag in languages.offered}
    locales = {tag: language.ranges for tag, language in offered.items() if language is not None}
    pinned = _pinned(state)
    found = lint(catalog, locales, pinned or ())
    state.answer({"problems": [one.facts for one in found]}, "")
    for one in found:
        state.say(str(one))
    if not found:
        state.say(f"{len(catalog.scopes)} scopes, nothing to mend ({', '.join(locales)})")
    if found:
        return FOUND_A_PROBLEM
    return GOOD if pinned is not None else NOT_NOW


def _pinned(state: State) -> Sequence[PinnedScope] | None:
    """What was in force before: nothing where there is no installation, as in a build that has no keys; None where its
    storage does not answer."""
    try:
        return state.runtime.scope_pins.pinned()
    except (StorageError, ConfigurationError) as error:
        state.say(f"not compared with the words that are pinned: {error}")
        return None if isinstance(error, StorageError) else ()


def _facts(scope: Scope) -> dict[str, Any]:
    return {"id": scope.scope_id, **scope.facts, "products": list(scope.products), "origin": scope.origin}
