"""C2SP tlog-checkpoint, tlog-cosignature and tlog-proof."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from consentcore.tlog import (
    BadNote,
    BadProof,
    InclusionProof,
    Note,
    Tree,
    TreeHead,
    VerifierKey,
    cosigned_at,
    cosigner_key,
    leaf_hash,
)
from consentcore.tlog.cosignature import cosign
from consentcore.tlog.note import COSIGNATURE, sign

EXAMPLE = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
LOG, WITNESS = (Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in (1, 2))
W_KEY = VerifierKey("witness.example/w1", WITNESS.public_key().public_bytes_raw(), COSIGNATURE)


def test_the_example_of_the_specification_comes_out_as_it_went_in():
    head = TreeHead.read(EXAMPLE)
    assert (head.origin, head.size, len(head.root)) == ("example.com/behind-the-sofa", 20852163, 32)
    assert str(head) == EXAMPLE
    assert TreeHead.read(EXAMPLE + "more\n").extensions == ("more",)


@pytest.mark.parametrize(
    "text",
    [
        EXAMPLE[:-1],
        EXAMPLE.replace("20852163", "020852163"),
        EXAMPLE.replace("20852163", "-1"),
        EXAMPLE.replace("20852163", "٣"),
        EXAMPLE.replace("20852163", str(1 << 63)),
        EXAMPLE.replace("20852163", ""),
        EXAMPLE.replace("CsU", "csU", 1).replace("=", ""),
        EXAMPLE.replace("CsUY", ""),
        EXAMPLE + "\n",
        "\n".join(EXAMPLE.split("\n")[1:]),
    ],
)
def test_what_is_no_checkpoint_is_refused(text):
    with pytest.raises(BadNote):
        TreeHead.read(text)


def cosigned(seconds=1679315147):
    note = sign(EXAMPLE, "example.com/behind-the-sofa", LOG)
    return note.with_signatures([cosign(EXAMPLE, W_KEY.name, WITNESS, seconds)])


def test_a_cosignature_says_when():
    note = Note.read(str(cosigned()))
    assert cosigned_at(note, W_KEY) == 1679315147
    assert cosigner_key(str(W_KEY)) == W_KEY
    assert cosigned_at(sign(EXAMPLE, "a", LOG), W_KEY) is None
    twice = note.with_signatures([cosign(EXAMPLE, W_KEY.name, WITNESS, 1679315149)])
    assert cosigned_at(twice, W_KEY) == 1679315149


def test_the_key_of_a_log_is_none_of_a_witness():
    with pytest.raises(BadNote, match="type 4"):
        cosigner_key(str(VerifierKey("a", W_KEY.public)))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: data[:8] + bytes(64),
        lambda data: (1679315148).to_bytes(8, "big") + data[8:],
        lambda data: data[:-1],
        lambda data: data + b"x",
        lambda data: bytes(8) + data[8:],
    ],
)
def test_a_touched_cosignature_is_refused(spoil):
    note = cosigned()
    log, witness = note.signatures
    spoilt = type(witness)(witness.name, witness.key_id, spoil(witness.data))
    with pytest.raises(BadNote):
        cosigned_at(Note(note.text, (log, spoilt)), W_KEY)


def proof(index=1, **changes):
    tree = Tree()
    tree.extend([b"a", b"b", b"c"])
    note = sign(str(TreeHead("log.example", tree.size, tree.root())), "log.example", LOG)
    given = {"hashes": (leaf_hash(b"a"), leaf_hash(b"c")), "checkpoint": str(note), **changes}
    return InclusionProof(index, **given)


def test_a_proof_can_be_carried_about():
    for one in (proof(), proof(extra=b"bytes")):
        text = str(one)
        assert text.startswith("c2sp.org/tlog-proof@v1\n")
        assert InclusionProof.read(text) == one
        assert InclusionProof.read(text).check(leaf_hash(b"b")).size == 3
        with pytest.raises(BadProof):
            one.check(leaf_hash(b"a"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        str(proof()).replace("@v1", "@v2"),
        str(proof()).replace("index 1", "index 01"),
        str(proof()).replace("index 1\n", ""),
        str(proof()).replace("\n\n", "\n", 1),
        str(proof(hashes=(bytes(32),) * 64)),
        str(proof(extra=b"x")).replace("extra eA==", "extra eA"),
    ],
)
def test_what_is_no_proof_is_refused(text):
    with pytest.raises(BadNote):
        InclusionProof.read(text).check(leaf_hash(b"b"))
