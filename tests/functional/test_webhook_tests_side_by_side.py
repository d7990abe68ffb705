"""A webhook test waits for its receiver, and nobody else waits for it: each application has a turn of its own."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.fronts import direct
from tests.support.patience import PATIENCE_S, eventually
from tests.support.sinks import Answer, http_sink

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def front(tmp_path_factory):
    with direct(tmp_path_factory.mktemp("house")) as made:
        yield made


def add(front, who, url):
    made = front.ask("POST", "/api/v1/endpoints", json={"url": url}, auth=who)
    assert made.status_code == 201, made.text
    return made.json()["endpoint_id"]


def send_test(front, who, endpoint_id):
    return front.ask("POST", f"/api/v1/endpoints/{endpoint_id}/test", auth=who, timeout=2 * PATIENCE_S)


def test_slow_endpoint_of_one_application_holds_up_no_test_of_another(front):
    made = front.house.json(
        *("client", "create", "--name", "Other", "--redirect-uri", "https://o.example/cb"),
        *("--scope", "sites.read"),
    )
    slow, quick = (front.client_id, front.client_secret), (made["client_id"], made["client_secret"])
    with http_sink() as sink, ThreadPoolExecutor(8) as pool:
        sink.answers["/slow"] = Answer(delay_s=2 * PATIENCE_S)
        hanging, living = add(front, slow, sink.url("/slow")), add(front, quick, sink.url("/quick"))
        waiting = [pool.submit(send_test, front, slow, hanging) for _ in range(6)]
        eventually(lambda: any(got.path == "/slow" for got in sink.received))
        for _ in range(3):
            answer = send_test(front, quick, living)
            assert (answer.status_code, answer.json()["ok"]) == (200, True), answer.text
        front.works()
        assert not all(one.done() for one in waiting)
        sink.answers["/slow"] = Answer()
        done = [one.result() for one in waiting]
    # Its own tests take turns, or are refused in words.
    assert {one.status_code for one in done} <= {200, 503}
    assert any(one.status_code == 200 for one in done)
