"""Every drill of the catalogue on the running estate, under load, and what came of it: ``results.json``."""

import tests.conftest  # noqa: F401 - makes this checkout importable as the collection it is
