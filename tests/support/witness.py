"""A witness, strict by C2SP ``tlog-witness``, on loopback."""

from __future__ import annotations

import base64
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from consentcore.tlog import BadNote, BadProof, Note, TreeHead, VerifierKey, verify_consistency
from consentcore.tlog.cosignature import cosign
from consentcore.tlog.merkle import EMPTY_ROOT
from consentcore.tlog.note import COSIGNATURE

_OLD = re.compile(r"old (0|[1-9]\d*)", re.ASCII)


class Refused(Exception):
    def __init__(self, status: int, text: str = "", content_type: str = "text/plain") -> None:
        super().__init__(text)
        self.status, self.content_type = status, content_type


@dataclass
class Witness:
    """What it knows, and how it answers.

    :ivar logs: keys that it trusts, by origin.
    :ivar seen: the newest checkpoint of each log that it has cosigned, with its cosignature.
    :ivar time: of its clock, in seconds.
    """

    name: str = "witness.example/w1"
    time: int = 1_795_000_000
    logs: dict[str, list[VerifierKey]] = field(default_factory=dict)
    seen: dict[str, tuple[TreeHead, Note]] = field(default_factory=dict)
    private: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    requests: list[str] = field(default_factory=list)
    port: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def key(self) -> VerifierKey:
        return VerifierKey(self.name, self.private.public_key().public_bytes_raw(), COSIGNATURE)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def trust(self, key: VerifierKey) -> None:
        self.logs.setdefault(key.name, []).append(key)

    def add_checkpoint(self, body: str) -> str:
        """The lines to answer with; one at a time, so that checking and keeping are one step."""
        with self.lock:
            self.requests.append(body)
            old, proof, note, head = _parsed(body)
            if head.origin not in self.logs:
                raise Refused(404, "unknown log")
            try:
                if not note.signed_by(self.logs[head.origin]):
                    raise Refused(403, "no signature of a key of the log")
            except BadNote as error:
                raise Refused(403, str(error)) from None
            if old > head.size:
                raise Refused(400, "old is larger than the checkpoint")
            before = self.seen.get(head.origin)
            last = before[0] if before else TreeHead(head.origin, 0, EMPTY_ROOT)
            if old != last.size:
                raise Refused(409, f"{last.size}\n", "text/x.tlog.size")
            if head.size == 0 and head.root != EMPTY_ROOT:
                raise Refused(422, "an empty tree has another root")
            try:
                verify_consistency(last.size, head.size, proof, last.root, head.root)
            except BadProof as error:
                raise Refused(422, str(error)) from None
            made = cosign(note.text, self.name, self.private, self.time)
            ours = [one for one in note.signatures if any(one.is_by(key) for key in self.logs[head.origin])]
            self.seen[head.origin] = (head, Note(note.text, (*ours, made)))
            return str(made)

    def checkpoint(self, place: str) -> str:
        for origin, (_head, note) in self.seen.items():
            if sha256(origin.encode()).hexdigest() == place:
                return str(note)
        raise Refused(404, "nothing cosigned")


def _parsed(body: str) -> tuple[int, list[bytes], Note, TreeHead]:
    lines, blank, text = body.partition("\n\n")
    first, *proof = lines.split("\n")
    found = _OLD.fullmatch(first)
    if not blank or found is None or len(proof) > 63:
        raise Refused(400, "expected old, a proof, a blank line and a checkpoint")
    try:
        hashes = [base64.b64decode(one, validate=True) for one in proof]
        note = Note.read(text)
        head = TreeHead.read(note.text)
    except ValueError as error:
        raise Refused(400, str(error)) from None
    if any(len(one) != 32 for one in hashes):
        raise Refused(400, "a hash has 32 bytes")
    return int(found[1]), hashes, note, head


@contextmanager
def witness(**facts) -> Iterator[Witness]:
    """Serve until the block ends."""
    made = Witness(**facts)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", "0"))).decode()
            self._answer(lambda: made.add_checkpoint(body), self.path == "/add-checkpoint")

        def do_GET(self) -> None:
            found = re.fullmatch(r"/([0-9a-f]{64})/checkpoint", self.path)
            self._answer(lambda: made.checkpoint(found[1]), found is not None)

        def _answer(self, work, known: bool) -> None:
            try:
                if not known:
                    raise Refused(404)
                status, text, content_type = 200, work(), "text/plain; charset=utf-8"
            except Refused as error:
                status, text, content_type = error.status, str(error), error.content_type
            data = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_arguments) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
