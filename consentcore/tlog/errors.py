"""What can be wrong with something that claims to be evidence."""

from __future__ import annotations


class BadNote(ValueError):
    """This is no signed note, checkpoint or key of ours to read, or its signature is wrong; the text says which."""


class BadProof(ValueError):
    """A proof does not lead from what it claims to what is signed; the text says why."""
