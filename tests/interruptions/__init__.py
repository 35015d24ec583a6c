"""Playbooks that are killed inside their mutations, on the running estate, and what came of it: ``results.json``."""

import tests.conftest  # noqa: F401 - makes this checkout importable as the collection it is
