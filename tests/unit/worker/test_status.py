"""How a worker says that it is."""

from __future__ import annotations

from consentcore.worker.status import WorkerStatus


class TestHealth:
    def test_a_worker_that_is_silent_does_not_deliver(self):
        status = WorkerStatus(at=1000.0, wanted=4, alive=4)
        assert status.problems(now=1030.0) == []
        assert status.problems(now=1090.0) == ["no sign of life of the worker for 90 s"]

    def test_a_worker_without_threads_does_not_deliver(self):
        assert WorkerStatus(at=1000.0, wanted=4, alive=0).problems(now=1000.0) == [
            "no thread of the worker can send"
        ]
