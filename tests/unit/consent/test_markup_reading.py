from __future__ import annotations

from consentcore.consent.markup_reading import controls, inert, replaced, strings

PAGE = """<!doctype html><html lang="en"><head><title>CoolSite asks – Energy</title>
<script>var never = "shown";</script><style>p { color: red }</style></head>
<body><!-- a note --><a class="skip" href="#main">Skip</a>
<form method="post" action="/consent" onsubmit="x()"><input type="hidden" name="csrf_token" value="secret">
<h1>CoolSite <bdi>&amp; friends</bdi></h1>
<p title="More about it">It
   sees &lt;all&gt;</p>
<label><input type="checkbox" name="scope" value="a" checked> A</label>
<label><input type="checkbox" name="scope" value="b"> B</label>
<select name="duration"><option value="30">30 days</option><option value="90" selected>90 days</option></select>
<input type="submit" value="Go"><button type="submit" name="decision" value="approve" formaction="/x">Approve</button>
<a href="javascript:alert(1)">link</a><iframe src="/x"></iframe><img src="/x" alt="A picture"></form></body></html>"""


def test_every_string_comes_in_order():
    assert strings(PAGE) == [
        "CoolSite asks – Energy",
        "Skip",
        "CoolSite",
        "& friends",
        "More about it",
        "It sees <all>",
        "A",
        "B",
        "30 days",
        "90 days",
        "Go",
        "Approve",
        "link",
        "A picture",
    ]


def test_every_control_comes_with_the_state_in_which_the_page_opens():
    assert [(one["type"], one["name"], one["value"], one["on"]) for one in controls(PAGE)] == [
        ("checkbox", "scope", "a", True),
        ("checkbox", "scope", "b", False),
        ("select", "duration", "", None),
        ("option", "", "30", False),
        ("option", "", "90", True),
        ("submit", "", "Go", None),
        ("submit", "decision", "approve", None),
    ]


def test_what_is_shown_again_does_nothing():
    again = inert(PAGE, lambda text: text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))
    for gone in ("<form", "href", "action", "onsubmit", "secret", "<script", "<iframe", "<img", "javascript"):
        assert gone not in again
    assert '<input type="checkbox" value="a" checked disabled>' in again
    assert '<button type="button" disabled>Approve</button>' in again
    assert "It\n   sees &lt;all&gt;" in again


def test_texts_are_replaced_and_the_rest_stays_as_it_was():
    after = replaced(PAGE, lambda text: text.replace("friends", "“x” & <y>"))
    assert "<bdi>&amp; “x” &amp; &lt;y&gt;</bdi>" in after
    assert after.replace("“x” &amp; &lt;y&gt;", "friends") == PAGE


def test_attributes_that_people_read_are_replaced_too():
    after = replaced('<p title="of Ada" data-x="of Ada">of Ada</p>', lambda text: text.replace("Ada", "{1}"))
    assert after == '<p title="of {1}" data-x="of Ada">of {1}</p>'


def test_cp_41_a_label_stays_that_of_its_control_when_a_page_is_shown_again():
    page = '<label for="q">Search</label><input type="search" id="q" onfocus="x"><p id="main">Text</p>'
    assert inert(page, str) == (
        '<label for="then-q">Search</label><input type="search" disabled id="then-q"><p>Text</p>'
    )
