"""What the lab reports as one sentence instead of a traceback."""

from __future__ import annotations


class LabError(RuntimeError):
    """Something a person can understand and mend; the message says what, and what to do."""
