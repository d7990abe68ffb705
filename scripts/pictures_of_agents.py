"""The picture of the consent page that an AI assistant leads to, which nobody has registered."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import requests

from consentcore.demo.seed import PEOPLE
from scripts.camera import Camera

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from consentcore.demo.boot import Demo

CALLBACK = "http://127.0.0.1:33418/callback"


def of_an_assistant(page: Page, demo: Demo, camera: Camera) -> None:
    """Register, and ask Ada."""
    endpoint = f"{demo.issuer}{demo.coolsite.prefix}"
    said = {
        "client_name": "Facility Assistant",
        "redirect_uris": [CALLBACK],
        "token_endpoint_auth_method": "none",
    }
    told = requests.post(f"{endpoint}/register", json=said, timeout=10).json()
    asked = {
        "response_type": "code",
        "client_id": told["client_id"],
        "redirect_uri": CALLBACK,
        "scope": "sites.read comfort.read",
        "resource": demo.mcp_url,
        "code_challenge": urlsafe_b64encode(sha256(b"v" * 64).digest()).decode().rstrip("="),
        "code_challenge_method": "S256",
    }
    page.goto(f"{endpoint}/authorize?{urlencode(asked)}")
    if page.get_by_label("Password").count():
        page.get_by_label("E-mail address").fill(PEOPLE[0][0])
        page.get_by_label("Password").fill(demo.seed.password)
        page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Facility Assistant asks").wait_for()
    camera.take("13-assistant-consent")
    camera.take_for_docs("consent-assistant", whole=False)
