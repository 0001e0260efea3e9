"""What holds for every test of the project."""

from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.logged_people"]

# Every test has its time limit; beside that, a slow computer is no failure.
settings.register_profile("patient", settings.default, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")
