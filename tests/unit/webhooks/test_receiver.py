"""The receiver for developers: what it answers, and what it tells of."""

from __future__ import annotations

import json
import threading
import time
import urllib.request
from contextlib import contextmanager
from queue import SimpleQueue
from urllib.error import HTTPError

from consentcore.webhooks.receiver import Listener
from consentcore.webhooks.signing import read_secret
from consentcore.webhooks.verification import Trust
from tests.support.patience import PATIENCE_S
from tests.unit.webhooks.conftest import BODY, NOW, SECRET, STRANGE, signed


@contextmanager
def listening(**options):
    reports = SimpleQueue()
    listener = Listener(("127.0.0.1", 0), Trust((read_secret(SECRET),)), reports.put, **options)
    thread = threading.Thread(target=listener.run)
    thread.start()
    try:
        yield listener.url, reports
    finally:
        listener.stop()
        thread.join(5)


def post(url, body, headers):
    request = urllib.request.Request(url, body, headers | {"content-type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
            return answer.status, answer.read()
    except HTTPError as error:
        with error:
            return error.code, error.read()


def test_server_answers_and_reports():
    with listening(now=lambda: NOW) as (url, reports):
        assert post(url, BODY, signed()) == (204, b"")
        status, text = post(url, BODY, signed(secrets=(STRANGE,)))
        assert (status, json.loads(text)["problem"]) == (400, "no signature matches the secret")
    # Told after they were answered, by a thread each.
    assert sorted(reports.get(timeout=PATIENCE_S).ok for _ in range(2)) == [False, True]


def test_server_can_play_a_broken_application():
    with listening(answer=503, now=time.time) as (url, reports):
        assert post(url, BODY, signed(at=int(time.time())))[0] == 503
    assert reports.get(timeout=PATIENCE_S).ok


def test_server_refuses_bodies_that_are_too_large():
    with listening() as (url, reports):
        assert post(url, b"x" * 70_000, signed())[0] == 413
    assert reports.empty()
