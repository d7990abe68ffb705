"""Where the templates of mails are found, and what they can name."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from consentcore.domain.text import isolated
from consentcore.markup import bdi, monogram, tile_number

if TYPE_CHECKING:
    from jinja2 import Environment


def mail_templates(theme: Path | None) -> Environment:
    """Make the environment that renders mails.

    :param theme: folder whose templates win over the built-in ones.
    """
    from jinja2 import (
        ChoiceLoader,
        Environment,
        FileSystemLoader,
        PrefixLoader,
        StrictUndefined,
        select_autoescape,
    )

    from consentcore.i18n.templates import install

    ours = Path(str(files("consentcore_templates")))
    wins = FileSystemLoader([*([theme] if theme else []), ours])
    # A template of the theme extends the one that it replaces by the same name as among the pages.
    replaced = PrefixLoader({"consentcore_templates": FileSystemLoader(ours)}, delimiter=":")
    environment = Environment(
        loader=ChoiceLoader([replaced, wins]),
        autoescape=select_autoescape(("html",), default=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    install(environment)
    environment.filters.update(bdi=bdi, isolated=isolated, monogram=monogram, tile_number=tile_number)
    return environment
