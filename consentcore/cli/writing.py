"""Files that commands write: nobody else reads what is personal, and a disk that is full is said with the file."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

_NAMELESS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EPERM})
"""What goes wrong with a file that is open: the system does not say which it is."""


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Say of what is written in the block which file it was, where the system does not say it.

    :raises OSError: with the path in its text.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in _NAMELESS or error.filename is not None:
            raise
        raise OSError(error.errno, f"{path}: {error.strerror}") from error


@contextmanager
def private(path: Path) -> Iterator[IO[str]]:
    """Open a file to write, in the place of what is there, that nobody but its owner may read, whatever was before."""
    with naming(path), os.fdopen(_opened(path), "w", encoding="utf-8") as file:
        yield file


def _opened(path: Path) -> int:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        mode = os.fstat(handle).st_mode
        if stat.S_ISREG(mode) and mode & 0o077:
            os.fchmod(handle, 0o600)
    except OSError:
        os.close(handle)
        raise
    return handle
