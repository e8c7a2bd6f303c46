"""One hypothesis profile for the whole suite: first calls of compiled code are slow."""

from importlib.util import find_spec

from hypothesis import HealthCheck, settings

import minivae

collect_ignore_glob = ["conftest.py", "**/conftest.py"]  # no doctests in these

settings.register_profile(
    "minivae", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("minivae")

if find_spec("numba") is None:  # else the one warning, an error here, would hit some test
    minivae.use("numpy")
