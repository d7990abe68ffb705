"""What can be set under ``consentcore.plugin.dynamodb``."""

from __future__ import annotations

from dataclasses import dataclass

from consentcore.api import setting


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
