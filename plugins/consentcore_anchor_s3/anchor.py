"""An object for each checkpoint: the signed note itself, under a name that sorts the greatest size first.

What is read is what was put first: an object that somebody puts over it, or a delete marker, leaves the locked version
where it is, and the name holds a digest of what belongs under it.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from consentcore.api import AnchorProblem, Checkpoint, ConfigurationError, Note, TreeHead

if TYPE_CHECKING:
    from consentcore_anchor_s3 import AnchorS3Settings

_REGION = r"[a-z0-9]+(-[a-z0-9]+)*"
_MODES = {"compliance": "COMPLIANCE", "governance": "GOVERNANCE", "none": ""}
_GREATEST = 10**20 - 1
_PAGE = 50
_OLDER = "older"


class S3Anchor:
    """See :class:`consentcore.api.ReadableAnchor`. Safe to use from any thread.

    :raises ConfigurationError: when boto3 is not installed, or the settings name no bucket.
    """

    def __init__(self, settings: AnchorS3Settings) -> None:
        _check(settings)
        self._settings = settings
        self._lock = threading.Lock()
        self._made: Any = None

    def publish(self, checkpoint: Checkpoint) -> None:
        """Put it, locked.

        :raises AnchorProblem: when it was not kept.
        """
        body, folder = _content(checkpoint)
        name = f"{folder}/{_GREATEST - checkpoint.size:020d}-{_digest(body)}"
        self._ask(
            "put_object",
            Key=self._settings.prefix + name,
            Body=body,
            ContentType="text/plain; charset=utf-8",
            ChecksumAlgorithm="SHA256",
            **self._locked(),
        )

    def newest(self, origin: str) -> str:
        """The note of the greatest size of a log; "" when there is none.

        :raises AnchorProblem: when it cannot be read.
        """
        for key, version in self._versions(f"{self._settings.prefix}{_folder(origin)}/"):
            answer = self._ask("get_object", Key=key, VersionId=version)
            body = answer["Body"].read(100_000)
            if key.endswith(f"-{_digest(body)}"):
                return str(body.decode())
        return ""

    def _versions(self, prefix: str) -> Iterator[tuple[str, str]]:
        """Names and versions by name, whatever stands over them."""
        more: dict[str, str] = {}
        while True:
            page = self._ask("list_object_versions", Prefix=prefix, MaxKeys=_PAGE, **more)
            for one in page.get("Versions", ()):
                yield one["Key"], one["VersionId"]
            if not page.get("IsTruncated"):
                return
            more = {"KeyMarker": page["NextKeyMarker"], "VersionIdMarker": page["NextVersionIdMarker"]}

    def _locked(self) -> dict[str, object]:
        mode = _MODES[self._settings.lock]
        if not mode:
            return {}
        until = datetime.now(UTC).replace(microsecond=0) + timedelta(days=self._settings.retain_days)
        return {"ObjectLockMode": mode, "ObjectLockRetainUntilDate": until}

    def _ask(self, operation: str, **arguments: object) -> Any:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            return getattr(self._client(), operation)(Bucket=self._settings.bucket, **arguments)
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            raise AnchorProblem(f"the bucket refused {operation}: {code}") from error
        except BotoCoreError as error:
            raise AnchorProblem(f"the bucket could not be asked: {type(error).__name__}") from error

    def _client(self) -> Any:
        """The client, made once: it may be used by any thread, making it may not."""
        with self._lock:
            if self._made is None:
                import boto3
                from botocore.config import Config

                timeout_s = self._settings.timeout_s
                once = {"total_max_attempts": 1}  # the worker comes again by itself
                config = Config(connect_timeout=min(5.0, timeout_s), read_timeout=timeout_s, retries=once)
                session = boto3.session.Session(region_name=self._settings.region)
                self._made = session.client("s3", config=config, endpoint_url=self._settings.endpoint or None)
            return self._made


def _content(checkpoint: Checkpoint) -> tuple[bytes, str]:
    """What is put, and in which folder; a checkpoint without a note, of an older release, as JSON."""
    if checkpoint.note:
        return checkpoint.note.encode(), _folder(TreeHead.read(Note.read(checkpoint.note).text).origin)
    facts = {
        "size": checkpoint.size,
        "root": checkpoint.root.hex(),
        "created_at": checkpoint.created_at,
        "signature": checkpoint.signature.hex(),
        "key_id": checkpoint.key_id,
    }
    return json.dumps(facts).encode(), _OLDER


def _folder(origin: str) -> str:
    """A log's: no name of a log has to be one of an object."""
    return sha256(origin.encode()).hexdigest()


def _digest(body: bytes) -> str:
    return sha256(body).hexdigest()[:32]


def _check(settings: AnchorS3Settings) -> None:
    key, problems = "consentcore.plugin.anchor_s3", []
    if find_spec("boto3") is None:
        problems.append("consentcore.extensions: anchor_s3 needs boto3: pip install 'consentcore[aws]'")
    if not re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", settings.bucket):
        problems.append(f"{key}.bucket: expected the name of a bucket")
    if not re.fullmatch(_REGION, settings.region):
        problems.append(f"{key}.region: expected an AWS region, such as eu-west-1")
    if settings.endpoint and not re.fullmatch(r"https?://[^/\s]+/?", settings.endpoint):
        problems.append(f"{key}.endpoint: expected a URL without a path, or nothing")
    if settings.lock not in _MODES:
        problems.append(f"{key}.lock: expected one of {', '.join(_MODES)}")
    if problems:
        raise ConfigurationError(problems)
