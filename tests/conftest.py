"""What holds for every test: how hard hypothesis tries, and an environment without settings of ours."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

# ci: the same examples every time, so that a red run is about the change.
# dev: new ones every time. soak: for a night.
settings.register_profile("ci", max_examples=60, derandomize=True, deadline=None, print_blob=True)
settings.register_profile("dev", max_examples=100, deadline=None)
settings.register_profile(
    "soak", max_examples=20_000, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "dev"))

for _name in [name for name in os.environ if name.startswith("LLMLB_")]:
    del os.environ[_name]
