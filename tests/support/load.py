"""People and applications at a server while something happens to it."""

from __future__ import annotations

import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import requests

from tests.support.fronts import PREFIX, Front
from tests.support.patience import PATIENCE_S, eventually
from tests.support.platform import PASSWORD

PAUSE_S = 0.2
"""Between two requests of one of them: who starts beside them needs a processor too."""

Asked = tuple[requests.Response, int]


class Load:
    """People and applications, until the block ends: new connections and kept ones, GET and what must not be sent
    twice.

    :ivar seen: how often each answer came.
    :ivar wrong: those that should not have come.
    :ivar lost: those of :attr:`wrong` that were under way in :meth:`losing`, and so are not among them.
    """

    def __init__(self, front: Front) -> None:
        self.front = front
        self.seen: Counter[int] = Counter()
        self.wrong: list[tuple[object, ...]] = []
        self.lost: list[tuple[object, ...]] = []
        self._forgiven_until = -math.inf
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, args=(kind, keep))
            for kind in (self._look, self._introspect, self._sign_in)
            for keep in (True, False)
        ]

    @property
    def size(self) -> int:
        """How many requests are under way at any moment."""
        return len(self._threads)

    def _look(self, session: requests.Session) -> Asked:
        return session.get(
            f"{self.front.url}/.well-known/oauth-authorization-server", timeout=PATIENCE_S
        ), 200

    def _introspect(self, session: requests.Session) -> Asked:
        auth = (self.front.client_id, self.front.client_secret)
        url = f"{self.front.url}{PREFIX}/introspect"
        return session.post(url, data={"token": "unknown"}, auth=auth, timeout=PATIENCE_S), 200

    def _sign_in(self, session: requests.Session) -> Asked:
        """A POST with a body of many kilobytes, which is refused."""
        url = f"{self.front.url}/login"
        return session.post(url, data={"password": PASSWORD * 2000}, timeout=PATIENCE_S), 403

    def _run(self, kind: Callable[[requests.Session], Asked], keep: bool) -> None:
        session = requests.Session()
        session.trust_env = False  # of certificates, whose place may be in the environment
        session.verify = str(self.front.certificate.path) if self.front.certificate else True
        while not self._stop.is_set():
            begun = time.monotonic()
            try:
                answer, expected = kind(session)
                self.seen[answer.status_code] += 1
                if answer.status_code != expected:
                    self._note(begun, kind.__name__, answer.status_code, answer.text[:100])
            except requests.RequestException as error:
                self._note(begun, kind.__name__, repr(error))
            if not keep:
                session.close()
            self._stop.wait(PAUSE_S)

    def _note(self, begun: float, *what: object) -> None:
        (self.lost if begun <= self._forgiven_until else self.wrong).append(what)

    @contextmanager
    def losing(self) -> Iterator[None]:
        """What was under way before the end of the block may fail: somebody is killed in it, and gone at its end."""
        self._forgiven_until = math.inf
        yield
        self._forgiven_until = time.monotonic()

    def goes_on(self) -> None:
        """Wait until as many requests again have been answered."""
        before = self.seen.total()
        eventually(lambda: self.wrong or self.seen.total() > before + 60, lambda: self.seen)
        assert self.wrong == [], self.wrong

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()


@contextmanager
def load(front: Front) -> Iterator[Load]:
    """Load for the time of the block; every request has to be answered as it should."""
    with Load(front) as running:
        running.goes_on()
        yield running
    assert running.wrong == [], running.wrong
