"""For all: errors, clocks, texts, addresses."""

from __future__ import annotations

from consentcore.domain.address import is_in, network_of, no_networks
from consentcore.domain.clock import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    Clock,
    SystemClock,
    from_iso,
    iso,
    window_left_s,
)
from consentcore.domain.errors import (
    ClientSuspended,
    ConfigurationError,
    ConsentcoreError,
    InteractionGone,
    InvalidInput,
    InvalidTransition,
    KeyUnavailable,
    NotFound,
    StorageConflict,
    StorageError,
    StorageNotMigrated,
    StorageUnavailable,
)
from consentcore.domain.files import make_folder, private_file
from consentcore.domain.json_text import is_unicode, read_json
from consentcore.domain.message import Message, message, plural_message
from consentcore.domain.text import check_text, check_unicode, one_line, refused
from consentcore.hosts import ascii_host, is_loopback, misread_host
from consentcore.mailbox import normalise_email

__all__ = [
    "DAY",
    "HOUR",
    "MINUTE",
    "SECOND",
    "ClientSuspended",
    "Clock",
    "ConfigurationError",
    "ConsentcoreError",
    "InteractionGone",
    "InvalidInput",
    "InvalidTransition",
    "KeyUnavailable",
    "Message",
    "NotFound",
    "StorageConflict",
    "StorageError",
    "StorageNotMigrated",
    "StorageUnavailable",
    "SystemClock",
    "ascii_host",
    "check_text",
    "check_unicode",
    "from_iso",
    "is_in",
    "is_loopback",
    "is_unicode",
    "iso",
    "make_folder",
    "message",
    "misread_host",
    "network_of",
    "no_networks",
    "normalise_email",
    "one_line",
    "plural_message",
    "private_file",
    "read_json",
    "refused",
    "window_left_s",
]
