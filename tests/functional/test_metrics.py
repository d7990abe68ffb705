"""What Prometheus is told, and who may ask."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from consentcore.demo.serving import bind
from consentcore.worker.worker import Worker
from tests.support.deployment import COMMAND, deployment, smtp_server
from tests.support.patience import PATIENCE_S, eventually
from tests.support.platform import PREFIX, Request, answer, decide, exchange, make_platform, to_consent_page

TOKEN = "a-token-of-20-letters"


def read(text: str) -> dict[str, float]:
    """Samples by name and labels, as they are written: ``name{a="b"}``."""
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = ",".join(f'{name}="{value}"' for name, value in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
    return found


@pytest.fixture
def platform(tmp_path, request):
    made = make_platform(tmp_path, extra=getattr(request, "param", ""))
    yield made
    made.runtime.close()


def ask(platform, address="127.0.0.1", **headers):
    return platform.browser().get(
        "/metrics", headers=headers, extra_environ={"REMOTE_ADDR": address}, expect_errors=True
    )


def test_requests_are_counted_by_route_and_status(platform):
    browser = platform.browser()
    for _ in range(3):
        browser.get("/livez")
    browser.get("/no/such/page-4711", expect_errors=True)
    browser.post(f"{PREFIX}/token", {"grant_type": "x"}, expect_errors=True)
    told = ask(platform)
    assert told.content_type == "text/plain"
    assert told.headers["Cache-Control"] == "no-store"
    found = read(told.text)
    count = "consentcore_http_request_duration_seconds_count"
    assert found[f'{count}{{route="livez",status="2xx"}}'] == 3
    assert found[f'{count}{{route="none",status="4xx"}}'] == 1
    assert found[f'{count}{{route="oauth.token",status="4xx"}}'] == 1
    assert "4711" not in told.text, "labels must not grow with what strangers ask for"
    assert found["consentcore_storage_up"] == 1


def test_depth_of_the_outbox_is_told(platform):
    decide(platform, platform.add_owner("eve@example.org"), "comfort.read")
    found = read(ask(platform).text)
    assert found["consentcore_outbox_unexpanded"] == 1
    assert (found["consentcore_outbox_pending"], found["consentcore_outbox_dead"]) == (0, 0)
    assert found["consentcore_outbox_oldest_due_seconds"] == 0


def test_tries_and_how_long_it_took_to_tell_are_counted(platform, monkeypatch, tmp_path):
    """As in a worker of `consentcore serve`, which shares its numbers."""
    monkeypatch.setattr("consentcore.worker.worker.is_shared", lambda: True)
    decide(platform, platform.add_owner("eve@example.org"), "comfort.read")
    Worker(platform.runtime).run_once()
    found = read(ask(platform).text)
    assert found['consentcore_delivery_attempts_total{notifier="devmail",outcome="delivered"}'] == 1
    assert found['consentcore_delivery_duration_seconds_count{notifier="devmail"}'] == 1
    latency = 'consentcore_notice_latency_seconds_{}{{kind="consent.granted",notifier="devmail"}}'
    assert found[latency.format("count")] == 1
    assert 0 <= found[latency.format("sum")] < 60


def test_store_that_fails_is_told_as_such(platform, monkeypatch):
    from consentcore.api import StorageUnavailable

    def fail(_now, **_narrowed):
        raise StorageUnavailable("gone")

    monkeypatch.setattr(platform.runtime.storage.delivery_log, "stats", fail)
    found = read(ask(platform).text)
    assert found["consentcore_storage_up"] == 0
    assert "consentcore_outbox_pending" not in found


@pytest.mark.parametrize(
    ("address", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("::1", {}, 200),
        ("::ffff:127.0.0.1", {}, 200),
        ("192.0.2.7", {}, 403),
        ("", {}, 403),
        ("127.0.0.1", {"X-Forwarded-For": "192.0.2.7"}, 403),
        ("127.0.0.1", {"X-Forwarded-For": "127.0.0.1"}, 403),
        ("127.0.0.1", {"Forwarded": "for=127.0.0.1"}, 403),
        ("127.0.0.1", {"Via": "1.1 proxy"}, 403),
        ("192.0.2.7", {"Authorization": "Bearer "}, 403),
    ],
)
def test_only_the_machine_itself_may_read_unless_told_otherwise(platform, address, headers, status):
    answer = ask(platform, address, **headers)
    assert answer.status_int == status
    assert ("consentcore_" in answer.text.replace("consentcore.web", "")) is (status == 200)


@pytest.mark.parametrize(
    "platform",
    [f"consentcore.web.metrics =\nconsentcore.web.metrics_token = {TOKEN}"],
    indirect=True,
)
@pytest.mark.parametrize(
    ("given", "status"),
    [
        (f"Bearer {TOKEN}", 200),
        (f"bearer {TOKEN}", 200),
        (f"Basic {TOKEN}", 401),
        (f"Bearer {TOKEN}x", 401),
        ("", 401),
    ],
)
def test_token_opens_it_from_anywhere(platform, given, status):
    answer = ask(platform, "192.0.2.7", **({"Authorization": given} if given else {}))
    assert answer.status_int == status
    if status == 401:
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert ask(platform, "127.0.0.1").status_int == 401


@pytest.mark.parametrize("platform", ["consentcore.web.metrics ="], indirect=True)
def test_nobody_reads_what_is_switched_off(platform):
    assert ask(platform).status_int == 404


def test_replayed_code_and_reused_token_are_counted(platform):
    request = Request()
    _, page = to_consent_page(platform, request)
    code = answer(page, "approve")["code"]
    assert exchange(platform, request, code).status_int == 200
    assert exchange(platform, request, code).status_int == 400
    found = read(ask(platform).text)
    assert found['consentcore_credential_replays_total{kind="code_replayed"}'] == 1


def test_meter_that_cannot_be_written_costs_no_request(platform, monkeypatch, caplog):
    def full(*_):
        raise OSError("no space left on device")

    monkeypatch.setattr(platform.runtime.meters._requests, "labels", full)
    browser = platform.browser()
    assert browser.get("/livez").status_int == browser.get("/readyz").status_int == 200
    assert [record.message for record in caplog.records].count(
        "what happens is not counted for a while: OSError"
    ) == 1


@pytest.mark.slow
def test_numbers_of_all_processes_are_told_by_each(tmp_path, monkeypatch):
    # What measures coverage takes 10 MB of each process that it follows.
    for name in ("COVERAGE_PROCESS_CONFIG", "COVERAGE_PROCESS_START"):
        monkeypatch.delenv(name, raising=False)
    with smtp_server() as (_, smtp), deployment(tmp_path, smtp=smtp) as made:
        made.init()
        made.start()
        for _ in range(40):  # each a connection of its own: the kernel spreads them over the processes
            assert requests.get(f"{made.issuer}/livez", timeout=PATIENCE_S).status_code == 200
        for _ in range(6):
            found = read(requests.get(f"{made.issuer}/metrics", timeout=PATIENCE_S).text)
            assert found['consentcore_http_request_duration_seconds_count{route="livez",status="2xx"}'] == 40
        refused = requests.get(
            f"{made.issuer}/metrics", headers={"X-Forwarded-For": "127.0.0.1"}, timeout=PATIENCE_S
        )
        assert refused.status_code == 403
        sizes = web_processes_mb(made.server.pid)
        assert len(sizes) == 2
        # 89 to 91 where this was written: this notices a leap, docs/performance.md has the goal.
        assert max(sizes) < 100, sizes
        folder = numbers_of(made.server.pid)
        assert list(folder.iterdir())
        assert made.stop() == 0
        assert not folder.exists()


@pytest.mark.slow
def test_worker_tells_its_numbers_where_it_is_told_to(tmp_path):
    with bind("127.0.0.1", 0, listen=False) as held, smtp_server() as (_, smtp):
        port = held.getsockname()[1]
        with deployment(tmp_path, smtp=smtp) as made:
            text = made.ini.read_text()
            made.ini.write_text(
                text.replace(
                    "[server:main]", f"consentcore.worker.metrics_listen = 127.0.0.1:{port}\n\n[server:main]"
                )
            )
            made.init()
            worker = subprocess.Popen([COMMAND, "worker", "-c", made.ini], stderr=subprocess.DEVNULL)
            try:
                url = f"http://127.0.0.1:{port}/metrics"
                found = eventually(
                    lambda: read(requests.get(url, timeout=PATIENCE_S).text), despite=requests.ConnectionError
                )
                assert found["consentcore_outbox_pending"] == 0
                second = made.run("worker")
                assert second.returncode == 78
                assert "consentcore.worker.metrics_listen: cannot listen on" in second.stderr
            finally:
                worker.terminate()
                assert worker.wait(PATIENCE_S) == 0


def web_processes_mb(supervisor: int) -> list[float]:
    found = []
    for pid in Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split():
        if '"kind": "web"' in Path(f"/proc/{pid}/cmdline").read_text():
            (line,) = re.findall(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
            found.append(int(line) / 1024)
    return found


def numbers_of(supervisor: int) -> Path:
    child = Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split()[0]
    variables = Path(f"/proc/{child}/environ").read_bytes().decode().split("\0")
    return Path(
        next(one.partition("=")[2] for one in variables if one.startswith("PROMETHEUS_MULTIPROC_DIR="))
    )
