"""``consentcore serve``."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NoReturn

import click

from consentcore.cli.commands import Command
from consentcore.cli.state import State, pass_state
from consentcore.domain.errors import InvalidInput

if TYPE_CHECKING:
    from consentcore.config import LoadedConfig
    from consentcore.server.options import ServeOptions


@click.command(cls=Command, name="serve")
@click.option(
    "--listen", metavar="HOST:PORT", help="Instead of `listen` in [server:main]; port 0: any free one."
)
@pass_state
def command(state: State, listen: str | None) -> NoReturn:
    """Serve HTTP until SIGTERM, which lets requests in flight finish.

    With `consentcore.worker.embedded` a worker runs beside the web processes.
    """
    from contextlib import closing

    from consentcore.runtime import build_runtime
    from consentcore.server.supervisor import become
    from consentcore.settings import parse_listen

    state.log_as_configured()
    config = state.config
    # Here rather than in the children, so that everything is said once and before anything listens.
    with closing(build_runtime(config)) as runtime:
        runtime.check()
        runtime.demand_whole()
        runtime.pin_scopes()
    options = serve_options(state.ini_path, config)
    if listen:
        try:
            host, port = parse_listen(listen)
        except ValueError as error:
            raise InvalidInput("--listen", str(error)) from None
        options = replace(options, host=host, port=port)
    become(options)


def serve_options(ini: str, config: LoadedConfig) -> ServeOptions:
    """What the supervisor needs, out of a configuration."""
    from consentcore.server.options import ServeOptions
    from consentcore.settings import parse_listen

    host, port = parse_listen(config.listen)
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
        linger_s=server.linger_s,
        max_body_bytes=server.max_body_bytes,
        body_timeout_s=server.body_timeout_s,
        header_timeout_s=server.header_timeout_s,
        max_connections=server.max_connections,
        trusted_proxies=server.trusted_proxies,
        certificate_header=config.settings.mtls.certificate_header or "",
        access_log=server.access_log,
        log_format=config.settings.log.format,
        log_level=config.settings.log.level,
    )
