"""consentcore under another WSGI server, behind a proxy that buffers requests.

``gunicorn 'consentcore.server.proxied:create_app("/etc/consentcore/production.ini")'`` runs it with gunicorn;
``consentcore serve`` does not need this module.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from consentcore.logs import configure
from consentcore.server.environ import Environ, StartResponse, WSGIApp, attach_body
from consentcore.server.forwarded import Forwarded, Noting

_STATUS = {400: "400 Bad Request", 411: "411 Length Required", 413: "413 Content Too Large"}


class BodyGuard:
    """Reads the body before the application runs and refuses one that is short, too large or unmeasured.

    WSGI servers hand a body that the client cut off to the application as if it were complete.

    :param app: the application behind; it sees a body of exactly ``CONTENT_LENGTH`` bytes.
    :param max_body_bytes: a larger body is answered with 413.
    """

    def __init__(self, app: WSGIApp, max_body_bytes: int) -> None:
        self._app = app
        self._cap = max_body_bytes

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        refused, body = self._read(environ)
        if refused:
            text = _STATUS[refused]
            headers = [("Content-Type", "text/plain; charset=utf-8"), ("Connection", "close")]
            start_response(text, headers)
            return [text[4:].encode() + b"\n"]
        attach_body(environ, body)
        return self._app(environ, start_response)

    def _read(self, environ: Environ) -> tuple[int, bytes]:
        """A status to refuse with, or 0 and the body."""
        declared = environ.get("CONTENT_LENGTH") or ""
        chunked = bool(environ.get("HTTP_TRANSFER_ENCODING"))
        if chunked and declared:
            return 400, b""
        if chunked:
            if not environ.get("wsgi.input_terminated"):
                return 411, b""
            body = environ["wsgi.input"].read(self._cap + 1)
            return (413, b"") if len(body) > self._cap else (0, body)
        if not declared:
            return 0, b""
        if not (declared.isascii() and declared.isdigit()):
            return 400, b""
        length = int(declared) if len(declared) < 16 else self._cap + 1
        if length > self._cap:
            return 413, b""
        body = environ["wsgi.input"].read(length)
        return (0, body) if len(body) == length else (400, b"")


def create_app(
    ini: str, *, trusted_proxies: Sequence[str] = ("127.0.0.1", "::1"), max_body_bytes: int = 256 * 1024
) -> WSGIApp:
    """The application of an INI file, wrapped for a WSGI server behind a proxy, with the log lines as the file has it.

    :param ini: path of the INI file.
    :param trusted_proxies: see ``forwarded.Forwarded``.
    :param max_body_bytes: see ``BodyGuard``.
    :raises ConfigurationError: when the settings of the INI file are not usable.
    """
    from consentcore.app import app_from_runtime
    from consentcore.config import load_ini
    from consentcore.runtime import build_runtime

    config = load_ini(ini)
    configure(config.settings.log.format, config.settings.log.level)
    app = app_from_runtime(build_runtime(config))
    header = config.settings.mtls.certificate_header or ""
    return Noting(Forwarded(BodyGuard(app, max_body_bytes), trusted_proxies, header))
