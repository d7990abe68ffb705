"""``consentcore demo``: boots everything, says what to click, and prints a line per event until Ctrl-C."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import requests

from consentcore.demo.api import DemoApi
from consentcore.demo.follow import Follower
from consentcore.demo.ini import write_ini
from consentcore.demo.isv import CoolSite
from consentcore.demo.seed import PEOPLE, Seed, seed
from consentcore.demo.serving import Site, base_url, bind

if TYPE_CHECKING:
    from consentcore.runtime import Runtime

HOST = "127.0.0.1"
BANNER = """\

consentcore demo, everything on this machine only (Ctrl-C stops all of it, data in {folder})

  1  Open      {isv}/
               CoolSite, a demo application. Press "Connect my buildings".
  2  Sign in   {email}  password  {password}
               Read what CoolSite asks for, press Approve, then "Read room climate".
  3  Look      {issuer}/consents
               Your Authorized Applications. Press "Revoke Access", then Proceed, and watch this window;
               then press "Read room climate" in CoolSite again.

  Mail that was sent: {issuer}/_dev/mail

"""


@dataclass(frozen=True)
class DemoOptions:
    """Where the demo keeps its data and which ports it tries first."""

    folder: Path
    port: int = 6543
    extra_ini: str = ""
    more_notifiers: str = ""


def run_demo(options: DemoOptions) -> int:
    """Run the demo until SIGINT or SIGTERM; 0 after an orderly end, 1 when the server did not start."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with ExitStack() as stack:
        held = bind(HOST, options.port, listen=False)
        isv_socket = bind(HOST, options.port + 1 if options.port else 0)
        api_socket = bind(HOST, options.port + 2 if options.port else 0)
        for sock in (held, isv_socket, api_socket):
            stack.callback(sock.close)
        ini = _fresh_folder(options, base_url(held))
        runtime, found = _prepare(ini, base_url(isv_socket))
        stack.callback(runtime.close)
        server = _start_server(ini)
        stack.callback(_end_server, server)
        if not _wait_ready(server, base_url(held)):
            say("the server did not start; its messages are above")
            return 1
        coolsite = _start_sites(
            stack, runtime, found, base_url(held), isv_socket=isv_socket, api_socket=api_socket
        )
        print(_banner(options, found, base_url(held), base_url(isv_socket)), flush=True)
        Follower(runtime, found, coolsite, say).follow(stop, server)
        return 0 if stop.is_set() else 1


def say(line: str) -> None:
    """Print one line of the story with the time."""
    print(f"{time.strftime('%H:%M:%S')}  {line}", flush=True)


def _fresh_folder(options: DemoOptions, issuer: str) -> Path:
    shutil.rmtree(options.folder / "var", ignore_errors=True)
    (options.folder / "var").mkdir(parents=True)
    return write_ini(options.folder, issuer, options.extra_ini, options.more_notifiers)


def _prepare(ini: Path, isv_url: str) -> tuple[Runtime, Seed]:
    from consentcore.keys import create_key_file
    from consentcore.runtime import build_runtime
    from consentcore.settings import load_ini

    create_key_file(ini.parent / "var" / "keys")
    runtime = build_runtime(load_ini(str(ini)))
    runtime.storage.migrate()
    return runtime, seed(runtime, isv_url)


def _start_server(ini: Path) -> subprocess.Popen[bytes]:
    # A session of its own: Ctrl-C reaches the demo only, which then ends the server in order.
    command = [sys.executable, "-m", "consentcore.cli.main", "serve", "-c", str(ini)]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True, env=os.environ)


def _end_server(server: subprocess.Popen[bytes]) -> None:
    if server.poll() is None:
        server.terminate()
        try:
            server.wait(15)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait(5)


def _wait_ready(server: subprocess.Popen[bytes], url: str, seconds: float = 30) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and server.poll() is None:
        try:
            if requests.get(f"{url}/readyz", timeout=2).ok:
                return True
        except requests.RequestException:
            time.sleep(0.05)
    return False


def _start_sites(
    stack: ExitStack,
    runtime: Runtime,
    found: Seed,
    issuer: str,
    *,
    isv_socket: socket.socket,
    api_socket: socket.socket,
) -> CoolSite:
    prefix = runtime.settings.oauth.prefix
    coolsite = CoolSite(
        issuer=issuer,
        prefix=prefix,
        own_url=base_url(isv_socket),
        api_url=base_url(api_socket),
        client_id=found.client_id,
        client_secret=found.client_secret,
        webhook_secret=found.webhook_secret,
        say=say,
    )
    # requests-oauthlib insists on https unless told that this is a development machine: loopback only here.
    os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"
    api = DemoApi(f"{issuer}{prefix}/introspect", found.api_id, found.api_secret)
    for sock, app in ((isv_socket, coolsite.wsgi()), (api_socket, api.wsgi())):
        stack.callback(Site(sock, app).close)
    return coolsite


def _banner(options: DemoOptions, found: Seed, issuer: str, isv: str) -> str:
    return BANNER.format(
        folder=options.folder, isv=isv, issuer=issuer, email=PEOPLE[0][0], password=found.password
    )
