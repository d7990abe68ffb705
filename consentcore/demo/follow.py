"""A line in the terminal for every event, mail and dead token."""

from __future__ import annotations

import email
import email.policy
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import requests

from consentcore.domain.event import ConsentEvent
from consentcore.domain.event_kinds import EventType, event_kind

if TYPE_CHECKING:
    from consentcore.demo.isv import CoolSite
    from consentcore.demo.seed import Seed
    from consentcore.runtime import Runtime

POLL_S = 0.25


class Follower:
    """Watches the ledger and the mailbox of the demo."""

    def __init__(self, runtime: Runtime, seed: Seed, coolsite: CoolSite, say: Callable[[str], None]) -> None:
        self._runtime = runtime
        self._seed = seed
        self._coolsite = coolsite
        self._say = say
        self._seen_events: set[str] = set()
        self._seen_mails: set[Path] = set()

    def follow(self, stop: threading.Event, server: subprocess.Popen[bytes]) -> None:
        """Print until ``stop`` is set or the server has ended."""
        while not stop.wait(POLL_S):
            if server.poll() is not None:
                self._say(f"the server has ended with exit code {server.returncode}")
                return
            self._events()
            self._mails()

    def _events(self) -> None:
        with self._runtime.storage.reading() as uow:
            events = [
                event
                for owner_id in self._seed.owner_ids
                for event in uow.ledger.of_owner(owner_id, limit=20)
                if event.event_id not in self._seen_events
            ]
        for event in sorted(events, key=lambda event: event.occurred_at):
            self._seen_events.add(event.event_id)
            self._say(
                f"{event.type.value}: consent {event.grant_id[:8]}, event {event.sequence} of its chain"
            )
            if event_kind(event.type).ends:
                self._tokens_dead(event)

    def _tokens_dead(self, event: ConsentEvent) -> None:
        """Ask about every token that CoolSite holds, as its own client."""
        began = time.monotonic()
        held = [visitor.tokens for visitor in self._coolsite.visitors.values() if visitor.tokens]
        tokens = [tokens[name] for tokens in held for name in ("access_token", "refresh_token")]
        dead = sum(not self._is_live(token) for token in tokens)
        took = (time.monotonic() - began) * 1000
        verb = "expired" if event.type is EventType.EXPIRED else "revoked"
        self._say(
            f"tokens dead: {dead} of {len(tokens)} that CoolSite holds ({verb}; asked in {took:.0f} ms)"
        )

    def _is_live(self, token: str) -> bool:
        answer = requests.post(
            f"{self._coolsite.issuer}{self._coolsite.prefix}/introspect",
            data={"token": token},
            auth=(self._coolsite.client_id, self._coolsite.client_secret),
            timeout=10,
        )
        return bool(answer.json().get("active"))

    def _mails(self) -> None:
        folder = Path(str(self._runtime.settings.keys)).parent / "mail"
        for path in sorted(set(folder.glob("*.eml")) - self._seen_mails):
            self._seen_mails.add(path)
            message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            self._say(f"mail to {message['To']}: {message['Subject']}")
