"""The real nginx on loopback, for the recipes in docs/."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.missing import missing
from tests.support.patience import PATIENCE_S, eventually

BINARY = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
# Everything that Debian's packages would put under /var and /run.
MAIN = """\
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections 1024; }}
http {{
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/site.conf;
}}
"""


def require_nginx() -> None:
    """Skip without nginx; fail where it has to be."""
    if not BINARY:
        missing("nginx: make nginx", "REQUIRE_NGINX")


def changed(text: str, replacements: dict[str, str]) -> str:
    """A recipe with its host names, ports and paths replaced; each of them has to be there."""
    for old, new in replacements.items():
        assert old in text, f"{old!r} does not stand in the recipe"
        text = text.replace(old, new)
    return text


@contextmanager
def nginx(folder: Path, site: str, port: int) -> Iterator[Path]:
    """Run nginx with ``site`` inside its ``http`` block until the block ends.

    :param port: one that ``site`` listens on.
    :returns: nginx's error log.
    """
    require_nginx()
    folder.mkdir(exist_ok=True)
    (folder / "site.conf").write_text(site)
    main = folder / "nginx.conf"
    main.write_text(MAIN.format(folder=folder))
    command = [str(BINARY), "-p", str(folder), "-c", str(main), "-e", str(folder / "start.log")]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait(process, port, folder)
        yield folder / "error.log"
    finally:
        process.terminate()
        process.wait(PATIENCE_S)


def _wait(process: subprocess.Popen[bytes], port: int, folder: Path) -> None:
    def logs() -> str:
        return "".join(log.read_text() for log in folder.glob("*.log"))

    def accepts() -> bool:
        assert process.poll() is None, logs()
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True

    eventually(accepts, logs, despite=OSError)
