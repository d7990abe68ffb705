"""A process is gone when nothing is left of it: until then it may hold its sockets."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.patience import PATIENCE_S, eventually
from tests.support.processes import all_gone

FIRST_THREAD_ENDS = """
import ctypes, threading, time
threading.Thread(target=time.sleep, args=(600,)).start()
ctypes.CDLL(None).pthread_exit(None)
"""


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="threads of others are told by procfs")
def test_process_whose_first_thread_is_dead_is_not_gone():
    process = subprocess.Popen([sys.executable, "-c", FIRST_THREAD_ENDS])
    try:
        state = Path(f"/proc/{process.pid}/stat")
        eventually(lambda: state.read_text().rpartition(")")[2].split()[0] == "Z", state.read_text)
        assert not all_gone([process.pid])
        process.kill()
        eventually(lambda: all_gone([process.pid]), state.read_text)
    finally:
        process.kill()
        process.wait(PATIENCE_S)
