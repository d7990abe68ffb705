"""Records against what was noted of them, and what is over against what is there: an old row is genuine, and not the
newest one.

Walks in pages, so that memory does not grow with them: the statements of the log (whether the newest notes are still
there, and nothing of what was stated to be over is back), the newest notes (whether each record is what its note
says), and notes that wait for their place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from consentcore.consent import forgetting
from consentcore.consent.evidence.noting import until_of
from consentcore.consent.evidence.record_check import Walk
from consentcore.consent.evidence.statements import NOTED, Statement, StatementType
from consentcore.domain.clock import SystemClock, iso
from consentcore.keys.record_notes import (
    ENDING,
    GONE,
    LOOKING,
    RECORD,
    UNSTATED,
    EndedNote,
    LookNote,
    RecordKind,
    RecordNote,
    content_of,
    password_content,
    read_note,
    record_digest,
    record_name,
)
from consentcore.keys.seals import Verdict
from consentcore.tlog import BadNote

if TYPE_CHECKING:
    from consentcore.consent.evidence.signer import LogSigner
    from consentcore.domain.disclosure import Tombstone
    from consentcore.ports.keys import KeyRing
    from consentcore.ports.tlog import LogObject
    from consentcore.ports.transactions import UnitOfWork

PAGE = 100
TOGETHER = 500
NOT_OURS = "a note beside the records is not as it was written: {path}"
CALLED = {
    RecordKind.CLIENT: "the application {name}",
    RecordKind.ENDPOINT: "the endpoint {name}",
    RecordKind.OWNER: "the owner {name}",
    RecordKind.PASSWORD: "the password of owner {name}",
    RecordKind.IDENTITY: "an identity at {name}",
}


Judge = Callable[["UnitOfWork", "LogObject"], Iterator[str]]


@dataclass
class NoteCheck:
    """Looks at notes as they are kept.

    :param ended: from which place on each key seals nothing any more.
    """

    keys: KeyRing
    signer: LogSigner
    ended: Mapping[str, int] = field(default_factory=dict)

    def walks(self) -> list[Walk]:
        """What to look at, one after the other."""
        judges = {
            NOTED: self._stated,
            RECORD: self._record,
            UNSTATED: self._waiting,
            ENDING: self._ending,
            LOOKING: self._look,
        }
        walks: list[Walk] = [partial(self._behind, folder, judge) for folder, judge in judges.items()]
        return [*walks, self._identities_back, self._applications_back]

    def _identities_back(self, uow: UnitOfWork, after: str) -> tuple[str, list[str]]:
        """Identities that are there again, of a page of owners: the note of what was removed names nobody."""
        page = uow.owners.list(after=after, limit=PAGE)
        names = {
            f"{one.issuer}\0{one.subject}": f"an identity of owner {owner.owner_id} at {one.issuer}"
            for owner in page
            for one in uow.identities.of_owner(owner.owner_id)
        }
        return page[-1].owner_id if len(page) == PAGE else "", self._back(uow, RecordKind.IDENTITY, names)

    def _applications_back(self, uow: UnitOfWork, after: str) -> tuple[str, list[str]]:
        """The same of a page of applications, and of their endpoints."""
        page = uow.clients.list(after=after, limit=PAGE)
        clients = {one.client_id: f"the application {one.client_id}" for one in page}
        endpoints = {
            one.endpoint_id: f"the endpoint {one.endpoint_id} of application {client_id}"
            for client_id in clients
            for one in uow.clients.endpoints(client_id)
        }
        wrong = self._back(uow, RecordKind.CLIENT, clients) + self._back(uow, RecordKind.ENDPOINT, endpoints)
        return page[-1].client_id if len(page) == PAGE else "", wrong

    def _back(self, uow: UnitOfWork, kind: RecordKind, called: Mapping[str, str]) -> list[str]:
        wrong = []
        for identifier, text in called.items():
            name = record_name(self.keys, kind, identifier)
            kept = uow.tlog.get(f"{UNSTATED}/{name}") or uow.tlog.get(f"{RECORD}/{name}")
            note = read_note(self.keys, RecordNote, kept) if kept else None
            if note is not None and note.digest == GONE:
                wrong.append(f"{text} is there again that was removed")
        return wrong

    def _behind(self, folder: str, judge: Judge, uow: UnitOfWork, after: str) -> tuple[str, list[str]]:
        page = uow.tlog.list(folder, after=after, limit=PAGE)
        wrong = [text for kept in page for text in judge(uow, kept)]
        return page[-1].path if len(page) == PAGE else "", wrong

    def _stated(self, uow: UnitOfWork, kept: LogObject) -> Iterator[str]:
        try:
            one = Statement.read(kept)
            key_id = self.signer.signed_by(one.note, str(one.facts["log"]))
        except BadNote as error:
            yield str(error)
            return
        last = uow.ledger.newest_checkpoint()
        if last is None or one.index >= last.size:
            yield f"there is a statement {one.index} that no checkpoint covers"
        elif one.index > self.ended.get(key_id, one.index):
            yield f"statement {one.index} is signed with a key that was over before"
        elif one.type is StatementType.RECORDS:
            for said in one.facts["records"]:
                yield from self._newest(uow, one.index, said)
        elif one.type is StatementType.ENDED:
            for said in one.facts["lists"]:
                yield from self._kept(uow, one.index, said, "the list of what is over", self._ending)
        elif one.type is StatementType.LOOKED:
            for said in one.facts["looks"]:
                yield from self._kept(
                    uow, one.index, said, "the note of what an operator looked at", self._look
                )

    def _newest(self, uow: UnitOfWork, index: int, said: Mapping[str, Any]) -> Iterator[str]:
        """Whether the note that a statement names, or a later one of its record, is there."""
        kept = uow.tlog.get(f"{RECORD}/{said['record']}")
        note = read_note(self.keys, RecordNote, kept) if kept else None
        if note is None or note.revision < said["revision"]:
            yield f"the note of a record that statement {index} of the log names is gone, or an older one is there"
        elif note.revision == said["revision"] and note.digest != said["digest"]:
            yield f"the note of a record is not the one that statement {index} of the log names"

    def _kept(
        self, uow: UnitOfWork, index: int, said: Mapping[str, Any], what: str, judge: Judge
    ) -> Iterator[str]:
        kept = uow.tlog.get(said["kept"])
        if kept is None:
            if until_of(said["kept"]) >= SystemClock().now():
                yield f"{what} that statement {index} of the log names is gone"
        elif sha256(kept.data).hexdigest() != said["sha256"]:
            yield f"{what} that statement {index} of the log names was changed"
        else:
            yield from judge(uow, kept)

    def _look(self, uow: UnitOfWork, kept: LogObject) -> Iterator[str]:
        """Whether it still says who it was, or that was forgotten."""
        note = read_note(self.keys, LookNote, kept)
        if note is None:
            yield NOT_OURS.format(path=kept.path)
            return
        known, left = uow.ledger.disclosures(note.digests), uow.ledger.tombstones(note.digests)
        who = f"who looked at something at {iso(note.at)}"
        if any(one not in known and not self._was_forgotten(left.get(one)) for one in note.digests):
            yield f"{who} is gone, and nobody has forgotten it"
        if any(not one.is_sound for one in known.values()):
            yield f"{who}, or why, is not what was noted"

    def _was_forgotten(self, left: Tombstone | None) -> bool:
        return left is not None and forgetting.judge(self.keys, left) is Verdict.OURS

    def _ending(self, uow: UnitOfWork, kept: LogObject) -> Iterator[str]:
        """Whether anything of a list is back."""
        note = read_note(self.keys, EndedNote, kept)
        if note is None:
            yield NOT_OURS.format(path=kept.path)
            return
        yield from self._tokens(uow, note)
        for session in note.sessions:
            found = uow.owners.session(bytes.fromhex(session), 0)
            if found is not None:
                yield f"a sign-in of owner {found.owner_id} is there again that was ended"

    def _tokens(self, uow: UnitOfWork, note: EndedNote) -> Iterator[str]:
        for start in range(0, max(len(note.families), len(note.refresh)), TOGETHER):
            families = note.families[start : start + TOGETHER]
            refresh = [bytes.fromhex(one) for one in note.refresh[start : start + TOGETHER]]
            alive, fresh = uow.tokens.living(families, refresh)
            yield from (f"the tokens of family {one} are alive again" for one in sorted(alive))
            yield from (
                f"a refresh token is as if it was never used: {one.hex()[:16]}…" for one in sorted(fresh)
            )

    def _record(self, uow: UnitOfWork, kept: LogObject) -> Iterator[str]:
        name = kept.path.rpartition("/")[2]
        if uow.tlog.get(f"{UNSTATED}/{name}") is None:
            yield from self._waiting(uow, kept)

    def _waiting(self, uow: UnitOfWork, kept: LogObject) -> Iterator[str]:
        """Whether a record is what its newest note says."""
        note = read_note(self.keys, RecordNote, kept)
        if note is None or note.name != kept.path.rpartition("/")[2]:
            yield NOT_OURS.format(path=kept.path)
        elif note.digest != GONE:
            kind = RecordKind(note.kind)
            content = _content(uow, kind, note.identifier)
            called = CALLED[kind].format(name=note.identifier.partition("\0")[0])
            if content is None:
                yield f"{called} is gone"
            elif record_digest(self.keys, kind, content) != note.digest:
                yield f"{called} is not the newest that was written: a row of before, or a changed one"


def _content(uow: UnitOfWork, kind: RecordKind, identifier: str) -> bytes | None:
    """What a record says by now; None where there is none."""
    if kind is RecordKind.PASSWORD:
        kept = uow.owners.password_hash(identifier)
        return None if kept is None else password_content(identifier, kept)
    found: Any
    if kind is RecordKind.CLIENT:
        found = uow.clients.get(identifier)
    elif kind is RecordKind.ENDPOINT:
        found = uow.clients.endpoint(identifier)
    elif kind is RecordKind.OWNER:
        found = uow.owners.get(identifier)
    else:
        found = uow.identities.get(*identifier.split("\0", 1))
    return None if found is None else content_of(found)
