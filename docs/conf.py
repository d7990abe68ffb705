"""Sphinx: the documentation, warnings are errors in the gate."""

import sys
from pathlib import Path

from consentcore import __version__

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

project = "consentcore"
author = "the consentcore authors"
release = __version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "scripts.reference_pages"]
html_theme = "furo"
html_title = "consentcore"
exclude_patterns = ["_build"]
myst_heading_anchors = 3
myst_enable_extensions = ["fieldlist"]
autodoc_default_options = {
    "members": True,
    "undoc-members": True,
    "member-order": "bysource",
    "no-value": True,
}
autodoc_preserve_defaults = True
toc_object_entries = False  # every name of the API at the side of every page would take minutes
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 100
# In a signature, `type` is Python's; a member of a record that is called so is no target of it.
suppress_warnings = ["ref.python"]
