"""Files that only the service may read, made by whoever runs a command: often by root, for a service that is not root.

What root makes in a folder of somebody else becomes that one's, and what takes the place of a file keeps its owner,
group and mode; otherwise the service could not read its own keys after ``sudo consentcore keys rotate``.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def make_folder(path: Path, mode: int = 0o777) -> None:
    """Make a folder and those above it that are not there.

    :param mode: of each, less what the process's umask takes away.
    :raises OSError: when it cannot be made.
    """
    if path.is_dir():
        return
    make_folder(path.parent, mode)
    with suppress(FileExistsError):
        path.mkdir(mode)
        give_to_owner_of(path.parent, path)
    if not path.is_dir():
        raise NotADirectoryError(20, os.strerror(20), str(path))


def private_file(path: Path) -> bool:
    """Make an empty file that only its owner may read and write; False when there was one, which stays as it is.

    :raises OSError: when it cannot be made.
    """
    try:
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
    except FileExistsError:
        return False
    try:
        give_to_owner_of(path.parent, handle)
    finally:
        os.close(handle)
    return True


def give_to_owner_of(folder: Path, made: Path | int) -> None:
    """Let what root has just made belong to the owner of its folder. Whoever is not root owns it already.

    :param made: its path, or an open descriptor of it.
    """
    if os.geteuid() != 0:
        return
    found = folder.stat()
    if found.st_uid != 0:
        os.chown(made, found.st_uid, found.st_gid)


def like(old: os.stat_result, draft: int) -> str:
    """Give a draft the owner, group and mode of the file whose place it is to take.

    :param draft: an open descriptor of it.
    :returns: what could not be kept, for a warning; "" when all was.
    """
    new = os.fstat(draft)
    mode, lost = old.st_mode & 0o777, ""
    if (new.st_uid, new.st_gid) != (old.st_uid, old.st_gid):
        try:
            os.fchown(draft, old.st_uid, old.st_gid)
        except PermissionError:  # nobody but root gives a file away, but a group that one is in can be kept
            lost = "its owner"
            try:
                os.fchown(draft, -1, old.st_gid)
            except PermissionError:
                lost, mode = "its owner and group", mode & ~0o070  # what one group may read, another may not
    os.fchmod(draft, mode)
    return lost
