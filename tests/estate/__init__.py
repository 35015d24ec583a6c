"""What is asked of the running estate, and what asks it: by the roads its users have, by SSH, by the collection."""

import tests.conftest  # noqa: F401 - makes this checkout importable as the collection it is
