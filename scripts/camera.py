"""Takes pictures of pages in Chromium: desktop, phone, dark and printed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from scripts.small_png import small_png

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
DESKTOP, PHONE, SHEET = (1280, 900), (390, 844), (794, 1123)
"""In CSS pixels; the last is A4."""
IMAGES = Path(__file__).parent.parent / "docs" / "images"
README_SIZE, WIDE = (760, 720), (1180, 900)
FONTS = ("system-ui", "Inter"), ("ui-serif", "Caladea")
"""What stands in for the fonts of a desktop where the machine that takes the pictures has none of its own."""
# Small files, and no sandbox when root runs it in a container.
ARGUMENTS = ["--no-sandbox", "--disable-dev-shm-usage", "--force-color-profile=srgb", "--disable-lcd-text"]


class Camera:
    """Takes the pictures of whatever a page shows at the time."""

    def __init__(self, page: Page, folder: Path, *, readme: bool) -> None:
        self._page = page
        self._folder = folder
        self._readme = readme

    def take(self, name: str) -> None:
        """Desktop, phone, dark and printed."""
        for suffix, size, scheme, media in (
            ("desktop", DESKTOP, "light", "screen"),
            ("phone", PHONE, "light", "screen"),
            ("dark", DESKTOP, "dark", "screen"),
            ("print", SHEET, "light", "print"),
        ):
            self._set(size, scheme, media)
            self._page.screenshot(path=self._folder / f"{name}-{suffix}.png", full_page=True)
        self._set(DESKTOP)
        print(f"{name}: {self._page.url}", flush=True)

    def take_window(self, name: str) -> None:
        """What the window shows, which a dialog lies over: desktop, phone and dark."""
        for suffix, size, scheme in (
            ("desktop", DESKTOP, "light"),
            ("phone", PHONE, "light"),
            ("dark", DESKTOP, "dark"),
        ):
            self._set(size, scheme)
            self._page.screenshot(path=self._folder / f"{name}-{suffix}.png")
        self._set(DESKTOP)

    def take_for_docs(
        self, name: str, size: tuple[int, int] = README_SIZE, scheme: str = "light", *, whole: bool = True
    ) -> None:
        """A picture for README and documentation; the whole page, or what a window of that size shows."""
        if self._readme:
            self._set(size, scheme)
            self._page.evaluate("scrollTo({top: 0, behavior: 'instant'})")
            (IMAGES / f"{name}.png").write_bytes(small_png(self._page.screenshot(full_page=whole)))
            self._set(DESKTOP)

    def _set(self, size: tuple[int, int], scheme: str = "light", media: str = "screen") -> None:
        self._page.set_viewport_size({"width": size[0], "height": size[1]})
        self._page.emulate_media(
            color_scheme="dark" if scheme == "dark" else "light",
            media="print" if media == "print" else "screen",
        )


def with_fonts(route: Route) -> None:
    """The tokens, or a mail, with fonts that this machine has; where it has not, the next of the list is taken."""
    answer = route.fetch()
    text = answer.text()
    for name, instead in FONTS:
        text = text.replace(f"{name},", f"{instead}, {name},")
    route.fulfill(response=answer, body=text)
