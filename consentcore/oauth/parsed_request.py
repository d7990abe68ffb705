"""oauthlib's request, of parameters that were read already."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from oauthlib.common import Request

_ABSENT: Mapping[str, object] = dict(Request("")._params)  # noqa: SLF001 - oauthlib's own list, of whatever release


class ParsedRequest(Request):  # type: ignore[misc]  # the library has no types
    """What :mod:`consentcore.oauth.parameters` has read, as oauthlib wants it.

    oauthlib's own constructor decodes and parses all of it once more, which takes as long as reading the body did.
    There is no address, and nothing comes twice: that was refused.

    :param parameters: as a body, because oauthlib raises on a query that has a quote or a bar in it (gap 14).
    """

    uri_query = ""
    uri_query_params: ClassVar[list[tuple[str, str]]] = []
    duplicate_params: ClassVar[list[str]] = []

    def __init__(self, http_method: str, parameters: Mapping[str, str]) -> None:
        self._params = {**_ABSENT, **parameters}
        # Where oauthlib puts what it sets itself; else each look at a parameter would be a call of its __getattr__.
        # What is no parameter comes after them, so that none can take its place.
        self.__dict__.update(self._params)
        self.uri = ""
        self.http_method = http_method
        self.headers: dict[str, str] = {}
        self.body = dict(parameters)
        self.decoded_body = list(parameters.items())
        self.oauth_params: list[tuple[str, str]] = []
        self.validator_log: dict[str, object] = {}
