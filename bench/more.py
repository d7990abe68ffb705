"""What is measured besides the operations: pages, deliveries, writers at once, a long ledger."""

from __future__ import annotations

import shutil
import tempfile
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict
from pathlib import Path

from bench import databases, delivery, evidence, pages, report, writers

Opener = Callable[[Path], AbstractContextManager[databases.Database]]
DATABASES: dict[str, Opener] = {"sqlite": databases.sqlite, "postgresql": databases.postgresql}


class More:
    """Measures what was chosen, and prints each as it comes unless JSON is wanted.

    :param chosen: the options of the command line.
    :ivar facts: all but the deliveries, for JSON.
    """

    def __init__(self, chosen: Namespace, say: Callable[[str], None]) -> None:
        self._chosen = chosen
        self._say = say
        self.deliveries: list[delivery.Deliveries] = []
        self.facts: dict[str, list[dict[str, object]]] = {"pages": [], "writers": [], "evidence": []}

    def measure(self, absent: list[str]) -> None:
        """Measure; adds to ``absent`` what could not be.

        :raises Failed: when something that is measured fails.
        """
        chosen = self._chosen
        steps: dict[str, Callable[[], None]] = {
            "pages": self._pages if chosen.pages else _nothing,
            "deliveries": self._deliveries if chosen.deliveries else _nothing,
            "writers": self._writers if chosen.writers else _nothing,
        }
        for name in chosen.databases if chosen.evidence else ():
            steps[f"evidence on {name}"] = lambda name=name: self._evidence(name)  # type: ignore[misc]  # a default of a lambda has no type
        for what, step in steps.items():
            try:
                step()
            except databases.Unavailable as error:
                absent.append(what)
                self._say(f"NOT MEASURED: {what}: {error}")

    def _pages(self) -> None:
        self._say("pages: an owner with little, and one with much")
        with self._folder() as folder:
            found = pages.measure(folder)
        self._print(pages.as_text(found))
        self.facts["pages"] = [asdict(one) for one in found]

    def _deliveries(self) -> None:
        """On PostgreSQL, where there may be more than one worker."""
        self._say("deliveries: one worker, then two")
        with self._folder() as folder, databases.postgresql(folder) as database:
            found = delivery.measure(database, folder, self._chosen.deliveries, self._chosen.backlog)
        self._print(report.deliveries_as_text(found))
        self.deliveries.append(found)

    def _writers(self) -> None:
        """On PostgreSQL, where there may be more than one writer."""
        self._say("writers: one, then many, in turn")
        with self._folder() as folder, databases.postgresql(folder) as database:
            found = writers.measure(database, folder, self._chosen.writers, self._chosen.rounds)
        self._print(writers.as_text(found))
        self.facts["writers"].append({**asdict(found), "ratio": found.ratio})

    def _evidence(self, name: str) -> None:
        with self._folder() as folder, DATABASES[name](folder) as database:
            found = evidence.measure(database, folder, self._chosen.evidence, self._say)
        self._print(evidence.as_text(found))
        self.facts["evidence"].append(asdict(found))

    @contextmanager
    def _folder(self) -> Iterator[Path]:
        """One that is gone afterwards."""
        folder = Path(tempfile.mkdtemp(prefix="ccbench", dir=self._chosen.dir))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _print(self, text: str) -> None:
        if not self._chosen.json:
            print(text, end="\n\n", flush=True)


def _nothing() -> None:
    """What was not chosen."""
