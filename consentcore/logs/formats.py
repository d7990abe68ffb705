"""A log record as a line for people, or as one JSON object for machines. Both are one line, whatever was said."""

from __future__ import annotations

import json
import logging
import time
from textwrap import indent

from consentcore.domain.visible import visible
from consentcore.logs.current_request import current_id

FORMATS = ("text", "json")
LEVELS = ("debug", "info", "warning", "error", "critical")

FIELDS = "consentcore_fields"
"""Attribute of a record: facts by name, which say the same as its message: members of their own in JSON."""


class RequestIdFilter(logging.Filter):
    """Puts the id of the request into every record that one of its threads writes."""

    def filter(self, record: logging.LogRecord) -> bool:
        if not hasattr(record, "request_id"):
            record.request_id = current_id()
        return True


class TextFormatter(logging.Formatter):
    """``2026-11-30 09:00:00,000 ERROR consentcore.web [request id] message``, and the trace below it."""

    def format(self, record: logging.LogRecord) -> str:
        request_id = getattr(record, "request_id", "")
        mark = f"[{request_id}] " if request_id else ""
        facts = getattr(record, FIELDS, None)
        said = visible(record.getMessage()) if facts is None else json.dumps(facts)
        line = f"{self.formatTime(record)} {record.levelname} {record.name} {mark}{said}"
        trace = _trace(self, record)
        # Indented, so that nobody's words in it look like a line of the log.
        return f"{line}\n{indent(trace, '  ')}" if trace else line


class JsonFormatter(logging.Formatter):
    """``{"time", "level", "logger", "message"}``, and where there is one ``request_id``, ``exception`` and facts."""

    def format(self, record: logging.LogRecord) -> str:
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        members: dict[str, object] = {
            "time": f"{moment}.{int(record.msecs):03d}Z",
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        request_id = getattr(record, "request_id", "")
        if request_id:
            members["request_id"] = request_id
        for name, value in getattr(record, FIELDS, {}).items():
            members.setdefault(name, value)
        trace = _trace(self, record)
        if trace:
            members["exception"] = trace
        return json.dumps(members, default=str)


def _trace(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    """The traceback, line by line."""
    parts = []
    if record.exc_info:
        parts.append(record.exc_text or formatter.formatException(record.exc_info))
    if record.stack_info:
        parts.append(formatter.formatStack(record.stack_info))
    return "\n".join(visible(line, "\t") for part in parts for line in part.split("\n"))
