"""An authorization server to ask."""

from __future__ import annotations

from tests.support.stub_issuer import issuer  # noqa: F401
