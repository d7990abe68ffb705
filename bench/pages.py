"""What the pages of owners cost, as ratios: an owner with little against one with much, in this process.

Only the time of this process's own processor counts, and only beside that of the same page in the same run.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.servers import Failed
from consentcore.domain.clock import DAY
from consentcore.domain.grant import Grant
from consentcore.domain.grant_states import GrantState
from consentcore.testing.scenario import Scenario
from tests.support.platform import (
    Platform,
    Request,
    make_platform,
    sign_in,
)

if TYPE_CHECKING:
    from consentcore.domain.owner import Owner

LIVE = 10
PAST = {"little": 10, "much": 1000}
SITES = {"little": 10, "much": 5000}
ROUNDS = 7
REPEATS = 10
SETTINGS = """\
consentcore.extensions = resources_file
consentcore.plugin.resources_file.path = {path}
"""


@dataclass(frozen=True)
class PageCost:
    """One page of one owner: SQL statements without beginnings and ends, and the least CPU of a round."""

    page: str
    owner: str
    statements: int
    cpu_ms: float
    size: int


def measure(folder: Path) -> list[PageCost]:
    """Ask for each page of each owner, in turn, so that both see the same machine.

    :param folder: for a database each.
    :raises Failed: a page that is none.
    """
    asked = {kind: _Owner(kind, folder / kind) for kind in PAST}
    times: dict[tuple[str, str], list[float]] = {}
    for _ in range(ROUNDS):
        for page in asked["little"].paths:
            for kind, owner in asked.items():
                times.setdefault((page, kind), []).append(owner.cpu_ms(page))
    found = [
        owner.cost(page, min(times[page, kind])) for kind, owner in asked.items() for page in owner.paths
    ]
    for owner in asked.values():
        owner.platform.runtime.close()
    return found


def as_text(found: list[PageCost]) -> str:
    """A table: much beside little."""
    by = {(one.page, one.owner): one for one in found}
    lines = [
        f"{'page':<10}{'SQL':>8}{'kB':>14}{'CPU ms':>14}{'much/little':>13}",
    ]
    for page in dict.fromkeys(one.page for one in found):
        little, much = by[page, "little"], by[page, "much"]
        lines.append(
            f"{page:<10}{f'{little.statements}, {much.statements}':>8}"
            f"{f'{little.size / 1000:.0f}, {much.size / 1000:.0f}':>14}"
            f"{f'{little.cpu_ms:.2f}, {much.cpu_ms:.2f}':>14}{much.cpu_ms / little.cpu_ms:>13.2f}"
        )
    return "\n".join(lines)


class _Owner:
    """Ada with what she has allowed, and the pages that she opens."""

    def __init__(self, kind: str, folder: Path) -> None:
        folder.mkdir()
        directory = folder / "sites.toml"
        directory.write_text(_directory(SITES[kind]))
        self.kind = kind
        self.platform = make_platform(folder, storage="sqlalchemy", extra=SETTINGS.format(path=directory))
        with self.platform.runtime.storage.reading() as uow:
            ada = uow.owners.by_email("ada@example.org")
        for number in range(LIVE):
            self.platform.add_client(f"app{number}", name=f"App {number}")
        grant_id = _allow(self.platform, ada, LIVE)
        _end(self.platform, ada, PAST[kind])
        self._browser = self.platform.browser()
        opened = sign_in(
            self._browser, self._browser.get(Request(scope="sites.read alarms.read").url).follow()
        )
        self.paths = {
            "consent": opened.request.path_qs,
            "dashboard": "/consents",
            "detail": f"/consents/{grant_id}",
            "history": "/consents/history",
            "revoked": "/consents/revoked",
        }

    def cpu_ms(self, page: str) -> float:
        """Of one request, on average over a few."""
        path = self.paths[page]
        self._browser.get(path)
        start = time.process_time()
        for _ in range(REPEATS):
            self._browser.get(path)
        return (time.process_time() - start) * 1000 / REPEATS

    def cost(self, page: str, cpu_ms: float) -> PageCost:
        """What a page costs besides."""
        with _counted() as seen:
            answer = self._browser.get(self.paths[page])
        if answer.status_int != 200:
            raise Failed(f"{page}: {answer.status}")
        return PageCost(page, self.kind, len(seen), cpu_ms, len(answer.body))


def _directory(count: int) -> str:
    """A directory in which everybody has so many sites."""
    lines = ["[[owner]]", 'email = "*"']
    for number in range(count):
        lines += ["[[owner.site]]", f'id = "s{number}"', f'label = "Site {number}"']
        lines += [f'detail = "{number} Main Street"', f"group = {json.dumps([f'Town {number % 40}'])}"]
    return "\n".join(lines)


def _allow(platform: Platform, owner: Owner, count: int) -> str:
    """Permissions that stand, each for ten sites; the id of the last."""
    runtime, grant_id = platform.runtime, ""
    for number in range(count):
        with runtime.storage.reading() as uow:
            client = uow.clients.get(f"app{number}")
        scenario = Scenario(
            runtime.storage, client, owner, clock=runtime.clock, keys=runtime.keys, catalog=runtime.catalog
        )
        scenario.service = runtime.service
        chosen = tuple(sorted(f"site|s{site}" for site in range(10)))
        grant_id = scenario.approve("sites.read", resources=chosen).grant.grant_id
    return grant_id


def _end(platform: Platform, owner: Owner, count: int) -> None:
    """Accesses that are over. They are rows without a chain: nothing that is measured reads one."""
    now = platform.runtime.clock.now()
    with platform.runtime.storage.transaction() as uow:
        for number in range(count):
            uow.grants.add(
                Grant(
                    grant_id=str(uuid.uuid4()),
                    owner_id=owner.owner_id,
                    client_id=f"app{number % LIVE}",
                    state=GrantState.WITHDRAWN,
                    scopes=("sites.read@1",),
                    created_at=now - 9 * DAY,
                    changed_at=now - 8 * DAY + number,
                    expires_at=now + DAY,
                )
            )


@contextmanager
def _counted() -> Iterator[list[str]]:
    from sqlalchemy import Engine, event

    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not statement.startswith("BEGIN"):
            seen.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", note)
