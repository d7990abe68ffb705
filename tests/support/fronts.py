"""A real server on loopback to which anything can be said: by itself, and behind nginx as the sample has it."""

from __future__ import annotations

import re
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import requests

from tests.support.certificates import Certificate, make_certificate
from tests.support.deployment import ROOT, Deployment, deployment
from tests.support.nginx import changed, nginx, require_nginx
from tests.support.patience import PATIENCE_S
from tests.support.ports import reserved_port

PREFIX = "/ecostruxure/v1/oauth"
CALLBACK = "/livez"  # anything that answers
SAMPLE = ROOT / "docs" / "samples" / "nginx.conf"
MTLS_SAMPLE = SAMPLE.with_name("nginx-mtls.conf")


@dataclass
class Front:
    """One way in.

    :ivar name: ``direct`` or ``nginx``.
    :ivar port: where it listens.
    :ivar certificate: None without TLS.
    :ivar plain_port: where nginx sends browsers to https, else 0.
    :ivar mtls_port: where nginx asks for certificates, else 0.
    """

    name: str
    house: Deployment
    port: int
    certificate: Certificate | None = None
    client_id: str = ""
    client_secret: str = ""
    plain_port: int = 0
    mtls_port: int = 0

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}" if self.certificate else f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        return self.house.log.read_text()

    def connect(self, timeout: float = PATIENCE_S, receive_buffer: int = 0) -> socket.socket:
        """A connection, with TLS where that is spoken."""
        plain = socket.socket()
        plain.settimeout(timeout)
        if receive_buffer:
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        plain.connect(("127.0.0.1", self.port))
        if self.certificate is None:
            return plain
        return self.certificate.client.wrap_socket(plain, server_hostname="localhost")

    def raw(self, data: bytes, timeout: float = PATIENCE_S) -> bytes:
        """All that comes back for ``data``; "" when the connection was just closed."""
        parts = []
        with suppress(ConnectionError, ssl.SSLError), self.connect(timeout) as sock:
            with suppress(ConnectionError, ssl.SSLError):  # refused before all of it was sent
                sock.sendall(data)
            while part := sock.recv(65536):
                parts.append(part)
        return b"".join(parts)

    def ask(self, method: str, path: str, **options: object) -> requests.Response:
        """A request by a well-behaved client."""
        verify = str(self.certificate.path) if self.certificate else True
        options = {"timeout": PATIENCE_S, "allow_redirects": False, **options}
        return requests.request(method, self.url + path, verify=verify, **options)

    def works(self) -> float:
        """Introspect as a registered client must; the seconds that it took."""
        started = time.monotonic()
        answer = self.ask(
            "POST",
            f"{PREFIX}/introspect",
            data={"token": "unknown"},
            auth=(self.client_id, self.client_secret),
        )
        assert (answer.status_code, answer.json()) == (200, {"active": False}), answer.text
        return time.monotonic() - started

    def processes(self) -> list[int]:
        """Process ids of the supervisor and its children."""
        assert self.house.server is not None
        pid = self.house.server.pid
        return [pid, *map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]

    def web_processes(self) -> list[int]:
        """Process ids of the web processes."""
        return [pid for pid in self.processes() if b'"web"' in Path(f"/proc/{pid}/cmdline").read_bytes()]

    def resident_mb(self) -> int:
        """Memory of all web processes."""
        texts = [Path(f"/proc/{pid}/status").read_text() for pid in self.web_processes()]
        return sum(int(re.search(r"VmRSS:\s+(\d+)", text)[1]) for text in texts) // 1024


def _settle(front: Front, **settings: object) -> None:
    """Set what is to be set, make the database and a client, and start."""
    text = front.house.ini.read_text()
    for name in settings:
        text = re.sub(rf"^consentcore\.{re.escape(name)} = .*\n", "", text, flags=re.MULTILINE)
    lines = "".join(f"consentcore.{name} = {value}\n" for name, value in settings.items())
    front.house.ini.write_text(text.replace("\n[server:main]", f"{lines}\n[server:main]"))
    front.house.init()
    back = ("--redirect-uri", f"{front.url}{CALLBACK}")
    made = front.house.json("client", "create", "--name", "Cool", *back, "--scope", "sites.read")
    front.client_id, front.client_secret = made["client_id"], made["client_secret"]
    front.house.start()


@contextmanager
def direct(folder: Path, *, database: str = "", **settings: object) -> Iterator[Front]:
    """``consentcore.server.mode = direct``."""
    with deployment(folder, smtp=1, database=database) as house:
        front = Front("direct", house, int(house.issuer.rpartition(":")[2]))
        _settle(front, **{"server.access_log": "true", **settings})
        yield front


@contextmanager
def behind_nginx(folder: Path, **settings: object) -> Iterator[Front]:
    """``consentcore.server.mode = proxied`` behind the nginx of docs/samples, with its names and ports changed."""
    require_nginx()
    certificate = make_certificate(folder, "localhost", "127.0.0.1")
    with deployment(folder, smtp=1) as house, reserved_port() as port, reserved_port() as plain_port:
        front = Front("nginx", house, port, certificate, plain_port=plain_port)
        house.ini.write_text(
            house.ini.read_text().replace(f"issuer = {house.issuer}", f"issuer = {front.url}")
        )
        proxied = {"server.mode": "proxied", "server.access_log": "true", "web.hsts_s": 31536000}
        _settle(front, **{**proxied, **settings})
        with _proxy(folder, front, house):
            yield front


@contextmanager
def _proxy(folder: Path, front: Front, *houses: Deployment) -> Iterator[None]:
    """The sample before one or more nodes, with its names and ports changed."""
    assert front.certificate is not None
    several = " max_fails=0" if len(houses) > 1 else ""  # as the sample says
    nodes = [f"server {house.issuer.removeprefix('http://')}{several};" for house in houses]
    replacements = {
        "listen 80;": f"listen 127.0.0.1:{front.plain_port};",
        "listen 443 ssl": f"listen 127.0.0.1:{front.port} ssl",
        "server 127.0.0.1:6543;": " ".join(nodes),
        "/etc/ssl/consent.example.com": str(front.certificate.path.with_suffix("")),
        "consent.example.com": "localhost",
        "/var/log/nginx/consent.log": str(folder / "access.log"),
    }
    text = changed(SAMPLE.read_text(), replacements)
    if front.mtls_port:
        wanted = ("/etc/ssl/consent.example.com", "/var/log/nginx/consent.log")
        beside = {name: replacements[name] for name in wanted}
        beside["listen 443 ssl"] = f"listen 127.0.0.1:{front.mtls_port} ssl"
        beside["mtls.consent.example.com"] = "localhost"
        text += changed(MTLS_SAMPLE.read_text(), beside)
    with nginx(folder / "nginx", text, front.port):
        yield


@contextmanager
def asking_for_certificates(folder: Path, **settings: object) -> Iterator[Front]:
    """The same with the host beside it on which applications show certificates."""
    require_nginx()
    certificate = make_certificate(folder, "localhost", "127.0.0.1")
    with (
        deployment(folder, smtp=1) as house,
        reserved_port() as port,
        reserved_port() as plain_port,
        reserved_port() as mtls_port,
    ):
        front = Front("nginx", house, port, certificate, plain_port=plain_port, mtls_port=mtls_port)
        text = house.ini.read_text()
        house.ini.write_text(text.replace(f"issuer = {house.issuer}", f"issuer = {front.url}"))
        mtls = {
            "mtls.certificate_header": "nginx",
            "mtls.url": f"https://localhost:{mtls_port}",
        }
        _settle(front, **{"server.mode": "proxied", **mtls, **settings})
        with _proxy(folder, front, house):
            yield front


@contextmanager
def two_nodes(
    folder: Path, *, database: str = "", **settings: object
) -> Iterator[tuple[Front, tuple[Deployment, Deployment]]]:
    """Two servers on one database behind one nginx, as on two machines.

    :param database: its URL; by default a SQLite file, for which they have to be on one.
    """
    require_nginx()
    certificate = make_certificate(folder, "localhost", "127.0.0.1")
    (folder / "two").mkdir()
    with (
        deployment(folder, smtp=1, database=database) as one,
        deployment(folder / "two", smtp=1) as two,
        reserved_port() as port,
        reserved_port() as plain_port,
    ):
        front = Front("nginx", one, port, certificate, plain_port=plain_port)
        one.ini.write_text(one.ini.read_text().replace(f"issuer = {one.issuer}", f"issuer = {front.url}"))
        _settle(front, **{"server.mode": "proxied", **settings})
        listen = two.issuer.removeprefix("http://")
        two.ini.write_text(
            "[app:main]\nuse = config:../own.ini\n\n"
            f"[server:main]\nuse = config:../own.ini\nlisten = {listen}\n"
        )
        two.start()
        with _proxy(folder, front, one, two):
            yield front, (one, two)
