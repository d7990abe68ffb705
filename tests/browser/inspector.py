"""Looks at pages as axe does, and at their width."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe

from tests.browser.browsing import DESKTOP


class Inspector:
    """Looks at whatever page the person sees, and collects what is wrong."""

    def __init__(self, person):
        self.person = person
        self.axe = Axe()
        self.wrong = []

    def look(self, name, rules=(), widths=(320, 390)):
        """Inspect the page; ``rules`` of axe do not apply to it."""
        page = self.person.page
        options = {"resultTypes": ["violations"], "rules": {rule: {"enabled": False} for rule in rules}}
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            found = self.axe.run(page, options=options).response["violations"]
            self.wrong += [f"{name}, {scheme}: {_described(violation)}" for violation in found]
        for width in widths:
            if (over := self.person.overflow(width)) > 0:
                self.wrong.append(f"{name}: {over} px stick out at {width} px")
        if widths:
            page.set_viewport_size(DESKTOP)
        page.emulate_media(color_scheme="light")
        if len(page.title()) < 10:
            self.wrong.append(f"{name}: the title says {page.title()!r}")


def _described(violation):
    places = "; ".join(f"{node['target'][0]}: {node['failureSummary']}" for node in violation["nodes"])
    return f"{violation['id']} ({violation['impact']}) {places}"
