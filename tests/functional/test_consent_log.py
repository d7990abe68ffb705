"""The log as everybody sees it: with the public key and what is published, nothing else."""

from __future__ import annotations

import json
from hashlib import sha256

import pytest

from consentcore.consent.evidence.publication import FRESH_S, proof_of
from consentcore.tlog import (
    InclusionProof,
    Note,
    TreeHead,
    VerifierKey,
    consistency_proof,
    hash_at,
    inclusion_proof,
    leaf_hash,
    tile_path,
    verify_consistency,
    verify_inclusion,
)
from consentcore.worker.worker import Worker
from tests.support.platform import connect, make_platform

LOG = "/.well-known/consent-log"
ORIGIN = "127.0.0.1:6543"


@pytest.fixture
def platform(tmp_path, monkeypatch):
    monkeypatch.setattr("consentcore.consent.evidence.publication.FRESH_S", 0.0)
    made = make_platform(tmp_path)
    yield made
    made.runtime.close()


@pytest.fixture(scope="module")
def grown(tmp_path_factory):
    """Three hundred events, one of them a consent."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("consentcore.consent.evidence.publication.FRESH_S", 0.0)
        platform = make_platform(tmp_path_factory.mktemp("grown"))
        _grow(platform)
        yield platform
        platform.runtime.close()


def _grow(platform):
    connect(platform)
    Worker(platform.runtime).run_once()
    owner = platform.add_owner("eve@example.org")
    record_events(platform, owner, 299)
    Worker(platform.runtime).run_once()


def record_events(platform, owner, count):
    from tests.functional.test_restricted_storage import decide

    for _ in range(count):
        decide(platform, owner)


def get(platform, path, **more):
    return platform.browser().get(f"{LOG}/{path}", **more)


def head_of(text):
    return TreeHead.read(Note.read(text).text)


def public_key(platform):
    (key,) = get(platform, "keys").json["keys"]
    return VerifierKey.read(key["key"])


def test_there_is_nothing_before_the_first_checkpoint(platform):
    assert get(platform, "checkpoint", status=404).status_int == 404
    assert get(platform, "tile/0/000", status=404).status_int == 404
    assert get(platform, "keys").json["log"] == ORIGIN


def test_rt_09_anybody_can_check_checkpoint_inclusion_and_consistency(grown):
    with grown.runtime.storage.reading() as uow:
        first, *_, last = uow.ledger.checkpoints()
        event = uow.ledger.leaves(123, 1)[0]
    text = get(grown, "checkpoint").text
    assert Note.read(text).signed_by([public_key(grown)])
    head = head_of(text)
    assert (head.origin, head.size) == (ORIGIN, last.size)

    def tile(level, number):
        width = (head.size >> 8 * level) - number * 256
        return get(grown, tile_path(level, number, min(width, 256))).body

    at, leaf = hash_at(tile), leaf_hash(sha256(event.body.encode()).digest())
    verify_inclusion(leaf, 123, head.size, inclusion_proof(at, 123, head.size), head.root)
    proof = consistency_proof(at, first.size, head.size)
    verify_consistency(first.size, head.size, proof, first.root, head.root)
    with grown.runtime.storage.reading() as uow:
        carried = str(proof_of(uow, last, 123))
    assert InclusionProof.read(carried).check(leaf) == head


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/001",
        "tile/0/001.p/47",
        "tile/0/002.p/1",
        "tile/1/000",
        "tile/1/000.p/2",
        "tile/2/000.p/1",
        "tile/00/000",
        "tile/0/0",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/-1/000",
        "tile/0/x000/000.p/x",
        "tile/0/" + "x999/" * 40 + "999",
        "tile/entries/000",
        "tile",
    ],
)
def test_no_other_tile_is_there_and_no_entry(grown, path):
    assert get(grown, path, status=404).status_int == 404


def test_whole_and_partial_tiles_are_there_for_good(grown):
    full, partial = get(grown, "tile/0/000"), get(grown, "tile/0/001.p/44")
    assert (len(full.body), len(partial.body)) == (8192, 44 * 32)
    assert get(grown, "tile/0/000.p/7").body == full.body[: 7 * 32]
    for answer in (full, partial):
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert answer.headers["Content-Type"] == "application/octet-stream"
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
    checkpoint = get(grown, "checkpoint")
    assert checkpoint.headers["Cache-Control"] == "public, max-age=2"
    assert checkpoint.headers["Content-Type"] == "text/plain; charset=utf-8"


def test_nothing_of_a_person_is_published(grown):
    with grown.runtime.storage.reading() as uow:
        bodies = [event.body for event in uow.ledger.leaves(0, 5)]
    published = b"".join(
        get(grown, path).body
        for path in ("checkpoint", "keys", "tile/0/000", "tile/0/001.p/44", "tile/1/000.p/1")
    )
    for body in bodies:
        facts = json.loads(body)
        for name in ("owner_id", "client_id", "grant_id", "event_id"):
            assert facts[name].encode() not in published


def test_a_checkpoint_is_read_once_a_second_and_a_full_tile_once(grown, monkeypatch):
    published = grown.runtime.published_log
    monkeypatch.setattr("consentcore.consent.evidence.publication.FRESH_S", FRESH_S * 3600)
    published.tile(0, 0)
    monkeypatch.setattr(grown.runtime.storage, "reading", None)
    assert len(published.tile(0, 0)) == 8192
    assert head_of(published.checkpoint()).size == 302  # two statements of what was noted beside the events
