"""Keeps signed checkpoints of the ledger in an S3 bucket with Object Lock, where nobody can change or delete them."""

from __future__ import annotations

from dataclasses import dataclass

from consentcore.api import Anchor, PluginInfo, PluginKind, hookimpl, setting

__all__ = ["AnchorS3Settings", "consentcore_anchor", "consentcore_plugin"]


@dataclass(frozen=True)
class AnchorS3Settings:
    """``consentcore.plugin.anchor_s3.*``. Credentials come from where boto3 looks: environment, profile, role."""

    bucket: str = setting(
        "Name of the bucket; made with Object Lock, in an account of somebody else at best."
    )
    region: str = setting("AWS region, such as eu-west-1.")
    prefix: str = setting("What the names of the objects begin with.", default="consentcore/")
    endpoint: str = setting("URL of a store that speaks S3; empty: Amazon's.", default="")
    lock: str = setting(
        "compliance: nobody can delete before the time is over, not even the account's owner; "
        "governance: who has a special permission can; none: the bucket's own rule.",
        default="compliance",
    )
    retain_days: int = setting(
        "How long a checkpoint is locked; each later one covers it.", default=400, minimum=1, maximum=36500
    )
    timeout_s: float = setting(
        "Longest wait for the service's next word.", default=10.0, minimum=0.1, maximum=20
    )


@hookimpl
def consentcore_plugin() -> PluginInfo:
    """Say who this is."""
    return PluginInfo(
        name="anchor_s3",
        kind=PluginKind.EXTENSION,
        summary="Keeps checkpoints of the ledger in an S3 bucket with Object Lock.",
        settings=AnchorS3Settings,
    )


@hookimpl
def consentcore_anchor(settings: AnchorS3Settings) -> Anchor:
    """Make the anchor; it connects with the first checkpoint."""
    from consentcore_anchor_s3.anchor import S3Anchor

    return S3Anchor(settings)
