"""How a command ends. A script that looks for tampering must be able to tell it from a database that is away."""

from __future__ import annotations

GOOD = 0
FOUND_A_PROBLEM = 1
"""It was done, and the answer is no: evidence is broken, there is no such client, a plugin is broken."""
WRONG_USE = 2
NOT_NOW = 75
"""It could not be done: storage or network does not answer, is locked or full (EX_TEMPFAIL of sysexits.h)."""
BAD_CONFIGURATION = 78
"""EX_CONFIG of sysexits.h."""
INTERRUPTED = 130
"""128 and SIGINT, as shells have it."""
READER_GONE = 141
"""128 and SIGPIPE, as shells have it: whoever was to read the output has closed it."""
