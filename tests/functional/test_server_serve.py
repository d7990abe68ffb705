"""`consentcore serve` with real processes on loopback: requests of every shape, and a small WSGI application."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from consentcore.server.options import ServeOptions
from tests.support.patience import PATIENCE_S, eventually
from tests.support.ports import reserved_port

ROOT = Path(__file__).parents[2]
APP = "tests.support.server_app"
HEAD = b"POST /p HTTP/1.1\r\nHost: a\r\n"


class Server:
    """One supervisor with its children."""

    def __init__(self, folder, **options):
        ini = folder / "test.ini"
        ini.touch()
        self.ini = str(ini)
        self.log = folder / "stderr.log"
        defaults = {"port": 0, "workers": 1, "app": f"{APP}:build", "worker": f"{APP}:run_worker"}
        chosen = ServeOptions(ini=self.ini, **(defaults | options))
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", APP, chosen.to_json()], stderr=log, env=environment
            )
        self.port = 0

    def wait_until_listening(self):
        found = eventually(self._address, lambda: self.stderr)
        self.port = int(found[1])
        return self

    def _address(self):
        assert self.process.poll() is None, self.stderr
        return re.search(r"listening on http://\S+:(\d+)\n", self.stderr)

    @property
    def stderr(self):
        return self.log.read_text()

    def children(self):
        found = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(pid) for pid in found.split()]

    def connect(self, timeout=PATIENCE_S):
        return socket.create_connection(("127.0.0.1", self.port), timeout=timeout)

    def ask(self, method, path, body=None, headers=None, timeout=PATIENCE_S):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        with contextlib.closing(connection):
            chunked = "Transfer-Encoding" in (headers or {})
            connection.request(method, path, body, headers or {}, encode_chunked=chunked)
            response = connection.getresponse()
            return response.status, response, response.read()

    def echo(self, method="GET", path="/", body=None, headers=None):
        status, _, answer = self.ask(method, path, body, headers)
        assert status == 200, answer
        return json.loads(answer)

    def raw(self, data, *, half_close=False, timeout=PATIENCE_S):
        with self.connect(timeout) as sock:
            sock.sendall(data)
            if half_close:
                sock.shutdown(socket.SHUT_WR)
            return read_all(sock)

    @contextlib.contextmanager
    def holding(self):
        """A connection whose request the application works on until ``release``, or until it is killed."""
        with self.connect() as sock:
            sock.sendall(b"GET /hold HTTP/1.1\r\nHost: a\r\n\r\n")
            eventually(Path(self.ini + ".held").exists, lambda: self.stderr)
            yield sock

    def release(self):
        Path(self.ini + ".release").touch()

    def wait_until_refusing(self):
        """Wait until the port is free; a dying process's last thread closes it."""
        eventually(self._is_refusing, lambda: self.stderr, despite=ConnectionResetError)

    def _is_refusing(self):
        try:
            self.connect().close()
        except ConnectionRefusedError:
            return True
        return False

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


def read_all(sock):
    parts = []
    with contextlib.suppress(ConnectionResetError):
        while part := sock.recv(65536):
            parts.append(part)
    return b"".join(parts)


def read_some(sock, until=b"}}"):
    data = b""
    while until not in data:
        part = sock.recv(65536)
        assert part, data
        data += part
    return data


def resident_mb(pid):
    return int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1]) // 1024


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    running = Server(tmp_path_factory.mktemp("server"), access_log=True, threads=2)
    yield running.wait_until_listening()
    running.end()


@pytest.fixture(scope="module")
def hasty(tmp_path_factory):
    """Gives up soon what does not come."""
    options = {"body_timeout_s": 1, "header_timeout_s": 2, "access_log": True, "threads": 2}
    running = Server(tmp_path_factory.mktemp("hasty"), **options)
    yield running.wait_until_listening()
    running.end()


@pytest.fixture
def start(tmp_path):
    started = []

    def start(**options):
        started.append(Server(tmp_path, **options))
        return started[-1]

    yield start
    for running in started:
        running.end()


# requests ---------------------------------------------------------------------------------------------------


def test_environ_is_what_pep_3333_asks_for(server):
    environ = server.echo("GET", "/caf%C3%A9/%20?a=b%20c", headers={"X-One": "1", "Accept": "*/*"})["environ"]
    assert environ["SCRIPT_NAME"] == ""
    assert environ["PATH_INFO"].encode("latin-1").decode() == "/café/ "
    assert environ["QUERY_STRING"] == "a=b%20c"
    assert environ["REMOTE_ADDR"] == environ["SERVER_NAME"] == "127.0.0.1"
    assert environ["SERVER_PORT"] == str(server.port)
    assert environ["wsgi.url_scheme"] == "http"
    assert environ["HTTP_X_ONE"] == "1"
    assert not {"PATH", "HOME"} & set(environ), "the process's own environment is nobody's business"


def test_repeated_headers_are_joined(server):
    answer = server.raw(
        b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nCookie: a=1\r\nCookie: b=2\r\nX-L: 1\r\nX-L: 2\r\n\r\n"
    )
    environ = json.loads(answer.partition(b"\r\n\r\n")[2])["environ"]
    assert environ["HTTP_COOKIE"] == "a=1; b=2"
    assert environ["HTTP_X_L"] == "1,2"


def test_forwarding_headers_are_dropped_in_direct_mode(server):
    sent = {
        "X-Forwarded-For": "6.6.6.6",
        "X_Forwarded_For": "6.6.6.6",
        "X-Forwarded-Proto": "https",
        "Forwarded": "for=6.6.6.6",
        "X-Real-IP": "6.6.6.6",
        "Proxy": "http://6.6.6.6",
    }
    environ = server.echo(headers=sent)["environ"]
    assert environ["REMOTE_ADDR"] == "127.0.0.1"
    assert environ["wsgi.url_scheme"] == "http"
    assert "6.6.6.6" not in json.dumps(environ)


def test_body_arrives_whole(server):
    answer = server.echo("POST", "/p", b"a=1&b=2")
    assert answer["body"] == "a=1&b=2"
    assert answer["environ"]["CONTENT_LENGTH"] == "7"
    assert server.echo("POST", "/p", b"x" * 262144)["body"] == 262144
    assert server.echo("POST", "/p", b"")["body"] == ""


def test_body_in_pieces_arrives_whole(server):
    with server.connect() as sock:
        sock.sendall(HEAD + b"Content-Length: 6\r\n\r\n")
        for piece in (b"ab", b"cd", b"ef"):
            time.sleep(0.05)
            sock.sendall(piece)
        assert b'"body": "abcdef"' in read_some(sock)


def test_chunked_body_arrives_whole_with_its_true_length(server):
    answer = server.echo("POST", "/p", iter([b"abc", b"d" * 500]), {"Transfer-Encoding": "chunked"})
    assert answer["body"] == "abc" + "d" * 500
    assert answer["environ"]["CONTENT_LENGTH"] == "503"
    assert "HTTP_TRANSFER_ENCODING" not in answer["environ"]


def test_cookies_stay_separate_headers(server):
    _, response, _ = server.ask("GET", "/cookies")
    assert response.headers.get_all("Set-Cookie") == ["a=1; Path=/", "b=2; Path=/"]


def test_redirect_and_head(server):
    status, response, body = server.ask("GET", "/redirect")
    assert (status, response.headers["Location"], body) == (302, "https://client.example/cb?code=1", b"")
    status, response, body = server.ask("HEAD", "/")
    assert (status, body) == (200, b"")
    assert response.headers["Server"] == "consentcore"


def test_connection_is_kept(server):
    with server.connect() as sock:
        for number in range(3):
            sock.sendall(HEAD + b"Content-Length: 1\r\n\r\n%d" % number)
            assert b'"body": "%d"' % number in read_some(sock)


def test_exception_becomes_a_plain_500_and_a_log_entry(server):
    status, _, body = server.ask("GET", "/boom?code=topsecret")
    assert (status, body) == (500, b"Internal server error\n")
    assert "RuntimeError: a secret that nobody may see" in server.stderr


def test_access_log_has_no_query_and_no_body(server):
    server.echo("POST", "/logged?code=topsecret", b"token=topsecret")
    # It is written after the answer.
    line = eventually(lambda: next((text for text in server.stderr.splitlines() if "/logged" in text), ""))
    entry = json.loads(line[line.index("{") :])
    assert (entry["method"], entry["path"], entry["status"]) == ("POST", "/logged", 200)
    assert "topsecret" not in server.stderr


# bad requests -----------------------------------------------------------------------------------------------


def refusal(answer):
    """The status of a refusal, or 0 when the connection was just closed."""
    assert b'"body"' not in answer, "the application has seen it"
    return int(answer.split()[1]) if answer else 0


@pytest.mark.parametrize(
    ("request_bytes", "statuses"),
    [
        (HEAD + b"Content-Length: 262145\r\n\r\n", {413}),
        (HEAD + b"Content-Length: 99999999999999999\r\n\r\n", {400, 413}),
        (HEAD + b"Content-Length: -1\r\n\r\n", {400}),
        (HEAD + b"Content-Length: 1,2\r\n\r\nab", {400}),
        (HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", {400}),
        (HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", {400}),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", {400, 0}),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + (b"10000\r\n" + b"x" * 65536 + b"\r\n") * 5, {413}),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 5000 + b"0\r\n\r\n", {413}),
        (HEAD + b"X: " + b"x" * 300_000 + b"\r\n\r\n", {431, 400, 0}),
        (HEAD + b"X: 1\r\n" * 200 + b"\r\n", {431}),
        (b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", {414, 431}),
        (b"GET / HTTP/1.1\r\n\r\n", {400}),
        (b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", {400}),
        (b"CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", {400}),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", {400}),
        (b"GET / HTTP/9.9\r\nHost: a\r\n\r\n", {400, 505, 0}),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc", {400, 0}),
    ],
    ids=lambda value: None if isinstance(value, set) else value[:60].decode("latin-1"),
)
def test_bad_request_is_refused_and_the_server_lives(server, request_bytes, statuses):
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        assert refusal(server.raw(request_bytes)) in statuses
    assert server.echo()["body"] == ""


def test_chunks_win_over_content_length_and_nothing_follows(server):
    answer = server.raw(
        HEAD
        + b"Content-Length: 50\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n"
        + b"GET /two HTTP/1.1\r\nHost: a\r\n\r\n"
    )
    assert b"connection: close" in answer
    assert answer.count(b"HTTP/1.1 ") == 1
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["body"] == "x"


@pytest.mark.parametrize(
    "rest",
    [
        b"Content-Length: 100\r\n\r\nshort",
        b"Transfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n50\r\nshort",
    ],
)
def test_body_that_is_cut_off_never_reaches_the_application(server, rest):
    assert refusal(server.raw(HEAD + rest, half_close=True)) in {400, 0}


@pytest.mark.parametrize(
    "rest", [b"Content-Length: 9\r\n\r\nslow", b"Transfer-Encoding: chunked\r\n\r\n4\r\nslow\r\n"]
)
def test_body_has_a_deadline(hasty, rest):
    started = time.monotonic()
    answer = hasty.raw(HEAD + rest)
    assert refusal(answer) == 408
    assert time.monotonic() - started > 0.9


def test_head_has_a_deadline(hasty):
    started = time.monotonic()
    assert refusal(hasty.raw(b"GET / HTTP/1.1\r\nHo")) in {408, 0}
    assert time.monotonic() - started > 1.5


def test_client_that_hangs_up_leaves_no_traceback(hasty):
    server = hasty
    before = server.stderr.count("Traceback")
    for request in (HEAD + b"Content-Length: 100\r\n\r\nshort", b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n"):
        with server.connect() as sock:
            sock.sendall(request)
            time.sleep(0.1)
    # By then the time for the body is over, too.
    eventually(lambda: '"/slow"' in server.stderr, lambda: server.stderr)
    assert server.stderr.count("Traceback") == before
    assert "protocol failure" not in server.stderr


def test_slow_clients_starve_nobody(start):
    """None of the slow ones is given up while the others are answered, so they would wait for ever."""
    running = start(threads=2, body_timeout_s=600, header_timeout_s=600).wait_until_listening()
    with contextlib.ExitStack() as stack:
        slow = [stack.enter_context(running.connect()) for _ in range(60)]
        for number, sock in enumerate(slow):
            sock.sendall(HEAD[:-4] if number % 2 else HEAD + b"Content-Length: 100\r\n\r\nx")
        for _ in range(20):
            assert running.echo("POST", "/fast", b"x=1")["body"] == "x=1"
        for sock in slow:
            sock.setblocking(False)
            with pytest.raises(BlockingIOError):
                sock.recv(1)


# processes --------------------------------------------------------------------------------------------------


def wait_until_gone(pids):
    """Wait until all these processes have ended; one that waits for init has."""
    eventually(lambda: not any(map(lives, pids)), lambda: f"alive: {[pid for pid in pids if lives(pid)]}")


def lives(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_memory_of_a_password_check_is_given_back(start):
    running = start(threads=4).wait_until_listening()
    web = next(pid for pid in running.children() if b"web" in Path(f"/proc/{pid}/cmdline").read_bytes())
    running.echo(path="/")
    before = resident_mb(web)
    workers = [threading.Thread(target=running.echo, kwargs={"path": "/memory"}) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert resident_mb(web) < before + 15


def test_kill_9_leaves_no_process(start):
    server = start(workers=2, embedded_worker=True).wait_until_listening()
    children = server.children()
    assert len(children) == 3
    server.process.kill()
    wait_until_gone(children)
    server.wait_until_refusing()


def test_kill_9_during_start_leaves_no_process(start):
    server = start(workers=2)
    children = eventually(server.children)
    server.process.kill()
    wait_until_gone(children)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_drains_and_exits_0(start, number):
    options = {"workers": 2, "embedded_worker": True, "drain_s": 600, "header_timeout_s": 600}
    server = start(**options).wait_until_listening()
    children = server.children()
    idle, stuck = server.connect(), server.connect()
    with idle, stuck, server.holding() as asking:
        stuck.sendall(b"GET / HTT")
        server.process.send_signal(number)
        server.wait_until_refusing()  # accepting ends first
        server.release()
        assert read_some(asking).startswith(b"HTTP/1.1 200 ")
        # Long before drain_s: connections that send nothing must not hold up the end.
        assert server.process.wait(PATIENCE_S) == 0
    wait_until_gone(children)
    assert Path(server.ini + ".worker").read_text() == "stopped"


def test_drain_is_bounded(start):
    server = start(drain_s=0.5).wait_until_listening()
    with server.holding():
        server.process.terminate()
        assert server.process.wait(PATIENCE_S) == 0
    assert "not finished after 0.5 s" in server.stderr


def test_second_signal_ends_at_once(start):
    server = start(drain_s=600).wait_until_listening()
    with server.holding():
        server.process.terminate()
        server.wait_until_refusing()
        server.process.terminate()
        assert server.process.wait(PATIENCE_S) == 128 + signal.SIGTERM


def test_nobody_is_let_in_before_somebody_can_answer(start):
    """A balancer that finds the port open sends its requests; one that finds it closed sends them elsewhere."""
    with reserved_port() as port:
        server = start(port=port, workers=2, app=f"{APP}:build_when_told")
        eventually(Path(server.ini + ".loading").exists, lambda: server.stderr)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))
        second = start(port=port)
        assert second.process.wait(PATIENCE_S) == 1, "although nobody listens there yet"
        assert second.stderr == f"cannot listen on 127.0.0.1:{port}: Address already in use\n"
        Path(server.ini + ".loaded").touch()
        eventually(lambda: b"200 OK" in answer_at(port), despite=ConnectionRefusedError)


def answer_at(port):
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as sock:
        sock.sendall(b"GET / HTTP/1.0\r\n\r\n")
        return read_all(sock)


def test_kept_connection_of_a_proxy_gets_one_more_answer_after_sigterm(start):
    """A proxy may use it at the very moment; what may not be sent twice would be lost."""
    server = start(mode="proxied", linger_s=600).wait_until_listening()
    with server.connect() as kept:
        kept.sendall(HEAD + b"Content-Length: 1\r\n\r\na")
        assert b"connection: close" not in read_some(kept).lower()
        server.process.terminate()
        eventually(lambda: b"connection: close" in fresh_answer(server).lower())
        kept.sendall(HEAD + b"Content-Length: 1\r\n\r\nb")
        last = read_all(kept)
    assert b'"body": "b"' in last
    assert b"connection: close" in last.lower()


def fresh_answer(server):
    with server.connect() as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        return read_some(sock)


def test_server_that_nobody_asks_any_more_ends_without_lingering(start):
    server = start(mode="proxied", linger_s=600, drain_s=600).wait_until_listening()
    server.process.terminate()
    assert server.process.wait(PATIENCE_S) == 0


def test_dead_child_is_started_again(start):
    server = start(embedded_worker=True).wait_until_listening()
    before = server.echo()["pid"]
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        server.ask("GET", "/die")
    assert server.echo()["pid"] != before, "the connection waits in the listening socket meanwhile"
    assert "web process 1 ended (SIGKILL); starting it again in 0.5 s" in server.stderr
    worker = int(Path(server.ini + ".worker").read_text())
    os.kill(worker, signal.SIGKILL)
    eventually(lambda: Path(server.ini + ".worker").read_text() != str(worker), lambda: server.stderr)


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_busy_port_is_named(start, server, host):
    second = start(host=host, port=server.port)
    assert second.process.wait(PATIENCE_S) == 1
    assert second.stderr == f"cannot listen on {host}:{server.port}: Address already in use\n"


def test_unknown_host_is_named(start):
    second = start(host="nowhere.invalid", port=8000)
    assert second.process.wait(PATIENCE_S) == 1
    assert second.stderr.startswith("cannot listen on nowhere.invalid:8000: ")
    assert second.stderr.count("\n") == 1


def test_bad_configuration_ends_with_78_and_no_traceback(start):
    server = start(app=f"{APP}:build_badly", workers=2)
    assert server.process.wait(PATIENCE_S) == 78
    assert "consentcore.issuer: expected an URL" in server.stderr
    assert "Traceback" not in server.stderr


def test_unknown_application_ends_with_78(start):
    server = start(app=f"{APP}:nothing")
    assert server.process.wait(PATIENCE_S) == 78
    assert "server_app:nothing: expected module:function" in server.stderr


def test_ipv6(start):
    server = start(host="::1").wait_until_listening()
    assert f"http://[::1]:{server.port}\n" in server.stderr
    with socket.create_connection(("::1", server.port)) as sock:
        sock.sendall(b"GET / HTTP/1.0\r\n\r\n")
        environ = json.loads(read_all(sock).partition(b"\r\n\r\n")[2])["environ"]
    assert environ["REMOTE_ADDR"] == "::1"
    assert environ["SERVER_PROTOCOL"] == "HTTP/1.0"


def test_proxied_mode_believes_the_proxy(start):
    server = start(mode="proxied").wait_until_listening()
    sent = {
        "X-Forwarded-For": "6.6.6.6, 203.0.113.9",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "evil",
    }
    environ = server.echo(headers=sent)["environ"]
    assert environ["REMOTE_ADDR"] == "203.0.113.9"
    assert environ["wsgi.url_scheme"] == "https"
    assert "evil" not in json.dumps(environ)
