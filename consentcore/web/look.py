"""The look of the pages as it was configured: a stylesheet of colours and the operator's mark, made once at start."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from consentcore.settings.marks import read_mark
from consentcore.settings.palette import css

if TYPE_CHECKING:
    from collections.abc import Mapping

    from consentcore.settings import ThemeSettings


@dataclass(frozen=True)
class Look:
    """What the layout names, and what is served of it.

    :ivar stylesheet: the operator's colours; "" where they are ours.
    :ivar marks: media type and content of ``logo`` and ``logo_dark``, as far as there are any.
    :ivar version: another one whenever something of it is different, for browsers that keep it.
    """

    stylesheet: str
    marks: Mapping[str, tuple[str, bytes]]
    version: str


def make_look(theme: ThemeSettings) -> Look:
    """Read what a theme consists of.

    :raises ValueError: when a mark cannot be read any more.
    """
    files = {name: getattr(theme, name) for name in ("logo", "logo_dark")}
    marks = {name: read_mark(path) for name, path in files.items() if path is not None}
    stylesheet = css(theme)
    content = b"\0".join((stylesheet.encode(), *(content for _, content in marks.values())))
    return Look(stylesheet, marks, hashlib.sha256(content).hexdigest()[:12])
