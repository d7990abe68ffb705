"""Whose an error of SES is: only a word against the recipient's address is final; the rest is for the operator."""

from __future__ import annotations

import re
import socket
from typing import Any

from consentcore.api import Outcome, Reject, Retry

VERDICTS = frozenset({"MessageRejected", "BadRequestException", "InvalidParameterValue"})
"""Codes under which SES refuses a recipient, among much else."""

_THEIRS = re.compile(
    r"illegal address|address blacklisted|domain contains illegal|domain ends with dot|domain starts with dot"
    r"|local address contains|local address (?:starts|ends) with|missing (?:final|local|domain)|missing '?@"
    r"|invalid (?:to|recipient|destination)|invalid email address|invalid domain name|recipient address"
    r"|suppression list|double ?dot|two consecutive dots|user name is missing|domain name is missing",
    re.IGNORECASE,
)
_OURS = re.compile(
    r"not verified|authority to send|sender|source|from address|mail from|identit", re.IGNORECASE
)

PASSING = frozenset(
    {
        "InternalFailure",
        "InternalServiceErrorException",
        "RequestTimeout",
        "ServiceUnavailable",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
"""Codes of what passes by itself; unless it is the day's quota that is used up."""

_QUOTA = re.compile(r"daily|quota", re.IGNORECASE)


def refusal(response: Any, recipient: str) -> Outcome:
    """What SES's error means for the message."""
    code = str(response.get("Error", {}).get("Code", ""))
    said = str(response.get("Error", {}).get("Message", ""))
    text = f"{code}: {said}".replace(recipient, "…") if recipient else f"{code}: {said}"
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    named = recipient != "" and recipient in said
    if code in VERDICTS and (named or _THEIRS.search(said)) and not _OURS.search(text):
        return Reject("SES refused the recipient for good", status=status, error="ses", answer=text)
    if (code in PASSING or (status or 0) >= 500) and not _QUOTA.search(text):
        return Retry("SES refused the message for now", status=status, error="ses", answer=text)
    return Retry("SES refuses to pass on our mail", status=status, error="ses", answer=text, operator=True)


def unreachable(error: Exception) -> Retry:
    """What it means that there was no answer."""
    from botocore.exceptions import (
        ConnectTimeoutError,
        EndpointConnectionError,
        HTTPClientError,
        ReadTimeoutError,
        SSLError,
    )

    if isinstance(error, ConnectTimeoutError | ReadTimeoutError):
        return Retry("SES did not answer in time", error="timeout")
    if isinstance(error, SSLError):
        return Retry("no trusted encrypted connection to SES", error="tls", operator=True)
    if isinstance(error, EndpointConnectionError | HTTPClientError):
        unknown = f"[Errno {socket.EAI_NONAME}]" in str(
            error.kwargs.get("error", "")
        )  # a region that is none
        return Retry("SES could not be reached", error="dns" if unknown else "connect", operator=unknown)
    # No credentials, half of them, a role that cannot be taken on, a parameter that boto3 refuses.
    return Retry(f"SES could not be asked: {type(error).__name__}", error="ses", operator=True)
