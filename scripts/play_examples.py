"""A sign-in, a consent and its notice with the plugins of examples/, wherever their wheels are installed.

Run by scripts/smoke_wheel.py in a clean environment, and by tests/functional/test_examples.py. Nothing but
examples/acme.ini says that they are used.
"""

from __future__ import annotations

import html
import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.cookiejar import CookieJar
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from build_wheels import CommandError, build_in, run

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "examples"
PLUGINS = ("csv_sites", "proxy_login", "scope_folder", "team_chat")
OWNER = "ada@example.org"
PREFIX = "/ecostruxure/v1/oauth"
CALLBACK = "https://app.example/callback"
PATIENCE_S = 300.0
"""Nobody is held to a time: this machine may be busy."""


class PlayError(Exception):
    """Something did not happen as it should."""


def build_examples(work: Path) -> list[Path]:
    """A wheel of each example, built from a copy."""
    made = []
    for source in sorted(EXAMPLES.glob("*/pyproject.toml")):
        copy = work / source.parent.name
        shutil.copytree(
            source.parent, copy, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info", "build")
        )
        made.append(build_in(copy, work / f"{copy.name}-dist"))
    return made


def lay_out(folder: Path) -> Path:
    """An INI of our development with that of the examples beside it; the latter."""
    shutil.copytree(EXAMPLES, folder, ignore=shutil.ignore_patterns("src", "tests", "__pycache__"))
    text = (ROOT / "development.ini").read_text(encoding="utf-8")
    # Port 0: it must not collide with a server that somebody runs.
    text = re.sub(r"(?m)^listen\s*=.*$", "listen = 127.0.0.1:0", text)
    (folder / "development.ini").write_text(text, encoding="utf-8")
    return folder / "acme.ini"


class Browser:
    """Keeps cookies, and follows no redirect by itself. Whatever names the site goes to where it listens."""

    def __init__(self, address: str) -> None:
        self._address = address
        stay = type("Stay", (urllib.request.HTTPRedirectHandler,), {"redirect_request": lambda *_: None})
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()), stay)

    def go(
        self, url: str, form: Sequence[tuple[str, str]] = (), headers: Mapping[str, str] | None = None
    ) -> tuple[int, str, str]:
        """Status, where it leads, and the text."""
        parts = urlsplit(url)
        where = f"{self._address}{parts.path}{'?' + parts.query if parts.query else ''}"
        body = urlencode(form).encode() if form else None
        given = {**(headers or {}), **({"Origin": self._address} if form else {})}
        try:
            with self._opener.open(urllib.request.Request(where, body, given), timeout=PATIENCE_S) as answer:  # noqa: S310 - our own address
                return answer.status, "", answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.headers.get("Location", ""), error.read().decode()

    def led(self, url: str, headers: Mapping[str, str] | None = None) -> str:
        """Where a redirect leads.

        :raises PlayError: when it is none.
        """
        status, location, text = self.go(url, headers=headers)
        if status not in {302, 303}:
            raise PlayError(f"GET {url}: {status}\n{text}")
        return location


@contextmanager
def chat() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A chat on loopback: its webhook, and what was posted."""
    posted: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            posted.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/hooks/1", posted
        server.shutdown()


@contextmanager
def serving(consentcore: Sequence[str | Path], ini: Path, env: Mapping[str, str]) -> Iterator[str]:
    """The server, until the block ends: its address."""
    log = ini.parent / "serve.log"
    with log.open("wb") as output:
        command = [*map(str, consentcore), "serve", "-c", str(ini)]
        server = subprocess.Popen(
            command, cwd=ini.parent, env=dict(env), stdout=output, stderr=subprocess.STDOUT
        )
    try:
        until = time.monotonic() + PATIENCE_S
        while not (found := re.search(r"listening on (http://[^\s,]+)", log.read_text(errors="replace"))):
            if time.monotonic() > until or server.poll() is not None:
                raise PlayError(f"serve did not come up:\n{log.read_text(errors='replace')}")
            time.sleep(0.1)
        yield found[1].rstrip("/")
        server.send_signal(signal.SIGTERM)
        server.wait(PATIENCE_S)
    finally:
        if server.poll() is None:
            server.kill()
            server.wait()


def play(consentcore: Sequence[str | Path], folder: Path, env: Mapping[str, str]) -> None:
    """All of it.

    :param consentcore: the command.
    :param folder: where to; it must not be there yet.
    :raises PlayError: with what went wrong.
    """
    ini, proof = lay_out(folder), secrets.token_urlsafe(32)
    with chat() as (url, posted):
        env = {**env, "ACME_PROXY_PROOF": proof, "ACME_CHAT_URL": url}

        def cli(*arguments: str) -> str:
            return run(*consentcore, *arguments, cwd=folder, env=dict(env))

        _check_listed(json.loads(cli("plugins", "list", "-c", str(ini), "--json")))
        cli("init", "-c", str(ini))
        cli("plugins", "check", "-c", str(ini))
        client = ("--name", "Leak Finder", "--redirect-uri", CALLBACK, "--scope", "water.read", "--json")
        application = json.loads(cli("client", "create", "-c", str(ini), *client))
        with serving(consentcore, ini, env) as address:
            code = _consent(Browser(address), application["client_id"], proof)
            _check_token(Browser(address), application, code)
            _wait_for(posted)


def _check_listed(listed: Sequence[Mapping[str, Any]]) -> None:
    active = {one["name"] for one in listed if one["active"] and one["distribution"] != "consentcore"}
    if active != set(PLUGINS):
        raise PlayError(f"expected the plugins {PLUGINS} to be active, found {active}")


def _consent(browser: Browser, client_id: str, proof: str) -> str:
    """From the application's request to its code, by way of the proxy that says who it is."""
    query = {"response_type": "code", "client_id": client_id, "redirect_uri": CALLBACK, "scope": "water.read"}
    login = browser.led(f"{PREFIX}/authorize?{urlencode({**query, 'state': 'of-the-application'})}")
    proxy = browser.led(login)
    if browser.go(proxy)[0] != 403:
        raise PlayError("the proxy's address lets somebody in who does not come through the proxy")
    back = browser.led(proxy, {"X-Proxy-Proof": proof, "X-Signed-In-As": OWNER})
    status, _, page = browser.go(browser.led(back))
    for text in ("Water consumption", "Home", "Holiday house"):
        if status != 200 or text not in page:
            raise PlayError(f"the consent page does not show {text!r}: {status}\n{page}")
    hidden = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', page)
    form = [(name, html.unescape(value)) for name, value in hidden]
    status, location, text = browser.go(
        "/consent", [*form, ("resource", "site|site-1"), ("decision", "approve")]
    )
    code = parse_qs(urlsplit(location).query).get("code", [""])[0]
    if not code:
        raise PlayError(f"Approve: {status} {location}\n{text}")
    return code


def _check_token(application_side: Browser, application: Mapping[str, str], code: str) -> None:
    """Which site was chosen, as the application is told."""
    known = [(name, application[name]) for name in ("client_id", "client_secret")]
    form = [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", CALLBACK), *known]
    status, _, text = application_side.go(f"{PREFIX}/token", form)
    expected = [{"type": "site", "identifiers": ["site-1"]}]
    if status != 200 or json.loads(text).get("resources") != expected:
        raise PlayError(f"expected a token for {expected}: {status}\n{text}")


def _wait_for(posted: Sequence[Mapping[str, Any]]) -> None:
    until = time.monotonic() + PATIENCE_S
    while not any("Leak Finder was allowed" in one["text"] for one in posted):
        if time.monotonic() > until:
            raise PlayError(f"the chat was not told: {posted}")
        time.sleep(0.1)


def main() -> int:
    """Build the wheels, unpack them into the folder that is named, and play there with the consentcore of this Python.

    Exit 0, or 1 with the reason.
    """
    folder = Path(sys.argv[1])
    for part in ("build", "site"):
        (folder / part).mkdir(parents=True)
    try:
        for wheel in build_examples(folder / "build"):
            zipfile.ZipFile(wheel).extractall(folder / "site")
        env = {**os.environ, "PYTHONPATH": str(folder / "site")}
        play([sys.executable, "-m", "consentcore.cli.main"], folder / "acme", env)
    except (PlayError, CommandError) as error:
        print(f"examples: {error}", file=sys.stderr)
        return 1
    print(*PLUGINS)
    return 0


if __name__ == "__main__":
    sys.exit(main())
