"""What a multipart form holds."""

from __future__ import annotations

import pytest
from pyramid.request import Request

from consentcore.domain.errors import InvalidInput
from consentcore.web.uploads import posted_parts

TYPE = "multipart/form-data; boundary=abc"


def parts(body, content_type=TYPE):
    return posted_parts(Request.blank("/", method="POST", body=body, content_type=content_type))


def part(name, content):
    return b'--abc\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % (name, content)


def test_each_field_comes_as_its_bytes():
    content = b"\x00\xff--ab\r\n\r\n-"
    assert parts(part(b"file", content) + part(b"text", b"") + b"--abc--\r\n") == {
        "file": content,
        "text": b"",
    }


def test_of_those_with_one_name_the_first_that_is_not_empty_counts():
    body = part(b"file", b"") + part(b"file", b"one") + part(b"file", b"two") + b"--abc--"
    assert parts(body) == {"file": b"one"}


def test_a_quoted_boundary_is_read():
    assert parts(part(b"a", b"1") + b"--abc--", 'multipart/form-data; boundary="abc"') == {"a": b"1"}


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", TYPE),
        (part(b"a", b"1"), TYPE),
        (b"--abc\r\nno blank line\r\n--abc--", TYPE),
        (part(b"a", b"1") * 20 + b"--abc--", TYPE),
        (b"x", "multipart/form-data"),
        (b"x", f"multipart/form-data; boundary={'a' * 71}"),
        (b"a=1", "application/x-www-form-urlencoded"),
    ],
)
def test_what_is_no_such_form_is_refused(body, content_type):
    with pytest.raises(InvalidInput):
        parts(body, content_type)
