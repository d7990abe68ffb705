"""The open formats of transparency logs: RFC 6962 trees and proofs, and C2SP notes, checkpoints, cosignatures, tiles.

Nothing in here knows what a leaf means, where anything is kept, or who may sign.
"""

from consentcore.tlog.checkpoint import TreeHead
from consentcore.tlog.cosignature import cosigned_at, cosigner_key
from consentcore.tlog.errors import BadNote, BadProof
from consentcore.tlog.merkle import Tree, leaf_hash, node_hash, verify_consistency, verify_inclusion
from consentcore.tlog.note import Note, Signature, VerifierKey
from consentcore.tlog.proof import InclusionProof
from consentcore.tlog.proofs import consistency_proof, inclusion_proof
from consentcore.tlog.tiles import Tile, TileTree, hash_at, tile_path

__all__ = [
    "BadNote",
    "BadProof",
    "InclusionProof",
    "Note",
    "Signature",
    "Tile",
    "TileTree",
    "Tree",
    "TreeHead",
    "VerifierKey",
    "consistency_proof",
    "cosigned_at",
    "cosigner_key",
    "hash_at",
    "inclusion_proof",
    "leaf_hash",
    "node_hash",
    "tile_path",
    "verify_consistency",
    "verify_inclusion",
]
