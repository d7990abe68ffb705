"""How long the disk takes to make something durable, at the moment."""

from __future__ import annotations

import os
import time
from pathlib import Path

from bench.stats import percentile

_BLOCK = bytes(8192)


def fsync_ms(folder: Path, writes: int = 40) -> float:
    """Median milliseconds of overwriting 8 kB and fdatasync, in a file of ``folder``."""
    handle = os.open(folder / "fsync-probe", os.O_RDWR | os.O_CREAT, 0o600)
    times = []
    try:
        os.pwrite(handle, _BLOCK, 0)
        os.fsync(handle)
        for _ in range(writes):
            started = time.perf_counter()
            os.pwrite(handle, _BLOCK, 0)
            os.fdatasync(handle)
            times.append(time.perf_counter() - started)
    finally:
        os.close(handle)
    return percentile(sorted(times), 0.5) * 1000
