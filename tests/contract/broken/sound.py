"""No fault: what is put together here is sound as long as no part is exchanged."""

from __future__ import annotations

from contract.broken.parts import Broken, repository
from contract.broken.transactions import JoinsLoosely

from consentcore_memory.grants import MemoryGrants


class TestSound(Broken):
    pass


class TestSoundWithRepository(Broken):
    make = staticmethod(repository("grants", MemoryGrants))


class TestSoundWhenJoined(Broken):
    make = JoinsLoosely
