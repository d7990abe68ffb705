"""What SES says of our account and sender, for ``plugins check``."""

from __future__ import annotations

from typing import Any

from consentcore_ses.verdicts import refusal

FORBIDDEN = frozenset({"AccessDenied", "AccessDeniedException"})
"""A role that may send need not be allowed to look."""

UNKNOWN = "NotFoundException"


def problems(client: Any, sender: str, configuration_set: str) -> list[str]:
    """What keeps mails from being sent, one line each; nothing where the role may not look.

    :raises botocore.exceptions.BotoCoreError: when SES cannot be asked.
    """
    found = [*_account(client), *_sender(client, sender)]
    if configuration_set:
        _, problem = _asked(client.get_configuration_set, ConfigurationSetName=configuration_set)
        if problem:
            found.append(f"configuration set {configuration_set}: {problem}")
    return list(dict.fromkeys(found))


def _account(client: Any) -> list[str]:
    account, problem = _asked(client.get_account)
    if problem:
        return [problem]
    if not account:
        return []
    found = []
    if account.get("SendingEnabled") is False:
        found.append("sending is paused for this account and region")
    if account.get("ProductionAccessEnabled") is False:
        found.append("the account is in the sandbox of SES: only verified addresses can be told")
    quota = account.get("SendQuota", {})
    most = quota.get("Max24HourSend", -1)
    if most > 0 and quota.get("SentLast24Hours", 0) >= most:
        found.append(f"the quota of {most:g} mails in 24 hours is used up")
    return found


def _sender(client: Any, sender: str) -> list[str]:
    """SES takes an address by its own verification, or by that of its domain or one above it."""
    labels = sender.rpartition("@")[2].split(".")
    domains = [".".join(labels[start:]) for start in range(max(1, len(labels) - 1))]
    for identity in (sender, *domains):
        answer, problem = _asked(client.get_email_identity, EmailIdentity=identity)
        if problem and not problem.startswith(UNKNOWN):
            return [f"{identity}: {problem}"]
        if answer is None or answer.get("VerifiedForSendingStatus") is True:
            return []
    return [f"the sender {sender} is not verified in SES, nor is its domain"]


def _asked(ask: Any, **about: str) -> tuple[dict[str, Any] | None, str]:
    """The answer, None when we may not know; and what was wrong instead of one."""
    from botocore.exceptions import ClientError

    try:
        answer: dict[str, Any] = ask(**about)
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in FORBIDDEN:
            return None, ""
        return {}, refusal(error.response, "").answer
    return answer, ""
