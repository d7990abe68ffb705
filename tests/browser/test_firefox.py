"""The demo's story in Firefox, with scripts and without."""

from __future__ import annotations

import pytest

from tests.browser.browsing import PASSWORD, add_owner
from tests.support.firefox import firefox

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("scripts", [False, True], ids=["without scripts", "with scripts"])
def test_the_story_in_firefox(demo, scripts):
    ada = add_owner(demo, "Ada Moreau")
    coolsite = f"{demo.coolsite.own_url}/"
    with firefox(scripts=scripts) as window:
        window.do("goto", coolsite)
        window.do("press", "Connect my buildings")
        window.heading("Sign in to answer CoolSite")
        window.do("fill", "input[name=email]", ada.email)
        window.do("fill", "input[name=password]", PASSWORD)
        window.do("press", "Sign in")
        window.heading("CoolSite asks to see your data")
        window.reads("Room climate")
        window.do("press", "Approve")
        window.reads("Connected.", "[role=status]")
        window.do("press", "Read room climate")
        window.reads("Main room", "body")

        window.do("goto", f"{demo.issuer}/consents")
        window.heading("Authorized Applications")
        window.do("follow", "Revoke Access of CoolSite")
        window.heading("Stop CoolSite from using your data?")
        assert window.do("has", "dialog[open]") is scripts
        if scripts:
            window.do("key", "Escape")
            window.heading("Authorized Applications")
            window.do("follow", "Revoke Access of CoolSite")
            window.heading("Stop CoolSite from using your data?")
        window.do("press", "Proceed")
        window.heading("CoolSite can no longer see your data")
        window.do("goto", f"{demo.issuer}/consents/history")
        window.reads("revoked by you")
        window.do("goto", coolsite)
        window.do("press", "Read room climate")
        window.reads("The API refused: 401", "[role=status]")
        window.do("press", "Connect again")
        window.heading("CoolSite asks to see your data")
        window.do("press", "Deny")
        window.reads("You said no. CoolSite sees nothing.", "[role=status]")
    with demo.runtime.storage.reading() as uow:
        kinds = [event.type.value for event in reversed(uow.ledger.of_owner(ada.owner_id))]
    assert kinds == ["granted", "withdrawn", "denied"]
