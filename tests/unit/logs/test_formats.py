from __future__ import annotations

import json
import logging
import sys

import pytest

from consentcore.logs import FIELDS, answering, is_told, log_cause
from consentcore.logs.formats import JsonFormatter, RequestIdFilter, TextFormatter


def record(message, *arguments, exc_info=None, **extra):
    made = logging.LogRecord("consentcore.test", logging.ERROR, __file__, 1, message, arguments, exc_info)
    for name, value in extra.items():
        setattr(made, name, value)
    assert RequestIdFilter().filter(made)
    return made


def trace():
    try:
        raise ValueError("first\nsecond \x1b[31m")
    except ValueError:
        return sys.exc_info()


@pytest.mark.parametrize("style", [TextFormatter, JsonFormatter])
@pytest.mark.parametrize(
    "said", ["a\nb", "a\r\nb", "\x1b]52;c;x\x07", "\x9b31m", "\u202egnp", "a\u2028b", "a\x00"]
)
def test_nothing_that_is_said_breaks_a_line_or_reaches_a_terminal(style, said):
    written = style().format(record("it said %s", said))
    assert written.isprintable()
    assert "it said " in written


def test_words_of_any_language_stay_as_they_are_for_people():
    assert TextFormatter().format(record("שלום, Straße %s", "José")).endswith("שלום, Straße José")


def test_trace_stands_below_the_line_and_inside_the_object():
    written = TextFormatter().format(record("it failed", exc_info=trace()))
    assert written.splitlines()[0].endswith("ERROR consentcore.test it failed")
    assert "ValueError: first" in written
    assert "\x1b" not in written
    members = json.loads(JsonFormatter().format(record("it failed", exc_info=trace())))
    assert "ValueError: first" in members["exception"]
    assert members["message"] == "it failed"


def test_facts_are_members_and_never_hide_those_of_every_line():
    facts = {"path": "/x", "level": "none", "message": "none"}
    members = json.loads(JsonFormatter().format(record("GET /x", **{FIELDS: facts})))
    assert (members["path"], members["level"], members["message"]) == ("/x", "ERROR", "GET /x")
    assert (
        json.loads(TextFormatter().format(record("GET /x", **{FIELDS: facts})).partition("test ")[2]) == facts
    )


def test_lines_of_a_request_have_its_id():
    with answering("abc"):
        inside = record("x")
        assert TextFormatter().format(inside).endswith("consentcore.test [abc] x")
        assert json.loads(JsonFormatter().format(inside))["request_id"] == "abc"
        assert not is_told()
        log_cause(logging.getLogger("consentcore.test"), "why")
        assert is_told()
    assert not is_told()
    assert "request_id" not in json.loads(JsonFormatter().format(record("x")))
