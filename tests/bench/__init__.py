"""Measurements, most of a running estate, printed as ratios of things measured in the same run."""

import tests.conftest  # noqa: F401 - from here on this checkout can be imported as the collection
