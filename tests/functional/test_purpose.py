"""What an application says its request is for."""

from __future__ import annotations

import re
from pathlib import Path

from tests.support.platform import Request, make_platform, to_consent_page

CSS = Path(__file__).parents[2] / "templates" / "static" / "consentcore.css"


def test_cp_05_the_purpose_is_quoted_as_the_applications_own_words_and_bounded_in_height(tmp_path):
    platform = make_platform(tmp_path)
    platform.add_client("eve", name="Eve", purpose="We <b>help</b> you: https://eve.example")
    _, page = to_consent_page(platform, Request("eve"))
    before, _, rest = page.text.partition("<blockquote")
    quoted = rest.partition("</blockquote>")[0]
    assert "What for, in the words of" in before[-200:]
    assert "We &lt;b&gt;help&lt;/b&gt; you: https://eve.example" in quoted
    assert "<a " not in quoted  # plain text: nothing of it leads anywhere
    (rule,) = re.findall(r"^blockquote \{(.*)\}$", CSS.read_text(), re.MULTILINE)
    assert "max-height:" in rule
    assert "overflow: auto" in rule
    platform.runtime.close()
