"""What is counted for Prometheus, and how it is told: the only place that knows the client library."""

from consentcore.metrics.meters import CONTENT_TYPE, FOLDER, Meters, is_shared

__all__ = ["CONTENT_TYPE", "FOLDER", "Meters", "is_shared"]
