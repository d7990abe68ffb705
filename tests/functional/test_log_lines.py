"""What stands in the log, and which request it belongs to: with the real server, its children and a worker."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
from contextlib import contextmanager

import pytest
import requests

from tests.support.deployment import COMMAND
from tests.support.fronts import PREFIX, direct
from tests.support.patience import PATIENCE_S, eventually

pytestmark = pytest.mark.slow

ID = re.compile(r"[0-9a-f]{32}")


@pytest.fixture(scope="module", params=["text", "json"])
def front(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    settings = {
        "log.format": request.param,
        "worker.embedded": "true",
        "plugin.sqlalchemy.busy_timeout_s": 0.1,
    }
    with direct(folder, **settings) as running:
        running.style = request.param
        yield running


def lines(front, request_id):
    """The log lines of a request, as (level, logger, message)."""
    found = []
    for line in front.log.splitlines():
        if front.style == "json":
            entry = json.loads(line)
            if entry.get("request_id") == request_id:
                found.append((entry["level"], entry["logger"], entry["message"]))
        elif match := re.fullmatch(r"\S+ \S+ (\S+) (\S+) \[(\S+)\] (.*)", line):
            level, logger, own, message = match.groups()
            if own == request_id:
                found.append((level, logger, message))
    return found


def errors(front, request_id):
    return [line for line in lines(front, request_id) if line[0] == "ERROR"]


@contextmanager
def locked(front):
    """Somebody else holds the database's only writer."""
    other = sqlite3.connect(front.house.database, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    try:
        yield
    finally:
        other.close()


@contextmanager
def without_tables(front, *names):
    with sqlite3.connect(front.house.database) as other:
        for name in names:
            other.execute(f'ALTER TABLE "{name}" RENAME TO "{name}_away"')
    try:
        yield
    finally:
        with sqlite3.connect(front.house.database) as other:
            for name in names:
                other.execute(f'ALTER TABLE "{name}_away" RENAME TO "{name}"')


@pytest.mark.parametrize(
    "given",
    [
        "a",
        "0af7651916cd43dd8448eb211c80319c",
        "1-67891233-abcdef012345678912345678",
        "a/b+c=:@~_.|#",
        "x" * 128,
    ],
)
def test_id_of_a_request_comes_back_and_stands_in_its_lines(front, given):
    answer = front.ask("GET", "/livez", headers={"X-Request-ID": given})
    assert answer.headers["X-Request-ID"] == given
    (line,) = eventually(lambda: lines(front, given), lambda: front.log)
    assert line[:2] == ("INFO", "consentcore.access")


@pytest.mark.parametrize(
    "given",
    ["", "x" * 129, "a b", 'a"b', "a,b", b"caf\xe9", b"\x85", "a;b", "a\tb", "<script>", "[a]", "{a}"],
)
def test_id_that_is_none_is_replaced(front, given):
    answer = front.ask("GET", "/livez", headers={"X-Request-ID": given})
    assert ID.fullmatch(answer.headers["X-Request-ID"])
    assert eventually(lambda: lines(front, answer.headers["X-Request-ID"]), lambda: front.log)


def test_two_ids_are_none(front):
    head = (
        b"GET /livez HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Request-ID: a\r\nX-Request-ID: b\r\n\r\n"
    )
    (given,) = re.findall(rb"\r\nx-request-id: ([^\r]+)", front.raw(head))
    assert ID.fullmatch(given.decode())


ANSWERS = {
    "a page": b"GET /login HTTP/1.1\r\n",
    "no page": b"GET /nowhere HTTP/1.1\r\n",
    "a redirect": b"GET /consents HTTP/1.1\r\n",
    "a file": b"GET /static/tokens.css HTTP/1.1\r\n",
    "the API": b"GET /api/v1/events HTTP/1.1\r\n",
    "the protocol": f"GET {PREFIX}/authorize HTTP/1.1\r\n".encode(),
    "a path that is none": b"GET /%ff HTTP/1.1\r\n",
    "no host": b"GET /livez HTTP/1.1\r\nHost: b\r\n",
    "a body too large": b"POST /login HTTP/1.1\r\nContent-Length: 99999999\r\n",
    "a wrong length": b"POST /login HTTP/1.1\r\nContent-Length: 0x5\r\n",
}


@pytest.mark.parametrize("case", ANSWERS)
def test_every_answer_has_an_id(front, case):
    answer = front.raw(
        ANSWERS[case] + b"Host: localhost\r\nX-Request-ID: mine-1\r\nConnection: close\r\n\r\n"
    )
    given = re.findall(rb"\r\nx-request-id: ([^\r]+)", answer, re.IGNORECASE)
    # A malformed head never gets to us: the engine answers by itself.
    assert given == [b"mine-1"] or b"content-length: 0\r\n" in answer


@pytest.mark.parametrize(
    ("length", "body", "status"), [(99999999, b"", 413), (20, b"half", 408)], ids=["too large", "too slow"]
)
def test_request_that_the_application_never_sees_is_in_the_access_log(front, length, body, status):
    mine = f"never-seen-{status}"
    head = (
        f"POST /login HTTP/1.1\r\nHost: localhost\r\nX-Request-ID: {mine}\r\nContent-Length: {length}\r\n\r\n"
    )
    assert f" {status} ".encode() in front.raw(head.encode() + body)
    eventually(lambda: lines(front, mine), lambda: front.log)
    assert len(lines(front, mine)) == 1
    assert f"POST /login {status}" in front.log or f'"status": {status}' in front.log


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v1/grants"),
        ("POST", f"{PREFIX}/introspect"),
        ("POST", f"{PREFIX}/token"),
        ("POST", "/login"),
    ],
)
def test_answer_of_503_says_why_once_in_the_log(front, method, path):
    mine = f"why-{method}-{path.rpartition('/')[2]}-{front.style}"
    options = {"headers": {"X-Request-ID": mine}}
    if path == "/login":
        page = front.ask("GET", path)
        token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)[1]
        options["data"] = {"csrf_token": token, "email": "ada@example.org", "password": "whatever it is"}
        options["cookies"] = page.cookies
    else:
        options["auth"] = (front.client_id, front.client_secret)
        options["data"] = (
            {"token": "x", "grant_type": "refresh_token", "refresh_token": "x"} if method == "POST" else None
        )
    with without_tables(front, "client", "counter"):
        answer = front.ask(method, path, **options)
    assert answer.status_code == 503, answer.text
    assert answer.headers["X-Request-ID"] == mine
    (error,) = errors(front, mine)
    assert "not migrated" in error[2]


def test_page_that_finds_the_database_locked_says_why_once(front):
    with locked(front):
        answer = front.ask(
            "POST", f"{PREFIX}/par", auth=(front.client_id, front.client_secret), data=pushed(front)
        )
    assert answer.status_code == 503
    (error,) = errors(front, answer.headers["X-Request-ID"])
    assert "locked" in error[2]


def pushed(front):
    return {"response_type": "code", "redirect_uri": f"{front.url}/livez", "scope": "sites.read"}


def test_probe_says_why_it_is_not_ready_when_that_changes(front):
    with without_tables(front, "consentcore_sqlalchemy_version"):
        first = [
            front.ask("GET", "/readyz", headers={"X-Request-ID": f"probe-{number}"}) for number in range(20)
        ]
    assert {answer.status_code for answer in first} == {503}
    told = [error for number in range(20) for error in errors(front, f"probe-{number}")]
    assert 1 <= len(told) <= 2, "once in each web process"
    assert "not migrated" in told[0][2]
    assert front.ask("GET", "/readyz").status_code == 200


def test_every_line_of_every_process_has_the_format(front):
    asked = "of-this-test"
    assert front.ask("GET", "/livez", headers={"X-Request-ID": asked}).status_code == 200
    eventually(lambda: asked in front.log, lambda: front.log)
    killed = front.web_processes()[0]
    os.kill(killed, signal.SIGKILL)
    eventually(lambda: "starting it again" in front.log, lambda: front.log)
    written = front.log.splitlines()
    if front.style == "json":
        entries = [json.loads(line) for line in written]
        assert all({"time", "level", "logger", "message"} <= set(entry) for entry in entries)
        said = {(entry["logger"], entry["message"].split(" ")[0]) for entry in entries}
        assert ("consentcore.server", "listening") in said
        assert ("consentcore.worker", "worker") in said
        (access,) = [entry for entry in entries if entry.get("request_id") == asked]
        assert (access["method"], access["path"], access["status"]) == ("GET", "/livez", 200)
    else:
        bare = [
            line
            for line in written
            if not re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} [A-Z]+ \S+ ", line)
        ]
        assert [line.split(" ")[0] for line in bare] == ["listening", "web"], bare


def test_level_counts_for_every_process(tmp_path):
    with direct(
        tmp_path, **{"log.level": "ERROR", "worker.embedded": "true", "server.access_log": "false"}
    ) as front:
        front.ask("GET", "/livez")
        os.kill(front.web_processes()[0], signal.SIGKILL)
        eventually(lambda: len(front.web_processes()) == 2, lambda: front.log)
        assert front.house.stop() == 0
        assert front.log == f"listening on {front.house.issuer}\n", "scripts wait for it"


def test_debug_shows_no_secrets(tmp_path):
    with direct(tmp_path, **{"log.level": "debug"}) as front:
        secret = "topsecret-4711"
        auth = (front.client_id, front.client_secret)
        front.ask("POST", f"{PREFIX}/introspect", data={"token": secret}, auth=auth)
        front.ask(
            "POST",
            f"{PREFIX}/token",
            data={"grant_type": "refresh_token", "refresh_token": secret},
            auth=auth,
        )
        front.ask("GET", f"{PREFIX}/authorize", params={"client_id": secret})
        assert front.house.stop() == 0
        assert secret not in front.log
        assert front.client_secret not in front.log
        assert "_granian" in front.log, "the engine's own lines"


@pytest.mark.parametrize("style", ["text", "json"])
def test_separate_worker_writes_the_same_lines(front, style):
    environment = {**os.environ, "CONSENTCORE_LOG__FORMAT": style}
    with (front.house.folder / f"worker-{style}.log").open("w+") as log:
        worker = subprocess.Popen([COMMAND, "worker", "-c", front.house.ini], stderr=log, env=environment)
        path = front.house.folder / f"worker-{style}.log"
        eventually(lambda: "worker started" in path.read_text(), path.read_text)
        worker.terminate()
        assert worker.wait(PATIENCE_S) == 0
    for line in path.read_text().splitlines():
        assert line.startswith("{") == (style == "json")
        if style == "json":
            assert json.loads(line)["logger"].startswith("consentcore")


def test_setting_that_is_wrong_is_named(front):
    done = front.house.run("plugins", "check", CONSENTCORE_LOG__LEVEL="loud", CONSENTCORE_LOG__FORMAT="xml")
    assert done.returncode == 78
    assert "one of debug, info, warning, error, critical" in done.stderr
    assert "one of text, json" in done.stderr
    assert requests.get(f"{front.url}/livez", timeout=PATIENCE_S).status_code == 200


@pytest.mark.parametrize("command", ["serve", "worker"])
@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"CONSENTCORE_KEYS": "/nowhere/keys"}, "consentcore.keys: there is no file"),
        ({"CONSENTCORE_OAUTH__CODE_TTL_S": "soon"}, "consentcore.oauth.code_ttl_s = soon: expected"),
        ({"CONSENTCORE_NOTIFIERS": "smtp nosuch"}, "no plugin nosuch is installed"),
    ],
)
def test_start_that_fails_says_so_in_lines_alike(front, command, wrong, named):
    """Whoever reads the log by machine reads why nothing starts."""
    done = front.house.run(command, CONSENTCORE_LOG__FORMAT=front.style, **wrong)
    assert done.returncode == 78
    written = done.stderr.splitlines()
    if front.style == "json":
        entries = [json.loads(line) for line in written]
        assert [entry["level"] for entry in entries if named in entry["message"]] == ["CRITICAL"]
    else:
        assert "the configuration is not in order:" in written
        assert sum(named in line for line in written) == 1
