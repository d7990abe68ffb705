"""Starts and ends what the demo consists of: a real server process, CoolSite, the demo API and its MCP server."""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING

import requests

from consentcore.demo import STORAGES
from consentcore.demo.api import DemoApi
from consentcore.demo.ini import write_ini
from consentcore.demo.isv import CoolSite
from consentcore.demo.known_sites import KnownSites
from consentcore.demo.mcp_server import DemoMcp, McpSite, is_installed, resource_url
from consentcore.demo.seed import Seed, seed
from consentcore.demo.serving import Site, base_url, bind
from consentcore.demo.stores import NoStorage, prepared

if TYPE_CHECKING:
    from consentcore.runtime import Runtime

HOST = "127.0.0.1"
START_S = 90.0


@dataclass(frozen=True)
class DemoOptions:
    """Where the demo keeps its data and which ports it tries first (0: any).

    :ivar storage: one of :data:`~consentcore.demo.STORAGES`.
    :ivar endpoint: of DynamoDB; "": an emulator of its own.
    """

    folder: Path
    port: int = 6543
    storage: str = STORAGES[0]
    endpoint: str = ""
    extra_ini: str = ""
    more_notifiers: str = ""


class NotStarted(Exception):
    """The server ended, or was not ready in time, or its storage cannot be had."""


@dataclass
class Demo:
    """Everything that runs.

    :ivar folder: with ``demo.ini`` and the data in ``var``.
    :ivar mcp_url: of the MCP server; "" where its library is not installed.
    :ivar lifeline: reading end of a pipe; the server ends when nobody holds the other end any more.
    :ivar output: where the server writes its messages; None for the terminal.
    """

    folder: Path
    issuer: str
    ini: Path
    runtime: Runtime
    seed: Seed
    coolsite: CoolSite
    mcp_url: str
    lifeline: int
    output: Path | None = None
    server: subprocess.Popen[bytes] = field(init=False)

    def start_server(self) -> None:
        """Start the server and wait until it answers.

        :raises NotStarted: when it ends, or is not ready within 90 seconds.
        """
        facts = (str(os.getpid()), str(self.lifeline), str(self.ini))
        with ExitStack() as stack:
            output: IO[bytes] | None = stack.enter_context(self.output.open("ab")) if self.output else None
            # A session of its own: Ctrl-C reaches the demo only, which then ends the server in order.
            self.server = subprocess.Popen(
                [sys.executable, "-m", "consentcore.demo.server_process", *facts],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                pass_fds=[self.lifeline],
            )
        self._wait_ready()

    def end_server(self) -> None:
        """Let the server finish what it is doing; kill it after 15 seconds."""
        if self.server.poll() is None:
            self.server.terminate()
            try:
                self.server.wait(15)
            except subprocess.TimeoutExpired:
                self.server.kill()
                self.server.wait(5)

    def _wait_ready(self) -> None:
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline and self.server.poll() is None:
            try:
                if requests.get(f"{self.issuer}/readyz", timeout=2).ok:
                    return
            except requests.RequestException:
                time.sleep(0.05)
        ended = self.server.poll()
        raise NotStarted("it was not ready in time" if ended is None else f"it ended with exit code {ended}")


@contextmanager
def boot(options: DemoOptions, *, say: Callable[[str], None], output: Path | None = None) -> Iterator[Demo]:
    """Everything on free ports of this machine, in a fresh folder, until the block ends.

    :param say: gets a line per thing that CoolSite does.
    :param output: file for the server's messages.
    :raises NotStarted: when the server does not come up.
    """
    # requests-oauthlib insists on https unless told that this is a development machine: loopback only here.
    os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"
    # Nothing of the demo leaves this machine, whatever proxy the machine has for the rest.
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = HOST
    with ExitStack() as stack:
        folder = stack.enter_context(_own_folder(options.folder))
        held, *sites = _sockets(options.port)
        for sock in (held, *sites):
            stack.callback(sock.close)
        isv_url, mcp_url = base_url(sites[0]), resource_url(sites[2])
        try:
            storage = stack.enter_context(prepared(options.storage, options.endpoint))
        except NoStorage as error:
            raise NotStarted(str(error)) from error
        more = {"extra": options.extra_ini, "more_notifiers": options.more_notifiers}
        ini = write_ini(folder, base_url(held), storage, mcp_url, **more)
        runtime, found = _prepare(ini, isv_url, mcp_url)
        stack.callback(runtime.close)
        coolsite = _start_sites(stack, runtime, found, sites, say)
        told = mcp_url if is_installed() else ""
        lifeline, ours = os.pipe()
        for end in (lifeline, ours):
            stack.callback(os.close, end)
        demo = Demo(folder, base_url(held), ini, runtime, found, coolsite, told, lifeline, output)
        stack.callback(lambda: demo.end_server() if hasattr(demo, "server") else None)
        demo.start_server()
        yield demo


def _sockets(wanted: int) -> list[socket.socket]:
    """For the server, CoolSite, the API and the MCP server.

    A port that is only reserved can be reserved twice; one that is listened on cannot. So of two demos that start at
    the same moment the one that has not got CoolSite's port looks for all of its own behind that.
    """
    sites = [bind(HOST, wanted + number if wanted else 0) for number in (1, 2, 3)]
    ports = [site.getsockname()[1] for site in sites]
    first = not wanted or ports[0] == wanted + 1
    return [bind(HOST, wanted if first else max(ports) + 1, listen=False), *sites]


@contextmanager
def _own_folder(wanted: Path) -> Iterator[Path]:
    """``wanted``, emptied, or ``wanted-2`` and so on while another demo is using it."""
    for number in range(1, 20):
        folder = wanted if number == 1 else wanted.with_name(f"{wanted.name}-{number}")
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (folder / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            shutil.rmtree(folder / "var", ignore_errors=True)
            (folder / "var").mkdir(mode=0o700)
            yield folder
            return
    raise NotStarted(f"too many demos are running in {wanted.parent}")


def _prepare(ini: Path, isv_url: str, mcp_url: str) -> tuple[Runtime, Seed]:
    from consentcore.config import load_ini
    from consentcore.keys import create_key_file
    from consentcore.runtime import build_runtime

    create_key_file(ini.parent / "var" / "keys")
    runtime = build_runtime(load_ini(str(ini)))
    runtime.storage.migrate()
    return runtime, seed(runtime, isv_url, mcp_url)


def _start_sites(
    stack: ExitStack,
    runtime: Runtime,
    found: Seed,
    sockets: Sequence[socket.socket],
    say: Callable[[str], None],
) -> CoolSite:
    issuer, prefix = runtime.settings.issuer, runtime.settings.oauth.prefix
    coolsite = CoolSite(
        issuer=issuer,
        prefix=prefix,
        own_url=base_url(sockets[0]),
        api_url=base_url(sockets[1]),
        client_id=found.client_id,
        client_secret=found.client_secret,
        webhook_secret=found.webhook_secret,
        say=say,
    )
    sites, introspect = KnownSites(runtime), f"{issuer}{prefix}/introspect"
    api = DemoApi(introspect, found.api_id, found.api_secret, sites.of)
    for sock, app in zip(sockets[:2], (coolsite.wsgi(), api.wsgi()), strict=True):
        stack.callback(Site(sock, app).close)
    if is_installed():
        url = resource_url(sockets[2])
        mcp = DemoMcp(url, issuer, introspect, found.mcp_id, found.mcp_secret, sites.of, say)
        stack.callback(McpSite(sockets[2], mcp.asgi()).close)
    return coolsite
