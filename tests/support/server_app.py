"""A small WSGI application and a worker for the tests of the server; children import it by name."""

from __future__ import annotations

import json
import os
import sys
import time
from functools import partial
from pathlib import Path

from consentcore.domain.errors import ConfigurationError


def build(ini):
    return partial(application, ini)


def build_when_told(ini):
    hold(Path(ini + ".loading"), Path(ini + ".loaded"))
    return build(ini)


def build_badly(ini):
    raise ConfigurationError([f"{ini}: consentcore.issuer: expected an URL"])


def run_worker(ini, stop):
    Path(ini + ".worker").write_text(str(os.getpid()))
    stop.wait()
    Path(ini + ".worker").write_text("stopped")


def application(ini, environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/boom":
        raise RuntimeError("a secret that nobody may see")
    if path == "/slow":
        time.sleep(2)
    if path == "/hold":
        hold(Path(ini + ".held"), Path(ini + ".release"))
    if path == "/die":
        os.kill(os.getpid(), 9)
    if path == "/memory":
        for _ in range(3):
            b"x" * (19 << 20)  # as much as a password check takes
    headers = [("Content-Type", "application/json")]
    if path == "/cookies":
        headers += [("Set-Cookie", "a=1; Path=/"), ("Set-Cookie", "b=2; Path=/")]
    if path == "/redirect":
        start_response(
            "302 Found", [("Location", "https://client.example/cb?code=1"), ("Content-Length", "0")]
        )
        return [b""]
    body = environ["wsgi.input"].read()
    answer = {
        "pid": os.getpid(),
        "body": body.decode("latin-1") if len(body) < 1000 else len(body),
        "environ": {key: value for key, value in environ.items() if isinstance(value, str)},
    }
    start_response("200 OK", headers)
    return [json.dumps(answer).encode()]


def hold(held, release):
    """Say that a request is worked on, and go on with it when told."""
    held.touch()
    while not release.exists():
        time.sleep(0.01)


if __name__ == "__main__":
    from consentcore.server.options import ServeOptions
    from consentcore.server.supervisor import serve

    sys.exit(serve(ServeOptions.from_json(sys.argv[1])))
