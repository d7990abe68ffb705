"""What can be set under ``consentcore.plugin.dynamodb``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.util import find_spec
from urllib.parse import urlsplit

from consentcore.api import ConfigurationError, setting

REGION = r"[a-z0-9]+(-[a-z0-9]+)*"
"""What boto3 takes for one; it would say so with the first request only."""

TABLE = r"[A-Za-z0-9_.-]{3,255}"


@dataclass(frozen=True)
class DynamoSettings:
    """``consentcore.plugin.dynamodb.*``. Credentials come from where boto3 looks: environment, profile, role."""

    region: str = setting("AWS region, such as eu-west-1.")
    table: str = setting("Name of the table; nothing else may be in it.", default="consentcore")
    endpoint_url: str = setting(
        "Another address of the service, such as http://127.0.0.1:8000 of DynamoDB Local; empty: that of the region.",
        default="",
    )
    create_table: bool = setting(
        "Whether `consentcore init` makes the table and its indexes; no: it only says what is missing.",
        default=True,
    )
    billing_mode: str = setting(
        "How a table that is made is paid for: on_demand, or provisioned, which starts with 5 units each.",
        default="on_demand",
        choices=("on_demand", "provisioned"),
    )
    connect_timeout_s: float = setting("Longest wait for a connection.", default=2.0, minimum=0.1, maximum=60)
    timeout_s: float = setting(
        "Longest wait for the service's next word.", default=5.0, minimum=0.1, maximum=60
    )
    attempts: int = setting(
        "How often what the service throttled is tried in all, waiting up to 25, 50, 100 … ms between.",
        default=6,
        minimum=1,
        maximum=20,
    )
    connections: int = setting("Connections kept open by each process.", default=20, minimum=1, maximum=500)


def check(settings: DynamoSettings) -> None:
    """:raises ConfigurationError: when boto3 is not installed, or a setting cannot be right."""
    problems = []
    if find_spec("boto3") is None:
        problems.append("consentcore.storage: dynamodb needs boto3: pip install 'consentcore[aws]'")
    if not re.fullmatch(REGION, settings.region):
        problems.append("consentcore.plugin.dynamodb.region: expected an AWS region, such as eu-west-1")
    if not re.fullmatch(TABLE, settings.table):
        problems.append(
            "consentcore.plugin.dynamodb.table: expected 3 to 255 of the characters A-Z a-z 0-9 _ . -"
        )
    if settings.endpoint_url and not _is_address(settings.endpoint_url):
        problems.append("consentcore.plugin.dynamodb.endpoint_url: expected http:// or https:// and a host")
    if problems:
        raise ConfigurationError(problems)


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
