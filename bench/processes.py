"""What Linux says about processes: CPU time, memory, children, connections."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path

_TICK_S = 1 / os.sysconf("SC_CLK_TCK")
PROC = Path("/proc")


def children(pid: int) -> list[int]:
    """Its direct children."""
    try:
        return [int(word) for word in (PROC / f"{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def tree(pid: int) -> list[int]:
    """The process and everything below it."""
    found = [pid]
    for parent in found:
        found += children(parent)
    return found


def cpu_seconds(pids: Iterable[int], *, waited_for: bool = False) -> float:
    """CPU time of processes so far, user and system.

    :param waited_for: also that of their children that have ended.
    """
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            fields = (PROC / f"{pid}/stat").read_text().rpartition(")")[2].split()
            total += sum(int(text) for text in fields[11 : 15 if waited_for else 13])
    return total * _TICK_S


def resident_mb(pid: int) -> float:
    """Memory that is resident, in units of 1024 kB; 0 for a process that has ended."""
    return _status_mb(pid, "VmRSS:")


def peak_mb(pid: int) -> float:
    """The most memory that has been resident so far, likewise."""
    return _status_mb(pid, "VmHWM:")


def sockets_of(pid: int, port: int) -> set[int]:
    """Ports of the clients whose connections to ``port`` the process holds."""
    inodes = set()
    for entry in _open_files(pid):
        if entry.startswith("socket:["):
            inodes.add(entry[8:-1])
    found = set()
    for line in (PROC / "net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[9] in inodes and int(fields[1].rpartition(":")[2], 16) == port:
            found.add(int(fields[2].rpartition(":")[2], 16))
    return found - {0}


def _status_mb(pid: int, name: str) -> float:
    with contextlib.suppress(OSError):
        for line in (PROC / f"{pid}/status").read_text().splitlines():
            if line.startswith(name):
                return int(line.split()[1]) / 1024
    return 0.0


def _open_files(pid: int) -> list[str]:
    found = []
    with contextlib.suppress(OSError):
        for entry in (PROC / f"{pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                found.append(str(entry.readlink()))
    return found
