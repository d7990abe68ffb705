"""Rows of grants that were changed by hand, and then amended in good faith before anybody has looked."""

from __future__ import annotations

from collections.abc import Callable

from drill.attack import Attack, By, Who
from drill.means import consents
from drill.stage import Stage
from drill.story import GRACE, NEW_PASSWORD
from tests.support.platform import Request, answer, sign_in

ONLY_REFUSED = frozenset({By.REFUSED})
GRANT = "grace shiftplan"


def _then_amended(change: str) -> Callable[[Stage], None]:
    """Somebody changes the row; then its owner allows the application something, on the page."""

    def attack(stage: Stage) -> None:
        stage.sql(f"UPDATE consent_grant SET {change} WHERE grant_id = :grace_shiftplan")
        browser = stage.platform.browser()
        login = browser.get(Request(client_id="shiftplan").url).follow()
        answer(sign_in(browser, login, GRACE, NEW_PASSWORD), "approve")

    return attack


def _is_wider(stage: Stage) -> bool:
    """Whether the grant covers what nobody agreed to."""
    return "alarms.read" in consents(stage, GRANT)["scopes"]


def _has_resources(stage: Stage) -> bool:
    return "everything" in consents(stage, GRANT)["resources"]


ATTACKS = (
    Attack(
        "a grant widened by a scope, and amended by its owner before anybody looks",
        Who.DATABASE,
        _then_amended('scopes = \'["alarms.read@1","sites.read@1"]\''),
        ONLY_REFUSED,
        works=_is_wider,
    ),
    Attack(
        "resources added to a grant, and amended by its owner before anybody looks",
        Who.DATABASE,
        _then_amended("resources = '[\"site|everything\"]'"),
        ONLY_REFUSED,
        works=_has_resources,
    ),
)
