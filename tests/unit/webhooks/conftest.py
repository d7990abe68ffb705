"""A worker over the memory storage."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime

import pytest
from standardwebhooks import Webhook

from consentcore_memory import MemoryStorage
from tests.support.worker_scenario import WorkerScenario


@pytest.fixture
def scenario() -> WorkerScenario:
    return WorkerScenario.begin(MemoryStorage())


SECRET = "whsec_" + b64encode(b"s" * 32).decode()
OLDER = "whsec_" + b64encode(b"o" * 32).decode()
STRANGE = "whsec_" + b64encode(b"x" * 32).decode()
NOW = 1_800_000_000
BODY = '{"type":"consent.revoked","data":{"name":"Zoë"}}'.encode()


def signed(body=BODY, secrets=(SECRET,), at=NOW, notice_id="evt_1"):
    """Headers as consentcore's webhook plugin makes them."""
    moment = datetime.fromtimestamp(at, UTC)
    signatures = [Webhook(secret).sign(notice_id, moment, body.decode()) for secret in secrets]
    return {
        "webhook-id": notice_id,
        "webhook-timestamp": str(at),
        "webhook-signature": " ".join(signatures),
    }
