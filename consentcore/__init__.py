"""consentcore: an OAuth 2 authorization server with consent, evidence and notices."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from consentcore.web.ingress import Ingress

__version__ = "0.1.0"


def main(global_config: Mapping[str, str], **settings: str) -> Ingress:
    """Make the WSGI application: the paste app factory named in ``setup.cfg``.

    :param global_config: the INI's defaults; ``__file__`` and ``here`` locate the INI.
    :param settings: the keys of ``[app:main]``.
    :raises consentcore.domain.errors.ConfigurationError: with every problem of the settings at once.
    """
    from consentcore.app import make_app

    return make_app(global_config, settings)
