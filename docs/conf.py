"""Sphinx: the documentation, warnings are errors in the gate."""

from consentcore import __version__

project = "consentcore"
author = "the consentcore authors"
release = __version__
extensions = ["myst_parser"]
html_theme = "furo"
html_title = "consentcore"
exclude_patterns = ["_build"]
myst_heading_anchors = 3
