"""One hypothesis profile for the whole suite: first calls of compiled code are slow."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "minivae", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("minivae")
