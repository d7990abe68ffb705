"""Reading the folder of mails."""

from __future__ import annotations

import email
import email.policy
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

MOST = 200
"""How many messages the list shows."""


@dataclass(frozen=True, slots=True)
class Message:
    """A mail as the pages show it."""

    name: str
    sender: str
    to: str
    subject: str
    date: str
    text: str
    html: str


class Mailbox:
    """The folder. Files that come or go meanwhile, or hold no mail, are passed over."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def list(self) -> list[Message]:
        """The newest messages first."""
        # Names begin with the time of the event in milliseconds.
        names = sorted((path.name for path in self._folder.glob("*.eml")), key=_age, reverse=True)
        found = (self.get(name) for name in names[:MOST])
        return [message for message in found if message is not None]

    def get(self, name: str) -> Message | None:
        """One message; ``name`` must be checked before, it is a file name."""
        try:
            content = (self._folder / name).read_bytes()
        except OSError:
            return None
        parsed = email.message_from_bytes(content, policy=email.policy.default)
        return Message(
            name=name,
            sender=str(parsed["From"]),
            to=str(parsed["To"]),
            subject=str(parsed["Subject"]),
            date=str(parsed["Date"]),
            text=_part(parsed, "plain"),
            html=_part(parsed, "html"),
        )


def _part(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    return str(part.get_content()) if part is not None else ""


def _age(name: str) -> tuple[int, str]:
    number = name.partition("-")[0]
    return (int(number) if number.isascii() and number.isdigit() else 0, name)
