"""Which words and forms the pages have: the release, and a hash of the templates that are in use."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files
from pathlib import Path

from consentcore import __version__


@cache
def ui_version(theme: Path | None) -> str:
    """The version that stands in the evidence: ``1.2.0+3f2a9c01d4e5``. Read once in a process.

    :param theme: the operator's folder of templates.
    """
    read = hashlib.sha256()
    for folder in (Path(str(files("consentcore_templates"))), *([theme] if theme else [])):
        for path in sorted(folder.rglob("*.jinja2")):
            read.update(str(path.relative_to(folder)).encode() + b"\0" + path.read_bytes() + b"\0")
    return f"{__version__}+{read.hexdigest()[:12]}"
