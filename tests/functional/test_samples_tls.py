"""What the nginx of docs/samples agrees to speak, asked by a client that would speak anything."""

from __future__ import annotations

import socket
import ssl
from contextlib import contextmanager

import pytest

from tests.support.certificates import make_certificate
from tests.support.deployment import ROOT
from tests.support.nginx import changed, nginx, require_nginx
from tests.support.patience import PATIENCE_S
from tests.support.ports import reserved_port

pytestmark = pytest.mark.slow

SAMPLES = ROOT / "docs" / "samples"
RECOMMENDED = {
    f"ECDHE-{kind}-AES{size}" for kind in ("ECDSA", "RSA") for size in ("128-GCM-SHA256", "256-GCM-SHA384")
}
"""RFC 9325 section 4.2, in OpenSSL's names."""
OFFERED = "ALL:COMPLEMENTOFALL:@SECLEVEL=0"


@pytest.fixture(scope="module", params=["EC", "RSA"])
def certificate(request, tmp_path_factory):
    return make_certificate(tmp_path_factory.mktemp(request.param), "localhost", rsa=request.param == "RSA")


@contextmanager
def pages(folder, port, other, certificate):
    replacements = {
        "listen 80;": f"listen 127.0.0.1:{other};",
        "listen 443 ssl": f"listen 127.0.0.1:{port} ssl",
        "/etc/ssl/consent.example.com": str(certificate.path.with_suffix("")),
        "/var/log/nginx/consent.log": str(folder / "access.log"),
    }
    with nginx(folder / "nginx", changed((SAMPLES / "nginx.conf").read_text(), replacements), port):
        yield


@contextmanager
def certificates(folder, port, other, certificate):
    replacements = {
        "listen 443 ssl": f"listen 127.0.0.1:{port} ssl",
        "/etc/ssl/consent.example.com": str(certificate.path.with_suffix("")),
        "/var/log/nginx/consent.log": str(folder / "access.log"),
    }
    beside = {**replacements, "listen 80;": f"listen 127.0.0.1:{other};"}
    beside["listen 443 ssl"] = f"listen unix:{folder}/pages ssl"
    texts = [
        changed((SAMPLES / name).read_text(), these)
        for name, these in (("nginx.conf", beside), ("nginx-mtls.conf", replacements))
    ]
    with nginx(folder / "nginx", "\n".join(texts), port):
        yield


@contextmanager
def api(folder, port, _other, certificate):
    replacements = {
        "listen 443 ssl": f"listen 127.0.0.1:{port} ssl",
        "/etc/ssl/api.example.com": str(certificate.path.with_suffix("")),
        "/var/log/nginx/api.log": str(folder / "access.log"),
    }
    text = changed((SAMPLES / "nginx-auth-request.conf").read_text(), replacements)
    # As Debian's nginx.conf sets for all servers: the sample has to say better.
    with nginx(folder / "nginx", f"ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3;\n{text}", port):
        yield


@pytest.fixture(
    params=[pages, certificates, api], ids=["nginx.conf", "nginx-mtls.conf", "nginx-auth-request.conf"]
)
def port(request, tmp_path, certificate):
    require_nginx()
    with reserved_port() as port, reserved_port() as other, request.param(tmp_path, port, other, certificate):
        yield port


def agreed(port: int, version: ssl.TLSVersion, ciphers: str) -> tuple[str, str] | None:
    """Version and suite that the server agrees to; None when it refuses."""
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    client.set_ciphers(ciphers)
    client.minimum_version = client.maximum_version = version
    with socket.create_connection(("127.0.0.1", port), PATIENCE_S) as plain:
        try:
            with client.wrap_socket(plain) as secured:
                name, spoken, _ = secured.cipher()
                return spoken, name
        except (ssl.SSLError, ConnectionError):
            return None


def test_sample_speaks_only_suites_of_bcp_195_with_tls_1_2(port, certificate):
    everything = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    everything.set_ciphers(OFFERED)
    suites = [one["name"] for one in everything.get_ciphers() if one["protocol"] != "TLSv1.3"]
    assert [name for name in suites if name.endswith("-SHA")], "this client offers CBC"
    found = {name for name in suites if agreed(port, ssl.TLSVersion.TLSv1_2, f"{name}:@SECLEVEL=0")}
    assert found == {name for name in RECOMMENDED if certificate.kind in name}


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")  # of what shall be refused
def test_sample_speaks_tls_1_3_and_nothing_older_than_1_2(port):
    assert agreed(port, ssl.TLSVersion.TLSv1_3, OFFERED)[0] == "TLSv1.3"
    for old in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
        assert agreed(port, old, OFFERED) is None
