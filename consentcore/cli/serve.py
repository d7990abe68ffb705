"""``consentcore serve``."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from consentcore.cli.commands import Command
from consentcore.cli.state import State, pass_state
from consentcore.domain.errors import InvalidInput

if TYPE_CHECKING:
    from consentcore.server.options import ServeOptions
    from consentcore.settings import LoadedConfig


@click.command(cls=Command, name="serve")
@click.option(
    "--listen", metavar="HOST:PORT", help="Instead of `listen` in [server:main]; port 0: any free one."
)
@pass_state
def command(state: State, listen: str | None) -> int:
    """Serve HTTP until SIGTERM, which lets requests in flight finish.

    With `consentcore.worker.embedded` a worker runs beside the web processes.
    """
    from consentcore.runtime import key_ring
    from consentcore.server.supervisor import serve

    config = state.config
    key_ring(config)
    options = serve_options(state.ini_path, config)
    if listen:
        host, port = parse_listen("--listen", listen)
        options = replace(options, host=host, port=port)
    return serve(options)


def serve_options(ini: str, config: LoadedConfig) -> ServeOptions:
    """What the supervisor needs, out of a configuration. :raises InvalidInput: ``listen`` is not HOST:PORT."""
    from consentcore.server.options import ServeOptions

    host, port = parse_listen("[server:main] listen", config.listen)
    server = config.settings.server
    return ServeOptions(
        ini=ini,
        host=host,
        port=port,
        mode=server.mode,
        workers=server.workers,
        threads=server.threads,
        embedded_worker=config.settings.worker.embedded,
        drain_s=server.drain_s,
        max_body_bytes=server.max_body_bytes,
        body_timeout_s=server.body_timeout_s,
        header_timeout_s=server.header_timeout_s,
        max_connections=server.max_connections,
        trusted_proxies=server.trusted_proxies,
        access_log=server.access_log,
    )


def parse_listen(name: str, text: str) -> tuple[str, int]:
    """Take ``host:port`` or ``[ipv6]:port`` apart; ``*`` and nothing mean every address.

    :raises InvalidInput: when it is neither.
    """
    host, colon, port = text.strip().rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        colon = ""
    if not colon or not (port.isascii() and port.isdecimal()) or int(port) > 65535 or " " in host:
        raise InvalidInput(name, f"expected HOST:PORT, not {text!r}")
    return {"*": "0.0.0.0", "": "0.0.0.0"}.get(host, host), int(port)  # noqa: S104 - asked for
