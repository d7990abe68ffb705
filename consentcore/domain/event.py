"""Consent events: immutable lines of evidence, chained per grant."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from consentcore.domain.event_kinds import EventType


@dataclass(frozen=True, slots=True)
class Evidence:
    """How a decision was made. Data minimised at the edge: no full
    address, no raw user agent, no session id.

    :ivar indication_method: the control that was used, such as ``button:approve`` or ``dialog:proceed``.
    :ivar presented_at: when the page was shown; None where no page was.
    :ivar snapshot_hash: what was shown, see :class:`NoticeSnapshot`; "" where no page was.
    :ivar control_defaults: state of each optional control when rendered: proves that nothing was pre-ticked.
    :ivar session_ref: keyed hash of the session.
    :ivar ip_coarse: /24 or /48.
    :ivar ua_family: browser family.
    :ivar request_ref: client id, redirect host, scope string and hash of ``state``.
    """

    indication_method: str
    locale: str = "en"
    presented_at: int | None = None
    snapshot_hash: str = ""
    ui_version: str = ""
    catalog_version: str = ""
    control_defaults: dict[str, bool] = field(default_factory=dict)
    session_ref: str = ""
    auth_time: int | None = None
    acr: str = ""
    amr: tuple[str, ...] = ()
    ip_coarse: str = ""
    ua_family: str = ""
    request_ref: dict[str, str] = field(default_factory=dict)
    reason_code: str = ""
    reason_text: str = ""


@dataclass(frozen=True, slots=True)
class ConsentEvent:
    """One line of the ledger.

    :ivar body: canonical JSON (RFC 8785) of everything the line says, the previous hash included.
    :ivar record_hash: HMAC-SHA-256 over ``body`` with the ledger subkey ``key_id``.
    :ivar leaf_index: position among all events, given later by the sequencer; None before.
    """

    event_id: str
    grant_id: str
    sequence: int
    type: EventType
    owner_id: str
    client_id: str
    occurred_at: int
    body: str
    prev_hash: bytes
    record_hash: bytes
    key_id: str
    leaf_index: int | None = None


@dataclass(frozen=True, slots=True)
class NoticeSnapshot:
    """The exact text that was shown, stored once per distinct content.

    :ivar snapshot_hash: ``sha256:`` and the hex digest of ``content``.
    :ivar content: canonical JSON: every string in order, template id, locale, catalog version, HTML.
    """

    snapshot_hash: str
    content: str
    created_at: int
    seal: bytes = field(default=b"", compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A signed statement about the first ``size`` leaves: their Merkle tree head (RFC 6962 section 2.1).

    :ivar root: 32 bytes.
    :ivar signature: Ed25519 over the text of ``note``; in checkpoints without a note, which older releases made,
        HMAC-SHA-256.
    :ivar note: the checkpoint as a signed note (C2SP ``tlog-checkpoint``), which anybody can check.
    :ivar previous: size of the checkpoint before, 0 where there is none.
    :ivar seal: keyed hash over all of the above, by which one that is missing in between is noticed.
    """

    size: int
    root: bytes
    created_at: int
    signature: bytes
    key_id: str
    note: str = ""
    previous: int = 0
    seal: bytes = b""
