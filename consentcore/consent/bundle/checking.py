"""Checking a bundle with nothing but public keys. ``docs/evidence.md`` says rule by rule what is checked.

Reads line by line and remembers one grant, so that memory does not grow with the bundle.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from consentcore.consent.bundle.group import BadEvent, Group, named_by
from consentcore.consent.bundle.lines import (
    BUNDLE,
    CONSISTENCY,
    DISCLOSURE,
    END,
    EVENT,
    GRANT,
    SCHEMA,
    SNAPSHOT,
    STATEMENT,
    TOMBSTONE,
    WITHHELD,
    BadLine,
    Line,
)
from consentcore.consent.bundle.report import BundleReport, Fault
from consentcore.consent.bundle.signatures import UNSOUND, Signatures, said_in
from consentcore.consent.bundle.trust import TrustedKeys, listed
from consentcore.consent.bundle.values import array, boolean, hex_hash, members, number, text, time
from consentcore.tlog import Note

if TYPE_CHECKING:
    from collections.abc import Mapping

MATERIAL = frozenset({SNAPSHOT, DISCLOSURE, TOMBSTONE, WITHHELD})
Seen = Callable[["Mapping[str, Any]"], None]


def check_bundle(
    lines: Iterable[Line], trusted: TrustedKeys | None = None, seen: Seen | None = None
) -> BundleReport:
    """Check a bundle up to the first thing that does not hold.

    :param trusted: keys of which one has to have signed; None: those that the bundle names itself.
    :param seen: is told the body of each event that holds.
    """
    check = _Check(trusted, seen)
    line = None
    for line in lines:
        if not check.take(line):
            return check.report
    check.finish(line.number if line else 0)
    return check.report


class _Check:
    def __init__(self, trusted: TrustedKeys | None, seen: Seen | None) -> None:
        self.report = BundleReport(with_own_keys=trusted is None)
        self._trusted, self._seen = trusted, seen
        self._signatures: Signatures | None = None
        self._group: Group | None = None
        self._last_grant, self._last_statement = "", -1
        self._digest = sha256()
        self._ended = False

    def take(self, line: Line) -> bool:
        """Check one line; whether it holds."""
        grant = self._group.grant_id if self._group else ""
        kind, content = "", None
        try:
            kind, content = line.content
            self._step(kind, content)
        except BadEvent as error:
            self.report.fault = Fault(line.number, str(error), error.event_id, grant, error.sequence)
        except UNSOUND as error:
            event_id, sequence = named_by(content) if kind == EVENT else ("", None)
            self.report.fault = Fault(line.number, _sentence(error), event_id, grant, sequence)
        except RecursionError:
            self.report.fault = Fault(line.number, "it is nested too deep", grant_id=grant)
        self._digest.update(line.raw)
        return self.report.fault is None

    def finish(self, last: int) -> None:
        """There are no more lines."""
        if self.report.fault is None and not self._ended:
            self.report.fault = Fault(last + 1, "the end of the bundle is missing")

    def _step(self, kind: str, content: Any) -> None:
        if self._ended:
            raise BadLine("it stands behind the end")
        if (self._signatures is None) != (kind == BUNDLE):
            raise BadLine("expected the line bundle first, and once")
        steps: dict[str, Callable[[Any], None]] = {
            BUNDLE: self._begin,
            STATEMENT: self._statement,
            CONSISTENCY: self._earlier,
            GRANT: self._grant,
            EVENT: self._event,
            END: self._end,
        }
        if kind in steps:
            steps[kind](content)
        elif kind in MATERIAL and self._group is not None:
            self._group.add_material(kind, content)
        else:
            raise BadLine("no line of that kind may stand here")

    def _begin(self, content: Any) -> None:
        if content["schema"] != SCHEMA:
            raise BadLine(f"expected a bundle of the schema {SCHEMA}")
        report, own = self.report, listed(content["keys"])
        report.log, report.issuer = text(content["log"]), text(content["issuer"])
        report.made_at, report.selection = time(content["made_at"]), members(content["selection"])
        report.complete, report.personal = boolean(content["complete"]), boolean(content["personal"])
        names = [report.log, *map(text, array(content["former_names"]))]
        self._signatures = Signatures(names, own if self._trusted is None else self._trusted, own)
        report.cosigned = self._signatures.read_checkpoint(text(content["checkpoint"]))
        report.size = self._signatures.head.size

    def _statement(self, content: Any) -> None:
        self._before_grants()
        index, note = number(content["index"]), Note.read(text(content["note"]))
        facts = said_in(note)
        if index <= self._last_statement:
            raise BadLine("statements stand in the order of the log")
        if number(facts["index"]) != index:
            raise BadLine("it belongs to another place of the log")
        self._log.check_leaf(note.text[:-1], index, content["proof"])
        self._log.check_statement(index, note, facts)
        if text(facts["statement"]) == "resumed":
            kept = members(facts["kept"])
            self._log.check_continues(number(kept["size"]), hex_hash(kept["root"]), content["consistency"])
            self.report.lost.append(_lost(facts))
        self._last_statement = index
        self.report.statements += 1

    def _earlier(self, content: Any) -> None:
        self._before_grants()
        self.report.continues.append(self._log.check_earlier(text(content["checkpoint"]), content["proof"]))

    def _grant(self, content: Any) -> None:
        self._close_group()
        grant_id, events = text(content["grant_id"]), number(content["events"])
        if grant_id <= self._last_grant or not grant_id.isascii() or events < 1:
            raise BadLine("grants stand in the order of their ids, each with its events")
        self._last_grant = grant_id
        self._group = Group(grant_id, events, self.report.personal)
        self.report.grants += 1

    def _event(self, content: Any) -> None:
        if self._group is None:
            raise BadLine("no line of that kind may stand here")
        body = self._group.add_event(content, self._log)
        report, at = self.report, str(body.get("recorded_at") or body.get("occurred_at") or "")
        report.events += 1
        report.first_at = min(report.first_at or at, at)
        report.last_at = max(report.last_at, at)
        if self._seen is not None:
            self._seen(body)

    def _end(self, content: Any) -> None:
        self._close_group()
        report, note = self.report, Note.read(text(content["note"]))
        facts = said_in(note)
        said = [number(facts[name]) for name in ("size", "grants", "events", "statements")]
        there = [report.size, report.grants, report.events, report.statements]
        if facts["bundle"] != SCHEMA or said != there:
            raise BadLine("the end counts something else than there is")
        if facts["sha256"] != self._digest.hexdigest():
            raise BadLine("the bundle was changed: its end says another digest of the lines before it")
        self._log.check_end(note)
        if report.complete and report.events + report.statements != report.size:
            raise BadLine("it claims to be complete and is not")
        self._ended = True

    @property
    def _log(self) -> Signatures:
        if self._signatures is None:
            raise BadLine("expected the line bundle first")
        return self._signatures

    def _before_grants(self) -> None:
        if self._group is not None:
            raise BadLine("it stands behind the grants")

    def _close_group(self) -> None:
        if self._group is None:
            self._log.check_checkpoint_key()
            return
        self._group.close()
        self.report.forgotten += len(self._group.tombstones)
        self.report.withheld += len(self._group.withheld)


def _lost(facts: Mapping[str, Any]) -> dict[str, Any]:
    sizes = [number(one["size"]) for one in array(facts["lost"])]
    if not sizes:
        raise BadLine("expected an anchor that knew more")
    return {
        "from": number(facts["kept"]["size"]),
        "before": max(sizes),
        "at": text(facts["at"]),
        "reason": text(facts["reason"]),
    }


def _sentence(error: Exception) -> str:
    return f"it has no {error.args[0]}" if isinstance(error, KeyError) else str(error)
